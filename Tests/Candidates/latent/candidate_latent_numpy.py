#!/usr/bin/env python3
"""Latent attention in NumPy as a candidate: every operation of chapters 17 and 18, in float64, float32, bfloat16 and
float16.

  pip install -r Tests/Candidates/requirements-drive.txt
  loma conform --vectors Vectors/peers -- python3 Tests/Candidates/latent/candidate_latent_numpy.py

Texts are computed one by one and without pads, by latent_numpy.py: in one pass in the plain form of LAT-5, and where
tokens are generated token by token in the absorbed form of LAT-7, out of stored codes. Gradients are those of
latent_backward.py.
"""

import functools

import numpy as np

import latent_model  # first: it makes the modules of the folder above known
import latent_backward
import latent_numpy
import latent_protocol
import latent_structure
import loma_protocol
import tensors


@functools.cache
def load_model(directory, element):
    return latent_model.load(directory, element)


def padded(parts, longest, axes):
    """Tensors of single texts, each before its pads; what stands at a pad is 0 and not compared (LAT-12)."""
    return np.stack([
        np.pad(part, [(0, longest - size if axis in axes else 0) for axis, size in enumerate(part.shape)])
        for part in parts])


def quantise(request, given):
    found = latent_numpy.Quantised(given["x"], request.params["bits"], request.params["group"], request.setting)
    return {"codes": found.codes, "lower": found.lower, "step": found.step, "values": found.values()}


def latent_attention(request, given):
    sizes = latent_numpy.Sizes(*(
        request.params[name] for name in ("heads", "plain_width", "rotated_width", "value_width")))
    names = ("query", "latent", "rotated_key", "kv_b_proj")
    found = latent_numpy.plain_attention(*(given[name] for name in names), request.input["mask"], sizes)
    return dict(zip(("context", "probabilities"), found))


def forward(request, model):
    decoder, fed = latent_numpy.Decoder(model), request.input.get("embeddings")
    traces = [decoder.text(text, None if fed is None else fed[b, : len(text)])
              for b, text in enumerate(request.texts)]
    longest = max(map(len, request.texts))
    return {name: padded([trace[name] for trace in traces], longest, (1, 2) if "probabilities" in name else (0,))
            for name in ["logits", *request.capture]}


def gradients(request, model):
    found = latent_backward.gradients(model, request.texts)
    return {"loss": latent_numpy.Decoder(model).loss(request.texts),
            **{f"gradients.{name}": gradient for name, gradient in found.items()}}


def generate(request, model):
    reader = latent_numpy.Reader(model)
    for token in request.texts[0]:
        reader.feed(token)
    return reader.answer(reader.generate(request.params["generate"], request.integers.get("forced")))


def answer(request):
    """The tensors, and the element type in which they are written."""
    if request.op in latent_structure.STRUCTURE:
        return {name: np.array(value, dtype=np.int64).reshape(shape)
                for name, (value, shape) in latent_structure.cost(request.params, request.profile).items()}, None
    element = tensors.TYPES[request.dtype]
    if request.op in latent_structure.STAGES:
        given = {name: element.store(array.astype(element.accumulation))
                 for name, array in request.input.items() if array.dtype == np.float32}
        return {"quantise": quantise, "latent_attention": latent_attention}[request.op](request, given), element
    operation = {"latent_forward": forward, "latent_gradients": gradients, "latent_generate": generate}
    return operation[request.op](request, load_model(request.model, element)), element


def save(answered, path):
    named, element = answered
    tensors.save(path, named, element)


def main(name="latent-numpy"):
    loma_protocol.serve(
        name, np.__version__, latent_protocol.OPERATIONS, tensors.TYPES, answer, tensors.load, save, captures=True,
        read=latent_protocol.Request)


if __name__ == "__main__":
    main()
