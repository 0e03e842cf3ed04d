#!/usr/bin/env python3
"""Chapter 17 against the released MLA: its class run on random weights, in both of its forms, and compared with ours.

  git clone https://github.com/deepseek-ai/DeepSeek-V3 && git -C DeepSeek-V3 checkout 9b4e978
  VENV/bin/python Tests/Candidates/latent/check_released.py DeepSeek-V3 [--layers 60] [--seed 1]

Not part of the checks before a change lands, since it needs a checkout of a repository that is not this project's. Only
MLA and what it calls are taken out of inference/model.py, so PyTorch is enough. Compared are the output and what is
cached, in `naive` and in `absorb`, in one pass and token by token, by latent_numpy.py in the plain form and the
absorbed one. The release computes rotation, frequencies and softmax in float32; it is run as it is, and with these in
float64. The release's rows are in neighbouring pairs, ours in half-split ones (LAT-3). Exits with 1 if anything
differs, with 2 if the path holds no checkout.
"""

import argparse
import pathlib
import sys
import types

import numpy as np
import torch

import latent_model  # first: it makes the modules of the folder above known
import latent_huggingface
import latent_numpy
from released import taken
from tally import LIMIT, conclude

SOURCE = "inference/model.py"
PARTS = ["linear", "Linear", "ColumnParallelLinear", "RowParallelLinear", "RMSNorm", "precompute_freqs_cis",
         "apply_rotary_emb", "MLA"]
AS_IT_IS = 3e-6  # what float32 costs, relative to the largest number


def release(root, form, in_double):
    """The parts of the release with one of its two forms."""
    parts = taken(root, SOURCE, PARTS, in_double, world_size=1, rank=0, block_size=128, attn_impl=form,
                  ModelArgs=object)
    parts.Linear.dtype = torch.float64
    return parts


def run(parts, sizes, weights, x, passes):
    """The output of the released layer for rows fed in passes, and its caches."""
    layer = parts.MLA(sizes)
    layer.load_state_dict({name: torch.tensor(array) for name, array in weights.items()})
    angles, outputs, start = parts.precompute_freqs_cis(sizes), [], 0
    with torch.no_grad():
        for count in passes:
            mask = torch.full((count, count), float("-inf")).triu(1) if count > 1 else None
            rows = torch.tensor(x[None, start : start + count])
            outputs.append(layer(rows, start, angles[start : start + count], mask)[0])
            start += count
    return torch.cat(outputs).numpy(), {name: cache[0, :start].numpy() for name, cache in layer.named_buffers()}


def ours(config, weights, x, attention):
    """Output, keys and values of heads, latents and rotated keys of our layer."""
    names = {"wq": "q_proj", "wq_a": "q_a_proj", "q_norm": "q_a_layernorm", "wq_b": "q_b_proj",
             "wkv_a": "kv_a_proj_with_mqa", "kv_norm": "kv_a_layernorm", "wkv_b": "kv_b_proj", "wo": "o_proj"}
    rows = latent_huggingface.rows_by_name(config)
    block = {}
    for name, array in weights.items():
        short = names[name.removesuffix(".weight")]
        block[short] = array[rows.get(short, slice(None))]
    model = latent_model.Model(config, {"model.embed_tokens.weight": x, "model.norm.weight": x[0]} | {
        f"model.layers.0.self_attn.{name}.weight": array for name, array in block.items()})
    decoder, out = latent_numpy.Decoder(model, attention), {}
    entries = decoder.write(0, x, range(len(x)), out)
    decoder.attend(0, x, range(len(x)), np.tri(len(x), dtype=bool), entries, out)
    up = entries[0] @ block["kv_b_proj"].T
    return out["attention.output"], up.reshape(len(x), model.heads, -1), *entries


def check_layer(root, draw, tally):
    """One random layer in every form. Widths are even, since a view of complex numbers is taken of parts of a row."""
    heads, plain, rotated, value, latent, width = (
        draw.choice(choices) for choices in ((1, 2, 3), (2, 4), (2, 4, 6), (2, 5), (4, 6), (7, 8)))
    query, theta, rows = draw.choice([0, 5]), draw.choice([1e4, 50.0]), draw.randint(2, 9)
    sizes = types.SimpleNamespace(
        dim=width, n_heads=heads, q_lora_rank=query, kv_lora_rank=latent, qk_nope_head_dim=plain,
        qk_rope_head_dim=rotated, v_head_dim=value, max_seq_len=16, original_seq_len=4096, max_batch_size=1,
        rope_theta=theta, rope_factor=40, beta_fast=32, beta_slow=1, mscale=1.0)
    config = {
        "vocab_size": rows, "num_hidden_layers": 1, "num_attention_heads": heads, "rms_norm_eps": 0.5,
        "rope_theta": theta, "kv_lora_rank": latent, "q_lora_rank": query, "qk_nope_head_dim": plain,
        "qk_rope_head_dim": rotated, "v_head_dim": value, "rope_interleave": True}
    shapes = {name: tuple(tensor.shape) for name, tensor in
              release(root, "naive", True).MLA(sizes).state_dict().items()}
    numbers = np.random.default_rng(draw.randrange(2**32))
    weights = {name: numbers.normal(size=shape) * 0.5 + ("norm" in name) for name, shape in shapes.items()}
    x = numbers.normal(size=(rows, width))
    head = plain + rotated
    back = np.argsort(latent_huggingface.half_split_order(rotated))  # our channels of a key in the release's order
    for in_double, limit, how in ((True, LIMIT, "in float64"), (False, AS_IT_IS, "as it is")):
        for form, attention in (("naive", latent_numpy.plain_attention), ("absorb", latent_numpy.absorbed_attention)):
            output, up, latents, keys = ours(config, weights, x, attention)
            for passes in ([rows], [rows - 1, 1], [1] * rows):
                found, cache = run(release(root, form, in_double), sizes, weights, x, passes)
                tally.near(f"LAT-6 output, {form}, {how}", found, output, limit)
                if form == "absorb":
                    tally.near("LAT-4 latents in its cache", cache["kv_cache"], latents)
                    tally.near(f"LAT-4 keys in its cache, {how}", cache["pe_cache"], keys[:, back], limit)
                else:
                    tally.near("LAT-5 values in its cache", cache["v_cache"], up[..., plain:])
                    tally.near("LAT-5 plain keys in its cache", cache["k_cache"][..., :plain], up[..., :plain])
                    tally.near(f"LAT-4 keys in its cache, {how}", cache["k_cache"][..., plain:head],
                               np.repeat(keys[:, None, back], heads, axis=1), limit)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=pathlib.Path, help="a checkout of deepseek-ai/DeepSeek-V3")
    parser.add_argument("--layers", type=int, default=60, metavar="N", help="random layers")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if not (options.path / SOURCE).is_file():
        print(f"no checkout of the release at {options.path}: {SOURCE} is missing", file=sys.stderr)
        return 2
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)  # of the norms' gains and of the caches

    def trials(draw, folder, tally):
        for _ in range(options.layers):
            check_layer(options.path, draw, tally)

    return conclude(options.seed, trials)


if __name__ == "__main__":
    sys.exit(main())
