"""A model directory as Hugging Face writes it, and its forward pass over the rows of one text (MOD-1, MOD-6, MOD-7)."""

import functools
import json
import os

import numpy as np

import rotations
import stages
import tensors

PLACES = {  # a layer's weights (MOD-1)
    "input_layernorm": "input_layernorm", "q_proj": "self_attn.q_proj", "k_proj": "self_attn.k_proj",
    "v_proj": "self_attn.v_proj", "o_proj": "self_attn.o_proj",
    "post_attention_layernorm": "post_attention_layernorm", "gate_proj": "mlp.gate_proj", "up_proj": "mlp.up_proj",
    "down_proj": "mlp.down_proj",
}
FAMILIES = ("linear", "dynamic", "llama3", "yarn", "biases", "mistral", "qwen2", "qwen3")
PLAIN = {  # keys that change the arithmetic, and the values that are computed
    "model_type": ("llama", "mistral", "qwen2", "qwen3"), "hidden_act": ("silu", "swish"), "pretraining_tp": (1, None),
    "quantization_config": (None,),
}
ATTENTION, FEED_FORWARD = ("q_proj", "k_proj", "v_proj", "o_proj"), ("gate_proj", "up_proj", "down_proj")


class Config:
    """config.json; an absent key has Hugging Face's default. `refusal` is the code with which the model is refused."""

    def __init__(self, given):
        family = given.get("model_type", "llama")
        if family == "qwen3":
            given = {"head_dim": 128, **given}
        self.refusal = None
        if any(self.unsupported(given, family)):
            self.refusal = "unsupported-configuration"
        self.vocabulary = given["vocab_size"]
        self.width = given["hidden_size"]
        self.layers = given["num_hidden_layers"]
        heads = given["num_attention_heads"]
        kv_heads = given.get("num_key_value_heads") or heads
        head_dim = given.get("head_dim") or self.width // heads
        try:
            rope = rotations.read(given)
        except rotations.Refused as refused:
            rope, self.refusal = None, self.refusal or str(refused)
        if heads % kv_heads or head_dim % 2:
            self.refusal = self.refusal or "invalid-configuration"
        if family != "llama" and given.get("num_key_value_heads") is None:
            self.refusal = self.refusal or "invalid-configuration"
        epsilon = given.get("rms_norm_eps", 1e-6)
        self.shape = stages.Shape(heads, kv_heads, head_dim, epsilon, rope)
        self.tied = given.get("tie_word_embeddings", False)
        self.limit = self.positions(given, family, rope)
        self.places = dict(PLACES)  # a layer's parameters: short names, and names without model.layers.N and .weight
        for name in self.biases(given, family):
            self.places[name + "_bias"] = PLACES[name] + ".bias"
        if family == "qwen3":
            self.places |= {"q_norm": "self_attn.q_norm", "k_norm": "self_attn.k_norm"}

    def unsupported(self, given, family):
        """Whether a key says what is not computed, key by key."""
        yield from (given.get(key, plain[0]) not in plain for key, plain in PLAIN.items())
        types = given.get("layer_types") or []
        yield types and len(types) != given["num_hidden_layers"]
        yield set(types) - {"full_attention"} - ({"sliding_attention"} if family != "llama" else set())
        if family == "llama":
            yield given.get("sliding_window") is not None or given.get("use_sliding_window")
        else:
            yield given.get("mlp_bias") or family == "mistral" and given.get("attention_bias")

    def biases(self, given, family):
        """The projections with a bias (MOD-10)."""
        if family == "qwen2":
            return ATTENTION[:3]
        attention = family in ("llama", "qwen3") and given.get("attention_bias")
        feed_forward = family == "llama" and given.get("mlp_bias")
        return (ATTENTION if attention else ()) + (FEED_FORWARD if feed_forward else ())

    def positions(self, given, family, rope):
        """The first position that the model cannot be asked for, or None (MOD-8, MOD-13)."""
        limits = []
        if rope and rope.kind == "dynamic":
            limits.append(given["max_position_embeddings"])
        types = given.get("layer_types") or [
            "full_attention" if n < given.get("max_window_layers", 28) else "sliding_attention"
            for n in range(self.layers)]
        if family == "mistral" or family.startswith("qwen") and given.get("use_sliding_window") and (
                "sliding_attention" in types):
            limits.append(given.get("sliding_window", 4096))
        return min((limit for limit in limits if limit is not None), default=None)

    def names(self):
        """Every layer parameter's name by layer and short name."""
        return [{short: f"model.layers.{n}.{place}" + ("" if place.endswith(".bias") else ".weight")
                 for short, place in self.places.items()} for n in range(self.layers)]


class Weights:
    """Numbers of one element type by MOD-1's names, and the same by place."""

    def __init__(self, config, flat):
        self.config, self.flat = config, flat
        self.embedding = flat["model.embed_tokens.weight"]
        self.layers = [{short: flat[name] for short, name in names.items()} for names in config.names()]
        self.norm = flat["model.norm.weight"]
        self.head = self.embedding if config.tied else flat["lm_head.weight"]


def same(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


class Model:
    """A directory; its weights are read once and rounded once for each element type."""

    def __init__(self, path):
        with open(os.path.join(path, "config.json"), encoding="utf-8") as file:
            self.given = json.load(file)
        self.config = Config(self.given)
        self.path, self.rounded = path, {}

    @functools.cached_property
    def stored(self):
        stored = tensors.load(os.path.join(self.path, "model.safetensors"))
        head = stored.pop("lm_head.weight", None) if self.config.tied else None
        self.has_two_heads = head is not None and not same(head, stored["model.embed_tokens.weight"])
        return stored

    @property
    def refusal(self):
        """The code with which the model is refused; a bias that config.json says and the file lacks is refused too, and
        a tied head that is stored as another matrix."""
        if self.config.refusal == "unsupported-configuration" or not self.config.places.keys() - PLACES:
            return self.config.refusal
        lacking = {name for names in self.config.names() for name in names.values()} - set(self.stored)
        return "unsupported-configuration" if lacking or self.has_two_heads else self.config.refusal

    def weights(self, element):
        if element.name not in self.rounded:
            self.rounded[element.name] = Weights(self.config, {
                name: element.store(w.astype(element.accumulation)) for name, w in self.stored.items()})
        return self.rounded[element.name]


MODELS = {}


def at(path):
    """The model in a folder, read again where one of its files is another."""
    files = [os.stat(os.path.join(path, name)) for name in ("config.json", "model.safetensors")]
    stamp = [(file.st_ino, file.st_size, file.st_mtime_ns) for file in files]
    if path not in MODELS or MODELS[path][0] != stamp:
        MODELS[path] = stamp, Model(path)
    return MODELS[path][1]


def run(weights, tokens, positions, seen, element, embeddings=None, past=None):
    """Every intermediate of MOD-7 for S rows; seen is [S, keys], keys of the past first."""
    shape = weights.config.shape
    hidden = weights.embedding[tokens] if embeddings is None else embeddings
    cos, sin = stages.rotation(positions, shape.head_dim, shape.rope, element)
    trace = {"hidden.0": hidden}
    for n, w in enumerate(weights.layers):
        layer = stages.decoder_layer(hidden, w, shape, cos, sin, seen, element, None if past is None else past[n])
        hidden = layer.pop("hidden")
        for name, value in layer.items():
            trace[f"layers.{n}.{name}"] = value
        trace[f"hidden.{n + 1}"] = hidden
    trace["final_norm"] = stages.rms_norm(hidden, weights.norm, shape.epsilon, element)
    trace["logits"] = stages.linear(trace["final_norm"], weights.head, element)
    return trace
