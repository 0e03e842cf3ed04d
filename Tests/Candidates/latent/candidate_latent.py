#!/usr/bin/env python3
"""Latent attention in PyTorch as a candidate: every operation of chapters 17 and 18, in float64, float32, bfloat16 and
float16.

  pip install -r Tests/Candidates/requirements-torch.txt
  loma conform --vectors Vectors/peers -- python3 Tests/Candidates/latent/candidate_latent.py

The model is latent_torch.py's: pairs turned as complex numbers, norms, softmax and quantiser in float32 or wider. A
text is read in one pass, and what is generated token by token through a cache.
"""

import functools

import torch
from safetensors.torch import load_file, save_file

import latent_model  # first: it makes the modules of the folder above known
import latent_protocol
import latent_structure
import latent_torch
import loma_protocol

DTYPES = {"f64": torch.float64, "f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}


@functools.cache
def load_model(directory, dtype, gradients):
    return latent_torch.Model(directory, dtype, gradients)


def quantise(request, given):
    codes, values, lower, step = latent_torch.quantise(
        given["x"], request.params["bits"], request.params["group"], request.setting)
    return {"codes": codes.long(), "lower": lower, "step": step, "values": values}


def latent_attention(request, given):
    sizes = [request.params[name] for name in ("heads", "plain_width", "rotated_width", "value_width")]
    names = ("query", "latent", "rotated_key")
    context, probabilities = latent_torch.attention(
        *(given[name][None] for name in names), given["kv_b_proj"], request.input["mask"], sizes)
    return {"context": context[0], "probabilities": probabilities[0]}


def forward(request, model):
    trace = model.batch(request.texts, request.input.get("embeddings"))
    return {name: trace[name] for name in ["logits", *request.capture]}


def gradients(request, model):
    loss, found = model.gradients(request.texts)
    return {"loss": loss.to(model.dtype), **{f"gradients.{name}": gradient for name, gradient in found.items()}}


def generate(request, model):
    reader = latent_torch.Reader(model)
    reader.feed(request.texts[0])
    return reader.answer(reader.generate(request.params["generate"], request.integers.get("forced")))


def answer(request):
    if request.op in latent_structure.STRUCTURE:
        return {name: torch.tensor(value, dtype=torch.int64).reshape(shape)
                for name, (value, shape) in latent_structure.cost(request.params, request.profile).items()}
    dtype, training = DTYPES[request.dtype], request.op == "latent_gradients"
    with torch.set_grad_enabled(training):
        if request.op in latent_structure.STAGES:
            given = {name: x.to(dtype) for name, x in request.input.items() if x.is_floating_point()}
            return {"quantise": quantise, "latent_attention": latent_attention}[request.op](request, given)
        model = load_model(request.model, dtype, training)
        return {"latent_forward": forward, "latent_gradients": gradients,
                "latent_generate": generate}[request.op](request, model)


def save(tensors, path):
    save_file({name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}, path)


def main(name):
    torch.set_num_threads(1)
    loma_protocol.serve(
        name, f"torch-{torch.__version__}", latent_protocol.OPERATIONS, DTYPES, answer, load_file, save,
        captures=True, read=latent_protocol.Request)


if __name__ == "__main__":
    main("latent-torch")
