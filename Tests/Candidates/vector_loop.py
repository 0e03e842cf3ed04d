"""What every check of recorded vectors has: its options, the files of a manifest, and the loop over its cases."""

import argparse
import hashlib
import json
import pathlib
import sys
import time

import torch
from safetensors.numpy import load_file

from vector_case import Problem, require
from vector_comparison import LIMIT, check_tensors, check_text


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


def check_peer(case, texts, tally, answers, properties, all_units=True):
    """A case of part II: its rejection, its property, or its tensors by the functions of `answers`."""
    faults = case.faults()
    if case.level == "rejection":
        require("expected" not in case.entry, "a rejection has no tensors")
        recorded = case.entry["rejection"]
        require(faults[:1] == [recorded], f"{recorded} is recorded, the Spec gives {faults}")
        return 0.0
    require(not faults, f"the Spec rejects this input: {faults}")
    case.check_inputs()
    if case.level == "property":
        return properties[case.entry["property"]](case)
    expected = load_file(case.vectors / case.entry["expected"]["path"])
    if case.level == "structure":
        check_text(case, texts.pop(case.id, None), expected)
    return check_tensors(case, expected, tally, answers[case.op](case), all_units)


def check_cases(entries, listed, check):
    """Tallies by level, problems and the ids of what is covered; `check` takes an entry and a tally."""
    tallies, problems, covered = {}, [], set()
    for entry in entries:
        empty = dict(cases=0, tensors=0, comparisons=0, units=0, worst=0.0, where="-")
        tally = tallies.setdefault(entry["level"], empty)
        try:
            require(entry["id"] not in covered, "its id is not its own")
            require(entry["id"].startswith(entry["level"] + "."), "its id names another level")
            worst = check(entry, tally)
        except Exception as problem:  # whatever a broken file leads to, the other cases are still checked
            problems.append(f"{entry['id']}: {problem if isinstance(problem, Problem) else repr(problem)}")
            continue
        covered.add(entry["id"])
        tally["cases"] += 1
        if worst > tally["worst"]:
            tally["worst"], tally["where"] = worst, entry["id"]
        if listed:
            print(f"{entry['id']}  {worst:.1e}", flush=True)
    return tallies, problems, covered


def run(description, vectors, operations, check_models, check_case):
    """The whole check; returns its exit code.

    `vectors` is a folder below the root, `operations` names those of the chapters at hand (None: all), `check_models`
    takes the folder, the manifest and the cases and returns problems, `check_case` takes an entry, the folder, the
    texts of structure.json by id, and a tally.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = pathlib.Path(__file__).resolve().parents[2]
    parser.add_argument("--vectors", type=pathlib.Path, default=root / vectors, metavar="DIR")
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
    cases = [entry for entry in manifest["cases"] if operations is None or entry["op"] in operations]
    others = len(manifest["cases"]) - len(cases)
    texts = {text["id"]: text for text in texts if operations is None or text["op"] in operations}
    problems += check_models(options.vectors, manifest, cases)
    tallies, wrong, covered = check_cases(
        cases, options.list, lambda entry, tally: check_case(entry, options.vectors, texts, tally))
    problems += wrong + [f"{id}: in structure.json only" for id in texts]
    problems += [] if cases else ["there is no case of these chapters"]
    for level, tally in tallies.items():
        total = sum(entry["level"] == level for entry in cases)
        units = f", {tally['units']} units of bounds present" if tally["units"] else ""
        tensors = f", {tally['tensors']} tensors in {tally['comparisons']} comparisons" if tally["tensors"] else ""
        worst = f", largest relative difference {tally['worst']:.1e} in {tally['where']}" * (tally["worst"] > 0)
        print(f"{level}: {tally['cases']} of {total} cases{tensors}{units}{worst or ', equal'}")
    chapters = f", {others} of other chapters" if others else ""
    print(f"{len(covered)} of {len(cases)} cases covered{chapters}, {files} files with their digests, "
          f"limit {LIMIT:.0e}, {time.monotonic() - began:.0f} s")
    for problem in problems:
        print(f"PROBLEM {problem}")
    return 1 if problems else 0
