"""Rejections of both candidates: single faults, and of pairs the one that comes first (BAS-22)."""

import itertools
import pathlib

import numpy as np

import cache_protocol  # noqa: F401  first: it makes the modules of the folder above known
import cache_structure
import loma_protocol
from cache_trial import Layer, Trial, ask, orthonormal
from tally import listed_codes

HEADING = "## Chapters 19 and 20"


def check_list(tally):
    """The order of the codes is that of the Spec's table."""
    text = (pathlib.Path(__file__).resolve().parents[3] / "Spec/peers-rejections.md").read_text()
    codes = [code for code in listed_codes(text, HEADING) if code in cache_structure.ORDER]
    tally.holds("BAS-22 the list", codes == list(cache_structure.ORDER), codes)


def code_of(op, params, given, profile, model):
    """What both candidates answer, None without a fault; and that they agree."""
    try:
        ask(op, params, given, profile=profile, model=model)
    except loma_protocol.Rejected as rejected:
        return str(rejected)
    return None


def stage_requests(draw):
    """A right request of every operation, with faults as (code, what is put in its place)."""
    layer = Layer(draw, rows=9)
    layer.kv_heads, layer.heads, d = 2, 4, 4
    numbers = layer.numbers
    query, key, value = (numbers.normal(size=(9, heads * d)).astype(np.float32) for heads in (4, 2, 2))
    attention = layer.attention()
    heads = {"heads": 4, "kv_heads": 2}
    no_heads = ("invalid-heads", {"kv_heads": 3})
    vectors = numbers.normal(size=(3, d)).astype(np.float32)
    return {
        "evict": (heads | {"head_dim": d, "window": 2, "budget": 5}, {"probabilities": attention}, [
            no_heads, ("window-out-of-range", {"window": 0}), ("window-out-of-range", {"window": 10, "budget": 10}),
            ("budget-below-window", {"budget": 1}), ("invalid-heads", {"head_dim": 0}),
            ("choice-out-of-range", {"forced_choice": np.array([[0, 1, 2, 7, 9]] * 2)}),
            ("choice-out-of-range", {"forced_choice": np.array([[0, 2, 1, 7, 8]] * 2)}),
            ("cache-size-out-of-range", {"head_dim": 2**60})]),
        "zigzag_budgets": (heads | {"head_dim": d, "window": 2, "total": 10, "least": 3},
                           {"probabilities": np.array([attention] * 2)}, [
            no_heads, ("window-out-of-range", {"window": 10}), ("budget-out-of-range", {"total": 19}),
            ("budget-out-of-range", {"least": 6}), ("budget-out-of-range", {"least": 1}),
            ("invalid-heads", {"head_dim": 0})]),
        "think": (heads | {"window": 4, "pruned": 1, "recent": 2}, {"query": query, "key": key}, [
            no_heads, ("window-out-of-range", {"window": 0}), ("window-out-of-range", {"recent": -1}),
            ("pruned-out-of-range", {"pruned": 5}), ("pruned-out-of-range", {"pruned": -1}),
            ("choice-out-of-range", {"forced_choice": np.array([[4]] * 2)})]),
        "zip_cache": (heads | {"low": 3, "low_bits": 2, "high_bits": 4},
                      {"key": key, "value": value, "probabilities": attention}, [
            no_heads, ("pruned-out-of-range", {"low": 10}), ("bits-out-of-range", {"low_bits": 25}),
            ("bits-out-of-range", {"high_bits": -1}), ("choice-out-of-range", {"probe": np.array([3, 3])}),
            ("choice-out-of-range", {"forced_choice": np.array([[0, 1, 9]] * 2)})]),
        "pyramid_step": ({"heads": 4, "recent": 2, "count": 3}, {"probabilities": attention}, [
            ("invalid-heads", {"heads": 0}), ("window-out-of-range", {"recent": 0}),
            ("window-out-of-range", {"recent": 10}), ("pruned-out-of-range", {"count": -1}),
            ("choice-out-of-range", {"forced_choice": np.array([1, 1, 2, 7, 8])})]),
        "layer_distances": ({"kv_heads": 2}, {"keys": np.array([[key] * 3]), "values": np.array([[value] * 3])}, [
            ("invalid-heads", {"kv_heads": 0})]),
        "dmc": (heads | {"theta": 10000}, {"query": query, "key": key, "value": value}, [no_heads]),
        "truncate_rank": ({"rank": 2}, {"weight": key}, [
            ("rank-out-of-range", {"rank": 0}), ("rank-out-of-range", {"rank": 9})]),
        "pursue": ({"steps": 2}, {"vectors": vectors, "atoms": orthonormal(numbers, d)}, [
            ("steps-out-of-range", {"steps": -1}), ("steps-out-of-range", {"steps": 5}),
            ("dictionary-not-unit", {"atoms": np.ones((2, d), dtype=np.float32)}),
            ("choice-out-of-range", {"forced_choice": np.array([[0, 4]] * 3)})]),
        "store_noise": ({"kv_heads": 2, "sigma": (0.5).hex(), "seed": 1}, {"numbers": key}, [
            ("invalid-heads", {"kv_heads": 0}), ("sigma-out-of-range", {"sigma": (-0.5).hex()})])}


def model_requests(trial):
    """The same for `cached_forward`, by baseline; the model has two layers, two KV heads and d = 4 or so."""
    share = {"share": np.array([0, 1])}
    return {
        "none": ({}, {}, []), "dmc": ({}, {}, []),
        "eviction": ({"window": 2, "budget": 3}, {}, [
            ("window-out-of-range", {"window": 6}), ("budget-below-window", {"budget": 1})]),
        "zigzag": ({"window": 1, "total": 6, "least": 1}, {}, [("budget-out-of-range", {"total": 99})]),
        "think": ({"window": 4, "pruned": 1, "recent": 1}, {}, [("pruned-out-of-range", {"pruned": 99})]),
        "zip_cache": ({"low": 2, "low_bits": 2, "high_bits": 4}, {}, [("bits-out-of-range", {"low_bits": 25})]),
        "pyramid_infer": ({"recent": 1}, {"counts": np.array([2])}, [
            ("pruned-out-of-range", {"counts": np.array([-1])}), ("window-out-of-range", {"recent": 0})]),
        "kv_sharer": ({}, share, [("share-out-of-range", {"share": np.array([1, 1])})]),
        "lorc": ({}, {"key_ranks": np.array([1, 1]), "value_ranks": np.array([1, 2])}, [
            ("rank-out-of-range", {"key_ranks": np.array([0, 1])}),
            ("rank-out-of-range", {"value_ranks": np.array([1, 99])})]),
        "noise": ({"sigma": (0.5).hex(), "seed": 1}, {}, [("sigma-out-of-range", {"sigma": (-1.0).hex()})])}


def check_ignored(trial, tally):
    """BAS-19: what the operation does not name is ignored, however wrong it would be elsewhere."""
    stray = {"forced_choice": np.array([[9, 9]]), "probe": np.array([7, 7]), "share": np.array([5, 5]),
             "key_atoms": np.ones((2, 1, 4), dtype=np.float32), "counts": np.array([-1])}
    numbers = {"prefill": 2, "window": 0, "budget": -1, "pruned": -1, "low_bits": 99, "steps": -1, "sigma": -1}
    text = {"tokens": np.array([1, 2, 3]), "lengths": np.array([3])}
    answers = [ask("cached_forward", params, text | given, "none", trial.path)
               for params, given in (({"prefill": 2}, {}), (numbers, stray))]
    for plain, with_more in zip(*answers):
        tally.holds("BAS-19 what is ignored", all((plain[name] == with_more[name]).all() for name in plain))


def changed(params, given, change):
    """The request with a fault."""
    return ({**params, **{k: v for k, v in change.items() if not isinstance(v, np.ndarray)}},
            {**given, **{k: v for k, v in change.items() if isinstance(v, np.ndarray)}})


def check_faults(op, baseline, params, given, faults, model, tally):
    """No fault, one, and two that touch different members."""
    profile = {"baseline": baseline}
    tally.holds("BAS-22 no fault", code_of(op, params, given, profile, model) is None, op, baseline)
    for (code, change), (other, more) in itertools.combinations_with_replacement(faults, 2):
        if change is not more and set(change) & set(more):
            continue
        first = min(code, other, key=cache_structure.ORDER.index)
        found = code_of(op, *changed(params, given, change | more), profile, model)
        tally.holds("BAS-22 faults", found == first, op, baseline, change, more, found, first)
    for profile, code in (({"colour": "red"}, "unknown-axis"), ({"baseline": "zip"}, "unknown-alternative"),
                          ({} if op != "cached_forward" else {"baseline": "red"}, "unknown-alternative")):
        change = faults[0][1] if faults else {}
        found = code_of(op, *changed(params, given, change), profile, model)
        tally.holds("BAS-22 the profile", found == code, op, found, code)


def check_rejections(draw, folder, tally):
    for op, (params, given, faults) in stage_requests(draw).items():
        check_faults(op, cache_structure.BASELINE[op], params, given, faults, None, tally)
    trial = Trial(draw, folder, layers=2)
    tokens = {"tokens": np.array([1, 2, 3, 4, 5, 6]), "lengths": np.array([6])}
    of_text = [("prefill-out-of-range", {"prefill": 0}), ("prefill-out-of-range", {"prefill": 7}),
               ("text-token-out-of-range", {"tokens": np.array([1, 2, 3, 4, 5, 99])})]
    check_ignored(trial, tally)
    for baseline, (params, given, faults) in model_requests(trial).items():
        check_faults("cached_forward", baseline, {"prefill": 4, **params}, tokens | given, faults + (
            of_text if baseline in ("none", "dmc", "kv_sharer", "lorc", "noise") else of_text[2:]), trial.path, tally)
