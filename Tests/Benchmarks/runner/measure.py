#!/usr/bin/env python3
"""What the runner itself costs a case, beside what starting /bin/true costs.

  python3 Tests/Benchmarks/runner/measure.py [--loma PROGRAM] [--runs N]

The candidate is memory.py, which answers from memory and measures what passes between its replies and the next question:
writing inputs, reading and judging answers, writing results, and the pipe. A property, whose answers are not recorded,
ends with its first question. Plain Python 3.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]


def run(loma, vectors):
    """The milliseconds before every question."""
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder) / "log"
        command = [str(loma), "conform", "--vectors", str(vectors), "--report", folder, "--", sys.executable,
                   str(pathlib.Path(__file__).with_name("memory.py")), str(vectors), str(log)]
        finished = subprocess.run(command, capture_output=True, text=True)
        assert finished.returncode == 0, finished.stdout[-2000:] + finished.stderr
        return [float(line.split()[2]) for line in log.read_text().splitlines()]


def spawn():
    start = time.perf_counter()
    os.waitpid(os.posix_spawn("/bin/true", ["true"], os.environ), 0)
    return 1000 * (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loma", type=pathlib.Path, default=ROOT / ".build/release/loma", metavar="PROGRAM")
    parser.add_argument("--vectors", type=pathlib.Path, default=ROOT / "Vectors", metavar="DIR")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    own, spawned = [], []
    for _ in range(options.runs):
        found = run(options.loma, options.vectors)
        own += found
        # One spawn a case, in the same minute.
        spawned += [spawn() for _ in found]
    for name, values in (("the runner's own, a case", own), ("posix_spawn of /bin/true", spawned)):
        values = sorted(values)
        print(f"{name:28} median {statistics.median(values):.3f} ms, mean {statistics.mean(values):.3f} ms, "
              f"95 % below {values[int(0.95 * len(values))]:.3f} ms ({len(values)} values)")


if __name__ == "__main__":
    main()
