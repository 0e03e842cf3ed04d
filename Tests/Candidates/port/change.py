"""A change of the port: pieces of its source that are put in the place of others, and what is right to say of it."""

import pathlib
import types
import typing

HERE = pathlib.Path(__file__).resolve().parent
FILES = (  # as they import
    "tensors", "layout", "rejections", "rotations", "stages", "model", "training", "generation", "port")


class Change(typing.NamedTuple):
    sentence: str  # as the porter would say it
    patches: tuple  # (file, old, new); old stands exactly once in the file, and in what earlier patches made of it
    names: tuple = ()  # what is right to name: a mutant's id, a profile as axis=value, a stage, a pair of rows


def compiled(changes, folder=HERE, files=FILES):
    """The code of every file of the port under the changes; the port of another part lies in another folder."""
    sources = {name: (folder / f"{name}.py").read_text(encoding="utf-8") for name in files}
    for change in changes:
        for name, old, new in change.patches:
            if sources[name].count(old) != 1:
                raise SystemExit(f"{name}.py: {sources[name].count(old)} times, not once: {old}")
            sources[name] = sources[name].replace(old, new)
    return {name: compile(source, str(folder / f"{name}.py"), "exec") for name, source in sources.items()}


def load(codes, modules):
    """The files as modules, where each finds those before it; the last one is the port."""
    for name, code in codes.items():
        module = modules[name] = types.ModuleType(name)
        module.__file__ = code.co_filename
        exec(code, module.__dict__)
    return module
