"""OWN-1 a second time, in PyTorch float64: passes of a checkpoint as the Spec says, with the roundings of an element
type, or with a mistake, all of them through one layer before the next is read.

Nothing here is read from the Swift code; the random numbers are others, so that what comes of them agrees in size only.
"""

import math
import typing

import torch
from torch.nn import functional

import loma_layout
import loma_model
import own_llama

BITS = {"f32": (24, -126), "bf16": (8, -126), "f16": (11, -14)}  # of the significand; the least normal exponent
LARGEST = {"f32": 3.4028234663852886e38, "bf16": 3.3895313892515355e38, "f16": 65504.0}
U24 = 2.0**-24


def rounded(x, dtype, generator=None):
    """x in the numbers of a type: to the nearest, ties to even, or up or down at random in proportion."""
    bits, least = BITS[dtype]
    _, exponent = torch.frexp(x)
    step = torch.ldexp(torch.ones_like(x), exponent.clamp(min=least + 1) - bits)
    places = x / step
    if generator is None:
        places = places.round()
    else:
        places = (places + torch.rand(x.shape, generator=generator, dtype=x.dtype)).floor()
    y = places * step
    return torch.where(y.abs() > LARGEST[dtype], torch.inf * y.sign(), y)


class Exact:
    """The reference's own arithmetic."""

    angles = staticmethod(lambda position, theta, d: position[:, None] * theta ** (-torch.arange(0, d, 2).double() / d))
    point = staticmethod(lambda x: x)

    @staticmethod
    def product(a, b):
        """a b^T over the last axes."""
        return a @ b.mT


class Rounding:
    """OWN-1: every number rounded to a type where it arises; to the nearest for seed 0, at random otherwise."""

    def __init__(self, dtype, seed):
        self.dtype = dtype
        self.generator = torch.Generator().manual_seed(seed)
        self.nearest = seed == 0

    def point(self, x):
        return rounded(x, self.dtype, None if self.nearest else self.generator)

    def near_one(self, shape):
        return 1 + U24 * (2 * torch.rand(shape, generator=self.generator, dtype=torch.float64) - 1)

    def angles(self, position, theta, d):
        exponent = torch.arange(0, d, 2).double() / d * self.near_one(d // 2)
        power = theta ** -exponent * self.near_one(d // 2)
        return position[:, None] * power * self.near_one((len(position), d // 2))

    def product(self, a, b):
        y = a @ b.mT
        if self.dtype != "f32":
            return y
        spread = ((a * a) @ (b * b).mT).sqrt() * (U24 * math.sqrt(a.shape[-1] / 6))
        return y + spread * torch.randn(y.shape, generator=self.generator, dtype=torch.float64)


class Pass(typing.NamedTuple):
    """One way through a model: its arithmetic, its mistake or None, and its rows with their mask."""

    held: object
    mistake: object
    rows: list
    mask: torch.Tensor


def prepared(text, p, profile, mistake=None):
    """Rows of the training layout and their mask [S, S], as a mistake has them."""
    axes = {**profile, **(mistake.profile if mistake else {})}
    rows = loma_layout.rows(text, p["c"], p["t"], p["memory_token"], p["repetition_token"], axes)
    if mistake and mistake.rows:
        rows = mistake.rows(rows, p)
    return rows, torch.tensor(loma_layout.mask(rows, axes))


class Model:
    """A directory whose weights are given in binary64, as the type holds them (OWN-7)."""

    def __init__(self, directory, dtype):
        self.directory, self.dtype, self.settings = directory, dtype, loma_model.settings(directory)

    def weight(self, name):
        w = rounded(own_llama.Weights(self.directory, torch.float64)(name), self.dtype)
        if not w.isfinite().all():
            raise OverflowError(f"{name} has numbers that {self.dtype} cannot hold")
        return w

    def run(self, passes, embeddings=None, keep=lambda name: False):
        """By pass: the logits, and whatever `keep` wants of the names of MOD-7. Each layer is read once."""
        settings, table = self.settings, self.weight("model.embed_tokens.weight")
        states, kept = [], [{} for _ in passes]
        for i, one in enumerate(passes):
            x = table[torch.tensor([row["token"] for row in one.rows])] if embeddings is None else embeddings
            states.append(one.held.point(x))
            kept[i] |= {"hidden.0": states[i]} if keep("hidden.0") else {}
        places = [place(one, settings) for one in passes]
        for n in range(settings["num_hidden_layers"]):
            weights = {part: self.weight(f"model.layers.{n}.{part}.weight") for part in LAYER}
            for i, one in enumerate(passes):
                states[i], made = layer(one, states[i], n, places[i], weights, settings, self.dtype)
                made[f"hidden.{n + 1}"] = states[i]
                kept[i] |= {name: value for name, value in made.items() if keep(name)}
        gain = self.weight("model.norm.weight")
        head = table if settings["tie_word_embeddings"] else self.weight("lm_head.weight")
        for i, one in enumerate(passes):
            normed = norm(one, states[i], gain, settings)
            kept[i]["logits"] = product(one, normed, head)
        return kept


LAYER = ("input_layernorm", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
         "post_attention_layernorm", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj")


def word(one):
    return one.mistake.arithmetic if one.mistake else None


def changed(one, settings):
    return one.mistake.settings(settings) if one.mistake and one.mistake.settings else settings


def product(one, x, w):
    """x w^T, rounded."""
    if word(one) == "tf32":
        x, w = own_llama.eleven_bits(x), own_llama.eleven_bits(w)
    return one.held.point(one.held.product(x, w))


def norm(one, x, gain, settings):
    epsilon = changed(one, settings)["rms_norm_eps"]
    unit = one.held.point(x / ((x * x).mean(-1, keepdim=True) + epsilon).sqrt())
    return one.held.point(unit * gain)


def place(one, settings):
    """cos and sin [S, d/2]."""
    position = torch.tensor([row["position"] for row in one.rows], dtype=torch.float64)
    angle = one.held.angles(position, changed(one, settings)["rope_theta"], settings["head_dim"])
    cos, sin = angle.cos(), angle.sin()
    if word(one) == "cos_bf16":
        cos, sin = rounded(cos, "bf16"), rounded(sin, "bf16")
    return one.held.point(cos), one.held.point(sin)


def rotated(one, x, cos, sin):
    """MOD-3 for [heads, S, d]; each of the four products is rounded, and then their sum."""
    point, interleaved = one.held.point, word(one) == "interleaved"
    a, b = (x[..., 0::2], x[..., 1::2]) if interleaved else x.chunk(2, dim=-1)
    first, second = point(point(a * cos) - point(b * sin)), point(point(b * cos) + point(a * sin))
    return torch.stack([first, second], -1).flatten(-2) if interleaved else torch.cat([first, second], -1)


def cached(one, x, dtype):
    if word(one) != "cache_lower":
        return x
    return x.float().to(torch.float16 if dtype == "f32" else torch.float8_e4m3fn).double()


def layer(one, x, n, place, weights, settings, dtype):
    """MOD-6's layer n with OWN-1's roundings: the hidden rows behind it, and what it made."""
    point, d = one.held.point, settings["head_dim"]
    heads, kv_heads = settings["num_attention_heads"], settings["num_key_value_heads"]
    joined = lambda x: x.transpose(0, 1).flatten(1)
    normed = norm(one, x, weights["input_layernorm"], settings)
    q, k, v = (product(one, normed, weights[f"self_attn.{part}_proj"]).unflatten(-1, (-1, d)).transpose(0, 1)
               for part in "qkv")
    q, k = rotated(one, q, *place), rotated(one, k, *place)
    k, v = cached(one, k, dtype), cached(one, v, dtype)
    group = heads // kv_heads
    shared = lambda x: x.repeat(group, 1, 1) if word(one) == "kv_modulo" else x.repeat_interleave(group, 0)
    seen = one.mask
    if one.mistake and one.mistake.mask:
        seen = one.mistake.mask(one.rows, seen, n, settings["num_hidden_layers"], heads)
    narrow = own_llama.eleven_bits if word(one) == "tf32" else lambda x: x
    scores = point(one.held.product(narrow(q), narrow(shared(k))) / math.sqrt(d))
    if word(one) == "minus_ten":
        scores = torch.where(seen, scores, torch.tensor(-10.0, dtype=scores.dtype))
    elif word(one) != "mask_after":
        scores = scores.masked_fill(~seen, -torch.inf)
    attention = point(functional.softmax(scores, -1))
    if word(one) == "mask_after":
        attention = attention * seen
    context = point(joined(one.held.product(narrow(attention), narrow(shared(v)).mT)))
    middle = point(x + product(one, context, weights["self_attn.o_proj"]))
    inner = norm(one, middle, weights["post_attention_layernorm"], settings)
    gate, up = product(one, inner, weights["mlp.gate_proj"]), product(one, inner, weights["mlp.up_proj"])
    bent = point(functional.gelu(gate) if word(one) == "gelu" else functional.silu(gate))
    down = product(one, point(bent * up), weights["mlp.down_proj"])
    made = {f"layers.{n}.attention.key": joined(k), f"layers.{n}.attention.value": joined(v),
            f"layers.{n}.attention.context": context}
    return point(middle + down), made
