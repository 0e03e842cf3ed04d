"""A case of Vectors/peers for chapter 19 as a port reads it, and its answers.

An answer is who computed it and a dictionary of tensors.
"""

import functools

import numpy as np
import torch

import cache_protocol  # first: it makes the modules of the folder above known
import cache_decoder
import cache_numpy
import cache_structure
import candidate_cache
import candidate_cache_numpy
import loma_model
from vector_case import Recorded, require

CLEAR = 2**-12  # of the larger of two scores that a model chooses between (BAS-24)
BORDER = 2**-10  # of a code of a model's prefill
FORCED = {"forced_choice"}
INPUTS = {  # the tensors of each operation: those it needs, and those it may have
    "evict": ({"probabilities"}, FORCED), "zigzag_budgets": ({"probabilities"}, set()),
    "think": ({"query", "key"}, FORCED), "zip_cache": ({"key", "value", "probabilities"}, FORCED | {"probe"}),
    "pyramid_step": ({"probabilities"}, FORCED), "layer_distances": ({"keys", "values"}, set()),
    "dmc": ({"query", "key", "value"}, set()), "truncate_rank": ({"weight"}, set()),
    "pursue": ({"vectors", "atoms"}, FORCED), "store_noise": ({"numbers"}, set())}
OF_TEXTS = {"tokens", "lengths"}
OF_MODELS = {"pyramid_infer": {"counts"}, "kv_sharer": {"share"}, "lorc": {"key_ranks", "value_ranks"},
             "csr": {"key_atoms", "value_atoms"}}


class Case(Recorded):
    """A case of chapter 19."""

    @property
    def baseline(self):
        return self.profile.get("baseline", "none")

    def faults(self):
        """Every code that the Spec gives for this request, in order."""
        return cache_protocol.faults(self.op, self.params, self.profile, self.input, self.directory)

    def inputs(self):
        """Names of those it needs, and of those it may have."""
        if self.op in cache_structure.MODEL:
            return OF_TEXTS | OF_MODELS.get(self.baseline, set()), {"probe"} if self.baseline == "zip_cache" else set()
        return INPUTS[self.op]

    def check_inputs(self):
        """Names, types and shapes of the inputs."""
        self.check_types(*self.inputs(), cache_protocol.INTEGERS, set())
        shape = {name: array.shape for name, array in self.input.items()}
        if self.op in cache_structure.MODEL:
            config = loma_model.settings(self.directory)
            layers, d = config["num_hidden_layers"], config["head_dim"]
            wanted = {"counts": (layers - 1,), "share": (layers,), "key_ranks": (layers,), "value_ranks": (layers,)}
            for name in set(wanted) & set(shape):
                require(shape[name] == wanted[name], f"shape of {name}")
            for name in {"key_atoms", "value_atoms"} & set(shape):
                require(shape[name][::2] == (layers, d), f"shape of {name}")
            require(shape["lengths"] == (1,) and self.input["lengths"][0] == len(self.input["tokens"]), "one text")
        self.check_shapes(shape)

    def check_shapes(self, shape):
        """Shapes of a stage's tensors against each other."""
        p = self.params
        if "probabilities" in shape:
            heads, rows, columns = shape["probabilities"][-3:]
            require(heads == p["heads"] and rows == columns, "shape of probabilities")
        if "query" in shape and self.op in cache_structure.STAGES:
            (rows, width), key = shape["query"], shape["key"]
            require(key == (rows, width // p["heads"] * p["kv_heads"]), "shape of key")
        for one, other in (("key", "value"), ("keys", "values")):
            require(one not in shape or other not in shape or shape[one] == shape[other], f"shape of {other}")

    @functools.cached_property
    def decoder(self):
        """The decoder in NumPy with what this case gives it."""
        given = self.floats() | {
            name: self.input[name].tolist() for name in cache_protocol.INTEGERS if name in self.input}
        return cache_decoder.Decoder(numpy_model(self.directory), self.baseline, self.params, given)


@functools.cache
def numpy_model(directory):
    return cache_decoder.Model(directory)


def ask(module, case, given):
    """The answer of a candidate in float64."""
    message = {"op": case.op, "profile": case.profile, "dtype": "f64", "input": "given", "output": "",
               "model": str(case.directory) if case.directory else None, "params": case.params}
    return module.answer(cache_protocol.Request(message, lambda _: given))


def in_numpy(case):
    return ask(candidate_cache_numpy, case, case.input)[0]


def in_torch(case):
    found = ask(candidate_cache, case, {name: torch.tensor(array) for name, array in case.input.items()})
    return {name: tensor.numpy() for name, tensor in found.items()}


def require_clear(scores, count, pick, least=0.0):
    """The last chosen and the first left out differ by more than `least` of the larger, or are equal."""
    for row in np.atleast_2d(scores):
        order = row[cache_numpy.by_rank(row)]
        place = count if pick is cache_numpy.highest else len(row) - count
        if 0 < place < len(row) and np.isfinite(order[place - 1]):
            margin = (order[place - 1] - order[place]) / (max(abs(order[place - 1]), abs(order[place])) or 1)
            require(margin == 0 or margin > least, f"two scores differ by {margin:.1e} only")


def stage(case):
    """A stage by both candidates, with the margins of codes; choices and scores are clear."""
    answer = in_numpy(case)
    if case.op == "zip_cache":
        names = ("kv_heads", "low", "low_bits", "high_bits")
        given = case.floats()
        found = cache_numpy.zip_cache(
            given["key"], given["value"], given["probabilities"], *(case.params[name] for name in names),
            case.input.get("probe"), case.input.get("forced_choice"))
        answer |= {name: found[name] for name in found if name.endswith(".margin")}
    scored = {"evict": ("scores", cache_numpy.highest), "think": ("scores", cache_numpy.lowest),
              "zip_cache": ("saliency", cache_numpy.lowest)}
    if case.op in scored and "forced_choice" not in case.input:
        name, pick = scored[case.op]
        count = answer["choice"].shape[1] - (case.params["window"] if case.op == "evict" else 0)
        require_clear(answer[name], count, pick, 1e-12)
    yield "NumPy", answer
    yield "PyTorch", in_torch(case)


def forward(case):
    """`cached_forward` by both candidates; what the prefill chooses and quantises is clear."""
    decoder, tokens = case.decoder, case.input["tokens"].tolist()
    yield "NumPy", decoder.text(tokens, case.params["prefill"])
    yield "PyTorch", in_torch(case)
    check_choices(case, decoder, tokens[: case.params["prefill"]])


def check_choices(case, decoder, prefill):
    """BAS-24 for a model: every layer's choice."""
    p, kv_heads = case.params, decoder.model.kv_heads
    seen, _ = decoder.run(prefill, 0)
    for layer, found in enumerate(seen):
        if case.baseline in ("eviction", "zigzag"):
            budget = p["budget"] if case.baseline == "eviction" else decoder.budgets[layer]
            scores, choice = cache_numpy.evict(found.probabilities, kv_heads, p["window"], budget)
            require_clear(scores, choice.shape[1] - p["window"], cache_numpy.highest, CLEAR)
        if case.baseline == "think":
            numbers = (p[name] for name in ("window", "pruned", "recent"))
            scores, choice, _ = cache_numpy.think(
                found.query, found.key, kv_heads, decoder.model.heads, *numbers)
            require_clear(scores, choice.shape[1], cache_numpy.lowest, CLEAR)
        if case.baseline == "zip_cache":
            answer = cache_numpy.zip_cache(
                found.key, found.value, found.probabilities, kv_heads,
                *(p[name] for name in ("low", "low_bits", "high_bits")), case.input.get("probe"), allowed=False)
            require_clear(answer["saliency"], p["low"], cache_numpy.lowest, CLEAR)
            margin = min(answer[f"{name}_codes.margin"].min() for name in ("key", "value"))
            require(margin > BORDER, f"a code is {margin:.1e} from a border")
        if case.baseline == "pyramid_infer" and layer + 1 < len(seen):
            count = case.input["counts"][layer]
            scores, _ = cache_numpy.pyramid_step(found.probabilities, p["recent"], count)
            sinks = cache_structure.SINKS
            if count > sinks:
                require_clear(scores[sinks:], count - sinks, cache_numpy.highest, CLEAR)


ANSWERS = {op: stage for op in cache_structure.STAGES} | {"cached_forward": forward}
