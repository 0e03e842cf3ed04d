"""A case of Vectors/peers as a port reads it, with what CCM-30 to CCM-36 say of its inputs, and its answers.

An answer is who computed it and a dictionary of tensors; numbers that CCM-30 does not compare are masked.
"""

import functools

import numpy as np
import torch

import ccm_model  # first: it makes the modules of the folder above known
import candidate_ccm
import ccm_backward
import ccm_numpy
import ccm_protocol
import ccm_structure
import ccm_torch
from vector_case import Recorded, require

TIE = 1e-9  # a choice between scores nearer than this, and not equal, would be left to rounding
TEXTS = {"tokens", "lengths", "segments"}
LINEAR = {"x", "weight", "lora_a", "lora_b", "gate"}
INPUTS = {  # the tensors of each operation: those it needs, and those it may have
    "ccm_layout": (TEXTS | {"output_lengths"}, set()), "ccm_mask": (TEXTS, set()), "ccm_schedule": (TEXTS, set()),
    "ccm_cost": (TEXTS, set()), "merge": ({"keys", "values"}, set()), "conditional_linear": (LINEAR, set()),
    "ccm_forward": (TEXTS, {"embeddings", "output_lengths"}), "ccm_loss": (TEXTS | {"output_lengths"}, set()),
    "ccm_gradients": (TEXTS | {"output_lengths"}, set()), "ccm_online": (TEXTS, {"forced", "output_lengths"})}
PROPERTY_INPUTS = {
    "inert": {"embeddings", "replacements"}, "interference": {"embeddings", "replacements"},
    "gate": {"lora_a.replacement", "lora_b.replacement"}}
INTEGERS = TEXTS | {"output_lengths", "forced"}


class Case(Recorded):
    """A case of chapter 16."""

    def __init__(self, entry, vectors):
        super().__init__(entry, vectors)
        self.integers = {name: self.input[name].tolist() for name in INTEGERS if name in self.input}
        self.rate = self.params.get("rate")
        self.n, self.vocabulary, self.beginning = (
            self.params.get(name) for name in ("memory_tokens", "text_vocabulary", "beginning_token"))

    def faults(self):
        """Every code that the Spec gives for this request, in order."""
        codes = list(ccm_structure.rejections(self.op, self.params, self.profile, self.integers, None))
        refusal = self.directory and ccm_model.refusal(self.directory, self.params, self.profile)
        return codes + [refusal] if refusal else codes

    @functools.cached_property
    def texts(self):
        return ccm_protocol.segmented(self.integers) if "segments" in self.integers else []

    @property
    def output_lengths(self):
        read = self.op in ccm_structure.WITH_OUTPUTS
        return self.integers["output_lengths"] if read else [0] * len(self.texts)

    @functools.cached_property
    def layouts(self):
        return [ccm_structure.layout(text, self.n, self.vocabulary, self.profile, length)
                for text, length in zip(self.texts, self.output_lengths)]

    @property
    def model(self):
        return numpy_model(self.directory)

    def check_inputs(self):
        """Names, types and shapes of the inputs."""
        needed, optional = INPUTS[self.op]
        needed = needed | PROPERTY_INPUTS.get(self.entry.get("property"), set())
        self.check_types(needed, optional, INTEGERS, {"gate"})
        shape = {name: array.shape for name, array in self.input.items()}
        if self.op == "merge":
            require(shape["keys"] == shape["values"] and len(shape["keys"]) == 3 and min(shape["keys"]) > 0, "shapes")
        if self.op == "conditional_linear":
            (high, wide), rank = shape["weight"], shape["lora_a"][0]
            rows = shape["x"][0]
            wanted = {"x": (rows, wide), "weight": (high, wide), "lora_a": (rank, wide), "lora_b": (high, rank),
                      "gate": (rows,), "lora_a.replacement": (rank, wide), "lora_b.replacement": (high, rank)}
            require(all(wanted[name] == size for name, size in shape.items()), f"shapes are {shape}")
        if "embeddings" in shape:
            longest, width = max(map(len, self.layouts)), self.model.base.width
            require(shape["embeddings"] == (len(self.texts), longest, width), "shape of embeddings")
            if "replacements" in shape:
                require(shape["replacements"] == (longest, width), "shape of replacements")
        if "forced" in shape:
            require(shape["forced"] == (self.params["generate"],), "shape of forced")
        if self.op in ccm_structure.ON_ONE_TEXT:
            require(len(self.texts) == 1, "one text")
        if "output_lengths" in shape:
            require(shape["output_lengths"] == (len(self.texts),), "shape of output_lengths")


@functools.cache
def numpy_model(directory):
    return ccm_model.Model(directory)


@functools.cache
def torch_model(directory):
    return ccm_torch.Model(numpy_model(directory))


def ask_candidate(case):
    """The answer of candidate_ccm.py in float64, or what its numbers are at all rows."""
    given = {name: torch.tensor(array) for name, array in case.input.items()}
    message = {"op": case.op, "profile": case.profile, "dtype": "f64", "input": "given", "output": "",
               "model": str(case.directory) if case.directory else None, "capture": case.entry["captures"],
               "params": case.entry["params"]}
    answer = candidate_ccm.answer(ccm_protocol.Request(message, lambda _: given))
    return {name: tensor.detach().numpy() for name, tensor in answer.items()}


def structure(case):
    """CCM-31, from the Spec's text."""
    answer = ccm_structure.answer(case.op, case.params, case.profile, case.texts, case.output_lengths)
    kind = np.bool_ if case.op == "ccm_mask" else np.int64
    yield "Spec's text", {name: np.array(value, dtype=kind).reshape(shape) for name, (value, shape) in answer.items()}


def merge(case):
    """CCM-32 by sums and by a matrix of weights, with the units of CCM-37."""
    given = case.floats()
    answer = {name: ccm_numpy.running_means(given[name], case.profile, case.rate) for name in ("keys", "values")}
    for name in ("keys", "values"):
        units = merge_units(given[name], case.profile, case.rate)
        answer |= dict(zip((f"{name}.accumulation", f"{name}.rounding"), units))
    yield "NumPy", answer
    yield "PyTorch", {name: ccm_torch.means(torch.tensor(given[name]), case.profile, case.rate).numpy()
                      for name in ("keys", "values")}


def merge_units(entries, profile, rate):
    """A and R of CCM-37 for every M_t."""
    size = np.abs(entries[0])
    step, accumulation, rounding = np.zeros_like(size), [], []
    for t, entry in enumerate(np.abs(entries), 1):
        if t > 1:
            w = rate if ccm_structure.axes(profile)["merge_rate"] == "exponential" else 1 / t
            before, size = size, (1 - w) * size + w * entry
            step = (1 - w) * step + 3 * size + w * before
        accumulation.append(step + t * size)
        rounding.append(step + size)
    return np.array(accumulation), np.array(rounding)


def conditional_linear(case):
    """CCM-20, with the units of CCM-37."""
    given, gate = case.floats(), case.input["gate"]
    scale = case.params["lora_alpha"] / len(given["lora_a"])
    parts = [given[name] for name in ("x", "weight", "lora_a", "lora_b")]
    y = ccm_numpy.conditional_linear(*parts, scale, gate)
    accumulation, rounding = linear_units(*parts, scale, gate, y)
    yield "NumPy", {"y": y, "y.accumulation": accumulation, "y.rounding": rounding}
    tensors = [torch.tensor(part) for part in parts]
    yield "PyTorch", {"y": ccm_torch.conditional_linear(*tensors, scale, torch.tensor(gate)).numpy()}


def linear_units(x, weight, lora_a, lora_b, scale, gate, y):
    """A and R of CCM-37."""
    def linear(matrix, value, accumulation, rounding):
        """TOL-5 for value · matrixᵀ."""
        result, size = value @ matrix.T, np.abs(value) @ np.abs(matrix).T
        return (result, accumulation @ np.abs(matrix).T + (matrix.shape[1] + 1) * size,
                rounding @ np.abs(matrix).T + np.abs(result))

    zero = np.zeros_like(x)
    _, accumulation, rounding = linear(weight, x, zero, zero)
    high, of_high, stored = linear(lora_b, *linear(lora_a, x, zero, zero))
    added = np.abs(scale * high)
    own = np.asarray(gate)[:, None]
    return (np.where(own, accumulation + abs(scale) * of_high + 2 * added + np.abs(y), accumulation),
            np.where(own, rounding + abs(scale) * stored + 2 * added + np.abs(y), rounding))


def compared(case, traces, names):
    """Tensors of padded texts, stacked with B before their shape; rows that CCM-30 does not compare are masked."""
    batch = ccm_structure.padded(case.layouts)
    longest, out = len(batch[0]), {}
    for name in names:
        parts = []
        for rows, trace in zip(batch, traces):
            own = [r for r, row in enumerate(rows) if row["role"] in ("x" if name == "logits" else "xc")]
            shift = longest - len(trace["logits"])
            short = [r - shift for r in own]
            if name.endswith("probabilities"):
                part = np.ma.masked_all((len(trace[name]), longest, longest))
                part[:, own] = 0.0  # a pad is hidden from every real row
                part[:, own, shift:] = trace[name][:, short]
            else:
                part = np.ma.masked_all((longest, trace[name].shape[1]))
                part[own] = trace[name][short]
            parts.append(part)
        out[name] = np.ma.stack(parts)
    return out


def forward(case):
    """Logits from NumPy, PyTorch and the candidate, captures from NumPy and the candidate."""
    fed = case.input.get("embeddings")
    traces = []
    for index, rows in enumerate(case.layouts):
        given = None if fed is None else fed[index, fed.shape[1] - len(rows) :].astype(np.float64)
        traces.append(ccm_numpy.parallel(case.model, rows, case.beginning, case.profile, case.rate, given))
    names = ["logits", *case.entry["captures"]]
    ours = compared(case, traces, names)
    yield "NumPy", ours
    theirs = ask_candidate(case)
    yield "Hugging Face", {name: np.ma.array(theirs[name], mask=np.ma.getmaskarray(ours[name])) for name in names}
    if fed is None:
        twin, again = torch_model(case.directory), []
        for text, rows in zip(case.texts, case.layouts):
            logits = np.zeros((len(rows), case.vocabulary))
            own = [r for r, row in enumerate(rows) if row["role"] == "x"]
            logits[own] = twin.text_logits(
                text, case.n, case.vocabulary, case.beginning, case.profile, case.rate).detach().numpy()
            again.append({"logits": logits})
        yield "PyTorch", compared(case, again, ["logits"])


def torch_arguments(case):
    return (case.texts, case.output_lengths, case.n, case.vocabulary, case.beginning, case.profile, case.rate)


def loss(case):
    value = ccm_numpy.loss(case.model, case.layouts, case.beginning, case.profile, case.rate)
    yield "NumPy", {"loss": np.array(value)}
    yield "PyTorch", {"loss": torch_model(case.directory).loss(*torch_arguments(case)).detach().numpy()}
    yield "Hugging Face", ask_candidate(case)


def gradients(case):
    found = torch_model(case.directory).gradients(*torch_arguments(case))
    yield "PyTorch", {f"gradients.{name}": gradient.copy() for name, gradient in found.items()}
    by_hand = ccm_backward.gradients(case.model, case.layouts, case.beginning, case.profile, case.rate)
    yield "NumPy", {f"gradients.{name}": gradient for name, gradient in by_hand.items()}
    yield "Hugging Face", ask_candidate(case)


def online(case):
    """Through the cache in NumPy and on Hugging Face; a choice that rounding would decide is no fair case."""
    cache = ccm_numpy.Online(case.model, case.texts[0], case.params, case.profile)
    chosen = cache.generate(case.params["generate"], case.integers.get("forced"))
    total = sum(map(len, case.texts[0]))
    for scores in cache.logits[total - 1 : total - 1 + len(chosen)]:
        best = np.sort(scores)[::-1]
        margin = (best[0] - best[1]) / np.abs(best).max() if len(best) > 1 else 0.0
        require(margin == 0 or margin > TIE, f"the best two scores differ by {margin:.1e} only")
    yield "NumPy with a cache", cache.answer(chosen)
    yield "Hugging Face", ask_candidate(case)


ANSWERS = {
    **dict.fromkeys(ccm_structure.STRUCTURE, structure), "merge": merge, "conditional_linear": conditional_linear,
    "ccm_forward": forward, "ccm_loss": loss, "ccm_gradients": gradients, "ccm_online": online}
