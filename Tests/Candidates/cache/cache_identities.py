"""What chapter 19 says of each baseline's arithmetic, tried on random layers: answers of both candidates are equal, and
have the properties of the clauses."""

import numpy as np

import cache_numpy
import cache_structure
from cache_trial import Layer, ask, exact, orthonormal, unit

NARROW = {"f32": 2e-5, "bf16": 0.06, "f16": 0.01}


def equal(tally, clause, op, params, given, limit=None, dtype="f64"):
    """NumPy's answer, which is PyTorch's too."""
    ours, theirs = ask(op, params, given, dtype=dtype)
    tally.holds(clause, set(ours) == set(theirs), set(ours) ^ set(theirs))
    for name, x in ours.items():
        if x.dtype.kind == "f":
            tally.near(clause, theirs[name], x, *([limit] if limit else []))
        else:
            tally.holds(clause, x.shape == theirs[name].shape and (x == theirs[name]).all(), op, name, params)
    return ours


def in_narrow_types(tally, op, params, given):
    """The numbers of a request whose choices are given, in every type."""
    exactly = equal(tally, f"{op}, NumPy and PyTorch", op, params, given)
    for dtype, limit in NARROW.items():
        found = equal(tally, f"{op} in {dtype}, NumPy and PyTorch", op, params, given, limit, dtype)
        for name, x in found.items():
            if x.dtype.kind == "f":
                tally.near(f"{op} in {dtype}", x.astype(np.float64), exactly[name], limit)
            else:
                tally.holds(f"{op} in {dtype}", (x == exactly[name]).all(), name)


def check_order(tally):
    """BAS-3 where all scores are equal."""
    same = np.ones(6)
    tally.holds("BAS-3", cache_numpy.highest(same, 2).tolist() == [0, 1])
    tally.holds("BAS-3", cache_numpy.lowest(same, 2).tolist() == [4, 5])
    tally.holds("BAS-3", cache_numpy.lowest(np.array([0.0, 1, 0, 1]), 3).tolist() == [0, 2, 3])
    flat = np.tril(np.ones((2, 8, 8), dtype=np.float32)) / 8
    found = equal(tally, "BAS-3", "evict", {"heads": 2, "kv_heads": 1, "head_dim": 4, "window": 2, "budget": 5},
                  {"probabilities": flat})
    tally.holds("BAS-3", found["choice"].tolist() == [[0, 1, 2, 6, 7]], found["choice"])
    found = equal(tally, "BAS-3", "think", {"heads": 2, "kv_heads": 1, "window": 2, "pruned": 1, "recent": 1},
                  {"query": np.ones((3, 8), np.float32), "key": np.ones((3, 4), np.float32)})
    tally.holds("BAS-3", found["choice"].tolist() == [[3]], found["choice"])


def check_evict(draw, tally):
    layer = Layer(draw)
    window = layer.window(draw)
    budget = draw.randint(window, layer.rows + 2)
    params = layer.sizes | {"head_dim": layer.head_dim, "window": window, "budget": budget}
    given = {"probabilities": layer.probabilities}
    found = equal(tally, "BAS-12 evict", "evict", params, given)
    rows, kept = layer.rows, min(budget, layer.rows)
    stays = (found["choice"][:, kept - window :] == np.arange(rows - window, rows)).all()
    tally.holds("BAS-12 the window stays", stays)
    tally.holds("BAS-6 evict", found["bits"] == 32 * layer.kv_heads * layer.head_dim * kept)
    for head, (scores, choice) in enumerate(zip(found["scores"], found["choice"])):
        group = layer.heads // layer.kv_heads
        by_hand = [sum(float(layer.probabilities[h, r, i]) for h in range(head * group, (head + 1) * group)
                       for r in range(rows - window, rows)) for i in range(rows - window)]
        tally.near("BAS-12 by hand", scores, by_hand)
        left = np.setdiff1d(np.arange(rows - window), choice)
        best = choice[: kept - window]
        if len(left) and len(best):
            tally.holds("BAS-12 the best stay", scores[best].min() >= scores[left].max())
    in_narrow_types(tally, "evict", params, given | {"forced_choice": found["choice"]})


def check_zigzag(draw, tally):
    layer, layers = Layer(draw), draw.randint(1, 5)
    given = {"probabilities": np.array([layer.attention() for _ in range(layers)])}
    window = layer.window(draw)
    least = draw.randint(window, layer.rows)
    total = draw.randint(least * layers, layers * layer.rows)
    params = layer.sizes | {"head_dim": layer.head_dim, "window": window, "total": total, "least": least}
    found = equal(tally, "BAS-12 zigzag_budgets", "zigzag_budgets", params, given)
    budgets = found["budgets"]
    tally.holds("BAS-12 the total is exact", budgets.sum() == total, budgets, total)
    tally.holds("BAS-12 bounds", least <= budgets.min() and budgets.max() <= layer.rows, budgets)
    for weights in ([draw.randint(1, 50) for _ in range(layers)], [7] * layers):
        shared = cache_structure.shared_budgets(weights, total, least, layer.rows)
        tally.holds("BAS-12 the total is exact", sum(shared) == total and max(shared) <= layer.rows, shared)
        if len(set(weights)) == 1:
            tally.holds("BAS-12 equal uncertainty", max(shared) - min(shared) <= 1 and shared == sorted(shared)[::-1])
    shared = cache_structure.shared_budgets(weights, least * layers, least, layer.rows)
    tally.holds("BAS-12 least for all", shared == [least] * layers)
    for counts, probabilities in zip(found["counts"], given["probabilities"]):
        for count, mean in zip(counts, probabilities[:, -window:].astype(np.float64).mean(1)):
            order = sorted(mean, reverse=True)
            tally.holds("BAS-12 nine tenths", sum(order[:count]) >= 0.9 * sum(order) - 1e-12)
            tally.holds("BAS-12 nine tenths", count == 1 or sum(order[: count - 1]) < 0.9 * sum(order) + 1e-12)


def check_think(draw, tally):
    layer = Layer(draw)
    pruned, recent = draw.randint(0, layer.head_dim), draw.randint(0, layer.rows + 1)
    params = layer.sizes | {"window": draw.randint(1, layer.rows + 3), "pruned": pruned, "recent": recent}
    given = {"query": layer.query, "key": layer.key}
    found = equal(tally, "BAS-10 think", "think", params, given)
    old, d = max(layer.rows - recent, 0), layer.head_dim
    keys, before = (x.reshape(layer.rows, layer.kv_heads, d) for x in (found["keys"], layer.key))
    full = 32 * layer.kv_heads * d * layer.rows
    if not old or not pruned:
        tally.holds("BAS-7 think", (found["keys"] == layer.key).all() and found["bits"] == full)
    else:
        tally.holds("BAS-6 think", found["bits"] == full - layer.kv_heads * (16 * old * pruned - d))
    for head, choice in enumerate(found["choice"]):
        left = np.setdiff1d(np.arange(d), choice)
        tally.holds("BAS-10", (keys[:old, head, choice] == 0).all())
        tally.holds("BAS-10", (keys[old:, head] == before[old:, head]).all())
        tally.holds("BAS-10", (keys[:, head, left] == before[:, head, left]).all())
        if len(choice) and len(left):
            tally.holds("BAS-10", found["scores"][head, choice].max() <= found["scores"][head, left].min())
    in_narrow_types(tally, "think", params, given | {"forced_choice": found["choice"]} if old else given)


def check_zip(draw, tally):
    layer = Layer(draw)
    low, bits = draw.randint(0, layer.rows), (draw.choice([0, 1, 2, 4, 8]), draw.choice([0, 2, 4, 24]))
    if draw.random() < 0.2:
        layer.value[:, 0] = 0
    params = layer.sizes | {"low": low, "low_bits": bits[0], "high_bits": bits[1]}
    given = {"key": layer.key, "value": layer.value, "probabilities": layer.probabilities}
    probe = sorted(draw.sample(range(layer.rows), draw.randint(1, layer.rows)))
    for more in ({}, {"probe": np.array(probe)}):
        found = equal(tally, "BAS-11 zip_cache", "zip_cache", params, given | more)
        repeated = equal(tally, "BAS-11 forced", "zip_cache", params, given | {"forced_choice": found["choice"]})
        for name in ("choice", "keys", "value_codes"):
            tally.holds("BAS-4 a choice that is given", (found[name] == repeated[name]).all())
    whole = equal(tally, "BAS-11 all rows", "zip_cache", params, given | {"probe": np.arange(layer.rows)})
    plain = equal(tally, "BAS-11 all rows", "zip_cache", params, given)
    tally.holds("BAS-11 all rows", all((whole[name] == plain[name]).all() for name in whole))
    if bits == (0, 0) or (low == 0 and not bits[1]) or (low == layer.rows and not bits[0]):
        tally.holds("BAS-7 zip_cache", (plain["keys"] == layer.key).all() and (plain["values"] == layer.value).all())
        tally.holds("BAS-7 zip_cache", plain["bits"] == 32 * layer.kv_heads * layer.head_dim * layer.rows)
    check_classes(layer, low, bits, plain, tally)


def check_classes(layer, low, bits, found, tally):
    """Codes class by class, with their scales counted, and half a step at most."""
    counted = 0
    shape = (layer.rows, layer.kv_heads, layer.head_dim)
    keys, values, key_codes, value_codes = (
        found[name].reshape(shape) for name in ("keys", "values", "key_codes", "value_codes"))
    before = [x.reshape(shape).astype(np.float64) for x in (layer.key, layer.value)]
    classes = [(True, bits[0]), (False, bits[1])]
    for head, choice in enumerate(found["choice"]):
        divisor = np.sqrt(np.abs(before[1][:, head]).max(0))
        divisor[divisor == 0] = 1
        sizes = [low, layer.rows - low]
        for (is_low, width), size in zip(classes, sizes):
            rows = [i for i in range(layer.rows) if (i in choice) == is_low]
            tally.holds("BAS-11 classes", len(rows) == size)
            counted += 2 * size * layer.head_dim * (width or 16)
            if not size:
                continue
            if not width:
                tally.holds("BAS-11 kept as it is", (keys[rows, head] == before[0][rows, head]).all()
                            and (values[rows, head] == before[1][rows, head]).all())
                tally.holds("BAS-11 no codes", not key_codes[rows, head].any() and not value_codes[rows, head].any())
                continue
            counted += 16 * (2 * layer.head_dim + 2 * size)
            key, scaled = before[0][rows, head], before[1][rows, head] / divisor
            for x, read, codes, axis in ((key, keys[rows, head], key_codes[rows, head], 0),
                                         (scaled, values[rows, head] / divisor, value_codes[rows, head], 1)):
                step = (x.max(axis, keepdims=True) - x.min(axis, keepdims=True)) / (2**width - 1)
                tally.holds("QNT-5 half a step", (np.abs(x - read) <= step / 2 + 1e-12 * np.abs(x).max()).all())
                tally.holds("QNT-1 codes", codes.min() >= 0 and codes.max() < 2**width)
        if any(size and width for (_, width), size in zip(classes, sizes)):
            counted += 16 * layer.head_dim + layer.rows * all(sizes)
    tally.holds("BAS-6 zip_cache", found["bits"] == counted, found["bits"], counted)


def check_pyramid(draw, tally):
    layer = Layer(draw)
    recent = layer.window(draw)
    old, count = layer.rows - recent, draw.randint(0, layer.rows)
    params, given = {"heads": layer.heads, "recent": recent, "count": count}, {"probabilities": layer.probabilities}
    found = equal(tally, "BAS-13 pyramid_step", "pyramid_step", params, given)
    choice, kept = found["choice"], min(count, old)
    tally.holds("BAS-13 recent rows", choice[kept:].tolist() == list(range(old, layer.rows)))
    sinks = min(4, old, kept)
    tally.holds("BAS-13 sinks", choice[:sinks].tolist() == list(range(sinks)), choice, kept)
    if kept > 4:
        left = np.setdiff1d(np.arange(4, old), choice)
        tally.holds("BAS-13 the best", not len(left) or
                    found["scores"][choice[4:kept]].min() >= found["scores"][left].max())
    weights = [1 + r / (5 * (recent - 1)) if recent > 1 else 1 for r in range(recent)]
    by_hand = [np.mean([w * layer.probabilities[:, old + r, i].astype(float).mean() for r, w in enumerate(weights)])
               for i in range(old)]
    tally.near("BAS-13 by hand", found["scores"], by_hand)
    everything = equal(tally, "BAS-7 pyramid_step", "pyramid_step", params | {"count": old}, given)
    tally.holds("BAS-7 pyramid_step", everything["choice"].tolist() == list(range(layer.rows)))
    in_narrow_types(tally, "pyramid_step", params, given | {"forced_choice": choice})


def check_distances(draw, tally):
    layer, texts, layers = Layer(draw), draw.randint(1, 3), draw.randint(1, 5)
    shape = (texts, layers, layer.rows, layer.kv_heads * layer.head_dim)
    keys, values = (exact(layer.numbers.normal(size=shape)) for _ in range(2))
    if layers > 2:
        keys[:, 1], values[:, 1] = keys[:, 0], values[:, 0]
    params = {"kv_heads": layer.kv_heads}
    found = equal(tally, "BAS-14 layer_distances", "layer_distances", params, {"keys": keys, "values": values})
    distances, pairs = found["distances"], found["pairs"].tolist()
    order = [distances[i, j] for i, j in pairs]
    tally.holds("BAS-14 falling", order == sorted(order, reverse=True) and (distances == np.tril(distances, -1)).all())
    tally.holds("BAS-14 every pair", sorted(pairs) == [[i, j] for i in range(layers) for j in range(i)])
    if layers > 2:
        tally.holds("BAS-14 equal layers", distances[1, 0] == 0 and pairs[-1] == [1, 0])
        ties = [pairs.index([layer, other]) for layer in range(2, layers) for other in (0, 1)]
        tally.holds("BAS-14 ties", ties[::2] == [place - 1 for place in ties[1::2]], pairs)
    in_narrow_types(tally, "layer_distances", params, {"keys": keys[:, :2], "values": values[:, :2]})


def check_dmc(draw, tally):
    """Decoded as in PyTorch = parallel as in NumPy; and both extremes."""
    layer = Layer(draw)
    d, g = layer.head_dim, layer.kv_heads
    params = layer.sizes | {"theta": (1000.0).hex()}
    given = {"query": layer.query.copy(), "key": layer.key.copy(), "value": layer.value}
    last = given["key"].reshape(layer.rows, g, d)[..., -1]
    last[:] = exact(layer.numbers.normal(size=last.shape) * 3 + 5)
    given["query"].reshape(layer.rows, layer.heads, d)[..., -1] -= 4
    given["query"] = exact(given["query"])
    found = equal(tally, "BAS-15 parallel = decoded", "dmc", params, given)
    tally.holds("BAS-15 decisions", (found["starts"].T[1:] == (last[1:] <= 5)).all() and found["starts"][:, 0].all())
    tally.holds("BAS-6 dmc", found["bits"] == 32 * d * found["starts"].sum())
    keys = found["keys"].reshape(layer.rows, g, d)
    tally.holds("BAS-15 the channel", (keys[..., -1] == 0).all())
    in_narrow_types(tally, "dmc", params, given)
    last[:], queries = 6, given["query"]
    given["query"] = np.full_like(queries, -1000)
    found = equal(tally, "BAS-15 no weight at all", "dmc", params, given)
    first = np.tile(found["values"][:1], (layer.rows, 1))
    tally.holds("BAS-15 no weight at all", (found["weights"] == 0).all() and (found["values"] == first).all())
    given["query"] = queries
    last[:] = 5
    found = equal(tally, "BAS-15 nothing above 5", "dmc", params, given)
    cleared = {name: given[name].astype(np.float64).reshape(layer.rows, -1, d) for name in ("query", "key")}
    for x in cleared.values():
        x[..., -1] = 0
        x[:] = cache_numpy.rotated(x.reshape(layer.rows, -1), range(layer.rows), d, 1000.0).reshape(x.shape)
        x[..., -1] = 0
    visible = np.tile(np.tri(layer.rows, dtype=bool), (g, 1, 1))
    full, _ = cache_numpy.attention(
        cleared["query"].reshape(layer.rows, -1), cleared["key"].reshape(layer.rows, -1),
        layer.value.astype(np.float64), visible, layer.heads, g)
    tally.near("BAS-7 dmc", found["context"], full)
    last[:] = 6
    found = equal(tally, "BAS-15 all above 5", "dmc", params, given)
    tally.holds("BAS-15 one entry", found["bits"] == 32 * d * g)
    values = layer.value.reshape(layer.rows, g, d).astype(np.float64)
    mean = np.einsum("gt,tgd->gd", found["weights"], values) / found["weights"].sum(1, keepdims=True)
    tally.near("BAS-15 a weighted mean", found["values"][-1], mean.ravel())


def check_rank(draw, tally):
    numbers = np.random.default_rng(draw.randrange(2**32))
    shape = draw.randint(1, 8), draw.randint(1, 8)
    weight, rank = exact(numbers.normal(size=shape)), draw.randint(1, min(shape))
    found = equal(tally, "BAS-16 truncate_rank", "truncate_rank", {"rank": rank}, {"weight": weight}, limit=1e-11)
    values = found["singular_values"]
    tally.holds("BAS-16 falling", (np.diff(values) <= 0).all())
    tally.near("BAS-16 what is left out", ((weight - found["weight"]) ** 2).sum() + 1, (values[rank:] ** 2).sum() + 1)
    if rank == min(shape):
        tally.holds("BAS-7 lorc", (found["weight"] == weight).all())
    else:
        tally.holds("BAS-16 rank", np.linalg.matrix_rank(found["weight"]) <= rank)
    in_narrow_types(tally, "truncate_rank", {"rank": min(shape)}, {"weight": weight})


def check_pursuit(draw, tally):
    numbers = np.random.default_rng(draw.randrange(2**32))
    d, count, atoms = draw.choice([2, 4, 6]), draw.randint(1, 5), draw.randint(1, 9)
    steps = draw.randint(0, d)
    given = {"vectors": exact(numbers.normal(size=(count, d))), "atoms": unit(numbers, atoms, d)}
    found = equal(tally, "BAS-17 pursue", "pursue", {"steps": steps}, given)
    tally.holds("BAS-6 pursue", found["bits"] == count * steps * (int(np.ceil(np.log2(atoms))) + 16))
    errors = [np.linalg.norm(given["vectors"] - equal(
        tally, "BAS-17 pursue", "pursue", {"steps": s}, given)["vectors"], axis=1) for s in range(steps + 1)]
    tally.holds("BAS-17 the residual", all((after <= before * (1 + 2**-7)).all()
                                           for before, after in zip(errors, errors[1:])))
    repeated = equal(tally, "BAS-17 forced", "pursue", {"steps": steps}, given | {"forced_choice": found["choice"]})
    tally.near("BAS-4 a choice that is given", repeated["vectors"], found["vectors"])
    in_narrow_types(tally, "pursue", {"steps": steps}, given | {"forced_choice": found["choice"]})
    basis = {"vectors": given["vectors"], "atoms": orthonormal(numbers, d)}
    found = equal(tally, "BAS-7 csr", "pursue", {"steps": d}, basis)
    tally.near("BAS-7 csr", found["vectors"], given["vectors"], limit=1e-6)
    line = basis["atoms"] * 3
    found = equal(tally, "BAS-17 one atom", "pursue", {"steps": 1}, basis | {"vectors": line})
    tally.near("BAS-17 one atom", found["vectors"], line, limit=1e-6)


def check_noise(draw, tally):
    layer, seed = Layer(draw), draw.choice([0, 1, 2**64 - 1, draw.randrange(2**64)])
    params = {"kv_heads": layer.kv_heads, "sigma": draw.choice([0.0, 0.1, 0.5]).hex(), "seed": seed}
    found = equal(tally, "BAS-18 store_noise", "store_noise", params, {"numbers": layer.key})
    if float.fromhex(params["sigma"]) == 0:
        tally.holds("BAS-7 noise", (found["numbers"] == layer.key).all())
    in_narrow_types(tally, "store_noise", params, {"numbers": layer.key})
    noise = cache_numpy.Noise(0)
    drawn = [noise.draw() for _ in range(3)]
    tally.holds("NUM-5", drawn == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F], drawn)


ALL = (check_evict, check_zigzag, check_think, check_zip, check_pyramid, check_distances, check_dmc, check_rank,
       check_pursuit, check_noise)
