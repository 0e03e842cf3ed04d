#!/usr/bin/env python3
"""Does `loma conform` name the mistake behind the wrong answers of a candidate that is known to make it?

    python3 check_diagnosis.py --loma PATH [--json FILE] [--vectors DIR] [--jobs N] [ID…]

Every mutant of `loma sensitivity` answers as a candidate process, in float32, and so does whoever decides two axes of
the profile otherwise than their defaults, whatever is asked. Of the line "most likely: …" of each run this keeps what
it names. A mutant counts as named first where the line begins with it, as alike where it stands behind a profile or
another mutant that the answers do not tell from it. FILE gets the table. Exit 1 where less than 95 of 100 mutants are
named, first or alike, or where a pair of axes is not named with both.
"""

import argparse
import collections
import concurrent.futures
import itertools
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
AXES = {  # Spec/registry.md: the alternatives to each default
    "memory_positions": ["span_start"], "numbering": ["sequential"], "memory_context": ["own_chunk"],
    "memory_attention": ["causal"], "repetition_context": ["past_memories"],
    "repetition_attention": ["bidirectional", "self_only"], "repetition_labels": ["shifted"]}
ENOUGH = 0.95


def suspects(line):
    """What a line "most likely: …" names, in its order: ids of mutants, and profiles as axis=value,…"""
    found = []
    for part in re.split(r", or (?=M\d|the reference with )", line.split("; it explains ")[0]):
        found.append(part.split(":")[0] if part.startswith("M") else
                     part.removeprefix("the reference with ").replace(" and ", ",").replace(" = ", "="))
    return found


def diagnosis(loma, vectors, candidate):
    """What a run says at its end: suspects, how many wrong answers they explain of how many; and its seconds."""
    start = time.monotonic()
    run = subprocess.run(
        [loma, "conform", "--vectors", str(vectors), "--dtype", "f32", "--", *candidate], stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, check=False, text=True)
    seconds = round(time.monotonic() - start, 1)
    for line in run.stdout.splitlines():
        if line.startswith("most likely: "):
            counts = re.search(r"it explains (\d+) of (\d+) wrong answers", line)
            return {"named": suspects(line.removeprefix("most likely: ")), "explained": int(counts[1]),
                    "wrong": int(counts[2]), "seconds": seconds}
    return {"named": [], "explained": 0, "wrong": 0, "seconds": seconds}


def mutants():
    """The ids of the page of mutants."""
    page = (ROOT / "Docs" / "Sensitivity.md").read_text(encoding="utf-8")
    return sorted(set(re.findall(r"^\| (M\d{3}) \|", page, re.MULTILINE)))


def pairs():
    """Two alternatives of two axes; sequential numbering leaves memory_positions without effect."""
    single = [f"{axis}={value}" for axis, values in AXES.items() for value in values]
    return [f"{a},{b}" for a, b in itertools.combinations(single, 2)
            if a.split("=")[0] != b.split("=")[0] and {a, b} != {"memory_positions=span_start", "numbering=sequential"}]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--loma", required=True, type=pathlib.Path)
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--vectors", type=pathlib.Path, default=ROOT / "Vectors")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("ids", nargs="*")
    given = parser.parse_args()
    loma = str(given.loma.resolve())

    def row(identifier):
        found = diagnosis(
            loma, given.vectors.resolve(), [loma, "reference", "--mutant", identifier, "--dtypes", "f32"])
        first = "=" in identifier and set(found["named"][:1]) and set(found["named"][0].split(",")) == set(
            identifier.split(","))
        score = "first" if first or found["named"][:1] == [identifier] else (
            "alike" if identifier in found["named"] else "no")
        return {"id": identifier, "score": score, **found}

    table = []
    with concurrent.futures.ThreadPoolExecutor(given.jobs) as pool:
        for entry in pool.map(row, given.ids or mutants() + pairs()):
            table.append(entry)
            print(f"{entry['id']}  {entry['score']}  {' | '.join(entry['named']) or 'nothing named'}  "
                  f"{entry['explained']}/{entry['wrong']}  {entry['seconds']} s", flush=True)
    is_good = True
    for kind, entries in (("mutants", [e for e in table if "=" not in e["id"]]),
                          ("pairs of axes", [e for e in table if "=" in e["id"]])):
        if not entries:
            continue
        counts = collections.Counter(entry["score"] for entry in entries)
        named = counts["first"] + counts["alike"]
        print(f"{kind}: {counts['first']} of {len(entries)} named first, {counts['alike']} alike, {counts['no']} not")
        is_good = is_good and (named / len(entries) >= ENOUGH if kind == "mutants" else counts["first"] == len(entries))
    if given.json:
        lines = ",\n ".join(json.dumps({k: v for k, v in entry.items() if k != "seconds"}) for entry in table)
        given.json.write_text(f"[{lines}]\n", encoding="utf-8")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
