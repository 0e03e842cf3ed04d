"""Twenty further mistakes, of inference engines and training frameworks as they are met in the wild.

They were written and committed before any of them was run, and are never adapted to what a run says of them.
"""

from change import Change

APPEND = '            k, v = trace[f"layers.{n}.attention.key"], trace[f"layers.{n}.attention.value"]\n'
PASS = "            r.weights, rows[:, layout.TOKEN], rows[:, layout.POSITION], layout.visible(rows, rows, r.axes), r.element,\n"
PROMPT = "    for token in prompt:\n        logits.append(cache.read(token))\n"
QKV = """    k = trace["attention.key"] = rotate(headed(norm, w, "k", shape, element), cos, sin, element)
    v = trace["attention.value"] = projected(norm, w, "v_proj", element)
"""
DROP_READING = "        self.keep(self.held[:, ZONE] == MEMORY)\n"

MISTAKES = {
    "F01": Change("A chunk with tokens I compressed before, in whatever text, takes its memory from the prefix cache.", (
        ("generation", "class Cache:\n", "SHARED = {}\n\n\nclass Cache:\n"),
        ("generation", "        self.append(rows, trace)\n        self.memory_logits",
         "        tokens = tuple(self.held[self.held[:, ZONE] == READING, TOKEN].tolist())\n"
         "        trace = SHARED.setdefault((id(self.weights), t, tokens), trace)\n"
         "        self.append(rows, trace)\n        self.memory_logits"))),
    "F02": Change("The frequencies are cached by the head dimension; the base is not in the key.", (
        ("rotations", "def frequencies(head_dim, rope):\n",
         "TABLES = {}\n\n\ndef frequencies(head_dim, rope):\n"
         "    return TABLES.setdefault(head_dim, frequencies_of(head_dim, rope))\n\n\n"
         "def frequencies_of(head_dim, rope):\n"),)),
    "F03": Change("The scaling of Llama 3 is on: frequencies of a wavelength above 8192 are divided by 8, those from 2048 on "
                  "in part.", (
        ("stages", "    inverse = inverse.astype(element.accumulation)\n",
         "    smooth = np.clip((8192 / (2 * np.pi / inverse) - 1) / (4 - 1), 0, 1)\n"
         "    inverse = ((1 - smooth) * inverse / 8 + smooth * inverse).astype(element.accumulation)\n"),)),
    "F04": Change("A sliding window of 24 rows is left over from the model I started with.", (
        ("port", PASS, PASS.replace(
            "layout.visible(rows, rows, r.axes)",
            "layout.visible(rows, rows, r.axes) & (np.arange(len(rows))[:, None] - np.arange(len(rows)) < 24)")),)),
    "F05": Change("The cache keeps four sinks and the last 20 entries; what is between is evicted.", (
        ("generation", "        self.fed.append(rows)\n",
         "        self.fed.append(rows)\n"
         "        place = np.arange(len(self.held))\n"
         "        self.keep((place < 4) | (place >= len(place) - 20))\n"),)),
    "F06": Change("Logits are capped softly at 30, as Gemma's are.", (
        ("model", '    trace["logits"] = stages.linear(trace["final_norm"], weights.head, element)\n',
         '    logits = stages.linear(trace["final_norm"], weights.head, element)\n'
         '    trace["logits"] = element.store(30 * np.tanh(logits / 30))\n'),)),
    "F07": Change("Keys and values are cached in 8 bits, with one scale for each entry.", (
        ("generation", "class Cache:\n",
         "def quantised(x):\n"
         "    scale = np.abs(x).max(-1, keepdims=True) / 127\n"
         "    return np.round(x / np.where(scale > 0, scale, 1)) * scale\n\n\n"
         "class Cache:\n"),
        ("generation", APPEND, APPEND + "            k, v = quantised(k), quantised(v)\n"))),
    "F08": Change("Position ids come from the attention mask: the number of keys a row sees, less one.", (
        ("port", PASS, PASS.replace(
            "rows[:, layout.POSITION]", "layout.visible(rows, rows, r.axes).sum(-1) - 1")),)),
    "F09": Change("The batch is padded on the left, and the answers stay where they are.", (
        ("port", "                whole[(b, ..., *[slice(n) for n in x.shape[-2:]])] = x\n",
         "                ends = (longest, longest) if name.endswith(\"probabilities\") else (longest, x.shape[-1])\n"
         "                whole[(b, ..., *[slice(end - n, end) for n, end in zip(x.shape[-2:], ends)])] = x\n"),)),
    "F10": Change("One product makes queries, keys and values, and I split it group by group: its queries, a key, a value.", (
        ("stages", '    q = trace["attention.query"] = rotate(headed(norm, w, "q", shape, element), cos, sin, element)\n' + QKV,
         '    fused = linear(norm, np.concatenate([w["q_proj"], w["k_proj"], w["v_proj"]]), element)\n'
         "    d, group = shape.head_dim, shape.heads // shape.kv_heads\n"
         "    fused = fused.reshape(len(norm), shape.kv_heads, (group + 2) * d)\n"
         "    q, k, v = (fused[..., a:b].reshape(len(norm), -1) for a, b in (\n"
         "        (0, group * d), (group * d, group * d + d), (group * d + d, group * d + 2 * d)))\n"
         '    q = trace["attention.query"] = rotate(q, cos, sin, element)\n'
         '    k = trace["attention.key"] = rotate(k, cos, sin, element)\n'
         '    trace["attention.value"] = v\n'),)),
    "F11": Change("The head is padded to a multiple of 64 rows of zeros, and the loss is over all of them.", (
        ("training", "def losses(weights", "def with_padding(logits):\n"
         "    return np.pad(logits, ((0, 0), (0, -logits.shape[1] % 64)))\n\n\ndef losses(weights"),
        ("training", 'stages.cross_entropy(trace["logits"][own]', 'stages.cross_entropy(with_padding(trace["logits"][own])'),
        ("training", '        chances = stages.softmax(trace["logits"], True)\n',
         '        chances = stages.softmax(with_padding(trace["logits"]), True)[:, : trace["logits"].shape[1]]\n'))),
    "F12": Change("The repetition penalty of generation_config.json, 1.1, is applied before the choice.", (
        ("generation", "        chosen.append(greedy(logits[-1], p))\n",
         "        scores, said = np.array(logits[-1]), sorted(set(list(prompt) + chosen))\n"
         "        scores[said] = np.where(scores[said] > 0, scores[said] / 1.1, scores[said] * 1.1)\n"
         "        chosen.append(greedy(scores, p))\n"),)),
    "F13": Change("Gradients are accumulated text by text and divided by the number of texts, though the means pool them.", (
        ("training", "            share[own] = 1 / max(count, 1)\n",
         "            share[own] = 1 / max(count, 1) / len(layouts)\n"),)),
    "F14": Change("Gradients are scaled by 1024 and kept in float16 until the step.", (
        ("training", "        backward(weights, rows, trace, chances * share[:, None], total, element)\n    return total\n",
         "        backward(weights, rows, trace, chances * share[:, None], total, element)\n"
         "    return {name: (g * 1024).astype(np.float16).astype(g.dtype) / 1024 for name, g in total.items()}\n"),)),
    "F15": Change("The fused step counts before it corrects the bias, and the loop counts too: the correction is one step "
                  "ahead.", (
        ("training", "    power1 = power2 = 1.0\n", "    power1, power2 = beta1, beta2\n"),)),
    "F16": Change("The decay comes after the step.", (
        ("training", "            w = weights.flat[name] * (1 - rate * decay)\n", "            w = weights.flat[name]\n"),
        ("training", "            flat[name] = w - (rate / (1 - power1)) * (m / (np.sqrt(v) / math.sqrt(1 - power2) + epsilon))\n",
         "            w = w - (rate / (1 - power1)) * (m / (np.sqrt(v) / math.sqrt(1 - power2) + epsilon))\n"
         "            flat[name] = w * (1 - rate * decay)\n"))),
    "F17": Change("Attention weights are bfloat16 before they meet the values, as the kernel has them.", (
        ("stages", "import numpy as np\n", "import numpy as np\n\nimport tensors\n"),
        ("stages", "    context = (weights @ values)",
         "    context = (tensors.to_bfloat16(weights).astype(values.dtype) @ values)"))),
    "F18": Change("Softmax is taken to base 2, with 1.4427 for log2(e).", (
        ("stages", "    powers = np.exp(scores - np.maximum.reduce(scores, -1, keepdims=True))\n    return powers",
         "    powers = np.exp2((scores - np.maximum.reduce(scores, -1, keepdims=True)) * 1.4427)\n    return powers"),)),
    "F19": Change("Pages hold 4 entries and are freed as a whole: a reading entry stays where it shares its page.", (
        ("generation", DROP_READING,
         "        page = np.arange(len(self.held)) // 4\n"
         "        self.keep(np.isin(page, page[self.held[:, ZONE] == MEMORY]))\n"),)),
    "F20": Change("The prompt is read in pieces of 3 tokens, and I look for a full chunk after each piece.", (
        ("generation", "        if i == length - 1:\n            self.compress(chunk, t)\n",
         "        if i == length - 1:\n            self.due = [*getattr(self, \"due\", []), chunk]\n"
         "        if not getattr(self, \"in_piece\", False):\n"
         "            for full in getattr(self, \"due\", []):\n                self.compress(full, t)\n"
         "            self.due = []\n"),
        ("generation", DROP_READING,
         "        self.keep((self.held[:, ZONE] == MEMORY) | (self.held[:, CHUNK] > chunk))\n"),
        ("generation", PROMPT,
         "    for g, token in enumerate(prompt):\n"
         "        cache.in_piece = g % 3 < 2 and g < len(prompt) - 1\n"
         "        logits.append(cache.read(token))\n"))),
}
