"""config.json of a model (chapter 8), from the Spec's text: its sizes with their defaults, what its family adds to
plain Llama, and why it is refused.

Keys and defaults are those of transformers 5.23 for `model_type` llama, mistral, qwen2 and qwen3.
"""

import json
import pathlib
import typing

from loma_rotation import NAMES, Rotation

# What a candidate may declare beside plain Llama (RUN-2).
FAMILIES = ("linear", "dynamic", "llama3", "yarn", "biases", "mistral", "qwen2", "qwen3")
ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
FEED_FORWARD = ("gate_proj", "up_proj", "down_proj")
OFF = (False, None)
PLAIN = {  # a key that would change the arithmetic, and the values that do not, in a plain Llama
    "model_type": ("llama", None), "hidden_act": ("silu", "swish"), "attention_bias": OFF, "mlp_bias": OFF,
    "sliding_window": (None,), "use_sliding_window": OFF, "pretraining_tp": (1, None), "quantization_config": (None,),
    "partial_rotary_factor": (1, None)}
COMPUTED = {  # the same by model_type
    "llama": PLAIN | {"attention_bias": (*OFF, True), "mlp_bias": (*OFF, True)},
    "mistral": PLAIN | {"model_type": ("mistral",)},
    "qwen2": PLAIN | {"model_type": ("qwen2",), "attention_bias": (*OFF, True)},
    "qwen3": PLAIN | {"model_type": ("qwen3",), "attention_bias": (*OFF, True)}}
WINDOWED = ("sliding_window", "use_sliding_window")  # limits of positions in the others, and no refusal
ANY_KIND = {"rope_type", "type", "rope_theta", "partial_rotary_factor"}
OLD = "original_max_position_embeddings"
MEMBERS = {  # of a rope object of each kind: those it must have, and those it may
    "default": (set(), set()), "linear": ({"factor"}, set()), "dynamic": ({"factor"}, {OLD}),
    "llama3": ({"factor", "low_freq_factor", "high_freq_factor"}, {OLD}),
    "yarn": ({"factor"}, {OLD, "attention_factor", "beta_fast", "beta_slow", "mscale", "mscale_all_dim", "truncate",
                          "finetuned"})}


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


def old_length(given):
    """Of two that differ the one at the top; they are refused. Without any it is `max_position_embeddings`."""
    inner = rope_object(given).get(OLD)
    return next((x for x in (given.get(OLD), inner, given.get("max_position_embeddings")) if x is not None), None)


def rotation(given):
    """The rotation of a configuration that is not refused."""
    rope = rope_object(given)
    theta, old = rope.get("rope_theta", given.get("rope_theta")), old_length(given)
    members = {NAMES[key]: value if isinstance(value, bool) else float(value) for key, value in rope.items()
               if key in NAMES and value is not None}
    if kind_of(rope) == "yarn" and rope.get("factor") is None:
        members["factor"] = given["max_position_embeddings"] / old
    return Rotation(kind_of(rope), 1e4 if theta is None else float(theta), **{**members, "old": float(old or 0)})


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
        kinds = given.get("layer_types")
        if kinds is None:
            first = given.get("max_window_layers", 28)
            kinds = ["sliding_attention" if n >= first else "full_attention" for n in range(given["num_hidden_layers"])]
        return given.get("sliding_window", 4096) if "sliding_attention" in kinds else None
    return None


def families(given):
    """What a candidate must have declared to be asked a model with this configuration."""
    family = given.get("model_type") or "llama"
    found = {kind_of(rope_object(given))} & set(FAMILIES)
    return found | ({family} - {"llama"}) | ({"biases"} if family == "llama" and biases(given) else set())


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
    unsupported, invalid = "unsupported-configuration", "invalid-configuration"
    name = "rope_scaling" if given.get("rope_scaling") else "rope_parameters"
    rope = rope_object(given)
    if not isinstance(rope, dict) or any(isinstance(value, dict) for value in rope.values()):
        yield Refusal(unsupported, name, rope)
        return
    kind = kind_of(rope)
    if kind not in MEMBERS:
        yield Refusal(unsupported, f"{name}.rope_type", kind)
        return
    if rope.get("partial_rotary_factor", 1) not in (1, None):
        yield Refusal(unsupported, f"{name}.partial_rotary_factor", rope["partial_rotary_factor"])
    needed, optional = MEMBERS[kind]
    for key in rope:
        if key not in ANY_KIND | needed | optional:
            yield Refusal(unsupported, f"{name}.{key}", rope[key])
    longest = given.get("max_position_embeddings")
    if kind != "default" and longest is None:
        yield Refusal(unsupported, "max_position_embeddings", None)
    if kind not in ("default", "linear") and None not in (given.get(OLD), rope.get(OLD)) and given[OLD] != rope[OLD]:
        yield Refusal(unsupported, OLD, given[OLD])
    if kind == "dynamic" and old_length(given) != longest:
        yield Refusal(unsupported, OLD, old_length(given))
    for key in sorted(needed):
        if key not in rope or rope[key] is None and kind != "yarn":
            yield Refusal(invalid, f"{name}.{key}", rope.get(key))
    for key in sorted(set(NAMES) & set(rope) - {"truncate"}):
        if isinstance(rope[key], (str, bool)):
            yield Refusal(invalid, f"{name}.{key}", rope[key])


def refusals(given, declared=FAMILIES):
    """Every reason why a configuration is refused by one who knows these families."""
    unsupported, invalid = "unsupported-configuration", "invalid-configuration"
    family = given.get("model_type") or "llama"
    if family not in COMPUTED:
        yield Refusal(unsupported, "model_type", family)
        return
    for key, values in COMPUTED[family].items():
        if key in given and given[key] not in values and not (family != "llama" and key in WINDOWED):
            yield Refusal(unsupported, key, given[key])
    kinds = given.get("layer_types")
    for kind in kinds or ():
        if kind not in ("full_attention", *["sliding_attention"] * (family != "llama")):
            yield Refusal(unsupported, "layer_types", kind)
    if kinds is not None and len(kinds) != given["num_hidden_layers"]:
        yield Refusal(unsupported, "layer_types", len(kinds))
    yield from rope_refusals(given)
    for missing in sorted(families(given) - set(declared)) if isinstance(rope_object(given), dict) else ():
        yield Refusal(unsupported, "families", missing)
    heads, width = given["num_attention_heads"], given["hidden_size"]
    if family != "llama" and given.get("num_key_value_heads") is None:
        yield Refusal(invalid, "num_key_value_heads", None)
    kv_heads = given.get("num_key_value_heads") or heads
    head_dim = given.get("head_dim") or (128 if family == "qwen3" else width // heads)
    if heads % kv_heads:
        yield Refusal(invalid, "num_key_value_heads", kv_heads)
    if head_dim % 2:
        yield Refusal(invalid, "head_dim", head_dim)


def header(path):
    """The header of a file of tensors, and where its bytes begin."""
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        return json.loads(file.read(size)), 8 + size


def places(directory):
    """The file of each of a directory's tensors, of one file or of shards."""
    directory = pathlib.Path(directory)
    index = directory / "model.safetensors.index.json"
    if index.is_file():
        return {name: directory / file for name, file in json.loads(index.read_text())["weight_map"].items()}
    return dict.fromkeys(header(directory / "model.safetensors")[0], directory / "model.safetensors")


def stored_names(directory):
    """The names of a directory's tensors, of one file or of shards."""
    return set(places(directory))


def stored(path, name):
    """Element type, shape and bytes of a tensor."""
    found, start = header(path)
    entry = found[name]
    begin, end = entry["data_offsets"]
    with open(path, "rb") as file:
        file.seek(start + begin)
        return entry["dtype"], entry["shape"], file.read(end - begin)


def has_two_heads(directory, given):
    """Whether the head of a tied model is stored, and is not the embedding (MOD-6)."""
    if given.get("tie_word_embeddings") is not True:
        return False
    files, names = places(directory), ("lm_head.weight", "model.embed_tokens.weight")
    if not set(names) <= set(files):
        return False
    head, table = (stored(files[name], name) for name in names)
    return head != table


def refusal(directory, declared=()):
    """The code with which a model is refused by one who knows these families, or None. A configuration that says
    biases that the files lack is refused too, and a tied head that is stored as another matrix."""
    given = read(directory)
    found = {refusal.code for refusal in refusals(given, declared)}
    needed = {f"{name}.bias" for name in biases(given)}
    lacking = needed and needed - {".".join(name.split(".")[-2:]) for name in stored_names(directory)}
    if lacking or has_two_heads(directory, given) or "unsupported-configuration" in found:
        return "unsupported-configuration"
    if found:
        return "invalid-configuration"
    return None


def reaches(directory, layouts):
    """Whether every row of these layouts stands at a position that the model can be asked for."""
    limit = settings(directory)["positions_below"]
    return limit is None or all(row["position"] < limit for rows in layouts for row in rows)
