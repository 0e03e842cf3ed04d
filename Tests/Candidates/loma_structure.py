"""Cache schedule, metrics, cost and rejections of LoMA, derived from the Spec's text alone (chapters 1, 6, 7, 9, 11).

Counts are counted, not taken from closed forms: cost by asking the mask of chapter 4 about every pair of rows of a pair
of chunks, and generation also by following the cache. Nothing is read from the Swift code or from a recorded case.
"""

import math

import loma_layout

READ, COMPRESS, DROP = 0, 1, 2
LIMIT = 2**29  # "A limit of this implementation" in chapter 1, with 64-bit integers


def fed_length(prompt, generate):
    """Text tokens fed: the last one chosen is not (GEN-5)."""
    return prompt + generate - 1 if generate > 0 else prompt


def schedule(c, t, fed):
    """Events (GEN-2, GEN-3) as (kind, argument, first row, row behind the last, memory entries, reading entries) and,
    after each, the cached rows of the generation layout in cache order."""
    length = c * t
    events, entries = [], []
    cache, row = [], 0  # (zone, row)

    def note(kind, argument, first):
        memories = sum(zone == "m" for zone, _ in cache)
        events.append([kind, argument, first, row, memories, len(cache) - memories])
        entries.append([r for _, r in cache])

    for g in range(fed):
        cache.append(("x", row))
        row += 1
        note(READ, g, row - 1)
        if sum(zone == "x" for zone, _ in cache) == length:
            first = row
            for _ in range(t):
                cache.append(("m", row))
                row += 1
            note(COMPRESS, g // length, first)
            cache = [entry for entry in cache if entry[0] == "m"]
            note(DROP, g // length, row)
    return events, entries


def schedule_answer(c, t, prompt, generate):
    """The answer of `schedule` (OPS-2)."""
    events, entries = schedule(c, t, fed_length(prompt, generate))
    widest = max(map(len, entries), default=0)
    return {"events": events, "entries": [e + [-1] * (widest - len(e)) for e in entries], "maximum": widest}


def metrics_answer(c, t, texts, reconstruction):
    """Correct tokens, tokens, correct chunks, chunks of all texts together (REC-2); the tail counts in neither."""
    length = c * t
    rest = list(reconstruction)
    counts = [0, 0, 0, 0]
    for text in texts:
        for k in range(len(text) // length):
            right = [a == b for a, b in zip(text[k * length : (k + 1) * length], rest[:length], strict=True)]
            rest = rest[length:]
            counts = [a + b for a, b in zip(counts, [sum(right), length, all(right), 1])]
    assert not rest
    return {"counts": counts}


class Pairs:
    """Visible pairs of one text's rows, counted chunk by chunk. A block is the rows of one chunk; how many pairs two
    blocks have is found by asking `sees` about every pair of their rows."""

    def __init__(self, c, t, n, profile):
        self.length, self.full, self.profile = c * t, n // (c * t), profile
        # Blocks of chunks 0 to 3, and what a tail looks like in their place; that only the order of chunks matters
        # is checked on them and not assumed.
        sample = loma_layout.rows([0] * (4 * self.length), c, t, 0, 0, profile)
        self.blocks = [[row for row in sample if row["chunk"] == k] for k in range(4)]
        self.tail = n % self.length
        self.known = {}

    def block(self, k, tail):
        return [r for r in self.blocks[k] if r["zone"] == "x" and r["index"] < self.tail] if tail else self.blocks[k]

    def count(self, query_zones, key_zones, order, tail=False):
        """Pairs of a query of the given zones (in the tail or in a full chunk) and a key in the same, an earlier or a
        later full chunk; order is 0, -1 or 1. The tail's own keys are in the tail."""
        key = (query_zones, key_zones, order, tail)
        if key not in self.known:
            found = set()
            for k, m in {0: [(0, 0), (2, 2)], -1: [(1, 0), (3, 0), (3, 2)], 1: [(0, 1), (0, 3), (2, 3)]}[order]:
                queries = [r for r in self.block(k, tail) if r["zone"] in query_zones]
                keys = [r for r in self.block(m, tail and order == 0) if r["zone"] in key_zones]
                found.add(sum(loma_layout.sees(q, s, self.profile) for q in queries for s in keys))
            assert len(found) == 1, "visibility depends on more than the order of chunks"
            self.known[key] = found.pop()
        return self.known[key]

    def of_chunk(self, k, query_zones, key_zones):
        """Pairs whose query is in full chunk k, or in the tail for k = F."""
        tail = k == self.full
        later = 0 if tail else self.full - 1 - k
        total = self.count(query_zones, key_zones, 0, tail)
        total += k * self.count(query_zones, key_zones, -1, tail)
        if later:
            total += later * self.count(query_zones, key_zones, 1)
        if self.tail and not tail and any(
                loma_layout.sees(q, s, self.profile) for q in self.block(0, False) if q["zone"] in query_zones
                for s in self.block(1, True)):
            raise AssertionError("a full chunk sees the tail")
        return total

    def layout(self, zones):
        """All pairs of a layout that has these zones."""
        return sum(self.of_chunk(k, zones, zones) for k in range(self.full + (self.tail > 0)))


def all_pairs(c, t, n, profile, generation):
    """The visible pairs of a whole layout, every cell of its mask asked."""
    make = loma_layout.generation_rows if generation else loma_layout.rows
    layout = make([0] * n, c, t, 0, 0, profile)
    return sum(loma_layout.sees(q, s, profile) for q in layout for s in layout)


def followed_pairs(c, t, n, profile):
    """The pairs of generation, counted along the schedule: a fed token sees the cache and itself (GEN-2), memory rows
    what MSK-4 and MSK-5 allow (GEN-3)."""
    p = {**loma_layout.BASE, **profile}
    total = memories = readings = 0
    for _ in range(n):
        readings += 1
        total += memories + readings
        if readings == c * t:
            for j in range(t):
                total += readings + (t if p["memory_attention"] == "bidirectional" else j + 1)
                total += memories if p["memory_context"] == "past_memories" else 0
            memories, readings = memories + t, 0
    return total


def cost_answer(params, profile):
    """The answer of `cost` (OPS-2), each total counted in more than one way where that is quick enough."""
    c, t, n = params["c"], params["t"], params["text_length"]
    pairs = Pairs(c, t, n, profile)
    generation, training = pairs.layout("xm"), pairs.layout("xmr")
    assert generation == followed_pairs(c, t, n, profile)
    if n <= 200:
        assert (generation, training) == (all_pairs(c, t, n, profile, True), all_pairs(c, t, n, profile, False))
    sizes, memories, readings = [0], 0, 0
    for _ in range(n):  # GEN-6, by following the cache
        readings += 1
        sizes.append(memories + readings)
        if readings == c * t:
            sizes.append(memories + readings + t)
            memories, readings = memories + t, 0
            sizes.append(memories)
    vectors = 2 * params["layers"] * params["kv_heads"]
    return {
        "generation": generation,
        "training": training,
        "full_attention": sum(range(1, n + 1)),
        "reconstruction": [pairs.of_chunk(k, "r", "mr") for k in range(pairs.full)],
        "entry_bytes": vectors * params["head_dim"] * params["bytes_per_element"],
        "cache_size": sizes[-1],
        "cache_maximum": max(sizes),
    }


# Which parts of a request an operation has (chapter 11), for the rejections that can meet it.
ON_TEXTS = {"layout", "mask", "forward", "loss", "gradients", "train_step", "generate", "reconstruct"}


def axis_faults(profile, axes):
    """Codes for what a profile names and `axes`, their values by name, has not."""
    if any(axis not in axes for axis in profile):
        yield "unknown-axis"
    if any(axis in axes and value not in axes[axis] for axis, value in profile.items()):
        yield "unknown-alternative"


def rejections(op, params, axes, texts, given, refusal=None):
    """Every code of the closed list that the request deserves, in the order of the list: that of the clauses. `given` are
    its other tensors of integers as lists, `refusal` the code with which its model is refused."""
    c, t = params.get("c"), params.get("t")
    chunked = op in ON_TEXTS | {"schedule", "metrics", "cost"}
    if chunked and c < 1:
        yield "ratio-below-one"
    if chunked and t < 1:
        yield "memory-length-below-one"
    if chunked and c >= 1 and t >= 1 and c * t > LIMIT:
        yield "chunk-too-long"
    if op in ON_TEXTS:
        v, total = params["text_vocabulary"], params["model_vocabulary"]
        special = [params["memory_token"], params["repetition_token"]]
        if v < 1 or total > LIMIT:
            yield "vocabulary-size-out-of-range"
        if min(special) < v:
            yield "special-token-in-text-vocabulary"
        if special[0] == special[1]:
            yield "equal-special-tokens"
        if max(special) >= total:
            yield "no-room-for-special-token"
        forced = given.get("forced", []) if op == "generate" else []
        if any(not 0 <= token < v for text in [*texts, forced] for token in text):
            yield "text-token-out-of-range"
    length = {"schedule": params.get("prompt_length"), "cost": params.get("text_length")}.get(op, 0)
    if length < 0:
        yield "negative-text-length"
    if max([length, *map(len, texts)]) > LIMIT:
        yield "text-too-long"
    if op in ("schedule", "generate"):
        prompt = length if op == "schedule" else len(texts[0])
        if params["generate"] < 0:
            yield "negative-generation-length"
        if prompt == 0 and params["generate"] > 0:
            yield "empty-prompt"
    if chunked and c >= 1 and t >= 1:
        full = sum(len(text) // (c * t) for text in texts)
        if op == "reconstruct" and not 0 <= params["chunk"] < full:
            yield "no-such-chunk"
        if op == "metrics" and len(given["reconstruction"]) != full * c * t:
            yield "reconstruction-length-mismatch"
    if op == "cost":
        factors = [params[name] for name in ("layers", "kv_heads", "head_dim", "bytes_per_element")]
        if min(factors) < 1 or 2 * math.prod(factors) >= 2**63:
            yield "cache-size-out-of-range"
    values = {axis: [loma_layout.BASE[axis], *others] for axis, others in loma_layout.ALTERNATIVES.items()}
    yield from axis_faults(axes, values)
    if refusal:
        yield refusal
