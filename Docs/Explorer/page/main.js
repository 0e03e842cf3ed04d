// The page as a whole: what is computed when, and in which order it is drawn.

const engines = { reference: null, mistakes: null, weights: null };
/** The reading that is shown: see `timelineOf`. */
let reading = { rows: [], steps: [], byPlace: new Map(), recited: [], numbers: new Float64Array() };

let unpacker = null;

/** The bytes of one of the two modules, which are packed one behind the other. */
function moduleNamed(name) {
  const [first, second] = data.modules;
  unpacker ??= new Unpacker(bytesOf($("packedModules").textContent), first + second, 3);
  return name === "reference" ? unpacker.between(0, first) : unpacker.between(first, first + second);
}

/** The commands that give the same, for a terminal. */
function drawCommands() {
  const text = `--string ${quoted(state.text)}`;
  const profile = profileName() === "base" ? "" : ` --profile ${profileName()}`;
  const sizes = ` --c ${state.c} --t ${state.t}`;
  const model = `--model Vectors/models/text-c4${state.c === 4 && state.t === 2 ? "" : sizes}${profile} ${text}`;
  const head = state.head < 0 ? "" : ` --head ${state.head}`;
  const isAttention = state.view === "attention";
  $("cacheCommand").textContent = `loma reconstruct ${model}`;
  $("maskCommand").textContent = isAttention ? `loma look ${model} --layer ${state.layer}${head}`
    : `loma explain${sizes}${profile} ${text} --show mask,rules`;
  $("positionsCommand").textContent = `loma explain${sizes}${profile} ${text} --show rows`;
  $("costCommand").textContent = `loma explain${sizes}${profile} --text ${$("n").value} --show cost`;
  // With a mistake they would show something else; instead, a port that makes it, judged like any other.
  if (state.mistake) for (const name of ["cache", "mask", "positions"]) $(`${name}Command`).textContent = "";
  $("mistakeCommand").textContent = state.mistake ? `loma conform -- loma reference --mutant ${state.mistake}` : "";
}

/** Reads the text and lays it out anew. */
async function changed() {
  stop();
  quiz.cell = null;
  $("question").hidden = $("answers").hidden = true;
  const bytes = textBytes();
  let engine = engines.reference;
  if (state.mistake) {
    engine = await mistakesEngine();
    if (mistakeList.length === 0) await listMistakes();
  }
  const mistake = state.mistake ? mistakeNumber() : -1;
  const question = Engine.question({ ...state, mistake }, bytes);
  const start = performance.now();
  let fault = "";
  try {
    const answer = engine.call("read", question);
    reading = { ...timelineOf(answer), numbers: answer.numbers };
  } catch (problem) {
    fault = problem.message;
    reading = { rows: [], steps: [], byPlace: new Map(), recited: [], numbers: new Float64Array() };
  }
  const milliseconds = performance.now() - start;
  document.documentElement.dataset.milliseconds = milliseconds.toFixed(0);
  $("took").textContent = fault ? ""
    : `read and recited in ${milliseconds.toFixed(0)} ms by the Swift reference in this page`;
  try {
    structure = engine.call("structure", question);
  } catch {
    structure = engines.reference.call("structure", Engine.question({ ...state, mistake: -1 }, bytes));
  }
  setMask(structure);
  if (state.step !== null) state.step = Math.min(state.step, Math.max(0, reading.steps.length - 1));
  drawControls();
  drawStep();
  if (fault) $("score").textContent = `A port that makes this mistake gives no answer here: ${fault}.`;
  measureCosts();
  drawMistakes();
  writeState();
  if (engines.mistakes) listMistakes();
}

let structure = null;

function drawControls() {
  if ($("text").value !== state.text) $("text").value = state.text;
  for (const name of ["c", "t"]) {
    $(name).value = state[name];
    $(`${name}Value`).textContent = state[name];
  }
  const chunk = state.c * state.t;
  $("sizes").textContent = `A chunk of ${chunk} bytes is kept in ${state.t} memory ${state.t === 1 ? "row" : "rows"}.`
    + (state.c === 4 && state.t === 2 ? "" : " The model was trained with c = 4 and t = 2 only: watch it stumble.");
  $("layer").value = state.layer;
  $("head").value = state.head;
  $("view").value = state.view;
  $("repetition").checked = state.repetition;
  drawAxes();
  $("sentences").replaceChildren(...structure.sentences.map(([clause, sentence]) => {
    const item = element("li", { textContent: `${clause}: ${sentence} (${data.clauses[clause]?.[2] || "derived"})` });
    item.dataset.clause = clause;
    return item;
  }));
}

function beginControls() {
  let waiting = null;
  $("text").addEventListener("input", () => {
    state.text = $("text").value;
    state.step = null;
    clearTimeout(waiting);
    waiting = setTimeout(changed, 120);
  });
  $("sentence").addEventListener("click", () => {
    [state.text, state.step] = [data.sentence, null];
    changed();
  });
  for (const name of ["c", "t"]) {
    $(name).addEventListener("input", () => {
      state[name] = Number($(name).value);
      [state.step, state.query, state.key] = [null, null, null];
      changed();
    });
  }
  $("reset").addEventListener("click", () => {
    Object.assign(state, { c: 4, t: 2, axes: axisList.map(() => 0), mistake: "", step: null });
    changed();
  });
  const option = (list, value, textContent) => $(list).append(element("option", { value, textContent }));
  for (let layer = 0; layer < data.config.num_hidden_layers; layer++) option("layer", layer, `layers.${layer}`);
  option("head", -1, "mean");
  for (let head = 0; head < data.config.num_attention_heads; head++) option("head", head, head);
  for (const name of ["layer", "head"]) {
    $(name).addEventListener("change", () => {
      state[name] = Number($(name).value);
      drawStep();
      writeState();
    });
  }
  $("view").addEventListener("change", () => {
    state.view = $("view").value;
    drawStep();
    writeState();
  });
  $("repetition").addEventListener("change", () => {
    state.repetition = $("repetition").checked;
    [state.query, state.key] = [null, null];
    setMask(structure);
    drawStep();
    writeState();
  });
  $("link").addEventListener("click", async () => {
    writeState();
    try {
      await navigator.clipboard.writeText(location.href);
      $("linked").textContent = "copied";
    } catch {
      $("linked").textContent = location.href;
    }
  });
  addEventListener("resize", () => drawMask());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawStep());
  addEventListener("hashchange", () => {
    readState();
    changed();
  });
}

async function begin() {
  const fractions = bytesOf($("fractions").textContent);
  const exponents = new Unpacker(bytesOf($("exponents").textContent), fractions.length, 0).between(0, fractions.length);
  engines.weights = { fractions, exponents };
  engines.reference = await Engine.of(moduleNamed("reference"));
  engines.reference.load(data.config, data.parameters, engines.weights);
  axisList = engines.reference.call("axes", []).axes;
  readState();
  beginControls();
  beginCache();
  beginMask();
  beginCurves();
  beginMistakes();
  beginQuiz();
  beginTraining();
  $("modules").textContent = `${grouped(data.modules[0])} bytes of WebAssembly for the reference, `
    + `${grouped(data.modules[1])} with the mistakes`;
  await changed();
  document.documentElement.dataset.ready = Math.round(performance.now());
  // The list of mistakes needs the larger module: when the page has nothing else to do.
  setTimeout(listMistakes, 200);
}

begin().catch((problem) => {
  $("score").textContent = `This browser cannot run the page: ${problem.message}`;
});
