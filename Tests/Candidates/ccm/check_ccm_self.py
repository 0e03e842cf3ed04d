#!/usr/bin/env python3
"""What chapter 16 says of itself, tried on random layouts and models: NumPy against PyTorch, both against the clauses.

  VENV/bin/pip install -r Tests/Candidates/requirements-vectors.txt
  VENV/bin/python Tests/Candidates/ccm/check_ccm_self.py [--layouts 200] [--models 24] [--seed 1]

Masks are derived twice and once more from what the online cache holds; entries, peaks and pairs are counted; the
theorems of chapter 16 are computed with random weights; the candidate answers the same requests in float64. Each line
names a clause, how often it was tried, and the largest difference relative to the largest number. Exits with 1 at the
first thing that does not hold.
"""

import argparse
import inspect
import itertools
import pathlib
import re
import sys
import warnings

import numpy as np
import torch

import candidate_ccm
import ccm_backward
import ccm_model
import ccm_numpy
import ccm_properties
import ccm_protocol
import ccm_structure
import ccm_torch
import loma_layout
import loma_model
import loma_protocol
import loma_structure
import model as port_model
from tally import conclude, listed_codes

PROFILES = [dict(zip(ccm_structure.AXES, values)) for values in itertools.product(*ccm_structure.AXES.values())
            if (values[0], values[3]) != ("concat", "exponential")]


def drawn_text(draw, vocabulary, most=5, contexts=None):
    """Segments of random ids. Id 1 is BOS: at the start, nowhere, or here and there."""
    count = draw.randint(0, 5) if contexts is None else contexts
    text = [[draw.randrange(2, vocabulary) for _ in range(draw.randint(1, most))] for _ in range(count + 1)]
    for segment in {"start": text[:1], "never": [], "often": text}[draw.choice(["start", "never", "often"])]:
        segment[draw.randrange(len(segment)) if segment is not text[0] else 0] = 1
    return text


# --- integers ---


def check_structure(draw, tally):
    """One random text in every profile."""
    n, vocabulary, text = draw.randint(1, 4), 12, drawn_text(draw, 12)
    lengths, last = [len(segment) for segment in text], len(text) - 1
    for profile in PROFILES:
        rows = ccm_structure.layout(text, n, vocabulary, profile, draw.randrange(lengths[-1]))
        mask = np.array(ccm_structure.mask(rows, 1, profile))
        again = ccm_torch.mask_of_ids([row["token"] for row in rows], lengths, n, vocabulary, 1, profile).numpy()
        tally.holds("CCM-9 to CCM-16, table and arithmetic", (mask == again).all(), text, profile)
        tally.holds("CCM-35 rows", len(rows) == ccm_structure.row_count(lengths, n, profile))
        check_held(text, n, vocabulary, profile, rows, mask, tally)
        check_counts(text, n, vocabulary, profile, rows, mask, tally)
        for number, (row, behind) in enumerate(zip(rows, [*rows[1:], None])):
            if row["label"] is not None:
                tally.holds("CCM-23", behind["token"] == row["label"] and behind["segment"] == last == row["segment"])
        if profile["memory"] == "merge":
            sizes = ccm_structure.cost(text, n, 1, {**profile, "sink": "off"}, 1, 1, 2, 2)["sizes"]
            tally.holds("CCM-28 merge does not grow", set(sizes[1:]) <= {n})


def check_held(text, n, vocabulary, profile, rows, mask, tally):
    """What a row sees in the parallel layout is what the cache holds when it is fed (CCM-26 in integers)."""
    fed, plan = ccm_torch.read_plan(text, n, vocabulary, 1, profile)
    place = [r for r, row in enumerate(rows) if row["role"] != "s"]
    tally.holds("CCM-25", [position for _, _, position in fed] == [rows[r]["position"] for r in place])
    blocks = {}  # segments in the memory -> the columns of the SUM block that stands for it
    for r, row in enumerate(rows):
        if row["role"] == "s":
            t = row["segment"] + (profile["recurrence"] == "recurrent")
            blocks.setdefault(t, []).append(r)
    for r, (seen, t) in zip(place, plan):
        columns = sorted([place[k] for k in seen] + blocks.get(t, []) * (t > 0))
        tally.holds("CCM-24, mask and cache", columns == np.flatnonzero(mask[r]).tolist(), text, profile, r)


def check_counts(text, n, vocabulary, profile, rows, mask, tally):
    """CCM-28 and CCM-29 by counting, and the schedule's own consistency."""
    memory = ccm_structure.schedule(text, n, vocabulary, 1, profile)
    answer = ccm_structure.cost(text, n, 1, profile, 1, 1, 2, 2)
    counted = [0] * len(text)
    for r, row in enumerate(rows):
        if row["role"] != "s":
            counted[row["segment"]] += int(mask[r].sum())
    tally.holds("CCM-29 by counting the mask", counted == answer["pairs"], text, profile)
    peaks, sizes, segment = [0] * len(text), [0] * len(text), 0
    starts = [sum(map(len, text[:k])) for k in range(len(text))]
    for (kind, argument, first, end, memories, texts), held in zip(memory.events, memory.entries):
        if kind == ccm_structure.READ:
            segment = sum(start <= argument for start in starts) - 1
            if argument in starts:
                sizes[segment] = len(held) - 1
        peaks[segment] = max(peaks[segment], len(held))
        tally.holds("CCM-24, order", held == sorted(held) and memories + texts == len(held))
        tally.holds("CCM-24, rows fed", end == first or held[first - end :] == list(range(first, end)))
    tally.holds("CCM-28 by counting events", (sizes, peaks) == (answer["sizes"], answer["peaks"]), text, profile)
    last = (len(memory.entries[-1]), max(map(len, memory.entries)))
    tally.holds("CCM-28 at the end", last == (answer["cache_size"], answer["cache_maximum"]))


def check_maps(tally):
    """CCM-concat's mask is that of LoMA's generation layout with causal memory; gist is one segment."""
    for c, t, n in itertools.product((1, 2, 3), (1, 2, 3), range(1, 16)):
        size = c * t
        if n % size == 0:
            continue  # LoMA then ends with a memory, and a text of CCM with a final segment
        tokens = list(range(2, 2 + n))
        theirs = loma_layout.generation_rows(tokens, c, t, 100, 101, {"memory_attention": "causal"})
        text = [tokens[k : k + size] for k in range(0, n, size)]
        ours = ccm_structure.mask(ccm_structure.layout(text, t, 50, {}), -1, {})
        tally.holds("LoMA's causal memory", ours == loma_layout.mask(theirs, {"memory_attention": "causal"}), c, t, n)


def check_lists(tally):
    """The codes and axes are those of the Spec's two lists, in their order."""
    spec = pathlib.Path(__file__).resolve().parents[3] / "Spec"
    codes = listed_codes((spec / "peers-rejections.md").read_text(), "## Chapter 16")
    parts = (loma_structure.axis_faults, ccm_structure.rejections, ccm_model.refusal, loma_model.refusal)
    code = "".join(map(inspect.getsource, parts))
    found = re.findall(r'(?:yield|return) "([a-z-]+)"', code)
    tally.holds("CCM-35 codes of the list", set(found) == set(codes) - {"repeated-axis"}, found, codes)
    places = [codes.index(name) for name in dict.fromkeys(re.findall(r'yield "([a-z-]+)"', code))]
    tally.holds("CCM-35 codes of the list", places == sorted(places))
    rows = re.findall(r"^  (\w+) +CCM-3 +(\w+) +(\w+)$", (spec / "peers-registry.md").read_text(),
                      re.MULTILINE)
    tally.holds("CCM-3 axes", {axis: values for axis, *values in rows} == {
        axis: list(values) for axis, values in ccm_structure.AXES.items()}, rows)


# --- numbers ---


class Trial:
    """A random model, a random text and a profile, with NumPy's and PyTorch's answers."""

    def __init__(self, draw, folder, profile, **sizes):
        self.n, self.profile, self.vocabulary = draw.randint(1, 3), profile, 11
        self.rate = draw.choice([0.25, 0.5, 0.7]) if profile["merge_rate"] == "exponential" else None
        self.path = ccm_model.write_random(folder / f"{draw.random()}", draw.randrange(10**6), self.n, **{
            "layers": draw.choice([1, 2, 3]), "kv_heads": draw.choice([1, 2, 4]), "rank": draw.choice([1, 2, 3]),
            "tied": draw.random() < 0.3, "vocabulary": self.vocabulary, **sizes})
        self.model = ccm_model.Model(self.path)
        self.texts = [drawn_text(draw, self.vocabulary) for _ in range(draw.choice([1, 1, 2]))]
        self.outputs = [draw.randrange(len(text[-1])) for text in self.texts]
        self.params = {"memory_tokens": self.n, "text_vocabulary": self.vocabulary, "beginning_token": 1,
                       "rate": self.rate, "generate": draw.choice([0, 1, 3])}

    def layout(self, index=0, text=None):
        return ccm_structure.layout(
            text or self.texts[index], self.n, self.vocabulary, self.profile, self.outputs[index] if not text else 0)

    def parallel(self, rows, embeddings=None, model=None):
        return ccm_numpy.parallel(model or self.model, rows, 1, self.profile, self.rate, embeddings)


def check_numbers(trial, tally):
    """NumPy against PyTorch, online against parallel."""
    twin = ccm_torch.Model(trial.model)
    for index, text in enumerate(trial.texts):
        rows = trial.layout(index)
        trace = trial.parallel(rows)
        logits = trace["logits"][ccm_properties.of_role(rows, "x")]
        theirs, fed, memories = twin.rows(text, trial.n, trial.vocabulary, 1, trial.profile, trial.rate)
        tally.near("CCM-33 NumPy and PyTorch", theirs[[row[0] == "x" for row in fed]].detach(), logits)
        online = ccm_numpy.Online(trial.model, text, trial.params, trial.profile)
        tally.near("CCM-26 online = parallel", online.logits, logits)
        check_memory(trial, rows, trace, online, memories, tally)
        events = ccm_structure.schedule(text, trial.n, trial.vocabulary, 1, trial.profile)
        short = [[e[0], e[1], e[4] + e[5]] for e in events.events]
        tally.holds("CCM-34, events and cache of CCM-31", (online.events, online.held) == (short, events.entries[-1]))
    arguments = (trial.texts, trial.outputs, trial.n, trial.vocabulary, 1, trial.profile, trial.rate)
    layouts = [trial.layout(index) for index in range(len(trial.texts))]
    loss = ccm_numpy.loss(trial.model, layouts, 1, trial.profile, trial.rate)
    tally.near("CCM-23 NumPy and PyTorch", twin.loss(*arguments).item(), loss)
    gradients = twin.gradients(*arguments)
    by_hand = ccm_backward.gradients(trial.model, layouts, 1, trial.profile, trial.rate)
    for name, gradient in gradients.items():
        tally.near("CCM-33 gradients, NumPy and PyTorch", by_hand[name], gradient)
    unused = gradients[ccm_model.EMBEDDINGS][trial.n :]
    tally.holds("CCM-21 SUM embeddings have no gradient", not unused.any())
    last = len(trial.model.base.blocks) - 1
    idle = [ccm_model.adapter_name(last, name, part) for name in ("q_proj", "o_proj") for part in "AB"]
    tally.holds("CCM-21 q and o of the last layer have none", not any(gradients[name].any() for name in idle))
    check_slopes(trial, layouts, gradients, tally)


def check_memory(trial, rows, trace, online, memories, tally):
    """The memory held is the COMP rows' entries, or the last SUM block's."""
    role = "c" if trial.profile["memory"] == "concat" else "s"
    wanted = ccm_properties.of_role(rows, role)[-trial.n if role == "s" else None :]
    held = [online.entries[number] for number in online.held if online.rows[number]["role"] == "c"]
    for part, name in enumerate(("key", "value")):
        expected = [trace[f"layers.{n}.attention.{name}"][wanted] for n in range(len(trial.model.base.blocks))]
        tally.near("CCM-26 memory held", online.stacked(held, part), np.array(expected))
        for layer, means in enumerate(memories):
            tally.near("CCM-17 substitution and offer", means[part][-1].detach(), expected[layer])


def check_slopes(trial, layouts, gradients, tally):
    """Gradients against central differences of NumPy's loss, in one random direction of every tensor."""
    for name, gradient in gradients.items():
        array = trial.model.adapter[name]
        direction = np.random.default_rng(len(name)).normal(size=array.shape)
        step, values = 1e-5, []
        for sign in (1, -1):
            array += sign * step * direction
            trial.model.embedding = np.concatenate(
                [trial.model.base.embedding, trial.model.adapter[ccm_model.EMBEDDINGS]])
            values.append(ccm_numpy.loss(trial.model, layouts, 1, trial.profile, trial.rate))
            array -= sign * step * direction
        slope, size = (values[0] - values[1]) / (2 * step), np.abs(gradient * direction).sum()
        tally.holds("CCM-33 gradients and differences", abs(slope - (gradient * direction).sum()) <= 1e-6 * size + 1e-8)
    trial.model.embedding = np.concatenate([trial.model.base.embedding, trial.model.adapter[ccm_model.EMBEDDINGS]])


def check_inert(trial, tally):
    """CCM-18: SUM rows with other embeddings and positions, seeing other rows, change no bit of the others."""
    rows = trial.layout()
    sums, others = ccm_properties.of_role(rows, "s"), ccm_properties.of_role(rows, "xc")
    if not sums:
        return
    numbers = np.random.default_rng(7)
    plain = trial.model.embedding[[row["token"] for row in rows]]
    changed = plain.copy()
    changed[sums] = numbers.normal(size=(len(sums), plain.shape[1])) * 9
    moved = [dict(row, position=row["position"] + 5 * (row["role"] == "s")) for row in rows]
    visible = np.array(ccm_structure.mask(rows, 1, trial.profile))
    visible[sums] = np.tri(len(rows), dtype=bool)[sums]
    merge = ccm_numpy.merger(rows, trial.profile, trial.rate)
    before = trial.parallel(rows)["logits"][others]
    after = ccm_numpy.Pass(trial.model).run(changed, moved, visible, merge)["logits"][others]
    tally.holds("CCM-18 SUM rows inert, bit for bit", (before == after).all())


def check_adapter(trial, draw, folder, tally):
    """CCM-20: B = 0 is the base; text of segment 0 does not depend on the adapter; without contexts nothing does."""
    rows = trial.layout()
    own = [r for r, row in enumerate(rows) if row["role"] == "x" and row["segment"] == 0]
    plain = trial.parallel(rows)
    others = {name: array * draw.choice([0.5, 3.0]) for name, array in trial.model.adapter.items()}
    other = ccm_model.Model(trial.path)
    other.adapter = others
    other.embedding = np.concatenate([other.base.embedding, others[ccm_model.EMBEDDINGS]])
    changed = trial.parallel(rows, model=other)
    tally.holds("CCM-20 segment 0 without adapter, bit for bit", (plain["logits"][own] == changed["logits"][own]).all())
    if len(trial.texts[0]) > 1:
        later = [r for r in ccm_properties.of_role(rows, "x") if rows[r]["segment"] == len(trial.texts[0]) - 1]
        tally.holds("CCM-20 the memory depends on it", (plain["logits"][later] != changed["logits"][later]).any())
    for name in other.adapter:
        if "lora_B" in name:
            other.adapter[name] = other.adapter[name] * 0
    hidden = other.embedding[[row["token"] for row in rows]]
    visible = np.array(ccm_structure.mask(rows, 1, trial.profile))
    merge = ccm_numpy.merger(rows, trial.profile, trial.rate)
    zero = ccm_numpy.Pass(other).run(hidden, rows, visible, merge)["logits"]
    ungated = [dict(row, role="x") for row in rows]
    base = ccm_numpy.Pass(trial.model).run(hidden, ungated, visible, merge)["logits"]
    tally.holds("CCM-20 B = 0 and g = 0, bit for bit", (zero == base).all())
    alone = trial.layout(text=[sum(trial.texts[0], [])])
    causal = np.tri(len(alone), dtype=bool)
    tokens = [row["token"] for row in alone]
    weights = port_model.at(str(trial.path)).weights(ccm_numpy.DOUBLE)
    base = port_model.run(weights, tokens, np.arange(len(tokens)), causal, ccm_numpy.DOUBLE)["logits"]
    tally.holds("CCM-5 T = 0 is the base, bit for bit", (trial.parallel(alone)["logits"] == base).all())


def check_alike(trial, draw, tally):
    """With one context segment, concat = merge and recurrent = separate."""
    text = drawn_text(draw, trial.vocabulary, contexts=1)
    answers = []
    for memory, recurrence in itertools.product(("concat", "merge"), ("recurrent", "separate")):
        profile = {**trial.profile, "memory": memory, "recurrence": recurrence}
        rows = ccm_structure.layout(text, trial.n, trial.vocabulary, profile)
        logits = ccm_numpy.parallel(trial.model, rows, 1, profile, 0.5)["logits"]
        answers.append(logits[ccm_properties.of_role(rows, "x")])
    for answer in answers[1:]:
        tally.near("CCM-17 one segment, four profiles", answer, answers[0])


def check_interference(trial, tally):
    """In one layer, a replaced row moves the rows that it reaches, and no bit of the others."""
    rows = trial.layout()
    visible = np.array(ccm_structure.mask(rows, 1, trial.profile))
    given = trial.model.embedding[[row["token"] for row in rows]]
    plain = trial.parallel(rows)["logits"]
    replacements = np.random.default_rng(3).normal(size=given.shape)
    for r in ccm_properties.of_role(rows, "xc"):
        embeddings = given.copy()
        embeddings[r] = replacements[r]
        logits = trial.parallel(rows, embeddings)["logits"]
        for q in ccm_properties.of_role(rows, "x"):
            moved = np.abs(logits[q] - plain[q]).max()
            reached = ccm_properties.reaches(rows, visible, r, q, trial.profile, trial.rate)
            tally.holds("CCM-36 interference", moved > 1e-9 if reached else moved == 0, trial.profile, r, q, moved)


# --- the candidate ---


def ask(trial, op, texts, capture=(), **more):
    """The candidate's answer in float64, by the request that the runner would send."""
    given = {"tokens": [token for text in texts for segment in text for token in segment],
             "lengths": [len(segment) for text in texts for segment in text], "segments": [len(text) for text in texts],
             "output_lengths": trial.outputs[: len(texts)]}
    given = {name: torch.tensor(value) for name, value in given.items()} | more
    rate = {"rate": trial.rate.hex()} if trial.rate else {}
    message = {"op": op, "profile": trial.profile, "dtype": "f64", "model": str(trial.path), "output": "",
               "input": "given", "capture": list(capture), "params": {**trial.params, **rate}}
    answer = candidate_ccm.answer(ccm_protocol.Request(message, lambda _: given))
    return {name: tensor.detach().numpy() for name, tensor in answer.items()}


def check_candidate(trial, draw, tally):
    """Every operation on a model, against NumPy and PyTorch."""
    last = len(trial.model.base.blocks) - 1
    captures = ["hidden.0", f"hidden.{last + 1}", f"layers.{last}.attention.query", f"layers.{last}.attention.key",
                f"layers.{last}.attention.value", f"layers.{last}.attention.probabilities",
                f"layers.{last}.attention.context", "layers.0.attention.output", "layers.0.feed_forward.activation"]
    answer = ask(trial, "ccm_forward", trial.texts, captures)
    layouts = [trial.layout(index) for index in range(len(trial.texts))]
    for b, rows in enumerate(ccm_structure.padded(layouts)):
        trace = trial.parallel(rows)
        for name, tensor in answer.items():
            own = ccm_properties.of_role(rows, "x" if name == "logits" else "xc")
            got, expected = tensor[b], trace[name]
            if name.endswith("probabilities"):
                tally.near("CCM-33 the candidate", got[:, own], expected[:, own])
            else:
                tally.near("CCM-33 the candidate", got[own], expected[own])
        alone = trial.parallel(layouts[b])["logits"]
        tally.near("CCM-8 beside others and alone", trace["logits"][-len(alone) :], alone)
    arguments = (trial.texts, trial.outputs, trial.n, trial.vocabulary, 1, trial.profile, trial.rate)
    twin = ccm_torch.Model(trial.model)
    tally.near("CCM-33 the candidate", ask(trial, "ccm_loss", trial.texts)["loss"], twin.loss(*arguments).item())
    got, expected = ask(trial, "ccm_gradients", trial.texts), twin.gradients(*arguments)
    tally.holds("CCM-33 the candidate", set(got) == {f"gradients.{name}" for name in expected})
    for name, gradient in expected.items():
        tally.near("CCM-33 the candidate", got[f"gradients.{name}"], gradient)
    count = trial.params["generate"]
    forced = [draw.randrange(trial.vocabulary) for _ in range(count)] if draw.random() < 0.5 else None
    online = ccm_numpy.Online(trial.model, trial.texts[0], trial.params, trial.profile)
    expected = online.answer(online.generate(count, forced))
    more = {} if forced is None else {"forced": torch.tensor(forced, dtype=torch.int64)}
    for name, tensor in ask(trial, "ccm_online", trial.texts[:1], **more).items():
        tally.near("CCM-34 the candidate", tensor, expected[name])


def check_rejections(trial, tally):
    """The candidate's code for single faults, and for pairs the one that comes first in the list."""
    faults = {
        "unknown-axis": {"profile": {"colour": "red"}}, "unknown-alternative": {"profile": {"memory": "sum"}},
        "merge-rate-out-of-range": {"profile": {"memory": "merge", "merge_rate": "exponential"}, "rate": (0.0).hex()},
        "memory-tokens-out-of-range": {"memory_tokens": 0}, "vocabulary-size-out-of-range": {"text_vocabulary": 0},
        "beginning-token-out-of-range": {"beginning_token": 99}, "segment-empty": {"lengths": [3, 0]},
        "segments-mismatch": {"segments": [3]}, "text-too-long": {"memory_tokens": 2**40},
        "text-token-out-of-range": {"tokens": [1, 2, 99]}, "output-length-out-of-range": {"output_lengths": [1]},
        "vocabulary-mismatch": {"text_vocabulary": 12}, "adapter-shape-mismatch": {"memory_tokens": trial.n + 4}}
    single = list(faults.items())
    for (code, fault), (_, other) in itertools.combinations_with_replacement(single, 2):
        if fault is not other and set(fault) & set(other):
            continue
        fault = fault | other  # the code of the first, since faults are in the order of the list
        given = {"tokens": [1, 2, 3], "lengths": [2, 1], "segments": [2], "output_lengths": [0]}
        params = {"memory_tokens": trial.n, "text_vocabulary": 11, "beginning_token": 1}
        given |= {name: value for name, value in fault.items() if name in given}
        params |= {name: value for name, value in fault.items() if name not in given and name != "profile"}
        message = {"op": "ccm_loss", "profile": fault.get("profile", {}), "dtype": "f64", "model": str(trial.path),
                   "output": "", "input": "given", "params": params}
        try:
            ccm_protocol.Request(message, lambda _, given=given: {k: torch.tensor(v) for k, v in given.items()})
            found = None
        except loma_protocol.Rejected as rejected:
            found = str(rejected)
        tally.holds("CCM-35 the candidate", found == code, code, found)


def main():
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layouts", type=int, default=200, metavar="N", help="random texts, each in every profile")
    parser.add_argument("--models", type=int, default=24, metavar="N", help="random models, profile by profile")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(1)

    def trials(draw, folder, tally):
        for _ in range(options.layouts):
            check_structure(draw, tally)
        check_maps(tally)
        check_lists(tally)
        for number in range(options.models):
            trial = Trial(draw, folder, PROFILES[number % len(PROFILES)])
            check_numbers(trial, tally)
            check_inert(trial, tally)
            check_adapter(trial, draw, folder, tally)
            check_alike(trial, draw, tally)
            check_candidate(trial, draw, tally)
            check_rejections(trial, tally)
            check_interference(Trial(draw, folder, PROFILES[number % len(PROFILES)], layers=1), tally)

    return conclude(options.seed, trials)


if __name__ == "__main__":
    sys.exit(main())
