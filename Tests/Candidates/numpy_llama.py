"""The decoder of the Spec's chapter 8 in NumPy float64, with every intermediate of MOD-7, and the compressed cache of
chapters 6 and 7 around it.

Written from the Spec's formulas; weights come from `config.json` and `model.safetensors` of a model's directory, rows,
positions and masks from loma_layout.py. A pass knows the keys and values of rows fed before only through the cache.
"""

import pathlib

import ml_dtypes  # noqa: F401  by being imported it gives NumPy the type bfloat16
import numpy as np
from safetensors.numpy import load_file

import loma_layout
import loma_model
import loma_rotation


def rms_norm(x, gain, epsilon):
    """MOD-2."""
    return gain * (x / np.sqrt((x * x).mean(-1, keepdims=True) + epsilon))


def rope(x, positions, head_dim, rotation):
    """MOD-3: x is [S, heads * d]; pairs stand half a head apart. A number for the rotation is the θ of a plain one."""
    frequencies, factor = loma_rotation.frequencies(rotation, head_dim)
    angle = (np.asarray(positions, dtype=np.float64)[:, None] * np.array(frequencies))[:, None, :]
    cos, sin = factor * np.cos(angle), factor * np.sin(angle)
    heads = x.reshape(len(x), x.shape[1] // head_dim, head_dim)
    a, b = heads[..., : head_dim // 2], heads[..., head_dim // 2 :]
    return np.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1).reshape(x.shape)


def linear(x, weights, name):
    """A projection with its bias, if it has one."""
    y = x @ weights[name].T
    return y + weights[name + "_bias"] if name + "_bias" in weights else y


def head_norm(x, weights, name, head_dim, epsilon):
    """RMSNorm over each head's d, if the layer has a gain for it."""
    if name not in weights:
        return x
    heads = x.reshape(len(x), x.shape[1] // head_dim, head_dim)
    return rms_norm(heads, weights[name], epsilon).reshape(x.shape)


def attention(query, key, value, visible, heads, kv_heads):
    """MOD-4 and MSK-12: the context [Q, H * d] and the probabilities [H, Q, K], exactly 0 where hidden."""
    d = query.shape[1] // heads
    context, probabilities = np.zeros(query.shape), np.zeros((heads, len(query), len(key)))
    for h in range(heads):
        own = slice(h * d, (h + 1) * d)
        shared = slice((h * kv_heads // heads) * d, (h * kv_heads // heads + 1) * d)
        for r in range(len(query)):
            seen = np.flatnonzero(visible[r])
            scores = key[seen, shared] @ query[r, own] / np.sqrt(d)
            weights = np.exp(scores - scores.max())
            weights /= weights.sum()
            probabilities[h, r, seen] = weights
            context[r, own] = weights @ value[seen, shared]
    return context, probabilities


def silu(x):
    """MOD-5."""
    with np.errstate(over="ignore"):
        return x / (1 + np.exp(-x))


def cross_entropy(logits, labels):
    """LOS-5, row by row."""
    top = logits.max(-1)
    return np.log(np.exp(logits - top[:, None]).sum(-1)) + top - logits[np.arange(len(labels)), labels]


def feed_forward(middle, weights, epsilon, out):
    """MOD-5 in MOD-6: writes the intermediates into `out` and returns the layer's result."""
    out["feed_forward.norm"] = rms_norm(middle, weights["post_attention_layernorm"], epsilon)
    out["feed_forward.gate"] = linear(out["feed_forward.norm"], weights, "gate_proj")
    out["feed_forward.up"] = linear(out["feed_forward.norm"], weights, "up_proj")
    out["feed_forward.activation"] = silu(out["feed_forward.gate"]) * out["feed_forward.up"]
    out["feed_forward.output"] = linear(out["feed_forward.activation"], weights, "down_proj")
    return middle + out["feed_forward.output"]


def decoder_layer(x, positions, visible, weights, heads, kv_heads, epsilon, rotation, past=None):
    """MOD-6, one layer. `weights` maps the short names of OPS-3 to arrays; a family has biases and norms of queries and
    keys among them. `past` is keys and values of earlier rows. Returns the intermediates under the names of
    MOD-7 without their layer, and the layer's result."""
    d = len(weights["q_proj"]) // heads
    out = {"attention.norm": rms_norm(x, weights["input_layernorm"], epsilon)}
    normed = out["attention.norm"]
    for name, short in (("query", "q"), ("key", "k")):
        unrotated = head_norm(linear(normed, weights, f"{short}_proj"), weights, f"{short}_norm", d, epsilon)
        out[f"attention.{name}"] = rope(unrotated, positions, d, rotation)
    out["attention.value"] = linear(normed, weights, "v_proj")
    keys, values = out["attention.key"], out["attention.value"]
    if past is not None:
        keys, values = np.concatenate([past[0], keys]), np.concatenate([past[1], values])
    out["attention.context"], out["attention.probabilities"] = attention(
        out["attention.query"], keys, values, visible, heads, kv_heads)
    out["attention.output"] = linear(out["attention.context"], weights, "o_proj")
    out["middle"] = x + out["attention.output"]
    return out, feed_forward(out["middle"], weights, epsilon, out)


def short_name(name):
    """self_attn.q_proj.weight is q_proj, self_attn.q_proj.bias is q_proj_bias."""
    return name.removeprefix("self_attn.").removeprefix("mlp.").removesuffix(".weight").replace(".bias", "_bias")


class Llama:
    """A model's directory (MOD-1)."""

    def __init__(self, directory):
        directory = pathlib.Path(directory)
        config = loma_model.settings(directory)
        stored = load_file(directory / "model.safetensors")
        self.vocabulary, self.width = config["vocab_size"], config["hidden_size"]
        self.layers, self.heads = config["num_hidden_layers"], config["num_attention_heads"]
        self.kv_heads, self.head_dim = config["num_key_value_heads"], config["head_dim"]
        self.epsilon, self.rotation = config["rms_norm_eps"], config["rotation"]
        tied, inner = config["tie_word_embeddings"], config["intermediate_size"]
        q, kv, wide = self.heads * self.head_dim, self.kv_heads * self.head_dim, self.width
        shapes = {
            "input_layernorm": [wide], "self_attn.q_proj": [q, wide], "self_attn.k_proj": [kv, wide],
            "self_attn.v_proj": [kv, wide], "self_attn.o_proj": [wide, q], "post_attention_layernorm": [wide],
            "mlp.gate_proj": [inner, wide], "mlp.up_proj": [inner, wide], "mlp.down_proj": [wide, inner]}
        if config["qk_norm"]:
            shapes |= {"self_attn.q_norm": [self.head_dim], "self_attn.k_norm": [self.head_dim]}
        shapes = {name + ".weight": shape for name, shape in shapes.items()}
        shapes |= {name.removesuffix("weight") + "bias": shape[:1] for name, shape in shapes.items()
                   if name.split(".")[-2] in config["biases"]}
        self.shapes = {"model.embed_tokens.weight": [self.vocabulary, wide], "model.norm.weight": [wide]}
        self.shapes |= {} if tied else {"lm_head.weight": [self.vocabulary, wide]}
        for n in range(self.layers):
            self.shapes |= {f"model.layers.{n}.{name}": shape for name, shape in shapes.items()}
        if tied:
            stored.pop("lm_head.weight", None)
        found = {name: list(array.shape) for name, array in stored.items()}
        assert found == self.shapes, f"{directory}: the weights are not those of MOD-1"
        weights = {name: array.astype(np.float64) for name, array in stored.items()}
        self.embedding, self.gain = weights["model.embed_tokens.weight"], weights["model.norm.weight"]
        self.head = self.embedding if tied else weights["lm_head.weight"]
        self.blocks = [
            {short_name(name): weights[f"model.layers.{n}.{name}"] for name in shapes}
            for n in range(self.layers)]

    def forward(self, hidden, positions, visible, past=None):
        """All tensors of MOD-7 for rows with these embeddings; `past` has keys and values of every layer."""
        trace = {"hidden.0": np.asarray(hidden, dtype=np.float64)}
        for n, weights in enumerate(self.blocks):
            out, result = decoder_layer(
                trace[f"hidden.{n}"], positions, visible, weights, self.heads, self.kv_heads, self.epsilon,
                self.rotation, None if past is None else past[n])
            trace |= {f"layers.{n}.{name}": value for name, value in out.items()}
            trace[f"hidden.{n + 1}"] = result
        trace["final_norm"] = rms_norm(trace[f"hidden.{self.layers}"], self.gain, self.epsilon)
        trace["logits"] = trace["final_norm"] @ self.head.T
        return trace

    def forward_rows(self, rows, profile, embeddings=None):
        """The same for the rows of a layout, without a cache."""
        hidden = self.embedding[[row["token"] for row in rows]] if embeddings is None else embeddings
        visible = np.array(loma_layout.mask(rows, profile), dtype=bool).reshape(len(rows), len(rows))
        return self.forward(hidden, [row["position"] for row in rows], visible)

    def losses(self, layouts, profile):
        """Both terms of LOS-4 for the unpadded layouts of a batch."""
        reading, other = [], []
        for rows in layouts:
            labelled = [r for r, row in enumerate(rows) if row["label"] is not None]
            if labelled:
                logits = self.forward_rows(rows, profile)["logits"][labelled]
                for r, value in zip(labelled, cross_entropy(logits, [rows[r]["label"] for r in labelled])):
                    (reading if rows[r]["zone"] == "x" else other).append(value)
        return [np.mean(values) if values else 0.0 for values in (reading, other)]


class CompressedCache:
    """A text fed through the cache of chapter 6. An entry is a row and its key and value per layer (GEN-1); entries are
    appended by every pass and dropped with their chunk."""

    def __init__(self, model, params, profile):
        self.model, self.params, self.profile = model, params, profile
        self.text, self.rows_fed, self.cache = [], 0, []
        self.events, self.logits, self.appended, self.memory_logits = [], [], [], {}

    def feed(self, token):
        """GEN-2, and GEN-3 where the chunk is full."""
        p = self.params
        self.text.append(token)
        layout = loma_layout.generation_rows(
            self.text, p["c"], p["t"], p["memory_token"], p["repetition_token"], self.profile)
        new = [dict(row, number=n) for n, row in enumerate(layout)][self.rows_fed :]
        self.rows_fed = len(layout)
        reading, memory = new[:1], new[1:]
        assert all(loma_layout.sees(reading[0], entry["row"], self.profile) for entry in self.cache), "GEN-2"
        self.logits.append(self.run(reading, keep=True)["logits"][0])
        self.events.append([0, len(self.text) - 1, len(self.cache)])
        if memory:
            chunk = memory[0]["chunk"]
            self.memory_logits[chunk] = self.run(memory, keep=True)["logits"][-1]
            self.events.append([1, chunk, len(self.cache)])
            self.cache = [e for e in self.cache if (e["row"]["zone"], e["row"]["chunk"]) != ("x", chunk)]
            self.events.append([2, chunk, len(self.cache)])

    def run(self, rows, keep):
        """One pass over `rows`: each sees the entries and the rows of the pass that the mask allows."""
        keys = [entry["row"] for entry in self.cache] + rows
        visible = np.array([[loma_layout.sees(q, s, self.profile) for s in keys] for q in rows])
        width = self.model.kv_heads * self.model.head_dim
        past = [
            [np.array([entry[what][n] for entry in self.cache]).reshape(-1, width) for what in ("keys", "values")]
            for n in range(self.model.layers)]
        hidden = self.model.embedding[[row["token"] for row in rows]]
        trace = self.model.forward(hidden, [row["position"] for row in rows], visible, past)
        if keep:
            new = [
                {"row": row,
                 "keys": [trace[f"layers.{n}.attention.key"][r] for n in range(self.model.layers)],
                 "values": [trace[f"layers.{n}.attention.value"][r] for n in range(self.model.layers)]}
                for r, row in enumerate(rows)]
            self.cache += new
            self.appended += new
        return trace

    def greedy(self, scores):
        """GEN-5: the lowest id among the exact maxima of the text vocabulary."""
        return int(np.argmax(scores[: self.params["text_vocabulary"]]))

    def margin(self, scores):
        """By how much the best score of the text vocabulary exceeds the next, relative to the largest."""
        best = np.sort(scores[: self.params["text_vocabulary"]])[::-1]
        return (best[0] - best[1]) / np.abs(best).max()

    def stacked(self, entries, what):
        """[layers, entries, H_kv * d]."""
        width = self.model.kv_heads * self.model.head_dim
        return np.array([[e[what][n] for e in entries] for n in range(self.model.layers)]).reshape(
            self.model.layers, len(entries), width)

    def reconstruct(self, chunk):
        """REC-1 and REC-4: the tokens, the logits of the repetition rows, and the scores each token was chosen by."""
        p = self.params
        rows = [
            row for row in loma_layout.rows(
                self.text, p["c"], p["t"], p["memory_token"], p["repetition_token"], self.profile)
            if (row["zone"], row["chunk"]) == ("r", chunk)]
        logits = self.run(rows, keep=False)["logits"]
        scores = list(logits)
        if self.profile.get("repetition_labels") == "shifted":
            scores = [self.memory_logits[chunk], *scores[:-1]]
        return [self.greedy(s) for s in scores], logits, scores
