#!/usr/bin/env python3
"""Does `loma conform` catch the wrong ports of wrong_families.py, and what does it say of them?

    python3 check_wrong_families.py --loma PATH [--json FILE] [--vectors DIR] [--fresh SEED [--cases 1500]] [ID…]

Each is run in float32, or in float64 if float32 hides it, and asked the cases of its family: those whose ids have the
first word of its own. It is caught by an answer that is judged wrong; a crash or an unreadable file alone does not
count. Exit 1 if one is not caught, or if one that a mutant repeats is not told as that mutant, first or alike.

With --fresh it is asked fresh cases of its family alone (RUN-17), which have no rejections: ports that go on where they
must refuse are left out, and what is named is shown and not demanded.
"""

import argparse
import collections
import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import check_diagnosis  # noqa: E402
import wrong_families  # noqa: E402

JUDGED_WRONG = ("fail", "wrong-rejection")
TYPES = {"qwen3-epsilon": "f64"}  # in which a mistake is one, if float32 does not show it
REFUSING = ("beyond", "refused")  # the first words of those that answer what they must refuse


def cases(given, identifier):
    """The cases of a mistake's family: the recorded ones, or fresh ones alone."""
    family = identifier.split("-")[0]
    if given.fresh is None:
        return ["--only", f"*{family}*"]
    return ["--fresh", str(given.fresh), "--cases", str(given.cases), "--only", f"*.{family}.fresh.*"]


def asked(given, identifier):
    """What one run says: the wrong units, and what is named at its end."""
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(
            [given.loma, "conform", "--vectors", given.vectors.resolve(), "--dtype", TYPES.get(identifier, "f32"),
             "--jobs", "1", "--timeout-factor", "8" if given.fresh is None else "1", *cases(given, identifier),
             "--report", folder, "--", sys.executable, HERE / "run.py", "--mistake", identifier],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False, text=True)
        lines = (pathlib.Path(folder) / "results.jsonl").read_text(encoding="utf-8").splitlines()
    units = [json.loads(line) for line in lines[1:-1]]
    wrong = [unit["id"] for unit in units if unit["verdict"] in JUDGED_WRONG]
    said, change = check_diagnosis.said(run), wrong_families.MISTAKES[identifier]
    return {"id": identifier, "sentence": change.sentence, "caught": bool(wrong), "first": wrong[0] if wrong else None,
            "verdicts": dict(collections.Counter(unit["verdict"] for unit in units)),
            "right": list(change.names), "score": check_diagnosis.score(next(iter(change.names), None), said["named"]),
            **said}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loma", required=True)
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--vectors", type=pathlib.Path, default=HERE.parents[2] / "Vectors")
    parser.add_argument("--fresh", type=int)
    parser.add_argument("--cases", type=int, default=1500)
    parser.add_argument("ids", nargs="*")
    given = parser.parse_args()
    table = []
    shown = [identifier for identifier in wrong_families.MISTAKES
             if given.fresh is None or identifier.split("-")[0] not in REFUSING]
    for identifier in given.ids or shown:
        row = asked(given, identifier)
        table.append(row)
        counts = ", ".join(f"{count} {verdict}" for verdict, count in row["verdicts"].items())
        print(f"{identifier}  {'caught' if row['caught'] else 'NOT CAUGHT'}  {row['sentence']}\n"
              f"     {row['first']}; {counts}\n"
              f"     {row['score']}: {' or '.join(row['named']) or 'nothing named'}", flush=True)
    repeated = [row for row in table if row["right"]]
    named = sum(row["score"] in ("first", "alike") for row in repeated)
    caught = sum(row["caught"] for row in table)
    print(f"{caught} of {len(table)} caught; of {len(repeated)} that a mutant repeats, {named} named as it")
    if given.json:
        check_diagnosis.write(given.json, table, ("id", "sentence", "caught", "first", "right", "score", "named"))
    return 0 if caught == len(table) and (given.fresh is not None or named == len(repeated)) else 1


if __name__ == "__main__":
    sys.exit(main())
