#!/usr/bin/env python3
"""The candidate on PyTorch with a mistake of wrong_latent.py, as a candidate.

    loma conform --vectors Vectors/peers -- python3 Tests/Candidates/latent/run_latent.py L05
    python3 Tests/Candidates/latent/run_latent.py          every change is applied and compiled, none is run
"""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "port")]

import change
import wrong_latent


def compiled(identifier):
    return change.compiled([wrong_latent.MISTAKES[identifier]], HERE, wrong_latent.FILES)


def main(arguments):
    if arguments:
        (identifier,) = arguments
        change.load(compiled(identifier), sys.modules).main(f"latent-torch:{identifier}")
        return
    for identifier in wrong_latent.MISTAKES:
        compiled(identifier)
    print(f"{len(wrong_latent.MISTAKES)} mistakes apply")


if __name__ == "__main__":
    main(sys.argv[1:])
