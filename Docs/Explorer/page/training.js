// A small model that learns to recite while one watches, in a worker with a module of its own.

const run = { worker: null, points: [], isOn: false };

/** A worker with the engine's own script before its own. */
function startWorker() {
  const source = $("engineScript").textContent + $("workerScript").textContent;
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(url);
  URL.revokeObjectURL(url);
  return worker;
}

function drawLearning() {
  const [width, height, left, bottom] = [960, 230, 40, 22];
  const svg = $("learning");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const most = Math.max(100, run.points.at(-1)?.[0] ?? 0);
  const top = Math.max(3.5, ...run.points.map(([, loss]) => loss));
  const x = (step) => left + (step / most) * (width - left - 46);
  const y = (share) => height - bottom - share * (height - bottom - 12);
  const path = (height) => lineOf(run.points.map((point) => [x(point[0]), y(height(point))]));
  const edge = width - 46;
  svg.replaceChildren(
    drawn("line", { x1: left, x2: edge, y1: y(0), y2: y(0), stroke: "var(--bar)" }),
    drawn("text", { x: left - 4, y: 16, "text-anchor": "end" }, top.toFixed(1)),
    drawn("text", { x: left - 4, y: y(0), "text-anchor": "end" }, "0"),
    drawn("text", { x: edge + 4, y: 16 }, "100%"),
    drawn("text", { x: edge, y: height - 6, "text-anchor": "end" }, `step ${most}`),
    drawn("path", {
      d: path(([, , share]) => share), fill: "none", stroke: "var(--reading)", "stroke-width": 2,
      "stroke-dasharray": "5 3",
    }),
    drawn("path", { d: path(([, loss]) => loss / top), fill: "none", stroke: "var(--memory)", "stroke-width": 2.5 }));
}

const trainSome = (begin) => {
  const recipe = { ...data.recipe, begin };
  const seed = Number($("seed").value);
  run.worker.postMessage({ train: { recipe, seed, steps: 200, milliseconds: begin ? 1 : 300 } });
};

function hear({ data: said }) {
  if (said.fault) {
    $("trained").textContent = said.fault;
    run.isOn = false;
  } else if (said.ready) {
    trainSome(true);
  } else if (said.points) {
    run.points.push(...said.points);
    const [step, loss, share] = run.points.at(-1);
    $("trained").textContent = `step ${step} of ${data.recipe.training.steps}: loss ${loss.toFixed(4)}, `
      + `${(100 * share).toFixed(0)}% of tokens recited`;
    document.documentElement.dataset.steps = step;
    $("try").disabled = false;
    drawLearning();
    if (step >= data.recipe.training.steps) run.isOn = false;
    if (run.isOn) trainSome(false);
  } else if (said.recited) {
    const { tokens } = said.recited;
    const letter = (token) => String.fromCharCode(97 + token);
    $("tried").replaceChildren(...tokens.map((token, i) =>
      element(token === said.text[i] ? "span" : "s", { textContent: letter(token) })));
  }
  $("train").textContent = run.isOn ? "Stop" : "Train";
  $("train").setAttribute("aria-pressed", String(run.isOn));
}

function beginTraining() {
  const firstSeed = () => Number($("seed").value);
  let seed = null;
  $("train").addEventListener("click", () => {
    run.isOn = !run.isOn;
    const goesOn = run.worker && seed === firstSeed() && run.points.length < data.recipe.training.steps;
    if (run.isOn && goesOn) {
      trainSome(false);
    } else if (run.isOn) {
      run.worker?.terminate();
      run.points = [];
      seed = firstSeed();
      run.worker = startWorker();
      run.worker.onmessage = hear;
      $("trained").textContent = "starting";
      run.worker.postMessage({ load: { module: moduleNamed("reference") } });
    }
    $("train").textContent = run.isOn ? "Stop" : "Train";
    $("train").setAttribute("aria-pressed", String(run.isOn));
  });
  $("try").addEventListener("click", () => {
    const tokens = [...$("letters").value.toLowerCase()].map((letter) => letter.charCodeAt(0) - 97)
      .filter((token) => token >= 0 && token < data.recipe.data.alphabet);
    const { compression_ratio: c, memory_length: t } = data.recipe.loma;
    run.worker.postMessage({ recite: { c, t, axes: axisList.map(() => 0), tokens } });
  });
  drawLearning();
}
