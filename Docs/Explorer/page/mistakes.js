// Decisions as switches, and the mistakes of a port, each with its clauses, their origin, and what it loses.

/** The mistakes that this text can show, as the module lists them: number, id, family, sentence, clauses. */
let mistakeList = [];
/** How many bytes came back with each mistake, by id, for the question that `measuredKey` names. */
let losses = new Map();
let measuredKey = "";

const mistakeNumber = () => mistakeList.find(([, id]) => id === state.mistake)?.[0] ?? -1;
const plain = (words) => words.replaceAll("`", "");
const questionKey = () => JSON.stringify([state.text, state.c, state.t, state.axes]);

/** What says a clause, with its title and origin. */
function clauseWords(id) {
  const [title, words, origin, file] = data.clauses[id] ?? ["", "", "", ""];
  return element("p", {}, element("b", { textContent: `${id} ${title}. ` }), words, element("span", {
    className: "dim", textContent: ` Origin: ${origin || "not stated"}. ${file}`,
  }));
}

/** What the registry says of an axis and its value. */
function axisWords(axis) {
  const [name, decision, values] = axisList[axis];
  const [title, question] = data.decisions[decision] ?? [decision, ""];
  const profile = state.axes[axis] ? `${name}=${values[state.axes[axis]]}` : "base";
  const [least, median, most] = data.evidence[profile] ?? [];
  const measured = least === undefined ? "" : ` A toy trained with ${profile} from five seeds recites ${least}%, `
    + `${median}% and ${most}% of fresh chunks (least, median, most).`;
  return `${title}. ${question}${measured} The model of this page was trained with base.`;
}

function drawAxes() {
  const box = $("axes");
  if (box.children.length === 0) {
    axisList.forEach(([name, decision, values], axis) => {
      const choice = element("select", { id: `axis-${name}` });
      values.forEach((word, value) => {
        choice.append(element("option", { value, textContent: value ? word : `${word} (base)` }));
      });
      choice.addEventListener("change", () => {
        state.axes[axis] = Number(choice.value);
        $("axisSays").textContent = axisWords(axis);
        changed();
      });
      box.append(element("label", {}, element("span", { textContent: `${name}, ${decision}` }), choice));
    });
  }
  axisList.forEach(([name], axis) => { $(`axis-${name}`).value = state.axes[axis]; });
  const other = state.axes.findIndex((value) => value !== 0);
  if ($("axisSays").textContent === "" && other >= 0) $("axisSays").textContent = axisWords(other);
}

function drawMistakes() {
  const words = $("find").value.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const isFound = (mistake) => words.every((word) => mistake.flat().join(" ").toLowerCase().includes(word));
  const loss = ([, id]) => losses.get(id);
  const found = mistakeList.filter(isFound);
  if (losses.size) found.sort((a, b) => (loss(a)?.right ?? -1) - (loss(b)?.right ?? -1) || (a[1] < b[1] ? -1 : 1));
  const options = found.map((mistake) => {
    const [, id, family, quotedSentence] = mistake;
    const sentence = plain(quotedSentence);
    const lost = loss(mistake);
    const share = lost ? `${lost.fault ? "no answer" : `${lost.right}/${lost.all} right`} · ` : "";
    return element("option", { value: id, textContent: `${id} · ${share}${family} · ${sentence}`, title: sentence });
  });
  $("mistake").replaceChildren(...options);
  $("mistake").value = state.mistake;
  describeMistake();
}

function describeMistake() {
  const box = $("mistakeSays");
  const mistake = mistakeList.find(([, id]) => id === state.mistake);
  if (!mistake) {
    const count = mistakeList.length ? `${mistakeList.length} mistakes show in this text.` : "The list is being made.";
    box.replaceChildren(element("p", { textContent: state.mistake && mistakeList.length
      ? `This text does not show ${state.mistake}.` : `No mistake is made. ${count}` }));
    return;
  }
  const [, id, family, , clauses] = mistake;
  const sentence = plain(mistake[3]);
  const lost = losses.get(id);
  box.replaceChildren(
    element("p", {}, element("b", { textContent: `${id}, ${family}: ` }), `“${sentence}.” `,
      lost && !lost.fault ? `${lost.right} of ${lost.all} bytes come back: “${lost.text}”.` : ""),
    ...clauses.map(clauseWords));
}

/** Starts the module with mistakes where it is first needed. */
async function mistakesEngine() {
  engines.mistakes ??= (async () => {
    const engine = await Engine.of(moduleNamed("mistakes"));
    engine.load(data.config, data.parameters, engines.weights);
    return engine;
  })();
  return engines.mistakes;
}

async function listMistakes() {
  const key = questionKey();
  const engine = await mistakesEngine();
  if (key !== questionKey()) return;
  mistakeList = engine.call("mistakes", Engine.question({ ...state, mistake: -1 }, textBytes())).mistakes;
  if (key !== measuredKey) losses = new Map();
  drawMistakes();
}

/** Tries every mistake in a worker; the list fills while it goes on. */
async function measureMistakes() {
  $("measure").disabled = true;
  const key = questionKey();
  measuredKey = key;
  losses = new Map();
  const bytes = textBytes();
  const worker = startWorker();
  worker.onmessage = ({ data: said }) => {
    if (said.ready) {
      const { c, t, axes } = state;
      const mistakes = mistakeList.map(([number]) => number);
      worker.postMessage({ measure: { key, c, t, axes, tokens: bytes, mistakes } });
      return;
    }
    if (said.fault && said.measured === undefined) {
      $("measured").textContent = said.fault;
    } else if (said.measured !== "all" && questionKey() === key) {
      const id = mistakeList.find(([number]) => number === said.measured)?.[1];
      const tokens = said.tokens ?? [];
      losses.set(id, {
        fault: said.fault, right: tokens.filter((token, i) => token === bytes[i]).length, all: tokens.length,
        chunks: said.chunks, text: tokens.map(shown).join(""),
      });
      $("measured").textContent = `${losses.size} of ${mistakeList.length}`;
      return;
    }
    worker.terminate();
    $("measure").disabled = false;
    if (questionKey() !== key) {
      losses = new Map();
      measuredKey = "";
    }
    const lossless = [...losses.values()].filter(({ fault, right, all }) => !fault && right === all).length;
    if (losses.size) {
      $("measured").textContent = `${losses.size} tried; ${lossless} lose nothing of this text, worst first`;
    }
    drawMistakes();
  };
  worker.postMessage({ load: {
    module: moduleNamed("mistakes"), config: data.config, parameters: data.parameters,
    weights: engines.weights,
  } });
}

function beginMistakes() {
  $("find").addEventListener("input", drawMistakes);
  $("mistake").addEventListener("change", () => {
    state.mistake = $("mistake").value;
    changed();
  });
  $("noMistake").addEventListener("click", () => {
    state.mistake = "";
    changed();
  });
  $("measure").addEventListener("click", measureMistakes);
}
