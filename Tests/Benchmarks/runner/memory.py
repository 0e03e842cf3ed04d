#!/usr/bin/env python3
"""A candidate that holds every recorded answer in memory, and the clock: what passes between its reply to a question and
the next question is the runner's own time.

  memory.py VECTORS LOG

LOG gets a line per question: the case, the element type, and the milliseconds that passed since the reply before.
"""

import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Candidates"))
import hostile  # noqa: E402


def main():
    candidate = hostile.Candidate(sys.argv[1])
    answers = {}
    for name, case in candidate.cases.items():
        if "expected" in case:
            answers[name] = hostile.encode(candidate.tensors({"case": name}))
    log, replied = [], time.perf_counter()
    for line in sys.stdin:
        asked = time.perf_counter()
        request = json.loads(line)
        if request["cmd"] == "hello":
            candidate.reply(request, ok=hostile.HELLO)
        elif request["cmd"] == "stop":
            break
        else:
            log.append(f"{request['case']} {request['dtype']} {1000 * (asked - replied)}\n")
            if request["case"] in answers:
                with open(request["output"], "wb", buffering=0) as file:
                    file.write(answers[request["case"]])
                candidate.reply(request, ok={})
            else:
                candidate.answer(request)
        replied = time.perf_counter()
    pathlib.Path(sys.argv[2]).write_text("".join(log))


if __name__ == "__main__":
    main()
