"""Chapter 19 of the Spec in integers: which operation belongs to which baseline, bits, budgets, and rejections.

Written from the Spec's text alone. H query heads, G KV heads, heads of width d, T rows of a prefill, L layers.
"""

import math

from loma_structure import axis_faults

BASELINE = {  # the value of the axis that each operation of a stage belongs to (BAS-19)
    "evict": "eviction", "zigzag_budgets": "zigzag", "think": "think", "zip_cache": "zip_cache",
    "pyramid_step": "pyramid_infer", "layer_distances": "kv_sharer", "dmc": "dmc", "truncate_rank": "lorc",
    "pursue": "csr", "store_noise": "noise"}
AXES = {"baseline": ("none", *BASELINE.values())}
STAGES, MODEL = tuple(BASELINE), ("cached_forward",)
NUMBER, SCALE = 16, 16  # bits of a stored number and of a scale (BAS-6)
MOST_BITS = 24
FORCED = ("evict", "think", "zip_cache", "pyramid_step", "pursue")  # operations whose choice can be given (BAS-4)
SINKS = 4  # rows that PyramidInfer always keeps (BAS-13)
UNIT = 2**-7  # how far an atom's squared norm may be from 1 (BAS-17)
ORDER = (  # of several faults the first of these is the right one (BAS-22)
    "unknown-axis", "unknown-alternative", "repeated-axis", "invalid-heads", "window-out-of-range",
    "budget-below-window", "pruned-out-of-range", "bits-out-of-range", "budget-out-of-range", "rank-out-of-range",
    "steps-out-of-range", "dictionary-not-unit", "choice-out-of-range", "share-out-of-range", "prefill-out-of-range",
    "sigma-out-of-range", "text-token-out-of-range", "cache-size-out-of-range", "unsupported-configuration",
    "invalid-configuration")


def entry_bits(kv_heads, head_dim, entries):
    """Bits of whole entries, counted layer by layer, in every KV head (BAS-6)."""
    return 2 * kv_heads * head_dim * NUMBER * entries


def think_bits(kv_heads, head_dim, rows, pruned, recent):
    """BAS-10; without anything pruned there is no mask."""
    if pruned == 0 or rows <= recent:
        return entry_bits(kv_heads, head_dim, rows)
    numbers = (rows - recent) * (head_dim - pruned) + recent * head_dim + rows * head_dim
    return kv_heads * (numbers * NUMBER + head_dim)


def zip_bits(kv_heads, head_dim, rows, low, low_bits, high_bits):
    """BAS-11; a class that is not quantised has neither scales nor the divisors of channels."""
    classes = [(count, bits) for count, bits in ((low, low_bits), (rows - low, high_bits)) if count]
    quantised = [count for count, bits in classes if bits]
    numbers = sum(2 * count * head_dim * (bits or NUMBER) for count, bits in classes)
    scales = 2 * head_dim * len(quantised) + 2 * sum(quantised) + head_dim * bool(quantised)
    mask = rows if len(classes) == 2 and quantised else 0
    return kv_heads * (numbers + SCALE * scales + mask)


def pursuit_bits(vectors, atoms, steps):
    """BAS-17: pairs of an index and a weight."""
    return vectors * steps * (max(atoms - 1, 0).bit_length() + NUMBER)


def shared_budgets(weights, total, least, rows):
    """BAS-12: `total` entries divided among layers by integer weights, `least` for each and none above `rows`."""
    spread, whole = total - least * len(weights), sum(weights)
    budgets = [min(least + spread * weight // whole, rows) for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda layer: -(spread * weights[layer] % whole))
    while sum(budgets) < total:
        for layer in by_remainder:
            if budgets[layer] < rows and sum(budgets) < total:
                budgets[layer] += 1
    return budgets


def root(share, layer):
    """The layer at the end of a chain of shares (BAS-14)."""
    while share[layer] != layer:
        layer = share[layer]
    return layer


def search(pairs, layers, maps, accepts):
    """BAS-14: the map found by trying pairs (reader, source) in their order; `accepts` takes a closed map."""
    share = list(range(layers))
    for reader, source in pairs:
        if sum(n != read for n, read in enumerate(share)) >= maps:
            break
        if share[reader] != reader:
            continue
        tried = [*share[:reader], source, *share[reader + 1 :]]
        tried = [root(tried, layer) for layer in range(layers)]
        share = tried if accepts(tried) else share
    return share


def sizes(op, params, shapes, config):
    """H, G, d, T and L as far as a request says them."""
    if op in MODEL:
        return {"heads": config["num_attention_heads"], "kv_heads": config["num_key_value_heads"],
                "head_dim": config["head_dim"], "layers": config["num_hidden_layers"], "rows": params["prefill"]}
    found = {name: params[name] for name in ("heads", "kv_heads", "head_dim") if name in params}
    found["layers"] = 1
    for name in ("key", "numbers", "vectors", "keys", "probabilities"):
        if name in shapes:
            found["rows"] = shapes[name][-1 if name == "probabilities" else -2]
            if name != "probabilities":
                found["head_dim"] = shapes[name][-1] // max(params.get("kv_heads", 1), 1)
            if len(shapes[name]) == 4:
                found["layers"] = shapes[name][0 if name == "probabilities" else 1]
            break
    return found


def ascending(rows, limit):
    """Whether every row rises strictly within 0 ..< limit."""
    return all(0 <= a < limit for row in rows for a in row) and all(
        a < b for row in rows for a, b in zip(row, row[1:]))


def window_fault(baseline, params, size):
    if baseline in ("eviction", "zigzag"):
        return not 1 <= params["window"] <= size["rows"]
    if baseline == "think":
        return params["window"] < 1 or params["recent"] < 0
    return baseline == "pyramid_infer" and not 1 <= params["recent"] <= size["rows"]


def pruned_fault(baseline, params, size, given):
    if baseline == "think":
        return not 0 <= params["pruned"] <= size["head_dim"]
    if baseline == "zip_cache":
        return not 0 <= params["low"] <= size["rows"]
    counts = given["counts"] if "counts" in given else [params.get("count", 0)]
    return baseline == "pyramid_infer" and min(counts, default=0) < 0


def budget_fault(params, size):
    layers, total, least = size["layers"], params["total"], params["least"]
    return total > layers * size["rows"] or least * layers > total or least < params["window"]


def ranks(op, params, shapes, given, config):
    """Every rank with the largest that it may be."""
    if op in MODEL:
        most = min(config["num_key_value_heads"] * config["head_dim"], config["hidden_size"])
        return [(rank, most) for name in ("key_ranks", "value_ranks") for rank in given[name]]
    return [(params["rank"], min(shapes["weight"]))]


def off_unit(atoms):
    """How far the squared norm of the worst atom is from 1; `atoms` are nested lists."""
    if atoms and isinstance(atoms[0][0], list):
        return max(map(off_unit, atoms))
    return max((abs(math.fsum(x * x for x in atom) - 1) for atom in atoms), default=0.0)


def choice_fault(op, baseline, shapes, given, size):
    """Of what the operation names; any other tensor is ignored (BAS-19)."""
    forced = given.get("forced_choice", []) if op in FORCED else []
    probe = given.get("probe", []) if baseline == "zip_cache" else []
    if op == "pursue":
        return any(not 0 <= atom < shapes["atoms"][0] for row in forced for atom in row)
    if op == "pyramid_step":
        forced = [forced]
    limit = size["head_dim"] if op == "think" else size.get("rows", 0)
    return not ascending(forced, limit) or not ascending([probe], size.get("rows", 0))


def bits_of(op, baseline, params, shapes, size, given):
    """What a request without another fault would occupy; 0 where nothing is counted."""
    kv_heads, head_dim, rows, layers = (size.get(name, 1) for name in ("kv_heads", "head_dim", "rows", "layers"))
    full = entry_bits(kv_heads, head_dim, rows) * layers
    if baseline == "eviction":
        return entry_bits(kv_heads, head_dim, min(params["budget"], rows)) * layers
    if baseline == "zigzag":
        return entry_bits(kv_heads, head_dim, params["total"])
    if baseline == "think":
        return think_bits(kv_heads, head_dim, rows, params["pruned"], params["recent"]) * layers
    if baseline == "zip_cache":
        numbers = (params[name] for name in ("low", "low_bits", "high_bits"))
        return zip_bits(kv_heads, head_dim, rows, *numbers) * layers
    if op == "pursue":
        return pursuit_bits(shapes["vectors"][0], shapes["atoms"][0], params["steps"])
    if baseline == "csr":
        atoms = (shapes[name][1] for name in ("key_atoms", "value_atoms"))
        return sum(pursuit_bits(rows * kv_heads, count, params["steps"]) for count in atoms) * layers
    if baseline == "lorc":
        return NUMBER * rows * sum(given["key_ranks"] + given["value_ranks"]) if op in MODEL else 0
    return full


def heads_fault(params, size):
    """Of a stage: a model's heads are its configuration's affair."""
    given = [params[name] for name in ("heads", "kv_heads") if name in params]
    return min(given, default=1) < 1 or size.get("head_dim", 1) < 1 or (
        "heads" in params and params["heads"] % params.get("kv_heads", 1) != 0)


def rejections(op, params, profile, given, shapes, config, refusal):
    """The codes of every fault of a request, in order.

    `given` has the inputs that are asked for their values as nested lists, `shapes` the shapes of all; `config` is the
    model's and `refusal` the code with which it is refused, each None without a model.
    """
    found = set(axis_faults(profile, AXES))
    baseline = profile.get("baseline", "none")
    if op in STAGES and baseline != BASELINE[op]:
        found.add("unknown-alternative")
    if found:
        return [code for code in ORDER if code in found]  # what the numbers mean is not known
    size = sizes(op, params, shapes, config)
    tests = {
        "invalid-heads": lambda: op in STAGES and heads_fault(params, size),
        "window-out-of-range": lambda: window_fault(baseline, params, size),
        "budget-below-window": lambda: baseline == "eviction" and params["budget"] < params["window"],
        "pruned-out-of-range": lambda: pruned_fault(baseline, params, size, given),
        "bits-out-of-range": lambda: baseline == "zip_cache" and not all(
            0 <= params[name] <= MOST_BITS for name in ("low_bits", "high_bits")),
        "budget-out-of-range": lambda: baseline == "zigzag" and budget_fault(params, size),
        "rank-out-of-range": lambda: baseline == "lorc" and not all(
            1 <= rank <= most for rank, most in ranks(op, params, shapes, given, config)),
        "steps-out-of-range": lambda: baseline == "csr" and not 0 <= params["steps"] <= size["head_dim"],
        "dictionary-not-unit": lambda: baseline == "csr" and not all(
            off_unit(given[name]) <= UNIT for name in (("key_atoms", "value_atoms") if op in MODEL else ("atoms",))),
        "choice-out-of-range": lambda: choice_fault(op, baseline, shapes, given, size),
        "share-out-of-range": lambda: baseline == "kv_sharer" and op in MODEL and any(
            not 0 <= source <= layer for layer, source in enumerate(given["share"])),
        "sigma-out-of-range": lambda: baseline == "noise" and not 0 <= params["sigma"] < math.inf,
    }
    found = {code for code, holds in tests.items() if holds()}
    if op in MODEL:
        if not 1 <= params["prefill"] <= len(given["tokens"]):
            found.add("prefill-out-of-range")
        if any(not 0 <= token < config["vocab_size"] for token in given["tokens"]):
            found.add("text-token-out-of-range")
    if not found and bits_of(op, baseline, params, shapes, size, given) >= 2**63:
        found.add("cache-size-out-of-range")
    found |= {refusal} - {None}
    return [code for code in ORDER if code in found]
