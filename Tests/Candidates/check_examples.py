#!/usr/bin/env python3
"""Runs the Python and C++ examples of Docs/Vectors.md as they stand on the page.

The pytest example runs against `my_port`, a port made here of loma_layout.py; it must pass, and fail once the port is broken.
The C++ example must print the positions that chapter 3 gives. The Swift example is run by `swift test`.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PORT = '''
import numpy as np
import loma_layout

def layout(tokens, lengths, params, profile):
    texts, start = [], 0
    for n in lengths:
        texts.append([int(x) for x in tokens[start:start + n]])
        start += n
    rows = []
    for text in texts:
        own = loma_layout.rows(text, params["c"], params["t"], params["memory_token"], params["repetition_token"], profile)
        rows.append([r for r in own if params["layout"] == "training" or r["zone"] != "r"])
    longest = max(len(r) for r in rows)
    pad = dict(token=0, zone="p", chunk=-1, index=-1, position=0, label=None)
    rows = [r + [pad] * (longest - len(r)) for r in rows]
    def column(value):
        return np.array([[value(r) for r in own] for own in rows], dtype=np.int64).reshape(len(rows), longest)
    return {
        "tokens": column(lambda r: r["token"]), "zones": column(lambda r: "xmrp".index(r["zone"])),
        "chunks": column(lambda r: r["chunk"]), "indices": column(lambda r: r["index"]),
        "positions": column(lambda r: r["position"]@BREAK@),
        "labels": column(lambda r: -1 if r["label"] is None else r["label"]),
    }
'''


def block(language):
    page = (ROOT / "Docs" / "Vectors.md").read_text()
    return re.search(rf"```{language}\n(.*?)```", page, re.S).group(1)


def run_pytest(folder, broken):
    (folder / "my_port.py").write_text(PORT.replace("@BREAK@", " + 1" if broken else ""))
    (folder / "test_layout.py").write_text(block("python"))
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder / "test_layout.py")], cwd=ROOT,
        env={"PYTHONPATH": f"{folder}:{ROOT / 'Tests/Candidates'}", "PATH": "/usr/bin:/bin"}, capture_output=True, text=True)
    print("pytest example" + (", broken port: " if broken else ": ") + result.stdout.strip().splitlines()[-1])
    return result.returncode


def main():
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        if run_pytest(folder, broken=False) != 0:
            sys.exit("the pytest example fails")
        if run_pytest(folder, broken=True) != 1:
            sys.exit("the pytest example does not notice a broken port")
        source = folder / "example.cpp"
        source.write_text(block("cpp"))
        subprocess.run(["g++", "-std=c++17", "-Wall", "-Werror", "-o", folder / "example", source], check=True)
        printed = subprocess.run([folder / "example"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
        chunk = [0, 1, 2, 3, 1, 3, 0, 1, 2, 3]
        expected = [start + i for start in (0, 4, 8) for i in chunk] + [12]
        if [int(word) for word in printed.split()] != expected:
            sys.exit(f"the C++ example prints {printed}")
        print(f"C++ example: {len(expected)} positions as chapter 3 gives them")


if __name__ == "__main__":
    main()
