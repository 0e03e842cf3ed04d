#!/usr/bin/env python3
"""Does `loma conform` name the mistake behind the wrong answers of a candidate that is known to make it?

    python3 check_diagnosis.py --loma PATH [--json FILE] [--vectors DIR] [--jobs N] [ID…]

Every mutant of `loma sensitivity` answers as a candidate process, in float32 or a type in which its mistake is one, and so does whoever decides two axes of
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
    "memory_positions": ["span_start"], "numbering": ["sequential", "generation", "compressed"],
    "memory_context": ["own_chunk"], "memory_attention": ["causal"], "repetition_context": ["past_memories"],
    "repetition_attention": ["bidirectional", "self_only"], "repetition_labels": ["shifted"]}
ENOUGH = 0.95
# Mistakes that are none in float32, and a type in which they are made.
TYPES = {"M234": "f64", "M235": "f64", "M236": "f64", "M237": "f64", "M244": "bf16", "M245": "bf16", "M246": "bf16",
         "M247": "bf16"}


def suspects(line):
    """What a line "most likely: …" names, in its order: ids of mutants, and profiles as axis=value,…"""
    found = []
    for part in re.split(r", or (?=[MCLB]\d|the reference with )", line.split("; it explains ")[0]):
        found.append(part.split(":")[0] if re.match(r"[MCLB]\d", part) else
                     part.removeprefix("the reference with ").replace(" and ", ",").replace(" = ", "="))
    return found


def finished(run):
    """What a run printed; one that ended by a signal has not judged, whatever it wrote before."""
    if run.returncode < 0:
        raise SystemExit(f"ended by signal {-run.returncode}: {' '.join(map(str, run.args))}")
    return run.stdout


def said(run):
    """What a run says at its end: suspects, and how many wrong answers they explain of how many."""
    for line in finished(run).splitlines():
        if line.startswith("most likely: "):
            counts = re.search(r"it explains (\d+) of (\d+) wrong answers", line)
            return {"named": suspects(line.removeprefix("most likely: ")), "explained": int(counts[1]),
                    "wrong": int(counts[2])}
    return {"named": [], "explained": 0, "wrong": 0}


def score(right, named):
    """first, alike (behind another that is not told from it), other or none."""
    same = [right is not None and set(name.split(",")) == set(right.split(",")) for name in named]
    return "none" if not named else "first" if same[0] else "alike" if any(same) else "other"


def run(loma, vectors, identifier):
    """The reference with a mistake, as a candidate: what is said of it, and the seconds it took."""
    start = time.monotonic()
    dtype = TYPES.get(identifier, "f32")
    process = subprocess.run(
        [loma, "conform", "--vectors", str(vectors), "--dtype", dtype, "--", loma, "reference", "--mutant", identifier,
         "--dtypes", dtype], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False, text=True)
    found = said(process)
    return {"id": identifier, "score": score(identifier, found["named"]), **found,
            "seconds": round(time.monotonic() - start, 1)}


def write(path, table, members):
    """A list of objects, one a line."""
    lines = ",\n ".join(json.dumps({name: row[name] for name in members}, ensure_ascii=False) for row in table)
    path.write_text(f"[{lines}]\n", encoding="utf-8")


def mutants():
    """The ids of the page of mutants."""
    page = (ROOT / "Docs" / "Sensitivity.md").read_text(encoding="utf-8")
    return sorted(set(re.findall(r"^\| (M\d{3}) \|", page, re.MULTILINE)))


def pairs():
    """Two alternatives of two axes; memory_positions has an effect where positions count text alone."""
    single = [f"{axis}={value}" for axis, values in AXES.items() for value in values]
    return [f"{a},{b}" for a, b in itertools.combinations(single, 2)
            if a.split("=")[0] != b.split("=")[0]
            and {a.split("=")[0], b.split("=")[0]} != {"memory_positions", "numbering"}]


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
        return run(loma, given.vectors.resolve(), identifier)

    table = []
    with concurrent.futures.ThreadPoolExecutor(given.jobs) as pool:
        for entry in pool.map(row, given.ids or mutants() + pairs()):
            table.append(entry)
            print(f"{entry['id']}  {entry['score']}  {' | '.join(entry['named']) or 'nothing named'}  "
                  f"{entry['explained']}/{entry['wrong']}  {entry['seconds']} s", flush=True)
    is_good = True
    for kind, entries in (("mutants", [e for e in table if "=" not in e["id"]]),
                          ("pairs of axes", [e for e in table if "=" in e["id"]])):
        counts = collections.Counter(entry["score"] for entry in entries)
        print(f"{kind}: {counts['first']} of {len(entries)} named first, {counts['alike']} alike, {counts['none']} not, "
              f"{counts['other']} as something else")
        named = counts["first"] + (counts["alike"] if kind == "mutants" else 0)
        is_good = is_good and named >= (ENOUGH if kind == "mutants" else 1) * len(entries)
    if given.json:
        write(given.json, table, ("id", "score", "named", "explained", "wrong"))
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
