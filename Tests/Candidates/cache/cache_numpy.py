"""The arithmetic of chapter 19 in NumPy, one function a baseline, in the type of its arguments.

Every function takes what a layer's prefill left and says what is kept: which entries or channels, in which codes, and
as which numbers they will be read. A choice that is given is taken and repeated.
"""

import math

import numpy as np

import cache_protocol  # noqa: F401  first: it makes the modules of the folder above known
import cache_structure
import numpy_llama
from tensors import to_bfloat16

MASS = 0.9  # of a row's attention (BAS-12)
SHIFT = 5  # of both decisions (BAS-15)
LAST_WEIGHT = 0.2  # how much heavier than the first recent row the last one is (BAS-13)


def by_rank(scores):
    """Indices from the highest score on; of equal scores the lower index ranks higher (BAS-3)."""
    return np.argsort(-scores, kind="stable")


def highest(scores, count):
    return np.sort(by_rank(scores)[:count])


def lowest(scores, count):
    return np.sort(by_rank(scores)[len(scores) - count :])


def chosen(scores, count, pick, forced):
    """A choice of each KV head, [G, count]."""
    if forced is not None:
        return np.asarray(forced, dtype=np.int64).reshape(len(scores), -1)
    return np.array([pick(row, count) for row in scores], dtype=np.int64).reshape(len(scores), count)


def groups(probabilities, kv_heads):
    """[H, …] as [G, H/G, …]: the query heads of each KV head (MOD-4)."""
    return probabilities.reshape(kv_heads, len(probabilities) // kv_heads, *probabilities.shape[1:])


def split(x, heads):
    """[T, heads * d] as [heads, T, d]."""
    return x.reshape(len(x), heads, -1).swapaxes(0, 1)


def joined(x):
    """[heads, T, d] as [T, heads * d]."""
    return x.swapaxes(0, 1).reshape(x.shape[1], -1)


def evict(probabilities, kv_heads, window, budget, forced=None):
    """BAS-12: scores of the rows before the window, and the rows that stay in each KV head."""
    rows = probabilities.shape[-1]
    old = rows - window
    scores = groups(probabilities[:, old:, :old], kv_heads).sum((1, 2))
    if forced is not None:
        return scores, chosen(scores, 0, highest, forced)
    best = chosen(scores, min(budget, rows) - window, highest, None)
    return scores, np.hstack([best, np.tile(np.arange(old, rows), (kv_heads, 1))])


def needed(probabilities, window):
    """BAS-12: of each head of [H, T, T] how many entries hold nine tenths of its attention."""
    mean = probabilities[:, -window:].mean(1)
    running = np.cumsum(-np.sort(-mean, axis=-1), axis=-1)
    return (running < MASS * running[:, -1:]).sum(-1) + 1


def think(query, key, kv_heads, heads, window, pruned, recent, forced=None):
    """BAS-10: scores [G, d], the channels pruned, and the keys as they are read."""
    rows = len(key)
    queries = groups(split(query[-window:], heads), kv_heads)
    scores = (queries**2).mean((1, 2)) * (split(key, kv_heads) ** 2).mean(1)
    old = max(rows - recent, 0)
    choice = chosen(scores, pruned if old else 0, lowest, forced if old else None)
    kept = split(key, kv_heads).copy()
    for head, channels in enumerate(choice):
        kept[head][:old, channels] = 0
    return scores, choice, joined(kept)


def quantise(x, bits, axis):
    """QNT-1 with a range along one axis: codes and what is read."""
    lower = x.min(axis, keepdims=True)
    step = (x.max(axis, keepdims=True) - lower) / (2**bits - 1)
    quotient = np.where(step > 0, (x - lower) / np.where(step > 0, step, 1), 0)
    codes = np.clip(np.rint(quotient), 0, 2**bits - 1)
    return codes, lower + codes * step, np.abs(quotient - np.floor(quotient) - 0.5)


def rounded_quotient(x, codes, bits):
    """BAS-24: how much smaller the margin of a code is, since v/c is rounded before it is quantised."""
    step = np.ptp(x, axis=1, keepdims=True) / (2**bits - 1)
    most = np.abs(x).max(1, keepdims=True) / np.where(step > 0, step, np.inf)
    return (codes + 1) / (codes + 1 + 3 * most)


def saliency(probabilities, kv_heads, probe=None):
    """BAS-11, [G, T]: attention that each entry gets, by the rows that can see it."""
    rows = probabilities.shape[-1]
    seen = probabilities if probe is None else probabilities[:, probe]
    return groups(seen, kv_heads).sum((1, 2)) / (rows - np.arange(rows)).astype(seen.dtype)


def divisors(values):
    """BAS-11: one for each channel of [T, d]."""
    most = np.sqrt(np.abs(values).max(0))
    return np.where(most > 0, most, 1)


def zip_cache(key, value, probabilities, kv_heads, low, low_bits, high_bits, probe=None, forced=None, allowed=True):
    """BAS-11: everything by the names of the operation, and margins of codes (0.5 where there is none), with what
    rounding of v/c may move a quotient `allowed` for."""
    scores = saliency(probabilities, kv_heads, probe)
    choice = chosen(scores, low, lowest, forced)
    keys, values = split(key, kv_heads).copy(), split(value, kv_heads).copy()
    codes = {name: np.zeros(keys.shape, dtype=np.int64) for name in ("key", "value")}
    margins = {name: np.full(keys.shape, 0.5) for name in codes}
    for head in range(kv_heads):
        divisor = divisors(values[head])
        others = np.setdiff1d(np.arange(len(key)), choice[head])
        for rows, bits in ((choice[head], low_bits), (others, high_bits)):
            if not bits or not len(rows):
                continue
            found, keys[head, rows], margins["key"][head, rows] = quantise(keys[head, rows], bits, 0)
            codes["key"][head, rows] = found
            scaled = values[head, rows] / divisor
            found, read, margin = quantise(scaled, bits, 1)
            margins["value"][head, rows] = margin * rounded_quotient(scaled, found, bits) if allowed else margin
            codes["value"][head, rows], values[head, rows] = found, read * divisor
    answer = {"saliency": scores, "choice": choice, "keys": joined(keys), "values": joined(values)}
    for name in codes:
        answer |= {f"{name}_codes": joined(codes[name]), f"{name}_codes.margin": joined(margins[name])}
    return answer


def recent_weights(recent):
    """BAS-13: from 1 to 1.2 in a line."""
    return 1 + LAST_WEIGHT * np.arange(recent) / max(recent - 1, 1)


def pyramid_step(probabilities, recent, count, forced=None):
    """BAS-13: scores of the rows before the recent ones, and the rows that go on."""
    rows = probabilities.shape[-1]
    old = rows - recent
    weights = recent_weights(recent).astype(probabilities.dtype)
    scores = (weights[:, None] * probabilities[:, old:, :old].mean(0)).mean(0)
    if forced is not None:
        return scores, np.asarray(forced, dtype=np.int64)
    ranked = scores.copy()
    ranked[: cache_structure.SINKS] = np.inf
    return scores, np.concatenate([highest(ranked, min(count, old)), np.arange(old, rows)])


def layer_distances(keys, values, kv_heads):
    """BAS-14: [L, L] below the diagonal, and its pairs by falling distance. Both are [C, L, T, G * d]."""
    layers = keys.shape[1]
    means = [x.reshape(*x.shape[:3], kv_heads, -1).mean(0) for x in (keys, values)]
    distances = np.zeros((layers, layers), dtype=keys.dtype)
    for i in range(layers):
        for j in range(i):
            distances[i, j] = sum(np.sqrt(((x[i] - x[j]) ** 2).sum(-1)).mean() for x in means) / 2
    pairs = [(i, j) for i in range(layers) for j in range(i)]
    pairs.sort(key=lambda pair: -distances[pair])
    return distances, np.array(pairs, dtype=np.int64).reshape(-1, 2)


def dmc(query, key, value, heads, kv_heads, theta):
    """BAS-15 in its parallel form, from queries and keys before the rotation: everything by the operation's names but
    bits, and the probabilities [H, T, T]."""
    rows, d = len(key), key.shape[1] // kv_heads
    queries, keys, values = split(query, heads).copy(), split(key, kv_heads).copy(), split(value, kv_heads).copy()
    starts = ~(keys[..., -1] - SHIFT > 0)
    starts[:, 0] = True
    decisions = groups(queries[..., -1], kv_heads).mean(1) + SHIFT
    weights = 1 / (1 + np.exp(-decisions))
    queries[..., -1] = 0
    keys[..., -1] = 0
    for head in range(kv_heads):
        z = 0
        for t in range(rows):
            omega = weights[head, t]
            if starts[head, t]:
                z = omega
                continue
            for x in (keys, values):
                x[head, t] = (z * x[head, t - 1] + omega * x[head, t]) / (z + omega) if z + omega else x[head, t - 1]
            z = z + omega
    turned = [rotated(joined(x), range(rows), d, theta) for x in (queries, keys)]
    queries, keys = (split(x, n) for x, n in zip(turned, (heads, kv_heads)))
    queries[..., -1] = 0
    keys[..., -1] = 0
    finished = np.roll(starts, -1, axis=1)  # the last column is of no row's past
    visible = np.tri(rows, k=-1, dtype=bool) & finished[:, None] | np.eye(rows, dtype=bool)
    context, probabilities = attention(joined(queries), joined(keys), joined(values), visible, heads, kv_heads)
    return {"starts": starts, "weights": weights, "keys": joined(keys), "values": joined(values), "context": context,
            "probabilities": probabilities}


def rotated(x, positions, d, theta):
    """MOD-3, in the type of `x`."""
    return numpy_llama.rope(x, positions, d, theta).astype(x.dtype)


def attention(query, key, value, visible, heads, kv_heads):
    """MOD-4 where each KV head has its own visible entries [G, Q, K]: contexts [Q, H * d], probabilities [H, Q, K]."""
    queries, keys, values = split(query, heads), split(key, kv_heads), split(value, kv_heads)
    contexts, probabilities = [], []
    for head in range(heads):
        shared = head * kv_heads // heads
        scores = queries[head] @ keys[shared].T / math.sqrt(queries.shape[-1])
        scores = np.where(visible[shared], scores, -np.inf)
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        probabilities.append(weights / weights.sum(-1, keepdims=True))
        contexts.append(probabilities[-1] @ values[shared])
    return joined(np.array(contexts)), np.array(probabilities)


def truncate_rank(weight, rank):
    """BAS-16: all singular values, and the best approximation of that rank."""
    left, values, right = np.linalg.svd(weight, full_matrices=False)
    if rank == len(values):
        return values, weight
    return values, (left[:, :rank] * values[:rank]) @ right[:rank]


def pursue(vectors, atoms, steps, forced=None):
    """BAS-17: atoms [N, s] and their weights in the order of pursuit, and what is read."""
    residual, read = vectors.copy(), np.zeros_like(vectors)
    choice = np.zeros((len(vectors), steps), dtype=np.int64)
    weights = np.zeros((len(vectors), steps), dtype=vectors.dtype)
    for step in range(steps):
        products = residual @ atoms.T
        choice[:, step] = np.abs(products).argmax(1) if forced is None else np.asarray(forced)[:, step]
        weights[:, step] = np.take_along_axis(products, choice[:, step, None], 1)[:, 0]
        part = weights[:, step, None] * atoms[choice[:, step]]
        residual, read = residual - part, read + part
    return choice, weights, read


class Noise:
    """Normal numbers of NUM-5 with mean 0 and deviation 1, one after another."""

    def __init__(self, seed):
        self.state = seed

    def draw(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) % 2**64
        mix = self.state
        mix = (mix ^ mix >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        mix = (mix ^ mix >> 27) * 0x94D049BB133111EB % 2**64
        return mix ^ mix >> 31

    def normal(self):
        bell = sum(draw >> shift & 0xFFFF for draw in [self.draw() for _ in range(3)] for shift in (0, 16, 32, 48))
        return float(to_bfloat16((bell - 393210) * 2.0**-16))

    def like(self, x):
        return np.array([self.normal() for _ in range(x.size)], dtype=x.dtype).reshape(x.shape)


def store_noise(numbers, kv_heads, sigma, noise):
    """BAS-18 for [T, G * d]; `noise` goes on where it stopped."""
    heads = split(numbers, kv_heads)
    size = sigma * np.sqrt((heads**2).mean((1, 2), keepdims=True))
    return joined(heads + size * split(noise.like(numbers), kv_heads))
