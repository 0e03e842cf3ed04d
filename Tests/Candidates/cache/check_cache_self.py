#!/usr/bin/env python3
"""What chapter 19 says of itself, tried on random layers and models: NumPy against PyTorch, both against the clauses.

  VENV/bin/pip install -r Tests/Candidates/requirements-vectors.txt
  VENV/bin/python Tests/Candidates/cache/check_cache_self.py [--layers 60] [--models 12] [--seed 1]

Neutral parameters give full attention, what is chosen is chosen by the order of BAS-3, bits are counted, DMC in its
parallel form is DMC token by token, and rows fed at once are rows fed one by one. Full attention is that of the checks
of chapter 8. Every command that the chapter shows is computed. Each line names a clause, how often it was tried, and
the largest difference relative to the largest number. Exits with 1 at the first thing that does not hold.
"""

import argparse
import sys

import torch

import cache_protocol  # noqa: F401  first: it makes the modules of the folder above known
import cache_commands
import cache_identities
import cache_models
import cache_requests
from tally import conclude


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, default=60, metavar="N", help="random layers")
    parser.add_argument("--models", type=int, default=12, metavar="N", help="random models")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(1)

    def trials(draw, folder, tally):
        cache_commands.check_commands(tally)
        cache_identities.check_order(tally)
        for _ in range(options.layers):
            for check in cache_identities.ALL:
                check(draw, tally)
        for _ in range(options.models):
            cache_models.check_neutral(draw, folder, tally)
            cache_models.check_methods(draw, folder, tally)
        cache_models.check_sharing(tally)
        cache_requests.check_list(tally)
        cache_requests.check_rejections(draw, folder, tally)

    return conclude(options.seed, trials)


if __name__ == "__main__":
    sys.exit(main())
