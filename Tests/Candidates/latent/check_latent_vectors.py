#!/usr/bin/env python3
"""Every case of Vectors/peers for chapters 17 and 18 computed a second time, from what a port has: the Spec, the
request and the model's files.

  VENV/bin/pip install -r Tests/Candidates/requirements-vectors.txt
  VENV/bin/python Tests/Candidates/latent/check_latent_vectors.py [--vectors DIR] [--list]

Integers, codes and rejections are derived from the Spec's text and must be equal. Numbers are computed in NumPy float64
in the plain and in the absorbed form (latent_numpy.py), and in PyTorch float64 with neighbouring pairs
(latent_torch.py); gradients by autograd. Differences are relative to the tensor's largest recorded value. Every code of
a recorded model must be far from a border. Properties are shown to hold (latent_properties.py). Cases of other chapters
are counted and left to their own check. Exits with 1 if a value differs, no case is found or one is not covered, or a
file is unknown, with 2 if there are no such vectors.
"""

import sys

import latent_model  # first: it makes the modules of the folder above known
import latent_properties
import latent_protocol
import vector_loop
from latent_case import ANSWERS, Case


def check_case(entry, vectors, texts, tally):
    # Units of the bound of latent_attention are checked for presence, shape and sign.
    return vector_loop.check_peer(Case(entry, vectors), texts, tally, ANSWERS, latent_properties.ALL, all_units=False)


def check_models(vectors, manifest, cases):
    """Every model of these cases is read, or refused by a case."""
    problems = []
    refused = {entry["model"] for entry in cases if entry.get("rejection")}
    for path in {entry["model"] for entry in cases if entry["model"]} - refused:
        profile = latent_model.setting_of(latent_model.read(vectors / path)).profile
        code = latent_model.refusal(vectors / path, profile)
        if code:
            problems.append(f"{path}: the Spec refuses it ({code}), and no case does")
    return problems


if __name__ == "__main__":
    sys.exit(vector_loop.run(__doc__, "Vectors/peers", latent_protocol.OPERATIONS, check_models, check_case))
