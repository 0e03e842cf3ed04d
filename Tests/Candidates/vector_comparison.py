"""Recorded tensors, rejections and texts against their recomputation."""

import numpy as np

import loma_model
import loma_structure
from vector_case import require

LIMIT = 1e-12
UNITS = (".accumulation", ".rounding")
MARGIN = ".margin"  # of a code to the next (QNT-1)
NUMBERS = {"structure": "exact", "stage": "derived"}  # how numbers of a level are compared; elsewhere `calibrated`


def difference(name, got, expected):
    """The largest difference relative to the largest recorded value; integers and booleans must be equal."""
    require(expected.shape == got.shape, f"{name}: shape {expected.shape}, recomputed {got.shape}")
    if expected.dtype != np.float64:
        require(expected.dtype == got.dtype, f"{name}: type {expected.dtype}, recomputed {got.dtype}")
        wrong = np.argwhere(expected != got)
        require(len(wrong) == 0, f"{name}: {len(wrong)} differ, at {wrong[:1].tolist()} first")
        return 0.0
    require(got.dtype == np.float64, f"{name}: recomputed {got.dtype}")
    require(np.isfinite(expected).all(), f"{name}: not finite")
    compared = ~np.ma.getmaskarray(got)
    got, expected = np.ma.getdata(got)[compared], expected[compared]
    require(np.isfinite(got).all(), f"{name}: recomputed values are not finite")
    if name.endswith("probabilities"):
        require((expected[got == 0] == 0).all(), f"{name}: a hidden key has a probability")
    if got.size == 0:
        return 0.0
    scale = np.abs(expected).max()
    return float(np.abs(got - expected).max() / (scale or 1.0))


def check_units(case, expected, values, tally):
    """At the stage level every number has the units of its bound beside it; elsewhere none has."""
    units = {name for name in expected if name.endswith(UNITS)}
    numbers = {name for name in values if expected[name].dtype == np.float64} if case.level == "stage" else set()
    wanted = {name + unit for name in numbers for unit in UNITS}
    require(units == wanted, f"units of bounds are {sorted(units)}")
    for name in units:
        array = expected[name]
        require(array.dtype == np.float64, f"type of {name}")
        require(array.shape == expected[name.rsplit(".", 1)[0]].shape, f"shape of {name}")
        require(np.isfinite(array).all() and (array >= 0).all(), f"{name} is negative or not finite")
        tally["units"] += 1


def check_tensors(case, expected, tally, answers, all_units=False):
    """Every recorded tensor against every recomputation of it; every tensor must have at least one, and with
    `all_units` every unit too."""
    values = {name for name in expected if not name.endswith((*UNITS, MARGIN))}
    rules = case.entry["rules"]
    require(values == set(rules), f"rules are for {sorted(rules)}, tensors are {sorted(values)}")
    for name in values:
        right = "exact" if expected[name].dtype != np.float64 else NUMBERS.get(case.level, "calibrated")
        require(rules[name] == right, f"rule of {name} is {rules[name]}")
    check_units(case, expected, values, tally)
    worst, seen = 0.0, set()
    for who, answer in answers:
        require(set(answer) <= set(expected), f"{who}: {sorted(set(answer) - set(expected))} not recorded")
        for name, got in answer.items():
            error = difference(name, got, expected[name])
            require(error <= LIMIT, f"{who}: {name} differs by {error:.1e}")
            worst = max(worst, error)
            tally["comparisons"] += 1
        seen |= set(answer)
    wanted = {name for name in expected if all_units or not name.endswith(UNITS)}
    require(seen >= wanted, f"not recomputed: {sorted(wanted - seen)}")
    tally["tensors"] += len(wanted)
    return worst


def plain(array):
    """As structure.json writes it: nested lists, a line of booleans as a string of 0 and 1."""
    if array.dtype == bool and array.ndim == 1:
        return "".join("01"[int(b)] for b in array)
    return [plain(part) for part in array] if array.dtype == bool else array.tolist()


def check_text(case, text, expected):
    """The entry of structure.json against the safetensors files."""
    require(text is not None, "not in structure.json")
    require([text[k] for k in ("op", "profile", "params")] == [case.entry[k] for k in ("op", "profile", "params")],
            "structure.json has another request")
    for part, arrays in (("input", case.input), ("expected", expected)):
        require(text[part] == {name: plain(a) for name, a in arrays.items()}, f"structure.json has another {part}")


def faults(case):
    """The codes with which a program that computes every family rejects a case, in the order of the Spec's list."""
    codes = list(loma_structure.rejections(
        case.op, {"c": 1, "t": 1, **case.params}, case.profile, case.texts, case.integers,
        case.directory and loma_model.refusal(case.directory, loma_model.FAMILIES)))
    if not codes and case.directory and not loma_model.reaches(case.directory, map(case.layout, case.fed)):
        codes = ["unsupported-configuration"]
    return codes


def check_rejection(case):
    """The code is the one whose clause comes first (OPS-6)."""
    codes = faults(case)
    require(codes[:1] == [case.entry["rejection"]], f"{case.entry['rejection']} is recorded, the Spec gives {codes}")
