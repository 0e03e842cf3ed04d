#!/usr/bin/env python3
"""What the runner itself costs a case, beside what starting /bin/true costs.

  python3 Tests/Benchmarks/runner/measure.py [--loma PROGRAM] [--runs N]

The candidate is memory.py. A unit's seconds run from its first request to its last reply; the rest of a unit, reading,
judging and writing results, is in the difference between a run of all units and a run of one. Plain Python 3.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]


def run(loma, vectors, *options):
    with tempfile.TemporaryDirectory() as folder:
        command = [str(loma), "conform", "--vectors", str(vectors), "--report", folder, *options, "--", sys.executable,
                   str(pathlib.Path(__file__).with_name("memory.py")), str(vectors)]
        start = time.perf_counter()
        finished = subprocess.run(command, capture_output=True, text=True)
        seconds = time.perf_counter() - start
        assert finished.returncode == 0, finished.stdout[-2000:] + finished.stderr
        lines = (pathlib.Path(folder) / "results.jsonl").read_text().splitlines()
    units = [json.loads(line) for line in lines[1:-1]]
    return seconds, [unit["seconds"] for unit in units if unit["verdict"] == "pass"], len(units)


def spawn():
    start = time.perf_counter()
    os.waitpid(os.posix_spawn("/bin/true", ["true"], os.environ), 0)
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loma", type=pathlib.Path, default=ROOT / ".build/release/loma", metavar="PROGRAM")
    parser.add_argument("--vectors", type=pathlib.Path, default=ROOT / "Vectors", metavar="DIR")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    passed, whole, own = [], [], []
    for _ in range(options.runs):
        one, _, _ = run(options.loma, options.vectors, "--only", "structure.metrics.exact")
        seconds, units, count = run(options.loma, options.vectors)
        passed += units
        whole.append((seconds - one) / (count - 1))
        own.append((seconds - one - sum(units)) / (count - 1))
    spawned = [spawn() for _ in range(2000)]
    for name, values in (("from request to reply", passed), ("a unit in all, mean of a run", whole),
                         ("of it the runner's own", own),
                         ("posix_spawn of /bin/true", spawned)):
        values = sorted(1000 * value for value in values)
        print(f"{name:30} median {statistics.median(values):.3f} ms, 95 % below {values[int(0.95 * len(values))]:.3f} ms"
              f" ({len(values)} values)")


if __name__ == "__main__":
    main()
