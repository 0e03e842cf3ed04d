#!/usr/bin/env python3
"""The files of Vectors that are JSON, and the manifest of part II, against the schemas of Spec/schemas, by jsonschema.

  VENV/bin/python Tests/Candidates/check_schemas.py [--vectors DIR]

Both schemas must be valid JSON Schema 2020-12 themselves; their rejection codes and axes must be those of the Spec's
list and registry; the recorded files must fit; and each of a list of deliberately broken files must not.
"""

import argparse
import hashlib
import copy
import json
import pathlib
import re
import sys

import jsonschema

import loma_layout

ROOT = pathlib.Path(__file__).resolve().parents[2]
REMOVED = object()
# What is broken, and how: a path into the file and the value to put there. `level:NAME` is the first case of that
# level, `op:NAME` the first of that operation.
BROKEN_MANIFESTS = [
    ("another format", ["loma_vectors"], 2),
    ("no version", ["suite"], REMOVED),
    ("a version of three parts", ["suite"], "1.0.0"),
    ("published as a word", ["published"], "no"),
    ("a member nobody knows", ["comment"], "hello"),
    ("no cases", ["cases"], []),
    ("a case without id", ["cases", 0, "id"], REMOVED),
    ("an id of another level", ["cases", "level:stage", "id"], "model.rms_norm.plain"),
    ("an id with a capital", ["cases", 0, "id"], "structure.layout.C1"),
    ("an unknown level", ["cases", 0, "level"], "unit"),
    ("an operation of another level", ["cases", "level:stage", "op"], "layout"),
    ("an unknown operation", ["cases", 0, "op"], "tokenize"),
    ("a digest in capitals", ["cases", 0, "expected", "sha256"], "A" * 64),
    ("a short digest", ["cases", 0, "expected", "sha256"], "a" * 63),
    ("no size", ["cases", 0, "expected", "bytes"], REMOVED),
    ("a path that climbs", ["cases", 0, "expected", "path"], "../expected.safetensors"),
    ("an absolute path", ["cases", 0, "expected", "path"], "/structure/x/expected.safetensors"),
    ("input where expected should be", ["cases", 0, "expected", "path"], "structure/x/input.safetensors"),
    ("an unknown axis", ["cases", 0, "profile"], {"colour": "red"}),
    ("an unknown alternative", ["cases", 0, "profile"], {"numbering": "backwards"}),
    ("a parameter nobody knows", ["cases", 0, "params", "d"], 1),
    ("a missing parameter", ["cases", 0, "params", "c"], REMOVED),
    ("a decimal number", ["cases", "op:rms_norm", "params", "epsilon"], 0.5),
    ("a decimal number as a word", ["cases", "op:rms_norm", "params", "epsilon"], "0.5"),
    ("another spelling of a number", ["cases", "op:rms_norm", "params", "epsilon"], "0x1.80p-1"),
    ("an unknown rule", ["cases", 0, "rules", "tokens"], "close"),
    ("a tolerance for integers", ["cases", 0, "rules", "tokens"], "calibrated"),
    ("a rule for a unit of a bound", ["cases", "op:rms_norm", "rules", "y.rounding"], "derived"),
    ("no rules", ["cases", 0, "rules"], REMOVED),
    ("no expected file", ["cases", 0, "expected"], REMOVED),
    ("an unknown element type", ["cases", "level:stage", "dtypes"], ["f8"]),
    ("a clause without number", ["cases", 0, "clauses"], ["LAY"]),
    ("an unknown capture", ["cases", "level:model", "captures"], ["layers.0.attention.scores"]),
    ("a model where none is needed", ["cases", 0, "model"], "models/gqa"),
    ("no model where one is needed", ["cases", "level:model", "model"], None),
    ("an unknown code", ["cases", "level:rejection", "rejection"], "bad-input"),
    ("a code beside tensors", ["cases", 0, "rejection"], "empty-prompt"),
    ("tensors beside a code", ["cases", "level:rejection", "rules"], {"tokens": "exact"}),
    ("an unknown property", ["cases", "level:property", "property"], "symmetry"),
    ("a model of one file", ["models", 0, "files", 0], REMOVED),
    ("a retired id without reason", ["retired"], [{"id": "model.loss.old"}]),
]
BROKEN_PEERS = [
    ("an operation of part I", ["cases", "op:ccm_layout", "op"], "layout"),
    ("an operation of another level", ["cases", "level:stage", "op"], "ccm_layout"),
    ("an axis of part I", ["cases", "op:ccm_layout", "profile"], {"numbering": "text"}),
    ("a rate that carries its number", ["cases", "op:ccm_layout", "profile"], {"merge_rate": "exponential(0.5)"}),
    ("a parameter of part I", ["cases", "op:ccm_layout", "params", "c"], 2),
    ("a missing parameter", ["cases", "op:ccm_layout", "params", "memory_tokens"], REMOVED),
    ("a code of part I", ["cases", "level:rejection", "rejection"], "empty-prompt"),
    ("a property of part I", ["cases", "level:property", "property"], "poison"),
    ("a model without an adapter", ["models", 0, "files", 3], REMOVED),
    ("no model where one is needed", ["cases", "level:model", "model"], None),
    ("an axis of another chapter", ["cases", "op:latent_forward", "profile"], {"memory": "merge"}),
    ("an axis of a later chapter", ["cases", "op:ccm_forward", "profile"], {"entries": "heads"}),
    ("codes within a bound", ["cases", "op:quantise", "rules", "codes"], "derived"),
    ("margins as an output", ["cases", "op:quantise", "rules", "codes.margin"], "exact"),
    ("no group", ["cases", "op:quantise", "params", "group"], REMOVED),
]
BROKEN_STRUCTURES = [
    ("no cases", ["cases"], []),
    ("a member nobody knows", ["version"], 1),
    ("an id of another level", ["cases", 0, "id"], "model.layout.x"),
    ("a zone nobody knows", ["cases", "op:layout", "expected", "zones", 0], [4]),
    ("a label below none", ["cases", "op:layout", "expected", "labels", 0], [-2]),
    ("a mask of numbers", ["cases", "op:mask", "expected", "mask", 0], [[0, 1]]),
    ("a mask of other letters", ["cases", "op:mask", "expected", "mask", 0], ["01x"]),
    ("an event of five numbers", ["cases", "op:schedule", "expected", "events", 0], [0, 0, 0, 1, 0]),
    ("an event of an unknown kind", ["cases", "op:schedule", "expected", "events", 0], [3, 0, 0, 1, 0, 1]),
    ("no maximum", ["cases", "op:schedule", "expected", "maximum"], REMOVED),
    ("three counts", ["cases", "op:metrics", "expected", "counts"], [1, 2, 3]),
    ("a fraction", ["cases", "op:cost", "expected", "generation"], 1.5),
    ("texts for a schedule", ["cases", "op:schedule", "input"], {"lengths": [1], "tokens": [1]}),
    ("a parameter of another operation", ["cases", "op:metrics", "params", "layout"], "training"),
]


def step(place, key):
    """The place behind one step of a path."""
    if isinstance(key, str) and isinstance(place, list):
        member, value = key.split(":")
        return next(item for item in place if item[member] == value)
    return place[key]


def broken(document, path, value):
    document = copy.deepcopy(document)
    place = document
    for key in path[:-1]:
        place = step(place, key)
    if value is REMOVED:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return document


def slim(document):
    """The file with two cases per level and operation, so that breaking it many times is quick."""
    kept = {}
    for case in document["cases"]:
        kept.setdefault((case.get("level"), case["op"]), []).append(case)
    return {**document, "cases": [case for cases in kept.values() for case in cases[:2]]}


def schema_of(name):
    """The validator of a schema of the Spec."""
    schema = json.loads((ROOT / "Spec" / "schemas" / f"{name}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def check_lists(schema):
    """Rejection codes are the Spec's table, axes and values the registry's."""
    table = (ROOT / "Spec" / "rejections.md").read_text()
    codes = re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE)
    case = schema["$defs"]["case"]["properties"]
    assert case["rejection"]["enum"] == codes, "rejection codes differ from Spec/rejections.md"
    axes = {axis: [loma_layout.BASE[axis], *values] for axis, values in loma_layout.ALTERNATIVES.items()}
    assert {a: v["enum"] for a, v in schema["$defs"]["profile"]["properties"].items()} == axes
    registry = (ROOT / "Spec" / "registry.md").read_text()
    printed = re.findall(r"^  ([a-z_]+) +(?:D-\d+|paper) +(\w+) +(.+)$", registry, re.MULTILINE)
    assert {axis: [default, *others.split(", ")] for axis, default, others in printed} == axes, "axes differ"
    return len(codes), len(axes)


def check_peers(vectors):
    """Problems of the manifest of part II; its schema's codes and axes are those of the Spec's lists for part II."""
    validator = schema_of("peers-manifest")
    case, context, latent = (
        validator.schema["$defs"][name]["properties"] for name in ("case", "contextProfile", "latentProfile"))
    table = (ROOT / "Spec" / "peers-rejections.md").read_text()
    codes = re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE)
    # A code of both tables means the same fault.
    assert case["rejection"]["enum"] == list(dict.fromkeys(codes))
    registry = (ROOT / "Spec" / "peers-registry.md").read_text()
    printed = re.findall(r"^  ([a-z_]+) +CCM-\d+ +(\w+) +(\w+)$", registry, re.MULTILINE)
    chapter = (ROOT / "Spec" / "17-lat.md").read_text()
    listed = re.findall(r"^\| `(\w+)` \| `(\w+)` \| `(\w+)` \|", chapter, re.MULTILINE)
    for axes, lines in ((context, printed), (latent, listed)):
        assert {axis: value["enum"] for axis, value in axes.items()} == {axis: both for axis, *both in lines}
    document = json.loads((vectors / "manifest.json").read_text())
    found = [f"peers: {'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"
             for error in validator.iter_errors(document)]
    small = slim(document)
    accepted = [what for what, path, value in BROKEN_PEERS if validator.is_valid(broken(small, path, value))]
    print(f"peers/manifest.json: {len(document['cases'])} cases, {len(found)} errors; "
          f"{len(BROKEN_PEERS) - len(accepted)} of {len(BROKEN_PEERS)} broken files rejected")
    return found + [f"peers/manifest.json: {what} is accepted" for what in accepted]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vectors", type=pathlib.Path, default=ROOT / "Vectors", metavar="DIR")
    options = parser.parse_args()
    problems = []
    for name, breaks in (("manifest", BROKEN_MANIFESTS), ("structure", BROKEN_STRUCTURES)):
        validator = schema_of(name)
        document = json.loads((options.vectors / f"{name}.json").read_text())
        found = [
            f"{name}.json: {'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"
            for error in validator.iter_errors(document)]
        problems += found
        small = slim(document)
        assert found or validator.is_valid(small)
        accepted = [what for what, path, value in breaks if validator.is_valid(broken(small, path, value))]
        problems += [f"{name}.json: {what} is accepted" for what in accepted]
        print(f"{name}.json: {len(document['cases'])} cases, {len(found)} errors; "
              f"{len(breaks) - len(accepted)} of {len(breaks)} broken files rejected")
        if name == "manifest":
            codes, axes = check_lists(validator.schema)
            print(f"{codes} rejection codes and {axes} axes as in the Spec")
    problems += check_peers(options.vectors / "peers")
    bounds = json.loads((options.vectors / "bounds.json").read_text())
    found = list(schema_of("bounds").iter_errors(bounds))
    problems += [f"bounds.json: {'/'.join(map(str, error.absolute_path))}: {error.message[:200]}" for error in found]
    digest = hashlib.sha256((options.vectors / "manifest.json").read_bytes()).hexdigest()
    if bounds["manifest_sha256"] != digest:
        problems.append("bounds.json was measured on another manifest")
    print(f"bounds.json: {len(bounds['cases'])} cases in an element type each, {len(found)} errors")
    for problem in problems:
        print(f"PROBLEM {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
