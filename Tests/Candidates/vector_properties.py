"""The property level on the NumPy decoder: each property holds for it, so a right implementation can meet them all.

Every function takes a case with its inputs as check_vectors.py reads them and returns the largest relative deviation
from what the property says (OPS-7); it raises AssertionError where the property does not hold.
"""

import numpy as np

import loma_layout
import loma_rotation
import numpy_llama

CHANGE = 1e-9  # relative: what a visible row moves is far above it
SAME = 1e-12


def deviation(got, expected):
    got, expected = np.asarray(got), np.asarray(expected)
    assert got.shape == expected.shape
    if expected.size == 0:
        return 0.0
    return float(np.abs(got - expected).max() / (np.abs(expected).max() or 1.0))


def within(value):
    assert value <= SAME, f"differs by {value:.1e}"
    return value


def interference(case, model):
    """In one layer, replacing row s moves the logits of the rows that see s (chapter 4), and no bit of the others."""
    assert model.layers == 1, "with more layers a hidden row reaches others through visible ones"
    rows = case.layouts[0]
    given = case.input["embeddings"][0].astype(np.float64)
    positions = [row["position"] for row in rows]
    visible = np.array(loma_layout.mask(rows, case.profile))
    plain = model.forward(given, positions, visible)["logits"]
    for s in range(len(rows)):
        replaced = given.copy()
        replaced[s] = case.input["replacements"][s]
        logits = model.forward(replaced, positions, visible)["logits"]
        for q, row in enumerate(rows):
            moved = deviation(logits[q], plain[q])
            if loma_layout.sees(row, rows[s], case.profile):
                assert moved > CHANGE, f"row {q} sees row {s}, which moved it by {moved:.1e}"
            else:
                assert (logits[q] == plain[q]).all(), f"row {q} does not see row {s}, which moved it by {moved:.1e}"
    return 0.0


def poison(case, _):
    """Hidden keys that would score over 10,000, with huge values, change no bit (MSK-12); one query at a time. Once as
    OPS-7 makes them, and once per head aligned with that head's own query."""
    heads, kv_heads = case.params["heads"], case.params["kv_heads"]
    q, k, v = (case.input[name].astype(np.float64) for name in "qkv")
    mask = case.input["mask"]
    assert not mask.all() and mask.diagonal().all()
    d = q.shape[1] // heads
    plain, _ = numpy_llama.attention(q, k, v, mask, heads, kv_heads)
    for r in range(len(q)):
        hidden = np.flatnonzero(~mask[r])
        keys, values = k.copy(), v.copy()
        for shared in range(kv_heads):
            first = shared * (heads // kv_heads)
            query = q[r, first * d : (first + 1) * d]
            size = 2.0 ** np.ceil(np.log2(1e4 * np.sqrt(d) / np.abs(query).sum()))
            assert size <= 2.0**15  # exact in float16
            keys[hidden, shared * d : (shared + 1) * d] = np.where(query < 0, -size, size)
        values[hidden] = 2.0**14
        poisoned = [(keys, values)]
        for h in range(heads):
            block = slice((h * kv_heads // heads) * d, (h * kv_heads // heads + 1) * d)
            query = q[r, h * d : (h + 1) * d]
            keys, values = k.copy(), v.copy()
            keys[hidden, block] = query * (2e4 * np.sqrt(d) / (query @ query))
            values[hidden, block] = 1e30
            poisoned.append((keys, values))
        for keys, values in poisoned:
            context, probabilities = numpy_llama.attention(q, keys, values, mask, heads, kv_heads)
            assert (probabilities[:, r, hidden] == 0).all() and (context[r] == plain[r]).all()
    return 0.0


def prefix(case, model):
    """Rows of a prefix of the text compute what they compute in the whole text: none sees what comes later."""
    text, whole = case.texts[0], case.layouts[0]
    logits = model.forward_rows(whole, case.profile)["logits"]
    place = {(row["zone"], row["chunk"], row["index"]): r for r, row in enumerate(whole)}
    worst = 0.0
    assert case.input["prefixes"].size > 0
    for n in case.input["prefixes"].tolist():
        assert 0 < n < len(text)
        rows = case.layout(text[:n])
        found = [place[row["zone"], row["chunk"], row["index"]] for row in rows]
        worst = max(worst, within(deviation(model.forward_rows(rows, case.profile)["logits"], logits[found])))
    return worst


def cache(case, model):
    """Generation's logits are those of the reading rows in the training layout (GEN-7)."""
    cached = numpy_llama.CompressedCache(model, case.params, case.profile)
    for token in case.texts[0]:
        cached.feed(token)
    rows = case.layouts[0]
    logits = model.forward_rows(rows, case.profile)["logits"]
    return within(deviation(np.array(cached.logits), logits[[r["zone"] == "x" for r in rows]]))


def batch(case, model):
    """A text's real rows compute the same beside other texts as alone (MSK-11)."""
    worst = 0.0
    assert len({len(layout) for layout in case.layouts}) > 1
    for rows, beside in zip(case.layouts, loma_layout.padded(case.layouts), strict=True):
        logits = model.forward_rows(beside, case.profile)["logits"]
        if rows:
            alone = model.forward_rows(rows, case.profile)["logits"]
            worst = max(worst, within(deviation(logits[: len(rows)], alone)))
    return worst


def repeat(case, model):
    """The same request has the same answer, bit for bit."""
    first, second = (model.forward_rows(case.layouts[0], case.profile)["logits"] for _ in range(2))
    assert first.tobytes() == second.tobytes()
    return 0.0


def shift(case, _):
    """Adding one number to all positions changes nothing: only relative positions count (MOD-3)."""
    numbers = {name: a.astype(np.float64) for name, a in case.input.items() if a.dtype == np.float32}
    x = numbers.pop("x")
    results = [
        numpy_llama.decoder_layer(
            x, case.input["positions"] + by, case.input["mask"], numbers, case.params["heads"], case.params["kv_heads"],
            case.params["epsilon"], loma_rotation.of_stage(case.params))[1]
        for by in (0, case.params["shift"])]
    return within(deviation(results[1], results[0]))


ALL = {f.__name__: f for f in (interference, poison, prefix, cache, batch, repeat, shift)}
