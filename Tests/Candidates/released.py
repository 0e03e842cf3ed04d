"""Single functions and classes out of the files of another program's release, executed without the rest of it."""

import ast
import math
import types
import typing

import torch


class InDouble(ast.NodeTransformer):
    """Calls of `float()` on tensors and the type float32 become those of float64."""

    def visit_Attribute(self, node):
        self.generic_visit(node)
        node.attr = {"float": "double", "float32": "float64"}.get(node.attr, node.attr)
        return node


def taken(root, path, names, in_double=False, **given):
    """Functions and classes of one file of the release, executed with what they need and nothing else of the file."""
    tree = ast.parse((root / path).read_text())
    kept = [node for node in tree.body if getattr(node, "name", None) in names]
    assert {node.name for node in kept} == set(names), f"{path} lacks {set(names) - {node.name for node in kept}}"
    for node in kept:
        for part in ast.walk(node):  # bases and decorators stand for what is not here
            if isinstance(part, ast.FunctionDef):
                part.decorator_list = []
    module = ast.Module(kept, [])
    module = ast.fix_missing_locations(InDouble().visit(module)) if in_double else module
    scope = {"torch": torch, "nn": torch.nn, "math": math, "F": torch.nn.functional, "Tensor": torch.Tensor,
             **{name: getattr(typing, name) for name in ("Any", "List", "Optional", "Tuple", "Union")}, **given}
    exec(compile(module, path, "exec"), scope)
    return types.SimpleNamespace(**{name: scope[name] for name in names})
