#!/usr/bin/env python3
"""JAX under jit: attention, forward, loss, gradients and train_step, in float64, float32 and bfloat16.

  pip install -r Tests/Candidates/requirements-jax.txt
  loma conform -- python3 Tests/Candidates/candidate_jax.py

A compiled function has fixed shapes, so batches are padded to a power of two of texts and of rows with the pads of
MSK-11: they see themselves, nobody sees them and they count in no loss. What is compiled depends on the model's sizes,
the padded shape and the type alone; tokens, positions, mask, labels and weights are its arguments.
"""

import functools
import json
import math
import pathlib

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
from safetensors.numpy import load_file, save_file

import loma_layout
import loma_protocol

jax.config.update("jax_enable_x64", True)
DTYPES = {"f64": np.float64, "f32": np.float32, "bf16": ml_dtypes.bfloat16}
SMALLEST_TEXTS, SMALLEST_ROWS = 4, 32


def wide(x):
    """At least float32."""
    return x if x.dtype == jnp.float64 else x.astype(jnp.float32)


def rms_norm(x, gain, epsilon):
    x32 = wide(x)
    return gain * (x32 * jax.lax.rsqrt(jnp.mean(x32 * x32, -1, keepdims=True) + epsilon)).astype(x.dtype)


def rope(x, positions, theta):
    """MOD-3 for [R, H, d]."""
    half = x.shape[-1] // 2
    angle = positions[:, None].astype(jnp.float64) * theta ** (-2.0 * jnp.arange(half) / x.shape[-1])
    cos, sin = jnp.cos(angle)[:, None].astype(x.dtype), jnp.sin(angle)[:, None].astype(x.dtype)
    a, b = x[..., :half], x[..., half:]
    return jnp.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1)


def attention(q, k, v, mask):
    """[R, H, d] and [R, H_kv, d]; softmax over the visible keys alone."""
    groups = q.shape[1] // k.shape[1]
    k, v = jnp.repeat(k, groups, axis=1), jnp.repeat(v, groups, axis=1)
    scores = wide(jnp.einsum("qhd,khd->hqk", q, k)) / math.sqrt(q.shape[-1])
    weights = jax.nn.softmax(scores, axis=-1, where=mask[None]).astype(q.dtype)
    return jnp.einsum("hqk,khd->qhd", weights, v), weights


def logits_of_text(sizes, weights, x, positions, mask):
    """MOD-6 for one text [R, D]; `sizes` are the numbers of the configuration. A scan over stacked weights is compiled
    once, however many layers there are."""
    layers, head_dim, epsilon, theta, head = sizes
    by_layer = [{name.split(".")[-2]: w for name, w in weights.items() if name.startswith(f"model.layers.{n}.")}
                for n in range(layers)]

    def layer(x, w):
        norm = rms_norm(x, w["input_layernorm"], epsilon)
        q, k, v = ((norm @ w[f"{name}_proj"].T).reshape(len(x), -1, head_dim) for name in "qkv")
        context, _ = attention(rope(q, positions, theta), rope(k, positions, theta), v, mask)
        x = x + context.reshape(len(x), -1) @ w["o_proj"].T
        norm = rms_norm(x, w["post_attention_layernorm"], epsilon)
        return x + (jax.nn.silu(norm @ w["gate_proj"].T) * (norm @ w["up_proj"].T)) @ w["down_proj"].T, None

    x, _ = jax.lax.scan(layer, x, jax.tree.map(lambda *parts: jnp.stack(parts), *by_layer))
    return rms_norm(x, weights["model.norm.weight"], epsilon) @ weights[head].T


def batch_logits(sizes, weights, x, positions, mask):
    """[B, R, V']."""
    return jax.vmap(functools.partial(logits_of_text, sizes, weights))(x, positions, mask)


def losses(logits, labels, reading):
    """LOS-4; an unlabelled row has the label -1."""
    log_p = jax.nn.log_softmax(wide(logits))
    nll = -jnp.take_along_axis(log_p, jnp.maximum(labels, 0)[..., None], axis=-1)[..., 0]
    terms = []
    for own in (reading, ~reading):
        own = own & (labels >= 0)
        terms.append(jnp.where(own, nll, 0).sum() / jnp.maximum(own.sum(), 1))
    return tuple(terms)


def loss(sizes, weights, batch):
    x = weights["model.embed_tokens.weight"][batch["tokens"]]
    logits = batch_logits(sizes, weights, x, batch["positions"], batch["mask"])
    return sum(losses(logits, batch["labels"], batch["reading"]))


def adamw(p, m, v, g, hyper, powers):
    """LOS-6, one parameter, one step; `powers` are the betas to the number of the step."""
    rate, beta1, beta2, epsilon, decay = hyper
    p = p * (1 - rate * decay)
    m, v = m + (g - m) * (1 - beta1), v * beta2 + (1 - beta2) * g * g
    return p - (rate / (1 - powers[0])) * (m / (jnp.sqrt(v) / jnp.sqrt(1 - powers[1]) + epsilon)), m, v


# Most of a run is compiling, so LLVM is told to hurry. JAX_COMPILATION_CACHE_DIR, if set, keeps what is compiled.
quick = functools.partial(
    jax.jit, compiler_options={"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True})
compiled_attention = quick(attention)
compiled_logits = quick(batch_logits, static_argnums=0)
compiled_losses = quick(losses)
compiled_gradients = quick(jax.grad(loss, argnums=1), static_argnums=0)
compiled_adamw = quick(adamw)


@functools.cache
def load_model(directory, dtype):
    config = json.loads((pathlib.Path(directory) / "config.json").read_text())
    head = "model.embed_tokens.weight" if config["tie_word_embeddings"] else "lm_head.weight"
    sizes = (
        config["num_hidden_layers"], config["head_dim"], config["rms_norm_eps"], float(config["rope_theta"]), head)
    stored = load_file(pathlib.Path(directory) / "model.safetensors")
    return sizes, {name: jnp.asarray(w.astype(dtype)) for name, w in stored.items()}


def bucket(size, smallest):
    return max(smallest, 1 << max(size - 1, 0).bit_length())


def arrays(request, dtype):
    """The batch, padded to buckets, and its own numbers of texts and rows."""
    layouts = [request.rows(text) for text in request.texts]
    texts, longest = len(layouts), max(map(len, layouts))
    count, size = bucket(texts, SMALLEST_TEXTS), bucket(longest, SMALLEST_ROWS)
    batch = [rows + [loma_layout.PAD] * (size - len(rows)) for rows in layouts + [[]] * (count - texts)]
    column = lambda key: np.array([[-1 if row[key] is None else row[key] for row in rows] for rows in batch])
    mask = np.broadcast_to(np.eye(size, dtype=bool), (count, size, size)).copy()
    for cells, rows in zip(mask, layouts):
        cells[: len(rows), : len(rows)] = np.array(request.mask(rows), dtype=bool).reshape(len(rows), len(rows))
    out = {"tokens": column("token"), "positions": column("position"), "labels": column("label"),
           "reading": column("zone") == "x", "mask": mask}
    return out, texts, longest


def answer(request):
    dtype, p = DTYPES[request.dtype], request.params
    if request.op == "attention":
        q, k, v = (request.input[name].astype(dtype) for name in "qkv")
        q, k, v = (x.reshape(len(x), p[heads], -1) for x, heads in ((q, "heads"), (k, "kv_heads"), (v, "kv_heads")))
        context, weights = compiled_attention(q, k, v, request.input["mask"])
        return {"context": context.reshape(len(q), -1), "probabilities": weights}
    sizes, weights = load_model(request.model, dtype)
    batch, texts, longest = arrays(request, dtype)
    if request.op == "gradients":
        return {f"gradients.{name}": g for name, g in compiled_gradients(sizes, weights, batch).items()}
    if request.op == "train_step":
        return train(request, dtype, sizes, weights, batch)
    x = weights["model.embed_tokens.weight"][batch["tokens"]]
    if "embeddings" in request.input:
        x = np.zeros(x.shape, dtype)
        x[:texts, :longest] = request.input["embeddings"]
    logits = compiled_logits(sizes, weights, x, batch["positions"], batch["mask"])
    if request.op == "forward":
        return {"logits": logits[:texts, :longest]}
    terms = compiled_losses(logits, batch["labels"], batch["reading"])
    return dict(zip(("language_modelling", "repetition"), (term.astype(dtype) for term in terms)))


def train(request, dtype, sizes, weights, batch):
    """LOS-6 over all steps, from moments of zero."""
    p = request.params
    hyper = [dtype(p[name]) for name in ("learning_rate", "beta1", "beta2", "adam_epsilon", "weight_decay")]
    state = {name: (w, jnp.zeros_like(w), jnp.zeros_like(w)) for name, w in weights.items()}
    for step in range(1, p["steps"] + 1):
        powers = [dtype(p["beta1"] ** step), dtype(p["beta2"] ** step)]
        gradients = compiled_gradients(sizes, {name: parts[0] for name, parts in state.items()}, batch)
        state = {name: compiled_adamw(*parts, gradients[name], hyper, powers) for name, parts in state.items()}
    kinds = ("parameters", "first_moments", "second_moments")
    return {f"{kind}.{name}": parts[i] for i, kind in enumerate(kinds) for name, parts in state.items()}


def save(tensors, path):
    save_file({name: np.array(x, order="C") for name, x in tensors.items()}, path)


if __name__ == "__main__":
    loma_protocol.serve(
        "jax", jax.__version__, ["attention", "forward", "loss", "gradients", "train_step"], DTYPES, answer, load_file,
        save)
