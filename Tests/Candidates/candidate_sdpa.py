#!/usr/bin/env python3
"""PyTorch's scaled_dot_product_attention with a boolean mask: attention, the model, gradients and generation.

  pip install -r Tests/Candidates/requirements-torch.txt
  loma conform -- python3 Tests/Candidates/candidate_sdpa.py

A small Llama of its own, in float64, float32, bfloat16 and float16. Everything is computed in the type asked for; only
what chapter 12 keeps in the accumulation type (angles, the mean of squares, the loss) is wider in 16 bits. Generation
keeps a cache of its own (sdpa_cache.py).
"""

import functools
import pathlib

import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional

import loma_model
import loma_protocol
import loma_rotation
import sdpa_cache

DTYPES = {"f64": torch.float64, "f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}


def wide(x):
    """At least float32."""
    return x if x.dtype == torch.float64 else x.float()


def attention(q, k, v, mask):
    """[B, H, R, d]; a True of the mask is a key that is seen."""
    return functional.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=True)


def probabilities(q, k, mask):
    """The kernel does not give its weights away; with the identity as values they are its output."""
    identity = torch.eye(k.shape[2], dtype=q.dtype).expand(*k.shape[:2], -1, -1)
    return attention(q, k, identity, mask)


def rms_norm(x, gain, epsilon):
    x32 = wide(x)
    return gain * (x32 * torch.rsqrt((x32 * x32).mean(-1, keepdim=True) + epsilon)).to(x.dtype)


def rope(x, positions, rotation):
    """MOD-3 for [B, H, R, d] and positions [B, R]."""
    half = x.shape[-1] // 2
    frequencies, factor = loma_rotation.frequencies(rotation, x.shape[-1])
    angle = positions[:, None, :, None].double() * torch.tensor(frequencies, dtype=torch.float64)
    cos, sin = (factor * angle.cos()).to(x.dtype), (factor * angle.sin()).to(x.dtype)
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)


class Llama(torch.nn.Module):
    """MOD-6 on a directory's weights, which keep their names."""

    def __init__(self, directory, dtype):
        super().__init__()
        self.dtype = dtype
        self.config = loma_model.settings(directory)
        stored = load_file(pathlib.Path(directory) / "model.safetensors")
        if self.config["tie_word_embeddings"]:
            stored.pop("lm_head.weight", None)
        self.weights = {name: w.to(dtype).requires_grad_() for name, w in stored.items()}

    def forward(self, tokens, positions, mask, embeddings=None, cache=None, seen=None):
        """Logits [B, R, V']; tokens and positions [B, R], mask [B, R, keys]. A cache puts its keys and values before
        the rows' own; every intermediate of MOD-7 is left in `seen`."""
        config, w, seen = self.config, self.weights, {} if seen is None else seen
        d, epsilon, rotation = config["head_dim"], config["rms_norm_eps"], config["rotation"]
        x = functional.embedding(tokens, w["model.embed_tokens.weight"]) if embeddings is None else embeddings
        split = lambda x: x.unflatten(-1, (-1, d)).transpose(1, 2)
        joined = lambda x: x.transpose(1, 2).flatten(2)
        for n in range(config["num_hidden_layers"]):
            norm_of = lambda x, name: rms_norm(x, w[f"model.layers.{n}.{name}_layernorm.weight"], epsilon)
            linear = lambda x, name: functional.linear(
                x, w[f"model.layers.{n}.{name}.weight"], w.get(f"model.layers.{n}.{name}.bias"))
            norm = norm_of(x, "input")
            q, k, v = (split(linear(norm, f"self_attn.{name}_proj")) for name in "qkv")
            if config["qk_norm"]:
                q, k = (rms_norm(x, w[f"model.layers.{n}.self_attn.{name}_norm.weight"], epsilon)
                        for name, x in (("q", q), ("k", k)))
            q, k = rope(q, positions, rotation), rope(k, positions, rotation)
            seen |= {f"layers.{n}.attention.norm": norm, f"layers.{n}.attention.query": joined(q),
                     f"layers.{n}.attention.key": joined(k), f"layers.{n}.attention.value": joined(v),
                     f"hidden.{n}": x}
            if cache is not None:
                k, v = cache.append(n, k, v)
            context = joined(attention(q, k, v, mask[:, None]))
            output = linear(context, "self_attn.o_proj")
            middle = x + output
            seen |= {f"layers.{n}.attention.context": context, f"layers.{n}.attention.output": output,
                     f"layers.{n}.middle": middle}
            if f"layers.{n}.attention.probabilities" in seen:  # asked for: it costs a second pass of the kernel
                seen[f"layers.{n}.attention.probabilities"] = probabilities(q, k, mask[:, None])
            norm = norm_of(middle, "post_attention")
            gate, up = linear(norm, "mlp.gate_proj"), linear(norm, "mlp.up_proj")
            inner = functional.silu(gate) * up
            down = linear(inner, "mlp.down_proj")
            x = middle + down
            seen |= {f"layers.{n}.feed_forward.{name}": value for name, value in (
                ("norm", norm), ("gate", gate), ("up", up), ("activation", inner), ("output", down))}
        seen[f"hidden.{config['num_hidden_layers']}"] = x
        seen["final_norm"] = rms_norm(x, w["model.norm.weight"], epsilon)
        head = "model.embed_tokens.weight" if config["tie_word_embeddings"] else "lm_head.weight"
        return functional.linear(seen["final_norm"], w[head])


load_model = functools.cache(Llama)


def logits_and_rows(request, model, dtype, seen=None):
    batch = request.batch()
    shape = (len(batch), len(batch[0]))
    tokens, positions = (
        torch.tensor([[row[key] for row in rows] for rows in batch], dtype=torch.int64).reshape(shape)
        for key in ("token", "position"))
    mask = torch.tensor([request.mask(rows) for rows in batch], dtype=torch.bool).reshape(*shape, shape[1])
    given = request.input.get("embeddings")
    return model(tokens, positions, mask, None if given is None else given.to(dtype), seen=seen), batch


def losses(request, model, dtype):
    """LOS-4: sums over the labelled rows of all texts, divided once."""
    logits, batch = logits_and_rows(request, model, dtype)
    labels = torch.tensor([[-100 if row["label"] is None else row["label"] for row in rows] for rows in batch])
    reading = torch.tensor([[row["zone"] == "x" for row in rows] for rows in batch])
    terms = []
    for own in (reading, ~reading) if labels.numel() else ():
        chosen = torch.where(own, labels, -100)
        total = functional.cross_entropy(
            wide(logits).flatten(0, 1), chosen.flatten(), ignore_index=-100, reduction="sum")
        terms.append(total / (chosen >= 0).sum().clamp(min=1))  # an empty mean is 0
    return terms or [logits.sum()] * 2


def answer(request):
    dtype = DTYPES[request.dtype]
    if request.op == "attention":
        p, given = request.params, request.input
        d = given["q"].shape[1] // p["heads"]
        q, k, v = (given[name].to(dtype).unflatten(-1, (-1, d)).transpose(0, 1)[None] for name in "qkv")
        mask = given["mask"][None, None]
        context = attention(q, k, v, mask)[0].transpose(0, 1).flatten(1)
        return {"context": context, "probabilities": probabilities(q, k, mask)[0]}
    model = load_model(request.model, dtype)
    if request.op == "forward":
        seen = dict.fromkeys(request.capture)
        with torch.no_grad():
            logits, _ = logits_and_rows(request, model, dtype, seen)
        return {"logits": logits, **{name: seen[name] for name in request.capture}}
    if request.op in ("generate", "reconstruct"):
        with torch.no_grad():
            return getattr(sdpa_cache, request.op)(request, model)
    if request.op == "loss":
        with torch.no_grad():
            terms = losses(request, model, dtype)
        return dict(zip(("language_modelling", "repetition"), (term.to(dtype) for term in terms)))
    gradients = torch.autograd.grad(sum(losses(request, model, dtype)), list(model.weights.values()))
    return {f"gradients.{name}": gradient for name, gradient in zip(model.weights, gradients)}


def save(tensors, path):
    save_file({name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}, path)


if __name__ == "__main__":
    torch.set_num_threads(1)
    loma_protocol.serve(
        "sdpa", f"torch-{torch.__version__}",
        ["attention", "forward", "loss", "gradients", "generate", "reconstruct"], DTYPES, answer, load_file, save,
        captures=True, families=loma_model.FAMILIES)
