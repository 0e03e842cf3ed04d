#!/usr/bin/env python3
"""The candidate on NumPy with a mistake of wrong_ccm.py, as a candidate.

    loma conform --vectors Vectors/peers -- python3 Tests/Candidates/ccm/run_ccm.py C05
    python3 Tests/Candidates/ccm/run_ccm.py                every change is applied and compiled, none is run
"""

import pathlib
import sys

import ccm_model  # noqa: F401  first: it makes the modules of the folder above, and of its port, known
import change
import wrong_ccm

HERE = pathlib.Path(__file__).resolve().parent


def compiled(identifier):
    return change.compiled([wrong_ccm.MISTAKES[identifier]], HERE, wrong_ccm.FILES)


def main(arguments):
    if arguments:
        (identifier,) = arguments
        change.load(compiled(identifier), sys.modules).main(f"ccm-numpy:{identifier}")
        return
    for identifier in wrong_ccm.MISTAKES:
        compiled(identifier)
    print(f"{len(wrong_ccm.MISTAKES)} mistakes apply")


if __name__ == "__main__":
    main(sys.argv[1:])
