"""How fast the pairs of a head turn: `rope_type` of a configuration, and the frequencies that follow from it (MOD-3,
MOD-8, MOD-9)."""

import math
import typing

import numpy as np

MEMBERS = {  # what a rope object of each type must hold, and what it may hold beside
    "default": ((), ()), "linear": (("factor",), ()), "dynamic": (("factor",), ("original_max_position_embeddings",)),
    "llama3": (("factor", "low_freq_factor", "high_freq_factor"), ("original_max_position_embeddings",)),
    "yarn": (("factor",), ("original_max_position_embeddings", "attention_factor", "beta_fast", "beta_slow", "mscale",
                           "mscale_all_dim", "truncate", "finetuned")),
}
ANYWHERE = ("rope_type", "type", "rope_theta", "partial_rotary_factor")


class Rope(typing.NamedTuple):
    """A type, θ, and the members of the rope object that the type has."""

    kind: str
    theta: float
    members: dict


class Refused(Exception):
    """The rotation is none of these; the argument is the code."""


def read(given):
    """The rotation of a config.json."""
    rope = given.get("rope_scaling") or given.get("rope_parameters") or {}
    kind = rope.get("rope_type", rope.get("type", "default"))
    if kind not in MEMBERS or rope.get("partial_rotary_factor", 1) != 1 or given.get("partial_rotary_factor", 1) != 1:
        raise Refused("unsupported-configuration")
    needed, optional = MEMBERS[kind]
    if set(rope) - {*needed, *optional, *ANYWHERE}:
        raise Refused("unsupported-configuration")
    longest, old = given.get("max_position_embeddings"), rope.get("original_max_position_embeddings")
    outer = given.get("original_max_position_embeddings", old)
    if kind != "default" and (longest is None or kind != "linear" and old not in (None, outer)):
        raise Refused("unsupported-configuration")
    old = longest if outer is None else outer
    if kind == "dynamic" and old != longest:
        raise Refused("unsupported-configuration")
    members = {name: value for name, value in rope.items() if name in (*needed, *optional) and value is not None}
    if kind == "yarn" and "factor" in rope:
        members.setdefault("factor", longest / old)
    if set(needed) - set(members) or any(not isinstance(value, (int, float)) for value in members.values()):
        raise Refused("invalid-configuration")
    theta = rope.get("rope_theta", given.get("rope_theta", 10000.0))
    return Rope(kind, theta, {**members, "original_max_position_embeddings": old})


def of_stage(params):
    """The rotation of a stage (OPS-3)."""
    kind = params.get("rope_type", "default")
    names = [name for part in MEMBERS[kind] for name in part if name in params]
    return Rope(kind, params["theta"], {name: params[name] for name in names})


def frequencies(head_dim, rope):
    """g_i, [d/2], in binary64, and a, the factor of cosines and sines."""
    plain = np.array([rope.theta ** (-2 * i / head_dim) for i in range(head_dim // 2)])  # θ^(−2i/d)
    if rope.kind == "linear":
        return plain / rope.members["factor"], 1.0
    if rope.kind == "llama3":
        return llama3(plain, rope.members), 1.0
    if rope.kind == "yarn":
        return yarn(plain, head_dim, rope), yarn_factor(rope.members)
    return plain, 1.0


def llama3(plain, p):
    """Wavelengths below old/high are kept, those above old/low are multiplied, between them both are mixed."""
    old, low, high = p["original_max_position_embeddings"], p["low_freq_factor"], p["high_freq_factor"]
    waves, slow = 2 * math.pi / plain, plain / p["factor"]
    share = (old / waves - low) / (high - low)
    return np.where(waves < old / high, plain, np.where(waves > old / low, slow, (1 - share) * slow + share * plain))


def yarn(plain, head_dim, rope):
    """A ramp over the pairs, from the one that turns beta_fast times within the old length to that of beta_slow."""
    p = rope.members

    def pair(turns):
        turned = math.log(p["original_max_position_embeddings"] / (turns * 2 * math.pi))
        return head_dim * turned / (2 * math.log(rope.theta))

    first, last = pair(p.get("beta_fast") or 32), pair(p.get("beta_slow") or 1)
    if p.get("truncate", True):
        first, last = math.floor(first), math.ceil(last)
    first, last = max(first, 0), min(last, head_dim - 1)
    ramp = np.clip((np.arange(head_dim // 2) - first) / ((last - first) or 0.001), 0, 1)
    return plain / p["factor"] * ramp + plain * (1 - ramp)


def yarn_factor(p):
    """a of a configuration, or what follows from `factor`."""
    if "attention_factor" in p:
        return p["attention_factor"]

    def stretched(x):
        return 1.0 if p["factor"] <= 1 else 0.1 * x * math.log(p["factor"]) + 1

    if p.get("mscale") and p.get("mscale_all_dim"):
        return stretched(p["mscale"]) / stretched(p["mscale_all_dim"])
    return stretched(1)
