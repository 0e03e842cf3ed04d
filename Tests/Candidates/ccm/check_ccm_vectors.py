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

import json
import pathlib
import sys
import warnings

import torch
from safetensors.numpy import load_file

import ccm_model  # first: it makes the modules of the folder above known
import ccm_properties
import ccm_protocol
import vector_run
from ccm_case import ANSWERS, Case, numpy_model
from check_vectors import check_files
from vector_case import require
from vector_comparison import LIMIT, NUMBERS, UNITS, check_text, difference


def check_tensors(case, expected, tally):
    """Every recorded tensor against every recomputation of it; every tensor must have at least one."""
    values = {name for name in expected if not name.endswith(UNITS)}
    rules = case.entry["rules"]
    require(values == set(rules), f"rules are for {sorted(rules)}, tensors are {sorted(values)}")
    for name in values:
        right = "exact" if expected[name].dtype.kind != "f" else NUMBERS.get(case.level, "calibrated")
        require(rules[name] == right, f"rule of {name} is {rules[name]}")
    worst, seen = 0.0, set()
    for who, answer in ANSWERS[case.op](case):
        require(set(answer) <= set(expected), f"{who}: {sorted(set(answer) - set(expected))} not recorded")
        for name, got in answer.items():
            error = difference(name, got, expected[name])
            require(error <= LIMIT, f"{who}: {name} differs by {error:.1e}")
            worst = max(worst, error)
            tally["comparisons"] += 1
        seen |= set(answer)
    require(seen == set(expected), f"not recomputed: {sorted(set(expected) - seen)}")
    tally["tensors"] += len(expected)
    return worst


def check_case(case, texts, tally):
    if case.level == "rejection":
        require("expected" not in case.entry, "a rejection has no tensors")
        found = case.faults()
        recorded = case.entry["rejection"]
        require(found[:1] == [recorded], f"{recorded} is recorded, the Spec gives {found}")
        return 0.0
    require(not case.faults(), f"the Spec rejects this input: {case.faults()}")
    case.check_inputs()
    if case.level == "property":
        return ccm_properties.ALL[case.entry["property"]](case)
    expected = load_file(case.vectors / case.entry["expected"]["path"])
    if case.level == "structure":
        check_text(case, texts.pop(case.id, None), expected)
    return check_tensors(case, expected, tally)


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


def main():
    warnings.filterwarnings("ignore")
    root = pathlib.Path(__file__).resolve().parents[3]
    options = vector_run.options(__doc__, root / "Vectors" / "peers")
    if not (options.vectors / "manifest.json").is_file():
        print(f"no vectors at {options.vectors}: manifest.json is missing", file=sys.stderr)
        return 2
    torch.set_num_threads(1)
    manifest = json.loads((options.vectors / "manifest.json").read_text())
    texts = json.loads((options.vectors / "structure.json").read_text())["cases"]
    run = vector_run.Run({text["id"]: text for text in texts if text["op"] in ccm_protocol.OPERATIONS})
    files, problems = check_files(options.vectors, manifest)
    cases = [entry for entry in manifest["cases"] if entry["op"] in ccm_protocol.OPERATIONS]
    run.problems += problems + check_models(options.vectors, manifest, cases)
    run.cover(cases, lambda entry, *more: check_case(Case(entry, options.vectors), *more), options.list)
    return run.report(f"{len(manifest['cases']) - len(cases)} of other chapters, {files} files with their digests")


if __name__ == "__main__":
    sys.exit(main())
