#!/usr/bin/env python3
"""Compressed context memory in NumPy alone as a candidate: every operation of chapter 16, in float64, float32,
bfloat16 and float16.

  pip install -r Tests/Candidates/requirements-drive.txt
  loma conform --vectors Vectors/peers -- python3 Tests/Candidates/ccm/candidate_ccm_numpy.py

Texts are computed one by one and without pads, in the forms of ccm_numpy.py: SUM rows stand in the parallel pass and
their keys and values are replaced, the online cache has none and folds. Gradients are those of ccm_backward.py.
"""

import functools

import numpy as np

import ccm_model  # first: it makes the modules of the folder above known
import ccm_backward
import ccm_numpy
import ccm_protocol
import ccm_structure
import loma_protocol
import tensors


@functools.cache
def load_model(directory, element):
    return ccm_model.Model(directory, element)


def placed(parts, longest, axes):
    """Tensors of single texts, each behind its pads; what stands at a pad is 0 and not compared (CCM-30)."""
    return np.stack([
        np.pad(part, [(longest - size if axis in axes else 0, 0) for axis, size in enumerate(part.shape)])
        for part in parts])


def forward(request, model):
    layouts, traces = request.layouts(), []
    fed = request.input.get("embeddings")
    for b, rows in enumerate(layouts):
        given = None if fed is None else fed[b, fed.shape[1] - len(rows) :]
        traces.append(ccm_numpy.parallel(model, rows, request.beginning, request.profile, request.rate, given))
    longest = max(map(len, layouts))
    return {name: placed([trace[name] for trace in traces], longest, (1, 2) if "probabilities" in name else (0,))
            for name in ["logits", *request.capture]}


def loss(request, model):
    return {"loss": ccm_numpy.loss(model, request.layouts(), request.beginning, request.profile, request.rate)}


def gradients(request, model):
    found = ccm_backward.gradients(model, request.layouts(), request.beginning, request.profile, request.rate)
    return {f"gradients.{name}": gradient for name, gradient in found.items()}


def online(request, model):
    cache = ccm_numpy.Online(model, request.texts[0], request.params, request.profile)
    return cache.answer(cache.generate(request.params["generate"], request.integers.get("forced")))


def stage(request, element):
    given = {name: element.store(array.astype(element.accumulation))
             for name, array in request.input.items() if array.dtype == np.float32}
    if request.op == "merge":
        return {name: element.store(ccm_numpy.running_means(given[name], request.profile, request.rate))
                for name in ("keys", "values")}
    scale = request.params["lora_alpha"] / len(given["lora_a"])
    parts = [given[name] for name in ("x", "weight", "lora_a", "lora_b")]
    return {"y": ccm_numpy.conditional_linear(*parts, scale, request.input["gate"], element)}


def answer(request):
    """The tensors, and the element type in which they are written."""
    if request.op in ccm_structure.STRUCTURE:
        kind = np.bool_ if request.op == "ccm_mask" else np.int64
        return {name: np.array(value, dtype=kind).reshape(shape)
                for name, (value, shape) in request.structure().items()}, None
    element = tensors.TYPES[request.dtype]
    if request.op in ccm_structure.STAGES:
        return stage(request, element), element
    operation = {"ccm_forward": forward, "ccm_loss": loss, "ccm_gradients": gradients, "ccm_online": online}
    return operation[request.op](request, load_model(request.model, element)), element


def save(answered, path):
    named, element = answered
    tensors.save(path, named, element)


def main(name="ccm-numpy"):
    loma_protocol.serve(
        name, np.__version__, ccm_protocol.OPERATIONS, tensors.TYPES, answer, tensors.load, save, captures=True,
        read=ccm_protocol.Request)


if __name__ == "__main__":
    main()
