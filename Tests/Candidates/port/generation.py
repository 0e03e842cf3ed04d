"""The compressed cache: generation and reconstruction (chapters 6 and 7, OPS-5)."""

import numpy as np

import layout
import model
from layout import CHUNK, COMPRESS, DROP, MEMORY, POSITION, READ, READING, TOKEN, ZONE


def greedy(logits, p):
    """The lowest text id among exact maxima (GEN-5)."""
    return int(np.argmax(logits[: p["text_vocabulary"]]))


class Cache:
    """Entries of one text by layer, as rows of the generation layout (GEN-1)."""

    def __init__(self, weights, p, axes, element):
        self.weights, self.p, self.axes, self.element = weights, p, axes, element
        shape = weights.config.shape
        none = np.zeros((0, shape.kv_heads * shape.head_dim), element.accumulation)
        self.entries = [(none, none) for _ in weights.layers]
        self.held = np.zeros((0, 6), np.int64)  # the rows whose entries are cached, in cache order
        self.numbers = np.zeros(0, np.int64)  # their numbers in the generation layout
        self.fed, self.memory_logits, self.events = [], [], []
        self.appended = [([none], [none]) for _ in weights.layers]

    def forward(self, rows, seen):
        return model.run(self.weights, rows[:, TOKEN], rows[:, POSITION], seen, self.element, past=self.entries)

    def append(self, rows, trace):
        for n, (keys, values) in enumerate(self.entries):
            k, v = trace[f"layers.{n}.attention.key"], trace[f"layers.{n}.attention.value"]
            self.entries[n] = np.concatenate([keys, k]), np.concatenate([values, v])
            self.appended[n][0].append(k)
            self.appended[n][1].append(v)
        count = sum(map(len, self.fed))
        self.held = np.concatenate([self.held, rows])
        self.numbers = np.concatenate([self.numbers, np.arange(count, count + len(rows))])
        self.fed.append(rows)

    def read(self, token):
        """Feeds one text token, which sees all entries and itself, and compresses a full chunk (GEN-2, GEN-3)."""
        length, t = self.p["c"] * self.p["t"], self.p["t"]
        g = sum(kind == READ for kind, *_ in self.events)
        chunk, i = divmod(g, length)
        row = np.array([[token, READING, chunk, i, layout.position(READING, chunk, i, self.p, self.axes), -1]])
        trace = self.forward(row, np.ones((1, len(self.held) + 1), bool))
        self.append(row, trace)
        self.note(READ, g)
        if i == length - 1:
            self.compress(chunk, t)
        return trace["logits"][0]

    def compress(self, chunk, t):
        """The memory rows of a chunk in one pass; then its reading entries go (GEN-3)."""
        rows = np.array([[self.p["memory_token"], MEMORY, chunk, j,
                          layout.position(MEMORY, chunk, j, self.p, self.axes), -1] for j in range(t)])
        trace = self.forward(rows, layout.visible(rows, np.concatenate([self.held, rows]), self.axes))
        self.append(rows, trace)
        self.memory_logits.append(trace["logits"][-1])  # REC-4
        self.note(COMPRESS, chunk)
        self.keep(self.held[:, ZONE] == MEMORY)
        self.note(DROP, chunk)

    def keep(self, kept):
        self.entries = [(keys[kept], values[kept]) for keys, values in self.entries]
        self.held, self.numbers = self.held[kept], self.numbers[kept]

    def note(self, kind, argument):
        self.events.append((kind, argument, len(self.held)))


def generate(weights, prompt, p, axes, element, forced=None):
    cache, logits, chosen = Cache(weights, p, axes, element), [], []
    for token in prompt:
        logits.append(cache.read(token))
    for i in range(p["generate"]):
        chosen.append(greedy(logits[-1], p))
        if i < p["generate"] - 1:  # the last is chosen and not fed
            logits.append(cache.read(chosen[-1] if forced is None else forced[i]))
    vocabulary = len(weights.head)
    return {
        "chosen": np.array(chosen, np.int64),
        "logits": np.array(logits, element.accumulation).reshape(-1, vocabulary),
        "events": np.array(cache.events, np.int64).reshape(-1, 3),
        "appended.keys": np.stack([np.concatenate(keys) for keys, _ in cache.appended]),
        "appended.values": np.stack([np.concatenate(values) for _, values in cache.appended]),
        "cache.rows": cache.numbers,
        "cache.keys": np.stack([keys for keys, _ in cache.entries]),
        "cache.values": np.stack([values for _, values in cache.entries]),
    }


def reconstruct(weights, text, p, axes, element):
    """Chunk `chunk` recited from the cache of the whole text, by rows that are not cached (REC-1)."""
    cache = Cache(weights, p, axes, element)
    for token in text:
        cache.read(token)
    rows = layout.layout(text, p, axes)
    rows = rows[(rows[:, ZONE] == layout.REPETITION) & (rows[:, CHUNK] == p["chunk"])]
    logits = cache.forward(rows, layout.visible(rows, np.concatenate([cache.held, rows]), axes))["logits"]
    by = logits
    if axes["repetition_labels"] == "shifted":  # REC-4
        by = np.concatenate([cache.memory_logits[p["chunk"]][None], logits[:-1]])
    return {"tokens": np.array([greedy(row, p) for row in by], np.int64), "logits": logits}
