"""Hugging Face's DeepseekV3ForCausalLM, without experts, in float64: chapter 17 with the parameters of `mla`.

A model is made by transformers with random weights, saved by save_pretrained, and loaded again. Where transformers 5.23
computes in float32 whatever the model's dtype is, in models/deepseek_v3/modeling_deepseek_v3.py:

- DeepseekV3RMSNorm.forward, so all norms, those of both latents included: replaced;
- DeepseekV3RotaryEmbedding.forward and the frequencies that its constructor makes: replaced;
- eager_attention_forward, the softmax: replaced by the attention function that candidate_huggingface.py registers;
- DeepseekV3TopkRouter.forward, and its buffer that is kept in float32: there is none without experts;
- the loss function makes logits float32: not used, since the loss is taken from the logits.

The norms of both latents are made without an epsilon and so have the default 10⁻⁶, whatever `rms_norm_eps` is (LAT-4).
With `rope_interleave`, which is the default, rows of the rotated parts are in neighbouring pairs; what is cached is in
half-split order then, too (LAT-3).
"""

import json
import pathlib

import torch
from safetensors.numpy import load_file
from transformers import DeepseekV3Config, DeepseekV3ForCausalLM, DynamicCache
from transformers.models.deepseek_v3 import modeling_deepseek_v3 as deepseek

import latent_model  # first: it makes the modules of the folder above known
import candidate_huggingface  # noqa: F401  it registers the attention function "loma"
import llama64


def configuration(layers=2, heads=2, width=12, inner=10, vocabulary=11, latent=6, rotated=4, plain=3, value=5,
                  query=None, epsilon=1e-5, theta=10000.0, interleave=False, tied=False):
    return DeepseekV3Config(
        vocab_size=vocabulary, hidden_size=width, intermediate_size=inner, num_hidden_layers=layers,
        num_attention_heads=heads, num_key_value_heads=heads, kv_lora_rank=latent, q_lora_rank=query,
        qk_rope_head_dim=rotated, qk_nope_head_dim=plain, v_head_dim=value, rms_norm_eps=epsilon,
        rope_parameters={"rope_type": "default", "rope_theta": theta}, rope_interleave=interleave,
        tie_word_embeddings=tied, first_k_dense_replace=layers, num_mtp_layers=0)


def write_random(directory, seed, **sizes):
    """A directory that save_pretrained wrote, with random weights exact in bfloat16."""
    model = DeepseekV3ForCausalLM(configuration(**sizes)).to(torch.float64)
    shapes = {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}
    for name, array in latent_model.random_weights(shapes, seed).items():
        model.get_parameter(name).data.copy_(torch.from_numpy(array))
    model.save_pretrained(directory)
    return pathlib.Path(directory)


def half_split_order(width):
    """Row i of half-split pairs is this row of neighbouring ones (LAT-3)."""
    return [*range(0, width, 2), *range(1, width, 2)]


def rows_by_name(config):
    """For each matrix with a rotated part, its rows in half-split order."""
    plain, rotated, latent = (config[name] for name in ("qk_nope_head_dim", "qk_rope_head_dim", "kv_lora_rank"))
    order = half_split_order(rotated) if config["rope_interleave"] else list(range(rotated))
    head = [*range(plain), *(plain + row for row in order)]
    queries = [h * len(head) + row for h in range(config["num_attention_heads"]) for row in head]
    return {"q_proj": queries, "q_b_proj": queries,
            "kv_a_proj_with_mqa": [*range(latent), *(latent + row for row in order)]}


def half_split(directory, output):
    """The same model with rows in half-split order, as LAT-10 wants it, written to `output`."""
    config = json.loads((directory / "config.json").read_text())
    rows, weights = rows_by_name(config), load_file(directory / "model.safetensors")
    for name, array in weights.items():
        weights[name] = array[rows.get(name.split(".")[-2], slice(None))]
    return latent_model.write(output, config | {"rope_interleave": False}, weights)


def load(directory):
    """The model in float64 throughout."""
    model = DeepseekV3ForCausalLM.from_pretrained(
        directory, dtype=torch.float64, attn_implementation="loma").eval()
    return llama64.in_float64(model, deepseek.DeepseekV3RMSNorm, deepseek.DeepseekV3RotaryEmbedding)


def stock(directory, tokens):
    """Logits as transformers computes them in a model of float64 numbers."""
    model = DeepseekV3ForCausalLM.from_pretrained(directory, dtype=torch.float64, attn_implementation="eager").eval()
    with torch.no_grad():
        return model(input_ids=torch.tensor([tokens])).logits[0].numpy()


def run(model, passes):
    """Logits of a text fed in passes, and what each layer then has in its cache: latents and rotated keys."""
    cache, logits, fed = DynamicCache(config=model.config), [], 0
    with torch.no_grad():
        for tokens in passes:
            mask = torch.ones(len(tokens), fed + len(tokens), dtype=torch.bool).tril(fed)
            logits.append(model(
                input_ids=torch.tensor([tokens]), position_ids=fed + torch.arange(len(tokens))[None],
                attention_mask=mask[None, None], past_key_values=cache, use_cache=True).logits[0])
            fed += len(tokens)
    return torch.cat(logits).numpy(), [(layer.keys[0, 0].numpy(), layer.values[0, 0].numpy()) for layer in cache.layers]


def gradients(model, texts):
    """The gradient of the mean cross-entropy of all tokens that follow another, by every parameter."""
    losses = []
    for text in texts:
        if len(text) > 1:
            causal = torch.ones(len(text), len(text), dtype=torch.bool).tril()[None, None]
            logits = model(input_ids=torch.tensor([text]), attention_mask=causal, use_cache=False).logits[0, :-1]
            losses.append(torch.nn.functional.cross_entropy(logits, torch.tensor(text[1:]), reduction="none"))
    model.zero_grad()
    torch.cat(losses).mean().backward()
    return {name: parameter.grad.numpy() for name, parameter in model.named_parameters()}
