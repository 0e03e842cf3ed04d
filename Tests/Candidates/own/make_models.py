#!/usr/bin/env python3
"""Writes the models on which own checkpoints are checked, each from a seed.

  python3 make_models.py --output DIR [NAME …]        # default all but `billion`, 0.5 GB; `billion` has 2.2 GB

| name | width × layers | heads | head size | vocabulary | stored as | weights |
|---|---|---|---|---|---|---|
| text-c4, random-c8 | 64 × 3, 64 × 4 | 4:4, 8:8 | 16, 8 | 258, 18 | bf16 | trained, from Vectors/models |
| init | 256 × 4 | 4:2 | 64 | 1,002, tied | bf16 | as transformers makes them: N(0, 0.02²), gains 1 |
| lively | 256 × 4 | 16:4 | 16 | 1,002 | f32 | matrices N(0, 1/fan), queries and keys × 1.6, embeddings N(0, 1) |
| outlier | 256 × 4 | 4:2 | 64 | 1,002 | bf16 | lively, with four channels of embeddings × 100, 60, 30, 20 |
| lively-512, outlier-512 | 512 × 8 | 8:2 | 64 | 8,002 | bf16 | the same, deeper |
| outlier-1024 | 1,024 × 16 | 8:2 | 128 | 32,002 | bf16 | the same |
| billion | 2,048 × 22 | 32:4 | 64 | 32,000 | bf16, 4 shards | lively: 1.1 billion parameters |

A large channel of the residual stream would drown the others in every norm. Gains answer it, as they do in trained
models: at a channel that is f times too large they are f times smaller, and at all they make up for the larger root.
Tensors are written one by one, so that memory stays that of the largest.
"""

import argparse
import json
import math
import pathlib
import shutil
import typing

import torch

ROOT = pathlib.Path(__file__).resolve().parents[3]
OUTLIERS = (100.0, 60.0, 30.0, 20.0)
WORDS = {torch.float32: "F32", torch.bfloat16: "BF16"}


class Shape(typing.NamedTuple):
    kind: str
    width: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    inner: int
    vocabulary: int
    theta: float = 1e4
    tied: bool = False
    dtype: torch.dtype = torch.bfloat16
    shards: int = 1


TRAINED = ("text-c4", "random-c8")
MADE = {
    "init": Shape("init", 256, 4, 4, 2, 64, 688, 1002, tied=True),
    "lively": Shape("lively", 256, 4, 16, 4, 16, 688, 1002, dtype=torch.float32),
    "outlier": Shape("outlier", 256, 4, 4, 2, 64, 688, 1002),
    "lively-512": Shape("lively", 512, 8, 8, 2, 64, 1376, 8002, theta=5e5),
    "outlier-512": Shape("outlier", 512, 8, 8, 2, 64, 1376, 8002),
    "outlier-1024": Shape("outlier", 1024, 16, 8, 2, 128, 2752, 32002),
    "billion": Shape("lively", 2048, 22, 32, 4, 64, 5632, 32000, shards=4),
}
NAMES = (*TRAINED, *MADE)


def parameters(shape):
    """Names and shapes, in the order of their seeds."""
    width, own, shared = shape.width, shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    yield "model.embed_tokens.weight", (shape.vocabulary, width)
    for n in range(shape.layers):
        layer = f"model.layers.{n}."
        yield layer + "input_layernorm.weight", (width,)
        for part, rows in (("q", own), ("k", shared), ("v", shared)):
            yield f"{layer}self_attn.{part}_proj.weight", (rows, width)
        yield layer + "self_attn.o_proj.weight", (width, own)
        yield layer + "post_attention_layernorm.weight", (width,)
        yield layer + "mlp.gate_proj.weight", (shape.inner, width)
        yield layer + "mlp.up_proj.weight", (shape.inner, width)
        yield layer + "mlp.down_proj.weight", (width, shape.inner)
    yield "model.norm.weight", (width,)
    if not shape.tied:
        yield "lm_head.weight", (shape.vocabulary, width)


def channels(shape):
    """How many times too large each channel of the residual stream is."""
    large = torch.ones(shape.width)
    if shape.kind == "outlier":
        for i, factor in enumerate(OUTLIERS):
            large[(2 * i + 1) * shape.width // 8] = factor
    return large


def values(shape, name, size, generator):
    """One tensor in float32."""
    if len(size) == 1:
        if shape.kind == "init":
            return torch.ones(size)
        large = channels(shape)
        root = (large * large).mean().sqrt()
        return (1 + 0.1 * torch.randn(size, generator=generator)) * root / large
    noise = torch.randn(size, generator=generator)
    if shape.kind == "init":
        return noise * 0.02
    if name == "model.embed_tokens.weight":
        return noise * channels(shape)
    sharper = 1.6 if "q_proj" in name or "k_proj" in name else 1.0
    return noise * (sharper / math.sqrt(size[1]))


def configuration(shape):
    return {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu", "attention_bias": False,
        "mlp_bias": False, "dtype": WORDS[shape.dtype].replace("BF16", "bfloat16").replace("F32", "float32"),
        "hidden_size": shape.width, "intermediate_size": shape.inner, "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads, "num_key_value_heads": shape.kv_heads, "head_dim": shape.head_dim,
        "rms_norm_eps": 1e-5, "rope_theta": shape.theta, "tie_word_embeddings": shape.tied,
        "max_position_embeddings": 2048, "vocab_size": shape.vocabulary,
        "loma": {"text_vocabulary": shape.vocabulary - 2, "memory_token": shape.vocabulary - 2,
                 "repetition_token": shape.vocabulary - 1, "compression_ratio": 4, "memory_length": 2, "profile": {}}}


def write(folder, name, shape, seed):
    """config.json, and weights in one safetensors file or in shards with their index."""
    folder.mkdir(parents=True, exist_ok=True)
    element = torch.empty(0, dtype=shape.dtype).element_size()
    listed = [(n, name, size, math.prod(size) * element) for n, (name, size) in enumerate(parameters(shape))]
    total, shards, used = sum(bytes for *_, bytes in listed), [[] for _ in range(shape.shards)], 0
    for entry in listed:
        shards[min(used * shape.shards // total, shape.shards - 1)].append(entry)
        used += entry[-1]
    where = {}
    for i, shard in enumerate(shards):
        file = "model.safetensors" if shape.shards == 1 else f"model-{i + 1:05}-of-{shape.shards:05}.safetensors"
        header, start = {"__metadata__": {"format": "pt"}}, 0
        for _, tensor, size, bytes in shard:
            header[tensor] = {"dtype": WORDS[shape.dtype], "shape": list(size), "data_offsets": [start, start + bytes]}
            start, where[tensor] = start + bytes, file
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        with open(folder / file, "wb") as out:
            out.write(len(text).to_bytes(8, "little") + text)
            for n, tensor, size, _ in shard:
                generator = torch.Generator().manual_seed(seed * 1_000_003 + n)
                held = values(shape, tensor, size, generator).to(shape.dtype)
                out.write(held.view(torch.uint8).numpy().data)
    if shape.shards > 1:
        index = {"metadata": {"total_size": total}, "weight_map": where}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=1) + "\n")
    # Last: a folder with a configuration is a whole model.
    (folder / "config.json").write_text(json.dumps(configuration(shape), indent=1) + "\n")


def make(output, name, seed=20):
    """The folder of a model, made if it is not there yet."""
    folder = output / name
    if not (folder / "config.json").exists():
        if name in TRAINED:
            shutil.copytree(ROOT / "Vectors" / "models" / name, folder, dirs_exist_ok=True)
        else:
            write(folder, name, MADE[name], seed)
    return folder


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", required=True, type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("names", nargs="*", default=[name for name in NAMES if name != "billion"])
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in NAMES]
    if unknown:
        raise SystemExit(f"no such model: {', '.join(unknown)}; there are {', '.join(NAMES)}")
    for name in given.names:
        print(make(given.output, name, given.seed), flush=True)
