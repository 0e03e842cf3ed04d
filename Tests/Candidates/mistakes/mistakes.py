"""The table of wrong ports: a candidate of this folder with one small change of its source.

K01 to K20 are mistakes of the project's own catalogue, made a second time by hand in Python. N01 to N20 are further
ones that the catalogue does not name; they were written down before any of them was run. H01 is one changed line in the
mask of the Hugging Face candidate. An entry is never adapted to what a run says of it.
"""

import typing

NUMPY, SDPA, HUGGING_FACE = "candidate_numpy.py", "candidate_sdpa.py", "candidate_huggingface.py"


class Mistake(typing.NamedTuple):
    candidate: str
    sentence: str  # as the porter would say it
    changes: list  # (old, new); old stands exactly once in the source


# Layout, positions and mask of candidate_numpy.py.
READING_ROW = "add(word, READING, k, i, start + i, following[i])"
MEMORY_ROWS = '''        for j in range(t):  # POS-2
            first = start + j * c
            position = first if axes["memory_positions"] == "span_start" else first + c - 1
            add(p["memory_token"], MEMORY, k, j, position, labels[j])
'''
REPETITION_ROWS = '''        for i in range(chunk_length):  # POS-3
            add(p["repetition_token"], REPETITION, k, i, start + i, labels[t + i])
'''
NO_TAIL = '''        if len(words) < chunk_length:
            break  # the tail (D-1)
'''
SCORES = "np.where(seen, by_head(q, heads) @ k.swapaxes(1, 2) / math.sqrt(d), -np.inf)"
NORMALISED = "weights /= weights.sum(-1, keepdims=True)"
COMPRESS = 'memory_logits.append(self.feed(rows[len(self.rows) :][: p["t"]])[-1])'
OWN_ROW = "            row[0, TOKEN] = token\n"
LOSS_ROWS = '''        logits, labelled = r.model.run(rows, visible(rows, rows, r.axes))["logits"], rows[:, LABEL] >= 0
'''
RECITED = "        logits = cache.feed(rows[(rows[:, ZONE] == REPETITION) & (rows[:, CHUNK] == k)], keep=False)\n"

# Of candidate_sdpa.py and candidate_huggingface.py.
GRADIENTS = "    gradients = torch.autograd.grad(sum(losses(request, model, dtype)), list(model.weights.values()))\n"
BATCH = "    batch = request.batch()\n    shape = (len(batch), len(batch[0]))\n"
ROTATED = "            q, k = rope(q, positions, rotation), rope(k, positions, rotation)\n"
LABELS = ('    labels = torch.tensor([[-100 if row["label"] is None else row["label"] for row in rows] '
          "for rows in batch])\n")
READING = '    reading = torch.tensor([[row["zone"] == "x" for row in rows] for rows in batch])\n'
STEP = "        optimiser.step()\n"

KNOWN = {
    "K01": Mistake(NUMPY, "Where the text ends with its chunk there is nothing left to compress for.", [
        ("        if len(words) < chunk_length:\n", "        if start + chunk_length >= n:\n")]),
    "K02": Mistake(NUMPY, "I put the repetition rows before the memory rows.", [
        (MEMORY_ROWS + REPETITION_ROWS, REPETITION_ROWS + MEMORY_ROWS)]),
    "K03": Mistake(NUMPY, "I compress the tail too.", [
        (NO_TAIL, ""), ("for i in range(chunk_length):  # POS-3", "for i in range(len(words)):  # POS-3")]),
    "K04": Mistake(NUMPY, "A memory row stands at the end of its span, which is (j + 1)c.", [
        ("else first + c - 1", "else first + c")]),
    "K05": Mistake(NUMPY, "After compression text goes on at the compressed length.", [
        (READING_ROW, READING_ROW.replace("start + i", "k * t + i"))]),
    "K06": Mistake(NUMPY, "Text rows see all text before them, as ever.", [
        ("(READING, READING): so_far,", "(READING, READING): so_far | earlier,")]),
    "K07": Mistake(NUMPY, "Memory rows attend causally.", [
        ('own_memory = so_far if axes["memory_attention"] == "causal" else same', "own_memory = so_far")]),
    "K08": Mistake(NUMPY, "Repetition rows see the chunk they repeat.", [
        ("        (REPETITION, REPETITION): recited,  # MSK-9\n",
         "        (REPETITION, REPETITION): recited,  # MSK-9\n        (REPETITION, READING): same,\n")]),
    "K09": Mistake(NUMPY, "I hide a key with a score of -30.", [(SCORES, SCORES.replace("-np.inf", "-30.0"))]),
    "K10": Mistake(NUMPY, "I multiply the softmax by the mask.", [
        (SCORES, "by_head(q, heads) @ k.swapaxes(1, 2) / math.sqrt(d)"),
        (NORMALISED, NORMALISED + "\n    weights = np.where(seen, weights, 0)")]),
    "K11": Mistake(NUMPY, "I rotate neighbours, as in the RoPE paper.", [
        ("a, b = heads[..., :half], heads[..., half:]", "a, b = heads[..., 0::2], heads[..., 1::2]"),
        ("np.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1)",
         "np.stack([a * cos - b * sin, b * cos + a * sin], axis=-1)")]),
    "K12": Mistake(NUMPY, "The epsilon of RMSNorm is 1e-6, whatever the configuration says.", [
        ('config.get("rms_norm_eps", 1e-6)', "1e-6")]),
    "K13": Mistake(NUMPY, "Query head h reads KV head h mod H_kv.", [
        ("np.repeat(by_head(x, kv_heads), heads // kv_heads, axis=0)",
         "np.tile(by_head(x, kv_heads), (heads // kv_heads, 1, 1))")]),
    "K14": Mistake(NUMPY, "I average the mean losses of the texts.", [
        ("            reading.extend(losses[zones == READING])\n            other.extend(losses[zones != READING])\n",
         "            for terms, own in ((reading, zones == READING), (other, zones != READING)):\n"
         "                terms.extend([losses[own].mean()] if own.any() else [])\n")]),
    "K15": Mistake(NUMPY, "The loss is over the text vocabulary: the special ids are no answers.", [
        ("cross_entropy(logits[labelled], rows", 'cross_entropy(logits[labelled][:, : r.p["text_vocabulary"]], rows')]),
    "K16": Mistake(SDPA, "The memory is detached before later rows read it.", [
        (BATCH, BATCH + '    model.memory = torch.tensor([[row["zone"] == "m" for row in rows] for rows in batch])\n'),
        (ROTATED, ROTATED + "            if cache is None:\n"
                            "                memory = self.memory[:, None, :, None]\n"
                            "                k, v = (torch.where(memory, part.detach(), part) for part in (k, v))\n")]),
    "K17": Mistake(SDPA, "The embeddings of the special ids are frozen.", [
        (GRADIENTS,
         GRADIENTS + '    special = [request.params["memory_token"], request.params["repetition_token"]]\n'
                     "    gradients = [g.clone() for g in gradients]\n"
                     '    gradients[list(model.weights).index("model.embed_tokens.weight")][special] = 0\n')]),
    "K18": Mistake(NUMPY, "Where a chunk is full I take the next token from the memory row.", [
        (COMPRESS, COMPRESS + "\n                if m > 0 and g >= len(prompt) - 1:\n"
                              "                    chosen[-1] = greedy(memory_logits[-1], p)")]),
    "K19": Mistake(NUMPY, "I choose from the whole vocabulary.", [
        ('np.argmax(scores[: p["text_vocabulary"]])', "np.argmax(scores)")]),
    "K20": Mistake(NUMPY, "I feed the memory rows one at a time.", [
        (COMPRESS, 'memory_logits.append([self.feed(rows[len(self.rows) :][:1])[0] for _ in range(p["t"])][-1])')]),
}

NEW = {
    "N01": Mistake(NUMPY, "The cached rows are the last rows fed (true until the second compression).", [
        ("np.concatenate([self.rows[self.kept], rows])",
         "np.concatenate([self.rows[len(self.rows) - len(self.kept) :], rows])")]),
    "N02": Mistake(NUMPY, "A generated token's position is the length of the cache.", [
        (OWN_ROW, OWN_ROW + "            if g >= len(prompt):\n                row[0, POSITION] = len(self.kept)\n")]),
    "N03": Mistake(SDPA, "Pads are labelled with their token: the ignored label is only set for None.", [
        (LABELS, LABELS.replace("-100 if", '(0 if row["zone"] == "p" else -100) if'))]),
    "N04": Mistake(NUMPY, "The repetition labels of every text are gathered from the first text of the batch.", [
        (LOSS_ROWS,
         "        own, first = (rows[:, ZONE] == REPETITION) & (rows[:, LABEL] >= 0), np.array(r.texts[0] + [0])\n"
         '        place = rows[own, CHUNK] * r.p["c"] * r.p["t"] + rows[own, INDEX]\n'
         "        inside = place < len(r.texts[0])\n"
         "        rows[own, LABEL] = np.where(inside, first[np.where(inside, place, 0)], rows[own, LABEL])\n"
         + LOSS_ROWS)]),
    "N05": Mistake(SDPA, "The tables of cosines and sines are kept in bfloat16.", [
        ("cos, sin = (factor * angle.cos()).to(x.dtype), (factor * angle.sin()).to(x.dtype)",
         "cos, sin = ((factor * table).bfloat16().to(x.dtype) for table in (angle.cos(), angle.sin()))")]),
    "N06": Mistake(NUMPY, "The cache is padded to a multiple of 4 with zero keys, which stay in the softmax.", [
        ("        keys, values = np.concatenate([past[0], keys]), np.concatenate([past[1], values])\n",
         "        keys, values = np.concatenate([past[0], keys]), np.concatenate([past[1], values])\n"
         "        more = -len(keys) % 4\n"
         "        keys, values = np.pad(keys, ((0, more), (0, 0))), np.pad(values, ((0, more), (0, 0)))\n"
         "        seen = np.pad(seen, ((0, 0), (0, more)), constant_values=True)\n")]),
    "N07": Mistake(NUMPY, "<m> and <r> are the wrong way round.", [
        ('add(p["memory_token"], MEMORY', 'add(p["repetition_token"], MEMORY'),
        ('add(p["repetition_token"], REPETITION', 'add(p["memory_token"], REPETITION')]),
    "N08": Mistake(HUGGING_FACE, "Gradients are clipped to norm 1, as in every training script.", [
        ("        sum(losses(request, model)).backward()\n",
         "        sum(losses(request, model)).backward()\n"
         "        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)\n")]),
    "N09": Mistake(NUMPY, "Compression drops the first L entries of the cache.", [
        ("self.kept = self.kept[self.rows[self.kept, ZONE] == MEMORY]", 'self.kept = self.kept[p["c"] * p["t"] :]')]),
    "N10": Mistake(NUMPY, "Texts are sorted by length, longest first, and the answers are not put back.", [
        ("    layouts, traces = r.layouts(), []\n",
         "    layouts, traces = sorted(r.layouts(), key=len, reverse=True), []\n")]),
    "N11": Mistake(NUMPY, "The positions of the tail begin at 0.", [
        (READING_ROW, READING_ROW.replace("start + i", "start + i if len(words) == chunk_length else i"))]),
    "N12": Mistake(SDPA, "Gradients are accumulated text by text, each with its own mean.", [
        (GRADIENTS,
         "    texts, parts = request.texts, []\n"
         "    for text in texts:\n"
         "        request.texts = [text]\n"
         "        parts.append(torch.autograd.grad(\n"
         "            sum(losses(request, model, dtype)), list(model.weights.values()), allow_unused=True))\n"
         "    gradients = [sum(torch.zeros_like(w) if g is None else g for g in own) / len(texts)\n"
         "                 for w, own in zip(model.weights.values(), zip(*parts))]\n")]),
    "N13": Mistake(NUMPY, "The cache is kept in float16.", [
        ("                self.entries[n] = [np.concatenate(pair) for pair in zip(layer, new)]\n",
         "                new = [part.astype(np.float16).astype(part.dtype) for part in new]\n"
         "                self.entries[n] = [np.concatenate(pair) for pair in zip(layer, new)]\n")]),
    "N14": Mistake(HUGGING_FACE, "The betas of AdamW are swapped.", [
        ('betas=(p["beta1"], p["beta2"])', 'betas=(p["beta2"], p["beta1"])')]),
    "N15": Mistake(HUGGING_FACE, "Norms have no weight decay, as usual.", [
        ("    optimiser = torch.optim.AdamW(\n        named.values(),",
         "    groups = [{\"params\": [q for q in named.values() if q.ndim > 1]},\n"
         "              {\"params\": [q for q in named.values() if q.ndim == 1], \"weight_decay\": 0.0}]\n"
         "    optimiser = torch.optim.AdamW(\n        groups,")]),
    "N16": Mistake(HUGGING_FACE, "Bias correction comes after epsilon is added, as in TensorFlow's Adam.", [
        ('    for _ in range(p["steps"]):\n', '    for step in range(1, p["steps"] + 1):\n'),
        (STEP, "        for group in optimiser.param_groups:\n"
               '            group["eps"] = p["adam_epsilon"] / (1 - p["beta2"] ** step) ** 0.5\n' + STEP)]),
    "N17": Mistake(NUMPY, "Reconstruction reads the memory's last hidden states as embeddings.", [
        ('        return trace["logits"]\n\n    def read(',
         '        self.last = trace["final_norm"]\n        return trace["logits"]\n\n    def read('),
        (COMPRESS, COMPRESS + "\n                self.soft = [*getattr(self, \"soft\", []), self.last]"),
        (RECITED,
         "        memory = rows[(rows[:, ZONE] == MEMORY) & (rows[:, CHUNK] == k)]\n"
         "        own = rows[(rows[:, ZONE] == REPETITION) & (rows[:, CHUNK] == k)]\n"
         "        both = np.concatenate([memory, own])\n"
         "        given = np.concatenate([cache.soft[k], r.model.embedding[own[:, TOKEN]]])\n"
         '        logits = r.model.run(both, visible(both, both, r.axes), embeddings=given)["logits"][len(memory) :]\n')]),
    "N18": Mistake(NUMPY, "A repetition row is fed the token chosen before it, not <r>.", [
        (RECITED,
         "        own = rows[(rows[:, ZONE] == REPETITION) & (rows[:, CHUNK] == k)]\n"
         "        for i in range(len(own)):\n"
         "            logits = cache.feed(own, keep=False)\n"
         "            if i + 1 < len(own):\n"
         "                own[i + 1, TOKEN] = greedy(logits[i], r.p)\n")]),
    "N19": Mistake(SDPA, "The sum of losses is divided by all rows of its kind, labelled or not.", [
        ("total / (chosen >= 0).sum().clamp(min=1)", "total / own.sum().clamp(min=1)")]),
    "N20": Mistake(NUMPY, "I accept every profile, and read memory_context nowhere.", [
        ('(earlier & (axes["memory_context"] == "past_memories"))', "earlier")]),
}

HUGGING_FACE_MASK = {
    "H01": Mistake(HUGGING_FACE, "My 4-D mask is made triangular, as the stock one is.", [
        ("torch.tensor([request.mask(rows) for rows in batch])[:, None]",
         "torch.tensor([request.mask(rows) for rows in batch]).tril()[:, None]")]),
}

MISTAKES = {**KNOWN, **NEW, **HUGGING_FACE_MASK}

# What a diagnosis is right to name: a mutant's id, or a profile as axis=value. Of an entry that is not here nothing is
# right to name. K05, K12, K16 and N14 do something else than M023, M091, M130 and M163, which they were meant to
# repeat; mutants for what they do, and for the N that are here, were added to the catalogue after the first score.
NAMES = {
    "K01": "M005", "K02": "M006", "K03": "M003", "K04": "M021", "K05": "M033", "K06": "M042",
    "K07": "memory_attention=causal", "K08": "M060", "K09": "M078", "K10": "M079", "K11": "M098", "K12": "M108",
    "K13": "M103", "K14": "M117", "K15": "M119", "K16": "M139", "K17": "M132", "K18": "M148", "K19": "M149",
    "K20": "M146", "N01": "M154", "N02": "M031", "N03": "M122", "N04": "M123", "N05": "M230", "N06": "M152", "N07": "M012",
    "N08": "M138", "N09": "M153", "N10": "M015", "N11": "M032", "N12": "M124", "N14": "M164", "N15": "M279",
    "N16": "M165", "N19": "M125", "N20": "memory_context=past_memories", "H01": "memory_attention=causal",
}
