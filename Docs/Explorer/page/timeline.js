// A reading as a list of steps, one row at a time: rows of text, rows of memory, drops, and the rows that recite.

const placeOf = (row) => `${row[0]}.${row[1]}.${row[2]}`;

/** Weights of one row over its keys, in a layer; the mean of all heads if `head` is −1. */
function weightsOf(numbers, call, heads, query, head) {
  const [queries, keys, start] = call;
  const one = (h, k) => numbers[start + (h * queries + query) * keys + k];
  return Array.from({ length: keys }, (_, k) => {
    if (head >= 0) return one(head, k);
    let sum = 0;
    for (let h = 0; h < heads; h++) sum += one(h, k);
    return sum / heads;
  });
}

/**
 * Steps of an answer to `read`: kind, the row fed (its number among `rows`), the rows cached, the keys in order, and
 * `weights(layer, head)` for each key.
 */
function timelineOf(answer) {
  const { num_hidden_layers: layers, num_attention_heads: heads } = data.config;
  const rows = answer.rows.map((row) => [...row]);
  const steps = [];
  let cache = [];
  let fed = 0;
  let call = 0;
  const pass = (kind, argument, whole) => {
    const calls = answer.calls.slice(call, call + layers);
    call += layers;
    const queries = calls[0][0];
    const own = Array.from({ length: queries }, (_, i) => fed + i);
    fed += queries;
    const keys = [...cache, ...own];
    own.forEach((row, query) => {
      steps.push({
        kind, row, argument, cache: whole ? keys : keys.slice(0, cache.length + query + 1), keys,
        weights: (layer, head) => weightsOf(answer.numbers, calls[layer], heads, query, head),
      });
    });
    cache = keys;
    return queries;
  };
  // The memory rows of a chunk are fed in one pass; a port may feed them one by one.
  const compress = (chunk) => {
    let rest = rows.filter((row) => row[0] === 1 && row[1] === chunk).length;
    while (rest > 0 && call < answer.calls.length) rest -= pass("compress", chunk, true);
  };
  for (const [kind, argument, after] of answer.steps) {
    if (kind === 0) pass("read", argument, false);
    else if (kind === 1) compress(argument);
    else steps.push({ kind: "drop", row: null, argument, cache: after, keys: [], weights: () => [] });
    if (kind === 2) cache = after;
  }
  const end = cache;
  answer.recitals.forEach(([tokens, positions, logits, calls], chunk) => {
    const token = data.config.loma.repetition_token;
    const own = tokens.map((_, index) => rows.push([2, chunk, index, positions[index], token]) - 1);
    own.forEach((row, query) => {
      steps.push({
        kind: "recite", row, argument: chunk, cache: end, keys: [...end, ...own], token: tokens[query],
        logits: [logits + query * data.config.vocab_size, data.config.vocab_size],
        weights: (layer, head) => (calls[layer] ? weightsOf(answer.numbers, calls[layer], heads, query, head) : []),
      });
    });
  });
  const byPlace = new Map();
  steps.forEach((step, number) => {
    if (step.row !== null) byPlace.set(placeOf(rows[step.row]), number);
  });
  return { rows, steps, byPlace, recited: answer.recitals.map(([tokens]) => tokens) };
}
