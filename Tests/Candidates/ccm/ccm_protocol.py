"""A `run` request for an operation of chapter 16: inputs read, parameters decoded, texts checked (CCM-30, CCM-35)."""

import ccm_model  # first: it makes the modules of the folder above known
import ccm_structure
import loma_protocol

OPERATIONS = (*ccm_structure.STRUCTURE, *ccm_structure.STAGES, *ccm_structure.MODEL)


def segmented(integers):
    """The texts of CCM-30, each a list of segments."""
    tokens, lengths, texts, first, start = integers["tokens"], integers["lengths"], [], 0, 0
    for count in integers["segments"]:
        text = []
        for length in lengths[first : first + count]:
            text.append(tokens[start : start + length])
            start += length
        texts.append(text)
        first += count
    return texts


class Request:
    """`load` reads a file of tensors by name; every tensor has `tolist`."""

    def __init__(self, message, load):
        self.op, self.profile, self.dtype = message["op"], message["profile"], message["dtype"]
        self.model, self.output, self.capture = message["model"], message["output"], message.get("capture", [])
        self.params = {
            name: float.fromhex(value) if isinstance(value, str) and "0x" in value else value
            for name, value in message["params"].items()}
        self.input = load(message["input"]) if message["input"] else {}
        named = ("tokens", "lengths", "segments", "output_lengths", "forced")
        self.integers = {name: self.input[name].tolist() for name in named if name in self.input}
        self.rate = self.params.get("rate")
        refusal = None
        for code in ccm_structure.rejections(self.op, self.params, self.profile, self.integers, None):
            raise loma_protocol.Rejected(code)  # the first is the right one
        if self.model:
            refusal = ccm_model.refusal(self.model, self.params, self.profile)
        if refusal:
            raise loma_protocol.Rejected(refusal)
        self.texts = segmented(self.integers) if "segments" in self.integers else []
        if self.texts:
            self.n, self.vocabulary, self.beginning = (
                self.params[name] for name in ("memory_tokens", "text_vocabulary", "beginning_token"))

    @property
    def output_lengths(self):
        """Zeros where the operation does not read them."""
        read = self.op in ccm_structure.WITH_OUTPUTS
        return self.integers["output_lengths"] if read else [0] * len(self.texts)

    def layouts(self):
        """The parallel layouts of all texts, without pads."""
        return [ccm_structure.layout(text, self.n, self.vocabulary, self.profile, length)
                for text, length in zip(self.texts, self.output_lengths)]

    def structure(self):
        """CCM-31 in nested lists with their shapes."""
        return ccm_structure.answer(self.op, self.params, self.profile, self.texts, self.output_lengths)
