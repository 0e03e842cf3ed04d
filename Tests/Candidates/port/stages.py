"""The stages of a Llama decoder, forwards (chapter 8): S rows, K keys, width D, H query heads of d, H_kv key-value heads.

Each stage rounds its result to the element type once, by `element.store`; what lies between stays in the accumulation
type.
"""

import math
import typing

import numpy as np

import rotations


class Shape(typing.NamedTuple):
    heads: int
    kv_heads: int
    head_dim: int
    epsilon: float
    rope: rotations.Rope


def total(x):
    """Sum along the last axis, which stays."""
    return np.add.reduce(x, -1, keepdims=True)


def linear(x, weight, element):
    """[S, in] by [out, in] is [S, out]."""
    return element.store(x @ weight.T)


def projected(x, w, name, element):
    """A projection of a layer, with its bias if it has one (MOD-10)."""
    y = linear(x, w[name], element)
    return element.store(y + w[name + "_bias"]) if name + "_bias" in w else y


def inverse_root(x, epsilon):
    """1 / root of the mean square of each row, [S, 1] (MOD-2)."""
    return 1 / np.sqrt(total(x * x) / x.shape[-1] + epsilon)


def rms_norm(x, gain, epsilon, element):
    return element.store(x * inverse_root(x, epsilon) * gain)


def rotation(positions, head_dim, rope, element):
    """Cosines and sines of every row's angles, each [S, 1, d/2]; angles are never stored in 16 bits (TOL-4)."""
    inverse, factor = rotations.frequencies(head_dim, rope)
    inverse = inverse.astype(element.accumulation)
    angle = (positions.astype(element.accumulation)[:, None] * inverse)[:, None]
    return np.cos(angle) * factor, np.sin(angle) * factor


def rotate(x, cos, sin, element):
    """Half-split pairs of every head of [S, heads·d], by the angle of the row."""
    half = cos.shape[-1]
    heads = x.reshape(len(x), x.shape[1] // (2 * half), 2 * half)
    a, b = heads[..., :half], heads[..., half:]
    return element.store(np.concatenate([a * cos - b * sin, b * cos + a * sin], -1).reshape(x.shape))


def headed(x, w, name, shape, element):
    """Queries or keys before their rotation; if the layer has a gain for them, every head has been normalised
    (MOD-11)."""
    y = projected(x, w, name + "_proj", element)
    if name + "_norm" not in w:
        return y
    heads = y.reshape(len(y), y.shape[1] // shape.head_dim, shape.head_dim)
    return rms_norm(heads, w[name + "_norm"], shape.epsilon, element).reshape(y.shape)


def by_head(x, kv_heads, head_dim):
    """[S, heads·d] as [kv_heads, query heads of one key head, S, d]: blocks, not interleaved (MOD-4)."""
    return x.reshape(len(x), kv_heads, -1, head_dim).transpose(1, 2, 0, 3)


def softmax(scores, seen):
    """MSK-12: over the visible keys alone, and 0 elsewhere."""
    scores = np.where(seen, scores, -np.inf)
    powers = np.exp(scores - np.maximum.reduce(scores, -1, keepdims=True))
    return powers / total(powers)


def attention(q, k, v, seen, heads, kv_heads, element):
    """Context [S, H·d] and probabilities [H, S, K] of rotated q [S, H·d] and k, v [K, H_kv·d] (MOD-4)."""
    head_dim = q.shape[1] // heads
    queries, keys, values = (by_head(x, kv_heads, head_dim) for x in (q, k, v))
    scores = (queries @ keys.swapaxes(-1, -2)) * (1 / math.sqrt(head_dim))
    weights = softmax(scores, seen)
    context = (weights @ values).transpose(2, 0, 1, 3).reshape(q.shape)
    return element.store(context), element.store(weights.reshape(heads, len(q), len(k)))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gated(gate, up, element):
    """silu(gate) ⊙ up (MOD-5)."""
    return element.store(gate * sigmoid(gate) * up)


def cross_entropy(logits, labels):
    """−ln p(label) of every row, in the accumulation type (LOS-5)."""
    shifted = logits - np.maximum.reduce(logits, -1, keepdims=True)
    return np.log(np.add.reduce(np.exp(shifted), -1)) - shifted[np.arange(len(labels)), labels]


def decoder_layer(hidden, w, shape, cos, sin, seen, element, past=None):
    """One block of MOD-6 with the names of MOD-7, and `hidden`, its result. `past` is the keys and values of earlier
    rows, which `seen` then has columns for."""
    trace = {}
    norm = trace["attention.norm"] = rms_norm(hidden, w["input_layernorm"], shape.epsilon, element)
    q = trace["attention.query"] = rotate(headed(norm, w, "q", shape, element), cos, sin, element)
    k = trace["attention.key"] = rotate(headed(norm, w, "k", shape, element), cos, sin, element)
    v = trace["attention.value"] = projected(norm, w, "v_proj", element)
    if past is not None:
        k, v = np.concatenate([past[0], k]), np.concatenate([past[1], v])
    context, weights = attention(q, k, v, seen, shape.heads, shape.kv_heads, element)
    trace["attention.probabilities"], trace["attention.context"] = weights, context
    output = trace["attention.output"] = projected(context, w, "o_proj", element)
    middle = trace["middle"] = element.store(hidden + output)
    norm = trace["feed_forward.norm"] = rms_norm(middle, w["post_attention_layernorm"], shape.epsilon, element)
    gate = trace["feed_forward.gate"] = projected(norm, w, "gate_proj", element)
    up = trace["feed_forward.up"] = projected(norm, w, "up_proj", element)
    active = trace["feed_forward.activation"] = gated(gate, up, element)
    output = trace["feed_forward.output"] = projected(active, w, "down_proj", element)
    trace["hidden"] = element.store(middle + output)
    return trace
