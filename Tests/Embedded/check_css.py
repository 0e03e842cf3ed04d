"""Style sheets parse without an error, down to every declaration. Needs tinycss2.

    python check_css.py FILE.css …
"""
import pathlib
import sys

import tinycss2


def errors(nodes):
    """The errors of parsed nodes and of the blocks inside them."""
    for node in nodes:
        if node.type == "error":
            yield node
        elif node.type == "at-rule" and node.content is not None:
            yield from errors(tinycss2.parse_blocks_contents(node.content, skip_comments=True, skip_whitespace=True))
        elif node.type == "qualified-rule":
            yield from errors(tinycss2.parse_blocks_contents(node.content, skip_comments=True, skip_whitespace=True))


problems = 0
for path in sys.argv[1:]:
    text = pathlib.Path(path).read_text(encoding="utf-8")
    for error in errors(tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True)):
        print(f"{path}:{error.source_line}: {error.message}")
        problems += 1
sys.exit(1 if problems or len(sys.argv) < 2 else 0)
