#!/usr/bin/env python3
"""Every case of Vectors computed a second time, from what a port has: the Spec, the request and the model's files.

  python -m venv VENV && VENV/bin/pip install -r Tests/Candidates/requirements-vectors.txt
  VENV/bin/python Tests/Candidates/check_vectors.py [--vectors DIR] [--list]

Layout, mask, positions, labels, cache events, counts and rejections are derived in Python from the Spec's text
(loma_layout.py, loma_structure.py) and must be equal; a case is read by vector_case.py, answered by vector_answers.py
and compared by vector_comparison.py. Stages, captured intermediates, losses and generation through a
real compressed cache are computed in NumPy float64 (numpy_llama.py); logits, losses, gradients and AdamW steps by
Hugging Face Llama, autograd and torch.optim.AdamW in float64 (llama64.py). Differences are relative to the tensor's
largest recorded value. An expected file is read only to be compared with; the tensors NAME.accumulation and
NAME.rounding, units of error bounds, are checked for presence, shape and sign only. Properties are shown to hold for
the NumPy decoder (vector_properties.py). Exits with 1 if a value differs, a case is not covered, a file below Vectors
is unknown or Hugging Face does not load a model.
"""

import sys

from safetensors.numpy import load_file

import loma_model
import vector_loop
import vector_properties
from vector_answers import ANSWERS
from vector_case import Case, Problem, hugging_face, require
from vector_comparison import check_rejection, check_tensors, check_text, faults


def check_case(entry, vectors, texts, tally):
    case = Case(entry, vectors)
    if case.level == "rejection":
        require("expected" not in case.entry, "a rejection has no tensors")
        check_rejection(case)
        return 0.0
    case.check_inputs()
    require(not faults(case), "the Spec rejects this input")
    require(case.entry.get("family") in (case.families or {None}), f"it is of {sorted(case.families)}")
    if case.level == "property":
        return vector_properties.ALL[case.entry["property"]](case, case.model if case.directory else None)
    expected = load_file(case.vectors / case.entry["expected"]["path"])
    if case.level == "structure":
        check_text(case, texts.pop(case.id, None), expected)
    return check_tensors(case, expected, tally, ANSWERS[case.op](case))


def check_models(vectors, manifest, cases):
    """Hugging Face loads every model, or the Spec refuses it and a case does too."""
    problems = []
    refused = {entry["model"] for entry in cases if entry.get("rejection", "").endswith("-configuration")}
    for model in manifest["models"]:
        if loma_model.refusal(vectors / model["path"], loma_model.FAMILIES):
            if model["path"] not in refused:
                problems.append(f"{model['path']}: the Spec refuses it, and no case does")
            continue
        try:
            hugging_face(vectors / model["path"])
        except Problem as problem:
            problems.append(str(problem))
    return problems


if __name__ == "__main__":
    sys.exit(vector_loop.run(__doc__, "Vectors", None, check_models, check_case))
