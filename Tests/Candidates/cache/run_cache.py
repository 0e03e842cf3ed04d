#!/usr/bin/env python3
"""The candidate on NumPy with a mistake of wrong_cache.py, as a candidate.

    loma conform --vectors Vectors/peers -- python3 Tests/Candidates/cache/run_cache.py B05
    python3 Tests/Candidates/cache/run_cache.py          every change is applied and compiled, none is run
"""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "port")]

import change
import wrong_cache


def compiled(identifier):
    return change.compiled([wrong_cache.MISTAKES[identifier]], HERE, wrong_cache.FILES)


def main(arguments):
    if arguments:
        (identifier,) = arguments
        change.load(compiled(identifier), sys.modules).main(f"cache-numpy:{identifier}")
        return
    for identifier in wrong_cache.MISTAKES:
        compiled(identifier)
    print(f"{len(wrong_cache.MISTAKES)} mistakes apply")


if __name__ == "__main__":
    main(sys.argv[1:])
