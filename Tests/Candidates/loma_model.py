"""config.json of a model (chapter 8), from the Spec's text: its sizes with their defaults, what its family adds to
plain Llama, and why it is refused.

Keys and defaults are those of transformers 5.23 for `model_type` llama, mistral, qwen2 and qwen3.
"""

import json
import pathlib
import typing

from loma_rotation import KINDS, Rotation

FAMILIES = ("linear", "llama3", "yarn", "biases", "qk_norm")  # what a candidate may declare beside plain Llama
ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
FEED_FORWARD = ("gate_proj", "up_proj", "down_proj")
OFF = (False, None)
PLAIN = {  # a key that would change the arithmetic, and the values that do not
    "model_type": ("llama", "mistral", "qwen2", "qwen3"), "hidden_act": ("silu", "swish"), "mlp_bias": OFF,
    "attention_bias": OFF, "sliding_window": (None,), "rope_scaling": (None,), "pretraining_tp": (1, None),
    "quantization_config": (None,), "auto_map": (None,), "partial_rotary_factor": (1, None)}
OF_EVERY_FAMILY = ("model_type", "hidden_act", "pretraining_tp", "quantization_config", "auto_map",
                   "partial_rotary_factor")
NAMES = {  # of a rope object's members in Rotation
    "factor": "factor", "low_freq_factor": "low", "high_freq_factor": "high", "beta_fast": "fast", "beta_slow": "slow",
    "truncate": "truncate", "attention_factor": "attention", "mscale": "mscale", "mscale_all_dim": "mscale_all_dim"}
ANY_KIND = {"rope_type", "type", "rope_theta", "partial_rotary_factor", "finetuned"}
MEMBERS = {  # of a rope object of each kind: those it must have, and those it may
    "default": (set(), set()), "linear": ({"factor"}, set()), "dynamic": ({"factor"}, set()),
    "llama3": ({"factor", "low_freq_factor", "high_freq_factor"}, {"original_max_position_embeddings"}),
    "yarn": ({"factor"}, {"original_max_position_embeddings", "attention_factor", "beta_fast", "beta_slow", "mscale",
                          "mscale_all_dim", "truncate"})}


class Refusal(typing.NamedTuple):
    code: str
    key: str
    value: typing.Any


def read(directory):
    return json.loads((pathlib.Path(directory) / "config.json").read_text())


def rope_object(given):
    """`rope_scaling` wins over `rope_parameters`."""
    return given.get("rope_scaling") or given.get("rope_parameters") or {}


def kind_of(rope):
    return rope.get("rope_type", rope.get("type", "default"))


def rotation(given):
    """The rotation of a configuration that is not refused."""
    rope = rope_object(given)
    theta = rope.get("rope_theta", given.get("rope_theta"))
    longest = given.get("max_position_embeddings")
    old = given.get("original_max_position_embeddings", rope.get("original_max_position_embeddings", longest))
    members = {NAMES[key]: value if isinstance(value, bool) else float(value) for key, value in rope.items()
               if key in NAMES and value is not None}
    if kind_of(rope) == "yarn" and rope.get("factor") is None:
        members["factor"] = longest / old
    return Rotation(kind_of(rope), 1e4 if theta is None else float(theta), old=float(old or 0), **members)


def biases(given):
    """The projections with a bias."""
    family, found = given.get("model_type", "llama"), ()
    if family == "qwen2":
        found = ATTENTION[:3]
    elif family in ("llama", "qwen3") and given.get("attention_bias"):
        found = ATTENTION
    return found + (FEED_FORWARD if family == "llama" and given.get("mlp_bias") else ())


def window(given):
    """A row sees no key this far behind it or farther; None is no window."""
    family = given.get("model_type", "llama")
    if family == "mistral":
        return given.get("sliding_window", 4096)
    if family in ("qwen2", "qwen3") and given.get("use_sliding_window"):
        is_of_a_layer = given.get("max_window_layers", 28) < given["num_hidden_layers"]
        return given.get("sliding_window", 4096) if is_of_a_layer else None
    return None


def families(given):
    """What a candidate must have declared to be asked a model with this configuration."""
    rotated = {kind_of(rope_object(given))} & set(FAMILIES)
    added = {"biases"} if biases(given) else set()
    return rotated | added | ({"qk_norm"} if given.get("model_type") == "qwen3" else set())


def settings(directory):
    """The keys of MOD-1 with their defaults, and what a family adds: `rotation`, `biases`, `qk_norm`, and
    `positions_below`, from where on a position is refused."""
    given = read(directory)
    heads, rotated = given["num_attention_heads"], rotation(given)
    limits = [window(given), given.get("max_position_embeddings") if rotated.kind == "dynamic" else None]
    return {
        "num_key_value_heads": heads, "rms_norm_eps": 1e-6, "tie_word_embeddings": False,
        "head_dim": 128 if given.get("model_type") == "qwen3" else given["hidden_size"] // heads,
        **{name: value for name, value in given.items() if value is not None}, "rope_theta": rotated.theta,
        "rotation": rotated, "biases": biases(given), "qk_norm": given.get("model_type") == "qwen3",
        "positions_below": min((limit for limit in limits if limit is not None), default=None)}


def rope_refusals(given):
    """What is wrong with the rotation."""
    unsupported = "unsupported-configuration"
    name = "rope_scaling" if given.get("rope_scaling") else "rope_parameters"
    rope = rope_object(given)
    if not isinstance(rope, dict) or any(isinstance(value, dict) for value in rope.values()):
        yield Refusal(unsupported, name, rope)
        return
    kind = kind_of(rope)
    if kind not in KINDS:
        yield Refusal(unsupported, f"{name}.rope_type", kind)
        return
    if rope.get("partial_rotary_factor", 1) != 1:
        yield Refusal(unsupported, f"{name}.partial_rotary_factor", rope["partial_rotary_factor"])
    needed, optional = MEMBERS[kind]
    for key in rope:
        if key not in ANY_KIND | needed | optional:
            yield Refusal(unsupported, f"{name}.{key}", rope[key])
    for key in sorted(needed):
        if key not in rope or rope[key] is None and (kind, key) != ("yarn", "factor"):
            yield Refusal("invalid-configuration", f"{name}.{key}", rope.get(key))
    for key in sorted(set(NAMES) & set(rope) - {"truncate"}):
        if isinstance(rope[key], (str, bool)):
            yield Refusal("invalid-configuration", f"{name}.{key}", rope[key])
    if kind != "default" and given.get("max_position_embeddings") is None:
        yield Refusal(unsupported, "max_position_embeddings", None)
    inner, outer = (x.get("original_max_position_embeddings") for x in (rope, given))
    if kind in ("llama3", "yarn") and None not in (inner, outer) and inner != outer:
        yield Refusal(unsupported, "original_max_position_embeddings", outer)


def refusals(given, declared=FAMILIES):
    """Every reason why a configuration is refused by one who knows these families."""
    family = given.get("model_type", "llama")
    for key in OF_EVERY_FAMILY if declared else PLAIN:
        if key in given and given[key] not in PLAIN[key]:
            yield Refusal("unsupported-configuration", key, given[key])
    yield from rope_refusals(given)
    if family == "llama" and given.get("sliding_window") is not None:
        yield Refusal("unsupported-configuration", "sliding_window", given["sliding_window"])
    for kind in given.get("layer_types") or ():
        if kind != "full_attention":
            yield Refusal("unsupported-configuration", "layer_types", kind)
    for missing in sorted(families(given) - set(declared)) if isinstance(rope_object(given), dict) else ():
        yield Refusal("unsupported-configuration", "families", missing)
    heads, width = given["num_attention_heads"], given["hidden_size"]
    if family != "llama" and "num_key_value_heads" not in given:
        yield Refusal("invalid-configuration", "num_key_value_heads", None)
    kv_heads = given.get("num_key_value_heads") or heads
    head_dim = given.get("head_dim") or (128 if family == "qwen3" else width // heads)
    if heads % kv_heads:
        yield Refusal("invalid-configuration", "num_key_value_heads", kv_heads)
    if head_dim % 2:
        yield Refusal("invalid-configuration", "head_dim", head_dim)


def stored_names(directory):
    """The names of a directory's tensors, of one file or of shards."""
    directory = pathlib.Path(directory)
    index = directory / "model.safetensors.index.json"
    if index.is_file():
        return set(json.loads(index.read_text())["weight_map"])
    with open(directory / "model.safetensors", "rb") as file:
        return set(json.loads(file.read(int.from_bytes(file.read(8), "little"))))


def refusal(directory, declared=()):
    """The code with which a model is refused by one who knows these families, or None. A configuration that says
    biases that the files lack is refused too."""
    given = read(directory)
    found = [refusal.code for refusal in refusals(given, declared)]
    needed = {f"{name}.bias" for name in biases(given)}
    if needed and needed - {".".join(name.split(".")[-2:]) for name in stored_names(directory)}:
        found.append("unsupported-configuration")
    return min(found, key=("unsupported-configuration", "invalid-configuration").index, default=None)


def reaches(directory, layouts):
    """Whether every row of these layouts stands at a position that the model can be asked for."""
    limit = settings(directory)["positions_below"]
    return limit is None or all(row["position"] < limit for rows in layouts for row in rows)
