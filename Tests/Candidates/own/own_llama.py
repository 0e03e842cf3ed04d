"""A Llama in PyTorch whose arithmetic is one of several right ones, or one of the wrong ones of own_mistakes.py.

Everything is held in the type asked for; what is wider in 16 bits differs by variant. One text at a time, without pads.

| variant | what differs |
|---|---|
| `plain` | norms, rotation tables and softmax in float32, cast at once |
| `online` | attention in tiles of 32 keys with a running maximum and powers of two, weights cast before they meet v |
| `wide` | the residual stream and the gains of norms in float32 |
| `tight` | everything in the type, softmax and the root of a norm too; only the squares under it are wider |
| `split` | every product in four partial sums that are stored in the type |
| `compile` | a layer of `plain` through torch.compile, where there is no cache |
"""

import functools
import json
import math
import pathlib

import torch
from safetensors import safe_open
from torch.nn import functional

import loma_model

VARIANTS = ("plain", "online", "wide", "tight", "split", "compile")
KEYS_AT_ONCE, PARTS = 32, 4


def wide(x):
    """At least float32."""
    return x if x.dtype == torch.float64 else x.float()


def eleven_bits(x):
    """Rounded to TF32's significand, ties to even."""
    fraction, exponent = torch.frexp(x)
    return torch.ldexp((fraction * 2**11).round() / 2**11, exponent)


class Weights:
    """A directory's weights by name, in one file or in shards, made of a type when they are first asked for."""

    def __init__(self, directory, dtype):
        self.directory, self.dtype, self.files, self.held = pathlib.Path(directory), dtype, {}, {}
        index = self.directory / "model.safetensors.index.json"
        self.where = json.loads(index.read_text())["weight_map"] if index.exists() else {}

    def __call__(self, name):
        if name not in self.held:
            file = self.where.get(name, "model.safetensors")
            if file not in self.files:
                self.files[file] = safe_open(self.directory / file, framework="pt")
            self.held[name] = self.files[file].get_tensor(name).to(self.dtype)
        return self.held[name]


def rotate(x, cos, sin, interleaved):
    """MOD-3 for [heads, S, d] and [S, d/2]."""
    if interleaved:
        a, b = x[..., 0::2], x[..., 1::2]
        return torch.stack([a * cos - b * sin, b * cos + a * sin], dim=-1).flatten(-2)
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)


class Llama:
    """MOD-6; `mistake` is one of own_mistakes.MISTAKES or None."""

    def __init__(self, directory, dtype, variant="plain", mistake=None):
        self.dtype, self.variant, self.mistake = dtype, variant, mistake
        self.settings = loma_model.settings(directory)
        if mistake and mistake.settings:
            self.settings = mistake.settings(self.settings)
        self.arithmetic = mistake.arithmetic if mistake else None
        self.weights = Weights(directory, dtype)
        self.layers = self.settings["num_hidden_layers"]
        self.heads, self.kv_heads = self.settings["num_attention_heads"], self.settings["num_key_value_heads"]

    def product(self, x, w):
        """x w^T."""
        if self.arithmetic == "tf32":
            x, w = eleven_bits(x), eleven_bits(w)
        if self.variant == "split" and x.shape[-1] >= PARTS:
            total = None
            for a, b in zip(x.tensor_split(PARTS, -1), w.tensor_split(PARTS, -1)):
                part = functional.linear(a, b)
                total = part if total is None else total + part
            return total
        return functional.linear(x.to(self.dtype), w)

    def matmul(self, a, b):
        if self.arithmetic == "tf32":
            a, b = eleven_bits(a), eleven_bits(b)
        return a @ b

    def norm(self, x, name):
        gain, epsilon = self.weights(name), self.settings["rms_norm_eps"]
        x32 = wide(x)
        if self.variant == "tight":  # but for the squares: those of 300 overflow in f16
            return gain * (x * torch.rsqrt((x32 * x32).mean(-1, keepdim=True) + epsilon).to(x.dtype))
        y = x32 * torch.rsqrt((x32 * x32).mean(-1, keepdim=True) + epsilon)
        return (wide(gain) * y).to(self.dtype) if self.variant == "wide" else gain * y.to(self.dtype)

    def place(self, positions):
        """cos and sin [S, d/2]."""
        d, theta = self.settings["head_dim"], self.settings["rope_theta"]
        exponent = torch.arange(0, d, 2, dtype=wide(torch.zeros(0, dtype=self.dtype)).dtype) / d
        angle = positions[:, None].to(exponent.dtype) * (1.0 / theta**exponent)
        cos, sin = angle.cos(), angle.sin()
        if self.arithmetic == "cos_bf16":
            cos, sin = cos.bfloat16(), sin.bfloat16()
        return cos.to(self.dtype), sin.to(self.dtype)

    def split_heads(self, x):
        return x.unflatten(-1, (-1, self.settings["head_dim"])).transpose(0, 1)

    def cached(self, x):
        """What a cache keeps of keys and values."""
        if self.arithmetic != "cache_lower":
            return x
        return x.to(torch.float16 if self.dtype == torch.float32 else torch.float8_e4m3fn).to(x.dtype)

    def for_queries(self, x):
        """KV heads [H_kv, S, d] repeated for query heads."""
        group = self.heads // self.kv_heads
        return x.repeat(group, 1, 1) if self.arithmetic == "kv_modulo" else x.repeat_interleave(group, 0)

    def attention(self, q, k, v, seen):
        """Context [H, Q, d] and weights [H, Q, K]; seen is [Q, K] or [H, Q, K]."""
        scale = 1 / math.sqrt(self.settings["head_dim"])
        k, v = self.for_queries(k), self.for_queries(v)
        if self.variant == "online":
            return self.online(q, k, v, seen, scale)
        scores = self.matmul(q, k.mT) * scale
        if self.arithmetic == "minus_ten":
            scores = torch.where(seen, scores, torch.tensor(-10.0, dtype=scores.dtype))
        elif self.arithmetic != "mask_after":
            scores = scores.masked_fill(~seen, float("-inf"))
        in_type = self.variant == "tight"
        weights = tight_softmax(scores) if in_type else functional.softmax(wide(scores), -1).to(self.dtype)
        if self.arithmetic == "mask_after":
            weights = weights * seen
        return self.matmul(weights, v), weights

    def online(self, q, k, v, seen, scale):
        base_two = wide(q) * (scale * math.log2(math.e))
        lead = torch.full((*q.shape[:2], 1), float("-inf"), dtype=base_two.dtype)
        total, context = torch.zeros_like(lead), torch.zeros_like(base_two)
        for start in range(0, k.shape[1], KEYS_AT_ONCE):
            keys = slice(start, start + KEYS_AT_ONCE)
            scores = (base_two @ wide(k[:, keys]).mT).masked_fill(~seen[..., keys], float("-inf"))
            new = torch.maximum(lead, scores.amax(-1, keepdim=True))
            anchor = torch.where(new.isinf(), torch.zeros_like(new), new)
            old, weights = torch.exp2(lead - anchor), torch.exp2(scores - anchor)
            total = total * old + weights.sum(-1, keepdim=True)
            context = context * old + wide(weights.to(self.dtype)) @ wide(v[:, keys])
            lead = new
        scores = (base_two @ wide(k).mT).masked_fill(~seen, float("-inf"))
        return (context / total).to(self.dtype), (torch.exp2(scores - lead) / total).to(self.dtype)

    def layer(self, x, n, place, seen, past=None):
        """Hidden [S, D] behind layer n, what it made by the names of MOD-7, and its keys and values [H_kv, S, d]."""
        name, made = f"model.layers.{n}.", {}
        project = lambda x, part: self.product(x, self.weights(f"{name}{part}_proj.weight"))
        joined = lambda x: x.transpose(0, 1).flatten(1)
        norm = self.norm(x, name + "input_layernorm.weight")
        q, k, v = (self.split_heads(project(norm, f"self_attn.{part}")) for part in "qkv")
        interleaved = self.arithmetic == "interleaved"
        q, k = rotate(q, *place, interleaved), rotate(k, *place, interleaved)
        k, v = self.cached(k), self.cached(v)
        keys, values = (k, v) if past is None else (torch.cat([old, new], 1) for old, new in zip(past, (k, v)))
        context, weights = self.attention(q, keys, values, seen)
        context = joined(context)
        output = project(context, "self_attn.o")
        middle = x + output
        inner = self.norm(middle, name + "post_attention_layernorm.weight")
        gate, up = project(inner, "mlp.gate"), project(inner, "mlp.up")
        bent = functional.gelu(gate) if self.arithmetic == "gelu" else functional.silu(gate)
        activation = bent * up
        down = project(activation, "mlp.down")
        made = {"attention.norm": norm, "attention.query": joined(q), "attention.key": joined(k),
                "attention.value": joined(v), "attention.probabilities": weights, "attention.context": context,
                "attention.output": output, "middle": middle, "feed_forward.norm": inner, "feed_forward.gate": gate,
                "feed_forward.up": up, "feed_forward.activation": activation, "feed_forward.output": down}
        return middle + down, made, (k, v)

    def mask_of(self, rows, profile_mask, n):
        """The mask of layer n, as the mistake has it."""
        if not (self.mistake and self.mistake.mask):
            return profile_mask
        return self.mistake.mask(rows, profile_mask, n, self.layers, self.heads)

    def run(self, rows, masks, embeddings=None, past=None, keep=()):
        """Logits [Q, V'] of rows; the intermediates named in `keep`; and the new keys and values by layer. Those in
        `past` stand before them; `masks(n)` is that of layer n, [Q, keys] or [H, Q, keys]."""
        if embeddings is None:
            embeddings = self.weights("model.embed_tokens.weight")[torch.tensor([row["token"] for row in rows])]
        x = embeddings.to(self.dtype)
        x = x.float() if self.variant == "wide" and self.dtype != torch.float64 else x
        place = self.place(torch.tensor([row["position"] for row in rows]))
        kept, new = {"hidden.0": x}, []
        # Not behind a cache: it would be compiled again for every length of it.
        layer = compiled() if self.variant == "compile" and past is None else Llama.layer
        for n in range(self.layers):
            x, made, entries = layer(self, x, n, place, masks(n), None if past is None else past[n])
            new.append(entries)
            kept |= {f"layers.{n}.{part}": value for part, value in made.items() if f"layers.{n}.{part}" in keep}
            kept[f"hidden.{n + 1}"] = x
        kept["final_norm"] = self.norm(x, "model.norm.weight")
        tied = self.settings["tie_word_embeddings"]
        head = self.weights("model.embed_tokens.weight" if tied else "lm_head.weight")
        logits = self.product(kept["final_norm"], head)
        return logits, {name: kept[name].to(self.dtype) for name in keep if name != "logits"}, new


def tight_softmax(scores):
    weights = torch.exp(scores - scores.amax(-1, keepdim=True))
    return weights / weights.sum(-1, keepdim=True)


@functools.cache
def compiled():
    """The plain layer's arithmetic, compiled once a shape: weights are arguments, so that layers share it."""
    return CompiledLayer()


class CompiledLayer:
    """A layer as a function of tensors alone, for torch.compile."""

    def __init__(self):
        self.function = torch.compile(pure_layer, dynamic=False)

    def __call__(self, llama, x, n, place, seen, past):
        name = f"model.layers.{n}."
        parts = ("input_layernorm", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
                 "post_attention_layernorm", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj")
        weights = [llama.weights(f"{name}{part}.weight") for part in parts]
        values = self.function(x, *place, seen, past, weights, llama.settings["rms_norm_eps"],
                               llama.settings["head_dim"], llama.heads // llama.kv_heads)
        names = ("attention.norm", "attention.query", "attention.key", "attention.value", "attention.probabilities",
                 "attention.context", "attention.output", "middle", "feed_forward.norm", "feed_forward.gate",
                 "feed_forward.up", "feed_forward.activation", "feed_forward.output")
        *made, out, keys, new = values
        return out, dict(zip(names, made)), (keys, new)


def pure_layer(x, cos, sin, seen, past, weights, epsilon, head_dim, group):
    """Llama.layer of `plain`, written down again without an object."""
    first, wq, wk, wv, wo, second, wg, wu, wd = weights

    def norm(x, gain):
        x32 = wide(x)
        return gain * (x32 * torch.rsqrt((x32 * x32).mean(-1, keepdim=True) + epsilon)).to(gain.dtype)

    joined = lambda x: x.transpose(0, 1).flatten(1)
    normed = norm(x, first)
    q, k, v = (functional.linear(normed, w).unflatten(-1, (-1, head_dim)).transpose(0, 1) for w in (wq, wk, wv))
    q, k = rotate(q, cos, sin, False), rotate(k, cos, sin, False)
    keys, values = (k, v) if past is None else (torch.cat([past[0], k], 1), torch.cat([past[1], v], 1))
    keys, values = keys.repeat_interleave(group, 0), values.repeat_interleave(group, 0)
    scores = (q @ keys.mT / math.sqrt(head_dim)).masked_fill(~seen, float("-inf"))
    weights = functional.softmax(wide(scores), -1).to(x.dtype)
    context = joined(weights @ values)
    output = functional.linear(context, wo)
    middle = x + output
    inner = norm(middle, second)
    gate, up = functional.linear(inner, wg), functional.linear(inner, wu)
    activation = functional.silu(gate) * up
    down = functional.linear(activation, wd)
    return (normed, joined(q), joined(k), joined(v), weights, context, output, middle, inner, gate, up, activation,
            down, middle + down, k, v)
