"""What a check of random trials counts: how often each clause was tried, and the worst difference."""

import collections

import numpy as np

LIMIT = 1e-12  # of a difference, relative to the largest number


class Tally:
    """A condition that does not hold raises AssertionError."""

    def __init__(self):
        self.count, self.worst = collections.Counter(), collections.Counter()

    def holds(self, clause, condition, *what):
        self.count[clause] += 1
        assert condition, f"{clause}: {what}"

    def near(self, clause, got, expected, limit=LIMIT):
        got, expected = np.asarray(got), np.asarray(expected)
        self.holds(clause, got.shape == expected.shape, got.shape, expected.shape)
        if expected.size:
            error = np.abs(got - expected).max() / (np.abs(expected).max() or 1.0)
            self.holds(clause, error <= limit, error)
            self.worst[clause] = max(self.worst[clause], error)

    def report(self):
        """A line per clause."""
        for clause, count in sorted(self.count.items()):
            worst = f", {self.worst[clause]:.1e} of {LIMIT:.0e}" if clause in self.worst else ""
            print(f"{clause}: {count}{worst}")
