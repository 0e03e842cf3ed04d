"""Docs/Evening/evening.ipynb from Docs/Evening/README.md: prose as it is, blocks of Python as cells, a check a step.

    python Tests/Evening/notebook.py           writes the file
    python Tests/Evening/notebook.py --check   runs it; fails unless it is what the page gives and every check is right

With --check, LOMA is the command that checks, default loma.
"""

import re
import sys

import nbformat
from nbclient import NotebookClient
from page import PAGE, ROOT, blocks

NOTEBOOK = ROOT / "Docs/Evening/evening.ipynb"

FIRST = '''# notebook: run this first. check(n) puts all cells so far into a program and has it checked.
import os, subprocess, sys
while not os.path.exists("Vectors"):
    os.chdir("..")
os.environ["LOMA_MODEL"] = os.path.abspath("Vectors/models/text-c4")
LAST = """{last}"""
def check(n):
    cells = [cell for cell in In if cell and not cell.startswith(("# notebook", "check(", "bytes("))]
    open("/tmp/evening-notebook.py", "w").write("\\n".join(cells) + "\\n" + LAST)
    command = [os.environ.get("LOMA", "loma"), "lesson", str(n), "--", sys.executable, "/tmp/evening-notebook.py"]
    print(subprocess.run(command, capture_output=True, text=True).stdout)'''


def cells(text):
    """The cells in order."""
    text = text[: text.index("\n## The same in Swift")]
    last = next(code for _, kind, _, code in blocks(text) if kind == "last")
    made, step, has_code, prose = [], None, False, ""

    def finish():
        if has_code and step is not None and step < 12:
            made.append(nbformat.v4.new_code_cell(f"check({step})"))

    def put(words):
        if words.strip():
            made.append(nbformat.v4.new_markdown_cell(words.strip()))

    for part in re.split(r"(^## [^\n]*$|^```python ?\w*\n.*?^```$)", text, flags=re.M | re.S):
        if part.startswith("```python last"):
            put(prose + "In this notebook the next cell does so.")
            made.append(nbformat.v4.new_code_cell(FIRST.format(last=last.rstrip("\n"))))
            prose = ""
        elif part.startswith("```python") and step != 12:
            put(prose)
            prose = ""
            made.append(nbformat.v4.new_code_cell(re.sub(r"^```.*?\n|\n```$", "", part)))
            has_code = True
        elif part.startswith("## "):
            put(prose)
            finish()
            if step == 6:
                made.append(nbformat.v4.new_code_cell('bytes(recall(0, list(b"the memory of a chunk"))[0].tolist())'))
            number = re.match(r"## (\d+) ", part)
            step, has_code, prose = int(number[1]) if number else None, False, part
        else:
            prose += part
    put(prose)
    for number, cell in enumerate(made):
        cell["id"] = f"cell-{number}"
    return made


def main():
    book = nbformat.v4.new_notebook(cells=cells(PAGE.read_text()))
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    text = nbformat.writes(book) + "\n"
    if "--check" not in sys.argv:
        NOTEBOOK.write_text(text)
        return
    assert NOTEBOOK.read_text() == text, f"{NOTEBOOK} is not what the page gives; run {sys.argv[0]}"
    NotebookClient(book, timeout=300, resources={"metadata": {"path": str(NOTEBOOK.parent)}}).execute()
    said = {cell.source: "".join(output.get("text", "") for output in cell.outputs) for cell in book.cells
            if cell.cell_type == "code" and cell.source.startswith("check(")}
    for source, words in said.items():
        right = re.search(r"^(\d+) of (\d+) right$", words, re.M)
        assert right and right[1] == right[2], f"{source}:\n{words}"
    recited = [output["data"]["text/plain"] for cell in book.cells if cell.cell_type == "code"
               and cell.source.startswith("bytes(") for output in cell.outputs]
    assert recited == ["b'the memo'"], recited
    print(f"the notebook: {len(book.cells)} cells run, {len(said)} checks right")


if __name__ == "__main__":
    main()
