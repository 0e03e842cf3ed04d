#!/usr/bin/env python3
"""What `loma` says of right and wrong ports of checkpoints that it has never seen (OWN-1 to OWN-8).

  python3 check_own.py --loma PATH [--quick] [--models DIR] [--types f32,bf16,f16] [--json FILE] [NAME …]

For each model of make_models.py the questions are written once, with the reference's yardstick beside them (`loma
requests --model … --name all`), every port answers them, and `loma judge` says what it thinks of each: the same as
`loma conform --model`, without computing the yardstick anew for each port. Ports of own_port.py answer in this process,
by the protocol all the same; the others in theirs. `--conform yes` asks one port by `loma conform --model`, too.

Returns 1 if a right port is judged wrong; if less than 95% of the mistakes are refused in f32, or less than 80% named;
or if a mistake is called right in a type in which it was not announced as undecidable.
"""

import argparse
import collections
import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import make_models  # noqa: E402
import own_mistakes  # noqa: E402
import own_port  # noqa: E402

MODELS = ("text-c4", "random-c8", "init", "lively", "outlier", "lively-512", "outlier-512")
QUICK = ("text-c4",)
QUICK_PORTS = ("plain", "tight")
QUICK_MISTAKES = ("causal", "one_pair", "epsilon", "tile_16", "tf32")
OWN = ("plain", "online", "wide", "tight", "split")
OTHERS = {
    "huggingface": ["candidate_huggingface.py"],
    "huggingface-sdpa": ["candidate_huggingface.py", "--attention", "sdpa"],
    "flex": ["own/candidate_flex.py"], "compile": ["own/own_port.py", "--variant", "compile"]}
REFUSED, NAMED = 0.95, 0.80
ANNOUNCED = re.compile(r": not decidable: ([^:]+): ")


def answer(folder, port):
    """Answers every request in a folder; a port's standard output is the file of answers."""
    with open(folder / "requests.jsonl") as questions, open(folder / "answers.jsonl", "w") as answers:
        if port in OTHERS:
            script, *words = OTHERS[port]
            subprocess.run([sys.executable, HERE.parent / script, *words], cwd=folder, stdin=questions, stdout=answers,
                           stderr=subprocess.DEVNULL, check=False)
            return
        start, stdin = os.getcwd(), sys.stdin
        try:
            os.chdir(folder)
            sys.stdin = questions
            with contextlib.redirect_stdout(answers):
                own_port.main(["--variant", port] if port in OWN else ["--mistake", port])
        finally:
            os.chdir(start)
            sys.stdin = stdin


class Model:
    """A model's questions, and the folder in which its yardstick is kept."""

    def __init__(self, given, name, scratch):
        self.loma, self.name, self.scratch = given.loma, name, scratch
        self.directory = make_models.make(given.models, name).resolve()
        self.questions, self.kept = scratch / name, scratch / f"{name}-yardstick"
        if (self.questions / "requests.jsonl").exists():
            print(f"{name}: the yardstick is kept", flush=True)
            return
        started = time.monotonic()
        done = subprocess.run(
            [self.loma, "requests", self.questions, "--model", self.directory, "--dtype", given.types, "--name", given.name,
             "--report", self.kept, "--threads", str(given.threads)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"loma requests on {name} ended with {done.returncode}:\n{done.stderr}{done.stdout}")
        print(f"{name}: the yardstick took {time.monotonic() - started:.0f} s", flush=True)

    def judged(self, port):
        """What is said of a port, by element type: verdict, reason, and what was called not decidable."""
        folder, reports = self.scratch / f"{self.name}-answers", self.scratch / f"{self.name}-reports"
        for source, copy in ((self.questions, folder), (self.kept, reports)):
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(source, copy, symlinks=True, copy_function=os.link)
        answer(folder, port)
        done = subprocess.run([self.loma, "judge", folder, "--model", self.directory, "--report", reports],
                              capture_output=True, text=True, check=False)
        results = reports / "results.jsonl"
        if not results.exists():
            raise SystemExit(f"loma judge on {port} of {self.name} ended with {done.returncode}:\n{done.stderr}")
        return said(results)


def said(results):
    """The units that stand for all answers of a type, from a file of results."""
    header, *units, footer = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    words = collections.defaultdict(str)
    for line in footer.get("diagnosis", []):
        words[line.split(":")[0]] += line + "\n"
    found = {}
    for unit in units:
        if unit["id"] != "own.together" or unit["verdict"] == "unsupported":
            continue
        text = words[unit["dtype"]]
        name = re.search(r": wrong: (OM\d+|M\d+|\w+=\w+): ", text)
        lines = [line for line in text.splitlines() if ": not decidable: " in line]
        wrong = [f"{other['id']}: {other.get('why', '')}" for other in units
                 if other["dtype"] == unit["dtype"] and other["verdict"] not in ("pass", "unsupported")]
        found[unit["dtype"]] = dict(
            verdict=unit["verdict"], why=unit.get("why", ""), named=name and name.group(1), first=wrong[:1],
            undecidable=[name for line in lines for name in ANNOUNCED.findall(line)])
    return found


def rows_of(model, port, right, types):
    """One row of the table for each element type that the port answers."""
    started = time.monotonic()
    rows = []
    for dtype, one in model.judged(port).items():
        if dtype in types:
            announced = not right and any(own_mistakes.is_right(port, name) for name in one["undecidable"])
            named = bool(one["named"]) and not right and own_mistakes.is_right(port, one["named"])
            rows.append(dict(model=model.name, port=port, dtype=dtype, right=right, announced=announced,
                             is_named=named, **one))
    words = ", ".join(f"{row['dtype']} {row['verdict']}{' ' + row['named'] if row['named'] else ''}" for row in rows)
    print(f"  {port:16} {words}  ({time.monotonic() - started:.0f} s)", flush=True)
    return rows


def asked_alive(given, model, port):
    """The same by `loma conform --model`, which computes all of it itself."""
    with tempfile.TemporaryDirectory() as reports:
        subprocess.run(
            [given.loma, "conform", "--model", model.directory, "--name", "axes", "--dtype", "f32,bf16", "--report",
             reports, "--", sys.executable, HERE / "own_port.py", "--variant", port],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        found = said(pathlib.Path(reports) / "results.jsonl")
    print(f"  {port} by loma conform --model: " + ", ".join(f"{t} {one['verdict']}" for t, one in found.items()))
    fixed = dict(model=model.name, port=f"{port}, alive", right=True, announced=False, is_named=False)
    return [dict(fixed, dtype=dtype, **one) for dtype, one in found.items()]


def summary(table):
    """Both tables, and the exit code."""
    is_good = bool(table)
    right = [row for row in table if row["right"]]
    print("\nright ports        runs  right  suspect  wrong")
    for dtype in ("f32", "bf16", "f16"):
        count = collections.Counter(row["verdict"] for row in right if row["dtype"] == dtype)
        if count:
            print(f"  {dtype:16} {count.total():5} {count['pass']:6} {count['suspect']:8} {count['fail']:6}"
                  + (f"  others: {dict(count)}" if set(count) - {"pass", "suspect", "fail"} else ""))
    for row in right:
        if row["verdict"] not in ("pass", "suspect", "indeterminate"):
            is_good = False
            print(f"  refused: {row['port']} on {row['model']} in {row['dtype']}: {row['why']} {row['first']}")
    print("\nwrong ports        runs  refused  named  suspect  accepted as announced  accepted in silence")
    for dtype in ("f32", "bf16", "f16"):
        wrong = [row for row in table if not row["right"] and row["dtype"] == dtype]
        if not wrong:
            continue
        refused = [row for row in wrong if row["verdict"] == "fail"]
        named = sum(row["is_named"] for row in refused)
        suspect = sum(row["verdict"] == "suspect" for row in wrong)
        accepted = [row for row in wrong if row["verdict"] not in ("fail", "suspect")]
        silent = [row for row in accepted if not row["announced"]]
        print(f"  {dtype:16} {len(wrong):5} {len(refused):8} {named:6} {suspect:8} {len(accepted) - len(silent):22} "
              f"{len(silent):20}")
        is_good = is_good and not silent
        if dtype == "f32":
            is_good = is_good and len(refused) >= REFUSED * len(wrong) and named >= NAMED * len(wrong)
    for row in table:
        if not row["right"] and (row["verdict"] != "fail" or not row["is_named"]):
            print(f"  {row['port']} on {row['model']} in {row['dtype']}: {row['verdict']}, "
                  f"{'announced' if row['announced'] else row['named'] or 'no name'}; {row['why']}")
    return 0 if is_good else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loma", required=True, type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("--models", type=pathlib.Path, help="where models are kept; default a folder for this run")
    parser.add_argument("--work", type=pathlib.Path, help="where questions and yardsticks stay for another run")
    parser.add_argument("--types", default="f32,bf16,f16")
    parser.add_argument("--name", choices=("none", "axes", "all"), default="all", help="what is looked for by name")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--ports", help="right ports, with commas; default all")
    parser.add_argument("--mistakes", help="wrong ports, with commas; default all")
    parser.add_argument("--conform", choices=("yes", "no"), default="no")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("names", nargs="*")
    given = parser.parse_args()
    usual = lambda all, few: few if given.quick else all
    choose = lambda words, *sets: usual(*sets) if words is None else [word for word in words.split(",") if word]
    ports = choose(given.ports, (*OWN, *OTHERS), QUICK_PORTS)
    mistakes = choose(given.mistakes, tuple(own_mistakes.MISTAKES), QUICK_MISTAKES)
    table = []
    with tempfile.TemporaryDirectory() as folder:
        scratch = (given.work or pathlib.Path(folder)).resolve()
        scratch.mkdir(parents=True, exist_ok=True)
        given.models = given.models or scratch / "models"
        for name in given.names or (QUICK if given.quick else MODELS):
            model = Model(given, name, scratch)
            config = json.loads((model.directory / "config.json").read_text())
            ungrouped = config["num_attention_heads"] == config["num_key_value_heads"]
            for port in (*ports, *mistakes):
                if port == "kv_modulo" and ungrouped:
                    continue  # with as many KV heads there is no other map of them
                table += rows_of(model, port, port in ports, given.types.split(","))
                if given.json:  # after each, since a run may take hours
                    given.json.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            if given.conform == "yes":
                table += asked_alive(given, model, ports[0])
    return summary(table)


if __name__ == "__main__":
    sys.exit(main())
