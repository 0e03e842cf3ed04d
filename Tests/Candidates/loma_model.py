"""config.json of a model (MOD-1, MOD-4), from the Spec's text: its sizes with their defaults, and why it is refused."""

import json
import pathlib

PLAIN = {  # a key that would change the arithmetic, and the values that do not
    "hidden_act": ("silu", "swish"), "attention_bias": (False, None), "mlp_bias": (False, None),
    "sliding_window": (None,), "rope_scaling": (None,)}


def settings(directory):
    """The keys of MOD-1 with their defaults, `head_dim` and `rope_theta` found where they stand."""
    given = json.loads((pathlib.Path(directory) / "config.json").read_text())
    heads = given["num_attention_heads"]
    return {
        "num_key_value_heads": heads, "rms_norm_eps": 1e-6, "tie_word_embeddings": False,
        "head_dim": given["hidden_size"] // heads, "rope_theta": 1e4, **(given.get("rope_parameters") or {}),
        **{name: value for name, value in given.items() if value is not None}}


def refusal(directory):
    """The code with which a model is refused, or None."""
    given = json.loads((pathlib.Path(directory) / "config.json").read_text())
    if any(given.get(key, plain[0]) not in plain for key, plain in PLAIN.items()):
        return "unsupported-configuration"
    sizes = settings(directory)
    if sizes["num_attention_heads"] % sizes["num_key_value_heads"] or sizes["head_dim"] % 2:
        return "invalid-configuration"
    return None
