#!/usr/bin/env python3
"""Does `loma conform` catch the wrong ports of mistakes/mistakes.py, and what does it say of them?

    python3 check_mistakes.py --loma PATH [--json FILE] [--scores FILE] [--vectors DIR] [ID…]

Each is run in float32 as a candidate. A mistake is caught by an answer that is judged wrong (verdict `fail` or
`wrong-rejection`); a crash or an unreadable file alone does not count. The diagnosis is the line "most likely: …" of the
run; `mistakes.NAMES` says what is right. The file of --json gets what the table shows and more, that of --scores what
was named. Exit 1 if one is not caught, or less than 18 of 20 K are named first, or something else is named.
"""

import argparse
import collections
import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "mistakes"))

import check_diagnosis  # noqa: E402
import mistakes  # noqa: E402

JUDGED_WRONG = ("fail", "wrong-rejection")
ENOUGH = 0.9


def results(loma, vectors, identifier):
    """The units of one run, and what it says at its end."""
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(
            [loma, "conform", "--vectors", str(vectors), "--dtype", "f32", "--jobs", "1", "--report", folder, "--",
             sys.executable, str(HERE / "mistakes" / "wrong.py"), identifier],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False, text=True)
        lines = (pathlib.Path(folder) / "results.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines[1:-1]], check_diagnosis.said(run)


def score(identifier, units, said):
    """What is said of one mistake."""
    wrong = [unit for unit in units if unit["verdict"] in JUDGED_WRONG]
    first = wrong[0] if wrong else {}
    mistake, right = mistakes.MISTAKES[identifier], mistakes.NAMES.get(identifier)
    return {
        "id": identifier, "candidate": mistake.candidate, "sentence": mistake.sentence, "caught": bool(wrong),
        "verdicts": dict(collections.Counter(unit["verdict"] for unit in units)),
        "wrong_by_level": dict(collections.Counter(unit["level"] for unit in wrong)),
        "first": {name: first.get(name) for name in ("id", "clauses", "why", "finding", "divergence", "diagnosis")},
        "score": check_diagnosis.score(right, said["named"]), **said}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--loma", required=True)
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--scores", type=pathlib.Path)
    parser.add_argument("--vectors", type=pathlib.Path, default=HERE.parents[1] / "Vectors")
    parser.add_argument("ids", nargs="*")
    given = parser.parse_args()
    table = []
    for identifier in given.ids or mistakes.MISTAKES:
        row = score(identifier, *results(given.loma, given.vectors.resolve(), identifier))
        table.append(row)
        counts = ", ".join(f"{count} {verdict}" for verdict, count in row["verdicts"].items())
        print(f"{identifier}  {'caught' if row['caught'] else 'NOT CAUGHT'}  {row['sentence']}\n"
              f"     {row['first']['id']}; {counts}\n"
              f"     {row['score']}: {' or '.join(row['named']) or 'nothing named'}", flush=True)
    is_good = all(row["caught"] for row in table)
    for family in sorted({row["id"][0] for row in table}):
        rows = [row for row in table if row["id"][0] == family]
        counts = collections.Counter(row["score"] for row in rows)
        print(f"{family}: {sum(row['caught'] for row in rows)} of {len(rows)} caught, {counts['first']} named first, "
              f"{counts['alike']} alike, {counts['none']} not, {counts['other']} as something else")
        is_good = is_good and counts["other"] == 0 and (family != "K" or counts["first"] >= ENOUGH * len(rows))
    if given.json:
        given.json.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if given.scores:
        check_diagnosis.write(given.scores, table, ("id", "sentence", "caught", "score", "named", "explained", "wrong"))
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
