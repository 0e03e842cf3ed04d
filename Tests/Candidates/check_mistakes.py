#!/usr/bin/env python3
"""Does `loma conform` catch the wrong ports of mistakes/mistakes.py, and what does it say of them?

    python3 check_mistakes.py --loma PATH [--json FILE] [--vectors DIR] [ID…]

Each is run in float32 as a candidate. A mistake is caught by an answer that is judged wrong (verdict `fail` or
`wrong-rejection`); a crash or an unreadable file alone does not count. FILE gets what the table shows and more. Exit 1
if one is not caught.
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

import mistakes  # noqa: E402

JUDGED_WRONG = ("fail", "wrong-rejection")


def results(loma, vectors, identifier):
    """The units of one run."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [loma, "conform", "--vectors", str(vectors), "--dtype", "f32", "--jobs", "1", "--report", folder, "--",
             sys.executable, str(HERE / "mistakes" / "wrong.py"), identifier],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        lines = (pathlib.Path(folder) / "results.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines[1:-1]]


def score(identifier, units):
    """What is said of one mistake."""
    wrong = [unit for unit in units if unit["verdict"] in JUDGED_WRONG]
    first = wrong[0] if wrong else {}
    mistake = mistakes.MISTAKES[identifier]
    diagnosed = [line for unit in wrong for line in unit["diagnosis"][:1]]
    return {
        "id": identifier, "candidate": mistake.candidate, "sentence": mistake.sentence, "caught": bool(wrong),
        "verdicts": dict(collections.Counter(unit["verdict"] for unit in units)),
        "wrong_by_level": dict(collections.Counter(unit["level"] for unit in wrong)),
        "first": {name: first.get(name) for name in ("id", "clauses", "why", "finding", "divergence", "diagnosis")},
        "diagnosis": collections.Counter(diagnosed).most_common(1)[0][0] if diagnosed else ""}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--loma", required=True)
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--vectors", type=pathlib.Path, default=HERE.parents[1] / "Vectors")
    parser.add_argument("ids", nargs="*")
    given = parser.parse_args()
    table = []
    for identifier in given.ids or mistakes.MISTAKES:
        row = score(identifier, results(given.loma, given.vectors.resolve(), identifier))
        table.append(row)
        counts = ", ".join(f"{count} {verdict}" for verdict, count in row["verdicts"].items())
        print(f"{identifier}  {'caught' if row['caught'] else 'NOT CAUGHT'}  {row['sentence']}\n"
              f"     {row['first']['id']}; {counts}\n     {row['diagnosis'] or 'no diagnosis'}", flush=True)
    caught = collections.Counter(row["id"][0] for row in table if row["caught"])
    for family, count in collections.Counter(row["id"][0] for row in table).items():
        print(f"{family}: {caught[family]} of {count} caught")
    if given.json:
        given.json.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0 if sum(caught.values()) == len(table) else 1


if __name__ == "__main__":
    sys.exit(main())
