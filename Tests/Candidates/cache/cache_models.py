"""Chapter 19 on random models: every baseline by both candidates, and neutral parameters against full attention."""

import itertools

import numpy as np

import cache_protocol  # noqa: F401  first: it makes the modules of the folder above known
import cache_decoder
import cache_structure
import numpy_llama
from cache_trial import Trial, orthonormal, unit

CHOOSING = ("eviction", "zigzag", "think", "zip_cache", "pyramid_infer", "csr", "dmc")
NARROW = {"f32": 1e-4, "bf16": 0.3, "f16": 0.05}


def identities(model, numbers):
    """An orthonormal dictionary for each layer, with an atom too many."""
    return np.array([np.concatenate([orthonormal(numbers, model.head_dim)] * 2)[: model.head_dim + 1]
                     for _ in range(model.layers)])


def neutral(trial, model):
    """By baseline, parameters and tensors that change nothing."""
    rows, layers, width = trial.prefill, model.layers, model.embedding.shape[1]
    rank = np.full(layers, min(model.kv_heads * model.head_dim, width))
    basis = identities(model, trial.numbers)
    return {
        "none": {}, "eviction": {"window": 1, "budget": rows},
        "zigzag": {"window": 1, "total": layers * rows, "least": 1},
        "think": {"window": 32, "pruned": 0, "recent": 0}, "noise": {"sigma": (0.0).hex(), "seed": 3},
        "zip_cache": {"low": rows // 2, "low_bits": 0, "high_bits": 0}, "kv_sharer": {"share": np.arange(layers)},
        "lorc": {"key_ranks": rank, "value_ranks": rank},
        "pyramid_infer": {"recent": 1, "counts": np.full(layers - 1, rows)},
        "csr": {"steps": model.head_dim, "key_atoms": basis, "value_atoms": basis}}


def parted(settings):
    """Parameters, and tensors."""
    return ({name: x for name, x in settings.items() if not isinstance(x, np.ndarray)},
            {name: x for name, x in settings.items() if isinstance(x, np.ndarray)})


def check_neutral(draw, folder, tally):
    """BAS-7, and rows behind any prefill against the whole text at once."""
    trial = Trial(draw, folder)
    llama, model = numpy_llama.Llama(trial.path), cache_decoder.Model(trial.path)
    count = len(trial.tokens)
    whole = llama.forward(llama.embedding[trial.tokens], range(count), np.tri(count, dtype=bool))
    full = 32 * model.layers * model.kv_heads * model.head_dim * trial.prefill
    for baseline, settings in neutral(trial, model).items():
        params, given = parted(settings)
        limit = 1e-5 if baseline == "csr" else 1e-12  # its basis is orthonormal in float32 alone
        for answer in trial.forward(baseline, params, **given):
            tally.near(f"BAS-7 {baseline}", answer["logits"], whole["logits"][trial.prefill - 1 :], limit)
            for part in ("key", "value"):
                expected = [whole[f"layers.{n}.attention.{part}"][: trial.prefill] for n in range(model.layers)]
                tally.near(f"BAS-8 {baseline}", answer[f"cache.{part}s"], expected, limit)
            tally.holds(f"BAS-8 {baseline}", answer["cache.alive"].all())
            counted = baseline in ("csr", "lorc") or answer["bits"] == full
            tally.holds(f"BAS-6 {baseline}", counted, answer["bits"], full)


def settings_of(draw, trial, model):
    """By baseline, random parameters that change something."""
    rows, layers, width, d = trial.prefill, model.layers, model.embedding.shape[1], model.head_dim
    window = draw.randint(1, rows)
    least = draw.randint(window, rows)
    most, numbers = min(model.kv_heads * d, width), trial.numbers
    ranks = {name: np.array([draw.randint(1, most) for _ in range(layers)]) for name in ("key_ranks", "value_ranks")}
    return {
        "eviction": {"window": window, "budget": least},
        "zigzag": {"window": window, "total": draw.randint(layers * least, layers * rows), "least": least},
        "think": {"window": draw.choice([1, 4, 32]), "pruned": draw.randint(1, d), "recent": draw.randint(0, rows)},
        "zip_cache": {"low": draw.randint(0, rows), "low_bits": draw.choice([1, 2, 4]),
                      "high_bits": draw.choice([0, 4, 8])},
        "pyramid_infer": {"recent": window, "counts": np.array([draw.randint(0, rows) for _ in range(layers - 1)])},
        "kv_sharer": {"share": np.array([draw.randint(0, layer) for layer in range(layers)])},
        "dmc": {}, "lorc": ranks, "noise": {"sigma": (0.25).hex(), "seed": draw.randrange(2**63)},
        "csr": {"steps": draw.randint(0, d), "key_atoms": unit(numbers, layers, 7, d),
                "value_atoms": unit(numbers, layers, 9, d)}}


def check_methods(draw, folder, tally):
    """Both candidates under every baseline."""
    plain, pooled = Trial(draw, folder), Trial(draw, folder, pooled=True)
    for baseline in cache_structure.BASELINE.values():
        trial = pooled if baseline == "dmc" else plain
        model = cache_decoder.Model(trial.path)
        settings = settings_of(draw, trial, model)[baseline]
        params, given = parted(settings)
        ours, theirs = trial.forward(baseline, params, **given)
        for name, x in ours.items():
            if x.dtype.kind == "f":
                tally.near(f"BAS-8, BAS-9 {baseline}, NumPy and PyTorch", theirs[name], x, limit=1e-11)
            else:
                tally.holds(f"BAS-8 {baseline}", (x == theirs[name]).all(), name, x, theirs[name])
        check_kept(baseline, settings, trial, model, ours, tally)
        for dtype, limit in NARROW.items() if baseline not in CHOOSING else ():
            for answer in trial.forward(baseline, params, dtype, **given):
                tally.near(f"{baseline} in {dtype}", answer["logits"], ours["logits"], limit)


def check_kept(baseline, settings, trial, model, answer, tally):
    """Entries and bits of an answer."""
    alive, each = answer["cache.alive"], 32 * model.head_dim
    kept = alive.any(1)
    for name in ("cache.keys", "cache.values"):
        heads = answer[name].reshape(*alive.swapaxes(1, 2).shape, -1)
        tally.holds("BAS-8 what is not kept is 0", (heads[~alive.swapaxes(1, 2)] == 0).all())
    if baseline in ("eviction", "zigzag", "pyramid_infer", "dmc"):
        tally.holds(f"BAS-6 {baseline}", answer["bits"] == each * alive.sum(), answer["bits"], alive.sum())
    if baseline == "eviction":
        tally.holds("BAS-12 entries", (alive.sum(2) == settings["budget"]).all())
        tally.holds("BAS-12 the window", alive[:, :, -settings["window"] :].all())
    if baseline == "zigzag":
        tally.holds("BAS-12 the total", alive[:, 0].sum() == settings["total"], alive.sum(2))
        tally.holds("BAS-12 the same in all heads", (alive.sum(2) == alive[:, :1].sum(2)).all())
    if baseline == "pyramid_infer":
        inner = alive.all(1)
        tally.holds("BAS-13 rows fall", inner[0].all() and (inner[1:] <= inner[:-1]).all() and (inner == kept).all())
        tally.holds("BAS-13 recent rows", inner[:, -settings["recent"] :].all())
    if baseline == "kv_sharer":
        roots = [cache_structure.root(settings["share"].tolist(), layer) for layer in range(model.layers)]
        tally.holds("BAS-14 read from the root", all(
            (answer["cache.keys"][layer] == answer["cache.keys"][source]).all() for layer, source in enumerate(roots)))
        tally.holds("BAS-6 kv_sharer", answer["bits"] == each * model.kv_heads * trial.prefill * len(set(roots)))


def check_sharing(tally):
    """BAS-14: chains are closed, for every map of four layers."""
    for share in itertools.product(*(range(layer + 1) for layer in range(4))):
        for layer in range(4):
            source = cache_structure.root(share, layer)
            tally.holds("BAS-14 chains", share[source] == source <= layer)
