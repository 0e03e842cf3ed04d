#!/usr/bin/env python3
"""A wrong port as a candidate: an entry of mistakes.py, applied to the source of its candidate, and run.

  loma conform -- python3 Tests/Candidates/mistakes/wrong.py K07
  python3 Tests/Candidates/mistakes/wrong.py            every entry is applied and compiled, none is run
"""

import pathlib
import sys
import types

from mistakes import MISTAKES

CANDIDATES = pathlib.Path(__file__).resolve().parent.parent


def patched(mistake):
    """The candidate's path and its changed source, compiled."""
    path = CANDIDATES / mistake.candidate
    source = path.read_text(encoding="utf-8")
    for old, new in mistake.changes:
        if source.count(old) != 1:
            raise SystemExit(f"{path.name}: {source.count(old)} times, not once: {old}")
        source = source.replace(old, new)
    return path, compile(source, str(path), "exec")


def run(mistake):
    path, code = patched(mistake)
    sys.path.insert(0, str(CANDIDATES))
    sys.argv = [str(path)]
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    exec(code, main.__dict__)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run(MISTAKES[sys.argv[1]])
    else:
        for entry in MISTAKES.values():
            patched(entry)
        print(f"{len(MISTAKES)} mistakes apply")
