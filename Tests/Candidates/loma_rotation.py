"""Rotary frequencies of chapter 8 and the factor of cosines and sines, rounded once from 40 digits.

At position 30,000 one unit in the last place of a frequency would show in an angle. The formulas are those of
transformers 5.23, modeling_rope_utils.py, as functions of exact numbers; the doubles of a configuration are taken as
they are.
"""

import decimal
import functools
import math
import typing

PI = decimal.Decimal("3.14159265358979323846264338327950288419716939937510")


class Rotation(typing.NamedTuple):
    """What a configuration says of the rotation; members that a kind does not have are not read."""

    kind: str = "default"
    theta: float = 1e4
    factor: float = 1.0
    old: float = 0.0  # original_max_position_embeddings
    low: float = 1.0  # low_freq_factor, high_freq_factor: llama3
    high: float = 4.0
    fast: float = 32.0  # beta_fast, beta_slow, truncate, attention_factor and both mscales: yarn
    slow: float = 1.0
    truncate: bool = True
    attention: float | None = None
    mscale: float | None = None
    mscale_all_dim: float | None = None


NAMES = {  # of a rope object's members, and of a stage's parameters, in Rotation
    "factor": "factor", "low_freq_factor": "low", "high_freq_factor": "high", "beta_fast": "fast", "beta_slow": "slow",
    "truncate": "truncate", "attention_factor": "attention", "mscale": "mscale", "mscale_all_dim": "mscale_all_dim",
    "original_max_position_embeddings": "old"}


def of_stage(params):
    """The rotation of a stage (OPS-3)."""
    given = {NAMES[name]: value for name, value in params.items() if name in NAMES}
    return Rotation(params.get("rope_type", "default"), params["theta"], **given)


def of(rotation):
    """A number is the θ of plain rotation."""
    return rotation if isinstance(rotation, Rotation) else Rotation(theta=rotation)


def scale(factor, x=1):
    """μ(x) of yarn."""
    return 1 if factor <= 1 else decimal.Decimal(x) * factor.ln() / 10 + 1


def yarn_factor(rotation):
    """a: what cosines and sines of queries and keys are multiplied by."""
    if rotation.attention is not None:
        return decimal.Decimal(rotation.attention)
    factor = decimal.Decimal(rotation.factor)
    if rotation.mscale and rotation.mscale_all_dim:
        return decimal.Decimal(scale(factor, rotation.mscale)) / scale(factor, rotation.mscale_all_dim)
    return decimal.Decimal(scale(factor))


def yarn_border(rotation, head_dim, turns):
    """dim(r): the place whose frequency makes so many turns over the old length."""
    ratio = decimal.Decimal(rotation.old) / (2 * PI * decimal.Decimal(turns))
    return head_dim * ratio.ln() / (2 * decimal.Decimal(rotation.theta).ln())


def smoothed(rotation, f):
    """llama3, one frequency."""
    old, low, high, factor = map(decimal.Decimal, (rotation.old, rotation.low, rotation.high, rotation.factor))
    wave = 2 * PI / f
    if wave < old / high:
        return f
    if wave > old / low:
        return f / factor
    share = (old / wave - low) / (high - low)
    return (1 - share) * f / factor + share * f


def ramped(rotation, head_dim, plain):
    """yarn, all frequencies."""
    first, last = (yarn_border(rotation, head_dim, turns) for turns in (rotation.fast, rotation.slow))
    if rotation.truncate:
        first, last = decimal.Decimal(math.floor(first)), decimal.Decimal(math.ceil(last))
    first, last = max(first, decimal.Decimal(0)), min(last, decimal.Decimal(head_dim - 1))
    if first == last:
        last += decimal.Decimal("0.001")
    factor, found = decimal.Decimal(rotation.factor), []
    for i, f in enumerate(plain):
        share = min(max((i - first) / (last - first), decimal.Decimal(0)), decimal.Decimal(1))
        found.append(f / factor * share + f * (1 - share))
    return found


@functools.cache
def frequencies(rotation, head_dim):
    """g_i for 0 ≤ i < d/2 as doubles, and a. `dynamic` is plain here: positions from its maximum on are refused."""
    rotation = of(rotation)
    with decimal.localcontext(prec=40):
        theta, factor = decimal.Decimal(rotation.theta), decimal.Decimal(rotation.factor)
        plain = [theta ** decimal.Decimal(-2 * i / head_dim) for i in range(head_dim // 2)]
        if rotation.kind == "linear":
            plain = [f / factor for f in plain]
        if rotation.kind == "llama3":
            plain = [smoothed(rotation, f) for f in plain]
        if rotation.kind == "yarn":
            return tuple(map(float, ramped(rotation, head_dim, plain))), float(yarn_factor(rotation))
        return tuple(map(float, plain)), 1.0
