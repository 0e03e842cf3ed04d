"""What a check of random trials counts: how often each clause was tried, and the worst difference; and the codes of a
list of the Spec."""

import collections
import pathlib
import random
import re
import tempfile

import numpy as np

LIMIT = 1e-12  # of a difference, relative to the largest number


class Tally:
    """A condition that does not hold raises AssertionError."""

    def __init__(self):
        self.count, self.worst, self.limit = collections.Counter(), {}, {}

    def holds(self, clause, condition, *what):
        self.count[clause] += 1
        assert condition, f"{clause}: {what}"

    def near(self, clause, got, expected, limit=LIMIT):
        got, expected = np.asarray(got), np.asarray(expected)
        self.holds(clause, got.shape == expected.shape, got.shape, expected.shape)
        if expected.size:
            error = np.abs(got - expected).max() / (np.abs(expected).max() or 1.0)
            self.holds(clause, error <= limit, error)
            self.worst[clause] = max(self.worst.get(clause, 0), error)
            self.limit[clause] = max(self.limit.get(clause, 0), limit)

    def report(self):
        """A line per clause."""
        for clause, count in sorted(self.count.items()):
            worst = f", {self.worst[clause]:.1e} of {self.limit[clause]:.0e}" if clause in self.worst else ""
            print(f"{clause}: {count}{worst}")


def conclude(seed, trials):
    """The exit code of a check: `trials` takes a random generator, an empty folder and a tally."""
    tally = Tally()
    try:
        with tempfile.TemporaryDirectory() as name:
            trials(random.Random(seed), pathlib.Path(name), tally)
    except AssertionError as problem:
        print(f"PROBLEM seed {seed}: {problem}")
        return 1
    tally.report()
    return 0


def listed_codes(text, heading):
    """The codes of one table of a list of rejections, in its order."""
    section = text.split(heading + "\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE)
