// The mask as a picture: one cell per pair of rows, drawn on a canvas, walked through by pointer or keys.

const maskView = { rows: [], original: [], size: 1, margin: 18, allowed: null, right: null, clauses: null };

/** Takes a new answer to `structure`. */
function setMask(structure) {
  const all = structure.rows;
  maskView.original = all.map((_, i) => i).filter((i) => state.repetition || all[i][0] !== 2);
  maskView.all = all;
  maskView.rows = maskView.original.map((i) => all[i]);
  const cell = (text) => (q, k) => text.charCodeAt(maskView.original[q] * all.length + maskView.original[k]);
  const mask = cell(structure.mask);
  maskView.allowed = (q, k) => mask(q, k) === 49;
  const clauses = cell(structure.clauses);
  maskView.clauses = (q, k) => `MSK-${clauses(q, k) - 64}`;
  const right = structure.right && structure.right.length === structure.mask.length ? cell(structure.right) : mask;
  maskView.right = (q, k) => right(q, k) === 49;
  maskView.sentences = new Map(structure.sentences);
}

const letterOf = (row) => (row[0] === 0 ? visible(row[5]) : letters[row[0]]);
const nameOf = (row) => {
  const [zone, chunk, index, position] = row;
  if (zone === 3) return "a pad";
  const token = zone === 0 ? ` “${visible(row[row.length - 1])}”` : "";
  return `${zones[zone]} row ${index}${token} of chunk ${chunk} at position ${position}`;
};

/** The weights of the model between two rows of the layout; 0 where the model was not asked. */
function attentionBetween(q, k) {
  const { byPlace, steps, rows } = reading;
  const number = byPlace.get(placeOf(maskView.rows[q]));
  if (number === undefined) return 0;
  const step = steps[number];
  step.seen ??= {};
  const name = `${state.layer},${state.head}`;
  step.seen[name] ??= new Map(step.weights(state.layer, state.head).map((weight, i) =>
    [step.keys[i] === undefined || step.keys[i] < 0 ? "" : placeOf(rows[step.keys[i]]), weight]));
  return step.seen[name].get(placeOf(maskView.rows[k])) ?? 0;
}

function drawMask() {
  const canvas = $("mask");
  const count = maskView.rows.length;
  const room = Math.min(canvas.parentElement.clientWidth, 820) - maskView.margin;
  const size = Math.max(2, Math.min(20, Math.floor(room / Math.max(count, 1))));
  maskView.size = size;
  const side = maskView.margin + count * size;
  const ratio = window.devicePixelRatio || 1;
  canvas.width = side * ratio;
  canvas.height = side * ratio;
  canvas.style.width = `${side}px`;
  canvas.style.height = `${side}px`;
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  const [none, line, text, bad, bar] = ["none", "line", "text", "bad", "bar"].map(colour);
  const inks = zones.map((zone) => colour(zone) || line);
  const gap = size > 5 ? 1 : 0;
  const at = (i) => maskView.margin + i * size;
  pen.font = `${Math.min(11, size)}px ui-monospace, Menlo, Consolas, monospace`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  for (let i = 0; i < count; i++) {
    const row = maskView.rows[i];
    pen.fillStyle = inks[row[0]];
    pen.fillRect(at(i), maskView.margin - 4, size - gap, 3);
    pen.fillRect(maskView.margin - 4, at(i), 3, size - gap);
    if (size >= 8) {
      pen.fillStyle = text;
      pen.fillText(letterOf(row), at(i) + size / 2, 6);
      pen.fillText(letterOf(row), 6, at(i) + size / 2);
    }
  }
  const shows = state.view === "attention";
  for (let q = 0; q < count; q++) {
    for (let k = 0; k < count; k++) {
      pen.fillStyle = none;
      pen.fillRect(at(k), at(q), size - gap, size - gap);
      if (!maskView.allowed(q, k)) continue;
      pen.globalAlpha = shows ? 0.08 + 0.92 * Math.min(1, attentionBetween(q, k)) : 1;
      pen.fillStyle = inks[maskView.rows[k][0]];
      pen.fillRect(at(k), at(q), size - gap, size - gap);
      pen.globalAlpha = 1;
    }
  }
  pen.strokeStyle = bar;
  pen.lineWidth = 1;
  for (let i = 1; i < count; i++) {
    if (maskView.rows[i][1] === maskView.rows[i - 1][1]) continue;
    pen.strokeRect(at(i) - 0.5, maskView.margin, 0, count * size);
    pen.strokeRect(maskView.margin, at(i) - 0.5, count * size, 0);
  }
  pen.strokeStyle = bad;
  pen.lineWidth = 2;
  for (let q = 0; q < count; q++) {
    for (let k = 0; k < count; k++) {
      if (maskView.allowed(q, k) !== maskView.right(q, k)) pen.strokeRect(at(k), at(q), size - gap, size - gap);
    }
  }
  pen.strokeStyle = text;
  if (state.query !== null && state.query < count) {
    pen.lineWidth = 1;
    pen.strokeRect(maskView.margin - 1, at(state.query) - 1, count * size + 1, size + 1);
  }
  if (state.query !== null && state.key !== null && state.query < count && state.key < count) {
    pen.lineWidth = 3;
    pen.strokeRect(at(state.key) - 1, at(state.query) - 1, size + 1, size + 1);
  }
}

/** The chosen cell in words. */
function describeCell() {
  const count = maskView.rows.length;
  const { query: q, key: k } = state;
  for (const item of $("sentences").children) item.classList.remove("here");
  if (q === null || k === null || q >= count || k >= count) {
    $("cell").textContent = "Choose a cell.";
    return;
  }
  const clause = maskView.clauses(q, k);
  const seen = maskView.allowed(q, k);
  const other = q === k ? "itself" : nameOf(maskView.rows[k]);
  let text = `${nameOf(maskView.rows[q])} ${seen ? "sees" : "does not see"} ${other}: ${clause} `
    + `${maskView.sentences.get(clause) ?? ""} (${data.clauses[clause]?.[2] || "no origin"}).`;
  if (seen !== maskView.right(q, k)) text += ` This is the mistake: it ${seen ? "must not" : "must"} see it.`;
  if (seen && !quizIsOn()) {
    const which = state.head < 0 ? "mean of all heads" : `head ${state.head}`;
    text += ` Layer ${state.layer}, ${which}, gives it ${(100 * attentionBetween(q, k)).toFixed(1)}% of its attention.`;
  }
  $("cell").textContent = text[0].toUpperCase() + text.slice(1);
  $("sentences").querySelector(`[data-clause="${clause}"]`)?.classList.add("here");
}

/** The cell under the pointer, without a step of the cache. */
function pointAt(q, k) {
  if (state.query === q && state.key === k) return;
  [state.query, state.key] = [q, k];
  drawMask();
  describeCell();
  drawPositions();
}

function chooseCell(q, k) {
  const last = maskView.rows.length - 1;
  if (last < 0) return;
  state.query = Math.max(0, Math.min(last, q));
  state.key = Math.max(0, Math.min(last, k));
  const number = reading.byPlace.get(placeOf(maskView.rows[state.query]));
  if (number !== undefined) state.step = number;
  drawStep();
  writeState();
}

/** The mask as SVG, for slides. */
function maskPicture() {
  const [count, size] = [maskView.rows.length, 10];
  const side = 20 + count * size;
  const svg = drawn("svg", { viewBox: `0 0 ${side} ${side}`, width: side, height: side });
  svg.append(drawn("title", {}, `Attention mask of LoMA, c = ${state.c}, t = ${state.t}, ${profileName()}`));
  svg.append(drawn("rect", { width: side, height: side, fill: "var(--page)" }));
  for (let q = 0; q < count; q++) {
    for (let k = 0; k < count; k++) {
      const fill = maskView.allowed(q, k) ? `var(--${zones[maskView.rows[k][0]]})` : "var(--none)";
      const weight = state.view === "attention" && maskView.allowed(q, k) ? 0.08 + 0.92 * attentionBetween(q, k) : 1;
      svg.append(drawn("rect", {
        x: 20 + k * size, y: 20 + q * size, width: size - 1, height: size - 1, fill, "fill-opacity": weight.toFixed(3),
      }));
    }
  }
  return svg;
}

function beginMask() {
  const canvas = $("mask");
  const cellOf = (event) => {
    const box = canvas.getBoundingClientRect();
    const place = (offset) => Math.floor((offset - maskView.margin) / maskView.size);
    return [place(event.clientY - box.top), place(event.clientX - box.left)];
  };
  const withCell = (event, act) => {
    const [q, k] = cellOf(event);
    if (!quizIsOn() && q >= 0 && k >= 0 && q < maskView.rows.length && k < maskView.rows.length) act(q, k);
  };
  canvas.addEventListener("click", (event) => withCell(event, chooseCell));
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerType === "mouse") withCell(event, pointAt);
  });
  canvas.addEventListener("keydown", (event) => {
    const [q, k] = [state.query ?? 0, state.key ?? 0];
    const moves = {
      ArrowUp: [q - 1, k], ArrowDown: [q + 1, k], ArrowLeft: [q, k - 1], ArrowRight: [q, k + 1], Home: [q, 0],
      End: [q, maskView.rows.length - 1], PageUp: [q - state.c * state.t, k], PageDown: [q + state.c * state.t, k],
    };
    const to = moves[event.key];
    if (!to || quizIsOn()) return;
    event.preventDefault();
    chooseCell(...to);
  });
  $("saveMask").addEventListener("click", () => save("loma-mask.svg", maskPicture()));
}
