"""A case of Vectors/peers for chapters 17 and 18 as a port reads it, and its answers.

An answer is who computed it and a dictionary of tensors; numbers in pad rows are masked.
"""

import functools

import numpy as np
import torch

import latent_model  # first: it makes the modules of the folder above known
import candidate_latent
import latent_backward
import latent_numpy
import latent_protocol
import latent_structure
import latent_torch
from vector_case import Recorded, require

TIE = 1e-9  # a choice between scores nearer than this, and not equal, would be left to rounding
CLEAR = 1e-3  # how far from a border every code of a recorded model is; a right answer in float32 errs by less
TEXTS = {"tokens", "lengths"}
INPUTS = {  # the tensors of each operation: those it needs, and those it may have
    "latent_cost": (set(), set()), "quantise": ({"x"}, set()),
    "latent_attention": ({"query", "latent", "rotated_key", "kv_b_proj", "mask"}, set()),
    "latent_forward": (TEXTS, {"embeddings"}), "latent_gradients": (TEXTS, set()),
    "latent_generate": (TEXTS, {"forced"})}
PROPERTY_INPUTS = {"interference": {"embeddings", "replacements"}}


class Case(Recorded):
    """A case of chapters 17 and 18."""

    def __init__(self, entry, vectors):
        super().__init__(entry, vectors)
        self.integers = {name: self.input[name].tolist() for name in latent_protocol.NAMED if name in self.input}

    def faults(self):
        """Every code that the Spec gives for this request, in order."""
        return list(latent_protocol.faults(
            self.op, self.params, self.profile, self.integers, self.input, self.directory))

    @property
    def model(self):
        return numpy_model(self.directory)

    @property
    def setting(self):
        return latent_structure.Setting(self.params, self.profile)

    @property
    def texts(self):
        return latent_protocol.texts_of(self.integers)

    def embeddings(self, index):
        """Those given for one text, or None."""
        given = self.input.get("embeddings")
        return None if given is None else given[index, : len(self.texts[index])].astype(np.float64)

    def check_inputs(self):
        """Names, types and shapes of the inputs."""
        needed, optional = INPUTS[self.op]
        self.check_types(needed | PROPERTY_INPUTS.get(self.entry.get("property"), set()), optional,
                         latent_protocol.NAMED, {"mask"})
        shape = {name: array.shape for name, array in self.input.items()}
        if self.op == "latent_attention":
            heads, plain, rotated, value = (
                self.params[name] for name in ("heads", "plain_width", "rotated_width", "value_width"))
            (rows, _), (keys, width) = shape["query"], shape["latent"]
            wanted = {"query": (rows, heads * (plain + rotated)), "latent": (keys, width),
                      "rotated_key": (keys, rotated), "kv_b_proj": (heads * (plain + value), width),
                      "mask": (rows, keys)}
            require(shape == wanted, f"shapes are {shape}")
            require(self.input["mask"].any(1).all(), "a row sees nothing")
        longest = max(map(len, self.texts), default=0) if "tokens" in shape else 0
        if "embeddings" in shape:
            width = self.model.embedding.shape[1]
            require(shape["embeddings"] == (len(self.texts), longest, width), "shape of embeddings")
            if "replacements" in shape:
                require(shape["replacements"] == (longest, width), "shape of replacements")
        if self.op == "latent_generate":
            require(len(self.texts) == 1, "one text")
        if "forced" in shape:
            require(shape["forced"] == (self.params["generate"],), "shape of forced")


@functools.cache
def numpy_model(directory):
    return latent_model.load(directory)


@functools.cache
def torch_model(directory):
    return latent_torch.Model(directory, gradients=True)


def ask_candidate(case):
    """The answer of candidate_latent.py in float64."""
    given = {name: torch.tensor(array) for name, array in case.input.items()}
    message = {"op": case.op, "profile": case.profile, "dtype": "f64", "input": "given", "output": "",
               "model": str(case.directory) if case.directory else None, "capture": case.entry["captures"],
               "params": case.params}
    answer = candidate_latent.answer(latent_protocol.Request(message, lambda _: given))
    return {name: tensor.detach().numpy() for name, tensor in answer.items()}


def cost(case):
    """From the Spec's text."""
    answer = latent_structure.cost(case.params, case.profile)
    yield "Spec's text", {name: np.array(value, dtype=np.int64).reshape(shape)
                          for name, (value, shape) in answer.items()}


def quantise(case):
    """In NumPy with the margins, and in PyTorch."""
    found = latent_numpy.Quantised(case.floats()["x"], case.params["bits"], case.params["group"], case.setting)
    yield "NumPy", {"codes": found.codes, "codes.margin": found.margin(), "lower": found.lower, "step": found.step,
                    "values": found.values()}
    yield "PyTorch", ask_candidate(case)


def attention(case):
    """In the plain form and the absorbed one, and in PyTorch."""
    given, names = case.floats(), ("heads", "plain_width", "rotated_width", "value_width")
    parts = [given[name] for name in ("query", "latent", "rotated_key", "kv_b_proj")]
    sizes = latent_numpy.Sizes(*(case.params[name] for name in names))
    for who, form in (("plain form", latent_numpy.plain_attention), ("absorbed form", latent_numpy.absorbed_attention)):
        yield f"NumPy, {who}", dict(zip(("context", "probabilities"), form(*parts, case.input["mask"], sizes)))
    yield "PyTorch", ask_candidate(case)


def padded(tensors, longest, axes):
    """Tensors of single texts, stacked; along `axes` what is behind a text is masked, hidden keys being 0."""
    parts = []
    for tensor in tensors:
        shape = [longest if axis in axes else size for axis, size in enumerate(tensor.shape)]
        part = np.ma.masked_all(shape)
        own = [slice(0, tensor.shape[axis]) if axis in axes else slice(None) for axis in range(tensor.ndim)]
        if len(axes) == 2:
            part[tuple(own[:-1])] = 0.0
        part[tuple(own)] = tensor
        parts.append(part)
    return np.ma.stack(parts)


def require_clear(margin):
    require(margin > CLEAR, f"a code is {margin:.1e} from a border")


def forward(case):
    """Logits and captures in NumPy and PyTorch, logits in the absorbed form."""
    names, traces, absorbed = ["logits", *case.entry["captures"]], [], []
    for index, text in enumerate(case.texts):
        for form, into in ((latent_numpy.plain_attention, traces), (latent_numpy.absorbed_attention, absorbed)):
            into.append(latent_numpy.Decoder(case.model, form).text(text, case.embeddings(index)))
        require_clear(latent_numpy.Decoder(case.model).margin(traces[-1]))
    longest = max(map(len, case.texts))

    def batch(found, name):
        return padded([trace[name] for trace in found], longest, (1, 2) if name.endswith("probabilities") else (0,))

    ours = {name: batch(traces, name) for name in names}
    yield "NumPy", ours
    yield "NumPy, absorbed form", {"logits": batch(absorbed, "logits")}
    theirs = ask_candidate(case)
    yield "PyTorch", {name: np.ma.array(theirs[name], mask=np.ma.getmaskarray(ours[name])) for name in names}


def gradients(case):
    """Loss and gradients by hand in NumPy, and by autograd."""
    decoder = latent_numpy.Decoder(case.model)
    for text in case.texts:
        require_clear(decoder.margin(decoder.text(text)))
    yield "NumPy", {"loss": np.array(decoder.loss(case.texts)), **{
        f"gradients.{name}": g for name, g in latent_backward.gradients(case.model, case.texts).items()}}
    loss, found = torch_model(case.directory).gradients(case.texts)
    yield "PyTorch", {"loss": loss.detach().numpy(), **{f"gradients.{name}": g.numpy() for name, g in found.items()}}


def generate(case):
    """Token by token in NumPy in the absorbed form, in PyTorch with a prompt in one pass."""
    reader = latent_numpy.Reader(case.model)
    for token in case.texts[0]:
        reader.feed(token)
    chosen = reader.generate(case.params["generate"], case.integers.get("forced"))
    for scores in reader.logits[len(case.texts[0]) - 1 :][: len(chosen)]:
        best = np.sort(scores)[::-1]
        margin = (best[0] - best[1]) / np.abs(best).max() if len(best) > 1 else 0.0
        require(margin == 0 or margin > TIE, f"the best two scores differ by {margin:.1e} only")
    require_clear(reader.margin())
    yield "NumPy with a cache", reader.answer(chosen)
    yield "PyTorch", ask_candidate(case)


ANSWERS = {
    "latent_cost": cost, "quantise": quantise, "latent_attention": attention, "latent_forward": forward,
    "latent_gradients": gradients, "latent_generate": generate}
