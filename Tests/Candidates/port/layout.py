"""The rows of a text, who sees whom, and what is counted: chapters 2 to 5, 6 in integers, 7 and 9 of the Spec."""

import numpy as np

READING, MEMORY, REPETITION, PAD = range(4)
READ, COMPRESS, DROP = range(3)
TOKEN, ZONE, CHUNK, INDEX, POSITION, LABEL = range(6)  # the columns of a row (LAY-3); a label of -1 is none

AXES = {  # the registry; the first value is the default
    "memory_positions": ("span_end", "span_start"),
    "numbering": ("text", "sequential", "generation", "compressed"),
    "memory_context": ("past_memories", "own_chunk"),
    "memory_attention": ("bidirectional", "causal"),
    "repetition_context": ("own_memory", "past_memories"),
    "repetition_attention": ("causal", "bidirectional", "self_only"),
    "repetition_labels": ("aligned", "shifted"),
}


def axes_of(profile):
    return {axis: profile.get(axis, values[0]) for axis, values in AXES.items()}


def position(zone, chunk, index, p, axes):
    """POS-1 to POS-4: of the row alone, whatever else is in the text or in the batch."""
    c, t = p["c"], p["t"]
    length, numbering = c * t, axes["numbering"]
    if numbering == "sequential":
        return chunk * (2 * length + t) + (0, length, length + t)[zone] + index
    if numbering == "generation":
        return chunk * (length + t) + (length if zone == MEMORY else 0) + index
    if numbering == "compressed":
        return chunk * t + index
    if zone == MEMORY:
        return chunk * length + (index * c if axes["memory_positions"] == "span_start" else (index + 1) * c - 1)
    return chunk * length + index


def layout(text, p, axes, recited=True):
    """The rows of one text, [rows, 6]; without its repetition rows where it is not recited (LAY-5)."""
    t, length, n = p["t"], p["c"] * p["t"], len(text)
    shifted = axes["repetition_labels"] == "shifted"
    rows = []
    for chunk in range(n // length + 1):
        start = chunk * length
        words = text[start : start + length]
        for i, word in enumerate(words):
            label = text[start + i + 1] if start + i + 1 < n else -1  # LOS-1
            rows.append((word, READING, chunk, i, position(READING, chunk, i, p, axes), label))
        if len(words) < length:
            break  # the tail (D-1)
        for j in range(t):
            label = words[0] if shifted and j == t - 1 else -1  # LOS-2, LOS-3
            rows.append((p["memory_token"], MEMORY, chunk, j, position(MEMORY, chunk, j, p, axes), label))
        if recited:
            said = [*words[1:], -1] if shifted else words  # LOS-3
            for i in range(length):
                rows.append((p["repetition_token"], REPETITION, chunk, i, position(REPETITION, chunk, i, p, axes),
                             said[i]))
    return np.array(rows, dtype=np.int64).reshape(-1, 6)


def visible(query, key, axes):
    """MSK-1 to MSK-10 as booleans [queries, keys]; neither holds pads."""
    zone, chunk, index = (query[:, column, None] for column in (ZONE, CHUNK, INDEX))
    key_zone, key_chunk, key_index = (key[None, :, column] for column in (ZONE, CHUNK, INDEX))
    same, earlier = key_chunk == chunk, key_chunk < chunk
    so_far = same & (key_index <= index)
    to_reading, to_memory, to_repetition = (key_zone == kind for kind in (READING, MEMORY, REPETITION))

    among_memory = so_far if axes["memory_attention"] == "causal" else same
    if axes["memory_context"] == "past_memories":
        among_memory = among_memory | earlier
    recalled = same | earlier if axes["repetition_context"] == "past_memories" else same
    recited = {"causal": so_far, "bidirectional": same, "self_only": same & (key_index == index)}
    of_reading = (to_reading & so_far) | (to_memory & earlier)  # MSK-1, MSK-2, MSK-3
    of_memory = (to_reading & same) | (to_memory & among_memory)  # MSK-4, MSK-5, MSK-6
    of_repetition = (to_memory & recalled) | (to_repetition & recited[axes["repetition_attention"]])  # MSK-7 to MSK-9
    return ((zone == READING) & of_reading) | ((zone == MEMORY) & of_memory) | ((zone == REPETITION) & of_repetition)


def padded(arrays, fill, dimensions=1):
    """Arrays of the texts as one, with pads behind the shorter along the last axes (MSK-11)."""
    longest = max(array.shape[-1] for array in arrays)
    out = np.full((len(arrays), *arrays[0].shape[:-dimensions], *[longest] * dimensions), fill, arrays[0].dtype)
    for b, array in enumerate(arrays):
        out[(b, ..., *[slice(array.shape[-1])] * dimensions)] = array
    return out


def schedule(n, p):
    """Events of n fed tokens, [E, 6], and the rows of the cache after each (GEN-2, GEN-3, OPS-2)."""
    t, length = p["t"], p["c"] * p["t"]
    events, entries, memory, reading, row = [], [], [], [], 0

    def note(kind, argument, first):
        events.append((kind, argument, first, row, len(memory), len(reading)))
        entries.append(memory + reading if kind != COMPRESS else memory[:-t] + reading + memory[-t:])

    for g in range(n):
        reading.append(row)
        row += 1
        note(READ, g, row - 1)
        if len(reading) == length:
            memory.extend(range(row, row + t))
            row += t
            note(COMPRESS, g // length, row - t)
            reading.clear()
            note(DROP, g // length, row)
    return events, entries


def metrics(texts, reconstruction, p):
    """REC-2: correct tokens, tokens, correct chunks, chunks."""
    length, at, counts = p["c"] * p["t"], 0, [0, 0, 0, 0]
    for text in texts:
        for chunk in range(len(text) // length):
            right = sum(text[chunk * length + i] == reconstruction[at + i] for i in range(length))
            at += length
            counts = [counts[0] + right, counts[1] + length, counts[2] + (right == length), counts[3] + 1]
    return counts


def cost(n, p, axes):
    """COST-1, COST-2 and GEN-6 for one text of n tokens."""
    t, length = p["t"], p["c"] * p["t"]
    full, rest = divmod(n, length)
    pairs = full * (full - 1) // 2
    past = axes["repetition_context"] == "past_memories"
    among = t * (t + 1) // 2 if axes["memory_attention"] == "causal" else t * t
    before = t * t * pairs if axes["memory_context"] == "past_memories" else 0
    said = {"causal": length * (length + 1) // 2, "bidirectional": length * length,
            "self_only": length}[axes["repetition_attention"]]
    generation = (length * t * pairs + full * (length * (length + 1) // 2) + rest * t * full + rest * (rest + 1) // 2
                  + full * (t * length + among) + before)
    return {
        "generation": generation,
        "training": generation + full * (said + length * t) + (length * t * pairs if past else 0),
        "full_attention": n * (n + 1) // 2,
        "entry_bytes": 2 * p["layers"] * p["kv_heads"] * p["head_dim"] * p["bytes_per_element"],
        "cache_size": t * full + rest,
        "cache_maximum": t * full + length if full else n,
        "reconstruction": [said + length * t * (k + 1 if past else 1) for k in range(full)],
    }
