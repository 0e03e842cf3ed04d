"""Chapter 16 of the Spec in integers: layout, positions, mask, schedule and cost of compressed context memory.

Written from the Spec's text alone. A text is a list of segments, each a list of token ids; the last is the final
segment. A profile is the axes that differ from base. Rows are dictionaries with token, role, segment, index, position
and label; roles are the letters x (text), c (COMP), s (SUM) and p (pad).
"""

import math
from fractions import Fraction

import ccm_model  # first: it makes the modules of the folder above known
from loma_structure import axis_faults

AXES = {  # Spec/peers-registry.md: the first value is the default
    "memory": ("concat", "merge"),
    "recurrence": ("recurrent", "separate"),
    "sink": ("off", "on"),
    "merge_rate": ("mean", "exponential"),
}
ROLES = "xcsp"
READ, COMPRESS, DROP, FOLD = range(4)
LIMIT = 2**29  # how many rows a text may have, and how many ids a vocabulary
ON_ONE_TEXT = ("ccm_schedule", "ccm_cost", "ccm_online")
WITH_OUTPUTS = ("ccm_layout", "ccm_loss", "ccm_gradients")
STAGES = ("merge", "conditional_linear")
STRUCTURE = ("ccm_layout", "ccm_mask", "ccm_schedule", "ccm_cost")
MODEL = ("ccm_forward", "ccm_loss", "ccm_gradients", "ccm_online")


def axes(profile):
    """Every axis with its value."""
    return {axis: values[0] for axis, values in AXES.items()} | profile


def layout(text, n, vocabulary, profile, output_length=0):
    """The parallel layout of one text (CCM-5 to CCM-7), with the labels of CCM-23."""
    chosen, last, rows, before = axes(profile), len(text) - 1, [], 0
    merge = chosen["memory"] == "merge"

    def block(role, first_id, segment):
        rows.extend({"token": first_id + j, "role": role, "segment": segment, "index": j, "position": before + j,
                     "label": None} for j in range(n))

    for segment, tokens in enumerate(text):
        for index, token in enumerate(tokens):
            rows.append({"token": token, "role": "x", "segment": segment, "index": index, "position": before,
                         "label": None})
            before += 1
        if segment < last:
            block("c", vocabulary, segment)
            if merge and chosen["recurrence"] == "recurrent":
                block("s", vocabulary + n, segment)
            elif merge and segment == last - 1:
                block("s", vocabulary + n, last)
    for row, following in zip(rows, rows[1:]):
        if following["role"] == "x" and following["segment"] == last:
            if following["index"] >= len(text[last]) - output_length:
                row["label"] = following["token"]
    return rows


def padded(layouts):
    """Layouts of one length; pads stand on the left (CCM-8)."""
    longest = max(map(len, layouts))
    pad = {"token": 0, "role": "p", "segment": None, "index": None, "position": 1, "label": None}
    return [[dict(pad) for _ in range(longest - len(rows))] + rows for rows in layouts]


def visible(query, key, last, beginning, profile):
    """Whether a row sees an earlier row or itself (CCM-9 to CCM-16). `last` is the number of the final segment."""
    chosen = axes(profile)
    if "p" in (query["role"], key["role"]):
        return query is key
    if key["role"] == "x" and key["token"] == beginning and chosen["sink"] == "on":
        return True  # CCM-16
    s, u, recurrent = query["segment"], key["segment"], chosen["recurrence"] == "recurrent"
    if query["role"] == "s":  # CCM-14, as the released code has it
        if recurrent:
            return u == s or (key["role"] == "s" and u == s - 1)
        return key["role"] != "x"
    if key["role"] == "x":
        return u == s  # CCM-9
    if key["role"] == "s":
        return u == s - 1 if recurrent else s == last  # CCM-13
    if chosen["memory"] == "concat":
        return u <= s if recurrent else u == s or s == last  # CCM-10, CCM-11, CCM-12
    return u == s  # CCM-11, and CCM-15, since no COMP row is of the final segment


def mask(rows, beginning, profile):
    """Lists of booleans, query before key; no row sees a later one."""
    last = max((row["segment"] for row in rows if row["role"] != "p"), default=0)
    return [[k <= q and visible(query, key, last, beginning, profile) for k, key in enumerate(rows)]
            for q, query in enumerate(rows)]


def weights(t, profile, rate=None):
    """Exact weights of the first t segments in the memory after them (CCM-17)."""
    if axes(profile)["merge_rate"] == "mean":
        return [Fraction(1, t)] * t
    a, result = Fraction(rate), [Fraction(1)]
    for _ in range(t - 1):
        result = [(1 - a) * weight for weight in result] + [a]
    return result


def sinks(text, segment, beginning, profile):
    """How many sink rows the segments before this one hold (CCM-28)."""
    if axes(profile)["sink"] == "off":
        return 0
    return sum(token == beginning for tokens in text[:segment] for token in tokens)


def size(text, t, n, beginning, profile):
    """Entries held after t context segments (CCM-28)."""
    slots = n * t if axes(profile)["memory"] == "concat" else n * min(t, 1)
    return sinks(text, t, beginning, profile) + slots


def online_rows(text, n, vocabulary, profile):
    """The rows that are fed one segment after the other: the layout without SUM rows (CCM-24)."""
    return [row for row in layout(text, n, vocabulary, profile) if row["role"] != "s"]


class Memory:
    """The cache of CCM-24 as numbers of online rows, in rising order. `last` is the number of the final segment."""

    def __init__(self, rows, last, beginning, profile):
        self.rows, self.last, self.beginning, self.profile = rows, last, beginning, axes(profile)
        self.held, self.events, self.entries = [], [], []

    def is_sink(self, row):
        return self.profile["sink"] == "on" and row["role"] == "x" and row["token"] == self.beginning

    def note(self, kind, argument, first, end):
        memory = sum(self.rows[number]["role"] == "c" for number in self.held)
        self.events.append([kind, argument, first, end, memory, len(self.held) - memory])
        self.entries.append(list(self.held))

    def sees(self, query, number):
        """Whether a fed row sees a row that was held before its pass."""
        key = self.rows[number]
        if key["segment"] == query["segment"] or self.is_sink(key):
            return True
        return key["role"] == "c" and (self.profile["recurrence"] == "recurrent" or query["segment"] == self.last)

    def drop(self, segment):
        self.held = [number for number in self.held
                     if self.rows[number]["role"] == "c" or self.rows[number]["segment"] != segment
                     or self.is_sink(self.rows[number])]

    def fold(self, segment):
        """The running means are from now on named by the rows that were folded in last."""
        self.held = [number for number in self.held
                     if self.rows[number]["role"] == "x" or self.rows[number]["segment"] == segment]


def schedule(text, n, vocabulary, beginning, profile):
    """Events [kind, argument, first row, end, memory entries, text entries] and the rows held after each (CCM-31)."""
    rows = online_rows(text, n, vocabulary, profile)
    memory = Memory(rows, len(text) - 1, beginning, profile)
    token = 0
    for number, row in enumerate(rows):
        if row["role"] == "x":
            memory.held.append(number)
            memory.note(READ, token, number, number + 1)
            token += 1
        elif row["index"] == n - 1:
            segment = row["segment"]
            memory.held += range(number - n + 1, number + 1)
            memory.note(COMPRESS, segment, number - n + 1, number + 1)
            memory.drop(segment)
            memory.note(DROP, segment, number + 1, number + 1)
            if memory.profile["memory"] == "merge":
                memory.fold(segment)
                memory.note(FOLD, segment, number + 1, number + 1)
    return memory


def pairs(text, n, beginning, profile):
    """Visible pairs by segment, per layer and query head (CCM-29)."""
    result, last = [], len(text) - 1
    for segment, tokens in enumerate(text):
        length = len(tokens)
        if axes(profile)["recurrence"] == "recurrent" or segment == last:
            seen = size(text, segment, n, beginning, profile)
        else:
            seen = sinks(text, segment, beginning, profile)
        count = length * seen + length * (length + 1) // 2
        if segment < last:
            count += n * (seen + length) + n * (n + 1) // 2
        result.append(count)
    return result


def cost(text, n, beginning, profile, layers, kv_heads, head_dim, bytes_per_element):
    """The numbers of CCM-28 and CCM-29."""
    sizes = [size(text, t, n, beginning, profile) for t in range(len(text))]
    last = len(text) - 1
    peaks = [sizes[t] + len(tokens) + n * (t < last) for t, tokens in enumerate(text)]
    total = sum(map(len, text))
    return {"pairs": pairs(text, n, beginning, profile), "full_attention": total * (total + 1) // 2,
            "entry_bytes": 2 * layers * kv_heads * head_dim * bytes_per_element, "sizes": sizes, "peaks": peaks,
            "cache_size": sizes[-1] + len(text[-1]), "cache_maximum": max(peaks)}


def picture(text, n, vocabulary, beginning, profile):
    """The layout and mask of one text as lines of text."""
    rows = layout(text, n, vocabulary, profile)
    seen = mask(rows, beginning, profile)
    cut = [r for r in range(1, len(rows)) if rows[r]["segment"] != rows[r - 1]["segment"]]
    gap = [r for r in range(1, len(rows)) if r not in cut and rows[r]["role"] != rows[r - 1]["role"]]

    def spread(letters):
        return "".join("│" * (r in cut) + " " * (r in gap) + letter for r, letter in enumerate(letters))

    names, token = [], 0
    for row in rows:
        names.append({"x": f"x{token}", "c": f"C{row['index']}", "s": f"S{row['index']}"}[row["role"]])
        token += row["role"] == "x"
    lines = [f"{'role':>12}  " + spread([row["role"] for row in rows]),
             f"{'row':>12}  " + spread([str(r % 10) for r in range(len(rows))])]
    rule = "  " + "".join("─" if letter != "│" else "┼" for letter in " " * 12 + spread(" " * len(rows)))
    lines.append(rule)
    for r, row in enumerate(rows):
        if r in cut:
            lines.append(rule)
        letters = [rows[k]["role"] if seen[r][k] else "·" for k in range(len(rows))]
        lines.append(f"{r:4d} {names[r]:<3} {row['position']:2d}   "[:14].ljust(14) + spread(letters))
    return "\n".join(lines)



def rejections(op, params, profile, given, refusal):
    """The codes of every fault of a request, in the order of Spec/peers-rejections.md (CCM-35).

    `given` has the integer inputs as lists; `refusal` is the code with which the model is refused, or None.
    """
    yield from axis_faults(profile, AXES)
    merges = op == "merge" or op in STRUCTURE + MODEL and profile.get("memory") == "merge"
    if merges and profile.get("merge_rate") == "exponential" and not 0 < params["rate"] <= 1:
        yield "merge-rate-out-of-range"
    if op in STAGES:
        return
    n, vocabulary, beginning = (params[name] for name in ("memory_tokens", "text_vocabulary", "beginning_token"))
    lengths, counts, tokens = (given[name] for name in ("lengths", "segments", "tokens"))
    if n < 1:
        yield "memory-tokens-out-of-range"
    if not 1 <= vocabulary <= LIMIT:
        yield "vocabulary-size-out-of-range"
    if beginning != -1 and not 0 <= beginning < vocabulary:
        yield "beginning-token-out-of-range"
    if min(lengths, default=1) < 1:
        yield "segment-empty"
    if min(counts) < 1 or sum(counts) != len(lengths) or sum(lengths) != len(tokens):
        yield "segments-mismatch"
        return
    texts, start = [], 0
    for count in counts:
        texts.append(lengths[start : start + count])
        start += count
    generated = max(params.get("generate", 0) - 1, 0) if op in ("ccm_schedule", "ccm_online") else 0
    if n > LIMIT or any(row_count(text, n, profile) + generated > LIMIT for text in texts):
        yield "text-too-long"
    forced = given.get("forced", []) if op == "ccm_online" else []
    if any(not 0 <= token < vocabulary for token in [*tokens, *forced]):
        yield "text-token-out-of-range"
    if op in WITH_OUTPUTS and any(not 0 <= out < text[-1] for out, text in zip(given["output_lengths"], texts)):
        yield "output-length-out-of-range"
    if op in ("ccm_schedule", "ccm_online") and params["generate"] < 0:
        yield "negative-generation-length"
    if op == "ccm_cost":
        factors = [params[name] for name in ("layers", "kv_heads", "head_dim", "bytes_per_element")]
        if min(factors) < 1 or 2 * math.prod(factors) >= 2**63:
            yield "cache-size-out-of-range"
    if refusal:
        yield refusal


def row_count(lengths, n, profile):
    """Rows of the parallel layout (CCM-5)."""
    chosen, contexts = axes(profile), len(lengths) - 1
    blocks = contexts
    if chosen["memory"] == "merge":
        blocks += contexts if chosen["recurrence"] == "recurrent" else min(contexts, 1)
    return sum(lengths) + n * blocks


def answer(op, params, profile, texts, output_lengths):
    """The answer of CCM-31: a nested list and its shape for every name."""
    n, vocabulary, beginning = (params[name] for name in ("memory_tokens", "text_vocabulary", "beginning_token"))
    if op in ("ccm_layout", "ccm_mask"):
        batch = padded([layout(text, n, vocabulary, profile, length) for text, length in zip(texts, output_lengths)])
        shape = (len(batch), len(batch[0]))
        if op == "ccm_mask":
            return {"mask": ([mask(rows, beginning, profile) for rows in batch], (*shape, shape[1]))}
        keys = {"tokens": "token", "roles": "role", "segments": "segment", "indices": "index",
                "positions": "position", "labels": "label"}
        number = {None: -1} | {role: i for i, role in enumerate(ROLES)}
        return {name: ([[number.get(row[key], row[key]) for row in rows] for rows in batch], shape)
                for name, key in keys.items()}
    (text,) = texts
    if op == "ccm_schedule":
        # The ids of the m - 1 tokens generated are not known and do not matter: the final segment drops nothing.
        fed = [*text[:-1], text[-1] + [0] * max(params["generate"] - 1, 0)]
        memory = schedule(fed, n, vocabulary, beginning, profile)
        most = max(map(len, memory.entries))
        entries = [held + [-1] * (most - len(held)) for held in memory.entries]
        return {"events": (memory.events, (len(entries), 6)), "entries": (entries, (len(entries), most)),
                "maximum": (most, ())}
    sizes = [params[name] for name in ("layers", "kv_heads", "head_dim", "bytes_per_element")]
    return {name: (value, (len(value),) if isinstance(value, list) else ())
            for name, value in cost(text, n, beginning, profile, *sizes).items()}
