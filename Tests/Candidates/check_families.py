#!/usr/bin/env python3
"""Model families: `loma` and our NumPy against transformers' own Llama, Mistral, Qwen2 and Qwen3, in float64.

transformers writes a random model of each family (family_models.py) and computes it by its own classes, functions of
rotation and eager attention, with LoMA's mask and positions; nothing is replaced but the name of float32, which means
float64 there (llama64.widened). Compared on all rows of three texts, relative to the tensor's largest value: logits,
keys of every layer, both losses, every gradient, one step of AdamW; logits and cached keys of generation, and the
tokens that `loma generate` prints. The decoder in NumPy (numpy_llama.py) and the float64 forms that other checks use
(llama64.py) are compared with the same numbers. Then frequencies, every configuration that must be refused, and
tied heads that are stored all the same.

  check_families.py [--loma .build/debug/loma]      without --loma the Python implementations alone
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import time

import numpy as np
import torch
from safetensors.numpy import load_file, save_file
from transformers import AttentionInterface, AutoModelForCausalLM, LlamaConfig
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

import family_models
import family_refusals
import family_ties
import llama64
import loma_layout
import loma_model
import loma_rotation
import numpy_llama
from check_real_text import Peer
from family_models import LLAMA_31, LLAMA_32, MEMORY, MODEL_VOCABULARY, QWEN_LONG, REPETITION, TEXT_VOCABULARY

LIMIT = 1e-12
C, T = 2, 2
TEXTS = [[3, 14, 1, 5, 9, 2, 6, 5, 3, 5, 8], [2, 7, 1, 8], []]
FORCED = [4, 6, 6, 9]  # behind the first text, which is then one chunk longer
GENERATED = 6
ADAMW = dict(lr=0.01, betas=(0.9, 0.999), eps=2.0**-10, weight_decay=0.1)
PROFILES = [{}, {"memory_attention": "causal", "numbering": "sequential"}]
PARAMS = {"c": C, "t": T, "text_vocabulary": TEXT_VOCABULARY, "memory_token": MEMORY, "repetition_token": REPETITION,
          "model_vocabulary": MODEL_VOCABULARY}


def watched(module, query, key, value, attention_mask, scaling, **kwargs):
    """The module's own eager attention; the rotated key is left on it."""
    module.key = key
    eager = sys.modules[type(module).__module__].eager_attention_forward
    return eager(module, query, key, value, attention_mask, scaling, **kwargs)


AttentionInterface.register("watched", watched)


class Worst:
    """The largest difference seen, relative to the largest value of its tensor."""

    def __init__(self):
        self.value, self.name, self.count = 0.0, "", 0

    def see(self, name, got, expected):
        got, expected = (x.detach().numpy() if isinstance(x, torch.Tensor) else np.asarray(x) for x in (got, expected))
        if got.shape != expected.shape:
            sys.exit(f"{name}: shape {got.shape}, expected {expected.shape}")
        self.count += 1
        if expected.size:
            error = float(np.abs(got - expected).max() / (np.abs(expected).max() or 1.0))
            if not error <= self.value:
                self.value, self.name = error, name


def rows_of(text, profile):
    return loma_layout.rows(text, C, T, MEMORY, REPETITION, profile)


def mask_of(rows, profile):
    return torch.tensor(loma_layout.mask(rows, profile), dtype=torch.bool).reshape(len(rows), len(rows))


class Stock:
    """transformers' model, unchanged, in float64."""

    def __init__(self, directory):
        self.model = AutoModelForCausalLM.from_pretrained(
            directory, dtype=torch.float64, attn_implementation="watched").eval()
        rotation = self.model.model.rotary_emb
        with llama64.widened():  # not around the loading, which tells files' types by their names
            self.model.model.rotary_emb = type(rotation)(self.model.config)

    def run(self, rows, profile):
        """Logits, and keys [rows, H_kv·d] by layer."""
        hidden = torch.zeros(len(rows), len(rows), dtype=torch.float64).masked_fill(
            ~mask_of(rows, profile), float("-inf"))
        column = lambda key: torch.tensor([[row[key] for row in rows]])
        with llama64.widened():
            logits = self.model(input_ids=column("token"), position_ids=column("position"), use_cache=False,
                                attention_mask=hidden[None, None]).logits[0]
        return logits, [layer.self_attn.key[0].transpose(0, 1).flatten(1) for layer in self.model.model.layers]

    def losses(self, profile):
        """Both terms of LOS-4."""
        terms = {True: [], False: []}
        for text in filter(None, TEXTS):
            rows = rows_of(text, profile)
            log_p = torch.log_softmax(self.run(rows, profile)[0], dim=-1)
            for r, row in enumerate(rows):
                if row["label"] is not None:
                    terms[row["zone"] == "x"].append(-log_p[r, row["label"]])
        return torch.stack(terms[True]).mean(), torch.stack(terms[False]).mean()


def check_forward(stock, directory, profile, trace, worst):
    """Every text: NumPy, the float64 forms, and `trace` if there is one."""
    ours, forms = numpy_llama.Llama(directory), llama64.Float64Llama(directory)
    for index, text in enumerate(TEXTS):
        rows = rows_of(text, profile)
        if not rows:
            continue
        with torch.no_grad():
            logits, keys = stock.run(rows, profile)
            worst["forms"].see("logits", forms.logits(
                [row["token"] for row in rows], [row["position"] for row in rows], mask_of(rows, profile)), logits)
        found = ours.forward_rows(rows, profile)
        worst["NumPy"].see("logits", found["logits"], logits)
        for n, key in enumerate(keys):
            worst["NumPy"].see(f"layers.{n}.attention.key", found[f"layers.{n}.attention.key"], key)
        if trace:
            prefix = f"texts.{index}."
            worst["loma"].see("logits", trace[prefix + "logits"][: len(rows)], logits)
            for n, key in enumerate(keys):
                name = f"layers.{n}.attention.key"
                worst["loma"].see(name, trace[prefix + name][: len(rows)], key)
    with torch.no_grad():
        for name, ours, theirs in zip(
                ("language_modelling", "repetition"),
                ours.losses([rows_of(text, profile) for text in TEXTS], profile), stock.losses(profile)):
            worst["NumPy"].see(f"loss.{name}", np.array(ours), theirs)


def check_training(stock, profile, trace, worst):
    """Losses, gradients and one step of `loma trace`; the stock model has other weights afterwards."""
    optimiser = torch.optim.AdamW(stock.model.parameters(), **ADAMW)
    losses = stock.losses(profile)
    for name, value in zip(("language_modelling", "repetition"), losses):
        worst.see(f"loss.{name}", trace[f"loss.{name}"], value)
    sum(losses).backward()
    named = dict(stock.model.named_parameters())
    written = {name.removeprefix("gradients.") for name in trace if name.startswith("gradients.")}
    if written != set(named):
        sys.exit(f"gradients of {sorted(written ^ set(named))}")
    for name, p in named.items():
        worst.see("gradients." + name, trace["gradients." + name], p.grad)
    optimiser.step()
    for name, p in named.items():
        worst.see("steps.1.parameters." + name, trace["steps.1.parameters." + name], p)


def traced(loma, directory, profile, *more):
    output = pathlib.Path(directory) / "trace.safetensors"
    words = [loma, "trace", "--model", directory, "--c", C, "--t", T, "--vocabulary", TEXT_VOCABULARY,
             "--memory-token", MEMORY, "--repetition-token", REPETITION, "--output", output, *more]
    words += ["--profile", ",".join(f"{axis}={value}" for axis, value in profile.items())] if profile else []
    for text in TEXTS:
        words += ["--tokens", ",".join(map(str, text))]
    subprocess.run([str(word) for word in words], check=True, stdout=subprocess.DEVNULL)
    return load_file(output)


def cached(model, tokens, profile):
    """NumPy's cache, fed these tokens; then GENERATED tokens of its own choice."""
    cache = numpy_llama.CompressedCache(model, PARAMS, profile)
    for token in tokens:
        cache.feed(token)
    fed, chosen = len(cache.logits), []
    for _ in range(GENERATED):
        chosen.append(cache.greedy(cache.logits[-1]))
        cache.feed(chosen[-1])
    return cache, fed, chosen


def check_generation(stock, directory, profile, loma, peer, worst):
    """Logits and keys of a text read through the cache are those of one pass (GEN-7)."""
    text = TEXTS[0] + FORCED[:-1]
    rows = rows_of(text, profile)
    with torch.no_grad():
        logits, keys = stock.run(rows, profile)
    reading = [r for r, row in enumerate(rows) if row["zone"] == "x"]
    fed = [r for r, row in enumerate(rows) if row["zone"] != "r"]
    expected = {"logits": logits[reading], "appended.keys": torch.stack([key[fed] for key in keys])}
    cache, count, _ = cached(numpy_llama.Llama(directory), text, profile)
    worst["NumPy"].see("generate logits", np.array(cache.logits[:count]), expected["logits"])
    worst["NumPy"].see("appended.keys", cache.stacked(cache.appended[: len(fed)], "keys"), expected["appended.keys"])
    if loma:
        save_file({"tokens": np.array(TEXTS[0]), "lengths": np.array([len(TEXTS[0])]), "forced": np.array(FORCED)},
                  peer.folder / "input.safetensors")
        found = peer.tensors({
            "cmd": "run", "case": "families", "op": "generate", "dtype": "f64", "profile": profile, "capture": [],
            "params": PARAMS | {"generate": len(FORCED)}, "model": f"models/{directory.name}",
            "input": "input.safetensors"})
        for name, value in expected.items():
            worst["loma"].see(f"generate {name}", found[name], value)
        said = subprocess.run(
            [str(word) for word in (
                loma, "generate", "--model", directory, "--c", C, "--t", T, "--vocabulary", TEXT_VOCABULARY,
                "--memory-token", MEMORY, "--repetition-token", REPETITION, "--generate", GENERATED, "--profile",
                ",".join(f"{axis}={value}" for axis, value in profile.items()) or "base", "--tokens",
                ",".join(map(str, TEXTS[0])))], check=True, capture_output=True, text=True).stdout
        wanted = "tokens " + ",".join(map(str, cached(numpy_llama.Llama(directory), TEXTS[0], profile)[2]))
        if wanted not in said:
            sys.exit(f"{directory}: loma generate does not say {wanted}:\n{said}")


def check_models(scratch, loma, peer):
    """Every family; returns the worst differences by who computed."""
    worst = {who: Worst() for who in ("NumPy", "forms", "loma")}
    for seed, (name, family) in enumerate(family_models.FAMILIES.items()):
        directory = family_models.write(scratch / "models" / f"family{seed}", family, seed)
        own, profile, stock = {who: Worst() for who in worst}, PROFILES[seed % 2], Stock(directory)
        trace = loma and traced(
            loma, directory, profile, "--gradients", "yes", "--steps", 1, "--adamw", "0.01,0.9,0.999,0x1p-10,0.1")
        check_forward(stock, directory, profile, trace, own)
        check_generation(stock, directory, profile, loma, peer, own)
        if loma:
            check_training(stock, profile, trace, own["loma"])
        report(name, own, worst)
    for seed, (name, spelling) in enumerate(family_models.SPELLINGS.items()):
        directory = family_models.spelled(scratch / "models" / f"spelling{seed}", spelling, seed)
        own = {who: Worst() for who in worst}
        check_forward(Stock(directory), directory, {}, loma and traced(loma, directory, {}), own)
        report(f"spelling: {name}", own, worst)
    return worst


PUBLISHED = {  # frequencies of real checkpoints by their place, and a
    "Llama 3.1": (LLAMA_31, 128, {28: 0.003211445994752591, 29: 0.002166570763503359, 34: 0.0001785078127679964,
                                  35: 9.556212353964683e-05}, 1.0),
    "Llama 3.2 1B": (LLAMA_32, 64, {14: 0.003211445994752591, 15: 0.001290547928209264, 16: 0.00042955679655936815,
                                    17: 9.70828780262767e-05}, 1.0),
    "Qwen2.5 and Qwen3 with yarn": (QWEN_LONG, 128, {
        23: 0.006978305848598663, 24: 0.005375321490790102, 32: 0.0006029411764705882, 40: 4.445698525097307e-05},
        1.1386294361119891),
    "yarn with mscales": (QWEN_LONG | {"factor": 40.0, "mscale": 0.707, "mscale_all_dim": 1.0}, 128, {},
                          0.92104235531633993)}
NEAR = 4e-16  # relative: two units in the last place
SMOOTHED = 1e-14  # where a difference of two nearly equal numbers decides a share
RANDOM, ASKED = 400, 24  # rotations, and of how many of them `loma` is asked


def random_rotation(draw):
    """A rope object and a head dimension: short and long texts, borders inside the head and outside of it."""
    kind = draw.choice(["linear", "llama3", "yarn", "yarn"])
    rope = {"rope_type": kind, "rope_theta": draw.choice([10.0, 1e3, 1e4, 5e5, 1e6]),
            "factor": draw.choice([0.5, 1.0, 2.5, 8.0, 40.0])}
    if kind == "linear":
        return rope, draw.choice([2, 6, 16, 128])
    rope["original_max_position_embeddings"] = draw.choice([16, 60, 2048, 8192, 32768])
    if kind == "llama3":
        low = draw.choice([0.5, 1.0, 2.0])
        rope |= {"low_freq_factor": low, "high_freq_factor": low * draw.choice([1.5, 4.0, 16.0])}
        return rope, draw.choice([4, 64, 128])
    more = {"beta_fast": draw.choice([8.0, 32.0, 300.0]), "beta_slow": draw.choice([0.5, 1.0, 8.0]),
            "truncate": draw.choice([True, False]), "attention_factor": draw.choice([0.8, 1.5]),
            "mscale": draw.choice([0.0, 0.707, 1.0]), "mscale_all_dim": draw.choice([0.5, 1.0])}
    return rope | {name: value for name, value in more.items() if draw.random() < 0.5}, draw.choice([4, 8, 64, 128])


def stretched(rope, head_dim):
    """Frequencies and a: of transformers in float64, and rounded from 40 digits."""
    config = LlamaConfig(hidden_size=head_dim, num_attention_heads=1, head_dim=head_dim, rope_parameters=dict(rope))
    with llama64.widened():
        theirs, factor = ROPE_INIT_FUNCTIONS[rope["rope_type"]](config)
    rotation = loma_model.rotation({"rope_parameters": rope, "max_position_embeddings": config.max_position_embeddings})
    found, a = loma_rotation.frequencies(rotation, head_dim)
    return [*theirs.tolist(), factor], [*found, a]


def computed(loma, rope, head_dim):
    """What `loma compute` says of both."""
    names = {"rope_theta": "theta", "rope_type": "type", "original_max_position_embeddings": "original"}
    words = ["--head-dim", head_dim]
    for name, value in rope.items():
        said = ("yes" if value else "no") if name == "truncate" else value
        words += ["--" + names.get(name, name).replace("_", "-"), said]
    said = [subprocess.run([str(word) for word in (loma, "compute", function, *words)], check=True, capture_output=True,
                           text=True).stdout for function in ("rotary_frequencies", "attention_factor")]
    return [*json.loads(said[0]), float(said[1])]


def check_frequencies(loma):
    """loma_rotation.py, transformers in float64, `loma compute` and real checkpoints' numbers against each other."""
    problems, worst = [], {"published": 0.0, "transformers": 0.0, "loma": 0.0}
    draw = random.Random(20)
    cases = [(name, rope, head_dim, {**places, head_dim // 2: factor})
             for name, (rope, head_dim, places, factor) in PUBLISHED.items()]
    cases += [(f"rotation {n}", *random_rotation(draw), {}) for n in range(RANDOM)]
    for n, (name, rope, head_dim, places) in enumerate(cases):
        theirs, ours = stretched(rope, head_dim)
        pairs = [("transformers", x, y) for x, y in zip(ours, theirs, strict=True)]
        pairs += [("published", ours[i], g) for i, g in places.items()]
        if loma and n < len(PUBLISHED) + ASKED:
            pairs += [("loma", x, y) for x, y in zip(ours, computed(loma, rope, head_dim), strict=True)]
        for who, x, y in pairs:
            off = abs(x - y) / abs(x)
            worst[who] = max(worst[who], off)
            if not off <= (NEAR if places else SMOOTHED):
                problems.append(f"{name}, {rope}, d = {head_dim}: {who} has {y}, 40 digits give {x}")
    said = ", ".join(f"{who} {off:.1e}" for who, off in worst.items())
    print(f"frequencies of {len(cases)} rotations: largest relative difference {said}", flush=True)
    return problems


def report(name, own, worst):
    parts = []
    for who, found in own.items():
        if found.count:
            parts.append(f"{who} {found.value:.1e}")
            worst[who].count += found.count
            if not found.value <= worst[who].value:
                worst[who].value, worst[who].name = found.value, f"{name}: {found.name}"
    print(f"{name}: {', '.join(parts)}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loma", help="the built command")
    given = parser.parse_args()
    torch.set_num_threads(1)
    began = time.monotonic()
    loma = given.loma and str(pathlib.Path(given.loma).resolve())
    with tempfile.TemporaryDirectory() as folder:
        scratch = pathlib.Path(folder)
        (scratch / "models").mkdir()
        peer = Peer([loma, "reference"], scratch) if loma else None
        worst = check_models(scratch, loma, peer)
        if peer:
            peer.stop()
        problems = [f"{who}: {found.value:.1e} in {found.name}" for who, found in worst.items()
                    if not found.value <= LIMIT]
        problems += family_refusals.check(scratch, loma)
        problems += family_ties.check(scratch, loma)
    problems += check_frequencies(loma)
    for who, found in worst.items():
        if found.count:
            print(f"{who}: {found.count} tensors, largest relative difference {found.value:.1e} in {found.name}")
    for problem in problems:
        print(f"PROBLEM {problem}")
    print(f"limit {LIMIT:.0e}, {time.monotonic() - began:.0f} s")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
