"""The gradients of CCM-33 in NumPy, written out by hand: the loss of CCM-23 by every tensor of the adapter.

A gradient dx has the shape of x. The base is frozen, so that only what passes through its stages is needed; these are
the backward stages of port/training.py.
"""

import numpy as np

import ccm_model  # first: it makes the modules of the folder above known
import ccm_numpy
import ccm_structure
import rotations
import stages
import training


def gradients(model, layouts, beginning, profile, rate=None):
    """By name; 0 for what the loss does not depend on."""
    total = {name: np.zeros_like(array) for name, array in model.adapter.items()}
    labelled = [[r for r, row in enumerate(rows) if row["label"] is not None] for rows in layouts]
    for rows, own in zip(layouts, labelled):
        if own:
            trace = ccm_numpy.parallel(model, rows, beginning, profile, rate)
            chances = stages.softmax(trace["logits"][own], True)
            chances[np.arange(len(own)), [rows[r]["label"] for r in own]] -= 1
            dlogits = np.zeros_like(trace["logits"])
            dlogits[own] = chances / sum(map(len, labelled))
            backward(model, rows, trace, dlogits, profile, rate, total)
    return total


def backward(model, rows, trace, dlogits, profile, rate, total):
    """Adds the gradients of one text."""
    base, shape, element = model.base, model.shape, model.element
    gate = np.array([row["role"] in "cs" for row in rows])
    positions = np.array([row["position"] for row in rows])
    cos, sin = stages.rotation(positions, base.head_dim, rotations.plain(base.theta), element)
    dx, _ = training.rms_norm_backward(trace[f"hidden.{len(base.blocks)}"], base.gain, dlogits @ base.head, shape)
    for n, weights in reversed(list(enumerate(base.blocks))):
        def project(name, x, dy):
            return linear_backward(x, weights[name], *model.low_rank(n, name), model.scale, gate, dy)

        own = {name.removeprefix(f"layers.{n}."): x for name, x in trace.items() if name.startswith(f"layers.{n}.")}
        dy, _ = training.feed_forward_backward(weights, own, dx, shape)
        # middle = hidden.N + o(attention(q, k, v))
        dcontext, found = project("o_proj", own["attention.context"], dy)
        named = {"o_proj": found}
        dq, dk, dv = training.attention_backward(own, dcontext, shape)
        dk, dv = unmerged(rows, dk, profile, rate), unmerged(rows, dv, profile, rate)
        dq, dk = stages.rotate(dq, cos, -sin, element), stages.rotate(dk, cos, -sin, element)  # a rotation's inverse
        dnorm = 0
        for name, dpart in (("q_proj", dq), ("k_proj", dk), ("v_proj", dv)):
            dpart, named[name] = project(name, own["attention.norm"], dpart)
            dnorm = dnorm + dpart
        for name, parts in named.items():
            for part, gradient in zip("AB", parts):
                total[ccm_model.adapter_name(n, name, part)] += gradient
        dhidden, _ = training.rms_norm_backward(trace[f"hidden.{n}"], weights["input_layernorm"], dnorm, shape)
        dx = dy + dhidden
    for row, own in zip(rows, dx):  # hidden.0 = embedding[token]
        if row["role"] in "cs":
            total[ccm_model.EMBEDDINGS][row["token"] - base.vocabulary] += own


def linear_backward(x, weight, lora_a, lora_b, scale, gate, dy):
    """y = W·x + g·(α/r)·B·(A·x) (CCM-20). The gradient of x, and those of A and B."""
    dx, x, dadded = dy @ weight, x[gate], scale * dy[gate]
    dlow = dadded @ lora_b
    dx[gate] += dlow @ lora_a
    return dx, (dlow.T @ x, dadded.T @ (x @ lora_a.T))


def unmerged(rows, d, profile, rate):
    """What reaches a SUM row's key or value goes to the COMP rows of its mean, and none to its own (CCM-17)."""
    d = d.copy()
    for r, row in enumerate(rows):
        if row["role"] == "s":
            before = [c for c in range(r) if rows[c]["role"] == "c" and rows[c]["index"] == row["index"]]
            for c, weight in zip(before, ccm_structure.weights(len(before), profile, rate)):
                d[c] += float(weight) * d[r]
            d[r] = 0
    return d
