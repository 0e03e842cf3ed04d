#!/usr/bin/env python3
"""What chapters 17 and 18 say of themselves, tried on random numbers and models: NumPy against PyTorch, both against
Hugging Face's DeepseekV3 and against the clauses.

  VENV/bin/pip install -r Tests/Candidates/requirements-vectors.txt
  VENV/bin/python Tests/Candidates/latent/check_latent_self.py [--models 24] [--seed 1]

The quantiser is computed a third time in fractions; stored bits are counted; the equalities of chapter 17 with Llama
are computed with weights made for them; the candidate answers the same requests in every type. Each line names a
clause, how often it was tried, and the largest difference relative to the largest number. Exits with 1 at the first
thing that does not hold.
"""

import argparse
import sys
import warnings

import numpy as np
import torch

import latent_model  # first: it makes the modules of the folder above known
import latent_backward
import latent_equalities
import latent_exact
import latent_numpy
import latent_requests
import latent_structure
import latent_torch
from latent_trial import POINTS, Trial
from tally import conclude


def check_forms(trial, tally):
    """PyTorch in a batch, the absorbed form, and token by token in both forms."""
    batch = latent_torch.Model(trial.path).batch(trial.texts)
    for index, text in enumerate(trial.texts):
        trace = trial.decoder.text(text)
        for name, expected in trace.items():
            if name.endswith(".stored"):
                continue
            found = batch[name][index]
            own = found[:, : len(text), : len(text)] if name.endswith("probabilities") else found[: len(text)]
            tally.near("LAT-3 to LAT-8, NumPy and PyTorch", own, expected)
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
    """A decoder in which the quantiser adds what it added in an earlier pass: straight through, by definition."""

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
    by_hand = latent_backward.gradients(trial.model, trial.texts)
    tally.holds("P-21 gradients by hand", set(by_hand) == set(found), set(by_hand) ^ set(found))
    for name, gradient in found.items():
        tally.near("P-21 gradients by hand and by autograd", by_hand[name], gradient)
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


def main():
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=24, metavar="N", help="random models, point by point")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(1)

    def trials(draw, folder, tally):
        latent_exact.check_lists(tally)
        latent_exact.check_examples(tally)
        latent_exact.check_names(tally)
        latent_exact.check_commands(tally)
        for _ in range(20 * options.models):
            latent_exact.check_quantiser(draw, tally)
            latent_exact.check_cost(draw, tally)
        for number in range(options.models):
            trial = Trial(draw, folder, POINTS[number % len(POINTS)])
            check_forms(trial, tally)
            check_gradients(trial, tally)
            latent_requests.check_candidate(trial, tally)
            latent_requests.check_stages(draw, tally)
            if number % 4 == 0:
                for check in (latent_equalities.check_settings, latent_equalities.check_sharing,
                              latent_equalities.check_llamas, latent_equalities.check_hugging_face):
                    check(draw, folder, tally)
        trial = Trial(draw, folder, {}, heads=2, rotated=4, query=None)
        latent_requests.check_rejections(trial, folder, tally)
        latent_requests.check_configurations(trial, folder, tally)

    return conclude(options.seed, trials)


if __name__ == "__main__":
    sys.exit(main())
