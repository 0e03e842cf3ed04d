"""Chapters 17 and 18 of the Spec in PyTorch, built as the released MLA is and not as latent_numpy.py: batches of padded
texts, neighbouring pairs turned as complex numbers, keys and values of all heads made by one product. Gradients by
autograd, straight through the quantiser.

In float64 it is a second computation of every number; in float32, bfloat16 and float16 it is a candidate, with norms,
rotation, softmax and quantiser in float32, as is usual.
"""

import torch
from safetensors.torch import load_file
from torch.nn import functional

import latent_model  # first: it makes the modules of the folder above known


def wide(x):
    """The type that sums are accumulated in."""
    return x if x.dtype == torch.float64 else x.float()


def quantise(x, bits, group, setting):
    """Codes as numbers and values [S, C], lower ends and steps [S, C/g] (QNT-1 to QNT-3), in the type of `x`."""
    parts = wide(x).unflatten(-1, (-1, group))
    if setting.symmetric:
        most = 2 ** (bits - 1) - 1
        least, step = -most, parts.abs().amax(-1, keepdim=True) / most
        lower = torch.zeros_like(step)
    else:
        lower, top = torch.aminmax(parts, dim=-1, keepdim=True)
        least, most = 0, 2**bits - 1
        step = (top - lower) / most
    if setting.rounded:
        lower, step = (scale.bfloat16().to(parts.dtype) for scale in (lower, step))
    constant = step == 0
    codes = ((parts - lower) / step.masked_fill(constant, 1)).round().clamp(least, most).masked_fill(constant, 0)
    values = codes * step + lower
    return (codes.flatten(-2), values.flatten(-2).to(x.dtype), lower.squeeze(-1).to(x.dtype),
            step.squeeze(-1).to(x.dtype))


def straight_through(x, bits, group, setting):
    """What is read of `x`, whose gradient is that of `x`, and the codes; `x` itself without bits."""
    if not bits or not x.shape[-1]:
        return x, None
    codes, values, _, _ = quantise(x.detach(), bits, group or x.shape[-1], setting)
    return x + (values - x).detach() if x.requires_grad else values, codes


def rms_norm(x, gain, epsilon):
    return gain * (wide(x) * torch.rsqrt(wide(x).square().mean(-1, keepdim=True) + epsilon)).to(x.dtype)


def turn(x, positions, theta):
    """MOD-3 on neighbouring pairs of the last axis; `x` is [B, S, heads, width], `positions` [B, S]."""
    width = x.shape[-1]
    if not width:
        return x
    kind = wide(x).dtype
    inverse = theta ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
    angle = positions[..., None].double() * inverse
    pairs = torch.view_as_complex(wide(x).unflatten(-1, (-1, 2)).contiguous())
    pairs = pairs * torch.complex(angle.cos(), angle.sin()).to(pairs.dtype)[:, :, None]
    return torch.view_as_real(pairs).flatten(-2).to(kind).to(x.dtype)


def to_neighbours(width):
    """Rows of half-split pairs in the order of neighbouring ones."""
    return [pair + half * (width // 2) for pair in range(width // 2) for half in (0, 1)]


def attention(query, latent, rotated_key, up, mask, sizes):
    """LAT-5 and LAT-6: contexts [B, S, H * d_v] and probabilities [B, H, S, K]. `sizes` is H, d_n, d_r, d_v; the order
    of pairs plays no part in a product."""
    heads, plain, rotated, value = sizes
    query = query.unflatten(-1, (heads, plain + rotated))
    key, values = functional.linear(latent, up).unflatten(-1, (heads, plain + value)).split([plain, value], dim=-1)
    key = torch.cat([key, rotated_key[:, :, None].expand(-1, -1, heads, -1)], dim=-1)
    return weighted(query, key, values, mask, (plain + rotated) ** -0.5)


def weighted(query, key, value, mask, scale):
    """MOD-4 for heads side by side: `query`, `key` and `value` are [B, S, H, width]."""
    scores = torch.einsum("bqhd,bkhd->bhqk", query, key) * scale
    weights = torch.softmax(wide(scores).masked_fill(~mask, float("-inf")), dim=-1).to(query.dtype)
    return torch.einsum("bhqk,bkhd->bqhd", weights, value).flatten(-2), weights


class Model:
    """A checkpoint's tensors, which are leaves for autograd on request, """

    def __init__(self, directory, dtype=torch.float64, gradients=False):
        self.config = latent_model.settings(directory)
        setting = self.setting = latent_model.setting_of(self.config)
        self.latent_epsilon = latent_model.latent_epsilon(self.config)
        stored = load_file(f"{directory}/model.safetensors")
        self.weights = {name: tensor.to(dtype).requires_grad_(gradients) for name, tensor in stored.items()}
        self.dtype, self.layers = dtype, self.config["num_hidden_layers"]
        self.heads, self.epsilon = self.config["num_attention_heads"], self.config["rms_norm_eps"]
        self.theta = float(self.config["rope_theta"])
        if setting.of_heads:
            self.rotated, self.plain = self.config["head_dim"], 0
        else:
            self.plain, self.rotated, self.value, self.width = (self.config[name] for name in (
                "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim", "kv_lora_rank"))

    def weight(self, layer, name):
        return self.weights[f"model.layers.{layer}.{name}.weight"]

    def rotate(self, x, positions, heads):
        """[B, S, heads * (d_n + d_r)] with the rotated part of each head turned, in half-split order."""
        x = x.unflatten(-1, (heads, -1))
        plain, rotated = x[..., : x.shape[-1] - self.rotated], x[..., x.shape[-1] - self.rotated :]
        turned = turn(rotated[..., to_neighbours(self.rotated)], positions, self.theta)
        return torch.cat([plain, turned[..., 0::2], turned[..., 1::2]], dim=-1).flatten(-2)

    def linear(self, layer, name, x):
        return functional.linear(x, self.weight(layer, "self_attn." + name))

    def queries(self, layer, normed, positions):
        """LAT-3."""
        if f"model.layers.{layer}.self_attn.q_a_proj.weight" in self.weights:
            low = rms_norm(self.linear(layer, "q_a_proj", normed), self.weight(layer, "self_attn.q_a_layernorm"),
                           self.latent_epsilon)
            return self.rotate(self.linear(layer, "q_b_proj", low), positions, self.heads)
        return self.rotate(self.linear(layer, "q_proj", normed), positions, self.heads)

    def entries(self, layer, normed, positions, out):
        """What a producer stores of these rows, as it is read."""
        if self.setting.of_heads:
            key = self.rotate(self.linear(layer, "k_proj", normed), positions, self.config["num_key_value_heads"])
            out |= {"attention.key": key, "attention.value": self.linear(layer, "v_proj", normed)}
            return key, out["attention.value"]
        both = self.linear(layer, "kv_a_proj_with_mqa", normed)
        latent, key = both.split([self.width, self.rotated], dim=-1)
        if self.setting.norm:
            latent = rms_norm(latent, self.weight(layer, "self_attn.kv_a_layernorm"), self.latent_epsilon)
        key = self.rotate(key, positions, 1)
        out |= {"attention.latent": latent, "attention.rotated_key": key}
        latent, out["latent_codes"] = straight_through(
            latent, self.setting.bits, self.setting.group, self.setting)
        key, out["rotated_codes"] = straight_through(key, self.setting.rotated_bits, 0, self.setting)
        out |= {"attention.stored_latent": latent, "attention.stored_rotated_key": key}
        return latent, key

    def attend(self, layer, normed, positions, entries, mask, out):
        """LAT-5, LAT-6 and LAT-8."""
        query = out["attention.query"] = self.queries(layer, normed, positions)
        if self.setting.of_heads:
            heads = [part.unflatten(-1, (-1, self.rotated)) for part in (query, *entries)]
            group = self.heads // heads[1].shape[2]
            key, value = (part.repeat_interleave(group, dim=2) for part in heads[1:])
            found = weighted(heads[0], key, value, mask, self.rotated**-0.5)
        else:
            up = self.weight(self.setting.up_projection_of(layer), "self_attn.kv_b_proj")
            found = attention(query, *entries, up, mask, (self.heads, self.plain, self.rotated, self.value))
        out["attention.context"], out["attention.probabilities"] = found
        out["attention.output"] = self.linear(layer, "o_proj", found[0])

    def run(self, hidden, positions, mask, past=None):
        """All intermediates [B, …] of rows with embeddings [B, S, D]; `past` has earlier entries by producer and takes
        up those of these rows."""
        trace, entries = {"hidden.0": hidden}, None
        for layer in range(self.layers):
            x, out = trace[f"hidden.{layer}"], {}
            normed = out["attention.norm"] = rms_norm(x, self.weight(layer, "input_layernorm"), self.epsilon)
            if layer % self.setting.stride == 0:
                entries = self.entries(layer, normed, positions, out)
                if past is not None:
                    before = past.get(layer)
                    entries = past[layer] = [torch.cat(parts, dim=1) for parts in zip(before, entries)] \
                        if before else list(entries)
            self.attend(layer, normed, positions, entries, mask, out)
            middle = out["middle"] = x + out["attention.output"]
            normed = out["feed_forward.norm"] = rms_norm(
                middle, self.weight(layer, "post_attention_layernorm"), self.epsilon)
            for name in ("gate", "up"):
                out[f"feed_forward.{name}"] = functional.linear(normed, self.weight(layer, f"mlp.{name}_proj"))
            inner = functional.silu(out["feed_forward.gate"]) * out["feed_forward.up"]
            out["feed_forward.activation"] = inner
            out["feed_forward.output"] = functional.linear(inner, self.weight(layer, "mlp.down_proj"))
            trace[f"hidden.{layer + 1}"] = middle + out["feed_forward.output"]
            trace |= {f"layers.{layer}.{name}": value for name, value in out.items() if value is not None}
        trace["final_norm"] = rms_norm(trace[f"hidden.{self.layers}"], self.weights["model.norm.weight"], self.epsilon)
        head = self.weights.get("lm_head.weight", self.weights["model.embed_tokens.weight"])
        trace["logits"] = functional.linear(trace["final_norm"], head)
        return trace

    def embed(self, tokens):
        return functional.embedding(tokens, self.weights["model.embed_tokens.weight"])

    def batch(self, texts, embeddings=None):
        """Texts padded on the right, all at once."""
        longest = max(map(len, texts))
        tokens = torch.tensor([[*text, *[0] * (longest - len(text))] for text in texts])
        hidden = self.embed(tokens) if embeddings is None else embeddings.to(self.dtype)
        return self.run(hidden, torch.arange(longest).expand(len(texts), -1),
                        torch.ones(longest, longest, dtype=torch.bool).tril())

    def loss(self, texts):
        """Mean of the cross-entropies of all tokens that follow another."""
        logits = wide(self.batch(texts)["logits"])
        labels = torch.full(logits.shape[:2], -100)
        for text, row in zip(texts, labels):
            row[: len(text) - 1] = torch.tensor(text[1:])
        if (labels == -100).all():
            return logits.sum() * 0
        return functional.cross_entropy(logits.flatten(0, 1), labels.flatten())

    def gradients(self, texts):
        """The loss and its gradient by every tensor of the checkpoint; 0 where it does not depend on one."""
        loss = self.loss(texts)
        found = torch.autograd.grad(loss, list(self.weights.values()), allow_unused=True)
        return loss, {name: torch.zeros_like(tensor) if grad is None else grad
                      for (name, tensor), grad in zip(self.weights.items(), found)}


class Reader:
    """A text fed in passes; what is kept is numbers as they are read, with their codes beside them."""

    def __init__(self, model):
        self.model, self.past, self.fed, self.logits = model, {}, 0, []
        self.codes = {}

    def feed(self, tokens):
        mask = torch.ones(len(tokens), self.fed + len(tokens), dtype=torch.bool).tril(self.fed)
        positions = self.fed + torch.arange(len(tokens))[None]
        trace = self.model.run(self.model.embed(torch.tensor([tokens])), positions, mask, self.past)
        self.fed += len(tokens)
        self.logits += list(trace["logits"][0])
        for name, value in trace.items():
            if name.endswith("_codes"):
                self.codes.setdefault(name.split(".")[-1], {}).setdefault(int(name.split(".")[1]), []).append(value[0])

    def generate(self, count, forced=None):
        chosen = []
        for step in range(count):
            scores = self.logits[-1]
            chosen.append(int((scores == scores.max()).nonzero()[0]))  # GEN-5: the lowest id among exact maxima
            if step + 1 < count:
                self.feed([chosen[-1] if forced is None else forced[step]])
        return chosen

    def answer(self, chosen):
        """The tensors of `latent_generate`."""
        names = ("keys", "values") if self.model.setting.of_heads else ("latents", "rotated_keys")
        answer = {"chosen": torch.tensor(chosen, dtype=torch.int64), "logits": torch.stack(self.logits)}
        for place, name in enumerate(names):
            answer[f"cache.{name}"] = torch.stack([self.past[layer][place][0] for layer in sorted(self.past)])
        return answer | {f"cache.{name}": torch.stack([torch.cat(by_layer[n]) for n in sorted(by_layer)]).long()
                         for name, by_layer in self.codes.items()}
