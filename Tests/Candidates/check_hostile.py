#!/usr/bin/env python3
"""`loma conform` against every kind of hostile.py: the verdict, and that nothing is left behind.

  python3 Tests/Candidates/check_hostile.py [--loma PROGRAM] [--full yes]

For every kind: the right verdict at its case and `pass` at all others, the exit code, the runner's peak memory below
200 MB, its descriptors bounded, and no process left. Then 2,000 cases and more with a candidate that dies again and
again; one that dies at every case of a level, and is asked of the others; and one that hangs at every case, with --full
yes at the real deadlines: the run must end within five minutes. Plain Python 3, Linux.
"""

import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

import hostile

ROOT = pathlib.Path(__file__).resolve().parents[2]
MARK = f"LOMA_HOSTILE_CHECK={os.getpid()}"  # inherited by everything that is started here, and by nothing else
MEMORY = 200 << 20
DESCRIPTORS = 40


def left_behind():
    """Processes that were started by a runner and live on."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                environment = (entry / "environ").read_bytes().split(b"\0")
                if int(entry.name) != os.getpid() and MARK.encode() in environment:
                    found.append(int(entry.name))
            except OSError:
                pass
    return found


class Run:
    """One run of the command, watched."""

    def __init__(self, loma, vectors, kind, *options, on=None):
        self.memory = self.descriptors = 0
        with tempfile.TemporaryDirectory() as folder:
            candidate = [sys.executable, str(ROOT / "Tests/Candidates/hostile.py"), kind, "--vectors", str(vectors)]
            if on:
                candidate += ["--on", on]
            command = [str(loma), "conform", "--vectors", str(vectors), "--report", folder, *options, "--", *candidate]
            start = time.monotonic()
            environment = os.environ | dict([MARK.split("=")])
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
            while True:
                self.look(process.pid)
                try:
                    self.output, _ = process.communicate(timeout=0.03)
                    break
                except subprocess.TimeoutExpired:
                    pass
            self.seconds = time.monotonic() - start
            self.exit = process.returncode
            results = pathlib.Path(folder) / "results.jsonl"
            lines = results.read_text().splitlines()[1:-1] if results.exists() else []
        self.results = [json.loads(line) for line in lines]
        self.left = left_behind()

    def look(self, pid):
        try:
            self.descriptors = max(self.descriptors, len(os.listdir(f"/proc/{pid}/fd")))
            for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    self.memory = max(self.memory, int(line.split()[1]) << 10)
        except OSError:
            pass

    def problems(self):
        found = []
        if self.memory > MEMORY:
            found.append(f"{self.memory >> 20} MiB resident")
        if self.descriptors > DESCRIPTORS:
            found.append(f"{self.descriptors} descriptors")
        if self.left:
            found.append(f"processes left: {self.left}")
        return found


def check_kind(loma, vectors, kind, case, verdict):
    options = ["--timeout-factor", "0.1", "--memory-limit", "0.25", "--only", case.rsplit(".", 1)[0] + "*"]
    run = Run(loma, vectors, kind, *options)
    problems = run.problems()
    found = [r for r in run.results if r["id"] == case]
    if [r["verdict"] for r in found] != [verdict]:
        problems.append(f"{[(r['verdict'], r['why']) for r in found]}, right is {verdict}; {run.output[-300:]}")
    others = [(r["id"], r["verdict"], r["why"]) for r in run.results if r["id"] != case and r["verdict"] != "pass"]
    if others or len(run.results) < 2:
        problems.append(f"the others: {others[:3]} of {len(run.results)}")
    if run.exit != (0 if verdict == "pass" else 1):
        problems.append(f"exit code {run.exit}")
    print(f"{kind:20} {verdict:16} {run.seconds:5.1f} s {run.memory >> 20:4} MiB {run.descriptors:3} descriptors")
    return [f"{kind}: {problem}" for problem in problems]


def check_starts(loma, vectors):
    problems = []
    for kind in hostile.STARTS:
        run = Run(loma, vectors, kind, "--timeout-factor", "0.02")
        problems += [f"{kind}: {problem}" for problem in run.problems()]
        if run.exit != 3:
            problems.append(f"{kind}: exit code {run.exit}, right is 3")
        print(f"{kind:20} exit code {run.exit}    {run.seconds:5.1f} s")
    return problems


def check_scratch(loma, vectors):
    """A scratch folder that is gone, or holds the names of later files, costs one unit."""
    problems = []
    for kind, (_, case) in hostile.SCRATCH.items():
        run = Run(loma, vectors, kind, "--jobs", "1", "--timeout-factor", "0.1", "--only", case.rsplit(".", 1)[0] + "*")
        problems += [f"{kind}: {problem}" for problem in run.problems()]
        verdicts = [result["verdict"] for result in run.results]
        place = [result["id"] for result in run.results].index(case)
        # The candidate works at its folder while the runner goes on: the answer of the case itself may be gone before it
        # is read, and the next input may be written before the folder goes, so that the candidate itself falls over it.
        if verdicts[:place] != ["pass"] * place or verdicts[place] not in ("pass", "invalid-output") \
                or verdicts[place + 1] not in ("protocol-error", "crash") \
                or set(verdicts[place + 2:]) != {"pass"} or run.exit != 1:
            problems.append(f"{kind}: {verdicts}, exit code {run.exit}")
        print(f"{kind:20} {verdicts[place + 1]} at the next unit, exit code {run.exit}")
    return problems


def check_killed(loma, vectors):
    """A runner that is killed leaves no hanging candidate and no folder."""
    with tempfile.TemporaryDirectory() as folder:
        candidate = [sys.executable, str(ROOT / "Tests/Candidates/hostile.py"), "hangs", "--vectors", str(vectors),
                     "--on", "every"]
        process = subprocess.Popen(
            [str(loma), "conform", "--vectors", str(vectors), "--", *candidate], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env=os.environ | dict([MARK.split("="), ("TMPDIR", folder)]))
        time.sleep(2)
        process.kill()
        process.wait()
        deadline = time.monotonic() + 5
        while (left_behind() or os.listdir(folder)) and time.monotonic() < deadline:
            time.sleep(0.05)
        left = (left_behind(), os.listdir(folder))
    print(f"killed: {left[0]} and {left[1]} left")
    return [f"killed: {left} left"] if any(left) else []


def check_signals(loma, vectors):
    """SIGINT, SIGTERM and SIGHUP end a run within 3 s, with its footer and no process left."""
    problems = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        with tempfile.TemporaryDirectory() as folder:
            candidate = [sys.executable, str(ROOT / "Tests/Candidates/hostile.py"), "ignores-term", "--vectors",
                         str(vectors), "--on", "every"]
            process = subprocess.Popen(
                [str(loma), "conform", "--vectors", str(vectors), "--report", folder, "--", *candidate],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | dict([MARK.split("=")]),
                # Under nohup it is ignored from the beginning, and stays so (RUN-13).
                preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL))
            time.sleep(2)
            start = time.monotonic()
            process.send_signal(number)
            code = process.wait()
            seconds = time.monotonic() - start
            footer = json.loads((pathlib.Path(folder) / "results.jsonl").read_text().splitlines()[-1])
        if code != 130 or seconds > 3 or not footer.get("interrupted") or left_behind():
            problems.append(f"{number.name}: exit code {code} after {seconds:.1f} s, {footer}, left {left_behind()}")
        print(f"{number.name}: exit code {code} after {seconds:.1f} s")
    return problems


def check_many(loma, vectors):
    """2,000 cases, with a death now and then."""
    problems, units, deaths = [], 0, 0
    while units < 2000:
        run = Run(loma, vectors, "crashes", "--jobs", "2", on="structure.layout.c2-t1-batch")
        units += len(run.results)
        deaths += sum(r["verdict"] == "crash" for r in run.results)
        problems += run.problems()
        wrong = [r for r in run.results if r["verdict"] not in ("pass", "unsupported", "crash")]
        if wrong:
            problems.append(f"{wrong[0]['id']} {wrong[0]['verdict']} {wrong[0]['why']}")
            break
    if not deaths:
        problems.append("nothing died")
    print(f"{units} units, {deaths} deaths: {run.memory >> 20} MiB, {run.descriptors} descriptors")
    return problems


def check_one_level(loma, vectors, on, left):
    """A candidate that dies at every case of one level is asked of all others."""
    problems = []
    for jobs in ("1", "2"):
        run = Run(loma, vectors, "crashes", "--jobs", jobs, on=on)
        problems += run.problems()
        verdicts = {}
        for result in run.results:
            verdicts.setdefault(result["level"], []).append(result["verdict"])
        dead = verdicts.pop(on.removesuffix(".*"))
        crashes = dead.count("crash")
        if set(dead) != {"crash", "not-run"} or not 3 <= crashes <= 3 * int(jobs) or run.exit != 1:
            problems.append(f"{jobs} jobs: {dead[:8]}, exit code {run.exit}")
        if len(verdicts) != left or any(set(level) - {"pass", "unsupported"} for level in verdicts.values()):
            problems.append(f"{jobs} jobs: the others: { {name: set(level) for name, level in verdicts.items()} }")
    print(f"dies at {on}: {crashes} crashes, {dead.count('not-run')} not run, {left} levels go on")
    return problems


def check_always_hanging(loma, vectors, factor):
    run = Run(loma, vectors, "hangs", "--timeout-factor", factor, "--jobs", "1", on="every")
    levels = {}
    for result in run.results:
        levels.setdefault(result["level"], []).append(result["verdict"])
    problems, verdicts = run.problems(), list(levels.values())
    # RUN-11: three of each of three levels, and then nothing.
    right = [["timeout"] * 3 + ["not-run"] * (len(level) - 3) for level in verdicts[:3]]
    right += [["not-run"] * len(level) for level in verdicts[3:]]
    if verdicts != right or len(verdicts) < 5 or run.exit != 1 or run.seconds > 300:
        problems.append(f"{[level[:5] for level in verdicts]}, exit code {run.exit}, {run.seconds:.0f} s")
    print(f"hangs at every case: {len(run.results)} units in {run.seconds:.0f} s at {factor} of the deadlines")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loma", type=pathlib.Path, default=ROOT / ".build/release/loma", metavar="PROGRAM")
    parser.add_argument("--vectors", type=pathlib.Path, default=ROOT / "Vectors", metavar="DIR")
    parser.add_argument("--kinds", nargs="*", default=list(hostile.KINDS), help="only these")
    parser.add_argument("--full", choices=["yes", "no"], default="no", help="the real deadlines for the hanging one")
    options = parser.parse_args()
    problems = []
    for kind in options.kinds:
        _, case, verdict = hostile.KINDS[kind]
        problems += check_kind(options.loma, options.vectors, kind, case, verdict)
    problems += check_starts(options.loma, options.vectors)
    problems += check_scratch(options.loma, options.vectors)
    problems += check_killed(options.loma, options.vectors)
    problems += check_signals(options.loma, options.vectors)
    problems += check_many(options.loma, options.vectors)
    problems += check_one_level(options.loma, options.vectors, "model.*", left=6)
    problems += check_always_hanging(options.loma, options.vectors, "1" if options.full == "yes" else "0.03")
    for problem in problems:
        print(f"PROBLEM {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
