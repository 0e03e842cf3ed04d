"""A `run` request for an operation of chapters 17 and 18: inputs read, parameters decoded, texts checked."""

import latent_model  # first: it makes the modules of the folder above known
import latent_structure
import loma_protocol

OPERATIONS = (*latent_structure.STRUCTURE, *latent_structure.STAGES, *latent_structure.MODEL)
NAMED = ("tokens", "lengths", "forced")


def faults(op, params, profile, integers, tensors, directory):
    """Every code that the Spec gives for a request, in order; of `tensors`, its inputs, only shapes are asked."""
    model, given = None, dict(integers)
    if directory:
        config = latent_model.settings(directory)
        model = latent_model.setting_of(config), latent_model.sizes_of(config), config["vocab_size"]
    if op == "quantise":
        given["width"] = tensors["x"].shape[1]
    yield from latent_structure.rejections(op, params, profile, given, model)
    if directory and (code := latent_model.refusal(directory, profile)):
        yield code


class Request:
    """`load` reads a file of tensors by name; every tensor has `tolist`."""

    def __init__(self, message, load):
        self.op, self.profile, self.dtype = message["op"], message["profile"], message["dtype"]
        self.model, self.output, self.capture = message["model"], message["output"], message.get("capture", [])
        self.params, self.input = message["params"], load(message["input"]) if message["input"] else {}
        self.integers = {name: self.input[name].tolist() for name in NAMED if name in self.input}
        for code in faults(self.op, self.params, self.profile, self.integers, self.input, self.model):
            raise loma_protocol.Rejected(code)  # the first is the right one
        self.setting = latent_structure.Setting(self.params, self.profile)
        self.texts = texts_of(self.integers) if "tokens" in self.integers else []


def texts_of(integers):
    """The texts of a batch, each a list of tokens."""
    texts, start = [], 0
    for length in integers["lengths"]:
        texts.append(integers["tokens"][start : start + length])
        start += length
    return texts
