"""The run over recorded cases that the checks of both parts share: what is covered, what differs, and by how much."""

import argparse
import pathlib
import time

from vector_case import Problem, require
from vector_comparison import LIMIT


def options(description, vectors):
    """--vectors and --list."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vectors", type=pathlib.Path, default=vectors, metavar="DIR")
    parser.add_argument("--list", action="store_true", help="a line per case: its id and its largest difference")
    return parser.parse_args()


class Run:
    """What was found so far; `texts` are those of structure.json that no case has taken yet, by id."""

    def __init__(self, texts):
        self.texts, self.began, self.problems = texts, time.monotonic(), []
        self.tallies, self.covered = {}, set()

    def cover(self, entries, check, is_listed):
        """Checks every entry; `check` takes it, the texts and its level's tally, and returns the largest difference."""
        for entry in entries:
            empty = dict(cases=0, total=0, tensors=0, comparisons=0, units=0, worst=0.0, where="-")
            tally = self.tallies.setdefault(entry["level"], empty)
            tally["total"] += 1
            try:
                require(entry["id"] not in self.covered, "its id is not its own")
                require(entry["id"].startswith(entry["level"] + "."), "its id names another level")
                worst = check(entry, self.texts, tally)
            except Exception as problem:  # whatever a broken file leads to, the other cases are still checked
                self.problems.append(f"{entry['id']}: {problem if isinstance(problem, Problem) else repr(problem)}")
                continue
            self.covered.add(entry["id"])
            tally["cases"] += 1
            if worst > tally["worst"]:
                tally["worst"], tally["where"] = worst, entry["id"]
            if is_listed:
                print(f"{entry['id']}  {worst:.1e}", flush=True)
        self.problems += [f"{id}: in structure.json only" for id in self.texts]

    def report(self, what):
        """Prints a line per level, `what` was looked at beside the cases, and the problems; the exit status."""
        for level, tally in self.tallies.items():
            units = f", {tally['units']} units of bounds present" if tally["units"] else ""
            tensors = f", {tally['tensors']} tensors in {tally['comparisons']} comparisons" if tally["tensors"] else ""
            worst = f", largest relative difference {tally['worst']:.1e} in {tally['where']}" * (tally["worst"] > 0)
            print(f"{level}: {tally['cases']} of {tally['total']} cases{tensors}{units}{worst or ', equal'}")
        total = sum(tally["total"] for tally in self.tallies.values())
        print(f"{len(self.covered)} of {total} cases covered, {what}, limit {LIMIT:.0e}, "
              f"{time.monotonic() - self.began:.0f} s")
        for problem in self.problems:
            print(f"PROBLEM {problem}")
        return 1 if self.problems or not self.covered else 0
