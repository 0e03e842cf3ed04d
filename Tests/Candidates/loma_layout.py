"""Layouts, positions, labels and mask of LoMA, derived from the Spec's text alone (chapters 2 to 5).

Nothing here is read from the Swift code or from a recorded case: these are the clauses written a second time.
"""

BASE = {
    "memory_positions": "span_end",
    "numbering": "text",
    "memory_context": "past_memories",
    "memory_attention": "bidirectional",
    "repetition_context": "own_memory",
    "repetition_attention": "causal",
    "repetition_labels": "aligned",
}
ALTERNATIVES = {
    "memory_positions": ["span_start"],
    "numbering": ["sequential", "generation", "compressed"],
    "memory_context": ["own_chunk"],
    "memory_attention": ["causal"],
    "repetition_context": ["past_memories"],
    "repetition_attention": ["bidirectional", "self_only"],
    "repetition_labels": ["shifted"],
}


def profiles():
    """Base, then each single alternative, as axis -> value."""
    yield {}
    for axis, values in ALTERNATIVES.items():
        for value in values:
            yield {axis: value}


def rows(text, c, t, memory, repetition, profile):
    """The training layout: dicts of token, zone, chunk, index, position and label (None for none)."""
    p = {**BASE, **profile}
    length, n = c * t, len(text)
    shifted = p["repetition_labels"] == "shifted"
    out = []

    def number(zone, chunk, index):
        """Where a row stands that is not numbered by its text, counted over the rows before it: all of them (POS-4);
        all that generation has, where a repetition row stands at its reading row (POS-5); or the memory rows of
        earlier chunks and the rows of its own zone and chunk (POS-6)."""
        if p["numbering"] == "sequential":
            return len(out)
        kept = [row for row in out if row["zone"] != "r"]
        if zone == "r":
            return next(r["position"] for r in kept if (r["zone"], r["chunk"], r["index"]) == ("x", chunk, index))
        if p["numbering"] == "generation":
            return len(kept)
        memories = sum(row["zone"] == "m" and row["chunk"] < chunk for row in kept)
        return memories + sum((row["zone"], row["chunk"]) == (zone, chunk) for row in kept)

    def add(token, zone, chunk, index, position, label):
        if p["numbering"] != "text":
            position = number(zone, chunk, index)
        out.append(dict(token=token, zone=zone, chunk=chunk, index=index, position=position, label=label))

    for k in range(-(-n // length)):
        chunk = text[k * length : (k + 1) * length]
        for i, token in enumerate(chunk):
            g = k * length + i
            add(token, "x", k, i, g, text[g + 1] if g + 1 < n else None)
        if len(chunk) < length:
            break
        for j in range(t):
            first_of_span = k * length + j * c
            position = first_of_span if p["memory_positions"] == "span_start" else first_of_span + c - 1
            add(memory, "m", k, j, position, chunk[0] if shifted and j == t - 1 else None)
        for i in range(length):
            target = i + 1 if shifted else i
            add(repetition, "r", k, i, k * length + i, chunk[target] if target < length else None)
    return out


def sees(q, s, profile):
    """May query row q see key row s? Both are rows of one text."""
    p = {**BASE, **profile}
    same = q["chunk"] == s["chunk"]
    earlier = s["chunk"] < q["chunk"]
    upto = s["index"] <= q["index"]
    pair = q["zone"] + s["zone"]
    if pair == "xx":
        return same and upto
    if pair == "xm":
        return earlier
    if pair == "mx":
        return same
    if pair == "mm":
        if same:
            return upto or p["memory_attention"] == "bidirectional"
        return earlier and p["memory_context"] == "past_memories"
    if pair == "rm":
        return same or (earlier and p["repetition_context"] == "past_memories")
    if pair == "rr":
        how = p["repetition_attention"]
        return same and (how == "bidirectional" or (upto if how == "causal" else q["index"] == s["index"]))
    return False  # xr, mr, rx


def generation_rows(text, c, t, memory, repetition, profile):
    """The generation layout: the training layout without its repetition rows, all else kept (LAY-5, POS-4)."""
    return [row for row in rows(text, c, t, memory, repetition, profile) if row["zone"] != "r"]


PAD = dict(token=0, zone="p", chunk=None, index=None, position=0, label=None)


def padded(layouts):
    """A batch: every layout padded on the right to the longest (MSK-11)."""
    longest = max((len(layout) for layout in layouts), default=0)
    return [layout + [PAD] * (longest - len(layout)) for layout in layouts]


def mask(layout, profile):
    """Lists of booleans, query before key; a pad sees itself alone and nothing sees a pad (MSK-11)."""
    return [
        [r == s if "p" in (query["zone"], key["zone"]) else sees(query, key, profile) for s, key in enumerate(layout)]
        for r, query in enumerate(layout)]
