#!/usr/bin/env python3
"""The port with a change, as a candidate.

    loma conform -- python3 Tests/Candidates/port/run.py --variant reversed-sums     right, of right.py
    loma conform -- python3 Tests/Candidates/port/run.py --mistake 36,9a             wrong, of wrong.py or further.py
    loma conform -- python3 Tests/Candidates/port/run.py --mistake yarn-one          wrong, of wrong_families.py
    python3 Tests/Candidates/port/run.py                   every change is applied and compiled, none is run
"""

import sys

import change
import further
import right
import wrong
import wrong_families


def mistakes(identifier):
    """The changes of a mistake, or of two at once."""
    table = {**wrong.MISTAKES, **further.MISTAKES, **wrong_families.MISTAKES}
    return [table[identifier]] if identifier in table else [table[part] for part in identifier.split(",")]


def main(arguments):
    if arguments:
        kind, name = arguments
        changes = {"--variant": lambda: [right.VARIANTS[name]], "--mistake": lambda: mistakes(name)}[kind]()
        port = change.load(change.compiled(changes), sys.modules)
        port.HELLO["name"] += f":{name}"
        port.main()
        return
    for table in (right.VARIANTS, wrong.MISTAKES, further.MISTAKES, wrong_families.MISTAKES):
        for entry in table.values():
            change.compiled([entry])
    for pair in wrong.PAIRS:
        change.compiled(mistakes(pair))
    print(f"{len(right.VARIANTS)} right variants, {len(wrong.MISTAKES)} mistakes, {len(wrong.PAIRS)} pairs, "
          f"{len(further.MISTAKES)} further mistakes and {len(wrong_families.MISTAKES)} of other families apply")


if __name__ == "__main__":
    main(sys.argv[1:])
