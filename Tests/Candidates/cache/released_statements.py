"""Statements out of the middle of a release's function, and cells of its notebooks, compiled on their own."""

import ast
import json

from released import InDouble


def statements(path, holder, function, wanted, in_double=False):
    """Code of the innermost body in `holder.function` one of whose own statements `wanted` accepts as text."""
    tree = ast.parse(path.read_text())
    (owner,) = (node for node in tree.body if getattr(node, "name", None) == holder)
    (body,) = (node for node in owner.body if getattr(node, "name", None) == function)
    found = None
    for node in ast.walk(body):  # breadth first: the last one is the innermost
        for part in (getattr(node, "body", None), getattr(node, "orelse", None)):
            if isinstance(part, list) and any(wanted(ast.unparse(line).split("\n")[0]) for line in part):
                found = part
    assert found, f"{path}: {holder}.{function} has no such statements"
    module = ast.Module(found, [])
    module = ast.fix_missing_locations(InDouble().visit(module)) if in_double else module
    return compile(module, str(path), "exec")


def cells(path, *parts):
    """Code of the notebook's cells that contain each of these texts, in their order, without imports and magic."""
    sources = ["".join(cell["source"]) for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
    found = []
    for part in parts:
        (source,) = (source for source in sources if part in source)
        tree = ast.parse(source)
        tree.body = [node for node in tree.body if not isinstance(node, (ast.Import, ast.ImportFrom))]
        found.append(compile(tree, str(path), "exec"))
    return found
