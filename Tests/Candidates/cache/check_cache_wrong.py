#!/usr/bin/env python3
"""Is every wrong port of wrong_cache.py refused by `loma conform` on part II, and is its mistake named?

    VENV/bin/python Tests/Candidates/cache/check_cache_wrong.py --loma PATH [--json FILE] [--jobs N] [ID…]

Each is run in float32 on Vectors/peers as a candidate; see wrong_ports.py. Exits with 1 if one is not caught or
something else is named, or if less than nine of ten are named.
"""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "port")]

import wrong_cache
import wrong_ports

if __name__ == "__main__":
    sys.exit(wrong_ports.main(__doc__, HERE / "run_cache.py", wrong_cache.MISTAKES, {}))
