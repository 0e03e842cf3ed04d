"""A `run` request for an operation of chapter 19: inputs read, parameters decoded, faults found."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "port"))

import cache_structure  # behind the lines that make the modules of the folders above known
import loma_model
import loma_protocol

OPERATIONS = (*cache_structure.STAGES, *cache_structure.MODEL)
INTEGERS = ("tokens", "lengths", "forced_choice", "probe", "share", "counts", "key_ranks", "value_ranks")
ATOMS = ("atoms", "key_atoms", "value_atoms")


def decoded(params):
    """Numbers that are not integers are written as hexadecimal floating point."""
    return {name: float.fromhex(value) if isinstance(value, str) and "0x" in value else value
            for name, value in params.items()}


def faults(op, params, profile, tensors, directory):
    """Every code that the Spec gives for a request, in order."""
    given = {name: tensors[name].tolist() for name in (*INTEGERS, *ATOMS) if name in tensors}
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    config, refusal = (loma_model.settings(directory), loma_model.refusal(directory)) if directory else (None, None)
    return cache_structure.rejections(op, params, profile, given, shapes, config, refusal)


class Request:
    """`load` reads a file of tensors by name; every tensor has `shape` and `tolist`."""

    def __init__(self, message, load):
        self.op, self.profile, self.dtype = message["op"], message["profile"], message["dtype"]
        self.model, self.output, self.capture = message["model"], message["output"], message.get("capture", [])
        self.baseline = self.profile.get("baseline", "none")
        self.params, self.input = decoded(message["params"]), load(message["input"]) if message["input"] else {}
        for code in faults(self.op, self.params, self.profile, self.input, self.model):
            raise loma_protocol.Rejected(code)  # the first is the right one

    def integers(self, name):
        """An input of integers as lists, or None."""
        return self.input[name].tolist() if name in self.input else None
