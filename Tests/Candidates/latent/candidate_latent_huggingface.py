#!/usr/bin/env python3
"""Hugging Face's DeepseekV3ForCausalLM without experts, and its LlamaForCausalLM, as a candidate for those models of
chapter 17 that they are: forward passes, gradients and generation, in float64, float32, bfloat16 and float16.

  pip install -r Tests/Candidates/requirements-torch.txt
  loma conform --vectors Vectors/peers -- python3 Tests/Candidates/latent/candidate_latent_huggingface.py

Neither shares layers nor quantises, DeepseekV3 always normalises its latents, and without a rotated part it has no
width to turn by: any other model is answered `unsupported`. The modules are the stock ones, given a 4-D mask and
position ids; gradients are autograd's, and what generation keeps is what DynamicCache holds, which are latents and
rotated keys. In float64 the forms that transformers computes in float32 are replaced, as latent_huggingface.py lists
them; in float32, bfloat16 and float16 none is, and attention is the stock "eager" with a mask that is added. In every
type an attribute is set: ε of the norms of latents, which the constructor leaves at 10⁻⁶ (LAT-4).
"""

import functools

import torch
import transformers
from safetensors.torch import load_file
from torch.nn import functional
from transformers import DeepseekV3Config, DeepseekV3ForCausalLM, DynamicCache
from transformers.models.deepseek_v3 import modeling_deepseek_v3 as deepseek

import latent_model  # first: it makes the modules of the folder above known
import candidate_huggingface
import candidate_latent
import latent_protocol
import latent_structure
import latent_torch
import llama64
import loma_protocol

DTYPES = candidate_latent.DTYPES


def missing(config, setting):
    """What a model needs that transformers does not have, or None."""
    reasons = {
        "layers that share entries": setting.stride > 1,
        "quantised entries": not setting.of_heads and (setting.bits or setting.rotated_bits),
        "latents without a norm": not setting.of_heads and not setting.norm,
        "heads without a rotated part": not setting.of_heads and not config["qk_rope_head_dim"]}
    return next((reason for reason, needed in reasons.items() if needed), None)


@functools.cache
def load_model(directory, dtype):
    config = latent_model.settings(directory)
    setting = latent_model.setting_of(config)
    if reason := missing(config, setting):
        raise loma_protocol.Unsupported(f"transformers has no {reason}")
    if setting.of_heads:
        return candidate_huggingface.load_model(directory, dtype)
    # Where config.json is silent, transformers takes what the published model has: 256 experts and d_q = 1536.
    model = DeepseekV3ForCausalLM.from_pretrained(
        directory, dtype=dtype, attn_implementation="loma", config=DeepseekV3Config.from_pretrained(
            directory, first_k_dense_replace=config["num_hidden_layers"], q_lora_rank=config["q_lora_rank"] or None,
            num_key_value_heads=config["num_attention_heads"], num_mtp_layers=0)).eval()
    for layer in model.model.layers:
        for norm in (layer.self_attn.kv_a_layernorm, layer.self_attn.q_a_layernorm):
            if norm is not None:
                norm.variance_epsilon = latent_model.latent_epsilon(config)
    if dtype == torch.float64:
        llama64.in_float64(model, deepseek.DeepseekV3RMSNorm, deepseek.DeepseekV3RotaryEmbedding)
    return model


def run(model, fed, before=0, cache=None):
    """Logits [B, S, V] of rows behind `before` others; `fed` is the model's argument for tokens or for embeddings."""
    (count, rows), *_ = (given.shape[:2] for given in fed.values())
    mask = torch.ones(rows, before + rows, dtype=torch.bool).tril(before).expand(count, 1, -1, -1)
    positions = before + torch.arange(rows).expand(count, -1)
    return model(**fed, position_ids=positions, attention_mask=mask, past_key_values=cache,
                 use_cache=cache is not None).logits


def batch(texts):
    """Texts padded on the right, as the model's argument."""
    longest = max(map(len, texts))
    return {"input_ids": torch.tensor([[*text, *[0] * (longest - len(text))] for text in texts])}


def watch(model, seen):
    """Hooks that write every intermediate of LAT-14 into `seen`; returns their handles."""
    handles = candidate_huggingface.watch(model, seen)
    if not isinstance(model, DeepseekV3ForCausalLM):
        return handles

    def note(layer, prefix):
        def normed(_, __, latent):
            seen[prefix + "latent"] = seen[prefix + "stored_latent"] = latent

        def attended(module, *_):
            key = module.seen["key"][:, 0, :, module.qk_nope_head_dim :]  # that of any head
            seen[prefix + "rotated_key"] = seen[prefix + "stored_rotated_key"] = key

        handles.append(layer.self_attn.kv_a_layernorm.register_forward_hook(normed))
        handles.append(layer.self_attn.register_forward_hook(attended))

    for n, layer in enumerate(model.model.layers):
        note(layer, f"layers.{n}.attention.")
    return handles


def forward(request, model):
    given = request.input.get("embeddings")
    fed, seen = batch(request.texts) if given is None else {"inputs_embeds": given.to(model.dtype)}, {}
    handles = watch(model, seen) if request.capture else []
    logits = run(model, fed)
    for handle in handles:
        handle.remove()
    return {"logits": logits, **{name: seen[name] for name in request.capture}}


def gradients(request, model):
    logits = latent_torch.wide(run(model, batch(request.texts)))
    labelled = [(b, r, token) for b, text in enumerate(request.texts) for r, token in enumerate(text[1:])]
    loss = logits.sum() * 0
    if labelled:
        text, row, label = torch.tensor(labelled).T
        loss = functional.cross_entropy(logits[text, row], label)
    named = dict(model.named_parameters())
    found = torch.autograd.grad(loss, list(named.values()))
    return {"loss": loss.to(model.dtype), **{f"gradients.{name}": gradient for name, gradient in zip(named, found)}}


def generate(request, model):
    cache, logits, chosen = DynamicCache(config=model.config), [], []

    def feed(tokens):
        logits.extend(run(model, {"input_ids": torch.tensor([tokens])}, len(logits), cache)[0])

    feed(request.texts[0])
    forced = request.integers.get("forced")
    for step in range(request.params["generate"]):
        scores = logits[-1]
        chosen.append(int((scores == scores.max()).nonzero()[0]))  # GEN-5: the lowest id among exact maxima
        if step + 1 < request.params["generate"]:
            feed([chosen[-1] if forced is None else forced[step]])
    # Of DeepseekV3 one head each: latents where keys are, rotated keys where values are.
    names = ("latents", "rotated_keys") if isinstance(model, DeepseekV3ForCausalLM) else ("keys", "values")
    kept = {name: torch.stack([getattr(layer, part)[0].transpose(0, 1).flatten(1) for layer in cache.layers])
            for name, part in zip(names, ("keys", "values"))}
    return {"chosen": torch.tensor(chosen, dtype=torch.int64), "logits": torch.stack(logits),
            **{f"cache.{name}": tensor for name, tensor in kept.items()}}


def answer(request):
    with torch.set_grad_enabled(request.op == "latent_gradients"):
        return {"latent_forward": forward, "latent_gradients": gradients, "latent_generate": generate}[request.op](
            request, load_model(request.model, DTYPES[request.dtype]))


def main():
    torch.set_num_threads(1)
    loma_protocol.serve(
        "latent-huggingface", f"transformers-{transformers.__version__}", latent_structure.MODEL, DTYPES, answer,
        load_file, candidate_latent.save, captures=True, read=latent_protocol.Request)


if __name__ == "__main__":
    main()
