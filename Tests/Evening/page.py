"""The code of Docs/Evening/README.md: its blocks by language and step."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "Docs/Evening/README.md"
PROGRAMS = ROOT / "Sources/LoMALessons/Programs"


def blocks(text):
    """Every block of code as language, kind ('', 'asked' or 'last'), step (that of its heading) and code."""
    found, step = [], None
    for match in re.finditer(r"^## ([^\n]*)$|^### (\d+)|^```(\w+) ?(\w*)\n(.*?)^```$", text, re.M | re.S):
        heading, below, language, kind, code = match.groups()
        if heading:
            number = re.match(r"(\d+) ", heading)
            step = int(number[1]) if number else None
        elif below:
            step = int(below)
        elif language in ("python", "swift"):
            found.append((language, kind, step, code))
    return found


def program(text, language, step):
    """The program of a step as the page has it: every block up to the step in order, then the last lines."""
    every = [block for block in blocks(text) if block[0] == language]
    steps = [code for _, kind, at, code in every if kind != "last" and at is not None and at <= step]
    return "".join(steps + [code for _, kind, _, code in every if kind == "last"])


def finished(text):
    """evening.py as the page has it: the blocks that are not only asked for."""
    every = [block for block in blocks(text) if block[0] == "python" and block[2] is not None]
    return "".join(code for _, kind, _, code in every if not kind)
