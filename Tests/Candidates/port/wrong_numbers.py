"""Mistakes of numbers: model, attention, losses, gradients, optimiser, element types. Ids are those of wrong.py."""

from change import Change

INVERSE_ROOT = "    return 1 / np.sqrt(total(x * x) / x.shape[-1] + epsilon)\n"
ANGLES = "    return np.cos(angle) * factor, np.sin(angle) * factor\n"
ANGLE = "    angle = (positions.astype(element.accumulation)[:, None] * inverse)[:, None]\n"
BY_HEAD = "    return x.reshape(len(x), kv_heads, -1, head_dim).transpose(1, 2, 0, 3)\n"
HEADS = "    queries, keys, values = (by_head(x, kv_heads, head_dim) for x in (q, k, v))\n"
SCORES = "    scores = (queries @ keys.swapaxes(-1, -2)) * (1 / math.sqrt(head_dim))\n"
CONTEXT = "    context = (weights @ values).transpose(2, 0, 1, 3).reshape(q.shape)\n"
STORED = "    return element.store(context), element.store(weights.reshape(heads, len(q), len(k)))\n"
POWERS = "    powers = np.exp(scores - np.maximum.reduce(scores, -1, keepdims=True))\n    return powers / total(powers)\n"
TABLE = "    cos, sin = stages.rotation(positions, shape.head_dim, shape.rope, element)\n"
TABLE_BACK = "    cos, sin = stages.rotation(rows[:, layout.POSITION], config.shape.head_dim, config.shape.rope, element)\n"
THETA = '    theta = rope.get("rope_theta", given.get("rope_theta", 10000.0))\n'
EPSILON = '        epsilon = given.get("rms_norm_eps", 1e-6)\n'
RUN = "def run(weights, tokens, positions, seen, element, embeddings=None, past=None):\n"
FINAL = '    trace["logits"] = stages.linear(trace["final_norm"], weights.head, element)\n'
CAPTURED = "        for name in names:\n            whole = "
ADDED = "        backward(weights, rows, trace, chances * share[:, None], total, element)\n    return total\n"
SUMMED = "    dk, dv = dk.sum(1, keepdims=True), dv.sum(1, keepdims=True)\n"
EMBEDDED = '    np.add.at(total["model.embed_tokens.weight"], rows[:, layout.TOKEN], dx)'
DECAYED = "            w = weights.flat[name] * (1 - rate * decay)\n"
STEP = "(rate / (1 - power1)) * (m / (np.sqrt(v) / math.sqrt(1 - power2) + epsilon))"
RATES = """    rate, beta1, beta2, epsilon, decay = (p[name] for name in (
        "learning_rate", "beta1", "beta2", "adam_epsilon", "weight_decay"))
"""
MOMENTS = """    first = {name: np.zeros_like(w) for name, w in weights.flat.items()}
    second = {name: np.zeros_like(w) for name, w in weights.flat.items()}
"""
MEANS = "    means = [np.concatenate(term).mean() if term else element.accumulation(0) for term in terms]\n"
LINEAR = "    return element.store(x @ weight.T)\n"
ROUNDED = "                name: element.store(w.astype(element.accumulation)) for name, w in self.stored.items()})\n"
ENTRIES = '            k, v = trace[f"layers.{n}.attention.key"], trace[f"layers.{n}.attention.value"]\n'
PROJECTED = 'rotate(headed(norm, w, "q", shape, element), cos, sin, element)\n    k ='
CAPTURE_PASS = "            None if given is None else given[b, : len(rows)]) if len(rows) else {}\n"


def clipped(factor):
    """All gradients, under a factor of their common norm."""
    return (("training", ADDED, ADDED.replace(
        "    return total\n",
        "    norm = math.sqrt(sum(float((g * g).sum()) for g in total.values()))\n"
        f"    return {{name: g * ({factor}) for name, g in total.items()}}\n")),)


def captured(change):
    """Another tensor under the name of a captured one."""
    return (("port", CAPTURED, f"        last = r.model.config.layers\n        if trace:\n{change}" + CAPTURED),)


def cached(rounding):
    return (("generation", "import model\n", "import model\nimport tensors\n"),
            ("generation", ENTRIES, ENTRIES + f"            k, v = (tensors.{rounding}(x).astype(x.dtype) for x in (k, v))\n"))


def loaded(rounding):
    return (("model", ROUNDED, ROUNDED.replace("w.astype(element.accumulation)",
                                               f"tensors.{rounding}(w).astype(element.accumulation)")),)


IN_TYPE = '''def in_type(x, y, element):
    """x · yᵀ along the last axis of both, each product and each sum rounded to the element type."""
    out = np.zeros((*np.broadcast_shapes(x.shape[:-2], y.shape[:-2]), x.shape[-2], y.shape[-2]), x.dtype)
    for i in range(x.shape[-1]):
        out = element.store(out + element.store(x[..., i][..., :, None] * y[..., i][..., None, :]))
    return out


def total(x):
'''
NARROW = 'if element.name in ("bf16", "f16") else'


def interleaved():
    """Query head h reads key-value head h mod H_kv, forwards and backwards."""
    return (("stages", BY_HEAD, "    return x.reshape(len(x), -1, kv_heads, head_dim).transpose(2, 1, 0, 3)\n"),
            ("stages", CONTEXT, CONTEXT.replace("2, 0, 1, 3", "2, 1, 0, 3")),
            ("stages", STORED, STORED.replace("weights.reshape(", "weights.swapaxes(0, 1).reshape(")),
            ("training", 'reshape(shape.kv_heads, -1, *own["attention.probabilities"].shape[1:])',
             'reshape(-1, shape.kv_heads, *own["attention.probabilities"].shape[1:]).swapaxes(0, 1)'),
            ("training", "x.transpose(2, 0, 1, 3).reshape(x.shape[2], -1)",
             "x.transpose(2, 1, 0, 3).reshape(x.shape[2], -1)"))


MISTAKES = {
    "6": Change("The tables of cosines and sines are bfloat16.", (
        ("stages", "import numpy as np\n", "import numpy as np\n\nimport tensors\n"),
        ("stages", ANGLES, "    return tuple(tensors.to_bfloat16(f(angle) * factor).astype(angle.dtype) for f in (np.cos, np.sin))\n")),
        ("attention.query",)),
    "6m": Change("The tables of cosines and sines are bfloat16, in the model only.", (
        ("model", TABLE, TABLE + "    cos, sin = (tensors.to_bfloat16(x).astype(x.dtype) for x in (cos, sin))\n"),
        ("training", "import stages\n", "import stages\nimport tensors\n"),
        ("training", TABLE_BACK,
         TABLE_BACK + "    cos, sin = (tensors.to_bfloat16(x).astype(x.dtype) for x in (cos, sin))\n")), ("attention.query",)),
    "8": Change("head_dim is the width over the heads, whatever the configuration says.", (
        ("model", 'given.get("head_dim") or self.width // heads', "self.width // heads"),), ("attention.query",)),
    "9a": Change("Query head h reads key-value head h mod H_kv.", interleaved(), ("M103",)),
    "9b": Change("With one key-value head I repeat its rows, not the head.", (
        ("stages", HEADS, HEADS + "    if kv_heads == 1 and heads > 1:\n"
         "        keys, values = (np.repeat(x[0, 0], heads, 0).reshape(1, heads, -1, head_dim) for x in (keys, values))\n"),)),
    "10": Change("The means are over labelled rows and pads.", (
        ("training", MEANS, "    pads = sum(max(map(len, layouts)) - len(rows) for rows in layouts)\n"
         + MEANS.replace("np.concatenate(term).mean()",
                         "np.concatenate(term).sum() / (len(np.concatenate(term)) + pads)")),
        ("training", "            share[own] = 1 / max(count, 1)\n",
         "            pads = sum(max(map(len, layouts)) - len(other) for other in layouts)\n"
         "            share[own] = 1 / max(count + pads, 1)\n"))),
    "11": Change("The embedding's gradient of a token that comes again is overwritten, not added.", (
        ("training", EMBEDDED, '    total["model.embed_tokens.weight"][rows[:, layout.TOKEN]] += dx'),)),
    "12": Change("The gradient of a key is taken from the last query head of its group.", (
        ("training", SUMMED, SUMMED.replace("dk.sum(1, keepdims=True)", "dk[:, -1:]")),)),
    "H11": Change("The gradient of a value is taken from the last query head of its group.", (
        ("training", SUMMED, SUMMED.replace("dv.sum(1, keepdims=True)", "dv[:, -1:]")),)),
    "13": Change("Gradients are rotated the same way as queries and keys.", (
        ("training", "stages.rotate(dq, cos, -sin, element), stages.rotate(dk, cos, -sin, element)",
         "stages.rotate(dq, cos, sin, element), stages.rotate(dk, cos, sin, element)"),), ("M137",)),
    "14a": Change("The optimiser's ε is inside the root.", (
        ("training", STEP, "(rate / (1 - power1)) * (m / np.sqrt(v / (1 - power2) + epsilon))"),), ("M162",)),
    "14b": Change("The optimiser corrects no bias.", (
        ("training", STEP, "rate * (m / (np.sqrt(v) + epsilon))"),), ("M161",)),
    "14c": Change("The decay is added to the gradient.", (
        ("training", DECAYED, "            w = weights.flat[name]\n            g = g + decay * w\n"),), ("M160",)),
    "14d": Change("Norms have no decay.", (
        ("training", DECAYED, DECAYED.replace("decay)", '(0 if "norm" in name else decay))')),)),
    "20": Change("hidden.k is captured after the norm.", captured(
        '            trace.update({f"hidden.{n}": trace[f"layers.{n}.attention.norm"] for n in range(1, last)})\n'),
        ("hidden.1",)),
    "20b": Change("The middle is captured after the norm.", captured(
        '            trace.update({f"layers.{n}.middle": trace[f"layers.{n}.feed_forward.norm"] for n in range(last)})\n'),
        ("middle",)),
    "20c": Change("The last hidden is captured after the final norm, as Hugging Face does.", captured(
        '            trace[f"hidden.{last}"] = trace["final_norm"]\n'), ("hidden.2",)),
    "20d": Change("Keys are captured before the rotation.", captured(
        '            trace.update({f"layers.{n}.attention.key": stages.linear(\n'
        '                trace[f"layers.{n}.attention.norm"], r.weights.layers[n]["k_proj"], r.element) for n in range(last)})\n'),
        ("attention.key",)),
    "21": Change("The softmax of attention subtracts no maximum.", (
        ("stages", POWERS, "    powers = np.exp(scores)\n    return powers / total(powers)\n"),)),
    "21b": Change("Cross-entropy subtracts no maximum.", (
        ("stages", "    shifted = logits - np.maximum.reduce(logits, -1, keepdims=True)\n", "    shifted = logits\n"),)),
    "22": Change("Gradients are clipped to norm 1.", clipped("min(1, 1 / norm) if norm else 1"), ("M138",)),
    "22p": Change("Gradients are clipped to norm 1 as PyTorch does, with 1e-6 added to the norm.",
                  clipped("min(1, 1 / (norm + 1e-6))"), ("M138",)),
    "22b": Change("Gradients are clipped to norm 10.", clipped("min(1, 10 / norm) if norm else 1")),
    "22c": Change("Gradients are clipped to norm 100.", clipped("min(1, 100 / norm) if norm else 1")),
    "22v": Change("Every gradient is clipped to ±1.", (
        ("training", ADDED, ADDED.replace(
            "    return total\n", "    return {name: np.clip(g, -1, 1) for name, g in total.items()}\n")),)),
    "31": Change("Memory rows go past the final norm.", (
        ("model", RUN, RUN.replace("past=None)", "past=None, plain=None)")),
        ("model", FINAL, '    if plain is not None:\n'
         '        trace["final_norm"] = np.where(plain[:, None], hidden, trace["final_norm"])\n' + FINAL),
        ("port", CAPTURE_PASS, CAPTURE_PASS.replace(
            "given[b, : len(rows)])", "given[b, : len(rows)],\n            plain=rows[:, layout.ZONE] == layout.MEMORY)")),
        ("training", "layout.visible(rows, rows, axes), element)\n",
         "layout.visible(rows, rows, axes), element,\n                      plain=rows[:, layout.ZONE] == layout.MEMORY)\n")),
        ("final_norm",)),
    "35": Change("The cache is float16.", cached("to_float16")),
    "35b": Change("The cache is bfloat16.", cached("to_bfloat16")),
    "36": Change("RMSNorm adds ε to the root.", (
        ("stages", INVERSE_ROOT, "    return 1 / (np.sqrt(total(x * x) / x.shape[-1]) + epsilon)\n"),), ("M093",)),
    "37": Change("Attention is computed in float32, in f64 too.", (
        ("stages", HEADS, "    q, k, v = (x.astype(np.float32) for x in (q, k, v))\n" + HEADS),
        ("stages", STORED, STORED.replace("store(context)", "store(context.astype(element.accumulation))").replace(
            "len(k)))", "len(k)).astype(element.accumulation))"))), ("attention.probabilities",)),
    "37b": Change("The denominators of softmax are float32, in f64 too.", (
        ("stages", "    return powers / total(powers)\n",
         "    return powers / total(powers.astype(np.float32)).astype(powers.dtype)\n"),), ("attention.probabilities",)),
    "41": Change("The memory rows of the last full chunk give the embedding no gradient.", (
        ("training", EMBEDDED,
         "    memory = rows[:, layout.ZONE] == layout.MEMORY\n"
         "    last = rows[memory, layout.CHUNK].max(initial=-1)\n"
         "    dx = np.where((memory & (rows[:, layout.CHUNK] == last))[:, None], 0, dx)\n" + EMBEDDED),)),
    "42": Change("A tied head keeps the first step's table.", (
        ("training", "        weights = model.Weights(weights.config, flat)\n",
         "        before, weights = weights, model.Weights(weights.config, flat)\n"
         "        if weights.config.tied:\n            weights.head = before.head\n"),)),
    "43": Change("Gradients of norms are divided by the number of texts.", (
        ("training", ADDED, ADDED.replace(
            "    return total\n",
            '    return {name: g / len(layouts) if "norm" in name else g for name, g in total.items()}\n')),)),
    "47": Change("H_kv need not divide H.", (
        ("model", "        if heads % kv_heads or head_dim % 2:\n", "        if head_dim % 2:\n"),)),
    "48": Change("Scores are scaled by the root of the width over the heads.", (
        ("stages", "def attention(q, k, v, seen, heads, kv_heads, element):",
         "def attention(q, k, v, seen, heads, kv_heads, element, width=None):"),
        ("stages", SCORES, SCORES.replace("math.sqrt(head_dim)", "math.sqrt((width or q.shape[1]) / heads)")),
        ("stages", "attention(q, k, v, seen, shape.heads, shape.kv_heads, element)",
         "attention(q, k, v, seen, shape.heads, shape.kv_heads, element, hidden.shape[1])"),
        ("training", "attention_backward(own, dcontext, shape)\n    dq, dk =",
         "attention_backward(own, dcontext, shape, hidden.shape[1])\n    dq, dk ="),
        ("training", "def attention_backward(own, dcontext, shape):", "def attention_backward(own, dcontext, shape, width):"),
        ("training", "math.sqrt(shape.head_dim)", "math.sqrt(width / shape.heads)")), ("attention.probabilities",)),
    "49": Change("The configuration's θ is an integer.", (
        ("rotations", THETA, THETA.replace("theta = ", "theta = int(").replace("))\n", ")))\n")),)),
    "49c": Change("Every θ is an integer.", (
        ("stages", "rotations.frequencies(head_dim, rope)",
         "rotations.frequencies(head_dim, rope._replace(theta=int(rope.theta)))"),)),
    "49b": Change("Angles are float32, in f64 too.", (
        ("stages", ANGLE, ANGLE.replace("element.accumulation", "np.float32").replace(
            "* inverse)", "* inverse.astype(np.float32))")),
        ("stages", ANGLES, "    return tuple((f(angle) * factor).astype(element.accumulation) for f in (np.cos, np.sin))\n")),
        ("attention.query",)),
    "E9b": Change("ε of RMSNorm is 1e-5, whatever the configuration says.", (
        ("model", EPSILON, "        epsilon = 1e-5\n"),), ("attention.norm",)),
    "E12": Change("The choice is made among logits in float32.", (
        ("generation", "    return int(np.argmax(logits", "    return int(np.argmax(np.float32(logits)"),)),
    "E14": Change("Linear layers accumulate in 16 bits.", (
        ("stages", "def total(x):\n", IN_TYPE),
        ("stages", LINEAR, f"    return in_type(x, weight, element) {NARROW} x @ weight.T\n"))),
    "E14b": Change("Attention accumulates in 16 bits.", (
        ("stages", "def total(x):\n", IN_TYPE),
        ("stages", SCORES, SCORES.replace(
            "(queries @ keys.swapaxes(-1, -2))", f"(in_type(queries, keys, element) {NARROW} queries @ keys.swapaxes(-1, -2))")),
        ("stages", CONTEXT, CONTEXT.replace(
            "(weights @ values)", f"(in_type(weights, values.swapaxes(-1, -2), element) {NARROW} weights @ values)")))),
    "E14c": Change("The mean square accumulates in 16 bits.", (
        ("stages", "def total(x):\n", IN_TYPE),
        ("stages", "def inverse_root(x, epsilon):", "def inverse_root(x, epsilon, element=None):"),
        ("stages", INVERSE_ROOT,
         '    mean = (total(x * x) if element is None or element.name in ("f32", "f64") else\n'
         "            in_type(x[:, None], x[:, None], element)[:, 0]) / x.shape[-1]\n"
         "    return 1 / np.sqrt(mean + epsilon)\n"),
        ("stages", "inverse_root(x, epsilon) * gain", "inverse_root(x, epsilon, element) * gain"))),
    "E17": Change("A training step changes the weights that later requests are answered with.", (
        ("port", '    return {f"{kind}.{name}": x for kind, named in zip(("parameters"',
         "    r.model.rounded[r.element.name] = model.Weights(r.model.config, found[0])\n"
         '    return {f"{kind}.{name}": x for kind, named in zip(("parameters"'),)),
    "G9": Change("The optimiser's moments are kept from request to request.", (
        ("training", "def train(", "KEPT = {}\n\n\ndef train("),
        ("training", MOMENTS, "    first, second = KEPT.setdefault((id(weights.config), element.name), tuple(\n"
         "        {name: np.zeros_like(w) for name, w in weights.flat.items()} for _ in range(2)))\n"))),
    "E19": Change("Weights are rounded to bfloat16 when they are loaded.", loaded("to_bfloat16")),
    "E19h": Change("Weights are rounded to float16 when they are loaded.", loaded("to_float16")),
    "E22": Change("Positions are bfloat16 in the model.", (
        ("model", TABLE, "    positions = tensors.to_bfloat16(positions)\n" + TABLE),
        ("training", "import stages\n", "import stages\nimport tensors\n"),
        ("training", TABLE_BACK, TABLE_BACK.replace("rows[:, layout.POSITION]", "tensors.to_bfloat16(rows[:, layout.POSITION])")))),
    "E24": Change("AdamW's five numbers are those of my training script.", (
        ("training", RATES, "    rate, beta1, beta2, epsilon, decay = 2.0**-7, 0.875, 0.9375, 2.0**-10, 0.125\n"),)),
    "E36": Change("Queries are scaled by 1.00001.", (
        ("stages", PROJECTED, PROJECTED.replace(
            'rotate(headed(norm, w, "q", shape, element), cos, sin, element)',
            'element.store(1.00001 * rotate(headed(norm, w, "q", shape, element), cos, sin, element))')),), ("attention.query",)),
    "H21": Change("Query head h reads key-value head h mod H_kv where a group has 3 heads.", (
        ("stages", HEADS, "    order = np.arange(heads)\n"
         "    if heads == 3 * kv_heads:\n        order = order.reshape(3, kv_heads).T.ravel()\n"
         "        q = q.reshape(len(q), heads, head_dim)[:, order].reshape(q.shape)\n" + HEADS),
        ("stages", STORED, "    back = np.argsort(order)\n"
         "    context = context.reshape(len(q), heads, head_dim)[:, back].reshape(q.shape)\n"
         "    weights = weights.reshape(heads, len(q), len(k))[back]\n" + STORED)), ("attention.probabilities",)),
}
