#!/usr/bin/env python3
"""Compares the elementary functions of NaiveLlama (NUM-2) bit for bit with MPFR.

    pip install -r Tests/Candidates/requirements-elementary.txt
    python3 Tests/Candidates/check_elementary.py                   10^6 points per function
    python3 Tests/Candidates/check_elementary.py --points 20000    the shorter check
    python3 Tests/Candidates/check_elementary.py --wide            the wide phases alone (NUM-2a)
    python3 Tests/Candidates/check_elementary.py --unoptimised     the same bits from a build at -Onone (NUM-4)
    python3 Tests/Candidates/check_elementary.py --times           nanoseconds per call
    python3 Tests/Candidates/check_elementary.py --table           writes the table of the Swift tests

MPFR is correctly rounded by construction; its exponent range is set to binary64's and subnormal results are rounded
once. Prints the number of misroundings per function and exits with 1 if there is one. Needs swiftc.
"""

import argparse
import array
import math
import pathlib
import random
import subprocess
import sys
import tempfile

import gmpy2

from elementary_points import FUNCTIONS, points

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = ROOT / "Tests/NaiveLlamaTests/ElementaryTable.swift"
EXACT = {"exponential": gmpy2.exp, "logarithm": gmpy2.log, "sine": gmpy2.sin, "cosine": gmpy2.cos,
         "power": lambda base, exponent: gmpy2.mpfr(base) ** gmpy2.mpfr(exponent)}


def build(folder, optimisation):
    program = pathlib.Path(folder) / "elementary-values"
    sources = sorted((ROOT / "Sources/NaiveLlama/Arithmetic").glob("*.swift"))
    subprocess.run(["swiftc", optimisation, "-wmo", "-swift-version", "6", "-parse-as-library", *map(str, sources),
                    str(ROOT / "Tests/Candidates/elementary-values.swift"), "-o", str(program)], check=True)
    return program


def ask(program, function, values):
    raw = subprocess.run([str(program), function], input=array.array("d", values).tobytes(), check=True,
                         stdout=subprocess.PIPE).stdout
    answers = array.array("d")
    answers.frombytes(raw)
    return answers


def expected(function, values):
    exact = EXACT[function]
    with gmpy2.context(gmpy2.ieee(64)):
        if function == "power":
            return [float(exact(values[i], values[i + 1])) for i in range(0, len(values), 2)]
        return [float(exact(gmpy2.mpfr(x))) for x in values]


def same(a, b):
    return (a != a and b != b) or (a == b and math.copysign(1, a) == math.copysign(1, b))


def check(program, function, phase, count, seed):
    values = points(function, count, seed)
    right = expected(function, values)
    answers = ask(program, phase + function, values)
    assert len(answers) == len(right)
    width = len(values) // len(right)
    wrong = [i for i, value in enumerate(right) if not same(value, answers[i])]
    if phase:
        # The wide phases are only ever asked about these.
        wrong = [i for i in wrong if function != "logarithm" or 0 < values[i] < math.inf]
    print(f"{phase}{function}: {len(right)} points, {len(wrong)} misrounded", flush=True)
    for i in wrong[:5]:
        argument = ", ".join(x.hex() for x in values[i * width:(i + 1) * width])
        print(f"  {argument}: {answers[i].hex()}, exactly rounded {right[i].hex()}")
    return len(wrong)


def table_rows(function, seed):
    """About 40 rows: special arguments, one of each group of hard ones, then some of every region."""
    values = points(function, 2000, seed)
    right = expected(function, values)
    width = len(values) // len(right)
    indices = [*range(14), *range(200, 2000, 60)] if width == 2 else [*range(18), *range(18, 108, 5), *range(991, 1000)]
    for i in indices:
        arguments = [*values[i * width:(i + 1) * width], 0.0][:2]
        if not math.isnan(arguments[0]):
            # One NaN for every machine, as Swift's `.nan`.
            value = math.nan if math.isnan(right[i]) else right[i]
            yield array.array("Q", array.array("d", [*arguments, value]).tobytes())


def write_table(seed):
    lines = [
        "// Correctly rounded values of the elementary functions (NUM-2), written by",
        f"// `Tests/Candidates/check_elementary.py --table` with gmpy2 {gmpy2.version()} and {gmpy2.mpfr_version()}.",
        "", "/// Rows of bit patterns: argument, second argument (of `power` alone, else 0), value.",
        "enum ElementaryTable {"]
    for function in FUNCTIONS:
        lines.append(f"  static let {function}: [(UInt64, UInt64, UInt64)] = [")
        for bits in table_rows(function, seed):
            lines.append("    (" + ", ".join(f"0x{b:016X}" for b in bits) + "),")
        lines += ["  ]", ""]
    lines[-1] = "}"
    TABLE.write_text("\n".join(lines) + "\n")


def times(program):
    generator = random.Random(1)
    spread = {"exponential": (-20, 20), "logarithm": (0.001, 1000), "sine": (-1000, 1000), "cosine": (-1000, 1000)}
    for function, (low, high) in spread.items():
        values = [generator.uniform(low, high) for _ in range(1_000_000)]
        for phase in ("", "wide-"):
            print(f"{phase}{function}: {float(run_time(program, phase + function, values)):.1f} ns")
    pairs = [x for _ in range(200_000) for x in (10000.0, -generator.random())]
    print(f"power: {float(run_time(program, 'power', pairs)):.1f} ns")
    print(f"an empty loop: {float(run_time(program, 'nothing', pairs)):.1f} ns")


def run_time(program, function, values):
    return subprocess.run([str(program), "time-" + function], input=array.array("d", values).tobytes(), check=True,
                          stdout=subprocess.PIPE).stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=1_000_000, help="points per function")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--functions", nargs="+", choices=FUNCTIONS, default=FUNCTIONS)
    parser.add_argument("--wide", action="store_true")
    parser.add_argument("--unoptimised", action="store_true")
    parser.add_argument("--times", action="store_true")
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    print(f"gmpy2 {gmpy2.version()}, {gmpy2.mpfr_version()}, seed {options.seed}")
    if options.table:
        return write_table(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        program = build(folder, "-Onone" if options.unoptimised else "-O")
        if options.times:
            return times(program)
        phase = "wide-" if options.wide else ""
        functions = [f for f in options.functions if not (options.wide and f == "power")]
        wrong = sum(check(program, f, phase, options.points, options.seed) for f in functions)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
