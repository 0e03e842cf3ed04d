"""Docs/Evening as it stands: every step's code is checked by its lesson, the finished program by the suite, and three
mistakes a step get messages that name row, pair and clause.

    python Tests/Evening/check_evening.py --loma PATH [--swift MODULES]

MODULES is the folder of a build, .build/debug: the steps in Swift are compiled with its modules.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from breaks import BREAKS, TEXT
from page import PAGE, PROGRAMS, ROOT, finished, program
from wrong_programs import WRONG

STEPS = range(12)


def run(*words, **more):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, cwd=ROOT, **more)


def lesson(loma, number, *command):
    return run(loma, "lesson", number, "--", *command)


def right(outcome, what):
    assert outcome.returncode == 0 and "WRONG" not in outcome.stdout, f"{what}:\n{outcome.stdout}{outcome.stderr}"


def check_python(loma, folder):
    text = PAGE.read_text()
    for number in STEPS:
        path = folder / f"step{number}.py"
        path.write_text(program(text, "python", number))
        right(lesson(loma, number, sys.executable, path), f"step {number} of the page")
        complete = run(loma, "lesson", number, "--skeleton", "python", "--complete", "yes").stdout
        assert complete == path.read_text(), f"step {number}: the page and loma lesson --skeleton differ"
        blank = folder / "blank.py"
        blank.write_text(run(loma, "lesson", number, "--skeleton", "python").stdout)
        outcome = lesson(loma, number, sys.executable, blank)
        assert outcome.returncode == 1, f"the blank of step {number}: {outcome}"
        assert "NotImplementedError" in outcome.stdout, f"the blank of step {number}: {outcome}"
    print(f"{len(STEPS)} steps in Python are right as they stand, and their skeletons are not")


def check_finished(loma):
    path = ROOT / "Docs/Evening/evening.py"
    code = path.read_text()
    assert code == finished(PAGE.read_text()), "Docs/Evening/evening.py is not the page's code"
    assert code.count("\n") < 100, "100 lines or more"
    outcome = run(loma, "conform", "--only", "generation.reconstruct.text-c4.lossless-*", "--", sys.executable, path)
    assert outcome.returncode == 0 and ": 3 pass;" in outcome.stdout, outcome.stdout + outcome.stderr
    said = run(sys.executable, path, TEXT).stdout
    assert said == f"{TEXT.encode()}\n", said
    print(f"the finished program has {code.count(chr(10))} lines and passes the lossless cases")


def check_wrong(loma, folder):
    path, count = folder / "wrong.py", {number: 0 for number in STEPS}
    for number, old, new, clause, words in WRONG:
        text = program(PAGE.read_text(), "python", number)
        assert old in text, f"lesson {number}: not in the program: {old}"
        path.write_text(text.replace(old, new, 1))
        outcome = lesson(loma, number, sys.executable, path)
        missing = [word for word in [*words, clause + " "] if word not in outcome.stdout]
        assert outcome.returncode == 1 and not missing, f"lesson {number}, {new}: no {missing} in\n{outcome.stdout}"
        count[number] += 1
        if new == '"rm": m <= k':
            shown = re.search(r"^```text\n(.*?)^```$", PAGE.read_text(), re.M | re.S)[1]
            for part in shown.rstrip("\n").split("\n\n"):
                assert part in outcome.stdout, f"the page shows another message than\n{outcome.stdout}"
    assert min(count.values()) >= 3, count
    print(f"{len(WRONG)} wrong programs are told their row, pair and clause, at least three a step")


def check_breaks(folder):
    path = folder / "broken.py"
    marked = (PROGRAMS / "evening.py").read_text()
    environment = {**os.environ, "LOMA_MODEL": str(ROOT / "Vectors/models/text-c4")}
    for number, old, new, expected in BREAKS:
        assert marked.count(old) == 1, f"step {number}: {old}"
        path.write_text(marked.replace(old, new))
        said = eval(run(sys.executable, path, TEXT, env=environment).stdout)
        count = sum(a == b for a, b in zip(said, TEXT.encode(), strict=False))
        assert count == expected, f"step {number}, {new}: {count} bytes come back, not {expected}"
    print(f"{len(BREAKS)} broken programs recite as many bytes as the page says")


def check_swift(loma, folder, modules):
    # An earlier build may have left objects of files that are gone.
    objects = [
        path for name in ("LoMAVectors", "NaiveLlama") for path in (modules / f"{name}.build").glob("*.o")
        if not path.name.endswith(".swift.o") or any((ROOT / "Sources" / name).rglob(path.name.removesuffix(".o")))
    ]
    text, source, binary = PAGE.read_text(), folder / "main.swift", folder / "mine"
    for number, lessons in [(3, "0-3"), (11, "all")]:
        source.write_text(program(text, "swift", number))
        complete = run(loma, "lesson", number, "--skeleton", "swift", "--complete", "yes").stdout
        assert complete == source.read_text(), f"step {number} in Swift: the page and loma lesson --skeleton differ"
        needed = [] if number < 4 else ["-I", modules / "Modules", *objects]
        outcome = run("swiftc", source, *needed, "-o", binary)
        assert outcome.returncode == 0, outcome.stderr
        right(lesson(loma, lessons, binary), f"steps {lessons} in Swift")
    print("the steps in Swift are right: 0 to 3 without this package, all with it")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--loma", required=True)
    options.add_argument("--swift", type=Path)
    options.add_argument("--wrong", choices=("yes", "no"), default="no", help="wrong programs too, which takes minutes")
    given = options.parse_args()
    loma = Path(given.loma).resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        check_python(loma, folder)
        check_finished(loma)
        if given.wrong == "yes":
            check_wrong(loma, folder)
        check_breaks(folder)
        if given.swift:
            check_swift(loma, folder, given.swift.resolve())


if __name__ == "__main__":
    main()
