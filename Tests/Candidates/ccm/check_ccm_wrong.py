#!/usr/bin/env python3
"""Is every wrong port of wrong_ccm.py refused by `loma conform` on part II, and is its mistake named?

    VENV/bin/python Tests/Candidates/ccm/check_ccm_wrong.py --loma PATH [--json FILE] [--jobs N] [ID…]

Each is run in float32 on Vectors/peers as a candidate; see wrong_ports.py. Exits with 1 if one is not caught or
something else is named, or if less than nine of ten are named.
"""

import pathlib
import sys

import ccm_model  # noqa: F401  first: it makes the modules of the folder above, and of its port, known
import wrong_ccm
import wrong_ports

HERE = pathlib.Path(__file__).resolve().parent
# Mistakes that are no other than deciding an axis always in one way.
PROFILES = {"C04": "recurrence=recurrent", "C11": "sink=off", "C12": "sink=on"}

if __name__ == "__main__":
    sys.exit(wrong_ports.main(__doc__, HERE / "run_ccm.py", wrong_ccm.MISTAKES, PROFILES))
