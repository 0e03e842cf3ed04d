// What a text costs while it grows: entries, scores, and operations with the linear layers (chapter 9 of the Spec).

/** Shapes of Llama 2: hidden, intermediate, layers, and the width of keys. */
const shapes = {
  "7 billion weights": [4096, 11008, 32, 4096], "13 billion weights": [5120, 13824, 40, 5120],
  "70 billion weights": [8192, 28672, 80, 1024],
};

/** Operations on the linear layers of a row, the head left out, and on a visible pair in all heads and layers. */
function operationsOf([hidden, intermediate, layers, keys]) {
  const weights = layers * (2 * hidden * hidden + 2 * hidden * keys + 3 * hidden * intermediate);
  return { row: 2 * weights, pair: 4 * hidden * layers };
}

let costLines = [];

function measureCosts() {
  const most = Number($("range").value);
  const lengths = Array.from({ length: 129 }, (_, i) => Math.round((i * most) / 128));
  const question = Engine.question({ ...state, mistake: -1 }, lengths);
  costLines = engines.reference.call("costs", question).costs;
  $("n").max = most;
  if (Number($("n").value) > most) $("n").value = most;
  drawCurves();
}

/** Two curves over the length of a text, and a mark at one length. */
function curves(svg, points, mark) {
  const [width, height, left, bottom] = [320, 180, 44, 22];
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const [most, top] = [points.at(-1)[0] || 1, Math.max(1, ...points.flatMap(([, loma, full]) => [loma, full]))];
  const x = (n) => left + (n / most) * (width - left - 8);
  const y = (value) => height - bottom - (value / top) * (height - bottom - 12);
  const path = (i) => lineOf(points.map((point) => [x(point[0]), y(point[i])]));
  const short = (value) => Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 2 }).format(value);
  svg.replaceChildren(
    drawn("line", { x1: left, x2: width - 8, y1: y(0), y2: y(0), stroke: "var(--bar)" }),
    drawn("line", { x1: left, x2: left, y1: 12, y2: y(0), stroke: "var(--bar)" }),
    drawn("text", { x: left - 4, y: 16, "text-anchor": "end" }, short(top)),
    drawn("text", { x: left - 4, y: y(0), "text-anchor": "end" }, "0"),
    drawn("text", { x: width - 8, y: height - 6, "text-anchor": "end" }, short(most)),
    drawn("line", { x1: x(mark), x2: x(mark), y1: 12, y2: y(0), stroke: "var(--line)", "stroke-width": 2 }),
    drawn("path", { d: path(2), fill: "none", stroke: "var(--bar)", "stroke-width": 2, "stroke-dasharray": "5 4" }),
    drawn("path", { d: path(1), fill: "none", stroke: "var(--memory)", "stroke-width": 2.5 }));
}

function drawCurves() {
  const n = Number($("n").value);
  const shape = shapes[$("shape").value];
  const { row, pair } = operationsOf(shape);
  const at = engines.reference.call("costs", Engine.question({ ...state, mistake: -1 }, [n])).costs[0];
  const rowsFed = (length) => length + state.t * Math.floor(length / (state.c * state.t));
  const lines = costLines.map(([length, entries, , scores, , full]) =>
    [length, entries, scores, full, rowsFed(length) * row + scores * pair, length * row + full * pair]);
  curves($("entries"), lines.map(([length, entries]) => [length, entries, length]), n);
  curves($("scores"), lines.map(([length, , scores, full]) => [length, scores, full]), n);
  curves($("operations"), lines.map(([length, , , , loma, full]) => [length, loma, full]), n);
  $("nValue").textContent = grouped(n);
  const [, entries, most, scores, , full] = at;
  const bytes = 2 * 2 * shape[2] * shape[3];
  const operations = [rowsFed(n) * row + scores * pair, n * row + full * pair];
  const size = (count) => {
    const [giga, mega] = [(count * bytes) / 1e9, (count * bytes) / 1e6];
    return giga >= 1 ? `${giga.toFixed(2)} GB` : `${mega.toFixed(1)} MB`;
  };
  $("costSays").textContent = `After ${grouped(n)} tokens the cache holds ${grouped(entries)} entries instead of `
    + `${grouped(n)}, ${grouped(most)} at most on the way: ${size(entries)} instead of ${size(n)} in 16-bit numbers. `
    + `Attention computes ${percent(scores, full)} of the scores. Linear layers included, generation takes `
    + `${percent(operations[0], operations[1])} of the operations: what LoMA saves for certain is memory `
    + `(COST-1, COST-2).`;
}

function beginCurves() {
  for (const name of Object.keys(shapes)) $("shape").append(element("option", { textContent: name }));
  $("shape").addEventListener("change", drawCurves);
  $("range").addEventListener("change", measureCosts);
  $("n").addEventListener("input", () => {
    drawCurves();
    drawCommands();
  });
}
