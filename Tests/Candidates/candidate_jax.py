#!/usr/bin/env python3
"""JAX under jit: attention, forward, loss, gradients and train_step, in float64, float32 and bfloat16.

  pip install -r Tests/Candidates/requirements-jax.txt
  loma conform -- python3 Tests/Candidates/candidate_jax.py

A run is nearly all compiling, so what is compiled is small and used again: one layer and its gradient, the head and its
gradient, one step of AdamW, each once for a type and a layer's sizes, however many layers, texts and rows there are.
Texts go through one at a time, padded to 64 rows (then 128 and on) with the pads of MSK-11: they see themselves,
nobody sees them and they count in no loss. All else is done in NumPy, since an operation outside jit is compiled for
every shape.
"""

import functools
import math
import pathlib

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
from safetensors.numpy import load_file, save_file

import loma_layout
import loma_model
import loma_protocol
import loma_rotation

jax.config.update("jax_enable_x64", True)
DTYPES = {"f64": np.float64, "f32": np.float32, "bf16": ml_dtypes.bfloat16}
SMALLEST_ROWS, PARAMETERS = 64, 4096


def wide(x):
    """At least float32."""
    return x if x.dtype == jnp.float64 else x.astype(jnp.float32)


def rms_norm(x, gain, epsilon):
    x32 = wide(x)
    return gain * (x32 * jax.lax.rsqrt(jnp.mean(x32 * x32, -1, keepdims=True) + epsilon)).astype(x.dtype)


def rope(x, positions, rotation):
    """MOD-3 for [R, H, d]; `rotation` is the frequencies and the factor of cosines and sines."""
    half = x.shape[-1] // 2
    frequencies, factor = rotation
    angle = positions[:, None].astype(jnp.float64) * frequencies
    cos, sin = (factor * jnp.cos(angle))[:, None].astype(x.dtype), (factor * jnp.sin(angle))[:, None].astype(x.dtype)
    a, b = x[..., :half], x[..., half:]
    return jnp.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1)


def attend(q, k, v, mask):
    """One head, [R, d]; softmax over the visible keys alone."""
    weights = jax.nn.softmax(wide(q @ k.T) / math.sqrt(q.shape[-1]), axis=-1, where=mask).astype(q.dtype)
    return weights @ v, weights


def attention(q, k, v, mask):
    """All heads, [R, H, d] and [R, H_kv, d]."""
    groups = q.shape[1] // k.shape[1]
    k, v = jnp.repeat(k, groups, axis=1), jnp.repeat(v, groups, axis=1)
    return jax.vmap(attend, in_axes=(1, 1, 1, None), out_axes=(1, 0))(q, k, v, mask)[0]


def linear(x, w, name):
    y = x @ w[name].T
    return y + w[name + "_bias"] if name + "_bias" in w else y


def layer(head_dim, x, w, positions, mask, epsilon, rotation):
    """MOD-6, one layer of one text [R, D], with the biases and norms of heads that it has."""
    norm = rms_norm(x, w["input_layernorm"], epsilon)
    q, k, v = (linear(norm, w, f"{name}_proj").reshape(len(x), -1, head_dim) for name in "qkv")
    if "q_norm" in w:
        q, k = rms_norm(q, w["q_norm"], epsilon), rms_norm(k, w["k_norm"], epsilon)
    context = attention(rope(q, positions, rotation), rope(k, positions, rotation), v, mask)
    x = x + linear(context.reshape(len(x), -1), w, "o_proj")
    norm = rms_norm(x, w["post_attention_layernorm"], epsilon)
    return x + linear(jax.nn.silu(linear(norm, w, "gate_proj")) * linear(norm, w, "up_proj"), w, "down_proj")


def layer_gradient(head_dim, x, w, positions, mask, epsilon, rotation, above):
    """Of the sum of `above` times the layer's result: by x and by the weights."""
    _, pull = jax.vjp(lambda x, w: layer(head_dim, x, w, positions, mask, epsilon, rotation), x, w)
    return pull(above)


def scores(x, gain, head, epsilon):
    return rms_norm(x, gain, epsilon) @ head.T


def row_losses(logits, labels):
    """LOS-5; what stands at an unlabelled row, of label -1, is not used."""
    log_p = jax.nn.log_softmax(wide(logits))
    return -jnp.take_along_axis(log_p, jnp.maximum(labels, 0)[:, None], axis=-1)[:, 0]


def head_gradient(x, gain, head, epsilon, labels, shares):
    """Of the rows' losses, each times its share in its mean: by x, the final gain and the head."""
    total = lambda x, gain, head: (shares * row_losses(scores(x, gain, head, epsilon), labels)).sum()
    return jax.grad(total, argnums=(0, 1, 2))(x, gain, head)


def embedding_gradient(table, tokens, above):
    _, pull = jax.vjp(lambda table: table[tokens], table)
    return pull(above)[0]


def adamw(p, m, v, g, hyper, powers):
    """LOS-6, one step; `powers` are the betas to the number of the step."""
    rate, beta1, beta2, epsilon, decay = hyper
    p = p * (1 - rate * decay)
    m, v = m + (g - m) * (1 - beta1), v * beta2 + (1 - beta2) * g * g
    return p - (rate / (1 - powers[0])) * (m / (jnp.sqrt(v) / jnp.sqrt(1 - powers[1]) + epsilon)), m, v


# LLVM is told to hurry. JAX_COMPILATION_CACHE_DIR, if set, keeps what is compiled.
quick = functools.partial(
    jax.jit, compiler_options={"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True})
compiled_attend = quick(attend)
compiled_layer, compiled_layer_gradient = (quick(f, static_argnums=0) for f in (layer, layer_gradient))
compiled_scores, compiled_row_losses, compiled_head_gradient = map(quick, (scores, row_losses, head_gradient))
compiled_embedding_gradient, compiled_adamw = quick(embedding_gradient), quick(adamw)


def bucket(size, smallest=SMALLEST_ROWS):
    return max(smallest, 1 << max(size - 1, 0).bit_length())


def padded(x, rows):
    """Zeros are added to the first axis."""
    return np.concatenate([x, np.zeros((rows - len(x), *x.shape[1:]), x.dtype)])


class Model:
    """A directory with config.json and model.safetensors (MOD-1)."""

    def __init__(self, directory, dtype):
        config = loma_model.settings(directory)
        stored = load_file(pathlib.Path(directory) / "model.safetensors")
        if config["tie_word_embeddings"]:
            stored.pop("lm_head.weight", None)
        self.weights = {name: w.astype(dtype) for name, w in stored.items()}
        self.layers, self.head_dim = config["num_hidden_layers"], config["head_dim"]
        frequencies, factor = loma_rotation.frequencies(config["rotation"], self.head_dim)
        self.epsilon, self.rotation = config["rms_norm_eps"], (np.array(frequencies), factor)
        self.head = "model.embed_tokens.weight" if config["tie_word_embeddings"] else "lm_head.weight"

    def of_layer(self, n):
        """The names of a layer's weights by their short names, q_proj and q_proj_bias."""
        own = [name for name in self.weights if name.startswith(f"model.layers.{n}.")]
        return {"_".join([part for part in name.split(".")[3:] if part not in ("self_attn", "mlp", "weight")]): name
                for name in own}

    def hidden(self, text, weights, embeddings=None):
        """The inputs of all layers, and the last one's result, for a padded text."""
        xs = [weights["model.embed_tokens.weight"][text["tokens"]] if embeddings is None else embeddings]
        for n in range(self.layers):
            w = {short: weights[name] for short, name in self.of_layer(n).items()}
            xs.append(compiled_layer(
                self.head_dim, xs[-1], w, text["positions"], text["mask"], self.epsilon, self.rotation))
        return xs

    def logits(self, text, weights, embeddings=None):
        """[R, V'] of a padded text."""
        x = self.hidden(text, weights, embeddings)[-1]
        return compiled_scores(x, weights["model.norm.weight"], weights[self.head], self.epsilon)

    def gradients(self, texts, weights):
        """Of LOS-4's sum by every weight: layer by layer from above, text by text, added in at least float32."""
        total = {name: np.zeros(w.shape, np.float64 if w.dtype == np.float64 else np.float32)
                 for name, w in weights.items()}
        counts = [max(1, sum(text[kind].sum() for text in texts)) for kind in ("reading", "other")]
        for text in texts:
            xs = self.hidden(text, weights)
            shares = sum(text[kind] / count for kind, count in zip(("reading", "other"), counts))
            found = {}
            above, found["model.norm.weight"], head = compiled_head_gradient(
                xs[-1], weights["model.norm.weight"], weights[self.head], self.epsilon, text["labels"],
                shares.astype(total["model.norm.weight"].dtype))
            for n in reversed(range(self.layers)):
                names = self.of_layer(n)
                above, own = compiled_layer_gradient(
                    self.head_dim, xs[n], {short: weights[name] for short, name in names.items()}, text["positions"],
                    text["mask"], self.epsilon, self.rotation, above)
                found |= {names[short]: g for short, g in own.items()}
            table = weights["model.embed_tokens.weight"]
            found["model.embed_tokens.weight"] = compiled_embedding_gradient(table, text["tokens"], above)
            for name, g in [*found.items(), (self.head, head)]:  # a tied head adds to the embedding
                total[name] += np.asarray(g)
        return {name: g.astype(weights[name].dtype) for name, g in total.items()}


load_model = functools.cache(Model)


def arrays(request, rows):
    """A text's rows, padded; `reading` and `other` are the labelled rows of either mean."""
    size = bucket(len(rows))
    fed = rows + [loma_layout.PAD] * (size - len(rows))
    column = lambda key: np.array([-1 if row[key] is None else row[key] for row in fed])
    mask = np.eye(size, dtype=bool)
    mask[: len(rows), : len(rows)] = np.array(request.mask(rows), dtype=bool).reshape(len(rows), len(rows))
    labels, reading = column("label"), column("zone") == "x"
    return {"tokens": column("token"), "positions": column("position"), "mask": mask, "labels": labels,
            "reading": reading & (labels >= 0), "other": ~reading & (labels >= 0)}


def attention_stage(request, dtype):
    """OPS-3, on padded rows, head by head: query head h reads KV head h * H_kv // H."""
    p, x = request.params, request.input
    count, size = len(x["q"]), bucket(len(x["q"]))
    q, k, v = (padded(x[name].astype(dtype).reshape(count, p[heads], -1), size)
               for name, heads in (("q", "heads"), ("k", "kv_heads"), ("v", "kv_heads")))
    mask = np.eye(size, dtype=bool)
    mask[:count, :count] = x["mask"]
    context, probabilities = [], []
    for head in range(p["heads"]):
        shared = head * p["kv_heads"] // p["heads"]
        out, weights = compiled_attend(q[:, head], k[:, shared], v[:, shared], mask)
        context.append(np.asarray(out)[:count])
        probabilities.append(np.asarray(weights)[:count, :count])
    return {"context": np.concatenate(context, axis=1), "probabilities": np.stack(probabilities)}


def answer(request):
    dtype = DTYPES[request.dtype]
    if request.op == "attention":
        return attention_stage(request, dtype)
    model, layouts = load_model(request.model, dtype), [request.rows(text) for text in request.texts]
    texts = [arrays(request, rows) for rows in layouts]
    if request.op == "gradients":
        return {f"gradients.{name}": g for name, g in model.gradients(texts, model.weights).items()}
    if request.op == "train_step":
        return train(request.params, dtype, model, texts)
    longest, logits = max(map(len, layouts)), []
    for b, text in enumerate(texts):
        given = None
        if "embeddings" in request.input:
            given = padded(request.input["embeddings"][b].astype(dtype), len(text["tokens"]))
        logits.append(model.logits(text, model.weights, given))
    if request.op == "forward":
        return {"logits": np.stack([padded(np.asarray(x)[:longest], longest) for x in logits])}
    losses = [np.asarray(compiled_row_losses(x, text["labels"])) for x, text in zip(logits, texts)]
    means = []
    for kind in ("reading", "other"):  # LOS-4
        own = np.concatenate([row[text[kind]] for row, text in zip(losses, texts)])
        means.append(np.asarray(own.mean() if own.size else 0).astype(dtype))
    return dict(zip(("language_modelling", "repetition"), means))


def train(p, dtype, model, texts):
    """LOS-6 over all steps, from moments of zero, on all parameters as one vector."""
    hyper = [dtype(p[name]) for name in ("learning_rate", "beta1", "beta2", "adam_epsilon", "weight_decay")]
    ends = np.cumsum([w.size for w in model.weights.values()]).tolist()
    joined = lambda named: padded(np.concatenate([named[name].ravel() for name in model.weights]),
                                  bucket(ends[-1], PARAMETERS))
    apart = lambda vector: {name: part.reshape(w.shape) for (name, w), part in zip(
        model.weights.items(), np.split(np.asarray(vector), ends))}
    state = [joined(model.weights), *np.zeros((2, bucket(ends[-1], PARAMETERS)), dtype)]
    for step in range(1, p["steps"] + 1):
        powers = [dtype(p["beta1"] ** step), dtype(p["beta2"] ** step)]
        state = compiled_adamw(*state, joined(model.gradients(texts, apart(state[0]))), hyper, powers)
    kinds = ("parameters", "first_moments", "second_moments")
    return {f"{kind}.{name}": x for kind, vector in zip(kinds, state) for name, x in apart(vector).items()}


def save(tensors, path):
    save_file({name: np.array(x, order="C") for name, x in tensors.items()}, path)


if __name__ == "__main__":
    loma_protocol.serve(
        "jax", jax.__version__, ["attention", "forward", "loss", "gradients", "train_step"], DTYPES, answer, load_file,
        save, families=loma_model.FAMILIES)
