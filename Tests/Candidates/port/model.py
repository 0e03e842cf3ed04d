"""A model directory as Hugging Face writes it, and its forward pass over the rows of one text (MOD-1, MOD-6, MOD-7)."""

import json
import os

import numpy as np

import stages
import tensors

PLACES = {  # a layer's weights (MOD-1)
    "input_layernorm": "input_layernorm", "q_proj": "self_attn.q_proj", "k_proj": "self_attn.k_proj",
    "v_proj": "self_attn.v_proj", "o_proj": "self_attn.o_proj",
    "post_attention_layernorm": "post_attention_layernorm", "gate_proj": "mlp.gate_proj", "up_proj": "mlp.up_proj",
    "down_proj": "mlp.down_proj",
}
PLAIN = {"attention_bias": (False,), "mlp_bias": (False,), "sliding_window": (None,), "hidden_act": ("silu",)}


class Config:
    """config.json; an absent key has Hugging Face's default. `refusal` is the code with which the model is refused."""

    def __init__(self, given):
        self.refusal = None
        if any(key in given and given[key] not in plain for key, plain in PLAIN.items()):
            self.refusal = "unsupported-configuration"
        rope = given.get("rope_parameters") or {}
        for scaling in (rope, given.get("rope_scaling") or {}):
            if scaling.get("rope_type", scaling.get("type", "default")) != "default":
                self.refusal = "unsupported-configuration"
        self.vocabulary = given["vocab_size"]
        self.width = given["hidden_size"]
        self.layers = given["num_hidden_layers"]
        heads = given["num_attention_heads"]
        kv_heads = given.get("num_key_value_heads") or heads
        head_dim = given.get("head_dim") or self.width // heads
        if heads % kv_heads or head_dim % 2:
            self.refusal = self.refusal or "invalid-configuration"
        epsilon = given.get("rms_norm_eps", 1e-6)
        theta = given.get("rope_theta", rope.get("rope_theta", 10000.0))
        self.shape = stages.Shape(heads, kv_heads, head_dim, epsilon, theta)
        self.tied = given.get("tie_word_embeddings", False)


class Weights:
    """Numbers of one element type by MOD-1's names, and the same by place."""

    def __init__(self, config, flat):
        self.config, self.flat = config, flat
        self.embedding = flat["model.embed_tokens.weight"]
        self.layers = [{short: flat[f"model.layers.{n}.{place}.weight"] for short, place in PLACES.items()}
                       for n in range(config.layers)]
        self.norm = flat["model.norm.weight"]
        self.head = self.embedding if config.tied else flat["lm_head.weight"]


class Model:
    """A directory; its weights are read once and rounded once for each element type."""

    def __init__(self, path):
        with open(os.path.join(path, "config.json"), encoding="utf-8") as file:
            self.given = json.load(file)
        self.config = Config(self.given)
        self.path, self.stored, self.rounded = path, None, {}

    def weights(self, element):
        if self.stored is None:
            self.stored = tensors.load(os.path.join(self.path, "model.safetensors"))
            if self.config.tied:
                self.stored.pop("lm_head.weight", None)
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
    cos, sin = stages.rotation(positions, shape.head_dim, shape.theta, element)
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
