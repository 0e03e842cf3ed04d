#!/usr/bin/env python3
"""Every case of Vectors/peers for chapter 16 computed a second time, from what a port has: the Spec, the request and
the model's files.

  VENV/bin/pip install -r Tests/Candidates/requirements-vectors.txt
  VENV/bin/python Tests/Candidates/ccm/check_ccm_vectors.py [--vectors DIR] [--list]

Integers and rejections are derived from the Spec's text (ccm_structure.py) and must be equal. Numbers are computed in
NumPy float64 with SUM rows (ccm_numpy.py), in PyTorch float64 without them (ccm_torch.py), and by Hugging Face's Llama
with a conditional LoRA (candidate_ccm.py); gradients by hand in the first (ccm_backward.py) and by autograd in the
others. Differences are relative to the tensor's largest recorded value. The units of the two stages' bounds (CCM-37)
are recomputed too. Properties are shown to hold for NumPy (ccm_properties.py). Cases of other chapters are counted and
left to their own check. Exits with 1 if a value differs, a case is not covered or a file is unknown, with 2 if there
are no such vectors.
"""

import sys
import warnings

import ccm_model  # first: it makes the modules of the folder above known
import ccm_properties
import ccm_protocol
import vector_loop
from ccm_case import ANSWERS, Case, numpy_model


def check_case(entry, vectors, texts, tally):
    return vector_loop.check_peer(Case(entry, vectors), texts, tally, ANSWERS, ccm_properties.ALL)


def check_models(vectors, manifest, cases):
    """Every model with an adapter is loaded, or is refused by a case."""
    problems = []
    used = {entry["model"]: entry for entry in cases if entry["model"]}
    refused = {entry["model"] for entry in cases if entry.get("rejection") and entry["model"]}
    for model in manifest["models"]:
        if model["path"] not in used:
            continue
        try:
            numpy_model(vectors / model["path"])
        except Exception as problem:  # whatever a broken model leads to, the cases are still checked
            if model["path"] not in refused:
                problems.append(f"{model['path']}: {problem!r}")
    return problems


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    sys.exit(vector_loop.run(__doc__, "Vectors/peers", ccm_protocol.OPERATIONS, check_models, check_case))
