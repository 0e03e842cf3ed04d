"""Right variants of the port: other orders of sums, other kernels, other places where 16 bits are stored.

Each computes what the Spec says, within what chapter 12 allows, so that none may ever be judged wrong.
"""

from change import Change

LINEAR = "    return element.store(x @ weight.T)\n"
TOTAL = "    return np.add.reduce(x, -1, keepdims=True)\n"
POWERS = "    powers = np.exp(scores - np.maximum.reduce(scores, -1, keepdims=True))\n    return powers / total(powers)\n"
SCORES = "    scores = (queries @ keys.swapaxes(-1, -2)) * (1 / math.sqrt(head_dim))\n    weights = softmax(scores, seen)\n"
CONTEXT = "    context = (weights @ values).transpose(2, 0, 1, 3).reshape(q.shape)\n"
LOGARITHM = "    return np.log(np.add.reduce(np.exp(shifted), -1)) - shifted"
NORM = "    return element.store(x * inverse_root(x, epsilon) * gain)\n"
GATED = "    return element.store(gate * sigmoid(gate) * up)\n"
KEY = '    k = trace["attention.key"] = rotate(headed(norm, w, "k", shape, element), cos, sin, element)\n'
WITH_PAST = "        k, v = np.concatenate([past[0], k]), np.concatenate([past[1], v])\n"
MIDDLE = """    middle = trace["middle"] = element.store(hidden + output)
    norm = trace["feed_forward.norm"] = rms_norm(middle, w["post_attention_layernorm"], shape.epsilon, element)
"""
TWO_PROJECTIONS = """    gate = trace["feed_forward.gate"] = projected(norm, w, "gate_proj", element)
    up = trace["feed_forward.up"] = projected(norm, w, "up_proj", element)
"""
FILLED = "                whole = answers[name] = np.zeros("
FILLED_SHAPE = "(len(r.layouts), *shape_of(r, name, longest)), r.element.accumulation)\n"
PLACED = "                whole[(b, ..., *[slice(n) for n in x.shape[-2:]])] = x\n"
READ_ALL = {"prompt": "    for token in prompt:\n        logits.append(cache.read(token))\n",
            "text": "    for token in text:\n        cache.read(token)\n"}


def pads(value):
    """Pad rows of `forward` hold a number nobody asks for; a real query's weight of a pad is 0 all the same."""
    return (("port", FILLED + FILLED_SHAPE, FILLED.replace("np.zeros", "np.full")
             + FILLED_SHAPE.replace("), r.element", f"), {value}, r.element")),
            ("port", PLACED, '                if name.endswith("probabilities"):\n'
                             "                    whole[b, :, : x.shape[1]] = 0\n" + PLACED))


def online(block):
    """Softmax with a running maximum over blocks of keys, as FlashAttention computes it."""
    return (("stages", SCORES + CONTEXT, f"""    scores = (queries @ keys.swapaxes(-1, -2)) * (1 / math.sqrt(head_dim))
    scores = np.where(seen, scores, -np.inf)
    most = np.full((*scores.shape[:-1], 1), -np.inf, scores.dtype)
    mass, context = np.zeros_like(most), np.zeros_like(queries)
    for at in range(0, len(k), {block}):
        part = scores[..., at : at + {block}]
        higher = np.maximum(most, np.maximum.reduce(part, -1, keepdims=True))
        none = np.isinf(higher)
        rescale = np.where(np.isinf(most), 0, np.exp(most - np.where(none, 0, higher)))
        powers = np.where(none, 0, np.exp(part - np.where(none, 0, higher)))
        mass = mass * rescale + total(powers)
        context = context * rescale + powers @ values[..., at : at + {block}, :]
        most = higher
    weights = np.exp(scores - most) / mass
    context = (context / mass).transpose(2, 0, 1, 3).reshape(q.shape)
"""),)


WIDE_TYPES = """
def wide(store):
    return lambda x: store(x).astype(np.float64)


for kind, store in (("f32", lambda x: np.asarray(x).astype(np.float32)), ("bf16", to_bfloat16), ("f16", to_float16)):
    TYPES[kind] = Type(kind, np.float64, wide(store))

STORED = {"""

PASS = """        trace = model.run(
            r.weights, rows[:, layout.TOKEN], rows[:, layout.POSITION], layout.visible(rows, rows, r.axes), r.element,
            None if given is None else given[b, : len(rows)]) if len(rows) else {}
"""
PACKED = """def packed(r, given):
    if not hasattr(r, "traces"):
        rows, lengths = np.concatenate(r.layouts), [len(rows) for rows in r.layouts]
        text, ends = np.repeat(np.arange(len(lengths)), lengths), np.cumsum(lengths)
        fed = None if given is None else np.concatenate([given[b, :n] for b, n in enumerate(lengths)])
        trace = model.run(r.weights, rows[:, layout.TOKEN], rows[:, layout.POSITION],
                          layout.visible(rows, rows, r.axes) & (text[:, None] == text), r.element, fed) if len(rows) else {}
        r.traces = [{name: x[..., end - n : end, end - n : end] if name.endswith("probabilities") else x[end - n : end]
                     for name, x in trace.items()} if n else {} for end, n in zip(ends, lengths)]
    return r.traces


def forward_op(r):
"""

PREFILL = '''    def prefill(self, text):
        """All rows of the generation layout in one pass, under the mask; then the entries that are left."""
        rows = layout.layout(text, self.p, self.axes, recited=False)
        if not len(rows):
            return []
        trace = self.forward(rows, layout.visible(rows, rows, self.axes))
        self.append(rows, trace)
        reading = rows[:, ZONE] == READING
        last = (rows[:, ZONE] == MEMORY) & (rows[:, layout.INDEX] == self.p["t"] - 1)
        self.memory_logits.extend(trace["logits"][last])
        self.events = [(kind, argument, memory + held) for kind, argument, _, _, memory, held
                       in layout.schedule(len(text), self.p)[0]]
        self.keep(~reading | (rows[:, CHUNK] == len(text) // (self.p["c"] * self.p["t"])))
        return list(trace["logits"][reading])

    def read(self, token):
'''

STORING_HEAD = '''STORED = {names}
SMALLEST = {{"bf16": 2.0**-126, "f16": 2.0**-14}}


def once(name, x, element):
    """Rounded to the element type where this variant stores it."""
    return element.store(x) if name in STORED else x


def in_range(name, x, element):
    """A statistic, which is not stored where it leaves the type's range (TOL-4)."""
    rounded = once(name, x, element)
    return np.where(np.isfinite(rounded) & (np.abs(rounded) >= SMALLEST.get(element.name, 0)), rounded, x)


def total(x):
'''
STORING_NORM = """    mean = in_range("mean", total(in_range("squares", x * x, element)) / x.shape[-1], element)
    root = in_range("root", np.sqrt(in_range("mean", mean + epsilon, element)), element)
    return element.store(once("quotient", x / root, element) * gain)
"""
STORING_GATED = """    power = in_range("exp-minus", np.exp(-gate), element)
    chance = once("sigmoid", 1 / in_range("one-plus", 1 + power, element), element)
    return element.store(once("silu", gate * chance, element) * up)
"""
STORING_ATTENTION = """    scale = head_dim**-0.25
    queries, keys = once("queries", queries * scale, element), once("keys", keys * scale, element)
    scores = np.where(seen, once("scores", queries @ keys.swapaxes(-1, -2), element), -np.inf)
    apart = once("differences", scores - np.maximum.reduce(scores, -1, keepdims=True), element)
    powers = once("powers", np.exp(apart), element)
    weights = once("weights", powers / once("mass", total(powers), element), element)
"""
STORING_LOGARITHM = """    shifted = once("differences", shifted, element)
    mass = once("mass", np.add.reduce(once("powers", np.exp(shifted), element), -1), element)
    most = np.maximum.reduce(logits, -1)
    whole = once("logarithm", most + once("logarithm", np.log(mass), element), element)
    return whole - logits"""
INTERMEDIATES = ("squares", "mean", "root", "quotient", "cosines", "products", "queries", "keys", "scores", "differences",
                 "powers", "mass", "weights", "exp-minus", "one-plus", "sigmoid", "silu", "logarithm")


def storing(*names):
    """In 16 bits, intermediates stored once where TOL-4 allows it; f32 and f64 only change the order of operations."""
    listed = "{" + ", ".join(f'"{name}"' for name in names) + "}"
    return (
        ("stages", "def total(x):\n", STORING_HEAD.format(names=listed)),
        ("stages", NORM, STORING_NORM),
        ("stages", "    a, b = heads[..., :half], heads[..., half:]\n",
         '    a, b = heads[..., :half], heads[..., half:]\n'
         '    cos, sin = once("cosines", cos, element), once("cosines", sin, element)\n'),
        ("stages", "np.concatenate([a * cos - b * sin, b * cos + a * sin], -1)",
         'np.concatenate([once("products", a * cos, element) - once("products", b * sin, element),\n'
         '                                         once("products", b * cos, element) + once("products", a * sin, element)], -1)'),
        ("stages", SCORES, STORING_ATTENTION),
        ("stages", GATED, STORING_GATED),
        ("stages", "def cross_entropy(logits, labels):", "def cross_entropy(logits, labels, element):"),
        ("stages", LOGARITHM, STORING_LOGARITHM),
        ("port", 'r.input["labels"]))}', 'r.input["labels"], r.element))}'),
        ("training", "rows[own, layout.LABEL]))", "rows[own, layout.LABEL], element))"),
    )


# Every product of matrices by `product`, which the variant puts before `total`.
BY_PRODUCT = (
    ("stages", LINEAR, "    return element.store(product(x, weight))\n"),
    ("stages", "(queries @ keys.swapaxes(-1, -2))", "product(queries, keys)"),
    ("stages", "(weights @ values)", "product(weights, values.swapaxes(-1, -2))"))

VARIANTS = {
    "reversed-sums": Change("Every sum runs from its end.", (
        ("stages", TOTAL, "    return np.add.reduce(np.ascontiguousarray(x[..., ::-1]), -1, keepdims=True)\n"),
        ("stages", LINEAR, "    return element.store(\n"
         "        np.ascontiguousarray(x[..., ::-1]) @ np.ascontiguousarray(weight[:, ::-1]).T)\n"),
        ("stages", "(queries @ keys.swapaxes(-1, -2))",
         "(np.ascontiguousarray(queries[..., ::-1]) @ np.ascontiguousarray(keys[..., ::-1]).swapaxes(-1, -2))"),
        ("stages", "(weights @ values)",
         "(np.ascontiguousarray(weights[..., ::-1]) @ np.ascontiguousarray(values[..., ::-1, :]))"),
        ("stages", LOGARITHM, LOGARITHM.replace("np.exp(shifted)", "np.ascontiguousarray(np.exp(shifted)[..., ::-1])")))),
    "sequential-sums": Change("Every sum runs from the left, a product at a time.", (
        ("stages", "def total(x):\n",
         "def product(x, y):\n"
         '    """x · yᵀ along the last axis of both."""\n'
         "    out = np.zeros((*np.broadcast_shapes(x.shape[:-2], y.shape[:-2]), x.shape[-2], y.shape[-2]), x.dtype)\n"
         "    for i in range(x.shape[-1]):\n"
         "        out += x[..., i][..., :, None] * y[..., i][..., None, :]\n"
         "    return out\n\n\ndef total(x):\n"),
        ("stages", TOTAL, "    return np.cumsum(x, -1)[..., -1:]\n"),
        *BY_PRODUCT,
        ("stages", LOGARITHM, LOGARITHM.replace("np.add.reduce(np.exp(shifted), -1)",
                                                "np.cumsum(np.exp(shifted), -1)[..., -1]")))),
    "pairwise-sums": Change("Every sum is halved until one number is left.", (
        ("stages", "def total(x):\n",
         "def halved(x):\n"
         "    while x.shape[-1] > 1:\n"
         "        half = x.shape[-1] // 2\n"
         "        rest = x[..., 2 * half :]\n"
         "        x = np.concatenate([x[..., :half] + x[..., half : 2 * half], rest], -1)\n"
         "    return x\n\n\n"
         "def product(x, y):\n"
         '    """x · yᵀ along the last axis of both, row by row."""\n'
         "    return np.stack([halved(x[..., i, None, :] * y)[..., 0] for i in range(x.shape[-2])], -2)\n\n\n"
         "def total(x):\n"),
        ("stages", TOTAL, "    return halved(x)\n"),
        *BY_PRODUCT,
        ("stages", LOGARITHM, LOGARITHM.replace("np.add.reduce(np.exp(shifted), -1)", "halved(np.exp(shifted))[..., 0]")))),
    "online-4": Change("Softmax is taken online, in blocks of 4 keys.", online(4)),
    "online-16": Change("Softmax is taken online, in blocks of 16 keys.", online(16)),
    "selected-keys": Change("A row's hidden keys are left out before the product.", (
        ("stages", SCORES + CONTEXT,
         "    weights, context = np.zeros((kv_heads, heads // kv_heads, len(q), len(k)), q.dtype), np.zeros_like(queries)\n"
         "    for row, keep in enumerate(np.broadcast_to(seen, (len(q), len(k)))):\n"
         "        scores = queries[..., row : row + 1, :] @ keys[..., keep, :].swapaxes(-1, -2) / math.sqrt(head_dim)\n"
         "        weights[..., row : row + 1, keep] = softmax(scores, True)\n"
         "        context[..., row, :] = (weights[..., row : row + 1, keep] @ values[..., keep, :])[..., 0, :]\n"
         "    context = context.transpose(2, 0, 1, 3).reshape(q.shape)\n"),)),
    "additive-mask": Change("The least finite number is added to hidden scores.", (
        ("stages", "    scores = np.where(seen, scores, -np.inf)\n",
         "    scores = scores + np.where(seen, 0, np.finfo(scores.dtype).min).astype(scores.dtype)\n"),)),
    "base-2": Change("Softmax is taken to base 2.", (
        ("stages", POWERS, POWERS.replace("np.exp(", "np.exp2(1.4426950408889634 * (").replace("))\n", ")))\n", 1)),)),
    "f64-sums": Change("f32, bf16 and f16 are computed in binary64 and stored stage by stage.", (
        ("tensors", "\nSTORED = {", WIDE_TYPES),)),
    "fused-gate": Change("Gate and up are one product, and meet before they are stored.", (
        ("stages", TWO_PROJECTIONS,
         '    gate, up = np.split(norm @ np.concatenate([w["gate_proj"], w["up_proj"]]).T, 2, -1)\n'
         '    gate, up = gate + w.get("gate_proj_bias", 0), up + w.get("up_proj_bias", 0)\n'
         '    trace["feed_forward.gate"], trace["feed_forward.up"] = element.store(gate), element.store(up)\n'),
        ("port", "stages.gated(stages.linear(x, gate, r.element), stages.linear(x, up, r.element), r.element)",
         "stages.gated(*np.split(x @ np.concatenate([gate, up]).T, 2, -1), r.element)"))),
    "fused-norm": Change("The second norm of a block reads the sum, and is read by the projections, before either is stored.", (
        ("stages", MIDDLE,
         '    middle = hidden + output\n'
         '    trace["middle"] = element.store(middle)\n'
         '    norm = middle * inverse_root(middle, shape.epsilon) * w["post_attention_layernorm"]\n'
         '    trace["feed_forward.norm"] = element.store(norm)\n'),)),
    "gain-first": Change("RMSNorm multiplies by the gain, stores, and then by the inverse root.", (
        ("stages", NORM, "    return element.store(element.store(x * gain) * inverse_root(x, epsilon))\n"),)),
    "unrotated-keys": Change("Keys are cached before their rotation and rotated at every read, by their own positions.", (
        ("stages", KEY,
         '    raw = trace["attention.raw"] = headed(norm, w, "k", shape, element)\n'
         '    k = trace["attention.key"] = rotate(raw, cos, sin, element)\n'),
        ("stages", WITH_PAST, WITH_PAST.replace("[past[0], k]", "[rotate(past[0], *past[2], element), k]")),
        ("generation", "import model\n", "import model\nimport stages\n"),
        ("generation", "past=self.entries)\n",
         "past=[(*entry, self.angles()) for entry in self.entries])\n\n"
         "    def angles(self):\n"
         "        shape = self.weights.config.shape\n"
         "        return stages.rotation(self.held[:, POSITION], shape.head_dim, shape.rope, self.element)\n"),
        ("generation", "np.concatenate([keys, k]),", 'np.concatenate([keys, trace[f"layers.{n}.attention.raw"]]),'),
        ("generation", '"cache.keys": np.stack([keys for keys, _',
         '"cache.keys": np.stack([stages.rotate(keys, *cache.angles(), element) for keys, _'))),
    "prefill": Change("A prompt is read in one pass under the mask of its generation layout.", (
        ("generation", "    def read(self, token):\n", PREFILL),
        ("generation", READ_ALL["prompt"], "    logits = cache.prefill(prompt)\n"),
        ("generation", READ_ALL["text"], "    cache.prefill(text)\n"))),
    "padded-pass": Change("Texts are padded before the pass; pad rows are computed, and seen by themselves.", (
        ("port", "        trace = model.run(\n",
         "        rows = np.concatenate([rows, np.tile([0, layout.PAD, -2, -1, 0, -1], (longest - len(rows), 1))])\n"
         "        trace = model.run(\n"),
        ("port", "layout.visible(rows, rows, r.axes), r.element,\n",
         "layout.visible(rows, rows, r.axes) | np.eye(len(rows), dtype=bool), r.element,\n"))),
    "packed": Change("All texts are one sequence without pads, in which no row sees another text's.", (
        ("port", "def forward_op(r):\n", PACKED), ("port", PASS, "        trace = packed(r, given)[b]\n"))),
    "nan-pads": Change("Pad rows hold NaN.", pads("np.nan")),
    "seven-pads": Change("Pad rows hold 7.", pads("7")),
    **{f"store-{name}": Change(f"Stored in 16 bits: {name}.", storing(name)) for name in INTERMEDIATES},
    "store-all": Change("Stored in 16 bits: whatever TOL-4 allows.", storing(*INTERMEDIATES)),
    "store-none": Change("Nothing between the stages is stored.", storing()),
}
