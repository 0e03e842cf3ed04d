#!/usr/bin/env python3
"""Compressed context memory in PyTorch without SUM rows, as a candidate: stages, forward passes, losses and gradients,
in float64 and float32.

  pip install -r Tests/Candidates/requirements-torch.txt
  loma conform --vectors Vectors/peers -- python3 Tests/Candidates/ccm/candidate_ccm_torch.py

ccm_torch.py computes text by text and offers the running means as keys beside those of the rows (CCM-18); gradients are
autograd's. It has no rows where a SUM row or a pad would stand, puts NaN there, and gives no intermediates away.
"""

import functools

import torch
from safetensors.torch import load_file, save_file

import ccm_model  # first: it makes the modules of the folder above known
import ccm_protocol
import ccm_structure
import ccm_torch
import loma_protocol

DTYPES = {"f64": torch.float64, "f32": torch.float32}
OPERATIONS = tuple(name for name in ccm_protocol.OPERATIONS if name != "ccm_online")


@functools.cache
def load_model(directory, dtype):
    return ccm_torch.Model(ccm_model.Model(directory), dtype)


def forward(request, model):
    layouts = request.layouts()
    longest, parts = max(map(len, layouts)), []
    for b, (text, rows) in enumerate(zip(request.texts, layouts)):
        places = [longest - len(rows) + r for r, row in enumerate(rows) if row["role"] != "s"]
        texts = [longest - len(rows) + r for r, row in enumerate(rows) if row["role"] == "x"]
        given = request.input["embeddings"][b, places].to(model.dtype) if "embeddings" in request.input else None
        logits = torch.full((longest, request.vocabulary), float("nan"), dtype=model.dtype)
        logits[texts] = model.text_logits(
            text, request.n, request.vocabulary, request.beginning, request.profile, request.rate, given).detach()
        parts.append(logits)
    return {"logits": torch.stack(parts)}


def arguments(request):
    return (request.texts, request.output_lengths, request.n, request.vocabulary, request.beginning, request.profile,
            request.rate)


def gradients(request, model):
    found = model.gradients(*arguments(request))
    return {f"gradients.{name}": torch.tensor(gradient) for name, gradient in found.items()}


def stage(request, dtype):
    given = {name: tensor.to(dtype) for name, tensor in request.input.items() if tensor.dtype == torch.float32}
    if request.op == "merge":
        return {name: ccm_torch.means(given[name], request.profile, request.rate) for name in ("keys", "values")}
    scale = request.params["lora_alpha"] / len(given["lora_a"])
    parts = [given[name] for name in ("x", "weight", "lora_a", "lora_b")]
    return {"y": ccm_torch.conditional_linear(*parts, scale, request.input["gate"])}


def answer(request):
    if request.op in ccm_structure.STRUCTURE:
        kind = torch.bool if request.op == "ccm_mask" else torch.int64
        return {name: torch.tensor(value, dtype=kind).reshape(shape)
                for name, (value, shape) in request.structure().items()}
    dtype = DTYPES[request.dtype]
    if request.op in ccm_structure.STAGES:
        return stage(request, dtype)
    model = load_model(request.model, dtype)
    if request.op == "ccm_loss":
        return {"loss": model.loss(*arguments(request)).detach()}
    return {"ccm_forward": forward, "ccm_gradients": gradients}[request.op](request, model)


def save(tensors, path):
    save_file({name: tensor.clone().contiguous() for name, tensor in tensors.items()}, path)


if __name__ == "__main__":
    torch.set_num_threads(1)
    loma_protocol.serve(
        "ccm-torch", f"torch-{torch.__version__}", OPERATIONS, DTYPES, answer, load_file, save,
        read=ccm_protocol.Request)
