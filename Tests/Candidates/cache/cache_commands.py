"""Every command that chapter 19 of the Spec shows, computed again: its numbers in their order, or its rejection."""

import json
import math
import pathlib
import re

import numpy as np

import cache_protocol  # noqa: F401  first: it makes the modules of the folder above known
import cache_numpy
import cache_structure

CHAPTER = pathlib.Path(__file__).resolve().parents[3] / "Spec" / "19-bas.md"
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?|true|false")
OPERATIONS = {  # the operation whose rejections a command has
    "eviction_bits": "evict", "evict": "evict", "think_bits": "think", "zip_bits": "zip_cache",
    "zigzag_budgets": "zigzag_budgets", "pyramid_rows": "pyramid_step", "truncate_rank": "truncate_rank",
    "pursue": "pursue", "store_noise": "store_noise"}


class Options:
    """The words of a command by name; numbers, lists of them, and tables by what their width is made of."""

    def __init__(self, words):
        self.words = {word.removeprefix("--").replace("-", "_"): value for word, value in zip(words[::2], words[1::2])}

    def __getattr__(self, name):
        return int(self.words[name])

    def list(self, name):
        return np.array([float(part) for part in self.words[name].split(",")])

    def integers(self, name):
        return self.list(name).astype(int).tolist()

    def table(self, name, columns):
        return self.list(name).reshape(-1, columns)

    def attention(self, heads):
        weights = self.list("attention").reshape(heads, -1)
        rows = math.isqrt(weights.shape[1])
        return weights.reshape(heads, rows, rows)


def runs(o):
    """Where entries begin and what each row sees, from the channel that decides."""
    keys = o.list("keys")
    starts = [t == 0 or not key - 5 > 0 for t, key in enumerate(keys)]
    seen = [[j for j in range(t) if starts[j + 1]] + [t] for t in range(len(keys))]
    return [starts, sum(starts), seen]


def means(o):
    """Partial means of numbers x under the decisions of keys and the weights of queries, by cache_numpy.dmc."""
    def column(name):
        return np.stack([np.zeros_like(o.list(name)), o.list(name)], axis=1)
    values = np.stack([o.list("x"), o.list("x")], axis=1)
    return cache_numpy.dmc(column("queries"), column("keys"), values, 1, 1, 1e4)["values"][:, 0]


def pyramid_rows(o):
    rows = [o.rows]
    for count in o.integers("counts"):
        rows.append(min(count, rows[-1] - o.recent) + o.recent)
    return rows


def low_ranks(o):
    """BAS-16, from the product of both condition numbers of each layer."""
    logs = np.cumsum(np.log(o.list("conditions"))[::-1])[::-1]
    spread = logs.max() - logs.min()
    return [round(o.most - ((logs.max() - x) / spread * (o.most - o.least) if spread else 0)) for x in logs]


def farthest(o):
    """BAS-17: each over its length, then again and again the one that is least like any so far."""
    vectors = [x / np.linalg.norm(x) for x in o.table("x", o.columns) if x.any()]
    atoms = vectors[:1]
    while len(atoms) < o.count:
        likeness = [max(abs(x @ atom) for atom in atoms) for x in vectors]
        atoms.append(vectors[int(np.argmin(likeness))])
    return atoms


def pursue(o):
    vectors = o.list("x")[None]
    choice, weights, read = cache_numpy.pursue(vectors, o.table("atoms", vectors.shape[1]), o.steps)
    return [choice, weights, read]


def think(o):
    query, key = (o.table(name, heads * o.head_dim) for name, heads in (("query", o.heads), ("key", o.kv_heads)))
    return cache_numpy.think(query, key, o.kv_heads, o.heads, o.window, o.pruned, o.recent)


def zip_cache(o):
    key, value = (o.table(name, o.kv_heads * o.head_dim) for name in ("key", "value"))
    found = cache_numpy.zip_cache(
        key, value, o.attention(o.heads), o.kv_heads, o.low, o.low_bits, o.high_bits)
    return [found[name] for name in ("saliency", "choice", "key_codes", "value_codes", "values")]


def store_noise(o):
    x = o.table("x", o.kv_heads * o.head_dim)
    return cache_numpy.store_noise(x, o.kv_heads, float(o.words["sigma"]), cache_numpy.Noise(o.seed))


def pyramid_choice(o):
    """By probabilities of recent rows alike that have these scores."""
    scores = o.list("scores")
    rows = len(scores) + o.recent
    probabilities = np.zeros((1, rows, rows))
    probabilities[0, len(scores) :, : len(scores)] = scores
    return cache_numpy.pyramid_step(probabilities, o.recent, o.count)[1]


def weight(o):
    return o.table("x", o.columns)


FUNCTIONS = {
    "highest": lambda o: cache_numpy.highest(o.list("scores"), o.count),
    "lowest": lambda o: cache_numpy.lowest(o.list("scores"), o.count),
    "whole_bits": lambda o: o.layers * cache_structure.entry_bits(o.kv_heads, o.head_dim, o.rows),
    "eviction_bits": lambda o: cache_structure.entry_bits(o.kv_heads, o.head_dim, min(o.budget, o.rows)),
    "evict": lambda o: cache_numpy.evict(o.attention(o.heads), o.kv_heads, o.window, o.budget),
    "zigzag_budgets": lambda o: cache_structure.shared_budgets(o.integers("needs"), o.total, o.least, o.rows),
    "think": think, "zip_cache": zip_cache, "store_noise": store_noise, "pursue": pursue, "pyramid_rows": pyramid_rows,
    "think_bits": lambda o: cache_structure.think_bits(o.kv_heads, o.head_dim, o.rows, o.pruned, o.recent),
    "zip_bits": lambda o: cache_structure.zip_bits(
        o.kv_heads, o.head_dim, o.rows, o.low, o.low_bits, o.high_bits),
    "pyramid_bits": lambda o: cache_structure.entry_bits(o.kv_heads, o.head_dim, sum(pyramid_rows(o))),
    "pyramid_weights": lambda o: cache_numpy.recent_weights(o.recent), "pyramid_choice": pyramid_choice,
    "layer_share": lambda o: [cache_structure.root(o.integers("share"), n) for n in range(len(o.integers("share")))],
    "share_bits": lambda o: cache_structure.entry_bits(o.kv_heads, o.head_dim, o.rows) * sum(
        n == source for n, source in enumerate(o.integers("share"))),
    "dmc_runs": runs, "dmc_means": means, "low_ranks": low_ranks, "farthest_atoms": farthest,
    "singular_values": lambda o: cache_numpy.truncate_rank(weight(o), 1)[0],
    "truncate_rank": lambda o: cache_numpy.truncate_rank(weight(o), o.rank)[1],
    "low_rank_bits": lambda o: cache_structure.NUMBER * o.rows * sum(
        o.integers("key_ranks") + o.integers("value_ranks")),
    "pursuit_bits": lambda o: cache_structure.pursuit_bits(o.vectors, o.atoms, o.steps)}


def code_of(name, o):
    """The rejection of a command, or None."""
    if "share" in o.words:
        share = o.integers("share")
        return next(("share-out-of-range" for n, source in enumerate(share) if not 0 <= source <= n), None)
    op = OPERATIONS.get(name)
    if not op:
        return None
    lists = {"scores", "attention", "query", "key", "value", "needs", "x", "atoms", "counts"}
    params = {key: float(x) if key == "sigma" else int(x) for key, x in o.words.items() if key not in lists}
    params = {"heads": params.get("kv_heads", 1), "head_dim": 1, "count": 0, **params}
    given, rows = {}, params.get("rows", 1)
    if "attention" in o.words:
        rows = math.isqrt(len(o.list("attention")) // params["heads"]) or 1
    width = params["kv_heads"] * params["head_dim"] if "kv_heads" in params else 1
    shapes = {"probabilities": (len(o.integers("needs")), 1, rows, rows) if "needs" in o.words else (1, rows, rows)}
    if op in ("think", "zip_cache"):
        shapes["key"] = (rows, width)
    if name == "pursue":
        vectors = o.list("x")[None]
        given["atoms"] = o.table("atoms", vectors.shape[1]).tolist()
        shapes = {"vectors": vectors.shape, "atoms": np.shape(given["atoms"])}
    if name == "truncate_rank":
        shapes = {"weight": weight(o).shape}
    params = {"window": 1, **params} if op == "think" else params
    profile = {"baseline": cache_structure.BASELINE[op]}
    return next(iter(cache_structure.rejections(op, params, profile, given, shapes, None, None)), None)


def flat(found):
    """All numbers of nested lists, truth values as 0 and 1."""
    if isinstance(found, np.ndarray):
        found = found.tolist()
    return [x for part in found for x in flat(part)] if isinstance(found, (list, tuple)) else [float(found)]


def check_commands(tally):
    blocks = re.findall(r"^```console\n(.*?)^```", CHAPTER.read_text(), re.MULTILINE | re.DOTALL)
    for shown in re.split(r"^\$ ", "".join(blocks), flags=re.MULTILINE)[1:]:
        command, *lines = shown.splitlines()
        _, verb, name, *words = command.split()
        tally.holds("commands of the Spec", verb == "compute" and name in FUNCTIONS, command)
        options = Options(words)
        code = code_of(name, options)
        if lines[-1] == "(exit 2)":
            tally.holds("commands of the Spec", lines[0].startswith(f"loma: {code}: "), command, lines, code)
            continue
        tally.holds("commands of the Spec", code is None, command, code)
        numbers = [float(json.loads(word)) for word in NUMBER.findall(" ".join(lines))]
        tally.near("commands of the Spec", flat(FUNCTIONS[name](options)), numbers)
