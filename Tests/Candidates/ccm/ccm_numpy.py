"""Chapter 16 of the Spec in NumPy, in any element type: merge, conditional LoRA, the parallel pass with every
intermediate, the loss, and the online cache.

The parallel pass has the SUM rows of CCM-5 and replaces their keys and values (CCM-17). The online one has none and
folds (CCM-24). The stages that the base has too are those of port/stages.py. A result is rounded to the element type
where it is a tensor of its own, and running means are kept in the accumulation type.
"""

import numpy as np

import ccm_model  # first: it makes the modules of the folder above known
import ccm_structure
import rotations
import stages
import tensors

DOUBLE = tensors.TYPES["f64"]


def running_means(entries, profile, rate=None):
    """M_1 … M_T of h_1 … h_T (CCM-3, CCM-19), not rounded to the element type; `entries` is [T, …]."""
    if ccm_structure.axes(profile)["merge_rate"] == "mean":
        return np.array([sum(entries[:t], np.zeros_like(entries[0])) / t for t in range(1, len(entries) + 1)])
    means = [np.asarray(entries[0])]
    for entry in entries[1:]:
        means.append((1 - rate) * means[-1] + rate * entry)
    return np.array(means)


def conditional_linear(x, weight, lora_a, lora_b, scale, gate, element=DOUBLE):
    """CCM-20: y = Wx, and (α/r)·B(Ax) more where the gate is true."""
    y = x @ weight.T
    gate = np.asarray(gate, dtype=bool)
    y[gate] += scale * stages.linear(stages.linear(x[gate], lora_a, element), lora_b, element)
    return element.store(y)


class Pass:
    """One pass over rows through a model with its adapter: all tensors of MOD-7."""

    def __init__(self, model):
        self.model = model

    def project(self, layer, name, x, gate):
        base = self.model.base.blocks[layer][name]
        return conditional_linear(
            x, base, *self.model.low_rank(layer, name), self.model.scale, gate, self.model.element)

    def run(self, hidden, rows, visible, merge=None, past=None):
        """`merge` changes a layer's keys or values before they are read; `past` has those of rows fed before."""
        base, element, gate = self.model.base, self.model.element, [row["role"] in "cs" for row in rows]
        positions = np.array([row["position"] for row in rows])
        cos, sin = stages.rotation(positions, base.head_dim, rotations.plain(base.theta), element)
        trace = {"hidden.0": element.store(np.asarray(hidden, dtype=element.accumulation))}
        for n, weights in enumerate(base.blocks):
            x, out = trace[f"hidden.{n}"], {}
            normed = out["attention.norm"] = stages.rms_norm(x, weights["input_layernorm"], base.epsilon, element)
            query, key, value = (self.project(n, name, normed, gate) for name in ("q_proj", "k_proj", "v_proj"))
            query, key = (stages.rotate(part, cos, sin, element) for part in (query, key))
            if merge:
                key, value = element.store(merge(key)), element.store(merge(value))
            out |= {"attention.query": query, "attention.key": key, "attention.value": value}
            if past is not None:
                key, value = np.concatenate([past[n][0], key]), np.concatenate([past[n][1], value])
            out["attention.context"], out["attention.probabilities"] = stages.attention(
                query, key, value, visible, base.heads, base.kv_heads, element)
            out["attention.output"] = self.project(n, "o_proj", out["attention.context"], gate)
            middle = out["middle"] = element.store(x + out["attention.output"])
            normed = out["feed_forward.norm"] = stages.rms_norm(
                middle, weights["post_attention_layernorm"], base.epsilon, element)
            out["feed_forward.gate"] = stages.linear(normed, weights["gate_proj"], element)
            out["feed_forward.up"] = stages.linear(normed, weights["up_proj"], element)
            out["feed_forward.activation"] = stages.gated(out["feed_forward.gate"], out["feed_forward.up"], element)
            out["feed_forward.output"] = stages.linear(
                out["feed_forward.activation"], weights["down_proj"], element)
            trace |= {f"layers.{n}.{name}": tensor for name, tensor in out.items()}
            trace[f"hidden.{n + 1}"] = element.store(middle + out["feed_forward.output"])
        trace["final_norm"] = stages.rms_norm(trace[f"hidden.{len(base.blocks)}"], base.gain, base.epsilon, element)
        trace["logits"] = stages.linear(trace["final_norm"], base.head, element)
        return trace


def merger(rows, profile, rate):
    """Replaces the rows of SUM by the means of their slots, in one layer's keys or values (CCM-17)."""
    slots = {}
    for r, row in enumerate(rows):
        if row["role"] == "c":
            slots.setdefault(row["index"], []).append(r)

    def merge(tensor):
        tensor = tensor.copy()
        for r, row in enumerate(rows):
            if row["role"] == "s":
                before = [c for c in slots[row["index"]] if c < r]
                tensor[r] = running_means([tensor[c] for c in before], profile, rate)[-1]
        return tensor

    return merge


def parallel(model, rows, beginning, profile, rate=None, embeddings=None):
    """The parallel layout's forward pass with all intermediates (CCM-33); pads may stand in front."""
    hidden = model.embedding[[row["token"] for row in rows]] if embeddings is None else embeddings
    visible = np.array(ccm_structure.mask(rows, beginning, profile), dtype=bool)
    merge = merger(rows, profile, rate) if any(row["role"] == "s" for row in rows) else None
    return Pass(model).run(hidden, rows, visible, merge)


def loss(model, layouts, beginning, profile, rate=None):
    """CCM-23 for the unpadded layouts of a batch."""
    values = []
    for rows in layouts:
        labelled = [r for r, row in enumerate(rows) if row["label"] is not None]
        if labelled:
            logits = parallel(model, rows, beginning, profile, rate)["logits"][labelled]
            values.append(stages.cross_entropy(logits, [rows[r]["label"] for r in labelled]))
    element = model.element
    return element.store(np.concatenate(values).mean() if values else element.accumulation(0))


class Online:
    """A text fed segment by segment through the cache of CCM-24, and on from its final segment (CCM-34)."""

    def __init__(self, model, text, params, profile):
        self.model, self.profile, self.rate = model, profile, params.get("rate")
        self.n, self.vocabulary = params["memory_tokens"], params["text_vocabulary"]
        self.beginning, self.last = params["beginning_token"], len(text) - 1
        self.rows, self.held, self.texts = [], [], 0  # online rows fed; numbers of those held; text tokens fed
        self.entries = {}  # number of a row held -> [layers, 2, W]: its key and value, or the running mean
        self.summed, self.folds = None, 0  # per slot the sum of entries, or the exponential mean
        self.events, self.logits, self.appended = [], [], []
        for segment, tokens in enumerate(text):
            for index, token in enumerate(tokens):
                self.read(token, segment, index)
            if segment < self.last:
                self.compress(segment)
        self.length = len(text[-1])

    def sees(self, query, number):
        key = self.rows[number]
        if key["segment"] == query["segment"] or self.is_sink(key):
            return True
        recurrent = ccm_structure.axes(self.profile)["recurrence"] == "recurrent"
        return key["role"] == "c" and (recurrent or query["segment"] == self.last)

    def is_sink(self, row):
        on = ccm_structure.axes(self.profile)["sink"] == "on"
        return on and row["role"] == "x" and row["token"] == self.beginning

    def feed(self, rows):
        """One pass; every row sees what is held and the rows of the pass up to itself."""
        first = len(self.rows)
        self.rows += rows
        visible = np.array([
            [self.sees(row, number) for number in self.held] + [k <= q for k in range(len(rows))]
            for q, row in enumerate(rows)], dtype=bool)
        layers, width = len(self.model.base.blocks), self.model.base.kv_heads * self.model.base.head_dim
        past = np.array([self.entries[number] for number in self.held]).reshape(len(self.held), layers, 2, width)
        trace = Pass(self.model).run(
            self.model.embedding[[row["token"] for row in rows]], rows, visible, past=past.transpose(1, 2, 0, 3))
        for r in range(len(rows)):
            entry = np.array([[trace[f"layers.{n}.attention.{part}"][r] for part in ("key", "value")]
                              for n in range(layers)])
            self.entries[first + r] = entry
            self.appended.append(entry)
            self.held.append(first + r)
        return trace["logits"]

    def read(self, token, segment, index):
        row = {"token": token, "role": "x", "segment": segment, "index": index, "position": self.texts}
        self.logits.append(self.feed([row])[0])
        self.events.append([ccm_structure.READ, self.texts, len(self.held)])
        self.texts += 1

    def compress(self, segment):
        first = len(self.rows)
        self.feed([{"token": self.vocabulary + j, "role": "c", "segment": segment, "index": j,
                    "position": self.texts + j} for j in range(self.n)])
        self.events.append([ccm_structure.COMPRESS, segment, len(self.held)])
        dropped = [number for number in self.held if self.rows[number]["role"] == "x"
                   and self.rows[number]["segment"] == segment and not self.is_sink(self.rows[number])]
        self.held = [number for number in self.held if number not in dropped]
        self.events.append([ccm_structure.DROP, segment, len(self.held)])
        if ccm_structure.axes(self.profile)["memory"] == "merge":
            self.fold(segment, range(first, first + self.n))
            self.events.append([ccm_structure.FOLD, segment, len(self.held)])

    def fold(self, segment, block):
        new, self.folds = np.array([self.entries[number] for number in block]), self.folds + 1
        if ccm_structure.axes(self.profile)["merge_rate"] == "mean":
            self.summed = (np.zeros_like(new) if self.summed is None else self.summed) + new
            means = self.summed / self.folds
        else:
            self.summed = new if self.summed is None else (1 - self.rate) * self.summed + self.rate * new
            means = self.summed
        self.held = [number for number in self.held
                     if self.rows[number]["role"] == "x" or self.rows[number]["segment"] == segment]
        self.entries |= dict(zip(block, self.model.element.store(means)))

    def generate(self, count, forced=None):
        """The tokens chosen (CCM-27); forced ones are fed in their place."""
        chosen = []
        for step in range(count):
            chosen.append(int(np.argmax(self.logits[-1])))
            if step + 1 < count:
                self.read(chosen[-1] if forced is None else forced[step], self.last, self.length)
                self.length += 1
        return chosen

    def stacked(self, entries, part):
        """Keys (0) or values (1) of entries, [layers, entries, W]."""
        base = self.model.base
        shape = (len(entries), len(base.blocks), 2, base.kv_heads * base.head_dim)
        return np.array(entries).reshape(shape).transpose(2, 1, 0, 3)[part]

    def answer(self, chosen):
        """The tensors of CCM-34."""
        held = [self.entries[number] for number in self.held]
        return {
            "chosen": np.array(chosen, dtype=np.int64), "logits": np.array(self.logits),
            "events": np.array(self.events, dtype=np.int64).reshape(-1, 3),
            "appended.keys": self.stacked(self.appended, 0), "appended.values": self.stacked(self.appended, 1),
            "cache.rows": np.array(self.held, dtype=np.int64),
            "cache.keys": self.stacked(held, 0), "cache.values": self.stacked(held, 1)}
