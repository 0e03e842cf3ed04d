#!/usr/bin/env python3
"""LoMA on FlexAttention as a candidate: a block mask made from rows, in the stock LlamaForCausalLM of transformers.

  pip install -r Tests/Candidates/requirements-torch.txt
  loma conform -- python3 Tests/Candidates/own/candidate_flex.py
  loma conform --model DIR -- python3 Tests/Candidates/own/candidate_flex.py [--compile yes] [--device cuda]

A starting point for a port: `sees` is chapter 4 as a function of tensors, the one thing that FlexAttention needs, and
`attend` is what a model of transformers calls with it. Nothing holds a mask of rows times rows but create_block_mask
itself while it looks for empty blocks. Of candidate_huggingface.py everything else is used as it is: the model, hooks
for captures, the compressed DynamicCache. PyTorch 2.13 has FlexAttention's backward pass on GPUs only: no gradients
here. Compiled, it knows no float64.
"""

import argparse
import pathlib
import sys
import warnings

import torch
import transformers
from safetensors.torch import load_file
from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention
from transformers import AttentionInterface

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import candidate_huggingface as hugging_face  # noqa: E402
import loma_layout  # noqa: E402
import loma_model  # noqa: E402
import loma_protocol  # noqa: E402

OPERATIONS = ("attention", "forward", "loss", "generate", "reconstruct")
READING, MEMORY, REPETITION, PAD = range(4)

kernel, device = flex_attention, "cpu"  # or the compiled one, on another device
wants_weights = False  # whether probabilities are among the captures


class Columns:
    """Rows of a batch as tensors [B, S]: zone, chunk, index in the zone."""

    def __init__(self, batch):
        column = lambda value: torch.tensor([[value(row) for row in rows] for rows in batch], device=device)
        self.zone = column(lambda row: "xmrp".index(row["zone"]))
        self.chunk = column(lambda row: -1 if row["chunk"] is None else row["chunk"])
        self.index = column(lambda row: -1 if row["index"] is None else row["index"])


def sees(queries, keys, profile):
    """Chapter 4 for FlexAttention: does query q of text b see key k? Both are Columns."""
    axes = {**loma_layout.BASE, **profile}
    memory_past = axes["memory_context"] == "past_memories"
    memory_both_ways = axes["memory_attention"] == "bidirectional"
    repetition_past = axes["repetition_context"] == "past_memories"
    repetition_both_ways = axes["repetition_attention"] == "bidirectional"
    repetition_alone = axes["repetition_attention"] == "self_only"

    def mask_mod(b, h, q, k):
        query, key = queries.zone[b, q], keys.zone[b, k]
        same = queries.chunk[b, q] == keys.chunk[b, k]
        earlier = keys.chunk[b, k] < queries.chunk[b, q]
        up_to = keys.index[b, k] <= queries.index[b, q]
        itself = keys.index[b, k] == queries.index[b, q]
        text, memory, repetition = key == READING, key == MEMORY, key == REPETITION
        of_reading = (text & same & up_to) | (memory & earlier)
        of_memory = (text & same) | (memory & ((same & (up_to | memory_both_ways)) | (earlier & memory_past)))
        recited = itself if repetition_alone else up_to | repetition_both_ways
        of_repetition = (memory & (same | (earlier & repetition_past))) | (repetition & same & recited)
        visible = (((query == READING) & of_reading) | ((query == MEMORY) & of_memory)
                   | ((query == REPETITION) & of_repetition))
        pad = (query == PAD) | (key == PAD)
        return (pad & (q == k)) | (~pad & visible)  # a pad sees itself alone (MSK-11)

    return mask_mod


def block_mask(queries, keys, profile):
    """What the model is given as its attention_mask. On a GPU, create_block_mask itself is better compiled."""
    columns = Columns(queries), Columns(keys)
    return create_block_mask(sees(*columns, profile), len(queries), None, len(queries[0]), len(keys[0]), device=device)


def attend(module, query, key, value, attention_mask, scaling, **kwargs):
    """Attention of transformers' interface: [B, H, S, d] in, [B, S, H, d] out. KV heads are shared by the kernel."""
    mask = attention_mask
    if not isinstance(mask, BlockMask):
        seen = lambda b, h, q, k: attention_mask[b, 0, q, k]
        mask = create_block_mask(seen, len(query), None, query.shape[2], key.shape[2], device=device)
    run = lambda values: kernel(query, key, values, block_mask=mask, scale=scaling, enable_gqa=True)
    module.seen = {"query": query, "key": key, "value": value, "probabilities": None}
    if wants_weights:  # the kernel does not give them away; with the identity as values they are its output
        identity = torch.eye(key.shape[2], dtype=query.dtype, device=device).expand(*key.shape[:2], -1, -1)
        module.seen["probabilities"] = run(identity)
    return run(value).transpose(1, 2).contiguous(), None


AttentionInterface.register("loma_flex", attend)


def batch_logits(request, model, embeddings=None):
    """As in candidate_huggingface.py, which see, with a block mask."""
    batch = request.batch()
    if not batch[0]:
        return stock_logits(request, model, embeddings)
    return hugging_face.run(model, batch, block_mask(batch, batch, request.profile), embeddings=embeddings), batch


class Reader(hugging_face.Reader):
    """A text read through the compressed cache; what a row sees follows from the rows behind the entries."""

    def feed(self, rows):
        keys = self.cached + rows
        logits = hugging_face.run(self.model, [rows], block_mask([rows], [keys], self.request.profile), self.cache)[0]
        self.cached = keys
        return logits


def answer(request):
    global wants_weights
    wants_weights = request.op == "attention" or any(name.endswith("probabilities") for name in request.capture)
    if request.op != "attention":
        return hugging_face.answer(request)
    given, heads = request.input, request.params["heads"]
    dtype = hugging_face.DTYPES[request.dtype]
    d = given["q"].shape[1] // heads
    q, k, v = (given[name].to(dtype).unflatten(-1, (-1, d)).transpose(0, 1)[None] for name in "qkv")
    module = torch.nn.Module()
    context, _ = attend(module, q, k, v, given["mask"][None, None], d**-0.5)
    return {"context": context[0].flatten(1), "probabilities": module.seen["probabilities"][0]}


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compile", choices=("yes", "no"), default="no")
    parser.add_argument("--device", default="cpu")
    asked = parser.parse_args()
    device = asked.device
    torch.set_default_device(device)
    if device == "cpu":
        torch.set_num_threads(1)
    types = hugging_face.DTYPES
    if asked.compile == "yes":
        kernel = torch.compile(flex_attention, dynamic=False)
        types = {name: dtype for name, dtype in types.items() if name != "f64"}
    hugging_face.attention_implementation = "loma_flex"
    # What it calls for a mask, and for a text read, are these from here on.
    stock_logits, hugging_face.batch_logits, hugging_face.Reader = hugging_face.batch_logits, batch_logits, Reader
    loma_protocol.serve(
        "flex", f"transformers-{transformers.__version__}-torch-{torch.__version__}", OPERATIONS, types, answer,
        lambda path: {name: x.to(device) for name, x in load_file(path).items()}, hugging_face.save, captures=True,
        families=loma_model.FAMILIES)
