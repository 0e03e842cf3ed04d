"""Mistakes of a port of chapter 16: what is changed in the candidate on NumPy, by the mutant that makes the same one.

A change is made wherever a porter who thinks so would make it: in the parallel layout, online and in the gradients.
"""

from change import Change

FILES = ("ccm_model", "ccm_structure", "ccm_protocol", "ccm_numpy", "ccm_backward", "candidate_ccm_numpy")

# Pieces of the port, each of which stands in it once.
SEES = '        return u == s  # CCM-9\n'
SEES_SUMS = "        return u == s - 1 if recurrent else s == last  # CCM-13\n"
SEES_COMP = "        return u <= s if recurrent else u == s or s == last  # CCM-10, CCM-11, CCM-12\n"
SEES_OWN = "    return u == s  # CCM-11, and CCM-15, since no COMP row is of the final segment\n"
EARLIER = "    return [[k <= q and visible(query, key, last, beginning, profile) for k, key in enumerate(rows)]\n"
ONLINE_OWN = ('        if key["segment"] == query["segment"] or self.is_sink(key):\n'
              "            return True\n        recurrent")
ONLINE_MEMORY = '        return key["role"] == "c" and (recurrent or query["segment"] == self.last)\n\n    def is_sink'
ONLINE_EARLIER = "[k <= q for k in range(len(rows))]"
RECURRENT = '        recurrent = ccm_structure.axes(self.profile)["recurrence"] == "recurrent"\n'
TEXT_POSITION = '"segment": segment, "index": index, "position": before,\n'
BLOCK_POSITION = '"index": j, "position": before + j,\n'
ONLINE_TEXT = '"segment": segment, "index": index, "position": self.texts}'
ONLINE_BLOCK = '"position": self.texts + j} for j in range(self.n)])'
MEANS = "sum(entries[:t], np.zeros_like(entries[0])) / t for t in"
HELD_MEANS = "            means = self.summed / self.folds\n"
WEIGHTS = "        return [Fraction(1, t)] * t\n"
MERGED = "                key, value = element.store(merge(key)), element.store(merge(value))\n"
SLOT = '                before = [c for c in slots[row["index"]] if c < r]\n'
UNMERGED = '            before = [c for c in range(r) if rows[c]["role"] == "c" and rows[c]["index"] == row["index"]]\n'
FOLDED = "        self.entries |= dict(zip(block, self.model.element.store(means)))\n"
STAGE_MEANS = """        return {name: element.store(ccm_numpy.running_means(given[name], request.profile, request.rate))
                for name in ("keys", "values")}
"""
GATE = 'self.model.element, [row["role"] in "cs" for row in rows]\n'
BACK_GATE = 'gate = np.array([row["role"] in "cs" for row in rows])'
STAGE_GATE = 'scale, request.input["gate"], element)}'
ALPHA = '        self.scale = config["lora_alpha"] / config["r"]\n'
STAGE_ALPHA = '    scale = request.params["lora_alpha"] / len(given["lora_a"])\n'
PROJECT = "self.model.scale, gate, self.model.element)"
BACK_PROJECT = "model.scale, gate, dy)"
LABELS = """    for row, following in zip(rows, rows[1:]):
        if following["role"] == "x" and following["segment"] == last:
            if following["index"] >= len(text[last]) - output_length:
"""
MEAN_LOSS = "np.concatenate(values).mean() if values"
MEAN_GRADIENT = "chances / sum(map(len, labelled))\n"
CUT = "        dk, dv = unmerged(rows, dk, profile, rate), unmerged(rows, dv, profile, rate)\n"
DROPPED = "and self.rows[number][\"segment\"] == segment and not self.is_sink(self.rows[number])]\n"
SINK = '    if key["role"] == "x" and key["token"] == beginning and chosen["sink"] == "on":\n'
SCHEDULE_SINK = '        return self.profile["sink"] == "on" and row["role"] == "x" and row["token"] == self.beginning\n'
NO_SINKS = '    if axes(profile)["sink"] == "off":\n        return 0\n'
ONLINE_SINK = '        on = ccm_structure.axes(self.profile)["sink"] == "on"\n'
PEAKS = "    peaks = [sizes[t] + len(tokens) + n * (t < last) for t, tokens in enumerate(text)]\n"


def structure(old, new):
    return ("ccm_structure", old, new)


def numbers(old, new):
    return ("ccm_numpy", old, new)


def backward(old, new):
    return ("ccm_backward", old, new)


def candidate(old, new):
    return ("candidate_ccm_numpy", old, new)


def seen(hidden, held):
    """A row that is hidden, by a condition on query and key, in the mask and from what is held online."""
    return (structure('    if key["role"] == "x":\n' + SEES, f"    if {hidden}:\n        return False\n" +
                      '    if key["role"] == "x":\n' + SEES),
            numbers(ONLINE_OWN, f"        if {held}:\n            return False\n" + ONLINE_OWN))


def positions(text, block, fed_text, fed_block):
    """Other positions of text rows and blocks, in the parallel layout and online."""
    return (structure(TEXT_POSITION, TEXT_POSITION.replace("before", text)),
            structure(BLOCK_POSITION, BLOCK_POSITION.replace("before + j", block)),
            numbers(ONLINE_TEXT, ONLINE_TEXT.replace("self.texts", fed_text)),
            numbers(ONLINE_BLOCK, ONLINE_BLOCK.replace("self.texts + j", fed_block)))


def divided(means, held, weights):
    """Other means, in the parallel layout, online and in the gradient."""
    return (numbers(MEANS, MEANS.replace(" / t for", f"{means} for")),
            numbers(HELD_MEANS, f"            means = {held}\n"),
            structure(WEIGHTS, f"        return {weights}\n"))


def gated(rows, stage):
    """Other rows that the adapter acts on."""
    return (numbers(GATE, GATE.replace('[row["role"] in "cs" for row in rows]', rows)),
            backward(BACK_GATE, f"gate = np.array({rows})"),
            candidate(STAGE_GATE, STAGE_GATE.replace('request.input["gate"]', stage)))


def scaled(scale, stage):
    return (("ccm_model", ALPHA, f"        self.scale = {scale}\n"), candidate(STAGE_ALPHA, f"    scale = {stage}\n"))


def projected(condition, behind):
    """Projections that have no adapter, by `name` and by the number of the layer, `layer` or `n`."""
    return (numbers(PROJECT, PROJECT.replace("gate", f"[own and ({condition}) for own in gate]")),
            backward(BACK_PROJECT, BACK_PROJECT.replace("gate", f"gate & ({behind})")))


MISTAKES = {
    "C01": Change("I let the final segment see the text of the contexts", (
        structure(SEES, "        return u == s or s == last\n"),)),
    "C02": Change("I let the text of a context see no memory", seen(
        'query["role"] == "x" and s != last and key["role"] != "x"',
        'query["role"] == "x" and query["segment"] != self.last and key["role"] == "c"')),
    "C03": Change("I let COMP rows see no memory of earlier segments", seen(
        'query["role"] == "c" and key["role"] != "x" and u != s',
        'query["role"] == "c" and key["role"] == "c" and key["segment"] != query["segment"]')),
    "C04": Change("I let contexts see earlier memory although they are to be compressed separately", (
        structure(SEES_COMP, "        return u <= s\n"),
        numbers(RECURRENT, '        recurrent = ccm_structure.axes(self.profile)["memory"] == "concat" or (\n'
                '            ccm_structure.axes(self.profile)["recurrence"] == "recurrent")\n'))),
    "C05": Change("I let COMP rows of a block see each other both ways", (
        structure(EARLIER, EARLIER.replace("k <= q and", '(k <= q or query["role"] == key["role"] == "c") and '
                                           '(k <= q or query["segment"] == key["segment"]) and')),
        numbers(ONLINE_EARLIER, '[k <= q or row["role"] == "c" for k in range(len(rows))]'))),
    "C06": Change("I let COMP rows of a block see themselves and not each other", (
        structure(EARLIER, EARLIER.replace("k <= q and", 'k <= q and not (query["role"] == key["role"] == "c" and '
                                           'k != q and query["segment"] == key["segment"]) and')),
        numbers(ONLINE_EARLIER, "[k == q for k in range(len(rows))]"))),
    "C07": Change("I hid a segment's text from its COMP rows", seen(
        'query["role"] == "c" and key["role"] == "x" and not (key["token"] == beginning and chosen["sink"] == "on")',
        'query["role"] == "c" and key["role"] == "x" and not self.is_sink(key)')),
    "C08": Change("I let the final segment see the last COMP rows beside their mean", (
        structure(SEES_OWN, "    return u == s or s == last and u == last - 1\n"),)),
    "C09": Change("I let rows see the means after every earlier segment, not the last alone", (
        structure(SEES_SUMS, "        return u < s if recurrent else s == last\n"),)),
    "C10": Change("I let rows see only the first entry of each memory", seen(
        'key["role"] == ("s" if chosen["memory"] == "merge" else "c") and u != s and key["index"] > 0 or '
        '(key["role"] == "s" and key["index"] > 0)',
        'key["role"] == "c" and key["segment"] != query["segment"] and key["index"] > 0')),
    "C11": Change("I hid and dropped BOS with its segment although it is a sink", (
        structure(SINK, "    if False:\n"), structure(NO_SINKS, "    return 0\n"),
        structure(SCHEDULE_SINK, "        return False\n"), numbers(ONLINE_SINK, "        on = False\n"))),
    "C12": Change("I kept BOS in sight although there is no sink", (
        structure(SINK, SINK.replace(' and chosen["sink"] == "on"', "")), structure(NO_SINKS, ""),
        structure(SCHEDULE_SINK, SCHEDULE_SINK.replace('self.profile["sink"] == "on" and ', "")),
        numbers(ONLINE_SINK, "        on = True\n"))),
    "C13": Change("I numbered all rows one after the other", positions(
        "len(rows)", "len(rows) + 0 * j", "len(self.rows)", "len(self.rows) + j")),
    "C14": Change("I placed COMP_j at N + j − 1, the first beside the last text row", positions(
        "before", "before + j - 1", "self.texts", "self.texts + j - 1")),
    "C15": Change("I placed all COMP rows of a block at N", positions("before", "before", "self.texts", "self.texts")),
    "C16": Change("I began positions anew in each segment", positions(
        "index", '(len(text[segment]) if role == "c" or segment < last else 0) + j', "index",
        "self.texts - sum(row['role'] == 'x' and row['segment'] < segment for row in self.rows) + j")),
    "C17": Change("I let each segment's memory push the text behind it by n", positions(
        "before + n * segment", "before + j + n * segment", "self.texts + self.n * segment",
        "self.texts + j + self.n * segment")),
    "C18": Change("I summed, and took no mean", divided("", "self.summed", "[Fraction(1)] * t")),
    "C19": Change("I kept the last segment's memory alone", (
        numbers(MEANS, "entries[t - 1] for t in"), numbers(HELD_MEANS, "            means = new\n"),
        structure(WEIGHTS, "        return [Fraction(0)] * (t - 1) + [Fraction(1)]\n"))),
    "C21": Change("I divided by t + 1", divided(
        " / (t + 1)", "self.summed / (self.folds + 1)", "[Fraction(1, t + 1)] * t")),
    "C24": Change("I let every slot of the memory average all COMP rows", (
        numbers(SLOT, '                before = [c for c in range(r) if rows[c]["role"] == "c"]\n'
                "                tensor[r] = means_of_all([tensor[c] for c in before], len(slots), profile, rate)\n"
                "                continue\n"),
        numbers("class Online:\n", "def means_of_all(entries, n, profile, rate):\n"
                "    blocks = np.array(entries).reshape(-1, n, *entries[0].shape)\n"
                "    return running_means(blocks, profile, rate)[-1].mean(0)\n\n\nclass Online:\n"),
        numbers(FOLDED, FOLDED.replace("store(means)", "store(means.mean(0, keepdims=True).repeat(len(means), 0))")),
        backward(UNMERGED, '            before = [c for c in range(r) if rows[c]["role"] == "c"]\n'
                 '            n = sum(rows[c]["segment"] == 0 for c in before)\n'
                 "            shares = ccm_structure.weights(len(before) // n, profile, rate)\n"
                 "            for c, weight in zip(before, [float(share) / n for share in shares for _ in range(n)]):\n"
                 "                d[c] += weight * d[r]\n            d[r] = 0\n            continue\n"),
        candidate(STAGE_MEANS, STAGE_MEANS.replace("request.rate))", "request.rate).mean(1, keepdims=True).repeat(\n"
                                                   "            given[name].shape[1], 1))")))),
    "C26": Change("I merged keys, and took the values of the last segment", (
        numbers(MERGED, '                key = element.store(merge(key))\n'
                '                last = {row["index"]: r for r, row in enumerate(rows) if row["role"] == "c"}\n'
                "                value = value.copy()\n"
                "                for r, row in enumerate(rows):\n"
                '                    if row["role"] == "c":\n                        last[row["index"]] = r\n'
                '                    if row["role"] == "s":\n                        value[r] = value[last[row["index"]]]\n'),
        numbers(FOLDED, "        means = np.array(means)\n        means[:, :, 1] = new[:, :, 1]\n" + FOLDED),
        candidate(STAGE_MEANS, '        return {"keys": element.store(\n'
                  '            ccm_numpy.running_means(given["keys"], request.profile, request.rate)),\n'
                  '                "values": given["values"]}\n'))),
    "C27": Change("I merged the keys and took them for the values too", (
        numbers(MERGED, "                key, given = element.store(merge(key)), value\n"
                '                value = np.where(np.array([row["role"] == "s" for row in rows])[:, None], key, given)\n'),
        numbers(FOLDED, "        means = np.array(means)\n        means[:, :, 1] = means[:, :, 0]\n" + FOLDED),
        candidate(STAGE_MEANS, "        keys = element.store(ccm_numpy.running_means("
                  'given["keys"], request.profile, request.rate))\n        return {"keys": keys, "values": keys}\n'))),
    "C28": Change("I added the mean to the SUM row's own key instead of replacing it", (
        numbers(MERGED, "                sums = np.array([row[\"role\"] == \"s\" for row in rows])[:, None]\n"
                "                key, value = element.store(merge(key) + sums * key), element.store(merge(value))\n"),)),
    "C29": Change("I updated every row, as an ordinary adapter does", gated(
        "[True for row in rows]", 'np.ones_like(request.input["gate"])')),
    "C30": Change("I updated text rows and not memory rows", gated(
        '[row["role"] == "x" for row in rows]', '~request.input["gate"]')),
    "C31": Change("I updated the first row of each memory block alone", gated(
        '[row["role"] in "cs" and row["index"] == 0 for row in rows]',
        'request.input["gate"] & ~np.concatenate([[False], request.input["gate"][:-1]])')),
    "C32": Change("I scaled the update by α, not α/r", scaled('config["lora_alpha"]', 'request.params["lora_alpha"]')),
    "C33": Change("I did not scale the update", scaled("1.0", "1.0")),
    "C34": Change("I updated q and v alone", projected('name in ("q_proj", "v_proj")', 'name in ("q_proj", "v_proj")')),
    "C35": Change("I did not update o", projected('name != "o_proj"', 'name != "o_proj"')),
    "C36": Change("I did not update the last layer", projected(
        "layer < len(self.model.base.blocks) - 1", "n < len(base.blocks) - 1")),
    "C37a": Change("I labelled all text, not the output alone", (
        structure(LABELS, '    texts = [row for row in rows if row["role"] == "x"]\n'
                  "    for row, following in zip(texts, texts[1:]):\n        if True:\n            if True:\n"),)),
    "C37b": Change("I took a mean per text, 0 without an output, and then the mean of those", (
        numbers(MEAN_LOSS, "np.sum([own.mean() for own in values]) / len(layouts) if values"),
        backward(MEAN_GRADIENT, "chances / len(own) / len(layouts)\n"))),
    "C37c": Change("I left the first token of the output unlabelled", (
        structure(LABELS, LABELS.replace(">=", ">")),)),
    "C37e": Change("I took a mean per text with an output, and then the mean of those", (
        numbers(MEAN_LOSS, "np.mean([own.mean() for own in values]) if values"),
        backward(MEAN_GRADIENT, "chances / len(own) / sum(map(bool, labelled))\n"))),
    "C38a": Change("I let no gradient through the mean", (
        backward("                d[c] += float(weight) * d[r]\n", "                d[c] += 0 * d[r]\n"),)),
    "C38b": Change("I let no gradient through the keys and values of memory", (
        backward(CUT, CUT + '        text = np.array([row["role"] == "x" for row in rows])[:, None]\n'
                 "        dk, dv = dk * text, dv * text\n"),)),
    "C39a": Change("I dropped a sink with the text of its segment", (
        structure('                     or self.is_sink(self.rows[number])]\n', "                     ]\n"),
        numbers(DROPPED, DROPPED.replace(" and not self.is_sink(self.rows[number])", "")))),
    "C39b": Change("I counted a sink as an entry of its own beside its segment", (
        structure(PEAKS, PEAKS + "    peaks = [peak + sinks(text, t + 1, beginning, profile)"
                  " - sinks(text, t, beginning, profile)\n             for t, peak in enumerate(peaks)]\n"),)),
    "C40": Change("I compressed the input of a text without contexts, as if it were one", (
        ("ccm_protocol", "        texts.append(text)\n",
         '        output = integers["output_lengths"][len(texts)] if "output_lengths" in integers else 0\n'
         "        if len(text) == 1 and len(text[0]) > output + 1:\n"
         "            text = [text[0][: -output - 1], text[0][-output - 1 :]]\n        texts.append(text)\n"),)),
}
