#!/usr/bin/env python3
"""A LoMA candidate in one file of NumPy: every operation but gradients and train_step, in float64 and float32.

  pip install -r Tests/Candidates/requirements-numpy.txt
  loma conform -- python3 Tests/Candidates/candidate_numpy.py

It is meant to be copied. From top to bottom: which input is rejected, the rows of a text, who sees whom, counts, the
stages of a Llama decoder, the model, the compressed cache, the operations by name, and the conversation with the
runner. The comments name the clauses of Spec. Every profile is supported.
"""

import functools
import json
import math
import sys

import ml_dtypes  # noqa: F401  by being imported it gives NumPy the type bfloat16, of trained models' weights
import numpy as np
from safetensors.numpy import load_file, save_file

AXES = {  # Spec/registry.md: the first value is the default
    "memory_positions": ["span_end", "span_start"],
    "numbering": ["text", "sequential", "generation", "compressed"],
    "memory_context": ["past_memories", "own_chunk"],
    "memory_attention": ["bidirectional", "causal"],
    "repetition_context": ["own_memory", "past_memories"],
    "repetition_attention": ["causal", "bidirectional", "self_only"],
    "repetition_labels": ["aligned", "shifted"],
}


class Reject(Exception):
    """Bad input; the argument is a code of Spec/rejections.md."""


FAMILIES = ["linear", "dynamic", "llama3", "yarn", "biases", "mistral", "qwen2", "qwen3"]  # beside plain Llama, RUN-2
COMPUTED = {  # MOD-1: keys that change the arithmetic, and the values that are computed
    "model_type": ("llama", "mistral", "qwen2", "qwen3"), "hidden_act": ("silu", "swish"), "pretraining_tp": (1, None),
    "quantization_config": (None,), "partial_rotary_factor": (1, None)}
ROTATIONS = {  # MOD-8, MOD-9: what the rope object of each type must hold, and what it may hold beside
    "default": ([], []), "linear": (["factor"], []), "dynamic": (["factor"], ["original_max_position_embeddings"]),
    "llama3": (["factor", "low_freq_factor", "high_freq_factor"], ["original_max_position_embeddings"]),
    "yarn": (["factor"], ["original_max_position_embeddings", "attention_factor", "beta_fast", "beta_slow", "mscale",
                          "mscale_all_dim", "truncate", "finetuned"])}
ANY_ROTATION = ["rope_type", "type", "rope_theta", "partial_rotary_factor"]


def check(op, p, profile, texts, given, directory):
    """Rejects bad input. Of several faults the code that stands first in the list is right (OPS-6), so the order below
    is the list's. A parameter that the operation does not name is not looked at."""

    def need(condition, code):
        if not condition:
            raise Reject(code)

    on_texts = op in ("layout", "mask", "forward", "loss", "generate", "reconstruct")
    chunked = on_texts or op in ("schedule", "metrics", "cost")
    if chunked:
        need(p["c"] >= 1, "ratio-below-one")
        need(p["t"] >= 1, "memory-length-below-one")
        need(p["t"] * p["c"] < 2**63, "chunk-too-long")
    if on_texts:
        size, special = p["text_vocabulary"], [p["memory_token"], p["repetition_token"]]
        need(size >= 1, "vocabulary-size-out-of-range")
        need(min(special) >= size, "special-token-in-text-vocabulary")
        need(special[0] != special[1], "equal-special-tokens")
        need(max(special) < p["model_vocabulary"], "no-room-for-special-token")
        fed = texts + [given["forced"].tolist()] if op == "generate" and "forced" in given else texts
        need(all(0 <= token < size for text in fed for token in text), "text-token-out-of-range")
    if op in ("schedule", "generate", "cost"):
        n = len(texts[0]) if op == "generate" else p["prompt_length" if op == "schedule" else "text_length"]
        need(n >= 0, "negative-text-length")
        if op != "cost":
            need(p["generate"] >= 0, "negative-generation-length")
            need(n > 0 or p["generate"] == 0, "empty-prompt")
    if op in ("reconstruct", "metrics"):
        full = sum(len(text) // (p["c"] * p["t"]) for text in texts)
        if op == "reconstruct":
            need(0 <= p["chunk"] < full, "no-such-chunk")
        else:
            need(len(given["reconstruction"]) == full * p["c"] * p["t"], "reconstruction-length-mismatch")
    if op == "cost":
        factors = [p[name] for name in ("layers", "kv_heads", "head_dim", "bytes_per_element")]
        need(min(factors) >= 1 and 2 * math.prod(factors) < 2**63, "cache-size-out-of-range")
    need(all(axis in AXES for axis in profile), "unknown-axis")
    need(all(value in AXES[axis] for axis, value in profile.items()), "unknown-alternative")
    if directory:
        check_model(need, directory)
        limit = positions_below(configuration(directory))
        fed = max(p["generate"] - 1, 0) if op == "generate" else 0
        axes = {axis: profile.get(axis, values[0]) for axis, values in AXES.items()}
        rows = [layout_rows(text + [0] * fed, p, axes) for text in texts if limit is not None]
        need(all((own[:, POSITION] < limit).all() for own in rows), "unsupported-configuration")


def check_model(need, directory):
    """MOD-1, MOD-4, MOD-8 to MOD-13: config.json, and that the biases it says are there."""
    config, unsupported, invalid = configuration(directory), "unsupported-configuration", "invalid-configuration"
    need(all(config.get(key, values[0]) in values for key, values in COMPUTED.items()), unsupported)
    family, types = config["model_type"], config.get("layer_types")
    need(types is None or len(types) == config["num_hidden_layers"], unsupported)
    need(not set(types or []) - {"full_attention", *["sliding_attention"] * (family != "llama")}, unsupported)
    if family == "llama":
        need(not config.get("use_sliding_window") and config.get("sliding_window") is None, unsupported)
    need(not (family == "mistral" and config.get("attention_bias") or family != "llama" and config.get("mlp_bias")),
         unsupported)
    kind, rope, old = rotation_of(config)
    need(kind in ROTATIONS and rope.get("partial_rotary_factor", 1) == 1, unsupported)
    needed, optional = ROTATIONS[kind]
    need(not set(rope) - {*needed, *optional, *ANY_ROTATION}, unsupported)
    need(kind == "default" or config.get("max_position_embeddings") is not None, unsupported)
    need(kind in ("default", "linear") or rope.get("original_max_position_embeddings", old) == old, unsupported)
    need(kind != "dynamic" or old == config["max_position_embeddings"], unsupported)
    names = {name.split(".", 3)[-1] for name in tensor_names(directory)}
    need(all(f"{name}.bias" in names for name in biased(config)), unsupported)
    need(all(name in rope and isinstance(rope[name], (int, float, type(None) if kind == "yarn" else float))
             for name in needed), invalid)
    heads = config["num_attention_heads"]
    need(heads % (config.get("num_key_value_heads") or heads) == 0, invalid)
    need((config.get("head_dim") or config["hidden_size"] // heads) % 2 == 0, invalid)
    need(family == "llama" or config.get("num_key_value_heads") is not None, invalid)


# Rows. A layout is an integer array [rows, 6]; none is -1. The columns, and the values of ZONE (OPS-2):
TOKEN, ZONE, CHUNK, INDEX, POSITION, LABEL = range(6)
READING, MEMORY, REPETITION, PAD = range(4)
PAD_ROW = [0, PAD, -1, -1, 0, -1]  # MSK-11


def layout_rows(text, p, axes, generation=False):
    """Chapters 2, 3 and 5: every full chunk as reading, memory and repetition rows, then the tail as reading rows. The
    generation layout has no repetition rows; all else stays, positions too (LAY-5, POS-4)."""
    t, c, n = p["t"], p["c"], len(text)
    chunk_length = t * c
    rows = []

    def add(token, zone, chunk, index, position, label):
        numbers = {
            "text": position,
            "sequential": len(rows),  # POS-4: the row's number in this layout
            "generation": chunk * (chunk_length + t) + (chunk_length if zone == MEMORY else 0) + index,  # POS-5
            "compressed": chunk * t + index,  # POS-6
        }
        rows.append([token, zone, chunk, index, numbers[axes["numbering"]], label])

    for start in range(0, n, chunk_length):
        k, words = start // chunk_length, text[start : start + chunk_length]
        following = text[start + 1 : start + chunk_length + 1] + [-1]  # LOS-1; the text's last token has no label
        for i, word in enumerate(words):
            add(word, READING, k, i, start + i, following[i])
        if len(words) < chunk_length:
            break  # the tail (D-1)
        # LOS-2 and LOS-3: <m> has no label, <r> the token of its own place; `shifted` moves all of them one row ahead.
        labels = [-1] * t + words
        if axes["repetition_labels"] == "shifted":
            labels = labels[1:] + [-1]
        for j in range(t):  # POS-2
            first = start + j * c
            position = first if axes["memory_positions"] == "span_start" else first + c - 1
            add(p["memory_token"], MEMORY, k, j, position, labels[j])
        for i in range(chunk_length):  # POS-3
            add(p["repetition_token"], REPETITION, k, i, start + i, labels[t + i])
    rows = np.array(rows, dtype=np.int64).reshape(-1, 6)
    return rows[rows[:, ZONE] != REPETITION] if generation else rows


def visible(queries, keys, axes):
    """Chapter 4: may the query row see the key row? [queries, keys], for rows of one text."""
    q, k = queries[:, None, :], keys[None, :, :]
    same, earlier = k[..., CHUNK] == q[..., CHUNK], k[..., CHUNK] < q[..., CHUNK]
    so_far, itself = same & (k[..., INDEX] <= q[..., INDEX]), same & (k[..., INDEX] == q[..., INDEX])
    own_memory = so_far if axes["memory_attention"] == "causal" else same
    recited = {"causal": so_far, "bidirectional": same, "self_only": itself}[axes["repetition_attention"]]
    rules = {  # a pair that is not here never sees: MSK-3, MSK-6, MSK-7
        (READING, READING): so_far,  # MSK-1
        (READING, MEMORY): earlier,  # MSK-2
        (MEMORY, READING): same,  # MSK-4
        (MEMORY, MEMORY): own_memory | (earlier & (axes["memory_context"] == "past_memories")),  # MSK-5
        (REPETITION, MEMORY): same | (earlier & (axes["repetition_context"] == "past_memories")),  # MSK-8
        (REPETITION, REPETITION): recited,  # MSK-9
    }
    seen = np.zeros(same.shape, dtype=bool)
    for (query_zone, key_zone), rule in rules.items():
        seen |= (q[..., ZONE] == query_zone) & (k[..., ZONE] == key_zone) & rule
    return seen


def cost(p, axes):
    """COST-1, COST-2 and GEN-6; Python's integers do not overflow."""
    c, t, n = p["c"], p["t"], p["text_length"]
    chunk, full, tail = c * t, n // (c * t), n % (c * t)
    earlier = full * (full - 1) // 2  # pairs of a full chunk and an earlier one
    a = t * (t + 1) // 2 if axes["memory_attention"] == "causal" else t * t
    b = t * t * earlier if axes["memory_context"] == "past_memories" else 0
    generation = chunk * t * earlier + full * (chunk * (chunk + 1) // 2) + tail * t * full + tail * (tail + 1) // 2
    generation += full * (t * chunk + a) + b
    recited = {"causal": chunk * (chunk + 1) // 2, "bidirectional": chunk * chunk, "self_only": chunk}
    past = axes["repetition_context"] == "past_memories"
    reconstruction = [
        recited[axes["repetition_attention"]] + chunk * t * (k + 1 if past else 1) for k in range(full)]
    return {
        "generation": generation, "training": generation + sum(reconstruction), "full_attention": n * (n + 1) // 2,
        "reconstruction": np.array(reconstruction, dtype=np.int64),
        "entry_bytes": 2 * p["layers"] * p["kv_heads"] * p["head_dim"] * p["bytes_per_element"],
        "cache_size": t * full + tail, "cache_maximum": t * full + chunk if full else n}


# Stages of a decoder (chapter 8), in the type of their inputs.


def rms_norm(x, gain, epsilon):
    return gain * (x / np.sqrt((x * x).mean(-1, keepdims=True) + epsilon))


def frequencies(config, head_dim):
    """MOD-3, MOD-8, MOD-9: how fast each pair of a head turns, and the factor of cosines and sines. Below the positions
    where `dynamic` is refused it is plain."""
    kind, rope, old = rotation_of(config)
    theta = rope.get("rope_theta", config.get("rope_theta", 1e4))
    plain, factor = theta ** (-2.0 * np.arange(head_dim // 2) / head_dim), rope.get("factor")
    if kind == "linear":
        return plain / factor, 1.0
    if kind == "llama3":
        low, high, waves = rope["low_freq_factor"], rope["high_freq_factor"], 2 * math.pi / plain
        share = np.clip((old / waves - low) / (high - low), 0, 1)  # 1 where the wave is short, 0 where it is long
        return (1 - share) * plain / factor + share * plain, 1.0
    if kind == "yarn":
        factor = factor or config["max_position_embeddings"] / old
        pair = lambda turns: head_dim * math.log(old / (turns * 2 * math.pi)) / (2 * math.log(theta))
        first, last = pair(rope.get("beta_fast") or 32), pair(rope.get("beta_slow") or 1)
        if rope.get("truncate", True):
            first, last = math.floor(first), math.ceil(last)
        first, last = max(first, 0), min(last, head_dim - 1)
        share = np.clip((np.arange(head_dim // 2) - first) / (last - first or 0.001), 0, 1)
        scale = lambda x: 1.0 if factor <= 1 else 0.1 * x * math.log(factor) + 1
        a = rope.get("attention_factor")
        if a is None:
            both = rope.get("mscale") and rope.get("mscale_all_dim")
            a = scale(rope["mscale"]) / scale(rope["mscale_all_dim"]) if both else scale(1)
        return plain / factor * share + plain * (1 - share), a
    return plain, 1.0


def rope(x, positions, head_dim, turning):
    """MOD-3. Angles in float64 whatever the type: at position 30,000 a float32 angle has few digits left."""
    half, (frequency, factor) = head_dim // 2, turning
    angle = (np.asarray(positions, dtype=np.float64)[:, None] * frequency)[:, None, :]
    cos, sin = (factor * np.cos(angle)).astype(x.dtype), (factor * np.sin(angle)).astype(x.dtype)
    heads = x.reshape(len(x), x.shape[1] // head_dim, head_dim)
    a, b = heads[..., :half], heads[..., half:]
    return np.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1).reshape(x.shape)


def linear(x, w, name):
    """A projection, with its bias if it has one (MOD-10)."""
    y = x @ w[name].T
    return y + w[name + "_bias"] if name + "_bias" in w else y


def head_norm(x, w, name, head_dim, epsilon):
    """RMSNorm over every head's d, if the layer has a gain for it (MOD-11)."""
    if name not in w:
        return x
    return rms_norm(x.reshape(len(x), x.shape[1] // head_dim, head_dim), w[name], epsilon).reshape(x.shape)


def attention(q, k, v, seen, heads, kv_heads):
    """MOD-4 and MSK-12: context [Q, H·d] and probabilities [H, Q, K]. A hidden score becomes -inf and no finite number,
    so its weight is exactly 0."""
    d = q.shape[1] // heads
    by_head = lambda x, n: x.reshape(len(x), n, d).swapaxes(0, 1)  # [n, rows, d]
    k, v = (np.repeat(by_head(x, kv_heads), heads // kv_heads, axis=0) for x in (k, v))
    # math.sqrt and not numpy.sqrt: a numpy.float64 would turn float32 arrays into float64 ones.
    scores = np.where(seen, by_head(q, heads) @ k.swapaxes(1, 2) / math.sqrt(d), -np.inf)
    weights = np.exp(scores - scores.max(-1, keepdims=True, initial=-np.inf))
    weights /= weights.sum(-1, keepdims=True)
    return (weights @ v).swapaxes(0, 1).reshape(q.shape), weights


@np.errstate(over="ignore")  # e^-x of a very negative x is infinite, and the quotient is rightly 0
def silu(x):
    return x / (1 + np.exp(-x))


def cross_entropy(logits, labels):
    """LOS-5, row by row."""
    top = logits.max(-1)
    return np.log(np.exp(logits - top[:, None]).sum(-1)) + top - logits[np.arange(len(labels)), labels]


def decoder_layer(x, positions, seen, w, heads, kv_heads, epsilon, turning, past=None):
    """MOD-6: one layer, as intermediates under the names of MOD-7 and the result. `past` is the keys and values that a
    cache holds: they stand before the rows' own."""
    d = len(w["q_proj"]) // heads
    out = {"attention.norm": (norm := rms_norm(x, w["input_layernorm"], epsilon))}
    q, k = (head_norm(linear(norm, w, name + "_proj"), w, name + "_norm", d, epsilon) for name in "qk")
    out["attention.query"] = rope(q, positions, d, turning)
    out["attention.key"] = keys = rope(k, positions, d, turning)
    out["attention.value"] = values = linear(norm, w, "v_proj")
    if past is not None:
        keys, values = np.concatenate([past[0], keys]), np.concatenate([past[1], values])
    out["attention.context"], out["attention.probabilities"] = attention(
        out["attention.query"], keys, values, seen, heads, kv_heads)
    out["attention.output"] = linear(out["attention.context"], w, "o_proj")
    out["middle"] = x + out["attention.output"]
    out["feed_forward.norm"] = norm = rms_norm(out["middle"], w["post_attention_layernorm"], epsilon)
    out["feed_forward.gate"], out["feed_forward.up"] = linear(norm, w, "gate_proj"), linear(norm, w, "up_proj")
    out["feed_forward.activation"] = silu(out["feed_forward.gate"]) * out["feed_forward.up"]
    out["feed_forward.output"] = linear(out["feed_forward.activation"], w, "down_proj")
    return out, out["middle"] + out["feed_forward.output"]


def configuration(directory):
    with open(f"{directory}/config.json", encoding="utf-8") as file:
        config = json.load(file)
    config.setdefault("model_type", "llama")
    return {"head_dim": 128, **config} if config["model_type"] == "qwen3" else config


def rotation_of(config):
    """The type of rotation, the object that says more of it, and the length before it was stretched (MOD-8). Of the two
    objects `rope_scaling` wins; of two lengths the one at the top."""
    rope = config.get("rope_scaling") or config.get("rope_parameters") or {}
    inner = rope.get("original_max_position_embeddings", config.get("max_position_embeddings"))
    old = config.get("original_max_position_embeddings", inner)
    return rope.get("rope_type", rope.get("type", "default")), rope, old


def biased(config):
    """The projections that have a bias (MOD-10)."""
    family = config["model_type"]
    attention = family in ("llama", "qwen3") and config.get("attention_bias")
    names = {"q": family == "qwen2" or attention, "k": family == "qwen2" or attention,
             "v": family == "qwen2" or attention, "o": attention}
    names |= dict.fromkeys(("gate", "up", "down"), family == "llama" and config.get("mlp_bias"))
    return [f"{'self_attn' if len(name) == 1 else 'mlp'}.{name}_proj" for name, has_bias in names.items() if has_bias]


def positions_below(config):
    """MOD-8, MOD-13: from where on rows are refused, or None: `dynamic` would turn them otherwise, and a window would
    hide rows from them."""
    dynamic = rotation_of(config)[0] == "dynamic"
    windowed = config["model_type"].startswith("qwen") and config.get("use_sliding_window") and (
        config.get("max_window_layers", 28) < config["num_hidden_layers"] if config.get("layer_types") is None else
        "sliding_attention" in config["layer_types"])
    limits = [config["max_position_embeddings"] if dynamic else None,
              config.get("sliding_window", 4096) if windowed or config["model_type"] == "mistral" else None]
    return min((limit for limit in limits if limit is not None), default=None)


def tensor_names(directory):
    """Of the file's header: eight bytes of its length, and JSON."""
    with open(f"{directory}/model.safetensors", "rb") as file:
        return json.loads(file.read(int.from_bytes(file.read(8), "little")))


@functools.cache
class Model:
    """A directory with config.json and model.safetensors (MOD-1), computing in one type."""

    def __init__(self, directory, dtype):
        config = configuration(directory)
        weights = {name: w.astype(dtype) for name, w in load_file(f"{directory}/model.safetensors").items()}
        self.heads = config["num_attention_heads"]
        self.kv_heads = config.get("num_key_value_heads") or self.heads
        self.epsilon = config.get("rms_norm_eps", 1e-6)
        self.head_dim = config.get("head_dim") or config["hidden_size"] // self.heads
        self.turning = frequencies(config, self.head_dim)
        self.embedding, self.gain = weights["model.embed_tokens.weight"], weights["model.norm.weight"]
        self.head = self.embedding if config.get("tie_word_embeddings") else weights["lm_head.weight"]
        # Layer by layer, weights by their last name: model.layers.0.self_attn.q_proj.weight is layers[0]["q_proj"], and
        # its bias layers[0]["q_proj_bias"].
        self.layers = [{} for _ in range(config["num_hidden_layers"])]
        for name, w in weights.items():
            if name.startswith("model.layers."):
                *_, short, kind = name.split(".")
                self.layers[int(name.split(".")[2])][short if kind == "weight" else f"{short}_bias"] = w

    def run(self, rows, seen, past=None, embeddings=None):
        """All tensors of MOD-7 for these rows; `past` has keys and values of every layer."""
        trace = {"hidden.0": self.embedding[rows[:, TOKEN]] if embeddings is None else embeddings}
        for n, weights in enumerate(self.layers):
            out, trace[f"hidden.{n + 1}"] = decoder_layer(
                trace[f"hidden.{n}"], rows[:, POSITION], seen, weights, self.heads, self.kv_heads, self.epsilon,
                self.turning, past and past[n])
            trace |= {f"layers.{n}.{name}": value for name, value in out.items()}
        trace["final_norm"] = rms_norm(trace[f"hidden.{len(self.layers)}"], self.gain, self.epsilon)
        trace["logits"] = trace["final_norm"] @ self.head.T
        return trace


class Cache:
    """Chapter 6: the entries of rows fed. `kept` says which entries, by number of row, the cache still holds."""

    def __init__(self, model, axes):
        self.model, self.axes, self.kept = model, axes, np.zeros(0, dtype=int)
        self.rows, width = np.zeros((0, 6), dtype=np.int64), len(model.layers[0]["k_proj"])
        self.entries = [[np.zeros((0, width), model.embedding.dtype)] * 2 for _ in model.layers]  # keys, values

    def feed(self, rows, keep=True):
        """One pass over `rows`, which see the cache and each other as the mask allows. Returns their logits."""
        past = [[part[self.kept] for part in layer] for layer in self.entries]
        trace = self.model.run(rows, visible(rows, np.concatenate([self.rows[self.kept], rows]), self.axes), past)
        if keep:
            for n, layer in enumerate(self.entries):
                new = trace[f"layers.{n}.attention.key"], trace[f"layers.{n}.attention.value"]
                self.entries[n] = [np.concatenate(pair) for pair in zip(layer, new)]
            self.kept = np.concatenate([self.kept, np.arange(len(self.rows), len(self.rows) + len(rows))])
            self.rows = np.concatenate([self.rows, rows])
        return trace["logits"]

    def read(self, p, prompt, m=0, forced=None):
        """Reads a prompt and generates m tokens: chosen tokens, logits of text tokens, events, and the logits of each
        chunk's last memory row (for REC-4)."""
        fed = len(prompt) + max(m - 1, 0)  # GEN-5: the last token chosen is not fed
        rows = layout_rows([0] * fed, p, self.axes, generation=True)  # places; tokens come as they are fed
        chosen, logits, events, memory_logits = [], [], [], []
        for g in range(fed):
            token = prompt[g] if g < len(prompt) else chosen[-1] if forced is None else forced[g - len(prompt)]
            row = rows[len(self.rows) :][:1]
            row[0, TOKEN] = token
            logits.append(self.feed(row)[0])
            events.append([0, g, len(self.kept)])
            if m > 0 and g >= len(prompt) - 1:
                chosen.append(greedy(logits[-1], p))  # GEN-4: before compression
            if (g + 1) % (p["c"] * p["t"]) == 0:  # GEN-3: the chunk is full
                chunk = g // (p["c"] * p["t"])
                memory_logits.append(self.feed(rows[len(self.rows) :][: p["t"]])[-1])
                events.append([1, chunk, len(self.kept)])
                self.kept = self.kept[self.rows[self.kept, ZONE] == MEMORY]
                events.append([2, chunk, len(self.kept)])
        return chosen, logits, events, memory_logits


def greedy(scores, p):
    """GEN-5: of the text vocabulary, and the lowest id among exact maxima, which is what argmax returns."""
    return int(np.argmax(scores[: p["text_vocabulary"]]))


# Operations (chapter 11). Each takes a request and returns tensors by name; pads stand at the end of shorter texts.


class Request:
    def __init__(self, message):
        self.op, profile = message["op"], message["profile"]
        # A double is written in hexadecimal floating point, "0x1.8p-1".
        self.p = {
            name: float.fromhex(value) if isinstance(value, str) and "0x" in value else value
            for name, value in message["params"].items()}
        self.input = load_file(message["input"]) if message["input"] else {}
        tokens, self.texts = self.input.get("tokens", np.zeros(0)).tolist(), []
        for n in self.input.get("lengths", np.zeros(0)).tolist():
            self.texts, tokens = self.texts + [tokens[:n]], tokens[n:]
        check(self.op, self.p, profile, self.texts, self.input, message["model"])
        self.axes = {axis: profile.get(axis, values[0]) for axis, values in AXES.items()}
        self.dtype = {"f32": np.float32}.get(message["dtype"], np.float64)  # structure and rejections have "i64"
        self.model = Model(message["model"], self.dtype) if message["model"] else None
        self.capture = message.get("capture", [])
        # Inputs of stages, in the type asked for.
        self.given = {name: x.astype(self.dtype) for name, x in self.input.items() if x.dtype == np.float32}

    def layouts(self):
        generation = self.p.get("layout") == "generation"
        return [layout_rows(text, self.p, self.axes, generation) for text in self.texts]


def padded(parts, longest, axes=(0,)):
    """Stacks tensors of single texts; what stands at pad rows is 0 and not compared (OPS-1)."""
    fill = [[(0, longest - size if axis in axes else 0) for axis, size in enumerate(x.shape)] for x in parts]
    return np.stack([np.pad(x, widths) for x, widths in zip(parts, fill)])


def layout(r):
    layouts = r.layouts()
    longest = max(map(len, layouts))
    batch = [rows.tolist() + [PAD_ROW] * (longest - len(rows)) for rows in layouts]
    batch = np.array(batch, dtype=np.int64).reshape(len(layouts), longest, 6)
    names = ["tokens", "zones", "chunks", "indices", "positions", "labels"]
    return {name: batch[:, :, column] for column, name in enumerate(names)}


def mask(r):
    layouts = r.layouts()
    out = np.stack([np.eye(max(map(len, layouts)), dtype=bool) for _ in layouts])  # MSK-11: a pad sees itself alone
    for cells, rows in zip(out, layouts):
        cells[: len(rows), : len(rows)] = visible(rows, rows, r.axes)
    return {"mask": out}


def schedule(r):
    """GEN-2 and GEN-3: every event, and the rows cached after it in cache order."""
    t, size, memory, reading, row, events, entries = r.p["t"], r.p["c"] * r.p["t"], [], [], 0, [], []

    def note(kind, argument, first, cached):
        events.append([kind, argument, first, row, len(memory), len(reading)])
        entries.append(cached)

    for g in range(r.p["prompt_length"] + max(r.p["generate"] - 1, 0)):
        reading, row = reading + [row], row + 1
        note(0, g, row - 1, memory + reading)
        if len(reading) == size:
            order = memory + reading + list(range(row, row + t))  # new memory comes last while its chunk is still held
            memory, row = memory + order[-t:], row + t
            note(1, g // size, row - t, order)
            reading = []
            note(2, g // size, row, memory)
    widest = max(map(len, entries), default=0)
    entries = [cached + [-1] * (widest - len(cached)) for cached in entries]
    return {
        "events": np.array(events, dtype=np.int64).reshape(-1, 6), "maximum": widest,
        "entries": np.array(entries, dtype=np.int64).reshape(len(entries), widest)}


def metrics(r):
    """REC-2."""
    size, rest, counts = r.p["c"] * r.p["t"], r.input["reconstruction"], np.zeros(4, dtype=np.int64)
    for text in r.texts:
        for start in range(0, len(text) // size * size, size):
            right, rest = rest[:size] == text[start : start + size], rest[size:]
            counts += [right.sum(), size, right.all(), 1]
    return {"counts": counts}


def stage(r):
    p, x = r.p, r.given
    if r.op == "rms_norm":
        return {"y": rms_norm(x["x"], x["gain"], p["epsilon"])}
    if r.op == "rope":
        return {"y": rope(x["x"], r.input["positions"], p["head_dim"], turning(p, p["head_dim"]))}
    if r.op == "attention":
        answer = attention(x["q"], x["k"], x["v"], r.input["mask"], p["heads"], p["kv_heads"])
        return dict(zip(("context", "probabilities"), answer))
    if r.op == "feed_forward":
        return {"y": linear(silu(linear(x["x"], x, "gate")) * linear(x["x"], x, "up"), x, "down")}
    if r.op == "cross_entropy":
        return {"losses": cross_entropy(x["logits"], r.input["labels"])}
    return {"y": decoder_layer(x.pop("x"), r.input["positions"], r.input["mask"], x, p["heads"], p["kv_heads"],
                               p["epsilon"], turning(p, len(x["q_proj"]) // p["heads"]))[1]}


def turning(p, head_dim):
    """A stage's rotation; its parameters have the names of the rope object."""
    return frequencies({"rope_theta": p["theta"], "rope_scaling": {"rope_type": "default", **p}}, head_dim)


def forward(r):
    """Text by text, so pads are never computed."""
    layouts, traces = r.layouts(), []
    for b, rows in enumerate(layouts):
        embeddings = r.given["embeddings"][b, : len(rows)] if "embeddings" in r.given else None
        traces.append(r.model.run(rows, visible(rows, rows, r.axes), embeddings=embeddings))
    return {
        name: padded([trace[name] for trace in traces], max(map(len, layouts)),
                     (1, 2) if name.endswith("probabilities") else (0,)) for name in ["logits", *r.capture]}


def loss(r):
    """LOS-4: one mean over the labelled reading rows of all texts, one over all other labelled rows."""
    reading, other = [], []
    for rows in r.layouts():
        logits, labelled = r.model.run(rows, visible(rows, rows, r.axes))["logits"], rows[:, LABEL] >= 0
        if labelled.any():
            losses, zones = cross_entropy(logits[labelled], rows[labelled, LABEL]), rows[labelled, ZONE]
            reading.extend(losses[zones == READING])
            other.extend(losses[zones != READING])
    mean = lambda values: np.array(np.mean(values) if values else 0, dtype=r.dtype)
    return {"language_modelling": mean(reading), "repetition": mean(other)}


def generate(r):
    cache = Cache(r.model, r.axes)
    forced = r.input["forced"].tolist() if "forced" in r.input else None
    chosen, logits, events, _ = cache.read(r.p, r.texts[0], r.p["generate"], forced)
    keys, values = (np.stack([layer[part] for layer in cache.entries]) for part in (0, 1))
    return {
        "chosen": np.array(chosen, dtype=np.int64), "events": np.array(events, dtype=np.int64).reshape(-1, 3),
        "logits": np.array(logits, dtype=r.dtype).reshape(-1, len(r.model.head)),
        "appended.keys": keys, "appended.values": values, "cache.rows": cache.kept,
        "cache.keys": keys[:, cache.kept], "cache.values": values[:, cache.kept]}


def reconstruct(r):
    """REC-1 and REC-4. Nothing is kept of the repetition rows."""
    cache, chunk = Cache(r.model, r.axes), r.p["chunk"]
    _, _, _, memory_logits = cache.read(r.p, r.texts[0])
    rows = layout_rows(r.texts[0], r.p, r.axes)
    for k in [*r.input.get("before", np.zeros(0, int)).tolist(), chunk]:
        logits = cache.feed(rows[(rows[:, ZONE] == REPETITION) & (rows[:, CHUNK] == k)], keep=False)
    scores = list(logits)
    if r.axes["repetition_labels"] == "shifted":
        scores = [memory_logits[chunk], *scores[:-1]]
    return {"tokens": np.array([greedy(s, r.p) for s in scores], dtype=np.int64), "logits": logits}


STAGES = ("rms_norm", "rope", "attention", "feed_forward", "decoder_layer", "cross_entropy")
OPERATIONS = {
    "layout": layout, "mask": mask, "schedule": schedule, "metrics": metrics,
    "cost": lambda r: cost(r.p, r.axes), **dict.fromkeys(STAGES, stage), "forward": forward, "loss": loss,
    "generate": generate, "reconstruct": reconstruct}
HELLO = {"protocol": 1, "name": "numpy", "version": np.__version__, "ops": list(OPERATIONS), "dtypes": ["f64", "f32"],
         "profiles": "any", "captures": True, "families": FAMILIES}


def answer(message):
    """One reply: tensors written to the file the request names, or a rejection, or unsupported."""
    if message["op"] not in OPERATIONS or message["dtype"] not in ("f64", "f32", "i64"):
        return {"unsupported": {"why": f"{message['op']} in {message['dtype']} is not implemented"}}
    try:
        request = Request(message)
    except Reject as reject:
        return {"reject": {"code": str(reject)}}
    tensors = OPERATIONS[request.op](request)
    # Python's numbers become int64; every array is copied into row order, which save_file does not do by itself.
    save_file({name: np.array(x, order="C") for name, x in tensors.items()}, message["output"])
    return {"ok": {}}


def main():
    """JSON lines: a request in, a reply out. An error of our own ends the process: the runner then says `crash`, shows
    the traceback from standard error and starts us again."""
    for line in sys.stdin:
        message = json.loads(line)
        if message["cmd"] == "stop":
            break
        reply = {"ok": HELLO} if message["cmd"] == "hello" else answer(message)
        print(json.dumps({"loma": 1, "id": message["id"], **reply}, separators=(",", ":")), flush=True)


if __name__ == "__main__":
    main()
