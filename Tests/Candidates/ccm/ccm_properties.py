"""The property level of CCM-36 on the NumPy computation: each property holds for it, so a right port can meet them all.

Every function takes a case and returns the largest relative deviation; it raises AssertionError where the property does
not hold.
"""

import numpy as np

import ccm_numpy
import ccm_structure
from vector_properties import CHANGE, deviation, within


def logits_of(case, rows, embeddings=None):
    return ccm_numpy.parallel(case.model, rows, case.beginning, case.profile, case.rate, embeddings)["logits"]


def of_role(rows, roles):
    return [r for r, row in enumerate(rows) if row["role"] in roles]


def reaches(rows, visible, r, q, profile, rate):
    """Whether row r reaches text row q in a model of one layer: directly, or through a mean that it is part of."""
    if visible[q, r]:
        return True
    for s in np.flatnonzero(visible[q]):
        if rows[s]["role"] == "s" and rows[r]["role"] == "c" and rows[s]["index"] == rows[r]["index"] and r < s:
            own = [c for c in range(s) if rows[c]["role"] == "c" and rows[c]["index"] == rows[s]["index"]]
            if ccm_structure.weights(len(own), profile, rate)[own.index(r)]:
                return True
    return False


def online(case):
    """Logits fed one by one are those of the parallel layout with what was chosen or forced at its end (CCM-26)."""
    cache = ccm_numpy.Online(case.model, case.texts[0], case.params, case.profile)
    chosen = cache.generate(case.params["generate"], case.integers.get("forced"))
    fed = case.integers.get("forced", chosen)[: max(case.params["generate"] - 1, 0)]
    text = [*case.texts[0][:-1], case.texts[0][-1] + fed]
    rows = ccm_structure.layout(text, case.n, case.vocabulary, case.profile)
    return within(deviation(np.array(cache.logits), logits_of(case, rows)[of_role(rows, "x")]))


def inert(case):
    """Other embeddings in SUM rows change no bit of a text row (CCM-18)."""
    rows = case.layouts[0]
    sums, text = of_role(rows, "s"), of_role(rows, "x")
    assert sums, "no SUM row"
    given = case.input["embeddings"][0].astype(np.float64)
    changed = given.copy()
    changed[sums] = case.input["replacements"][sums]
    assert (changed[sums] != given[sums]).any(-1).all(), "a SUM row is not replaced"
    assert (logits_of(case, rows, given)[text] == logits_of(case, rows, changed)[text]).all()
    return 0.0


def interference(case):
    """In one layer a replaced row moves the text rows that it reaches, and no bit of the others."""
    assert len(case.model.base.blocks) == 1, "with more layers a hidden row reaches others through visible ones"
    rows = case.layouts[0]
    given = case.input["embeddings"][0].astype(np.float64)
    visible = np.array(ccm_structure.mask(rows, case.beginning, case.profile))
    plain = logits_of(case, rows, given)
    for r in of_role(rows, "xc"):
        replaced = given.copy()
        replaced[r] = case.input["replacements"][r]
        logits = logits_of(case, rows, replaced)
        for q in of_role(rows, "x"):
            if reaches(rows, visible, r, q, case.profile, case.rate):
                moved = deviation(logits[q], plain[q])
                assert moved > CHANGE, f"row {r} reaches row {q} and moved it by {moved:.1e}"
            else:
                assert (logits[q] == plain[q]).all(), f"row {r} does not reach row {q}, which moved"
    return 0.0


def gate(case):
    """Another adapter moves the rows whose gate is open and no bit of the others; a B of zeros is no adapter."""
    given, own = case.floats(), case.input["gate"]
    scale = case.params["lora_alpha"] / len(given["lora_a"])

    def y(lora_a, lora_b, opened=own):
        return ccm_numpy.conditional_linear(given["x"], given["weight"], lora_a, lora_b, scale, opened)

    assert own.any() and not own.all()
    plain = y(given["lora_a"], given["lora_b"])
    other = y(given["lora_a.replacement"], given["lora_b.replacement"])
    assert (plain[~own] == other[~own]).all()
    assert all(deviation(after, before) > CHANGE for after, before in zip(other[own], plain[own]))
    closed = y(given["lora_a"], given["lora_b"], np.zeros_like(own))
    assert (y(given["lora_a"], given["lora_b"] * 0) == closed).all()
    return 0.0


def batch(case):
    """A text's text rows compute the same beside other texts as alone (CCM-8)."""
    assert len({len(rows) for rows in case.layouts}) > 1
    worst = 0.0
    for rows, beside in zip(case.layouts, ccm_structure.padded(case.layouts), strict=True):
        text = of_role(rows, "x")
        own = logits_of(case, beside)[of_role(beside, "x")]
        worst = max(worst, within(deviation(own, logits_of(case, rows)[text])))
    return worst


def repeat(case):
    """The same request has the same answer, bit for bit."""
    first, second = (logits_of(case, case.layouts[0]) for _ in range(2))
    assert first.tobytes() == second.tobytes()
    return 0.0


ALL = {f.__name__: f for f in (online, inert, interference, gate, batch, repeat)}
