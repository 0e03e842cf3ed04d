"""Chapter 19 of the Spec in PyTorch, built otherwise than cache_numpy.py and cache_decoder.py: what is dropped is gone.

Each KV head has tensors of its own entries; attention reads those, and rows behind a prefill are fed one by one. DMC
appends and accumulates token by token. Sums over the codes of chapter 18 are `torch.aminmax`; singular values are
`torch.linalg`'s. In bfloat16 and float16 sums, softmax, rotation and whatever chooses are in float32.
"""

import fractions

import torch
from safetensors.torch import load_file
from torch.nn import functional

import cache_protocol  # noqa: F401  first: it makes the modules of the folder above known
import cache_structure
import loma_model


def wide(x):
    """The type that sums are accumulated in."""
    return x if x.dtype == torch.float64 else x.float()


def ranked(scores):
    """Indices by falling score; a stable sort leaves equals in order (BAS-3)."""
    return torch.sort(scores, dim=-1, descending=True, stable=True).indices


def top(scores, count):
    return ranked(scores)[..., :count].sort(dim=-1).values


def bottom(scores, count):
    return ranked(scores)[..., scores.shape[-1] - count :].sort(dim=-1).values


def eviction(probabilities, kv_heads, window, budget, forced=None):
    """BAS-12 as a sum by einsum over heads of a group and rows of the window."""
    rows = probabilities.shape[-1]
    grouped = wide(probabilities).unflatten(0, (kv_heads, -1))
    scores = torch.einsum("ghqk->gk", grouped[..., rows - window :, : rows - window])
    if forced is not None:
        return scores, forced
    kept = scores.new_full((kv_heads, rows), float("inf"))  # the window is above every score
    kept[:, : rows - window] = scores
    return scores, top(kept, min(budget, rows))


def entries_needed(probabilities, window):
    """BAS-12 for [L, H, T, T], by taking the largest away until nine tenths are reached."""
    mean = wide(probabilities)[..., -window:, :].mean(-2)
    counts = torch.zeros(mean.shape[:-1], dtype=torch.int64)
    for place in torch.cartesian_prod(*map(torch.arange, counts.shape)).view(-1, counts.dim()).tolist():
        order = mean[tuple(place)].sort(descending=True).values
        total = order.new_zeros(())
        for x in order:
            total = total + x
        sum_so_far, count = order.new_zeros(()), 0
        while count == 0 or sum_so_far < 0.9 * total:
            sum_so_far, count = sum_so_far + order[count], count + 1
        counts[tuple(place)] = count
    return counts


def budgets(counts, total, least, rows):
    """BAS-12 by fractions: whole parts, then ones by the largest remainders."""
    weights = counts.sum(-1).tolist()
    exact = [least + fractions.Fraction(weight, sum(weights)) * (total - least * len(weights)) for weight in weights]
    found = [min(int(x), rows) for x in exact]
    while sum(found) < total:
        order = sorted(range(len(exact)), key=lambda layer: (int(exact[layer]) - exact[layer], layer))
        for layer in [layer for layer in order if found[layer] < rows][: total - sum(found)]:
            found[layer] += 1
    return torch.tensor(found)


def channels(query, key, heads, kv_heads, window, pruned, recent, forced=None):
    """BAS-10: scores, channels and keys."""
    rows = key.shape[0]
    queries = wide(query)[-window:].unflatten(-1, (kv_heads, heads // kv_heads, -1))
    norms = torch.linalg.vector_norm(wide(key).unflatten(-1, (kv_heads, -1)), dim=0).square() / rows
    scores = queries.square().mean((0, 2)) * norms
    if rows <= recent:
        return scores, torch.zeros((kv_heads, 0), dtype=torch.int64), key
    choice = bottom(scores, pruned) if forced is None else forced
    mask = torch.ones_like(scores).scatter(1, choice, 0).bool().flatten()
    old = torch.arange(rows)[:, None] < rows - recent
    return scores, choice, key.masked_fill(old & ~mask, 0)


def quantised(x, bits, dim):
    """QNT-1 with a range along `dim`: codes and what is read."""
    lower, upper = torch.aminmax(x, dim=dim, keepdim=True)
    step = (upper - lower) / (2**bits - 1)
    flat = step == 0
    codes = ((x - lower) / step.masked_fill(flat, 1)).round().clamp(0, 2**bits - 1).masked_fill(flat, 0)
    return codes, codes * step + lower


def mixed_bits(key, value, probabilities, kv_heads, low, low_bits, high_bits, probe=None, forced=None):
    """BAS-11 head by head, class by class."""
    rows = key.shape[0]
    seen = wide(probabilities) if probe is None else wide(probabilities)[:, probe]
    scores = torch.stack([part.sum((0, 1)) for part in seen.chunk(kv_heads)])
    scores = scores / torch.arange(rows, 0, -1).to(scores.dtype)
    choice = bottom(scores, low) if forced is None else forced
    names = ("keys", "values", "key_codes", "value_codes")
    out = {name: [] for name in names}
    for head, (k, v) in enumerate(zip(wide(key).chunk(kv_heads, -1), wide(value).chunk(kv_heads, -1))):
        is_low = torch.zeros(rows, dtype=torch.bool).index_fill(0, choice[head], True)
        divisor = v.abs().amax(0).sqrt()
        divisor = torch.where(divisor > 0, divisor, 1)
        parts = {"keys": k.clone(), "values": v.clone(), "key_codes": torch.zeros_like(k),
                 "value_codes": torch.zeros_like(k)}
        for mask, bits in ((is_low, low_bits), (~is_low, high_bits)):
            if bits and mask.any():
                parts["key_codes"][mask], parts["keys"][mask] = quantised(k[mask], bits, 0)
                parts["value_codes"][mask], read = quantised(v[mask] / divisor, bits, 1)
                parts["values"][mask] = read * divisor
        for name in names:
            out[name].append(parts[name])
    found = {name: torch.cat(parts, dim=-1) for name, parts in out.items()}
    return {"saliency": scores, "choice": choice, "keys": found["keys"].to(key.dtype),
            "values": found["values"].to(key.dtype), **{name: found[name].long() for name in names[2:]}}


def rows_that_go_on(probabilities, recent, count, forced=None):
    """BAS-13."""
    rows = probabilities.shape[-1]
    weights = torch.linspace(1, 1.2, recent, dtype=wide(probabilities).dtype)
    scores = torch.einsum("hqk,q->k", wide(probabilities)[:, rows - recent :, : rows - recent], weights)
    scores = scores / (recent * probabilities.shape[0])
    if forced is not None:
        return scores, forced
    kept = torch.cat([scores, scores.new_full((recent,), float("inf"))])
    kept[: min(cache_structure.SINKS, rows - recent)] = float("inf")
    context = top(kept[: rows - recent], min(count, rows - recent))
    return scores, torch.cat([context, torch.arange(rows - recent, rows)])


def distances(keys, values, kv_heads):
    """BAS-14 by torch.cdist's norm of differences, and the pairs."""
    layers = keys.shape[1]
    found = 0
    for x in (keys, values):
        mean = wide(x).mean(0).unflatten(-1, (kv_heads, -1))
        found = found + torch.linalg.vector_norm(mean[:, None] - mean[None], dim=-1).mean((-1, -2)) / 2
    found = found.tril(-1)
    pairs = torch.tril_indices(layers, layers, -1).T
    return found, pairs[ranked(found[pairs[:, 0], pairs[:, 1]])]


def turn(x, positions, theta):
    """MOD-3 on [S, heads, d] as complex numbers whose parts stand half a head apart."""
    half = x.shape[-1] // 2
    angle = positions[:, None].double() * theta ** (-torch.arange(half, dtype=torch.float64) / half)
    pairs = torch.complex(*wide(x).split(half, dim=-1))
    pairs = pairs * torch.complex(angle.cos(), angle.sin()).to(pairs.dtype)[:, None]
    return torch.cat([pairs.real, pairs.imag], dim=-1).to(x.dtype)


def read(query, keys, values):
    """MOD-4 of one KV head: `query` [Q, H/G, d] on `keys` and `values` [K, d], all seen; contexts and weights."""
    scores = torch.einsum("qhd,kd->hqk", query, keys) * query.shape[-1] ** -0.5
    weights = torch.softmax(wide(scores), dim=-1).to(query.dtype)
    return torch.einsum("hqk,kd->qhd", weights, values), weights


class Pool:
    """BAS-15 for one KV head: entries that are closed, and one that takes up what comes."""

    def __init__(self, theta):
        self.theta, self.keys, self.values, self.ends = theta, [], [], []

    def take(self, position, key, value, weight, starts):
        """A token's key before the rotation, with its last channel cleared."""
        if starts:
            self.keys.append(key)
            self.values.append(value)
            self.ends.append(position)
            self.weight = weight
            return
        total = self.weight + weight
        self.ends[-1] = position
        if total == 0:  # both underflowed: the entry stays as it is
            return
        self.keys[-1] = (self.weight * self.keys[-1] + weight * key) / total
        self.values[-1] = (self.weight * self.values[-1] + weight * value) / total
        self.weight = total

    def entries(self):
        """Keys as they are read, and values."""
        keys = turn(torch.stack(self.keys)[:, None], torch.tensor(self.ends), self.theta)[:, 0].clone()
        keys[:, -1] = 0
        return keys, torch.stack(self.values)


class Memory:
    """BAS-15 for a layer, token by token."""

    def __init__(self, heads, kv_heads, theta):
        self.kv_heads, self.group, self.theta, self.length = kv_heads, heads // kv_heads, theta, 0
        self.pools = [Pool(theta) for _ in range(kv_heads)]
        self.trace = {name: [] for name in ("starts", "weights", "keys", "values", "context")}

    def feed(self, query, key, value):
        """One token's [H * d] and [G * d], before the rotation; its context."""
        query, key, value = (x.unflatten(-1, (self.kv_heads, -1)) for x in (query, key, value))
        query = query.unflatten(-1, (self.group, -1))
        weights = torch.sigmoid(wide(query)[..., -1].mean(-1) + 5)
        starts = (self.length == 0) | ~(key[..., -1] - 5 > 0)
        blank = torch.ones(key.shape[-1], dtype=key.dtype)
        blank[-1] = 0
        turned = turn(query.flatten(0, 1)[None] * blank, torch.tensor([self.length]), self.theta)[0] * blank
        contexts, newest = [], []
        for head, pool in enumerate(self.pools):
            pool.take(self.length, wide(key[head] * blank), wide(value[head]), weights[head], bool(starts[head]))
            keys, values = (x.to(key.dtype) for x in pool.entries())
            own = turned.unflatten(0, (self.kv_heads, self.group))[head]
            contexts.append(read(own[None], keys, values)[0].flatten())
            newest.append((keys[-1], values[-1]))
        self.length += 1
        found = (starts, weights, torch.cat([k for k, _ in newest]), torch.cat([v for _, v in newest]),
                 torch.cat(contexts))
        for name, x in zip(self.trace, found):
            self.trace[name].append(x)
        return found[-1]

    def traced(self):
        """All tokens' numbers: by KV head for starts and weights, by row else."""
        found = {name: torch.stack(parts) for name, parts in self.trace.items()}
        return found | {name: found[name].T for name in ("starts", "weights")}


def low_rank(weight, rank):
    """BAS-16 by leaving out the parts of the small singular values."""
    left, values, right = torch.linalg.svd(wide(weight), full_matrices=False)
    if rank == len(values):
        return values, weight
    dropped = torch.einsum("ik,k,kj->ij", left[:, rank:], values[rank:], right[rank:])
    return values, (wide(weight) - dropped).to(weight.dtype)


def sparse_codes(vectors, atoms, steps, forced=None):
    """BAS-17 vector by vector."""
    choices, weights, reads = [], [], []
    for number, x in enumerate(wide(vectors)):
        residual, choice, weight = x, [], []
        for step in range(steps):
            products = wide(atoms) @ residual
            best = int((products.abs() == products.abs().max()).nonzero()[0]) if forced is None \
                else int(forced[number, step])
            choice.append(best)
            weight.append(products[best])
            residual = residual - products[best] * wide(atoms)[best]
        choices.append(choice)
        weights.append(torch.stack(weight) if weight else x.new_zeros(0))
        reads.append(weights[-1] @ wide(atoms)[choice] if choice else torch.zeros_like(x))
    return (torch.tensor(choices, dtype=torch.int64).reshape(len(vectors), steps), torch.stack(weights),
            torch.stack(reads).to(vectors.dtype))


def normals(seed, count):
    """NUM-5: normal numbers of mean 0 and deviation 1 from a seed, rounded by PyTorch's bfloat16."""
    mask, numbers = 2**64 - 1, []
    for n in range(count):
        bell = -393210
        for draw in range(3 * n + 1, 3 * n + 4):  # the state is the seed and so many steps
            mix = seed + draw * 0x9E3779B97F4A7C15 & mask
            mix = (mix ^ mix >> 30) * 0xBF58476D1CE4E5B9 & mask
            mix = (mix ^ mix >> 27) * 0x94D049BB133111EB & mask
            bell += sum((mix ^ mix >> 31).to_bytes(8, "little")[k] << 8 * (k % 2) for k in range(8))
        numbers.append(bell / 2**16)
    return torch.tensor(numbers, dtype=torch.float64).bfloat16().double()


def noisy(numbers, kv_heads, sigma, noise):
    """BAS-18: `noise` has one number for each of [T, G * d]."""
    heads = wide(numbers).unflatten(-1, (kv_heads, -1))
    size = heads.square().mean((0, 2)).sqrt()[None, :, None] * sigma
    return (heads + size * noise.to(heads.dtype).reshape(heads.shape)).flatten(-2).to(numbers.dtype)


def rms_norm(x, gain, epsilon):
    return gain * (wide(x) * torch.rsqrt(wide(x).square().mean(-1, keepdim=True) + epsilon)).to(x.dtype)


class Model:
    """A directory of MOD-1."""

    def __init__(self, directory, dtype=torch.float64):
        config = self.config = loma_model.settings(directory)
        self.weights = {name: x.to(dtype) for name, x in load_file(f"{directory}/model.safetensors").items()}
        self.dtype, self.layers, self.heads = dtype, config["num_hidden_layers"], config["num_attention_heads"]
        self.kv_heads, self.head_dim = config["num_key_value_heads"], config["head_dim"]
        self.epsilon, self.theta = config["rms_norm_eps"], float(config["rope_theta"])

    def weight(self, layer, name):
        return self.weights[f"model.layers.{layer}.{name}.weight"]

    def logits(self, x):
        head = self.weights.get("lm_head.weight", self.weights["model.embed_tokens.weight"])
        return functional.linear(rms_norm(x, self.weights["model.norm.weight"], self.epsilon), head)

    def behind_attention(self, layer, x, context):
        """MOD-5 and MOD-6 from the context on."""
        x = x + functional.linear(context, self.weight(layer, "self_attn.o_proj"))
        normed = rms_norm(x, self.weight(layer, "post_attention_layernorm"), self.epsilon)
        gate, up = (functional.linear(normed, self.weight(layer, f"mlp.{name}_proj")) for name in ("gate", "up"))
        return x + functional.linear(functional.silu(gate) * up, self.weight(layer, "mlp.down_proj"))
