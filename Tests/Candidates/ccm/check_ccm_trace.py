#!/usr/bin/env python3
"""`loma trace --method ccm` and `loma generate --method ccm` against chapter 16 in NumPy and PyTorch, in float64.

  VENV/bin/pip install -r Tests/Candidates/requirements-vectors.txt
  VENV/bin/python Tests/Candidates/ccm/check_ccm_trace.py --loma .build/debug/loma [--models 12] [--seed 1]

For random models, one profile after another, the program traces a batch of random texts with gradients and two AdamW
steps. Compared: rows, mask and labels, which must be equal; every intermediate in every row that is no pad, the loss, the
gradients of adapter and base, and the parameters after each step, each within 1e-12 of the tensor's largest value; the
optimiser's moments within 1e-10. Tokens that it generates, and what it then holds, must be those of the online cache.
Exits with 1 at the first thing that does not hold.
"""

import argparse
import pathlib
import subprocess
import sys

import numpy as np
import torch
from safetensors.numpy import load_file

import ccm_model
import ccm_numpy
import ccm_structure
import ccm_torch
from check_ccm_self import PROFILES, drawn_text
from tally import conclude

BEGINNING, VOCABULARY, STEPS = 1, 11, 2
RATE, MOMENTS, EPSILON, DECAY = 0.01, (0.9, 0.999), 2.0**-10, 0.1
BASE = {  # tensors of a layer: the name in a checkpoint, and that in numpy_llama
    "input_layernorm": "input_layernorm", "post_attention_layernorm": "post_attention_layernorm",
    **{f"self_attn.{name}": name for name in ccm_model.PROJECTIONS},
    **{f"mlp.{name}": name for name in ("gate_proj", "up_proj", "down_proj")}}


def words(profile):
    """A profile as an option takes it."""
    differ = [f"{axis}={value}" for axis, value in profile.items() if value != ccm_structure.AXES[axis][0]]
    return ",".join(differ) or "base"


class Trial:
    """A random model, a batch of texts, and the options that both commands take."""

    def __init__(self, draw, folder, profile, loma):
        self.loma, self.profile, self.n = loma, profile, draw.randint(1, 3)
        self.rate = draw.choice([0.25, 0.7, 1.0]) if profile["merge_rate"] == "exponential" else None
        self.tied = draw.random() < 0.3
        self.path = ccm_model.write_random(
            folder / f"model{len(list(folder.iterdir()))}", draw.randrange(2**32), self.n, layers=draw.randint(1, 3),
            kv_heads=draw.choice([1, 2, 4]), rank=draw.randint(1, 4), tied=self.tied, vocabulary=VOCABULARY,
            with_sums=profile["memory"] == "merge" or draw.random() < 0.5)
        self.model = ccm_model.Model(self.path)
        self.texts = [drawn_text(draw, VOCABULARY) for _ in range(draw.randint(1, 3))]
        self.outputs = [draw.randrange(len(text[-1])) for text in self.texts]
        self.training, self.threads = draw.choice(["adapter", "everything"]), draw.randint(1, 2)

    def run(self, command, *more):
        given = [command, "--method", "ccm", "--model", self.path, "--memory-tokens", self.n, "--beginning-token",
                 BEGINNING, "--profile", words(self.profile), "--threads", self.threads, *more]
        given += ["--rate", self.rate] if self.rate is not None else []
        return subprocess.run([self.loma, *map(str, given)], check=True, capture_output=True, text=True).stdout

    def trace(self, folder):
        output = folder / "trace.safetensors"
        segments = [segment for text in self.texts for segment in text]
        self.run("trace", *[word for segment in segments for word in ("--tokens", ",".join(map(str, segment)))],
                 "--texts", ",".join(str(len(text)) for text in self.texts), "--outputs",
                 ",".join(map(str, self.outputs)), "--output", output, "--gradients", "yes", "--training", self.training,
                 "--steps", STEPS, "--adamw", f"{RATE},{MOMENTS[0]},{MOMENTS[1]},{EPSILON},{DECAY}")
        return load_file(output)


def check_texts(trial, trace, tally):
    """Rows and masks are equal, and every intermediate is near."""
    layouts = [ccm_structure.layout(text, trial.n, VOCABULARY, trial.profile, output)
               for text, output in zip(trial.texts, trial.outputs)]
    number = {None: -1}
    for index, rows in enumerate(ccm_structure.padded(layouts)):
        found = {name.split(".", 2)[2]: trace.pop(name) for name in list(trace) if name.startswith(f"texts.{index}.")}
        columns = {"tokens": "token", "segments": "segment", "indices": "index", "positions": "position",
                   "labels": "label"}
        for name, key in columns.items():
            expected = [number.get(row[key], row[key]) for row in rows]
            tally.holds("CCM-5 to CCM-8, CCM-23 rows", found.pop(name).tolist() == expected, name, rows)
        roles = [ccm_structure.ROLES.index(row["role"]) for row in rows]
        tally.holds("CCM-5 to CCM-8, CCM-23 rows", found.pop("roles").tolist() == roles, rows)
        mask = ccm_structure.mask(rows, BEGINNING, trial.profile)
        tally.holds("CCM-8 to CCM-16 mask", found.pop("mask").tolist() == mask, trial.texts[index], trial.profile)
        own = [r for r, row in enumerate(rows) if row["role"] != "p"]
        expected = ccm_numpy.parallel(trial.model, rows, BEGINNING, trial.profile, trial.rate)
        tally.holds("MOD-7 names", set(found) == set(expected), set(found) ^ set(expected))
        for name, tensor in expected.items():
            place = (slice(None), own) if name.endswith("probabilities") else own
            tally.near("CCM-17, CCM-20, MOD-7 intermediates", found[name][place], tensor[place])
    return layouts


class Twin(ccm_torch.Model):
    """The model in PyTorch, of which the base has gradients too."""

    def __init__(self, model, tied):
        super().__init__(model)
        self.head = self.embedding if tied else self.head
        names = {"model.embed_tokens.weight": self.embedding, "model.norm.weight": self.gain}
        names |= {} if tied else {"lm_head.weight": self.head}
        for layer, block in enumerate(self.blocks):
            names |= {f"model.layers.{layer}.{name}.weight": block[key] for name, key in BASE.items()}
        self.trained = {"adapter": self.adapter, "everything": self.adapter | names}
        for tensor in names.values():
            tensor.requires_grad_(True)


def check_training(trial, trace, layouts, tally):
    """Loss, gradients, and the parameters after every step of PyTorch's AdamW."""
    loss = ccm_numpy.loss(trial.model, layouts, BEGINNING, trial.profile, trial.rate)
    tally.near("CCM-23 loss", trace.pop("loss"), loss)
    twin = Twin(trial.model, trial.tied)
    trained = twin.trained[trial.training]
    optimiser = torch.optim.AdamW(trained.values(), lr=RATE, betas=MOMENTS, eps=EPSILON, weight_decay=DECAY)
    for step in range(STEPS + 1):
        if step:
            optimiser.step()
            for name, tensor in trained.items():
                got = trace.pop(f"steps.{step}.parameters.{name}")
                tally.near("LOS-6 parameters after a step", got, tensor.detach().numpy())
                # Moments sum gradients, and squares of them, of several steps that may cancel.
                for moment, key in (("first", "exp_avg"), ("second", "exp_avg_sq")):
                    got, expected = trace.pop(f"steps.{step}.{moment}_moments.{name}"), optimiser.state[tensor][key]
                    tally.near("LOS-6 moments after a step", got, expected.numpy(), limit=1e-10)
        optimiser.zero_grad()
        twin.loss(trial.texts, trial.outputs, trial.n, VOCABULARY, BEGINNING, trial.profile, trial.rate).backward()
        for name, tensor in trained.items():
            if tensor.grad is None:  # nothing was labelled
                tensor.grad = torch.zeros_like(tensor)
            if not step:
                tally.near(f"CCM-33 gradients, {trial.training}", trace.pop(f"gradients.{name}"), tensor.grad.numpy())
    tally.holds("no other array", not trace, sorted(trace)[:3])


def check_generation(trial, tally):
    """Tokens, and the numbers of the line about the cache, whatever the pass length."""
    text, count = trial.texts[0], 4
    online = ccm_numpy.Online(
        trial.model, text, {"memory_tokens": trial.n, "text_vocabulary": VOCABULARY, "beginning_token": BEGINNING,
                            "rate": trial.rate}, trial.profile)
    chosen = online.generate(count)
    memory = sum(online.rows[number]["role"] == "c" for number in online.held)
    size = 16 * len(trial.model.base.blocks) * trial.model.base.kv_heads * trial.model.base.head_dim
    contexts = len(text) - 1
    expected = [
        f"tokens {','.join(map(str, chosen))}",
        f"cache  {len(online.held)} entries ({len(online.held) * size} bytes), {memory} of them memory of {contexts} "
        f"segment{'s' * (contexts != 1)}, for {online.texts} text tokens fed"]
    each = [word for segment in text for word in ("--tokens", ",".join(map(str, segment)))]
    cut = ["--tokens", ",".join(str(token) for segment in text for token in segment), "--segments",
           ",".join(str(len(segment)) for segment in text)]
    for given in (each, cut, [*each, "--pass-length", 1], [*each, "--pass-length", 2]):
        printed = trial.run("generate", *given, "--generate", count).splitlines()
        tally.holds("CCM-24 to CCM-28 generation", printed == expected, printed, expected)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loma", required=True, metavar="PROGRAM")
    parser.add_argument("--models", type=int, default=len(PROFILES), metavar="N", help="random models")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(1)

    def trials(draw, folder, tally):
        (folder / "models").mkdir()
        for number in range(options.models):
            trial = Trial(draw, folder / "models", PROFILES[number % len(PROFILES)], options.loma)
            trace = trial.trace(folder)
            layouts = check_texts(trial, trace, tally)
            check_training(trial, trace, layouts, tally)
            check_generation(trial, tally)

    return conclude(options.seed, trials)


if __name__ == "__main__":
    sys.exit(main())
