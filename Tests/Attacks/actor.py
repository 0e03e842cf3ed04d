#!/usr/bin/env python3
"""A candidate that answers from memory and does something at one case: the kinds that attacks.py and kills.py need.

  actor.py KIND --vectors DIR [--on GLOB] [--tag WORD] [--argument WORD]

It says the recorded answers as hostile.py does; --tag is the version it declares, so that two runs can be told apart;
`--wrong GLOB` changes the first tensor of these cases. The kinds are the functions below; `none` does nothing.
"""

import argparse
import fnmatch
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Candidates"))
import hostile  # noqa: E402

import acts  # noqa: E402


def wrong(candidate, request):
    """The right answer with the first byte of its first tensor changed."""
    change = hostile.first_changed(candidate.tensors(request), lambda d, s, b: (d, s, bytes([b[0] ^ 1]) + b[1:]))
    candidate.write(request, change)
    candidate.reply(request, ok={})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["none", *acts.ACTS, *acts.HELLOS, *acts.STARTS])
    parser.add_argument("--vectors", required=True)
    parser.add_argument("--on", default="")
    parser.add_argument("--wrong", default="")
    parser.add_argument("--tag", default="1")
    parser.add_argument("--argument", default="")
    options = parser.parse_args()
    sys.stdout.reconfigure(errors="surrogateescape")
    candidate = hostile.Candidate(options.vectors)
    candidate.argument = options.argument
    if options.kind in acts.STARTS:
        acts.STARTS[options.kind](candidate)
    for line in sys.stdin:
        request = json.loads(line)
        case = request.get("case", "")
        if request["cmd"] == "hello":
            hello = {**hostile.HELLO, "name": "actor", "version": options.tag}
            acts.HELLOS.get(options.kind, acts.hello)(candidate, request, hello)
        elif request["cmd"] == "stop":
            return
        elif options.on and fnmatch.fnmatchcase(case, options.on) and options.kind in acts.ACTS:
            acts.ACTS[options.kind](candidate, request)
        elif options.wrong and fnmatch.fnmatchcase(case, options.wrong) and "expected" in candidate.cases[case]:
            wrong(candidate, request)
        else:
            candidate.answer(request)


if __name__ == "__main__":
    main()
