#!/usr/bin/env python3
"""`loma trace --method latent` and `loma generate --method latent` against chapter 17 in NumPy and PyTorch, and against
Hugging Face's DeepseekV3 as save_pretrained writes it, in float64.

  VENV/bin/pip install -r Tests/Candidates/requirements-vectors.txt
  VENV/bin/python Tests/Candidates/latent/check_latent_trace.py --loma .build/debug/loma [--models 12] [--seed 1]

For random models, one point of the family after another, the program traces random texts with gradients and two AdamW
steps. Compared: rows, mask and labels, which must be equal; every intermediate, the loss, the gradients, and the
parameters after a step, each within 1e-12 of the tensor's largest value; the optimiser's moments within 1e-10. With few
bits a number that lies on a border of two codes may go either way: such a model is drawn again, and the second step is
only looked at. Tokens that it generates must be those that the stored latents give, whatever the pass length. Then
models that transformers saved, rows in neighbouring pairs and in half-split order, whole and in shards, are traced from
the directory as it is, and compared with the patched model of latent_huggingface.py: logits, and the latents and keys
in its cache. Last, transformers loads a model that `loma train` wrote. Exits with 1 at the first thing that does not
hold.
"""

import argparse
import json
import subprocess
import sys
import warnings

import numpy as np
import torch
from safetensors.numpy import load_file, save_file

import latent_huggingface
import latent_model
import latent_numpy
import latent_structure
import latent_torch
from latent_trial import POINTS, Trial
from tally import LIMIT, conclude

STEPS = 2
RATE, MOMENTS, EPSILON, DECAY = 0.01, (0.9, 0.999), 2.0**-10, 0.1


def words(tokens):
    return ",".join(map(str, tokens))


class Program:
    """The program, on one model."""

    def __init__(self, loma, path, threads):
        self.loma, self.path, self.threads = loma, path, threads

    def run(self, command, *more):
        given = [command, "--method", "latent", "--model", self.path, "--threads", self.threads, *more]
        return subprocess.run([self.loma, *map(str, given)], check=True, capture_output=True, text=True).stdout

    def trace(self, texts, folder, *more):
        output = folder / "trace.safetensors"
        self.run("trace", *[word for text in texts for word in ("--tokens", words(text))], "--output", output, *more)
        return load_file(output)


def drawn(draw, folder, point):
    """A trial whose codes are far from every border."""
    while True:
        trial = Trial(draw, folder, point)
        margins = [trial.decoder.margin(trial.decoder.text(text)) for text in trial.texts]
        if min(margins) > 1e-9:
            return trial


def check_texts(trial, trace, tally):
    """Rows and masks are equal, and every intermediate is near."""
    for index, text in enumerate(trial.texts):
        prefix = f"texts.{index}."
        found = {name.removeprefix(prefix): trace.pop(name) for name in list(trace) if name.startswith(prefix)}
        tally.holds("LAT-9 rows", found.pop("tokens").tolist() == text)
        tally.holds("LAT-9 rows", found.pop("positions").tolist() == list(range(len(text))))
        tally.holds("LAT-9 rows", found.pop("labels").tolist() == [*text[1:], -1])
        tally.holds("LAT-9 mask", (found.pop("mask") == np.tri(len(text), dtype=bool)).all())
        expected = {name: tensor for name, tensor in trial.decoder.text(text).items() if not name.endswith(".stored")}
        tally.holds("MOD-7 names", set(found) == set(expected), set(found) ^ set(expected))
        for name, tensor in expected.items():
            tally.near("LAT-3 to LAT-8, MOD-7 intermediates", found[name], tensor)


def near_all(tally, clause, found, expected, limit=LIMIT):
    """Tensors of one kind; one that is 0 but for rounding is compared with the largest of all."""
    largest = max(np.abs(array).max() for array in expected.values())
    for name, array in expected.items():
        if np.abs(array).max() > 1e-12 * largest:
            tally.near(clause, found[name], array, limit=limit)
        else:
            tally.holds(clause, np.abs(found[name] - array).max() <= limit * largest, name)


def check_training(trial, trace, tally):
    """Loss, gradients, and the parameters after every step of PyTorch's AdamW."""
    tally.near("LOS-4 loss", trace.pop("loss.language_modelling"), trial.decoder.loss(trial.texts))
    tally.holds("LOS-4 loss", trace.pop("loss.repetition") == 0)
    twin = latent_torch.Model(trial.path, gradients=True)
    gradients = twin.gradients(trial.texts)[1]
    found = {name: trace.pop(f"gradients.{name}") for name in gradients}
    near_all(tally, "P-21 gradients", found, {name: gradient.numpy() for name, gradient in gradients.items()})
    # One step from the same gradients; the second step's codes may have come near a border.
    trained = {name: torch.tensor(array, requires_grad=True) for name, array in trial.model.weights.items()}
    optimiser = torch.optim.AdamW(trained.values(), lr=RATE, betas=MOMENTS, eps=EPSILON, weight_decay=DECAY)
    for name, tensor in trained.items():
        tensor.grad = gradients[name].clone()
    optimiser.step()
    for name, tensor in trained.items():
        tally.near("LOS-6 parameters after a step", trace.pop(f"steps.1.parameters.{name}"), tensor.detach().numpy())
        for kind in ("parameters", "first_moments", "second_moments"):
            tally.holds("LOS-6 a second step", np.isfinite(trace.pop(f"steps.2.{kind}.{name}")).all())
    for moment, key in (("first", "exp_avg"), ("second", "exp_avg_sq")):
        found = {name: trace.pop(f"steps.1.{moment}_moments.{name}") for name in trained}
        expected = {name: optimiser.state[tensor][key].numpy() for name, tensor in trained.items()}
        near_all(tally, "LOS-6 moments after a step", found, expected, limit=1e-10)
    tally.holds("no other array", not trace, sorted(trace)[:3])


def check_generation(trial, program, tally):
    """Tokens, and the line about the cache, whatever the pass length."""
    text, count = trial.texts[0], 4
    reader = latent_numpy.Reader(trial.model)
    for token in text:
        reader.feed(token)
    chosen = reader.generate(count)
    if not trial.setting.of_heads and reader.margin() < 1e-9:
        return
    sizes = {"kv_heads": getattr(trial.model, "kv_heads", 0), "head_dim": getattr(trial.model, "head_dim", 0),
             **latent_model.sizes_of(trial.model.config)}
    bits = latent_structure.bits_per_token(
        trial.setting, trial.model.layers, [sizes[name] for name in trial.setting.widths])
    producers = len(trial.setting.producers(trial.model.layers))
    expected = [
        f"tokens {words(chosen)}",
        f"cache  {reader.fed} rows, {producers} entr{'y' if producers == 1 else 'ies'} each, of {bits} bits together, "
        f"for {reader.fed} text tokens fed"]
    for more in ([], ["--pass-length", 1], ["--pass-length", 3]):
        printed = program.run("generate", "--tokens", words(text), "--generate", count, *more).splitlines()
        tally.holds("LAT-9 generation", printed == expected, printed, expected)


def sharded(path, output):
    """The same directory with its tensors in two files and an index."""
    output.mkdir()
    weights = load_file(path / "model.safetensors")
    names, parts = sorted(weights), {}
    for number, part in enumerate((names[::2], names[1::2])):
        file = f"model-{number + 1:05}-of-00002.safetensors"
        save_file({name: weights[name] for name in part}, output / file, metadata={"format": "pt"})
        parts |= dict.fromkeys(part, file)
    (output / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": parts}))
    (output / "config.json").write_text((path / "config.json").read_text())
    return output


def check_hugging_face(draw, folder, loma, tally):
    """A DeepseekV3 as save_pretrained wrote it, whole and in shards."""
    for interleave in (True, False):
        path = latent_huggingface.write_random(
            folder / f"{draw.random()}", draw.randrange(10**6), interleave=interleave, query=draw.choice([None, 5]),
            heads=draw.choice([1, 2, 3]), layers=draw.choice([1, 2, 3]), epsilon=draw.choice([1e-5, 0.1]),
            tied=draw.random() < 0.3, theta=draw.choice([1e4, 50.0]))
        text = [draw.randrange(11) for _ in range(9)]
        logits, cache = latent_huggingface.run(latent_huggingface.load(path), [text])
        for directory in (path, sharded(path, folder / f"{draw.random()}")):
            trace = Program(loma, directory, draw.randint(1, 2)).trace([text], folder)
            tally.near("LAT-3 to LAT-6, DeepseekV3's logits", trace["texts.0.logits"], logits)
            for layer, (latent, key) in enumerate(cache):
                prefix = f"texts.0.layers.{layer}.attention."
                tally.near("LAT-4 DeepseekV3's cached latents", trace[prefix + "stored_latent"], latent)
                tally.near("LAT-4 DeepseekV3's cached keys", trace[prefix + "stored_rotated_key"], key)
        half = latent_huggingface.half_split(path, folder / f"{draw.random()}") if interleave else path
        again = Program(loma, half, 1).trace([text], folder)
        same = all((again[name] == array).all() for name, array in trace.items())
        tally.holds("LAT-3 either order of rows, bitwise", same and set(again) == set(trace))


def check_written(folder, loma, tally):
    """A directory that the program wrote, loaded by transformers."""
    recipe = {
        "method": "latent", "element_type": "F32",
        "model": {"hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 2, "num_attention_heads": 2,
                  "kv_lora_rank": 6, "q_lora_rank": 5, "qk_nope_head_dim": 3, "qk_rope_head_dim": 4, "v_head_dim": 5,
                  "rms_norm_eps": 1e-5, "rope_theta": 50, "tie_word_embeddings": False},
        "latent": {"stride": 1, "bits": None, "rotated_bits": None, "group": None, "rms_norm_eps": 1e-6,
                   "profile": "base"},
        "loma": {"compression_ratio": 2, "memory_length": 1, "profile": "base", "compressed": False},
        "data": {"alphabet": 9},
        "training": {"losses": "both", "chunks": 2, "batch": 2, "steps": 2, "seed": 1, "checkpoint_every": 2},
        "optimiser": {"learning_rate": 0.01, "warm_up": 0, "decay": "linear", "beta1": 0.9, "beta2": 0.99,
                      "epsilon": 1e-8, "weight_decay": 0, "largest_norm": 1}}
    (folder / "recipe.json").write_text(json.dumps(recipe))
    subprocess.run([loma, "train", "--recipe", folder / "recipe.json", "--out", folder / "run", "--threads", "1"],
                   check=True, capture_output=True)
    path, text = folder / "run" / "model", [3, 1, 4, 1, 5, 2, 6]
    logits, _ = latent_huggingface.run(latent_huggingface.load(path), [text])
    trace = Program(loma, path, 1).trace([text], folder)
    tally.near("LAT-10 transformers loads what is written", trace["texts.0.logits"], logits)


def main():
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loma", required=True, metavar="PROGRAM")
    parser.add_argument("--models", type=int, default=len(POINTS), metavar="N", help="random models, point by point")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(1)

    def trials(draw, folder, tally):
        for number in range(options.models):
            trial = drawn(draw, folder, POINTS[number % len(POINTS)])
            program = Program(options.loma, trial.path, draw.randint(1, 2))
            trace = program.trace(
                trial.texts, folder, "--gradients", "yes", "--steps", STEPS, "--adamw",
                f"{RATE},{MOMENTS[0]},{MOMENTS[1]},{EPSILON},{DECAY}")
            check_texts(trial, trace, tally)
            check_training(trial, trace, tally)
            check_generation(trial, program, tally)
        for _ in range(2):
            check_hugging_face(draw, folder, options.loma, tally)
        check_written(folder, options.loma, tally)

    return conclude(options.seed, trials)


if __name__ == "__main__":
    sys.exit(main())
