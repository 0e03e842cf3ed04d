#!/usr/bin/env python3
"""Every case of Vectors/peers for chapter 19 computed a second time, from what a port has: the Spec, the request and
the model's files.

  VENV/bin/pip install -r Tests/Candidates/requirements-vectors.txt
  VENV/bin/python Tests/Candidates/cache/check_cache_vectors.py [--vectors DIR] [--list]

Integers, choices, codes and rejections are derived from the Spec's text and must be equal. Numbers are computed in
NumPy float64 (cache_numpy.py, cache_decoder.py) and in PyTorch float64 (cache_torch.py, cache_torch_session.py).
Differences are relative to the tensor's largest recorded value. What is chosen and quantised must be clear (BAS-24).
Properties are shown to hold (cache_properties.py). Cases of other chapters are counted and left to their own check.
Exits with 1 if a value differs, no case is found or one is not covered, or a file is unknown, with 2 if there are no
such vectors.
"""

import sys

import cache_protocol  # first: it makes the modules of the folder above known
import cache_properties
import loma_model
import vector_loop
from cache_case import ANSWERS, Case


def check_case(entry, vectors, texts, tally):
    # Units of bounds are checked for presence, shape and sign.
    return vector_loop.check_peer(Case(entry, vectors), texts, tally, ANSWERS, cache_properties.ALL, all_units=False)


def check_models(vectors, manifest, cases):
    """Every model of these cases is read, or refused by a case."""
    refused = {entry["model"] for entry in cases if entry.get("rejection")}
    paths = {entry["model"] for entry in cases if entry["model"]} - refused
    return [f"{path}: the Spec refuses it ({code}), and no case does" for path in sorted(paths)
            if (code := loma_model.refusal(vectors / path))]


if __name__ == "__main__":
    sys.exit(vector_loop.run(__doc__, "Vectors/peers", cache_protocol.OPERATIONS, check_models, check_case))
