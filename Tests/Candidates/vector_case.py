"""A case of Vectors as a port reads it: the request part of a manifest's entry, its inputs and its model."""

import functools

import numpy as np
from safetensors.numpy import load_file

import llama64
import loma_layout
import loma_model
import numpy_llama

STOCK_LIMIT = 1e-5  # the stock float32 forms of Hugging Face against the float64 ones
ON_TEXTS = {"tokens", "lengths"}
LAYER = {"x", "positions", "mask", "input_layernorm", "post_attention_layernorm", "q_proj", "k_proj", "v_proj",
         "o_proj", "gate_proj", "up_proj", "down_proj"}
BIASES = {f"{name}_proj_bias" for name in ("q", "k", "v", "o", "gate", "up", "down")}
INPUTS = {  # the tensors of each operation (OPS-2 to OPS-5): those it needs, and those it may have
    "layout": (ON_TEXTS, set()), "mask": (ON_TEXTS, set()), "schedule": (set(), set()), "cost": (set(), set()),
    "metrics": (ON_TEXTS | {"reconstruction"}, set()), "rms_norm": ({"x", "gain"}, set()),
    "rope": ({"x", "positions"}, set()), "attention": ({"q", "k", "v", "mask"}, set()),
    "feed_forward": ({"x", "gate", "up", "down"}, {"gate_bias", "up_bias", "down_bias"}),
    "decoder_layer": (LAYER, BIASES | {"q_norm", "k_norm"}),
    "cross_entropy": ({"logits", "labels"}, set()), "forward": (ON_TEXTS, {"embeddings", "forced", "reconstruction"}), "loss": (ON_TEXTS, set()),
    "gradients": (ON_TEXTS, set()), "train_step": (ON_TEXTS, set()), "generate": (ON_TEXTS, {"forced"}),
    "reconstruct": (ON_TEXTS, {"before"})}
INTEGERS = {"tokens", "lengths", "positions", "labels", "reconstruction", "forced", "prefixes", "before"}
PROPERTY_INPUTS = {"interference": {"embeddings", "replacements"}, "prefix": {"prefixes"}}


class Problem(Exception):
    """What is wrong with a case."""


def require(condition, what):
    if not condition:
        raise Problem(what)


class Recorded:
    """The request part of a manifest's entry, with its inputs; of any chapter."""

    def __init__(self, entry, vectors):
        self.entry, self.vectors = entry, vectors
        self.id, self.level, self.op, self.profile = (entry[name] for name in ("id", "level", "op", "profile"))
        # Numbers that are not integers are written as hexadecimal floating point.
        self.params = {
            name: float.fromhex(value) if isinstance(value, str) and value.lstrip("-").startswith("0x") else value
            for name, value in entry["params"].items()}
        self.input = load_file(vectors / entry["input"]["path"]) if entry["input"] else {}
        self.directory = vectors / entry["model"] if entry["model"] else None

    def floats(self):
        """Inputs that are numbers, in float64."""
        return {name: a.astype(np.float64) for name, a in self.input.items() if a.dtype == np.float32}

    def check_types(self, needed, optional, integers, booleans):
        """Names and types of the inputs."""
        require(needed <= set(self.input) <= needed | optional, f"inputs are {sorted(self.input)}")
        for name, array in self.input.items():
            dtype = np.int64 if name in integers else np.bool_ if name in booleans else np.float32
            require(array.dtype == dtype, f"type of {name}")
            if dtype == np.float32:
                # A case that the narrow types are asked starts from the same numbers in each.
                exact = not (array.view(np.uint32) & 0xFFFF).any() or not {"bf16", "f16"} & set(self.entry["dtypes"])
                require(np.isfinite(array).all() and exact, f"{name} is not exact in bf16")


class Case(Recorded):
    """A case of part I."""

    def __init__(self, entry, vectors):
        super().__init__(entry, vectors)
        self.texts = []
        if "tokens" in self.input:
            ends = np.cumsum(self.input["lengths"]).tolist()
            require(ends[-1] == len(self.input["tokens"]), "lengths do not add up")
            tokens = self.input["tokens"].tolist()
            self.texts = [tokens[end - n : end] for end, n in zip(ends, self.input["lengths"].tolist())]

    def layout(self, text):
        """The rows of one text (training layout, or what `layout` says), from the Spec."""
        make = loma_layout.generation_rows if self.params.get("layout") == "generation" else loma_layout.rows
        p = self.params
        return make(text, p["c"], p["t"], p["memory_token"], p["repetition_token"], self.profile)

    @property
    def fed(self):
        """The texts, and behind a prompt what is chosen and fed; the tokens of those do not matter."""
        chosen = max(self.params["generate"] - 1, 0) if self.op == "generate" else 0
        return [text + [0] * chosen for text in self.texts]

    @functools.cached_property
    def layouts(self):
        return [self.layout(text) for text in self.texts]

    @property
    def model(self):
        return numpy_model(self.directory)

    @property
    def families(self):
        """What a candidate must have declared to be asked this case."""
        if self.directory:
            return loma_model.families(loma_model.read(self.directory))
        if "q_norm" in self.input:
            return {"qwen3"}
        if any(name.endswith("_bias") for name in self.input):
            return {"qwen2"} if "q_proj_bias" in self.input and "o_proj_bias" not in self.input else {"biases"}
        return {self.params["rope_type"]} if "rope_type" in self.params else set()

    @property
    def integers(self):
        """Inputs that are integers, as lists."""
        return {name: a.tolist() for name, a in self.input.items() if a.dtype == np.int64}

    def check_inputs(self):
        """Names, types and shapes of the inputs, as OPS-2 to OPS-5 give them."""
        needed, optional = INPUTS[self.op]
        needed = needed | PROPERTY_INPUTS.get(self.entry.get("property"), set())
        self.check_types(needed, optional, INTEGERS, {"mask"})
        shape = {name: array.shape for name, array in self.input.items()}
        rows = {"rms_norm": "x", "rope": "x", "attention": "q", "feed_forward": "x", "decoder_layer": "x"}.get(self.op)
        s = shape[rows][0] if rows else None
        if self.op == "rms_norm":
            require(shape["gain"] == shape["x"][1:], "shape of gain")
        if self.op == "feed_forward":
            require(shape["gate"] == shape["up"] == shape["down"][::-1] and shape["gate"][1] == shape["x"][1], "shapes")
            biases = [name for name in shape if name.endswith("_bias")]
            require(all(shape[name] == shape[name.removesuffix("_bias")][:1] for name in biases), "shape of a bias")
        if self.op == "rope":
            require(shape["x"][1] % self.params["head_dim"] == 0 and shape["positions"] == (s,), "shapes")
        if self.op == "attention":
            d = shape["q"][1] // self.params["heads"]
            require(shape["k"] == shape["v"] == (s, d * self.params["kv_heads"]) and shape["mask"] == (s, s), "shapes")
        if self.op == "decoder_layer":
            (qd, width), inner = shape["q_proj"], shape["gate_proj"][0]
            kv = qd // self.params["heads"] * self.params["kv_heads"]
            wanted = {
                "x": (s, width), "positions": (s,), "mask": (s, s), "input_layernorm": (width,),
                "post_attention_layernorm": (width,), "q_proj": (qd, width), "k_proj": (kv, width),
                "v_proj": (kv, width), "o_proj": (width, qd), "gate_proj": (inner, width), "up_proj": (inner, width),
                "down_proj": (width, inner)}
            wanted |= {name: wanted[name.removesuffix("_bias")][:1] for name in BIASES & set(shape)}
            wanted |= {name: (qd // self.params["heads"],) for name in ("q_norm", "k_norm") if name in shape}
            require(shape == wanted, f"shapes are {shape}")
        if self.op == "cross_entropy":
            require(shape["labels"] == shape["logits"][:1], "shape of labels")
        if "embeddings" in shape:
            longest = max(map(len, self.layouts))
            require(shape["embeddings"] == (len(self.texts), longest, self.model.width), "shape of embeddings")
            if "replacements" in shape:
                require(shape["replacements"] == (longest, self.model.width), "shape of replacements")
        if "forced" in shape and self.op == "generate":
            require(shape["forced"] == (self.params["generate"],), "shape of forced")
        if self.op in ("generate", "reconstruct"):
            require(len(self.texts) == 1, "one text")
        if self.directory:
            require(self.params["model_vocabulary"] == self.model.vocabulary, "V' is not the model's")


@functools.cache
def numpy_model(directory):
    return numpy_llama.Llama(directory)


@functools.cache
def hugging_face(directory):
    """The model in float64, once the float64 forms have been seen to agree with the stock ones."""
    try:
        difference = llama64.check_replacements(directory)
    except Exception as refusal:
        raise Problem(f"Hugging Face does not load {directory.name}: {' '.join(str(refusal).split())}") from refusal
    require(difference <= STOCK_LIMIT, f"the float64 forms differ from the stock ones by {difference:.1e}")
    return llama64.Float64Llama(directory)
