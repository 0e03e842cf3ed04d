"""Mistakes of rows: layout, positions, mask, cache, reconstruction, rejections. Ids are those of wrong.py."""

from change import Change

LAYOUTS = "        return [layout.layout(text, self.params, self.axes, recited) for text in self.texts]\n"
ENTRIES = '            k, v = trace[f"layers.{n}.attention.key"], trace[f"layers.{n}.attention.value"]\n'
SEEN_BY_TEXT = "        trace = self.forward(row, np.ones((1, len(self.held) + 1), bool))\n"
BY_MASK = "        trace = self.forward(row, layout.visible(row, np.concatenate([self.held, row]), self.axes))\n"
FIRST_ENTRIES = '        self.keep(np.arange(len(self.held)) >= self.p["c"] * self.p["t"])\n'
ROW = ("        row = np.array([[token, READING, chunk, i, layout.position(READING, chunk, i, self.p, self.axes), -1]])\n")
PROMPT = "    for token in prompt:\n        logits.append(cache.read(token))\n"
KEEP = "        self.keep(self.held[:, ZONE] == MEMORY)\n"
FEED = "            logits.append(cache.read(chosen[-1] if forced is None else forced[i]))\n"
BACKWARD = "    cos, sin = stages.rotation(rows[:, layout.POSITION], config.shape"
POSITIONS = "    cos, sin = stages.rotation(positions, shape.head_dim, shape.rope, element)\n    trace ="
RECITED = '    rows = rows[(rows[:, ZONE] == layout.REPETITION) & (rows[:, CHUNK] == p["chunk"])]\n'
RECITED_SEES = "layout.visible(rows, np.concatenate([cache.held, rows]), axes)"
RETURN_VISIBLE = "    return ((zone == READING) & of_reading) | ((zone == MEMORY) & of_memory) | ((zone == REPETITION) & of_repetition)\n"
OWN_CHUNK = '    if axes["memory_context"] == "past_memories":\n        among_memory'
FORWARD_PASS = "            r.weights, rows[:, layout.TOKEN], rows[:, layout.POSITION], layout.visible(rows, rows, r.axes), r.element,\n"
CHECK = """    for code, is_bad in faults(op, p, profile, request):
        if is_bad:
            raise Reject(code)
"""
PARAMETERS = "        self.axes = layout.axes_of(self.profile)\n"
CHECKED = "        rejections.check(request)\n"
ANSWER = "        tensors.save(request.output, OPERATIONS[request.op](request), request.element)\n"
KNOWS_MODEL = (  # whether the question has a model: integers alone are then answered rightly
    ("layout", "AXES = {", "IN_MODEL = [False]\n\nAXES = {"),
    ("port", "        request = Request(line)\n",
     "        request = Request(line)\n        layout.IN_MODEL[0] = request.model is not None\n"),
)


def layouts(body):
    """Rows of the texts as the operations with a model have them; `made` is what is right."""
    return (("port", LAYOUTS, LAYOUTS.replace("return", "made =")
             + '        return made if self.op in ("layout", "mask") else mistaken(self, made)\n'),
            ("port", "class Request:\n", f"def mistaken(r, made):\n{body}\n\nclass Request:\n"))


def positions(expression):
    """What a model rotates by."""
    return (("model", POSITIONS, POSITIONS.replace("rotation(positions", f"rotation({expression}")),
            ("training", BACKWARD, "    positions = rows[:, layout.POSITION]\n"
             + BACKWARD.replace("rows[:, layout.POSITION]", expression)))


def restart(count):
    return (("generation", ROW, f"        at = chunk - {count} if chunk >= {count} else chunk\n"
             + ROW.replace("layout.position(READING, chunk", "layout.position(READING, at")),
            ("generation", "        rows = np.array([[self.p[\"memory_token\"], MEMORY",
             f"        at = chunk - {count} if chunk >= {count} else chunk\n"
             "        rows = np.array([[self.p[\"memory_token\"], MEMORY"),
            ("generation", "layout.position(MEMORY, chunk,", "layout.position(MEMORY, at,"))


def far_chunks(first):
    return (("layout", "    of_reading = (to_reading & so_far) | (to_memory & earlier)",
             f"    near = (chunk < {first}) | (key_chunk != chunk - 1) | (not IN_MODEL[0])\n"
             "    of_reading = (to_reading & so_far) | (to_memory & earlier & near)"),
            *KNOWS_MODEL,
            ("generation", SEEN_BY_TEXT, BY_MASK))


def dropped_key(size, condition, rows=":"):
    """Key size − 1 is lost under a condition; a row that sees nothing else keeps it."""
    return (("stages", "    queries, keys, values = (by_head(x, kv_heads",
             f"    if {condition}:\n"
             "        seen = np.array(np.broadcast_to(seen, (len(q), len(k))))\n"
             f"        seen[{rows}, {size} - 1] &= seen[{rows}].sum(-1) == 1\n"
             "    queries, keys, values = (by_head(x, kv_heads"),)


def skipped_tiles(size):
    return (("stages", "    queries, keys, values = (by_head(x, kv_heads",
             "    seen = np.array(np.broadcast_to(seen, (len(q), len(k))))\n"
             f"    for a in range(0, len(q), {size}):\n"
             f"        for b in range(0, len(k), {size}):\n"
             f"            if not seen[a, b : b + {size}].any():\n"
             f"                seen[a : a + {size}, b : b + {size}] = False\n"
             "    queries, keys, values = (by_head(x, kv_heads"),)


def known(found, otherwise):
    """Only what the manifest holds is answered rightly."""
    return (("port", "import json\n", "import hashlib\nimport json\nimport pathlib\n"),
            ("port", "class Request:\n",
             "ROOT = pathlib.Path(__file__).resolve().parents[3]\n"
             'CASES = json.loads((ROOT / "Vectors" / "manifest.json").read_text())["cases"]\n\n\n'
             "def content(op, params, digest):\n"
             "    return op, json.dumps(params, sort_keys=True), digest\n\n\n"
             'IDS = {case["id"]: case for case in CASES}\n'
             'CONTENTS = {content(case["op"], case["params"], case["input"] and case["input"]["sha256"])\n'
             '            for case in CASES if not case.get("property")}\n\n\n'
             "def digest_of(path):\n"
             "    return hashlib.sha256(open(path, \"rb\").read()).hexdigest() if path else None\n\n\n"
             "class Request:\n"),
            ("port", ANSWER, "        found = OPERATIONS[request.op](request)\n"
             f"        if not ({found}):\n            found = {{name: {otherwise} for name, x in found.items()}}\n"
             "        tensors.save(request.output, found, request.element)\n"))


PAD_ROWS = """    longest = max(map(len, made))
    return [np.concatenate([rows, [[0, layout.PAD, -2, -2 - i, 0, -1] for i in range(longest - len(rows))]]
                           if len(rows) < longest else [rows]) for rows in made]
"""
FROM_CONFIG = """        if self.model and "loma" in self.model.given:
            for name, key in (("c", "compression_ratio"), ("t", "memory_length")):
                if name in self.params:
                    self.params[name] = self.model.given["loma"][key]
"""

MISTAKES = {
    "1": Change("All positions are one too many.", positions("positions + 1"), ("M029",)),
    "2": Change("Compression drops the first L entries of the cache; what stays of a chunk's text is hidden by the mask.", (
        ("generation", KEEP, FIRST_ENTRIES), ("generation", SEEN_BY_TEXT, BY_MASK)), ("M153",)),
    "2s": Change("Compression drops the first L entries of the cache; text sees whatever is cached.", (
        ("generation", KEEP, FIRST_ENTRIES),), ("M153",)),
    "3": Change("The chunk counter restarts where the prompt ends.", (
        ("generation", ROW, '        chunk -= getattr(self, "prompt_chunks", 0)\n' + ROW),
        ("generation", PROMPT, PROMPT + '    cache.prompt_chunks = len(prompt) // (p["c"] * p["t"])\n'))),
    "4": Change("I compress when the cache holds L entries.", (
        ("generation", "        chunk, i = divmod(g, length)\n",
         "        at, place = divmod(g, length)\n"
         "        chunk = sum(kind == COMPRESS for kind, *_ in self.events)\n"
         "        i = int((self.held[:, ZONE] == READING).sum())\n"),
        ("generation", ROW, ROW.replace("layout.position(READING, chunk, i,", "layout.position(READING, at, place,")),
        ("generation", "        if i == length - 1:\n", "        if len(self.held) == length:\n"))),
    "5": Change("Positions of the tail restart at 0, in the training layout.", layouts(
        "    full = [n // (r.params['c'] * r.params['t']) for n in r.lengths]\n"
        "    for rows, tail in zip(made, full):\n"
        "        own = rows[:, layout.CHUNK] == tail\n"
        "        if r.op not in ('generate', 'reconstruct'):\n"
        "            rows[own, layout.POSITION] = rows[own, layout.INDEX]\n"
        "    return made\n"), ("M032",)),
    "15": Change("Repetition rows stand at 0 to L − 1 when I reconstruct.", (
        ("generation", RECITED, RECITED + "    rows[:, POSITION] = np.arange(len(rows))\n"),)),
    "16": Change("Reconstruction sees all memories.", (
        ("generation", RECITED_SEES, RECITED_SEES + " | (np.concatenate([cache.held, rows])[:, ZONE] == MEMORY)"),
    ), ("M064", "repetition_context=past_memories")),
    "H19": Change("Reconstruction sees the text of the tail that is cached.", (
        ("generation", RECITED_SEES, RECITED_SEES + " | (np.concatenate([cache.held, rows])[:, ZONE] == READING)"),
    ), ("M062",)),
    "17": Change("<m> and <r> are swapped.", (
        ("port", PARAMETERS, PARAMETERS + "        if self.model:\n"
         '            first, second = self.params["memory_token"], self.params["repetition_token"]\n'
         '            self.params["memory_token"], self.params["repetition_token"] = second, first\n'),), ("M012",)),
    "18": Change("All texts of a batch are cut into chunks as if they had the padded length, and recite the padding.", layouts(
        "    length, longest = r.params['c'] * r.params['t'], max(r.lengths)\n"
        "    out = []\n"
        "    for text in r.texts:\n"
        "        rows = layout.layout(text + [0] * (longest - len(text)), r.params, r.axes)\n"
        "        place = rows[:, layout.CHUNK] * length + rows[:, layout.INDEX]\n"
        "        rows[(rows[:, layout.ZONE] == layout.READING) & (place + 1 >= len(text)), layout.LABEL] = -1\n"
        "        out.append(rows)\n"
        "    return out\n")),
    "19": Change("Memory rows attend pads.", (
        *layouts(PAD_ROWS),
        ("layout", RETURN_VISIBLE, RETURN_VISIBLE.replace(
            "return (", "among_pads = (key_zone == PAD) & ((zone == MEMORY) | ((zone == PAD) & (key_index == index)))\n"
            "    return among_pads | ("))), ("MSK-11",)),
    "24": Change("New memories go in front of earlier ones.", (
        ("generation", KEEP,
         KEEP + "        order = np.argsort(-self.held[:, CHUNK], kind=\"stable\")\n        self.keep(order)\n"),)),
    "25a": Change("A cache of no tokens holds a multiple of L, so I compress.", (
        ("generation", PROMPT, PROMPT + '    if not prompt:\n        cache.compress(0, p["t"])\n'),), ("M151",)),
    "25b": Change("I compress once more where the prompt ends with its chunk.", (
        ("generation", PROMPT,
         PROMPT + '    if prompt and len(prompt) % (p["c"] * p["t"]) == 0:\n'
         '        cache.compress(len(prompt) // (p["c"] * p["t"]), p["t"])\n'),)),
    "26": Change("The label across a chunk border is taken from the next text of the batch.", layouts(
        "    length = r.params['c'] * r.params['t']\n"
        "    for b, rows in enumerate(made):\n"
        "        other = r.texts[(b + 1) % len(made)]\n"
        "        place = rows[:, layout.CHUNK] * length + rows[:, layout.INDEX] + 1\n"
        "        border = (rows[:, layout.ZONE] == layout.READING) & (rows[:, layout.INDEX] == length - 1)\n"
        "        for row in np.flatnonzero(border & (rows[:, layout.LABEL] >= 0) & (place < len(other))):\n"
        "            rows[row, layout.LABEL] = other[place[row]]\n"
        "    return made\n")),
    "30": Change("The memory tokens are m, m + 1, m + 2 and so on.", (
        *layouts("    for rows in made:\n"
                 "        own = rows[:, layout.ZONE] == layout.MEMORY\n"
                 "        rows[own, layout.TOKEN] = np.minimum(\n"
                 "            rows[own, layout.TOKEN] + rows[own, layout.INDEX], r.model_vocabulary - 1)\n"
                 "    return made\n"),
        ("generation", 'np.array([[self.p["memory_token"], MEMORY',
         'np.array([[min(self.p["memory_token"] + j, self.p["model_vocabulary"] - 1), MEMORY')), ("hidden.0",)),
    "32": Change("Positions are clipped at 2047.", positions("np.minimum(positions, 2047)")),
    **{f"32n:{n}": Change(f"Positions are clipped at {n}.", positions(f"np.minimum(positions, {n})"), ("attention.query",))
       for n in (127, 63, 31)},
    "38": Change("Only the first layer has LoMA's mask; the others have the plain causal one.", (
        ("model", "        layer = stages.decoder_layer(",
         "        if n and past is None:\n            seen = np.tri(len(tokens), dtype=bool)\n"
         "        layer = stages.decoder_layer("),), ("layers.1",)),
    "39": Change("From chunk 3 on text does not see the memory of the chunk before.", far_chunks(3), ("MSK-2",)),
    **{f"39n:{n}": Change(f"From chunk {n} on text does not see the memory of the chunk before.", far_chunks(n), ("MSK-2",))
       for n in (4, 5, 6, 7, 8)},
    "40": Change("Key 63 is lost where the number of keys is a multiple of 64.", dropped_key(64, "len(k) % 64 == 0"),
                 ("row 63",)),
    "40b": Change("Key 63 is lost in every row past 64.", dropped_key(64, "len(q) > 64", "64:")),
    "40m": Change("Key 63 is lost where the number of keys is a multiple of 64, in the model only.", (
        *dropped_key(64, "len(k) % 64 == 0 and IN_MODEL[0]"),
        ("stages", "import numpy as np\n", "import numpy as np\n\nfrom layout import IN_MODEL\n"), *KNOWS_MODEL)),
    **{f"40n:{n}": Change(f"Key {n - 1} is lost where the number of keys is a multiple of {n}.",
                          dropped_key(n, f"len(k) % {n} == 0")) for n in (16, 32, 128)},
    "44": Change("All texts of a batch use the positions of the first.", layouts(
        "    for rows in made[1:]:\n"
        "        both = min(len(rows), len(made[0]))\n"
        "        rows[:both, layout.POSITION] = made[0][:both, layout.POSITION]\n"
        "        rows[both:, layout.POSITION] = 0  # as its pads have it\n"
        "    return made\n"), ("attention.query",)),
    "46": Change("Reconstruction is fed the text it should recite.", (
        ("generation", RECITED, RECITED +
         '    rows[:, TOKEN] = text[p["chunk"] * len(rows) : (p["chunk"] + 1) * len(rows)]\n'),)),
    "46b": Change("Reconstruction is fed the right token before each row's own.", (
        ("generation", RECITED, RECITED +
         '    rows[1:, TOKEN] = text[p["chunk"] * len(rows) : (p["chunk"] + 1) * len(rows) - 1]\n'),)),
    "50": Change("Positions restart after 2 compressions.", restart(2)),
    **{f"50n:{n}": Change(f"Positions restart after {n} compressions.", restart(n)) for n in (3, 4, 5, 6)},
    "H6": Change("Once something is compressed my own choice is fed, whatever is forced.", (
        ("generation", FEED, FEED.replace(
            "chosen[-1] if forced is None", "chosen[-1] if forced is None or any(kind == DROP for kind, *_ in cache.events)")),)),
    "H7": Change("The mask of the first text is used for the whole batch.", (
        ("port", FORWARD_PASS, FORWARD_PASS.replace("layout.visible(rows, rows, r.axes)", "first_mask(r, len(rows))")),
        ("port", "def forward_op(r):\n",
         "def first_mask(r, size):\n"
         "    rows, mask = r.layouts[0], np.eye(size, dtype=bool)\n"
         "    both = min(size, len(rows))\n"
         "    mask[:both, :both] = layout.visible(rows, rows, r.axes)[:both, :both]\n"
         "    return mask\n\n\ndef forward_op(r):\n"))),
    "H20": Change("own_chunk is lost where memory_attention is causal too.", (
        ("layout", OWN_CHUNK, OWN_CHUNK.replace(
            ' == "past_memories":', ' == "past_memories" or IN_MODEL[0] and axes["memory_attention"] == "causal":')),
        *KNOWS_MODEL), ("memory_context=past_memories",)),
    **{f"H22:{n}": Change(f"Memory rows see the first {n} tokens of their chunk.", (
        ("layout", "(to_reading & same) | (to_memory & among_memory)",
         f"(to_reading & same & ((key_index < {n}) | (not IN_MODEL[0]))) | (to_memory & among_memory)"),
        *KNOWS_MODEL)) for n in (8, 16)},
    **{f"H2:{n}": Change(f"Where the first row of a tile of {n} sees nothing of a tile of keys, the tile is skipped for all.",
                         skipped_tiles(n)) for n in (8, 16, 32, 64, 128)},
    "33": Change("Bad input is known by the name of its case.", (
        *known("True", "x"),
        ("port", CHECKED,
         '        if request.case in IDS and IDS[request.case].get("rejection"):\n'
         '            raise rejections.Reject(IDS[request.case]["rejection"])\n'))),
    "34a": Change("Only cases I know by name are answered rightly.", known("request.case in IDS", "np.zeros_like(x)")),
    "34b": Change("Only questions I have seen before are answered rightly.", known(
        'content(line["op"], line["params"], digest_of(line["input"])) in CONTENTS or request.case in IDS\n'
        '                and IDS[request.case].get("property")', "np.zeros_like(x)")),
    "E5": Change("Of several faults I tell the last.", (
        ("rejections", CHECK, """    found = None
    try:
        for code, is_bad in faults(op, p, profile, request):
            found = code if is_bad else found
    except (ArithmeticError, LookupError):
        pass
    if found:
        raise Reject(found)
"""),)),
    "E6": Change("A fault in a parameter that the operation does not name is rejected too.", (
        ("rejections", CHECK, CHECK + """    for name in ("c", "t", "text_vocabulary", "layers", "kv_heads", "head_dim", "bytes_per_element"):
        if p.get(name, 1) < 1:
            raise Reject({"c": "ratio-below-one", "t": "memory-length-below-one",
                          "text_vocabulary": "vocabulary-size-out-of-range"}.get(name, "cache-size-out-of-range"))
    for name in ("text_length", "prompt_length"):
        if p.get(name, 0) < 0:
            raise Reject("negative-text-length")
"""),)),
    "E7": Change("I crash where a text to go on from is empty.", (
        ("port", CHECKED, '        if request.op == "generate":\n            request.tokens[0]\n' + CHECKED),)),
    "E8": Change("Forced tokens are not looked at.", (
        ("rejections", "[*request.tokens, *(request.forced or [])]", "request.tokens"),)),
    "E9": Change("c and t are those of config.json, whatever the request says.", (
        ("port", PARAMETERS, PARAMETERS + FROM_CONFIG),)),
    "E9v": Change("V and the special ids are those of config.json, once the request is found good.", (
        ("port", CHECKED, CHECKED + """        if request.model and "loma" in request.model.given:
            for name in ("text_vocabulary", "memory_token", "repetition_token"):
                if name in request.params:
                    request.params[name] = request.model.given["loma"][name]
"""),)),
}
