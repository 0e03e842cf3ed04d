"""Generation and reconstruction for candidate_sdpa.py: chapters 6 and 7 around a cache of a fixed size.

The cache is one buffer a layer, as large as it ever needs to be (GEN-6), and a cursor. Memory entries stand first, the
reading entries of the current chunk follow. To compress, the memory rows are fed behind them; then their entries are
moved down over the reading entries and the cursor is set back. Text is fed token by token. Who sees whom follows here
from where an entry stands in the buffer, positions from chapter 3's formulas: neither comes from loma_layout.py.
"""

import torch


class Buffer:
    """Keys and values of all layers, [H_kv, entries, d] each, filled up to `used`."""

    def __init__(self, layers, kv_heads, head_dim, entries, dtype):
        self.parts = torch.zeros(layers, 2, kv_heads, entries, head_dim, dtype=dtype)
        self.used = 0

    def append(self, layer, keys, values):
        """Writes [1, H_kv, rows, d] behind the cursor, which does not move; returns all entries of this layer."""
        end = self.used + keys.shape[2]
        for part, new in enumerate((keys, values)):
            self.parts[layer, part, :, self.used : end] = new[0]
        return self.parts[layer, 0, :, :end][None], self.parts[layer, 1, :, :end][None]

    def flat(self, start, end):
        """Keys and values of some entries, [layers, entries, H_kv * d]."""
        return [self.parts[:, part, :, start:end].transpose(1, 2).flatten(2) for part in (0, 1)]


class Reader:
    """One text, read token by token."""

    def __init__(self, model, request, length):
        self.model, self.p, self.profile = model, request.params, request.profile
        self.t, self.size = self.p["t"], self.p["c"] * self.p["t"]
        full = length // self.size
        entries = full * self.t + self.size + max(self.size, self.t) if full else length
        config = model.config
        self.buffer = Buffer(config["num_hidden_layers"], config["num_key_value_heads"], config["head_dim"], entries,
                             model.dtype)
        self.read, self.rows = 0, 0  # text tokens and rows of the generation layout fed so far
        self.held = []  # the rows behind the buffer's entries
        self.logits, self.memory_logits, self.events, self.appended = [], [], [], []

    def axis(self, name):
        """The alternative of an axis, or None for its default."""
        return self.profile.get(name)

    def place(self, zone, chunk, index):
        """Chapter 3."""
        if self.axis("numbering") == "sequential":
            before = {"reading": 0, "memory": self.size, "repetition": self.size + self.t}[zone]
            return chunk * (2 * self.size + self.t) + before + index
        if self.axis("numbering") == "generation":
            return chunk * (self.size + self.t) + (self.size if zone == "memory" else 0) + index
        if self.axis("numbering") == "compressed":
            return chunk * self.t + index
        if zone != "memory":
            return chunk * self.size + index
        start = chunk * self.size + index * self.p["c"]
        return start if self.axis("memory_positions") == "span_start" else start + self.p["c"] - 1

    def feed(self, token, zone, chunk, indices, seen):
        """One pass of rows with the same token; `seen` is [rows, entries before and own]. Returns their logits."""
        positions = torch.tensor([[self.place(zone, chunk, i) for i in indices]])
        return self.model(torch.full_like(positions, token), positions, seen[None], cache=self.buffer)[0]

    def keep(self, count):
        """The rows just fed stay. Their entries are copied: with one KV head `flat` is a view, and compressing would
        overwrite it."""
        new = self.buffer.flat(self.buffer.used, self.buffer.used + count)
        self.appended.append([part.clone() for part in new])
        self.held += range(self.rows, self.rows + count)
        self.buffer.used, self.rows = self.buffer.used + count, self.rows + count

    def next(self, token):
        """GEN-2: the token sees everything cached and itself. Where it fills its chunk, GEN-3."""
        chunk, index = divmod(self.read, self.size)
        everything = torch.ones(1, self.buffer.used + 1, dtype=torch.bool)
        self.logits.append(self.feed(token, "reading", chunk, [index], everything)[0])
        self.keep(1)
        self.events.append([0, self.read, self.buffer.used])
        self.read += 1
        if index + 1 == self.size:
            self.compress(chunk)

    def compress(self, chunk):
        """GEN-3: the memory rows in one pass; their entries take the place of the reading entries."""
        t, past = self.t, chunk * self.t
        seen = torch.ones(t, self.buffer.used + t, dtype=torch.bool)
        if self.axis("memory_context") == "own_chunk":
            seen[:, :past] = False
        if self.axis("memory_attention") == "causal":
            seen[:, self.buffer.used :] = torch.ones(t, t, dtype=torch.bool).tril()
        self.memory_logits.append(self.feed(self.p["memory_token"], "memory", chunk, range(t), seen)[-1])
        self.keep(t)
        self.events.append([1, chunk, self.buffer.used])
        parts, end = self.buffer.parts, self.buffer.used
        parts[:, :, :, past : past + t] = parts[:, :, :, end - t : end].clone()
        self.held = self.held[:past] + self.held[-t:]
        self.buffer.used = past + t
        self.events.append([2, chunk, self.buffer.used])

    def recite(self, chunk):
        """REC-1: logits of a chunk's repetition rows, which see memory entries alone and are not kept."""
        size, t = self.size, self.t
        seen = torch.zeros(size, self.buffer.used + size, dtype=torch.bool)
        first = 0 if self.axis("repetition_context") == "past_memories" else chunk * t
        seen[:, first : (chunk + 1) * t] = True
        own = {None: torch.ones(size, size).tril(), "bidirectional": torch.ones(size, size),
               "self_only": torch.eye(size)}[self.axis("repetition_attention")]
        seen[:, self.buffer.used :] = own.bool()
        return self.feed(self.p["repetition_token"], "repetition", chunk, range(size), seen)

    def choose(self, scores):
        """GEN-5: the first of the text vocabulary's highest scores."""
        own = scores[: self.p["text_vocabulary"]].tolist()
        return own.index(max(own))


def generate(request, model):
    prompt, m = request.texts[0], request.params["generate"]
    forced = request.input["forced"].tolist() if "forced" in request.input else None
    reader, chosen = Reader(model, request, len(prompt) + max(m - 1, 0)), []
    for token in prompt:
        reader.next(token)
    while len(chosen) < m:
        chosen.append(reader.choose(reader.logits[-1]))  # GEN-4
        if len(chosen) < m:
            reader.next(chosen[-1] if forced is None else forced[len(chosen) - 1])
    nothing, held = reader.buffer.flat(0, 0), reader.buffer.flat(0, reader.buffer.used)
    appended = [torch.cat(parts, dim=1) for parts in zip(nothing, *reader.appended)]
    none = torch.zeros(0, request.params["model_vocabulary"], dtype=model.dtype)
    return {
        "chosen": torch.tensor(chosen, dtype=torch.int64), "logits": torch.stack(reader.logits) if prompt else none,
        "events": torch.tensor(reader.events, dtype=torch.int64).reshape(-1, 3),
        "cache.rows": torch.tensor(reader.held, dtype=torch.int64),
        "appended.keys": appended[0], "appended.values": appended[1], "cache.keys": held[0], "cache.values": held[1]}


def reconstruct(request, model):
    text, chunk = request.texts[0], request.params["chunk"]
    reader = Reader(model, request, len(text))
    for token in text:
        reader.next(token)
    logits = reader.recite(chunk)
    scores = list(logits)
    if reader.axis("repetition_labels") == "shifted":  # REC-4
        scores = [reader.memory_logits[chunk], *scores[:-1]]
    return {"logits": logits, "tokens": torch.tensor([reader.choose(s) for s in scores])}
