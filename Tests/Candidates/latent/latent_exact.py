"""What chapters 17 and 18 say exactly: codes by a third computation in fractions, the theorems of QNT-5, axes and codes
of the Spec's lists, producers and bits, and the commands that the Spec shows."""

import inspect
import json
import pathlib
import re
from fractions import Fraction

import numpy as np
import torch

import latent_model  # first: it makes the modules of the folder above known
import latent_numpy
import latent_structure
import latent_torch
import loma_model
import loma_structure
from tally import LIMIT, listed_codes

NAMES = {"latent": "latent_width", "rotated": "rotated_width"}  # options of loma compute, as requests name them
SPEC = pathlib.Path(__file__).resolve().parents[3] / "Spec"


def in_fractions(x, bits, setting):
    """Code and value of each number of one group (QNT-1 to QNT-3), each operation exact and then rounded once."""
    if setting.symmetric:
        most = 2 ** (bits - 1) - 1
        least, lower, step = -most, 0.0, float(Fraction(max(map(abs, x))) / most)
    else:
        least, most, lower = 0, 2**bits - 1, min(x)
        step = float(Fraction(float(Fraction(max(x)) - Fraction(lower))) / most)
    if setting.rounded:
        lower, step = (torch.tensor(scale, dtype=torch.float64).bfloat16().item() for scale in (lower, step))
    codes = []
    for number in x:
        quotient = Fraction(float(Fraction(number) - Fraction(lower))) / Fraction(step) if step else 0
        codes.append(min(max(round(Fraction(float(quotient))), least), most))  # round() takes halves to even
    return codes, [float(Fraction(lower) + Fraction(float(Fraction(step) * code))) for code in codes]


def check_quantiser(draw, tally):
    """Codes by NumPy, PyTorch and fractions; the theorems of QNT-5."""
    profile = {"quantiser": draw.choice(["asymmetric", "symmetric"]),
               "scale_rounding": draw.choice(["none", "none", "bf16"])}
    setting = latent_structure.Setting({}, profile)
    bits, group = draw.choice([1 + setting.symmetric, 2, 3, 4, 8, 16, 24]), draw.randint(1, 6)
    numbers = np.random.default_rng(draw.randrange(2**32))
    x = numbers.normal(size=(draw.randint(1, 4), group * draw.randint(1, 3))) * 10.0 ** draw.randint(-3, 3)
    if draw.random() < 0.4:  # few bits, so that halves and equal numbers occur
        x = np.round(numbers.normal(size=x.shape) * 2) / 2
    found = latent_numpy.Quantised(x, bits, group, setting)
    values = found.values()
    codes, theirs, lower, step = latent_torch.quantise(torch.tensor(x), bits, group, setting)
    tally.holds("QNT-1 to QNT-3, NumPy and PyTorch", (found.codes == codes.numpy()).all(), profile, bits, group)
    tally.holds("QNT-1 to QNT-3, NumPy and PyTorch", (found.lower == lower.numpy()).all()
                and (found.step == step.numpy()).all() and (values == theirs.numpy()).all())
    parts = x.reshape(-1, group)
    exact = [in_fractions(part.tolist(), bits, setting) for part in parts]
    tally.holds("QNT-1 to QNT-3, fractions", found.codes.reshape(parts.shape).tolist() == [c for c, _ in exact],
                profile, bits, x)
    tally.holds("QNT-1 to QNT-3, fractions", values.reshape(parts.shape).tolist() == [v for _, v in exact])
    if setting.rounded:
        return
    steps, read = found.step.reshape(-1, 1), values.reshape(parts.shape)
    tally.holds("QNT-5 half a step", (np.abs(read - parts) <= steps / 2 + 1e-15 * np.abs(parts).max()).all())
    kept = (read == 0)[parts == 0].all() if setting.symmetric else (read.min(1) == parts.min(1)).all()
    tally.holds("QNT-5 what is kept", kept)
    again = latent_numpy.Quantised(values, bits, group, setting)
    # With many bits a step is as small as the rounding of what was read.
    tally.near("QNT-5 twice is once", again.values(), values, limit=LIMIT + 2.0 ** (bits - 50))
    tally.holds("QNT-1 range", (setting.symmetric or found.codes.min() >= 0)
                and np.abs(found.codes).max() <= 2 ** (bits - setting.symmetric) - 1)


def check_examples(tally):
    """The picture of chapter 18, and groups of equal numbers."""
    base, symmetric = (latent_structure.Setting({}, {"quantiser": word}) for word in ("asymmetric", "symmetric"))
    x = np.array([[0, 0.5, 1.5, 2.5, 3]])
    picture = latent_numpy.Quantised(x, 2, 5, base)
    tally.holds("QNT-1 picture", picture.codes.tolist() == [[0, 0, 2, 2, 3]] and picture.step.tolist() == [[1.0]])
    tally.holds("QNT-1 picture", picture.margin().tolist() == [[0.5, 0, 0, 0, 0.5]])
    equal = latent_numpy.Quantised(np.array([[3.0, 3.0], [0.0, 0.0]]), 4, 2, base)
    tally.holds("QNT-1 equal numbers", equal.values().tolist() == [[3, 3], [0, 0]] and not equal.codes.any())
    none = latent_numpy.Quantised(np.zeros((1, 3)), 2, 3, symmetric)
    tally.holds("QNT-2 zeros", not none.values().any() and not none.codes.any())


def check_lists(tally):
    """Codes and axes are those of the Spec, in their order."""
    codes = listed_codes((SPEC / "peers-rejections.md").read_text(), "## Chapters 17 and 18")
    parts = (loma_structure.axis_faults, latent_structure.size_faults, latent_structure.rejections,
             latent_model.refusal, loma_model.refusal)
    code = "".join(map(inspect.getsource, parts))
    found = set(re.findall(r'(?:yield|return) "([a-z-]+)"', code))
    tally.holds("LAT-1, LAT-10 codes of the list", found == set(codes) - {"repeated-axis"}, found)
    order = re.findall(r'yield "([a-z-]+)"', inspect.getsource(latent_structure.size_faults))
    tally.holds("LAT-1, LAT-10 codes of the list", order == sorted(order, key=codes.index), order)
    axes = re.findall(r"^\| `(\w+)` \| `(\w+)` \| `(\w+)` \|", (SPEC / "17-lat.md").read_text(), re.MULTILINE)
    tally.holds("LAT-1 axes", {axis: values for axis, *values in axes} == {
        axis: list(values) for axis, values in latent_structure.AXES.items()}, axes)


def check_names(tally):
    """LAT-10's table and LAT-8, written out for three layers of which the second is a consumer."""
    sizes = {"num_attention_heads": 2, "hidden_size": 12, "head_dim": 4, "num_key_value_heads": 1,
             "qk_nope_head_dim": 3, "qk_rope_head_dim": 2, "v_head_dim": 5, "kv_lora_rank": 6}
    always = {"q_proj": (10, 12), "o_proj": (12, 10)}
    down, norm, up = {"kv_a_proj_with_mqa": (8, 12)}, {"kv_a_layernorm": (6,)}, {"kv_b_proj": (16, 6)}
    low = {"q_a_proj": (7, 12), "q_a_layernorm": (7,), "q_b_proj": (10, 7), "o_proj": (12, 10)}
    heads, both = {"q_proj": (8, 12), "o_proj": (12, 8)}, {"k_proj": (4, 12), "v_proj": (4, 12)}
    for profile, query, writer, consumer in (
            ({}, None, always | down | norm | up, always | up),
            ({}, 7, low | down | norm | up, low | up),
            ({"up_projection": "shared"}, None, always | down | norm | up, always),
            ({"latent_norm": "off"}, None, always | down | up, always | up),
            ({"entries": "heads", "latent_norm": "off"}, None, heads | both, heads)):
        setting = latent_structure.Setting({"stride": 2}, profile)
        config = sizes | {"q_lora_rank": query}
        found = [latent_structure.attention_shapes(config, setting, layer) for layer in range(3)]
        tally.holds("LAT-8, LAT-10 names", found == [writer, consumer, writer], profile, found)


def check_cost(draw, tally):
    """LAT-2 by walking through the layers, LAT-11 by adding up numbers, and codes for what does not fit."""
    layers, stride = draw.randint(1, 9), draw.randint(1, 5)
    group, groups, rotated = draw.randint(1, 4), draw.randint(1, 3), 2 * draw.randint(0, 3)
    params = {"layers": layers, "stride": stride, "bits": draw.choice([0, 2, 4, 8]), "latent_width": group * groups,
              "rotated_bits": draw.choice([0, 3]), "rotated_width": rotated, "group": group, "kv_heads": 2,
              "head_dim": 6}
    profile = {"quantiser": draw.choice(["asymmetric", "symmetric"]), "entries": draw.choice(["latent", "heads"])}
    producer, own = [], 0
    for layer in range(layers):
        own = layer if layer >= own + stride else own
        producer.append(own)
    numbers = [(params["bits"], group)] * groups + [(params["rotated_bits"], rotated)] * (rotated > 0)
    scales = 1 if profile["quantiser"] == "symmetric" else 2
    each = sum(count * bits + 16 * scales if bits else count * 16 for bits, count in numbers)
    if profile["entries"] == "heads":
        each = 2 * 2 * 6 * 16
    found = {name: value for name, (value, _) in latent_structure.cost(params, profile).items()}
    tally.holds("LAT-2, LAT-11", found == {"producers": producer, "bits": each * len(set(producer))}, params, found)


def answered(name, options):
    """What `loma compute NAME` is to print: a list, a number, a line, or the code of a rejection."""
    words = [word.split("=") for word in options.pop("profile", "").split(",") if word]
    if len(words) > len({axis for axis, _ in words}):
        return "repeated-axis"
    profile, x = dict(words), json.loads(f"[{options.pop('x', '')}]")
    params = {NAMES.get(option, option): int(value) for option, value in options.items()}
    if name in ("quantise", "quantiser_codes"):
        params.setdefault("group", len(x))
        if name == "quantise" and not params["bits"]:
            return x
        if code := next(latent_structure.rejections("quantise", params, profile, {"width": len(x)}, None), None):
            return code
        setting = latent_structure.Setting({}, profile)
        found = latent_numpy.Quantised(np.array([x]), params["bits"], params["group"], setting)
        if name == "quantise":
            return found.values()[0].tolist()
        return f"lo {found.lower[0, 0]} step {found.step[0, 0]} codes {found.codes[0].tolist()}"
    if name == "latent_bits":
        if code := next(latent_structure.rejections("latent_cost", params, profile, {}, None), None):
            return code
        return latent_structure.cost(params, profile)["bits"][0]
    if name == "latent_producers":
        setting = latent_structure.Setting(params, profile)
        return [setting.producer(layer) for layer in range(params["layers"])]
    raise AssertionError(f"the Spec shows loma compute {name}, which is not computed here")


def check_commands(tally):
    """Every command that both chapters show, and what stands below it."""
    for chapter in ("17-lat.md", "18-qnt.md"):
        blocks = re.findall(r"^```console\n(.*?)^```", (SPEC / chapter).read_text(), re.MULTILINE | re.DOTALL)
        for shown in re.split(r"^\$ ", "".join(blocks), flags=re.MULTILINE)[1:]:
            command, *lines = shown.splitlines()
            _, verb, name, *words = command.split()
            if verb != "compute":
                continue
            found = answered(name, {word.removeprefix("--").replace("-", "_"): value
                                    for word, value in zip(words[::2], words[1::2])})
            if lines[-1] == "(exit 2)":
                right = lines[0].startswith(f"loma: {found}: ")
            else:
                right = found == (lines[0] if isinstance(found, str) else json.loads(lines[0]))
            tally.holds("commands of the Spec", right, command, lines, found)
