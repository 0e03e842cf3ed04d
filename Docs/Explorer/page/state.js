// What is shown, and its copy in the address: a link leads to exactly this.

const state = {
  text: data.sentence, c: 4, t: 2, axes: [], mistake: "", step: null, query: null, key: null, layer: 1, head: -1,
  view: "mask", repetition: true,
};
/** The axes as the module lists them: name, decision, values. */
let axisList = [];

const profileName = () => {
  const changed = axisList.map(([name, , values], i) => (state.axes[i] ? `${name}=${values[state.axes[i]]}` : ""));
  return changed.filter(Boolean).join(",") || "base";
};

const textBytes = () => {
  const bytes = new TextEncoder().encode(state.text);
  return [...bytes.slice(0, 160)];
};

function writeState() {
  const words = new URLSearchParams();
  if (state.text !== data.sentence) words.set("text", state.text);
  if (state.c !== 4) words.set("c", state.c);
  if (state.t !== 2) words.set("t", state.t);
  if (profileName() !== "base") words.set("profile", profileName());
  for (const name of ["mistake", "step", "query", "key"]) {
    if (state[name] !== null && state[name] !== "") words.set(name, state[name]);
  }
  if (state.layer !== 1) words.set("layer", state.layer);
  if (state.head !== -1) words.set("head", state.head);
  if (state.view !== "mask") words.set("view", state.view);
  if (!state.repetition) words.set("repetition", "0");
  const hash = words.toString();
  history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
}

/** Takes what the address says; whatever is not understood stays as it is. */
function readState() {
  const words = new URLSearchParams(location.hash.slice(1));
  const integer = (name, least, most, otherwise) => {
    const value = Number(words.get(name) ?? NaN);
    return Number.isInteger(value) && value >= least && value <= most ? value : otherwise;
  };
  state.text = (words.get("text") ?? data.sentence).slice(0, 160);
  state.c = integer("c", 1, 8, 4);
  state.t = integer("t", 1, 4, 2);
  state.axes = axisList.map(() => 0);
  for (const pair of (words.get("profile") ?? "").split(",")) {
    const [name, value] = pair.split("=");
    const axis = axisList.findIndex(([known]) => known === name);
    if (axis >= 0) state.axes[axis] = Math.max(0, axisList[axis][2].indexOf(value));
  }
  state.mistake = /^M\d{3}$/.test(words.get("mistake") ?? "") ? words.get("mistake") : "";
  state.step = integer("step", 0, 9999, null);
  state.query = integer("query", 0, 9999, null);
  state.key = integer("key", 0, 9999, null);
  state.layer = integer("layer", 0, data.config.num_hidden_layers - 1, 1);
  state.head = integer("head", 0, data.config.num_attention_heads - 1, -1);
  state.view = words.get("view") === "attention" ? "attention" : "mask";
  state.repetition = words.get("repetition") !== "0";
}
