"""What `loma conform` on part II says of wrong ports: whether each is refused, and whether its mistake is named.

A port is a script that takes the id of a mutant and makes that mistake. It is caught by an answer that is judged
wrong; a crash or an unreadable file alone does not count. Right to name is the mutant of its id, first or behind
another that its answers do not tell from it, or for a mistake that is a profile that profile.
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

import check_diagnosis

HERE = pathlib.Path(__file__).resolve().parent
JUDGED_WRONG = ("fail", "invalid-output", "wrong-rejection")
ENOUGH = 0.9  # named, of those asked


def run(given, script, sentence, identifier, profile):
    """What one wrong port is told."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [str(given.loma.resolve()), "conform", "--vectors", str(given.vectors.resolve()), "--dtype", "f32",
             "--jobs", "1", "--timeout-factor", "8", "--report", folder, "--", sys.executable, str(script), identifier],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False, text=True)
        lines = (pathlib.Path(folder) / "results.jsonl").read_text(encoding="utf-8").splitlines()
    units, said = [json.loads(line) for line in lines[1:-1]], check_diagnosis.said(done)
    wrong = [unit["id"] for unit in units if unit["verdict"] in JUDGED_WRONG]
    scores = [check_diagnosis.score(right, said["named"]) for right in (identifier, profile)]
    return {"id": identifier, "sentence": sentence, "caught": bool(wrong), "first": wrong[0] if wrong else None,
            "score": min(scores, key=("first", "alike", "other", "none").index),
            "verdicts": dict(collections.Counter(unit["verdict"] for unit in units)), **said}


def main(document, script, mistakes, profiles):
    """Asks all mistakes of a script, or those named; some are profiles. Returns 1 if one is not caught or another is named in its place,
    or if less than nine of ten are named."""
    parser = argparse.ArgumentParser(description=document, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loma", required=True, type=pathlib.Path)
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--vectors", type=pathlib.Path, default=HERE.parents[1] / "Vectors" / "peers")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("ids", nargs="*")
    given = parser.parse_args()
    table = []
    with concurrent.futures.ThreadPoolExecutor(given.jobs) as pool:
        for row in pool.map(
                lambda name: run(given, script, mistakes[name].sentence, name, profiles.get(name)), given.ids or mistakes):
            table.append(row)
            counts = ", ".join(f"{count} {verdict}" for verdict, count in row["verdicts"].items())
            print(f"{row['id']}  {'caught' if row['caught'] else 'NOT CAUGHT'}  {row['sentence']}\n"
                  f"     {row['first']}; {counts}\n"
                  f"     {row['score']}: {' or '.join(row['named']) or 'nothing named'}, which explains "
                  f"{row['explained']} of {row['wrong']}", flush=True)
    scores, caught = collections.Counter(row["score"] for row in table), sum(row["caught"] for row in table)
    print(f"{caught} of {len(table)} caught, {scores['first']} named first, {scores['alike']} alike, "
          f"{scores['none']} not, {scores['other']} as something else")
    if given.json:
        members = ("id", "sentence", "caught", "first", "score", "named", "explained", "wrong")
        check_diagnosis.write(given.json, table, members)
    named = scores["first"] + scores["alike"]
    return 0 if caught == len(table) and not scores["other"] and named >= ENOUGH * len(table) else 1
