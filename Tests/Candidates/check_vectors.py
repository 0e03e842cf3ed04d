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

import argparse
import hashlib
import json
import pathlib
import sys
import time

import torch
from safetensors.numpy import load_file

import loma_model
import loma_structure
import vector_properties
from vector_case import Case, Problem, hugging_face, require
from vector_comparison import LIMIT, check_rejection, check_tensors, check_text


def check_case(case, texts, tally):
    if case.level == "rejection":
        require("expected" not in case.entry, "a rejection has no tensors")
        check_rejection(case)
        return 0.0
    case.check_inputs()
    require(not list(loma_structure.rejections(
        case.op, {"c": 1, "t": 1, **case.params}, case.profile, case.texts, case.integers,
        case.directory and loma_model.refusal(case.directory))), "the Spec rejects this input")
    if case.level == "property":
        return vector_properties.ALL[case.entry["property"]](case, case.model if case.directory else None)
    expected = load_file(case.vectors / case.entry["expected"]["path"])
    if case.level == "structure":
        check_text(case, texts.pop(case.id, None), expected)
    return check_tensors(case, expected, tally)


def check_files(vectors, manifest):
    """Every file below Vectors is the manifest's, with its size and digest; part II has a manifest of its own."""
    entries = [file for model in manifest["models"] for file in model["files"]] + [manifest["structure_json"]]
    entries += [case[part] for case in manifest["cases"] for part in ("input", "expected") if case.get(part)]
    known = {entry["path"]: entry for entry in entries}
    found = {str(path.relative_to(vectors)) for path in vectors.rglob("*") if not path.is_dir()}
    if (vectors / "peers" / "manifest.json").is_file():
        found = {path for path in found if not path.startswith("peers/")}
    unlisted = {"manifest.json", "bounds.json"}  # bounds.json is measured on the manifest and names its digest
    problems = [f"{path}: not in the manifest" for path in sorted(found - set(known) - unlisted)]
    problems += [f"{path}: missing" for path in sorted(set(known) - found)]
    for path in sorted(found & set(known)):
        data = (vectors / path).read_bytes()
        if (len(data), hashlib.sha256(data).hexdigest()) != (known[path]["bytes"], known[path]["sha256"]):
            problems.append(f"{path}: size or digest is not the manifest's")
    return len(known), problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = pathlib.Path(__file__).resolve().parents[2]
    parser.add_argument("--vectors", type=pathlib.Path, default=root / "Vectors", metavar="DIR")
    parser.add_argument("--list", action="store_true", help="a line per case: its id and its largest difference")
    options = parser.parse_args()
    torch.set_num_threads(1)
    began = time.monotonic()
    manifest = json.loads((options.vectors / "manifest.json").read_text())
    texts = json.loads((options.vectors / "structure.json").read_text())["cases"]
    files, problems = check_files(options.vectors, manifest)
    texts = {text["id"]: text for text in texts}
    refused = {entry["model"] for entry in manifest["cases"] if entry.get("rejection", "").endswith("-configuration")}
    for model in manifest["models"]:
        if loma_model.refusal(options.vectors / model["path"]):
            if model["path"] not in refused:
                problems.append(f"{model['path']}: the Spec refuses it, and no case does")
            continue
        try:
            hugging_face(options.vectors / model["path"])
        except Problem as problem:
            problems.append(str(problem))
    tallies = {}
    covered = set()
    for entry in manifest["cases"]:
        empty = dict(cases=0, tensors=0, comparisons=0, units=0, worst=0.0, where="-")
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
        total = sum(entry["level"] == level for entry in manifest["cases"])
        units = f", {tally['units']} units of bounds present" if tally["units"] else ""
        tensors = f", {tally['tensors']} tensors in {tally['comparisons']} comparisons" if tally["tensors"] else ""
        worst = f", largest relative difference {tally['worst']:.1e} in {tally['where']}" * (tally["worst"] > 0)
        worst = worst or ", equal"
        print(f"{level}: {tally['cases']} of {total} cases{tensors}{units}{worst}")
    print(f"{len(covered)} of {len(manifest['cases'])} cases covered, {files} files with their digests, "
          f"limit {LIMIT:.0e}, {time.monotonic() - began:.0f} s")
    for problem in problems:
        print(f"PROBLEM {problem}")
    return 1 if problems or not covered else 0


if __name__ == "__main__":
    sys.exit(main())
