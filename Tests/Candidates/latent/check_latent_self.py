#!/usr/bin/env python3
"""What chapters 17 and 18 say of themselves, tried on random numbers and models: NumPy against PyTorch, both against
Hugging Face's DeepseekV3 and against the clauses.

  VENV/bin/pip install -r Tests/Candidates/requirements-vectors.txt
  VENV/bin/python Tests/Candidates/latent/check_latent_self.py [--models 24] [--seed 1]

The quantiser is computed a third time in fractions; stored bits are counted; the equalities of chapter 17 with Llama are
computed with weights made for them; the candidate answers the same requests in every type. Each line names a clause, how
often it was tried, and the largest difference relative to the largest number. Exits with 1 at the first thing that does
not hold.
"""

import argparse
import inspect
import itertools
import json
import pathlib
import random
import re
import sys
import tempfile
import warnings
from fractions import Fraction

import numpy as np
import torch

import candidate_latent
import latent_huggingface
import latent_model
import latent_numpy
import latent_protocol
import latent_structure
import latent_torch
import loma_model
import loma_protocol
import numpy_llama
from tally import LIMIT, Tally, listed_codes

POINTS = [  # what a configuration has under `latent`
    {}, {"stride": 2, "bits": 4}, {"stride": 2}, {"stride": 3, "profile": {"up_projection": "shared"}},
    {"bits": 2, "rotated_bits": 4, "group": 3, "profile": {"scale_rounding": "bf16"}},
    {"stride": 2, "bits": 3, "rotated_bits": 2, "group": 2, "profile": {"quantiser": "symmetric"}},
    {"stride": 2, "bits": 1, "profile": {"up_projection": "shared", "latent_norm": "off"}},
    {"stride": 2, "bits": 24, "rotated_bits": 8, "profile": {"scale_rounding": "bf16", "quantiser": "symmetric"}},
    {"rms_norm_eps": 0.01}, {"profile": {"entries": "heads"}}, {"stride": 2, "profile": {"entries": "heads"}}]
NARROW = {"f32": 3e-5, "bf16": 0.2, "f16": 0.03}  # loose: what a right candidate may differ by is the Spec's to say


# --- the quantiser ---


def in_fractions(x, bits, setting):
    """Code and value of each number of one group (QNT-1 to QNT-3), each operation exact and then rounded once."""
    if setting.symmetric:
        most = 2 ** (bits - 1) - 1
        least, lower, step = -most, 0.0, float(Fraction(max(map(abs, x))) / most)
    else:
        least, most, lower = 0, 2**bits - 1, min(x)
        step = float(Fraction(float(Fraction(max(x)) - Fraction(lower))) / most)
    if setting.rounded:
        lower, step = (torch.tensor(scale, dtype=torch.float64).bfloat16().item() for scale in (lower, step))
    codes = []
    for number in x:
        quotient = Fraction(float(Fraction(number) - Fraction(lower))) / Fraction(step) if step else 0
        codes.append(min(max(round(Fraction(float(quotient))), least), most))  # round() takes halves to even
    return codes, [float(Fraction(lower) + Fraction(float(Fraction(step) * code))) for code in codes]


def check_quantiser(draw, tally):
    """Codes by NumPy, PyTorch and fractions; the theorems of QNT-5."""
    profile = {"quantiser": draw.choice(["asymmetric", "symmetric"]),
               "scale_rounding": draw.choice(["none", "none", "bf16"])}
    setting = latent_structure.Setting({}, profile)
    bits, group = draw.choice([1 + setting.symmetric, 2, 3, 4, 8, 16, 24]), draw.randint(1, 6)
    numbers = np.random.default_rng(draw.randrange(2**32))
    x = numbers.normal(size=(draw.randint(1, 4), group * draw.randint(1, 3))) * 10.0 ** draw.randint(-3, 3)
    if draw.random() < 0.4:  # few bits, so that halves and equal numbers occur
        x = np.round(numbers.normal(size=x.shape) * 2) / 2
    found = latent_numpy.Quantised(x, bits, group, setting)
    values = found.values()
    codes, theirs, lower, step = latent_torch.quantise(torch.tensor(x), bits, group, setting)
    tally.holds("QNT-1 to QNT-3, NumPy and PyTorch", (found.codes == codes.numpy()).all(), profile, bits, group)
    tally.holds("QNT-1 to QNT-3, NumPy and PyTorch", (found.lower == lower.numpy()).all()
                and (found.step == step.numpy()).all() and (values == theirs.numpy()).all())
    parts = x.reshape(-1, group)
    exact = [in_fractions(part.tolist(), bits, setting) for part in parts]
    tally.holds("QNT-1 to QNT-3, fractions", found.codes.reshape(parts.shape).tolist() == [c for c, _ in exact],
                profile, bits, x)
    tally.holds("QNT-1 to QNT-3, fractions", values.reshape(parts.shape).tolist() == [v for _, v in exact])
    if setting.rounded:
        return
    steps, read = found.step.reshape(-1, 1), values.reshape(parts.shape)
    tally.holds("QNT-5 half a step", (np.abs(read - parts) <= steps / 2 + 1e-15 * np.abs(parts).max()).all())
    kept = (read == 0)[parts == 0].all() if setting.symmetric else (read.min(1) == parts.min(1)).all()
    tally.holds("QNT-5 what is kept", kept)
    again = latent_numpy.Quantised(values, bits, group, setting)
    # With many bits a step is as small as the rounding of what was read.
    tally.near("QNT-5 twice is once", again.values(), values, limit=LIMIT + 2.0 ** (bits - 50))
    tally.holds("QNT-1 range", (setting.symmetric or found.codes.min() >= 0)
                and np.abs(found.codes).max() <= 2 ** (bits - setting.symmetric) - 1)


def check_examples(tally):
    """The picture of chapter 18, and groups of equal numbers."""
    base, symmetric = (latent_structure.Setting({}, {"quantiser": word}) for word in ("asymmetric", "symmetric"))
    x = np.array([[0, 0.5, 1.5, 2.5, 3]])
    picture = latent_numpy.Quantised(x, 2, 5, base)
    tally.holds("QNT-1 picture", picture.codes.tolist() == [[0, 0, 2, 2, 3]] and picture.step.tolist() == [[1.0]])
    tally.holds("QNT-1 picture", picture.margin().tolist() == [[0.5, 0, 0, 0, 0.5]])
    equal = latent_numpy.Quantised(np.array([[3.0, 3.0], [0.0, 0.0]]), 4, 2, base)
    tally.holds("QNT-1 equal numbers", equal.values().tolist() == [[3, 3], [0, 0]] and not equal.codes.any())
    none = latent_numpy.Quantised(np.zeros((1, 3)), 2, 3, symmetric)
    tally.holds("QNT-2 zeros", not none.values().any() and not none.codes.any())


# --- integers ---


def check_lists(tally):
    """Codes and axes are those of the Spec, in their order; what only operations need is not in its list yet."""
    spec = pathlib.Path(__file__).resolve().parents[3] / "Spec"
    of_operations = {"text-empty", "texts-mismatch", "text-token-out-of-range", "negative-generation-length",
                     "profile-mismatch", "latent-shape-mismatch"}
    codes = listed_codes((spec / "peers-rejections.md").read_text(), "## Chapters 17 and 18")
    parts = (latent_structure.size_faults, latent_structure.rejections, latent_model.refusal, loma_model.refusal)
    code = "".join(map(inspect.getsource, parts))
    found = set(re.findall(r'(?:yield|return) "([a-z-]+)"', code))
    tally.holds("LAT-1, LAT-10 codes of the list", found - of_operations == set(codes) - {"repeated-axis"}, found)
    order = re.findall(r'yield "([a-z-]+)"', inspect.getsource(latent_structure.size_faults))
    tally.holds("LAT-1, LAT-10 codes of the list", order == sorted(order, key=codes.index), order)
    axes = re.findall(r"^\| `(\w+)` \| `(\w+)` \| `(\w+)` \|", (spec / "17-lat.md").read_text(), re.MULTILINE)
    tally.holds("LAT-1 axes", {axis: values for axis, *values in axes} == {
        axis: list(values) for axis, values in latent_structure.AXES.items()}, axes)


def check_cost(draw, tally):
    """LAT-2 by walking through the layers, LAT-11 by adding up numbers, and codes for what does not fit."""
    layers, stride = draw.randint(1, 9), draw.randint(1, 5)
    group, groups, rotated = draw.randint(1, 4), draw.randint(1, 3), 2 * draw.randint(0, 3)
    params = {"layers": layers, "stride": stride, "bits": draw.choice([0, 2, 4, 8]), "latent_width": group * groups,
              "rotated_bits": draw.choice([0, 3]), "rotated_width": rotated, "group": group, "kv_heads": 2, "head_dim": 6}
    profile = {"quantiser": draw.choice(["asymmetric", "symmetric"]), "entries": draw.choice(["latent", "heads"])}
    producer, own = [], 0
    for layer in range(layers):
        own = layer if layer >= own + stride else own
        producer.append(own)
    numbers = [(params["bits"], group)] * groups + [(params["rotated_bits"], rotated)] * (rotated > 0)
    scales = 1 if profile["quantiser"] == "symmetric" else 2
    each = sum(count * bits + 16 * scales if bits else count * 16 for bits, count in numbers)
    if profile["entries"] == "heads":
        each = 2 * 2 * 6 * 16
    found = {name: value for name, (value, _) in latent_structure.cost(params, profile).items()}
    tally.holds("LAT-2, LAT-11", found == {"producers": producer, "bits": each * len(set(producer))}, params, found)


# --- numbers ---


class Trial:
    """A random model and texts, with its decoder."""

    def __init__(self, draw, folder, latent, **sizes):
        sizes = {
            "layers": draw.choice([2, 3, 4]), "heads": draw.choice([1, 2, 3]), "plain": draw.choice([1, 3, 4]),
            "rotated": draw.choice([0, 2, 4]), "value": draw.choice([2, 5]), "query": draw.choice([None, None, 5]),
            "tied": draw.random() < 0.3, "kv_heads": 1, **sizes}
        self.path = latent_model.write_random(folder / f"{draw.random()}", draw.randrange(10**6), latent, **sizes)
        self.model = latent_model.load(self.path)
        self.setting, self.profile = self.model.setting, latent.get("profile", {})
        self.texts = [[draw.randrange(11) for _ in range(draw.randint(1, 9))] for _ in range(draw.randint(1, 3))]
        self.texts[0] += [draw.randrange(11) for _ in range(3)]
        self.decoder = latent_numpy.Decoder(self.model)
        self.count = draw.choice([0, 1, 3])
        self.forced = [draw.randrange(11) for _ in range(self.count)] if draw.random() < 0.5 else None


def check_forms(trial, tally):
    """PyTorch in a batch, the absorbed form, and token by token in both forms."""
    batch = latent_torch.Model(trial.path).batch(trial.texts)
    for index, text in enumerate(trial.texts):
        trace = trial.decoder.text(text)
        for name, expected in trace.items():
            if name.endswith("probabilities"):
                tally.near("LAT-3 to LAT-8, NumPy and PyTorch", batch[name][index, :, : len(text), : len(text)], expected)
            elif not name.endswith(".stored"):
                tally.near("LAT-3 to LAT-8, NumPy and PyTorch", batch[name][index, : len(text)], expected)
        absorbed = latent_numpy.Decoder(trial.model, latent_numpy.absorbed_attention).text(text)["logits"]
        tally.near("LAT-7 absorbed = plain", absorbed, trace["logits"])
        for attention in (latent_numpy.plain_attention, latent_numpy.absorbed_attention):
            reader = latent_numpy.Reader(trial.model, attention)
            for token in text:
                reader.feed(token)
            tally.near("LAT-9 token by token = at once", reader.logits, trace["logits"])
        check_stored(trial, reader, len(text), tally)


def check_stored(trial, reader, length, tally):
    """The bits of LAT-11 by counting what a reader keeps."""
    bits = 0
    for kept in reader.kept.values():
        for entry in kept:
            if trial.setting.of_heads:
                bits += 16 * sum(part.size for part in entry)
                continue
            for codes, read, each in zip(
                    (entry.latent, entry.rotated), entry.read, (trial.setting.bits, trial.setting.rotated_bits)):
                scales = codes and codes.step.size + codes.lower.size * (not trial.setting.symmetric)
                bits += codes.codes.size * each + 16 * scales if codes else 16 * read.size
    sizes = {"kv_heads": getattr(trial.model, "kv_heads", 0), "head_dim": getattr(trial.model, "head_dim", 0),
             **latent_model.sizes_of(trial.model.config)}
    each = latent_structure.bits_per_token(
        trial.setting, trial.model.layers, [sizes[name] for name in trial.setting.widths])
    tally.holds("LAT-11 by counting what is kept", bits == length * each, bits, length, each)


class Frozen(latent_numpy.Decoder):
    """A decoder in which what the quantiser adds is what it added in an earlier pass: straight through, by definition."""

    def __init__(self, model, traces):
        super().__init__(model)
        self.traces = traces

    def text(self, tokens, embeddings=None):
        self.trace = self.traces[tuple(tokens)]
        return super().text(tokens, embeddings)

    def write(self, layer, normed, positions, out):
        if self.setting.of_heads:
            return super().write(layer, normed, positions, out)
        made, before = self.latents(self.model.blocks[layer], normed, positions), self.trace
        names = ("latent", "rotated_key")
        return [part + before[f"layers.{layer}.attention.stored_{name}"] - before[f"layers.{layer}.attention.{name}"]
                for part, name in zip(made, names)]


def check_gradients(trial, tally):
    """The loss, and gradients against central differences in one random direction of every tensor."""
    twin = latent_torch.Model(trial.path, gradients=True)
    loss, found = twin.gradients(trial.texts)
    tally.near("the loss, NumPy and PyTorch", loss.item(), trial.decoder.loss(trial.texts))
    frozen = Frozen(trial.model, {tuple(text): trial.decoder.text(text) for text in trial.texts})
    tally.holds("the loss, straight through", abs(frozen.loss(trial.texts) - loss.item()) < 1e-12)
    for name, gradient in found.items():
        array = trial.model.weights[name]
        direction = np.random.default_rng(len(name)).normal(size=array.shape)
        direction /= np.linalg.norm(direction)
        step, values = 1e-5, []
        for sign in (1, -1):
            array += sign * step * direction
            values.append(frozen.loss(trial.texts))
            array -= sign * step * direction
        terms = gradient.numpy() * direction
        error = abs((values[0] - values[1]) / (2 * step) - terms.sum())
        tally.holds("P-21 gradients and differences", error <= 1e-6 * np.abs(terms).sum() + 1e-8, name, error)


# --- equalities ---


def changed(model, **latent):
    """The same weights under another setting; tensors that it has none of stay unread."""
    return latent_model.Model(model.config | {"latent": latent}, model.weights)


def check_settings(draw, folder, tally):
    """What a setting must not change, bit for bit; and that more bits err less."""
    trial = Trial(draw, folder, {}, rotated=4, layers=2)
    text = trial.texts[0]
    plain = trial.decoder.text(text)["logits"]

    def logits(**latent):
        return latent_numpy.Decoder(changed(trial.model, **latent)).text(text)["logits"]

    tally.holds("LAT-5 s = 1: own = shared, bitwise", (logits(profile={"up_projection": "shared"}) == plain).all())
    for group in (1, 2, 3, 6):
        same = logits(group=group, profile={"quantiser": "symmetric", "scale_rounding": "bf16"})
        tally.holds("QNT-5 no bits: any group, bitwise", (same == plain).all())
    for profile in ({}, {"quantiser": "symmetric"}):
        errors = [np.abs(logits(bits=bits, rotated_bits=bits, profile=profile) - plain).max()
                  for bits in (2, 4, 8, 16, 24)]
        tally.holds("QNT-5 the error falls with b", errors == sorted(errors, reverse=True) and errors[-1] < 1e-5, errors)


def check_sharing(draw, folder, tally):
    """LAT-8: with s = 1 it is Llama, bit for bit; keys may be shared before the rotation."""
    trial = Trial(draw, folder, {"profile": {"entries": "heads"}}, kv_heads=draw.choice([1, 3]), heads=3)
    text = trial.texts[0]
    llama = numpy_llama.Llama(trial.path)
    expected = llama.forward(llama.embedding[text], range(len(text)), np.tri(len(text), dtype=bool))["logits"]
    tally.holds("LAT-8 s = 1 is Llama, bitwise", (trial.decoder.text(text)["logits"] == expected).all())
    shared = changed(trial.model, stride=2, profile={"entries": "heads"})

    class Unrotated(latent_numpy.Decoder):
        def write(self, layer, normed, positions, out):
            block = self.model.blocks[layer]
            return normed @ block["k_proj"].T, normed @ block["v_proj"].T

        def attend(self, layer, normed, positions, visible, entries, out):
            key = numpy_llama.rope(entries[0], positions, self.model.head_dim, self.model.theta)
            super().attend(layer, normed, positions, visible, (key, entries[1]), out)

    rotated, later = (form(shared).text(text)["logits"] for form in (latent_numpy.Decoder, Unrotated))
    tally.holds("LAT-8 rotated before or after sharing, bitwise", (rotated == later).all())
    tally.holds("LAT-8 sharing is seen", np.abs(rotated - expected).max() > 1e-3)


def weights_of(model, config, parts):
    """A model of other attention: `parts` makes the short names of a layer's attention from its block."""
    weights = {name: array for name, array in model.weights.items() if ".self_attn." not in name}
    for layer, block in enumerate(model.blocks):
        weights |= {f"model.layers.{layer}.self_attn.{name}.weight": array for name, array in parts(block).items()}
    return latent_model.Model(model.config | config, weights)


def logits_at(model, text, positions):
    """A text in one pass at positions that need not rise."""
    visible = np.tri(len(text), dtype=bool)
    return latent_numpy.Decoder(model).run(model.embedding[text], positions, visible)["logits"]


def check_llamas(draw, folder, tally):
    """Which attentions of chapter 8 are points of the family (LAT-5)."""
    heads, d, width = 3, 4, 12
    off, base = {"profile": {"latent_norm": "off"}}, {"profile": {"entries": "heads"}}
    text = [draw.randrange(11) for _ in range(8)]
    still, moving = [0] * len(text), range(len(text))

    def head_by_head(key, value):
        return np.concatenate([part for pair in zip(np.split(key, heads), np.split(value, heads)) for part in pair])

    llama = Trial(draw, folder, base, heads=heads, kv_heads=heads, head_dim=d, width=width).model
    sizes = {"latent": off, "q_lora_rank": None, "kv_lora_rank": width, "v_head_dim": d}
    twin = weights_of(llama, sizes | {"qk_nope_head_dim": d, "qk_rope_head_dim": 0}, lambda block: {
        "q_proj": block["q_proj"], "o_proj": block["o_proj"], "kv_a_proj_with_mqa": np.eye(width),
        "kv_b_proj": head_by_head(block["k_proj"], block["v_proj"])})
    tally.near("LAT-5 multi-head attention at position 0", logits_at(twin, text, moving), logits_at(llama, text, still))
    llama = Trial(draw, folder, base, heads=heads, kv_heads=1, head_dim=d, width=width).model
    twin = weights_of(llama, sizes | {"qk_nope_head_dim": 0, "qk_rope_head_dim": d}, lambda block: {
        "q_proj": block["q_proj"], "o_proj": block["o_proj"], "kv_b_proj": np.tile(block["v_proj"], (heads, 1)),
        "kv_a_proj_with_mqa": np.concatenate([np.eye(width), block["k_proj"]])})
    tally.near("LAT-5 one key-value head", logits_at(twin, text, moving), logits_at(llama, text, moving))
    latent = Trial(draw, folder, off, heads=heads, plain=d, rotated=0, value=d, query=None, width=width).model

    def multiplied(block):
        up = block["kv_b_proj"].reshape(heads, 2, d, -1)
        key, value = (up[:, part].reshape(heads * d, -1) @ block["kv_a_proj_with_mqa"] for part in (0, 1))
        return {"q_proj": block["q_proj"], "o_proj": block["o_proj"], "k_proj": key, "v_proj": value}

    twin = weights_of(latent, {"latent": base, "num_key_value_heads": heads, "head_dim": d}, multiplied)
    tally.near("LAT-5 products of low rank", logits_at(latent, text, moving), logits_at(twin, text, still))


def check_hugging_face(draw, folder, tally):
    """DeepseekV3 saved and loaded, with neighbouring pairs and with half-split ones; its cache, and its gradients."""
    for interleave in (True, False):
        path = latent_huggingface.write_random(
            folder / f"{draw.random()}", draw.randrange(10**6), interleave=interleave, query=draw.choice([None, 5]),
            heads=draw.choice([1, 2, 3]), layers=draw.choice([1, 2, 3]), epsilon=draw.choice([1e-5, 0.1]),
            tied=draw.random() < 0.3, theta=draw.choice([1e4, 50.0]))
        refused = latent_model.refusal(path, {})
        tally.holds("LAT-10 pairs", refused == ("unsupported-configuration" if interleave else None), refused)
        half = latent_huggingface.half_split(path, folder / f"{draw.random()}") if interleave else path
        tally.holds("LAT-10 names of Hugging Face", latent_model.refusal(half, {}) is None)
        text = [draw.randrange(11) for _ in range(9)]
        trace = latent_numpy.Decoder(latent_model.load(half)).text(text)
        theirs = latent_huggingface.load(path)
        for passes in ([text], [text[:4], *([token] for token in text[4:])]):
            logits, cache = latent_huggingface.run(theirs, passes)
            tally.near("LAT-3 to LAT-6, Hugging Face in float64", logits, trace["logits"])
            for layer, (latent, key) in enumerate(cache):
                tally.near("LAT-4 latents, Hugging Face's cache", latent, trace[f"layers.{layer}.attention.latent"])
                tally.near("LAT-4 keys, Hugging Face's cache", key, trace[f"layers.{layer}.attention.rotated_key"])
        stock = latent_huggingface.stock(path, text)
        tally.near("LAT-3 to LAT-6, Hugging Face as it is", stock, trace["logits"], limit=3e-6)
        texts = [text, text[:1], text[2:6]]
        mine = latent_torch.Model(half, gradients=True).gradients(texts)[1]
        found = latent_huggingface.gradients(latent_huggingface.load(half), texts)
        tally.holds("gradients, Hugging Face", set(mine) == set(found))
        for name, gradient in found.items():
            tally.near("gradients, Hugging Face", mine[name].numpy(), gradient)


# --- the candidate ---


def ask(op, params, given, profile=None, model=None, dtype="f64", capture=()):
    """The candidate's answer, by the request that the runner would send."""
    message = {"op": op, "profile": profile or {}, "dtype": dtype, "model": model and str(model), "output": "",
               "input": "given", "capture": list(capture), "params": params}
    answer = candidate_latent.answer(latent_protocol.Request(message, lambda _: given))
    return {name: tensor.detach() for name, tensor in answer.items()}


def batch_of(texts):
    return {"tokens": torch.tensor([token for text in texts for token in text]),
            "lengths": torch.tensor([len(text) for text in texts])}


def check_candidate(trial, tally):
    """Every operation on a model in float64, and what narrow types make of it without bits."""
    prefix = "layers.0.attention."
    kept = ("key", "value") if trial.setting.of_heads else ("stored_latent", "stored_rotated_key")
    captures = ["hidden.1", prefix + "query", prefix + "context", *(prefix + name for name in kept)]
    request = {"profile": trial.profile, "model": trial.path}
    given = batch_of(trial.texts)
    answer = ask("latent_forward", {}, given, capture=captures, **request)
    narrow = {} if trial.setting.bits or trial.setting.rotated_bits else {
        dtype: ask("latent_forward", {}, given, dtype=dtype, **request)["logits"] for dtype in NARROW}
    for index, text in enumerate(trial.texts):
        trace = trial.decoder.text(text)
        for name in ["logits", *captures]:
            tally.near("the candidate", answer[name][index, : len(text)], trace[name])
        for dtype, logits in narrow.items():
            found = logits[index, : len(text)].double()
            tally.near(f"the candidate in {dtype}", found, trace["logits"], limit=NARROW[dtype])
    again = ask("latent_forward", {}, given | {
        "embeddings": torch.tensor(trial.model.embedding[np.zeros_like(answer["logits"][..., 0], dtype=int)])},
        **request)["logits"]
    expected = trial.decoder.text(trial.texts[0], trial.model.embedding[[0] * len(trial.texts[0])])["logits"]
    tally.near("the candidate", again[0, : len(trial.texts[0])], expected)
    answer = ask("latent_gradients", {}, given, **request)
    tally.near("the candidate", answer.pop("loss"), trial.decoder.loss(trial.texts))
    tally.holds("the candidate", set(answer) == {f"gradients.{name}" for name in trial.model.weights})
    reader = latent_numpy.Reader(trial.model)
    for token in trial.texts[0]:
        reader.feed(token)
    expected = reader.answer(reader.generate(trial.count, trial.forced))
    more = {} if trial.forced is None else {"forced": torch.tensor(trial.forced, dtype=torch.int64)}
    found = ask("latent_generate", {"generate": trial.count}, batch_of(trial.texts[:1]) | more, **request)
    tally.holds("the candidate", set(found) == set(expected), set(found) ^ set(expected))
    for name, tensor in found.items():
        tally.near("the candidate", tensor, expected[name])


def check_stages(draw, tally):
    """Both stages of the candidate, in every type."""
    numbers = np.random.default_rng(draw.randrange(2**32))
    heads, plain, rotated, value, rows, keys = 2, 3, 2 * draw.randint(0, 2), 5, 3, 4
    shapes = {"query": (rows, heads * (plain + rotated)), "latent": (keys, 6), "rotated_key": (keys, rotated),
              "kv_b_proj": (heads * (plain + value), 6)}
    given = {name: latent_model.exact(numbers.normal(size=shape)) for name, shape in shapes.items()}
    mask = numbers.random((rows, keys)) < 0.6
    mask[:, 0] = True
    sizes = {"heads": heads, "plain_width": plain, "rotated_width": rotated, "value_width": value}
    tensors = {name: torch.tensor(array) for name, array in given.items()} | {"mask": torch.tensor(mask)}
    wide = [array.astype(np.float64) for array in given.values()]
    context, probabilities = latent_numpy.plain_attention(
        *wide, mask, latent_numpy.Sizes(heads, plain, rotated, value))
    answer = ask("latent_attention", sizes, tensors)
    tally.near("the candidate's stages", answer["context"], context)
    tally.near("the candidate's stages", answer["probabilities"], probabilities)
    tally.holds("MSK-12", (answer["probabilities"].numpy()[:, ~mask] == 0).all())
    x = latent_model.exact(numbers.normal(size=(3, 8)))
    for dtype, limit in {"f64": LIMIT, **NARROW}.items():
        found = ask("latent_attention", sizes, tensors, dtype=dtype)["context"].double().numpy()
        tally.near(f"the candidate's stages in {dtype}", found, context, limit=limit)
        params = {"bits": draw.choice([2, 4]), "group": draw.choice([2, 4, 8])}
        profile = {"quantiser": draw.choice(["asymmetric", "symmetric"])}
        found = ask("quantise", params, {"x": torch.tensor(x)}, profile, dtype=dtype)
        expected = latent_numpy.Quantised(
            x.astype(np.float64), params["bits"], params["group"], latent_structure.Setting({}, profile))
        # x is exact in every type, and the candidate computes codes in float32: only a border may move one.
        clear = expected.margin() > 1e-5
        tally.holds("the candidate's codes", (found["codes"].numpy() == expected.codes)[clear].all())
        for name, scale in (("lower", expected.lower), ("step", expected.step)):
            tally.near(f"the candidate's scales in {dtype}", found[name].double(), scale, limit=limit)


def check_rejections(trial, folder, tally):
    """The candidate's code for single faults, and for pairs the one that comes first."""
    config = json.loads((trial.path / "config.json").read_text())
    faults = {
        "unknown-axis": {"profile": {"colour": "red"}}, "unknown-alternative": {"profile": {"entries": "rows"}},
        "stride-out-of-range": {"latent": {"stride": 0}}, "latent-width-out-of-range": {"kv_lora_rank": 0},
        "odd-rotated-width": {"qk_rope_head_dim": 3}, "head-width-out-of-range": {"v_head_dim": 0},
        "bits-out-of-range": {"latent": {"bits": 25}}, "group-does-not-divide": {"latent": {"group": 4}},
        "text-empty": {"lengths": [3, 0]}, "texts-mismatch": {"lengths": [2]},
        "text-token-out-of-range": {"tokens": [1, 2, 99]}, "negative-generation-length": {"generate": -1},
        "unsupported-configuration": {"rope_interleave": True}, "invalid-configuration": {"vocab_size": 0},
        "profile-mismatch": {"profile": {"up_projection": "shared"}},
        "latent-shape-mismatch": {"intermediate_size": 11}}
    for number, ((code, fault), (other, more)) in enumerate(
            itertools.combinations_with_replacement(faults.items(), 2)):
        if code != other and set(fault) & set(more):
            continue
        if "invalid-configuration" in (code, other) and "text-token-out-of-range" not in (code, other):
            continue  # without a vocabulary no token is in range
        fault = fault | more
        path = folder / f"fault{number}"
        asked = ("profile", "lengths", "tokens", "generate")
        latent_model.write(path, config | {k: v for k, v in fault.items() if k not in asked}, trial.model.weights)
        given = {name: torch.tensor(fault.get(name, default))
                 for name, default in {"tokens": [1, 2, 3], "lengths": [2, 1]}.items()}
        try:
            ask("latent_generate", {"generate": fault.get("generate", 1)}, given, fault.get("profile"), path)
            found = None
        except loma_protocol.Rejected as rejected:
            found = str(rejected)
        tally.holds("rejections of the candidate", found == code, code, other, found)


def check_configurations(trial, folder, tally):
    """Keys of config.json that would change the arithmetic (LAT-10), and some that do not."""
    config = json.loads((trial.path / "config.json").read_text())
    refused = [
        {"rope_interleave": None}, {"rope_scaling": {"rope_type": "yarn", "factor": 4.0}},
        {"rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "mscale_all_dim": 1.0}},
        {"rope_scaling": {"type": "linear", "factor": 2.0}}, {"rope_parameters": {"partial_rotary_factor": 0.5}},
        {"n_routed_experts": 4, "first_k_dense_replace": 1}, {"num_key_value_heads": 1}, {"attention_bias": True},
        {"hidden_act": "gelu"}, {"use_qk_norm": True}, {"use_cla": True}, {"cla_share_factor": 2}]
    plain = [
        {"rope_scaling": {"rope_type": "default"}}, {"rope_parameters": {"rope_type": "default", "rope_theta": 50.0}},
        {"n_routed_experts": 4, "first_k_dense_replace": 9}, {"n_routed_experts": None}, {"use_cla": False},
        {"cla_share_factor": 1}, {"q_lora_rank": 0}]
    for number, change in enumerate(refused + plain):
        path = latent_model.write(folder / f"configuration{number}", config | change, trial.model.weights)
        expected = "unsupported-configuration" if change in refused else None
        tally.holds("LAT-10 keys", latent_model.refusal(path, {}) == expected, change)


def main():
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=24, metavar="N", help="random models, point by point")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(1)
    draw, tally = random.Random(options.seed), Tally()
    try:
        check_lists(tally)
        check_examples(tally)
        for _ in range(20 * options.models):
            check_quantiser(draw, tally)
            check_cost(draw, tally)
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            for number in range(options.models):
                trial = Trial(draw, folder, POINTS[number % len(POINTS)])
                check_forms(trial, tally)
                check_gradients(trial, tally)
                check_candidate(trial, tally)
                check_stages(draw, tally)
                for check in (check_settings, check_sharing, check_llamas, check_hugging_face):
                    if number % 4 == 0:
                        check(draw, folder, tally)
            trial = Trial(draw, folder, {}, heads=2, rotated=4, query=None)
            check_rejections(trial, folder, tally)
            check_configurations(trial, folder, tally)
    except AssertionError as problem:
        print(f"PROBLEM seed {options.seed}: {problem}")
        return 1
    tally.report()
    return 0


if __name__ == "__main__":
    sys.exit(main())
