"""Losses, the backward pass written out by hand, and AdamW (chapter 5). A gradient dx has the shape of x."""

import math

import numpy as np

import layout
import model
import stages


def labelled(rows):
    """Where labels stand, of reading rows and of all others (LOS-4)."""
    has_label, is_reading = rows[:, layout.LABEL] >= 0, rows[:, layout.ZONE] == layout.READING
    return has_label & is_reading, has_label & ~is_reading


def passes(weights, layouts, axes, element):
    """The forward pass of each text; a text without rows has none."""
    return [model.run(weights, rows[:, layout.TOKEN], rows[:, layout.POSITION], layout.visible(rows, rows, axes), element)
            if len(rows) else None for rows in layouts]


def losses(weights, layouts, axes, element):
    """L_LM and L_rep: each a mean over the labelled rows of all texts (LOS-4)."""
    terms = ([], [])
    for rows, trace in zip(layouts, passes(weights, layouts, axes, element)):
        for term, own in zip(terms, labelled(rows)):
            if own.any():
                term.append(stages.cross_entropy(trace["logits"][own], rows[own, layout.LABEL]))
    means = [np.concatenate(term).mean() if term else element.accumulation(0) for term in terms]
    return [element.store(mean) for mean in means]


def gradients(weights, layouts, axes, element):
    """Of the loss, by every parameter's name."""
    total = {name: np.zeros_like(w) for name, w in weights.flat.items()}
    counts = [sum(int(own.sum()) for own in kinds) for kinds in zip(*map(labelled, layouts))]
    for rows, trace in zip(layouts, passes(weights, layouts, axes, element)):
        if trace is None:
            continue
        share = np.zeros(len(rows), element.accumulation)  # of each row in the loss
        for own, count in zip(labelled(rows), counts):
            share[own] = 1 / max(count, 1)
        chances = stages.softmax(trace["logits"], True)
        chances[np.arange(len(rows)), rows[:, layout.LABEL]] -= 1
        backward(weights, rows, trace, chances * share[:, None], total, element)
    return total


def backward(weights, rows, trace, dlogits, total, element):
    """Adds to `total` the gradients of one text."""
    config = weights.config
    head = "model.embed_tokens.weight" if config.tied else "lm_head.weight"
    total[head] += dlogits.T @ trace["final_norm"]  # logits = final_norm · headᵀ
    dx, gain = rms_norm_backward(trace[f"hidden.{config.layers}"], weights.norm, dlogits @ weights.head, config.shape)
    total["model.norm.weight"] += gain
    cos, sin = stages.rotation(rows[:, layout.POSITION], config.shape.head_dim, config.shape.rope, element)
    for n in reversed(range(config.layers)):
        own = {name.removeprefix(f"layers.{n}."): x for name, x in trace.items() if name.startswith(f"layers.{n}.")}
        dx, d = layer_backward(trace[f"hidden.{n}"], weights.layers[n], own, dx, config.shape, cos, sin, element)
        for short, name in config.names()[n].items():
            total[name] += d[short]
    np.add.at(total["model.embed_tokens.weight"], rows[:, layout.TOKEN], dx)  # hidden.0 = embedding[token]


def rms_norm_backward(x, gain, dy, shape):
    """y = g ⊙ x̂, x̂ = x · inverse root. Gradients of x and of g."""
    inverse = stages.inverse_root(x, shape.epsilon)
    unit, dunit = x * inverse, dy * gain
    return inverse * (dunit - unit * (stages.total(dunit * unit) / x.shape[-1])), (dy * unit).sum(0)


def projected_backward(x, w, name, dy, d):
    """y = x · weightᵀ + bias. Gradients of both go into `d`; returns that of x."""
    d[name] = dy.T @ x
    if name + "_bias" in w:
        d[name + "_bias"] = dy.sum(0)
    return dy @ w[name]


def headed_backward(x, w, name, dy, shape, element, d):
    """Of queries or keys before their rotation, through the norm of their heads if there is one."""
    if name + "_norm" in w:
        heads = (len(dy), dy.shape[1] // shape.head_dim, shape.head_dim)
        y = stages.projected(x, w, name + "_proj", element).reshape(heads)
        dheads, gain = rms_norm_backward(y, w[name + "_norm"], dy.reshape(heads), shape)
        d[name + "_norm"], dy = gain.sum(0), dheads.reshape(dy.shape)
    return projected_backward(x, w, name + "_proj", dy, d)


def feed_forward_backward(w, own, dy, shape):
    """hidden.N+1 = middle + down(silu(gate) ⊙ up). Gradients of `middle` and of the weights."""
    d = {}
    gate, up = own["feed_forward.gate"], own["feed_forward.up"]
    dactive = projected_backward(own["feed_forward.activation"], w, "down_proj", dy, d)
    chance = stages.sigmoid(gate)
    dgate, dup = dactive * up * (chance * (1 + gate * (1 - chance))), dactive * (gate * chance)
    norm = own["feed_forward.norm"]
    dnorm = projected_backward(norm, w, "gate_proj", dgate, d) + projected_backward(norm, w, "up_proj", dup, d)
    dx, d["post_attention_layernorm"] = rms_norm_backward(own["middle"], w["post_attention_layernorm"], dnorm, shape)
    return dy + dx, d


def layer_backward(hidden, w, own, dy, shape, cos, sin, element):
    """The block of MOD-6 from its end: the gradient of `hidden`, and those of the layer's weights."""
    dy, d = feed_forward_backward(w, own, dy, shape)
    # middle = hidden.N + o(attention(q, k, v))
    dcontext = projected_backward(own["attention.context"], w, "o_proj", dy, d)
    dq, dk, dv = attention_backward(own, dcontext, shape)
    dq, dk = stages.rotate(dq, cos, -sin, element), stages.rotate(dk, cos, -sin, element)  # the transpose of a·R
    norm = own["attention.norm"]
    dnorm = headed_backward(norm, w, "q", dq, shape, element, d) + headed_backward(norm, w, "k", dk, shape, element, d)
    dnorm = dnorm + projected_backward(norm, w, "v_proj", dv, d)
    dx, d["input_layernorm"] = rms_norm_backward(hidden, w["input_layernorm"], dnorm, shape)
    return dy + dx, d


def attention_backward(own, dcontext, shape):
    """Of rotated queries, rotated keys and values; a key-value head's is the sum over its query heads."""
    q, k, v, dy = (stages.by_head(x, shape.kv_heads, shape.head_dim) for x in (
        own["attention.query"], own["attention.key"], own["attention.value"], dcontext))
    weights = own["attention.probabilities"].reshape(shape.kv_heads, -1, *own["attention.probabilities"].shape[1:])
    dv = weights.swapaxes(-1, -2) @ dy  # context = p · v
    dweights = dy @ v.swapaxes(-1, -2)
    dscores = weights * (dweights - stages.total(dweights * weights)) * (1 / math.sqrt(shape.head_dim))
    dq = dscores @ k  # score = q · k / √d
    dk = dscores.swapaxes(-1, -2) @ q
    dk, dv = dk.sum(1, keepdims=True), dv.sum(1, keepdims=True)
    return tuple(x.transpose(2, 0, 1, 3).reshape(x.shape[2], -1) for x in (dq, dk, dv))


def train(weights, layouts, axes, p, element):
    """Steps of AdamW on one batch (LOS-6): parameters and both moments."""
    rate, beta1, beta2, epsilon, decay = (p[name] for name in (
        "learning_rate", "beta1", "beta2", "adam_epsilon", "weight_decay"))
    first = {name: np.zeros_like(w) for name, w in weights.flat.items()}
    second = {name: np.zeros_like(w) for name, w in weights.flat.items()}
    power1 = power2 = 1.0
    for _ in range(p["steps"]):
        power1, power2 = power1 * beta1, power2 * beta2
        flat = {}
        for name, g in gradients(weights, layouts, axes, element).items():
            m, v = first[name], second[name]
            w = weights.flat[name] * (1 - rate * decay)
            m = first[name] = m + (g - m) * (1 - beta1)
            v = second[name] = v * beta2 + (1 - beta2) * g * g
            flat[name] = w - (rate / (1 - power1)) * (m / (np.sqrt(v) / math.sqrt(1 - power2) + epsilon))
        weights = model.Weights(weights.config, flat)
    return weights.flat, first, second
