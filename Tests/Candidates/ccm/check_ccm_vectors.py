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

import argparse
import json
import pathlib
import sys
import time
import warnings

import torch
from safetensors.numpy import load_file

import ccm_model  # first: it makes the modules of the folder above known
import ccm_properties
import ccm_protocol
from ccm_case import ANSWERS, Case, numpy_model
from check_vectors import check_files
from vector_case import Problem, require
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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = pathlib.Path(__file__).resolve().parents[3]
    parser.add_argument("--vectors", type=pathlib.Path, default=root / "Vectors" / "peers", metavar="DIR")
    parser.add_argument("--list", action="store_true", help="a line per case: its id and its largest difference")
    options = parser.parse_args()
    if not (options.vectors / "manifest.json").is_file():
        print(f"no vectors at {options.vectors}: manifest.json is missing", file=sys.stderr)
        return 2
    torch.set_num_threads(1)
    began = time.monotonic()
    manifest = json.loads((options.vectors / "manifest.json").read_text())
    texts = json.loads((options.vectors / "structure.json").read_text())["cases"]
    files, problems = check_files(options.vectors, manifest)
    cases = [entry for entry in manifest["cases"] if entry["op"] in ccm_protocol.OPERATIONS]
    others = len(manifest["cases"]) - len(cases)
    texts = {text["id"]: text for text in texts if text["op"] in ccm_protocol.OPERATIONS}
    problems += check_models(options.vectors, manifest, cases)
    tallies, covered = {}, set()
    for entry in cases:
        empty = dict(cases=0, tensors=0, comparisons=0, worst=0.0, where="-")
        tally = tallies.setdefault(entry["level"], empty)
        try:
            require(entry["id"] not in covered, "its id is not its own")
            require(entry["id"].startswith(entry["level"] + "."), "its id names another level")
            worst = check_case(Case(entry, options.vectors), texts, tally)
        except Exception as problem:  # whatever a broken file leads to, the other cases are still checked
            problems.append(f"{entry['id']}: {problem if isinstance(problem, Problem) else repr(problem)}")
            continue
        covered.add(entry["id"])
        tally["cases"] += 1
        if worst > tally["worst"]:
            tally["worst"], tally["where"] = worst, entry["id"]
        if options.list:
            print(f"{entry['id']}  {worst:.1e}", flush=True)
    problems += [f"{id}: in structure.json only" for id in texts]
    for level, tally in tallies.items():
        total = sum(entry["level"] == level for entry in cases)
        tensors = f", {tally['tensors']} tensors in {tally['comparisons']} comparisons" if tally["tensors"] else ""
        worst = f", largest relative difference {tally['worst']:.1e} in {tally['where']}" * (tally["worst"] > 0)
        print(f"{level}: {tally['cases']} of {total} cases{tensors}{worst or ', equal'}")
    print(f"{len(covered)} of {len(cases)} cases covered, {others} of other chapters, {files} files with their "
          f"digests, limit {LIMIT:.0e}, {time.monotonic() - began:.0f} s")
    for problem in problems:
        print(f"PROBLEM {problem}")
    return 1 if problems or not covered else 0


if __name__ == "__main__":
    sys.exit(main())
