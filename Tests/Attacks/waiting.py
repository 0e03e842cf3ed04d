#!/usr/bin/env python3
"""Waiting costs the runner nothing, and it waits for nobody.

  python3 Tests/Attacks/waiting.py [--loma PROGRAM] [--idle N]

First the processor time of the runner itself, its children left out, while a candidate sleeps 10 s in a question:
with some 700 idle processes on the machine and one job it may be 0.3 s more than without the sleep, with eight jobs
that all sleep less than 1 s. Then candidates that cannot be waited for, at a tenth of the deadlines: stopped, alone
or with its group; traced by a process that is no descendant of the runner, so that nobody can reap it, at a question,
at its own end and at `stop`; a FIFO in place of the answer, with and without a writer; grandchildren that hold the
pipes. Every run must end within its deadlines, with the right verdict. Plain Python 3, Linux.
"""

import argparse
import ctypes
import json
import os
import signal
import subprocess
import sys
import time

import support

CASE, FILTER = "structure.metrics.all-wrong", "structure.metrics*"
SLEEP = 10.0
PTRACE_SEIZE = 0x4206


def processor_time(pid):
    """User and system time of a process in seconds, its children left out; also of one that waits to be reaped."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cost(bench, *words):
    """The processor time of a whole run, its wall time and its exit code."""
    process, start = bench.start(*words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL), time.monotonic()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    used, wall = processor_time(process.pid), time.monotonic() - start
    return used, wall, process.wait()


def check_cost(bench, idle):
    problems = []
    sleepers = [subprocess.Popen(["sleep", "600"]) for _ in range(idle)]
    try:
        for jobs, pattern, on, most in ((1, FILTER, CASE, 0.3), (8, "structure.*", "*", 1.0)):
            words = ["conform", "--jobs", str(jobs), "--only", pattern, "--"]
            plain = cost(bench, *words, *bench.actor())
            slow = cost(bench, *words, *bench.actor("sleeps-once", "--on", on, "--argument", SLEEP))
            more = slow[0] - plain[0]
            print(f"{idle} idle processes, {jobs} jobs: {plain[0]:.2f} s without, {slow[0]:.2f} s with {slow[1]:.1f} s "
                  f"of waiting, {more:.2f} s more")
            if more >= most:
                problems.append(f"waiting with {jobs} jobs costs {more:.2f} s, at most {most} s are right")
            if slow[1] < SLEEP or slow[2] != 0 or plain[2] != 0:
                problems.append(f"{jobs} jobs: exit codes {plain[2]}, {slow[2]} after {slow[1]:.1f} s")
    finally:
        for sleeper in sleepers:
            sleeper.kill()
            sleeper.wait()
    return problems


def trace(path, seconds):
    """Seizes the process whose number appears in a file, and holds it; its death is then nobody else's to take."""
    deadline = time.monotonic() + 30
    while not (os.path.exists(path) and os.path.getsize(path)):
        if time.monotonic() > deadline:
            os._exit(1)
        time.sleep(0.01)
    with open(path, encoding="ascii") as file:
        leader = int(file.read())
    if ctypes.CDLL(None, use_errno=True).ptrace(PTRACE_SEIZE, leader, 0, 0) != 0:
        os._exit(2)
    os.rename(path, path + ".traced")
    time.sleep(seconds)
    os._exit(0)


# Kind: the verdict at its case, the most seconds of the whole run, whether the leader is traced, what `why` must hold.
WAITS = {
    "stops": ("timeout", 9, False, "no reply"),
    "stops-group": ("timeout", 9, False, "no reply"),
    "stops-again": ("timeout", 9, False, "no reply"),
    "traced-hangs": ("timeout", 20, True, "could not be reaped"),
    "traced-exits": ("protocol-error", 20, True, "could not be reaped"),
    "traced-answers": ("pass", 20, True, ""),
    "fifo": ("invalid-output", 5, False, "not a regular file"),
    "fifo-writer": ("invalid-output", 5, False, "not a regular file"),
    "fifo-reader-writer": ("invalid-output", 5, False, "not a regular file"),
    "grandchild-pipes": ("crash", 9, False, ""),
    "grandchild-session-pipes": ("crash", 9, False, ""),
    "grandchild-at-stop": ("pass", 9, False, ""),
    "many-hold-pipes": ("crash", 9, False, ""),
    "full-input": ("timeout", 9, False, "no reply"),
}


def check_wait(bench, kind):
    verdict, most, traced, word = WAITS[kind]
    folder = bench.folder("report")
    path = str(bench.folder("trace") / "pid")
    tracer = os.fork() if traced else None
    if tracer == 0:
        trace(path, 40)
    words = bench.actor(kind, "--on", CASE, "--argument", path)
    start = time.monotonic()
    process = bench.start("conform", "--timeout-factor", "0.1", "--jobs", "1", "--only", FILTER, "--report", folder,
                          "--", *words)
    problems = []
    try:
        output, errors = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        output, errors = process.communicate()
        problems.append("the run did not end within 60 s")
    seconds = time.monotonic() - start
    if tracer:
        support.kill(tracer, signal.SIGKILL)
        os.waitpid(tracer, 0)
        if not os.path.exists(path + ".traced"):
            problems.append("the candidate was not traced: nothing is shown")
    found = support.units(support.whole_lines(folder / "results.jsonl"))
    line = found.pop((CASE, "i64"), {"verdict": "nothing", "why": ""})
    others = {json.dumps(other["verdict"]) for other in found.values()} - {'"pass"'}
    if line["verdict"] != verdict or word not in line["why"]:
        problems.append(f"{line['verdict']} ({line['why'][:100]}), right is {verdict} with '{word}'")
    if seconds > most or others or process.returncode != (verdict != "pass"):
        problems.append(f"{seconds:.1f} of {most} s, exit code {process.returncode}, the others: {others or 'pass'}; "
                        f"{(output + errors)[-200:]}")
    if not support.wait_until(lambda: not support.left_behind()):
        problems.append(f"processes left: {support.left_behind()}")
    print(f"{kind:26} {line['verdict']:15} {seconds:5.1f} s {line['why'][:70]}", flush=True)
    return [f"{kind}: {problem}" for problem in problems]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    support.arguments(parser)
    parser.add_argument("--idle", type=int, default=700, help="idle processes beside the run")
    parser.add_argument("--only", nargs="*", choices=["cost", *WAITS], default=["cost", *WAITS])
    options = parser.parse_args()
    bench, problems = support.Bench(options.loma, options.vectors), []
    try:
        if "cost" in options.only:
            problems += check_cost(bench, options.idle)
        for kind in WAITS:
            if kind in options.only:
                problems += check_wait(bench, kind)
    finally:
        bench.close()
    for problem in problems:
        print(f"PROBLEM {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
