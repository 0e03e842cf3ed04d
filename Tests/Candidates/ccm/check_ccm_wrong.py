#!/usr/bin/env python3
"""Is every wrong port of wrong_ccm.py refused by `loma conform` on part II, and is its mistake named?

    VENV/bin/python Tests/Candidates/ccm/check_ccm_wrong.py --loma PATH [--json FILE] [--jobs N] [ID…]

Each is run in float32 on Vectors/peers as a candidate. It is caught by an answer that is judged wrong; a crash or an
unreadable file alone does not count. Right to name is the mutant of its id, first or behind another that its answers do
not tell from it, or for a mistake that is a profile that profile. Exits with 1 if one is not caught or something else
is named, or if less than nine of ten are named.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import ccm_model  # noqa: F401  first: it makes the modules of the folder above, and of its port, known
import check_diagnosis
import wrong_ccm

HERE = pathlib.Path(__file__).resolve().parent
JUDGED_WRONG = ("fail", "wrong-rejection")
ENOUGH = 0.9
# Mistakes that are no other than deciding an axis always in one way.
PROFILES = {"C04": "recurrence=recurrent", "C11": "sink=off", "C12": "sink=on"}


def run(given, identifier):
    """What one wrong port is told."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [str(given.loma.resolve()), "conform", "--vectors", str(given.vectors.resolve()), "--dtype", "f32",
             "--jobs", "1", "--timeout-factor", "8", "--report", folder, "--", sys.executable,
             str(HERE / "run_ccm.py"), identifier],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False, text=True)
        lines = (pathlib.Path(folder) / "results.jsonl").read_text(encoding="utf-8").splitlines()
    units, said = [json.loads(line) for line in lines[1:-1]], check_diagnosis.said(done.stdout)
    wrong = [unit["id"] for unit in units if unit["verdict"] in JUDGED_WRONG]
    scores = [check_diagnosis.score(right, said["named"]) for right in (identifier, PROFILES.get(identifier))]
    best = min(scores, key=("first", "alike", "other", "none").index)
    return {"id": identifier, "sentence": wrong_ccm.MISTAKES[identifier].sentence, "caught": bool(wrong),
            "first": wrong[0] if wrong else None, "score": best,
            "verdicts": dict(collections.Counter(unit["verdict"] for unit in units)), **said}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loma", required=True, type=pathlib.Path)
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--vectors", type=pathlib.Path, default=HERE.parents[2] / "Vectors" / "peers")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("ids", nargs="*")
    given = parser.parse_args()
    table = []
    with concurrent.futures.ThreadPoolExecutor(given.jobs) as pool:
        for row in pool.map(lambda identifier: run(given, identifier), given.ids or wrong_ccm.MISTAKES):
            table.append(row)
            counts = ", ".join(f"{count} {verdict}" for verdict, count in row["verdicts"].items())
            print(f"{row['id']}  {'caught' if row['caught'] else 'NOT CAUGHT'}  {row['sentence']}\n"
                  f"     {row['first']}; {counts}\n"
                  f"     {row['score']}: {' or '.join(row['named']) or 'nothing named'}, which explains "
                  f"{row['explained']} of {row['wrong']}", flush=True)
    scores = collections.Counter(row["score"] for row in table)
    caught = sum(row["caught"] for row in table)
    print(f"{caught} of {len(table)} caught, {scores['first']} named first, {scores['alike']} alike, "
          f"{scores['none']} not, {scores['other']} as something else")
    if given.json:
        members = ("id", "sentence", "caught", "first", "score", "named", "explained", "wrong")
        check_diagnosis.write(given.json, table, members)
    named = scores["first"] + scores["alike"]
    return 0 if caught == len(table) and not scores["other"] and named >= ENOUGH * len(table) else 1


if __name__ == "__main__":
    sys.exit(main())
