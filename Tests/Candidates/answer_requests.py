#!/usr/bin/env python3
"""Answers a folder of requests with a protocol candidate, on a machine that needs neither Swift nor the vectors.

    python3 answer_requests.py DIR [--time SECONDS] -- COMMAND ARG…

DIR is what `loma requests DIR` wrote. Every line of requests.jsonl is put to the candidate, which works in DIR; its
replies go to answers.jsonl, its tensors beside them. `loma judge DIR` judges both. A candidate that ends is started
again for the next request; one that ends or is silent on a request leaves it without an answer. COMMAND is resolved as
`loma conform` resolves it, from the folder in which this script was started (RUN-1). A request may take 30 seconds; one
about a model of one's own as many as own.json says, and the first after a start three times as many, since a port then
loads the model or compiles. --time sets another number for every request.
"""
import json
import os
import shutil
import subprocess
import sys
import threading

TIME = 30  # seconds a request may take, unless others are given
FIRST = 3  # how many times as long the first request about a model may take


def times(folder):
    """The seconds that a request may take, and the first one after a start."""
    try:
        with open(f"{folder}/own.json", encoding="utf-8") as file:
            seconds = json.load(file).get("seconds")
    except FileNotFoundError:
        seconds = None
    return (seconds, FIRST * seconds) if seconds else (TIME, TIME)


def resolved(command):
    """The command with absolute paths: a name with a slash, one found in PATH, and arguments that name a file here."""
    name, *arguments = command
    found = name if "/" in name else shutil.which(name)
    if found is None:
        sys.exit(f"{name} is not in PATH")
    return [os.path.abspath(found)] + [
        os.path.abspath(word) if not word.startswith("-") and os.path.isfile(word) else word for word in arguments]


def start(command, folder):
    """A running candidate."""
    surroundings = {**os.environ, "LOMA_START_FOLDER": os.getcwd()}
    return subprocess.Popen(command, cwd=folder, env=surroundings, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def ask(candidate, line, time):
    """The reply line to a request, or None; what is not a reply is noise."""
    timer = threading.Timer(time, candidate.kill)
    timer.start()
    try:
        candidate.stdin.write(line + b"\n")
        candidate.stdin.flush()
        for reply in candidate.stdout:
            if reply.startswith(b'{"loma":1') and reply.endswith(b"\n"):
                return reply
    except OSError:  # It has ended.
        pass
    finally:
        timer.cancel()
    return None


def main():
    if "--" not in sys.argv:
        sys.exit(__doc__)
    place = sys.argv.index("--")
    (folder, *given), command = sys.argv[1:place] or [""], sys.argv[place + 1:]
    if not folder or not command or given[:1] not in ([], ["--time"]) or len(given) not in (0, 2):
        sys.exit(__doc__)
    time, first = (float(given[1]),) * 2 if given else times(folder)
    command = resolved(command)
    with open(f"{folder}/requests.jsonl", "rb") as file:
        hello, *requests = file.read().splitlines()
    answered = 0
    with open(f"{folder}/answers.jsonl", "wb") as answers:
        candidate = start(command, folder)
        answers.write(ask(candidate, hello, first) or sys.exit("the candidate does not answer hello"))
        fresh = True
        for line in requests:
            if candidate.poll() is not None:
                candidate = start(command, folder)
                ask(candidate, hello, first)
                fresh = True
            reply = ask(candidate, line, first if fresh else time)
            fresh = False
            if reply is None:
                candidate.kill()
                candidate.wait()
            else:
                answers.write(reply)
                answered += 1
    candidate.stdin.close()
    candidate.wait(TIME)
    print(f"{answered} of {len(requests)} requests answered in {folder}/answers.jsonl")


if __name__ == "__main__":
    main()
