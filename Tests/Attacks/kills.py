#!/usr/bin/env python3
"""Kills at random moments: nothing judged is lost, nothing is mixed, and nothing stays behind.

  python3 Tests/Attacks/kills.py [--loma PROGRAM] [--count N] [--only NAME …] [--seed N]

SIGKILL ends, N times each (100 unless given): a run that writes reports, a run that is resumed until it is finished,
a recording of vectors, a training and a sweep; and 60 times a run in the first 200 ms of --resume. After every kill
the file of results must parse up to its last line feed and hold every unit that was ever seen in it, no file may be
of two runs, and within 5 s no candidate and no scratch folder may be left. What is finished in the end must be what
an uninterrupted command writes. Last, 20 pairs of runs in one folder of reports: one of two that overlap is refused
with exit code 2. Plain Python 3, Linux.
"""

import argparse
import fnmatch
import json
import os
import random
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree

import support

WRONG = "structure.mask.c[34]*"  # what a run with an odd tag answers wrongly
RECIPE = {
    "model": {"hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
              "num_key_value_heads": 2, "rms_norm_eps": 1e-5, "rope_theta": 10000, "tie_word_embeddings": False},
    "loma": {"compression_ratio": 2, "memory_length": 2, "profile": "base"}, "data": {"alphabet": 8},
    "training": {"losses": "repetition", "chunks": 1, "batch": 2, "steps": 60, "seed": 1, "checkpoint_every": 3},
    "optimiser": {"learning_rate": 0.003, "warm_up": 2, "decay": "cosine", "beta1": 0.9, "beta2": 0.99,
                  "epsilon": 1e-8, "weight_decay": 0.01, "largest_norm": 1},
    "element_type": "BF16"}


class Kills:
    """One kind of command that is killed again and again."""

    def __init__(self, bench, name):
        self.bench, self.name = bench, name
        self.problems, self.kills, self.finished = [], 0, 0
        self.temporary = bench.folder("tmp")

    def problem(self, text):
        self.problems.append(f"{self.name}: after {self.kills} kills: {text}")

    def strike(self, words, most, look=lambda: None):
        """Starts a command and kills it within `most` seconds; returns its exit code, None where it was killed."""
        process = self.bench.start(
            *words, env=self.bench.environment(TMPDIR=str(self.temporary)), stdout=subprocess.DEVNULL)
        try:
            process.wait(random.uniform(0, most))
        except subprocess.TimeoutExpired:
            look()
            process.kill()
            self.kills += 1
        errors = process.communicate()[1].decode(errors="replace")
        code = process.returncode
        if code in support.TRAPS:
            self.problem(f"exit code {code}: {errors[-300:]}")
        if not support.wait_until(lambda: not support.left_behind()):
            self.problem(f"processes left: {support.left_behind()}")
            for pid in support.left_behind():
                support.kill(pid)
        if not support.wait_until(lambda: not os.listdir(self.temporary)):
            self.problem(f"scratch folders left: {os.listdir(self.temporary)}")
            shutil.rmtree(self.temporary)
            self.temporary.mkdir()
        return None if code == -9 else code

    def line(self):
        return f"{self.name:10} {self.kills:4} kills, {self.finished:3} finished, {len(self.problems)} problems"


def candidate(bench, tag):
    """Odd tags are wrong where even ones are right."""
    return bench.actor("none", "--tag", tag, *(["--wrong", WRONG] if int(tag) % 2 else []))


def expected_of_tag(tag, key):
    """The verdict that a unit must have in a run of a tag; None where both tags have the same."""
    if not fnmatch.fnmatchcase(key[0], WRONG):
        return None
    return "fail" if int(tag) % 2 else "pass"


def blend(lines):
    """What in a results file is of another run than its header."""
    if not lines:
        return []
    tag = lines[0]["candidate"]["version"]
    units = support.verdicts(lines)
    found = [key for key, verdict in units.items() if expected_of_tag(tag, key) not in (None, verdict)]
    return [f"run {tag} holds {key} {units[key]}" for key in found[:3]]


def check_folder(kills, folder):
    """Every file of a folder of reports is whole and of one run; returns the results."""
    try:
        lines = support.whole_lines(folder / "results.jsonl")
    except ValueError as error:
        kills.problem(f"results.jsonl does not parse: {error}")
        return []
    for text in blend(lines):
        kills.problem(f"mixed: {text}")
    for name, parse in (("report.json", json.loads), ("badge.json", json.loads),
                        ("junit.xml", xml.etree.ElementTree.fromstring)):
        path = folder / name
        try:
            if path.exists():
                parse(path.read_text())
        except (ValueError, xml.etree.ElementTree.ParseError) as error:
            kills.problem(f"{name} is not whole: {error}")
    return lines


def conform(bench, count):
    """Runs into one folder, each of another candidate, none resumed."""
    kills, folder = Kills(bench, "conform"), bench.folder("report")
    tag, before = 0, []
    while kills.kills < count:
        tag += 1
        words = ["conform", "--report", folder, "--", *candidate(bench, tag)]
        code = kills.strike(words, 2.0)
        lines = check_folder(kills, folder)
        version = lines[0]["candidate"]["version"] if lines else None
        if version not in (str(tag), before[0]["candidate"]["version"] if before else None):
            kills.problem(f"results of run {version}, neither the old nor {tag}")
        if version != str(tag) and lines != before:
            kills.problem("the old run's results changed")
        if code is not None:
            kills.finished += 1
            if code != tag % 2 or len(support.units(lines)) != lines[0]["units"]:
                kills.problem(f"exit code {code} of run {tag}")
        before = lines
    litter = sorted(path.name for path in folder.iterdir() if path.name.endswith(".partial"))
    print(f"           {len(litter)} partial files left in the folder of reports")
    return kills


def uninterrupted(bench, tag):
    folder = bench.folder("whole")
    process = bench.start("conform", "--report", folder, "--", *candidate(bench, tag))
    process.communicate()
    return support.whole_lines(folder / "results.jsonl")


def stored(line):
    """A unit's line, its times left out."""
    return {key: value for key, value in line.items() if key != "seconds"}


def compare_runs(kills, lines, right):
    if support.verdicts(lines) != support.verdicts(right):
        kills.problem("the finished run has other verdicts than an uninterrupted one")
    if [line.get("id") for line in lines] != [line.get("id") for line in right]:
        kills.problem("the finished run has another order than an uninterrupted one")


def resume(bench, count):
    """Runs that are resumed until they are finished."""
    kills, right = Kills(bench, "resume"), uninterrupted(bench, 1)
    while kills.kills < count:
        folder = bench.folder("report")
        results, seen = folder / "results.jsonl", {}

        def look():
            seen.update(support.units(support.whole_lines(results)))
        while True:
            words = ["conform", "--report", folder, *(["--resume", results] if results.exists() else [])]
            code = kills.strike([*words, "--", *candidate(bench, 1)], 1.0, look)
            lines = check_folder(kills, folder)
            lost = [key for key in seen if key not in support.units(lines)]
            if lost:
                kills.problem(f"{len(lost)} of {len(seen)} units lost, {lost[0]} among them")
                break
            now = support.units(lines)
            changed = [key for key in seen if stored(seen[key]) != stored(now[key])]
            if changed:
                kills.problem(f"{len(changed)} units changed, {changed[0]} among them")
            seen.update(now)
            if code is not None:
                kills.finished += 1
                if code != 1:
                    kills.problem(f"exit code {code}")
                compare_runs(kills, lines, right)
                break
        shutil.rmtree(folder)
    return kills


def early(bench, count):
    """Kills in the first 200 ms of --resume, of a file that has most units."""
    kills, right = Kills(bench, "early"), uninterrupted(bench, 1)
    text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in right[:-80])
    seen = support.units(right[:-80])
    while kills.kills < count:
        folder = bench.folder("report")
        results = folder / "results.jsonl"
        results.write_text(text + '{"id":"half')
        kills.strike(["conform", "--report", folder, "--resume", results, "--", *candidate(bench, 1)], 0.2)
        now = support.units(check_folder(kills, folder))
        lost = [key for key in seen if key not in now]
        if lost:
            kills.problem(f"{len(lost)} of {len(seen)} units lost")
        shutil.rmtree(folder)
    return kills


def verify(bench, folder):
    process = bench.start("vectors", "verify", "--vectors", folder, "--digests-only", "yes")
    output = b"".join(process.communicate()).decode(errors="replace")
    # Bounds are measured, not recorded: a new folder has none, and of a published suite verify says so.
    alone = " 1 findings" in output and "bounds.json: missing" in output
    return 0 if alone else process.returncode, output


def record(bench, count):
    """Recordings, into nothing, over what a kill left, and over a whole one from which files are missing."""
    kills, right = Kills(bench, "record"), bench.folder("vectors")
    trained = bench.vectors + "/models"
    bench.start("vectors", "record", "--vectors", right, "--trained", trained).communicate()
    expected, start = support.tree(right), time.monotonic()
    bench.start("vectors", "record", "--vectors", bench.folder("vectors"), "--trained", trained).communicate()
    most = 1.1 * (time.monotonic() - start)
    folder, rounds = bench.folder("vectors"), 0
    while kills.kills < count:
        code = kills.strike(["vectors", "record", "--vectors", folder, "--trained", trained], most)
        found, output = verify(bench, folder)
        names = set(support.tree(folder))
        if code not in (None, 0):
            kills.problem(f"record returns {code}")
        if found == 0 and support.tree(folder) != expected:
            kills.problem("verified as whole, and other bytes")
        if found not in (0, 4) and names:
            kills.problem(f"verify returns {found}: {output[-200:]}")
        if found == 4 and code == 0:
            kills.problem(f"recorded to the end and not whole: {output[:200]}")
        rounds += 1
        if code == 0 or rounds % 10 == 0:
            bench.start("vectors", "record", "--vectors", folder, "--trained", trained).communicate()
            kills.finished += 1
            if support.tree(folder) != expected:
                kills.problem("recorded again, and other bytes than an uninterrupted recording")
            shutil.rmtree(folder)
            folder = bench.folder("vectors")
            if rounds % 3 == 0:
                shutil.copytree(right, folder, dirs_exist_ok=True)
                for path in random.sample(sorted(folder.rglob("*.safetensors")), 200):
                    path.unlink()
    return kills


def recipe(bench, **training):
    path = bench.folder("recipe") / "recipe.json"
    path.write_text(json.dumps({**RECIPE, "training": {**RECIPE["training"], **training}}))
    return path


def until_done(bench, kills, count, words_for, folders, most):
    """Kills a command that goes on where it was, and compares what it has made when it is done."""
    whole = [bench.folder("whole") for _ in folders]
    process = bench.start(*words_for(whole))
    process.communicate()
    expected = [support.tree(folder) for folder in whole]
    if process.returncode != 0:
        kills.problem(f"uninterrupted: exit code {process.returncode}")
    while kills.kills < count:
        these = [bench.folder("part") for _ in folders]
        while True:
            code = kills.strike(words_for(these), most)
            if code not in (None, 0):
                kills.problem(f"exit code {code}")
                break
            if code == 0:
                kills.finished += 1
                for name, folder, right in zip(folders, these, expected):
                    made = support.tree(folder)
                    if made != right:
                        names = [path for path in {*made, *right} if made.get(path) != right.get(path)]
                        kills.problem(f"{name}: other than of an uninterrupted command: {sorted(names)[:4]}")
                break
        for folder in these:
            shutil.rmtree(folder)
    return kills


def train(bench, count):
    path = recipe(bench, steps=600, checkpoint_every=3)

    def words(folders):
        return ["train", "--recipe", path, "--out", folders[0], "--resume", "yes", "--threads", "1"]
    return until_done(bench, Kills(bench, "train"), count, words, ["out"], 0.4)


def sweep(bench, count):
    path = recipe(bench, steps=30)

    def words(folders):
        return ["sweep", "--recipe", path, "--results", folders[0], "--work", folders[1], "--chunks", "4",
                "--threads", "1"]
    return until_done(bench, Kills(bench, "sweep"), count, words, ["results", "work"], 0.6)


def pairs(bench, count):
    """Two runs in one folder of reports at random offsets."""
    kills, refused = Kills(bench, "pairs"), 0
    for number in range(count):
        folder = bench.folder("report")
        runs, ended = [], []
        for tag in (1, 2):
            runs.append(bench.start("conform", "--report", folder, "--", *candidate(bench, tag)))
            time.sleep(random.uniform(0, 0.8) if tag == 1 else 0)
        overlapped = runs[0].poll() is None
        outputs = [run.communicate()[1].decode(errors="replace") for run in runs]
        codes = [run.returncode for run in runs]
        lines = check_folder(kills, folder)
        refused += 2 in codes
        right = [[1, 2], [2, 0]] if overlapped else [[1, 0]]
        if codes not in right:
            kills.problem(f"pair {number}: exit codes {codes}, overlapping: {overlapped}; {outputs}")
        if 2 in codes and len(outputs[codes.index(2)].strip().splitlines()) != 1:
            kills.problem(f"pair {number}: {outputs}")
        winner = 2 if codes[0] == 2 or not overlapped else 1
        if not lines or lines[0]["candidate"]["version"] != str(winner):
            kills.problem(f"pair {number}: results of another run than {winner}")
        shutil.rmtree(folder)
    kills.finished = count
    print(f"           {refused} of {count} pairs had one refused")
    return kills


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    support.arguments(parser)
    parser.add_argument("--count", type=int, default=100, help="kills of each kind")
    parser.add_argument("--seed", type=int, default=None, help="of the random moments, otherwise another each time")
    parts = {"conform": conform, "resume": resume, "early": early, "record": record, "train": train, "sweep": sweep,
             "pairs": pairs}
    parser.add_argument("--only", nargs="*", choices=list(parts), default=list(parts))
    options = parser.parse_args()
    random.seed(options.seed)
    bench, problems = support.Bench(options.loma, options.vectors), []
    fixed = {"early": min(60, options.count), "pairs": min(20, options.count)}
    try:
        for name in options.only:
            kills = parts[name](bench, fixed.get(name, options.count))
            print(kills.line(), flush=True)
            for problem in kills.problems:
                print(f"PROBLEM {problem}", flush=True)
            problems += kills.problems
    finally:
        bench.close()
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
