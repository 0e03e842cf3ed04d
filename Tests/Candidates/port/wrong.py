"""Wrong variants of the port: the mistakes of a review that planted some ninety in another port, made again by hand.

An id is the row of the review's table. A mistake whose `names` are empty equals no mutant of the catalogue that was
known when it was written.
"""

import wrong_numbers
import wrong_rows

MISTAKES = {**wrong_rows.MISTAKES, **wrong_numbers.MISTAKES}

# Two at once.
PAIRS = ["17,13", "36,2", "31,5", "9a,14a", "1,24", "36,9a", "17,36"]


def names(identifier):
    """What is right to name, of a mistake or of either of two."""
    return [name for part in ([identifier] if identifier in MISTAKES else identifier.split(","))
            for name in MISTAKES[part].names]
