"""Mistakes of a port of chapter 19: what is changed in the candidate on NumPy, by the mutant that makes the same.

A change is made wherever a porter who thinks so would make it.
"""

from change import Change

FILES = ("cache_structure", "cache_protocol", "cache_numpy", "cache_decoder", "candidate_cache_numpy")

# Pieces of the port, each of which stands in it once.
QUERIES = "groups(split(query[-window:], heads), kv_heads)"
QUERY_SIZE = "(queries**2).mean((1, 2))"
KEY_SIZE = "(split(key, kv_heads) ** 2).mean(1)"
THINK_CHOICE = "chosen(scores, pruned if old else 0, lowest,"
THINK_CUT = "kept[head][:old, channels] = 0"
THINK_MODEL = "            key = cache_numpy.think(found.query, key, kv_heads, model.heads, *numbers)[2]\n"
DIVIDED = "(rows - np.arange(rows))"
SEEN = "seen = probabilities if probe is None else probabilities[:, probe]"
LOW_CHOICE = "    choice = chosen(scores, low, lowest, forced)\n"
KEYS_QUANTISED = ("            found, keys[head, rows], margins[\"key\"][head, rows] = "
                  "quantise(keys[head, rows], bits, 0)\n")
VALUES_QUANTISED = "found, read, margin = quantise(scaled, bits, 1)"
VALUE_MARGINS = ('            margins["value"][head, rows] = '
                 'margin * rounded_quotient(scaled, found, bits) if allowed else margin\n')
DIVISORS = "    most = np.sqrt(np.abs(values).max(0))\n    return np.where(most > 0, most, 1)\n"
STEP = "step = (x.max(axis, keepdims=True) - lower) / (2**bits - 1)"
LOWER = "    lower = x.min(axis, keepdims=True)\n"
CODES = "np.clip(np.rint(quotient), 0, 2**bits - 1)"
BUDGETS = "budgets = [min(least + spread * weight // whole, rows) for weight in weights]\n"
REMAINDERS = "    while sum(budgets) < total:\n"
SHARES = "    spread, whole = total - least * len(weights), sum(weights)\n"
EVICT_SCORES = "scores = groups(probabilities[:, old:, :old], kv_heads).sum((1, 2))"
EVICT_BEST = ("    best = chosen(scores, min(budget, rows) - window, highest, None)\n"
              "    return scores, np.hstack([best, np.tile(np.arange(old, rows), (kv_heads, 1))])\n")
EVICTED = "_, choice = cache_numpy.evict(found.probabilities, kv_heads, params[\"window\"], budget)"
EVICT_ALIVE = "            np.put_along_axis(alive, choice, True, 1)\n"
FED = "self.run(tokens[prefill:], prefill, caches)"
GOES_ON = ("                _, left = cache_numpy.pyramid_step(found.probabilities, recent, count)\n"
           "                x, rows = x[left], rows[left]\n")
EMBEDDED = "        x, rows = model.embedding[tokens], np.arange(start, start + len(tokens))\n"
ENTERED = "alive[:] = np.isin(np.arange(rows), found.rows)"
ROTATED_KEY, ROTATED_QUERY = "key = self.rope(plain, rows)", "query = self.rope(unrotated, rows)"
PYRAMID_WEIGHTS = "    return 1 + LAST_WEIGHT * np.arange(recent) / max(recent - 1, 1)\n"
SINKS = "    ranked[: cache_structure.SINKS] = np.inf\n"
PYRAMID_SCORES = ("    weights = recent_weights(recent).astype(probabilities.dtype)\n"
                  "    scores = (weights[:, None] * probabilities[:, old:, :old].mean(0)).mean(0)\n")
FALLING = "pairs.sort(key=lambda pair: -distances[pair])"
PAIRS = "np.array(pairs, dtype=np.int64).reshape(-1, 2)"
DISTANCE = "sum(np.sqrt(((x[i] - x[j]) ** 2).sum(-1)).mean() for x in means) / 2"
ROOT = 'cache_structure.root(self.given["share"], layer)'
PRODUCES, READS = "        if source == layer:\n", "        keys, values = key, value\n        if caches:\n"
ROOTS = "sum(self.root(n) == n for n in range(model.layers))"
COMPRESSED = "self.compressed(layer, found, rows)\n"
DECIDED = "    starts = ~(keys[..., -1] - SHIFT > 0)\n"
CLEARED = "    queries[..., -1] = 0\n    keys[..., -1] = 0\n    for head in range(kv_heads):\n"
POOL = "        z = 0\n"
OMEGAS = "    weights = 1 / (1 + np.exp(-decisions))\n"
STARTS = "            if starts[head, t]:\n                z = omega\n"
MEAN = ("                x[head, t] = (z * x[head, t - 1] + omega * x[head, t]) / (z + omega) "
        "if z + omega else x[head, t - 1]\n")
TURNED = ("    turned = [rotated(joined(x), range(rows), d, theta) for x in (queries, keys)]\n"
          "    queries, keys = (split(x, n) for x, n in zip(turned, (heads, kv_heads)))\n")
AGAIN = "    queries[..., -1] = 0\n    keys[..., -1] = 0\n    finished"
VISIBLE = "np.tri(rows, k=-1, dtype=bool) & finished[:, None] | np.eye(rows, dtype=bool)"
LOW_RANK = "    return values, (left[:, :rank] * values[:rank]) @ right[:rank]\n"
RANKS = '            ranks = {"k_proj": self.given["key_ranks"][layer], "v_proj": self.given["value_ranks"][layer]}\n'
TRUNCATED = "cache_numpy.truncate_rank(block[name], rank)[1])"
CSR_KEY = 'found.unrotated_key, "key_atoms"'
CSR_ROTATED = "            key = self.rope(model.keep(key), found.rows)\n"
PURSUED = "np.abs(products).argmax(1)"
PRODUCTS = "        products = residual @ atoms.T\n"
LEFT = "        residual, read = residual - part, read + part\n"
PART = "        part = weights[:, step, None] * atoms[choice[:, step]]\n"
RMS = "    size = sigma * np.sqrt((heads**2).mean((1, 2), keepdims=True))\n"
SEED = 'params["seed"] + layer'
LIKE = "np.array([self.normal() for _ in range(x.size)], dtype=x.dtype).reshape(x.shape)"
LOWEST = "np.sort(by_rank(scores)[len(scores) - count :])"
SAVED = "    named, element = answered\n"
COUNTED = '    named |= {{"bits": named["bits"] {}}} if "bits" in named else {{}}\n'
THINK_BITS = "    return kv_heads * (numbers * NUMBER + head_dim)\n"
MASK = "    mask = rows if len(classes) == 2 and quantised else 0\n"


def numpy_(old, new):
    return ("cache_numpy", old, new)


def decoder(old, new):
    return ("cache_decoder", old, new)


def structure(old, new):
    return ("cache_structure", old, new)


def candidate(old, new):
    return ("candidate_cache_numpy", old, new)


def one(sentence, *patches):
    return Change(sentence, patches)


THINK = {
    "B01": one("I pruned the recent entries too", numpy_(THINK_CUT, "kept[head][:, channels] = 0")),
    "B02": one("I asked the queries of all rows", numpy_(QUERIES, QUERIES.replace("[-window:]", ""))),
    "B03": one("I squared the mean query", numpy_(QUERY_SIZE, "queries.mean((1, 2)) ** 2")),
    "B04": one("I scored queries and keys before the rotation", decoder(
        THINK_MODEL, "            numbers = tuple(numbers)\n"
        "            query = self.rope(found.query, -found.rows)\n"
        "            choice = cache_numpy.think(query, found.unrotated_key, kv_heads, model.heads, *numbers)[1]\n"
        + THINK_MODEL.replace("*numbers)", "*numbers, choice)"))),
    "B05": one("I asked the first query head of each group", numpy_(QUERY_SIZE, "(queries[:, :1] ** 2).mean((1, 2))")),
    "B06": one("I pruned the channels of the highest scores", numpy_(
        THINK_CHOICE, THINK_CHOICE.replace("lowest", "highest"))),
    "B07": one("I pruned the values too", decoder(
        THINK_MODEL, "            numbers = tuple(numbers)\n"
        "            choice = cache_numpy.think(found.query, key, kv_heads, model.heads, *numbers)[1]\n" + THINK_MODEL
        + "            numbers = (*numbers[:2], 0)\n"
        "            value = cache_numpy.think(found.query, value, kv_heads, model.heads, *numbers, choice)[2]\n")),
    "B08": one("I measured the keys of old entries alone", numpy_(
        KEY_SIZE, "(split(key[: max(rows - recent, 0) or rows], kv_heads) ** 2).mean(1)")),
}

ZIP = {
    "B09": one("I did not divide by the rows that see an entry", numpy_(
        DIVIDED, "np.ones(rows)")),
    "B10": one("I divided by i + 1", numpy_(DIVIDED, "(np.arange(rows) + 1)")),
    "B11": one("I asked the last row alone", numpy_(SEEN, SEEN.replace("[:, probe]", "[:, probe[-1:]]").replace(
        "= probabilities ", "= probabilities[:, -1:] "))),
    "B12": one("I gave the salient entries the low bits", numpy_(LOW_CHOICE, LOW_CHOICE.replace("lowest", "highest"))),
    "B13": one("I quantised keys token by token", numpy_(
        KEYS_QUANTISED, KEYS_QUANTISED.replace("bits, 0)", "bits, 1)"))),
    "B14": one("I quantised values channel by channel", numpy_(
        VALUES_QUANTISED, VALUES_QUANTISED.replace("bits, 1)", "bits, 0)")), numpy_(VALUE_MARGINS, "")),
    "B15": one("I divided a channel by its largest value, not the root of it", numpy_(
        DIVISORS, DIVISORS.replace("np.sqrt(np.abs(values).max(0))", "np.abs(values).max(0)"))),
    "B16": one("I did not divide the channels of values", numpy_(DIVISORS, "    return np.ones(values.shape[1])\n")),
    "B17": one("I took one range of each key channel for both classes", numpy_(
        KEYS_QUANTISED, "            whole = quantise(split(key, kv_heads)[head], bits, 0)\n"
        "            found, keys[head, rows], _ = (part[rows] for part in whole)\n")),
    "B18": one("I took 2^b steps for 2^b − 1", numpy_(STEP, STEP.replace("(2**bits - 1)", "2**bits"))),
    "B19": one("I truncated the codes", numpy_(CODES, CODES.replace("rint", "trunc"))),
    "B20": one("I took the symmetric form", numpy_(LOWER, "    lower = np.zeros_like(x.min(axis, keepdims=True))\n"),
               numpy_(STEP, "step = np.abs(x).max(axis, keepdims=True) / max(2 ** (bits - 1) - 1, 1)"),
               numpy_(CODES, "np.clip(np.rint(quotient), -(2 ** (bits - 1)), 2**bits - 1)")),
}

EVICTION = {
    "B21": one("I gave all layers one budget", structure(SHARES, "    weights = [1 for _ in weights]\n" + SHARES)),
    "B22": one("I gave the layers that need fewer entries more", structure(
        SHARES, "    weights = [max(weights) + min(weights) - weight for weight in weights]\n" + SHARES)),
    "B23": one("I counted the entries of half of the attention", numpy_("MASS = 0.9", "MASS = 0.5")),
    "B24": one("I let the window's entries compete", numpy_(
        EVICT_BEST, "    whole = groups(probabilities[:, old:], kv_heads).sum((1, 2))\n"
        "    return scores, chosen(whole, min(budget, rows), highest, None)\n")),
    "B25": one("I summed the attention of all rows", numpy_(
        EVICT_SCORES, EVICT_SCORES.replace("[:, old:, :old]", "[..., :old]"))),
    "B26": one("I made one choice for all heads", numpy_(
        EVICT_SCORES, "scores = np.tile(probabilities[:, old:, :old].sum((0, 1)), (kv_heads, 1))")),
    "B27": one("I numbered the kept entries from 0", decoder(
        EVICT_ALIVE, EVICT_ALIVE + "            key = key.copy()\n"
        "            for head, kept in enumerate(choice):\n"
        "                own = slice(head * model.head_dim, (head + 1) * model.head_dim)\n"
        "                key[kept, own] = self.rope(found.unrotated_key[kept, own], np.arange(len(kept)))\n")),
    "B28": one("I numbered later rows from the kept entries on", decoder(
        FED, "self.run(tokens[prefill:], int(caches[0].alive[0].sum()), caches)")),
    "B29": one("I shared the total without a least budget", structure(
        BUDGETS, "budgets = [max(total * weight // whole, 1) for weight in weights]\n"),
        structure(REMAINDERS, "    while False:\n"), decoder(
        EVICTED, EVICTED.replace('params["window"], budget', 'min(params["window"], budget), budget'))),
    "B30": one("I rounded the budgets down", structure(REMAINDERS, "    while False:\n")),
}

PYRAMID = {
    "B31": one("I pruned what is cached, and computed all rows", decoder(EMBEDDED, EMBEDDED + (
        '        if self.baseline == "pyramid_infer" and not caches:\n            self.entering = [rows]\n')),
        decoder(GOES_ON, "                alive = self.entering[-1]\n"
                "                attention = found.probabilities[:, alive][:, :, alive]\n"
                "                _, left = cache_numpy.pyramid_step(attention, recent, count)\n"
                "                self.entering.append(alive[left])\n"),
        decoder(ENTERED, "alive[:] = np.isin(np.arange(rows), self.entering[layer])")),
    "B32": one("I pruned a layer's entries by its own attention", decoder(
        GOES_ON, GOES_ON + "                key, value = found.key[left], found.value[left]\n"
        "                seen[-1] = found._replace(rows=rows, key=key, value=value)\n")),
    "B33": one("I numbered the rows that go on from 0", decoder(ROTATED_KEY, ROTATED_KEY.replace(
        "rows)", "np.arange(len(rows)) + (rows[0] if caches else 0))")), decoder(ROTATED_QUERY, ROTATED_QUERY.replace(
        "rows)", "np.arange(len(rows)) + (rows[0] if caches else 0))"))),
    "B34": one("I weighted all recent rows alike", numpy_(PYRAMID_WEIGHTS, "    return np.ones(recent)\n")),
    "B35": one("I kept no sinks", numpy_(SINKS, "")),
    "B36": one("I took one recent row more", numpy_(
        PYRAMID_SCORES, "    asked = min(recent + 1, rows)\n"
        "    weights = 1 + LAST_WEIGHT * np.arange(asked) / (recent - 1) if recent > 1 else np.ones(asked)\n"
        "    weights = weights.astype(probabilities.dtype)\n"
        "    scores = (weights[:, None] * probabilities[:, rows - asked :, :old].mean(0)).mean(0)\n")),
    "B37": one("I asked the first head alone", numpy_(
        PYRAMID_SCORES, PYRAMID_SCORES.replace("[:, old:, :old].mean(0)", "[0, old:, :old]"))),
    "B38": one("I took the attention of the layer before", decoder(
        GOES_ON, "                asked, alive = found.probabilities, np.arange(len(rows))\n"
        "                if layer:\n"
        "                    alive = np.flatnonzero(np.isin(seen[-2].rows, rows))\n"
        "                    asked = seen[-2].probabilities[:, alive][:, :, alive]\n"
        + GOES_ON.replace("found.probabilities", "asked"))),
}

SHARER = {
    "B39": one("I tried the nearest layers first", numpy_(FALLING, FALLING.replace("-", ""))),
    "B40": one("I let the earlier layer read the later", numpy_(PAIRS, PAIRS + "[:, ::-1]")),
    "B41": one("I left a chain of shares open", decoder(ROOT, 'self.given["share"][layer]'),
               decoder(PRODUCES, "        if True:\n"),
               decoder(READS, "        keys, values = key, value\n        if source != layer:\n"
                       "            keys, values = seen[source].key, seen[source].value\n        if caches:\n"),
               decoder("[before.keys, key]", "[before.keys, keys]"),
               decoder("[before.values, value]", "[before.values, values]"),
               decoder(COMPRESSED, "self.compressed(layer, seen[self.root(layer)], rows)\n"),
               decoder(ROOTS, "len({self.root(n) for n in range(model.layers)})")),
    "B42": one("I compared keys alone", numpy_(DISTANCE, DISTANCE.replace("means) / 2", "means[:1])"))),
}

POOLING = {
    "B46": one("I rotated keys before they are pooled", numpy_(CLEARED, CLEARED.replace(
        "    for", "    keys = split(rotated(joined(keys), range(rows), d, theta), kv_heads).copy()\n    for", 1)),
        numpy_(TURNED, "    queries = split(rotated(joined(queries), range(rows), d, theta), heads)\n")),
    "B47": one("I left partial means visible", numpy_(VISIBLE, "np.tile(np.tri(rows, dtype=bool), (kv_heads, 1, 1))")),
    "B48": one("I took a token's decision for the next", numpy_(
        DECIDED, DECIDED + "    starts[:, 0] = True\n    starts = np.roll(starts, 1, axis=1)\n")),
    "B49": one("I left the channel in that decides", numpy_(CLEARED, "    for head in range(kv_heads):\n"),
               numpy_(AGAIN, "    finished")),
    "B50": one("I did not clear the channel again after the rotation", numpy_(AGAIN, "    finished")),
    "B51": one("I took the plain mean", numpy_(OMEGAS, "    weights = np.ones_like(decisions)\n")),
    "B52": one("I pooled the last twelve tokens of a run alone", numpy_(
        POOL, POOL + "        plain = [x[head].copy() for x in (keys, values)]\n"), numpy_(
        STARTS, STARTS.replace("z = omega\n", "z, first = omega, t\n")), numpy_(
        "            for x in (keys, values):\n" + MEAN,
        "            near = slice(max(first, t - 11), t + 1)\n"
        "            for x, y in zip((keys, values), plain):\n"
        "                x[head, t] = weights[head, near] @ y[near] / weights[head, near].sum()\n")),
    "B53": one("I rotated an entry to the position of its first token", numpy_(
        TURNED, "    queries = split(rotated(joined(queries), range(rows), d, theta), heads)\n"
        "    first = [np.maximum.accumulate(np.where(row, np.arange(rows), 0)) for row in starts]\n"
        "    keys = np.array([rotated(x, place, d, theta) for x, place in zip(keys, first)])\n")),
}

LOW = {
    "B54": one("I projected keys after the rotation", decoder(
        RANKS, RANKS + '            ranks.pop("k_proj")\n'), decoder(
        ROTATED_KEY, "key = self.projected(layer, self.rope(plain, rows))"), decoder(
        "    def linear(self, x, weight):\n", "    def projected(self, layer, key):\n"
        '        if self.baseline != "lorc":\n            return key\n'
        '        rank = self.given["key_ranks"][layer]\n'
        '        left = np.linalg.svd(self.blocks[layer]["k_proj"], full_matrices=False)[0][:, :rank]\n'
        "        return self.model.keep(key @ left @ left.T)\n\n    def linear(self, x, weight):\n")),
    "B55": one("I truncated each head by itself", decoder(
        TRUNCATED, "np.concatenate([cache_numpy.truncate_rank(part, max(rank // self.model.kv_heads, 1))[1]\n"
        "                        for part in np.split(block[name], self.model.kv_heads)]))")),
    "B56": one("I gave the layers' ranks in reverse", decoder(RANKS, RANKS.replace("[layer]", "[-1 - layer]"))),
    "B57": one("I left the singular values out", numpy_(LOW_RANK, LOW_RANK.replace(
        "(left[:, :rank] * values[:rank])", "left[:, :rank]"))),
    "B58": one("I truncated the queries' weight too", decoder(
        RANKS, RANKS + '            ranks["q_proj"] = min(ranks["k_proj"], *block["q_proj"].shape)\n')),
}

PURSUIT = {
    "B59": one("I stored keys after the rotation", decoder(CSR_KEY, 'found.key, "key_atoms"'),
               decoder(CSR_ROTATED, "")),
    "B60": one("I fitted all weights again after each step", numpy_(
        LEFT, "        for row, x in enumerate(vectors):\n"
        "            taken = atoms[choice[row, : step + 1]].astype(np.float64)\n"
        "            weights[row, : step + 1] = np.linalg.lstsq(taken.T, x.astype(np.float64))[0]\n"
        "            read[row] = weights[row, : step + 1] @ taken\n"
        "        residual = vectors - read\n")),
    "B61": one("I took the best atoms at once", numpy_(PRODUCTS, "        products = vectors @ atoms.T\n"), numpy_(
        PURSUED, "np.argsort(-np.abs(products), axis=1, kind='stable')[:, step % len(atoms)]")),
    "B62": one("I took the largest product, not the largest magnitude", numpy_(PURSUED, "products.argmax(1)")),
    "B63": one("I took weights of atoms scaled to a largest number of 1", numpy_(
        PART, "        weights[:, step] /= np.abs(atoms[choice[:, step]]).max(1)\n" + PART)),
}

NOISE = {
    "B64": one("I took the mean magnitude for the root mean square", numpy_(
        RMS, "    size = sigma * np.abs(heads).mean((1, 2), keepdims=True)\n")),
    "B65": one("I added noise of σ itself", numpy_(RMS, "    size = sigma\n")),
    "B66": one("I drew the same noise in every layer", decoder(SEED, 'params["seed"]')),
    "B67": one("I drew uniform numbers", numpy_(
        LIKE, LIKE.replace("self.normal()", "(self.draw() >> 11) * 2.0**-52 - 1"))),
}

COMMON = {
    "B68": one("I preferred the higher index of equal scores", numpy_(
        LOWEST, "np.sort(np.argsort(scores, kind=\"stable\")[:count])"), numpy_(
        PURSUED, "products.shape[1] - 1 - np.abs(products[:, ::-1]).argmax(1)")),
    "B69": one("I numbered the first row behind the prefill T + 1", decoder(
        FED, FED.replace("prefill, caches", "prefill + 1, caches"))),
    "B70": one("I counted bytes", candidate(SAVED, SAVED + COUNTED.format("// 8"))),
    "B71": one("I counted 32 bits a number", candidate(SAVED, SAVED + COUNTED.format("* 2"))),
    "B72": one("I did not count the mask of pruned channels", structure(
        THINK_BITS, "    return kv_heads * numbers * NUMBER\n")),
    "B73": one("I did not count the mask of classes", structure(
        MASK, "    mask = 0\n")),
}

MISTAKES = dict(sorted((THINK | ZIP | EVICTION | PYRAMID | SHARER | POOLING | LOW | PURSUIT | NOISE | COMMON).items()))
