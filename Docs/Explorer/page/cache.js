// The cache as a strip of tiles, the step that is shown, and what the chunks came back as.

let playing = null;

/** The text with what memory recites of it; dots stand for what is recited after the step that is shown. */
function drawRecited() {
  const bytes = textBytes();
  const box = $("recited");
  const done = state.step === null ? Infinity : state.step;
  box.replaceChildren();
  let at = 0;
  let right = 0;
  let first = reading.steps.findIndex((step) => step.kind === "recite");
  for (const tokens of reading.recited) {
    const chunk = element("i");
    for (const token of tokens) {
      const isRight = token === bytes[at];
      if (isRight) right++;
      const isLater = first > done;
      const letter = element(isRight || isLater ? "span" : "s", { textContent: isLater ? "·" : shown(token) });
      if (isLater) letter.className = "later";
      else if (!isRight) letter.title = `the text has “${visible(bytes[at])}”`;
      chunk.append(letter);
      at++;
      first++;
    }
    box.append(chunk);
  }
  const tail = bytes.slice(at);
  if (tail.length) {
    const words = element("span", { className: "tail", textContent: tail.map(shown).join("") });
    words.title = "the tail: no chunk, so it stays in the cache as it is";
    box.append(words);
  }
  const cached = reading.steps.findLast((step) => step.kind !== "recite")?.cache.length ?? 0;
  const chunks = Math.floor(bytes.length / (state.c * state.t));
  const made = (state.mistake ? `, with the mistake ${state.mistake}` : "")
    + (profileName() === "base" ? "" : `, under ${profileName()}`);
  const others = reading.recited.length === chunks ? ""
    : ` This port makes ${reading.recited.length} chunks of the text, not ${chunks}.`;
  $("score").textContent = at === 0
    ? `A chunk has ${state.c * state.t} bytes; this text fills none, so nothing is compressed or recited.`
    : `${right} of ${at} bytes came back from ${cached} cache entries; `
      + `without compression there are ${bytes.length}${made}.${others}`
      + (tail.length ? ` The last ${tail.length} fill no chunk and stay as they are.` : "");
  document.documentElement.dataset.right = `${right}/${at}`;
}

/** One step in words. */
function eventWords(step) {
  const row = step.row === null ? null : reading.rows[step.row];
  const entries = `${step.cache.length} ${step.cache.length === 1 ? "entry" : "entries"} in the cache`;
  switch (step.kind) {
    case "read":
      return `Read “${visible(row[4])}”, ${entries}. It sees its own chunk so far, and earlier memories (GEN-2).`;
    case "compress":
      return `Note: memory row ${row[2]} of chunk ${row[1]} looks at the whole chunk, ${entries} (GEN-3).`;
    case "drop":
      return `Drop: the text of chunk ${step.argument} leaves the cache, ${entries} (GEN-3).`;
    default:
      return `Recite: repetition row ${row[2]} of chunk ${row[1]} sees memory and no text, and says `
        + `“${visible(step.token)}” (REC-1).`;
  }
}

function drawStep() {
  const { steps, rows } = reading;
  if (steps.length === 0) {
    $("cache").replaceChildren();
    $("event").textContent = "There is no text.";
    return;
  }
  const number = Math.min(state.step ?? steps.length - 1, steps.length - 1);
  const step = steps[number];
  $("step").max = steps.length - 1;
  $("step").value = number;
  $("stepNumber").textContent = `${number + 1} of ${steps.length}`;
  $("event").textContent = eventWords(step);
  $("step").setAttribute("aria-valuetext", $("event").textContent);
  const weights = new Map();
  step.weights(state.layer, state.head).forEach((weight, i) => weights.set(step.keys[i], weight));
  const cached = new Set(step.cache);
  const fedBefore = new Set(steps.slice(0, number + 1).map((one) => one.row));
  const tiles = [];
  rows.forEach((row, index) => {
    if (row[0] === 2 && (step.kind !== "recite" || row[1] !== step.argument)) return;
    const isNow = index === step.row;
    const tile = element("b", { className: `tile ${letters[row[0]]}` });
    if (isNow) tile.classList.add("now");
    if (row[0] !== 2 && !cached.has(index)) tile.classList.add(fedBefore.has(index) ? "gone" : "waiting");
    tile.append(row[0] === 0 ? visible(row[4]) : row[0] === 1 ? String(row[2]) : isNow ? visible(step.token) : "r");
    const weight = weights.get(index);
    if (weight !== undefined) tile.append(element("i", { style: `height:${(0.9 * weight).toFixed(3)}rem` }));
    tile.title = nameOf(row) + (weight === undefined ? "" : `: ${(100 * weight).toFixed(1)}%`);
    tiles.push(tile);
  });
  $("cache").replaceChildren(...tiles);
  drawGuesses(step);
  drawRecited();
  if (step.row !== null) {
    const place = placeOf(rows[step.row]);
    const query = maskView.rows.findIndex((row) => placeOf(row) === place);
    if (query >= 0 && query !== state.query) {
      state.query = query;
      state.key = strongestKey(query, [...weights]);
    }
  }
  drawMask();
  describeCell();
  drawPositions();
  drawCommands();
}

/** The row of the mask that a query gives most of its attention to, itself apart. */
function strongestKey(query, weights) {
  const others = weights.filter(([key]) => key >= 0 && placeOf(reading.rows[key]) !== placeOf(maskView.rows[query]));
  const [key] = others.reduce((best, one) => (one[1] > best[1] ? one : best), [null, -1]);
  const place = key === null ? "" : placeOf(reading.rows[key]);
  return Math.max(0, maskView.rows.findIndex((row) => placeOf(row) === place));
}

/** The most probable letters of a repetition row. */
function drawGuesses(step) {
  const box = $("guesses");
  box.replaceChildren();
  if (!step.logits) return;
  const [start, count] = step.logits;
  const logits = reading.numbers.subarray(start, start + Math.min(count, data.config.loma.text_vocabulary));
  const most = Math.max(...logits);
  const powers = Array.from(logits, (value) => Math.exp(value - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  const best = powers.map((power, byte) => [power / sum, byte]).sort((a, b) => b[0] - a[0]).slice(0, 4);
  const words = best.map(([share, byte]) => `“${visible(byte)}” ${(100 * share).toFixed(1)}%`);
  const spans = words.map((textContent) => element("span", { textContent }));
  box.append(element("p", { className: "bars" }, "It thinks of ", ...spans));
}

function goTo(number) {
  state.step = Math.max(0, Math.min(reading.steps.length - 1, number));
  drawStep();
  writeState();
}

function stop() {
  clearTimeout(playing);
  playing = null;
  $("play").setAttribute("aria-pressed", "false");
  $("play").textContent = "Play";
}

function beginCache() {
  const now = () => state.step ?? reading.steps.length - 1;
  const stepping = (move) => () => {
    stop();
    goTo(move());
  };
  $("first").addEventListener("click", stepping(() => 0));
  $("back").addEventListener("click", stepping(() => now() - 1));
  $("forward").addEventListener("click", stepping(() => now() + 1));
  $("last").addEventListener("click", stepping(() => reading.steps.length - 1));
  $("step").addEventListener("input", stepping(() => Number($("step").value)));
  $("play").addEventListener("click", () => {
    if (playing !== null) return stop();
    if (now() >= reading.steps.length - 1) state.step = 0;
    $("play").setAttribute("aria-pressed", "true");
    $("play").textContent = "Stop";
    const next = () => {
      goTo(now() + 1);
      if (now() >= reading.steps.length - 1) return stop();
      playing = setTimeout(next, 1000 / Number($("speed").value));
    };
    playing = setTimeout(next, 0);
  });
}
