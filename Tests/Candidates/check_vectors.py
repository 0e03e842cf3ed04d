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

import hashlib
import json
import pathlib
import sys

import torch
from safetensors.numpy import load_file

import loma_model
import loma_structure
import vector_properties
import vector_run
from vector_case import Case, Problem, hugging_face, require
from vector_comparison import check_rejection, check_tensors, check_text


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
    root = pathlib.Path(__file__).resolve().parents[2]
    options = vector_run.options(__doc__, root / "Vectors")
    torch.set_num_threads(1)
    manifest = json.loads((options.vectors / "manifest.json").read_text())
    texts = json.loads((options.vectors / "structure.json").read_text())["cases"]
    run = vector_run.Run({text["id"]: text for text in texts})
    files, problems = check_files(options.vectors, manifest)
    run.problems += problems
    refused = {entry["model"] for entry in manifest["cases"] if entry.get("rejection", "").endswith("-configuration")}
    for model in manifest["models"]:
        if loma_model.refusal(options.vectors / model["path"]):
            if model["path"] not in refused:
                run.problems.append(f"{model['path']}: the Spec refuses it, and no case does")
            continue
        try:
            hugging_face(options.vectors / model["path"])
        except Problem as problem:
            run.problems.append(str(problem))
    run.cover(manifest["cases"], lambda entry, *more: check_case(Case(entry, options.vectors), *more), options.list)
    return run.report(f"{files} files with their digests")


if __name__ == "__main__":
    sys.exit(main())
