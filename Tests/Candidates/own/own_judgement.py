"""OWN-2 to OWN-5 a second time: what is said of answers of a free pass and of slices, beside `loma conform --model`.

A port here is a function of rows, masks by layer, embeddings or None, a layer or None for the whole model, and names to
keep; it returns logits and what it kept. Chapter and verse are those of chapter 21.
"""

import math
import typing

import torch

import own_measure
import own_passes

COLUMNS = 4096  # of the logits, drawn for β
ROUNDINGS = {"M230", "OM12", "OM13", "OM14"}  # narrower numbers, of which more may be left (OWN-4)


class Text(typing.NamedTuple):
    tokens: list
    parameters: dict
    profile: dict


class Slice(own_passes.Model):
    """Layer n of a model as the only layer of one."""

    def __init__(self, model, n):
        super().__init__(model.directory, model.dtype)
        self.n, self.settings = n, {**self.settings, "num_hidden_layers": 1}

    def weight(self, name):
        return super().weight(name.replace("model.layers.0.", f"model.layers.{self.n}."))


def compared(name):
    return name.endswith(("context", "key", "value")) or name.startswith("hidden")


class Judged(typing.NamedTuple):
    whole: float  # worst share of the bound of a whole tensor
    rows: float  # and of rows where they gate
    whole_error: float  # the same in yardsticks
    rows_error: float
    betas: dict  # alternative -> β by evidence
    exact: bool  # hidden.0 and finiteness
    remainders: dict  # alternative -> squared error, what is left of it, and numbers, by evidence
    wrong: set  # the tensors of the free pass that are beyond a bound

    @property
    def refused(self):
        return not self.exact or not max(self.whole, self.rows) <= 1

    def followed(self, judge):
        """Decidable alternatives with β of a half or more: they refuse a port, by name or without."""
        return [name for name, by in self.betas.items()
                if any(by[kind] >= own_measure.NAMED and judge.sigmas[name].get(kind, math.inf) < own_measure.DECIDABLE
                       for kind in by)]

    def named(self, judge):
        """Those that explain the answer, the one that leaves least of the error first. Over all evidence, since a slice
        cannot tell a mistake of the last layer from the same one in all."""
        found = {}
        for name in self.followed(judge):
            is_rounding = bool(ROUNDINGS.intersection(judge.alternatives[name].names))
            parts = self.remainders[name]
            sigma = {kind: judge.sigmas[name].get(kind, math.inf) for kind in parts}
            fits = {kind: own_measure.explains(self.betas[name][kind], sigma[kind], part, is_rounding)
                    for kind, part in parts.items()}
            if (any(fits[kind] and sigma[kind] < own_measure.DECIDABLE for kind in fits) if is_rounding
                    else all(fits.values()) and self.wrong <= judge.changed[name]):
                error, rest = (sum(part[i] for part in parts.values()) for i in (0, 1))
                found[name] = rest / error if error else 0.0
        return sorted(found, key=found.get)


class Judge:
    """A model in an element type, on one text, with the alternatives that it looks for."""

    def __init__(self, directory, dtype, text, alternatives, layers=None):
        self.model, self.dtype, self.text = own_passes.Model(directory, dtype), dtype, text
        self.alternatives = alternatives
        rows, mask = own_passes.prepared(text.tokens, text.parameters, text.profile)
        self.rows, self.mask = rows, mask
        vocabulary = self.model.settings["vocab_size"]
        draw = torch.Generator().manual_seed(vocabulary)
        self.columns = torch.randperm(vocabulary, generator=draw)[:COLUMNS].sort().values
        exact, yardsticks, deltas, self.changed = self.passes(self.model, None)
        self.reference, self.free, self.deltas = exact, yardsticks, deltas
        count = self.model.settings["num_hidden_layers"]
        self.layers = sorted({0, 1, count // 2, count - 1}) if layers is None else layers
        self.slices = {}
        for n in self.layers:
            embeddings = own_passes.rounded(exact[f"hidden.{n}"], dtype)
            self.slices[n] = (embeddings, *self.passes(Slice(self.model, n), embeddings)[1:3])
        self.sigmas, self.effects = self.decidability()

    def passes(self, model, embeddings):
        """The reference's tensors, the yardstick of each, and each alternative's tensors."""
        held = [own_passes.Exact] + [own_passes.Rounding(self.dtype, seed) for seed in range(own_measure.SIMULATIONS)]
        passes = [own_passes.Pass(one, None, self.rows, self.mask) for one in held]
        for mistake in self.alternatives.values():
            rows, mask = own_passes.prepared(self.text.tokens, self.text.parameters, self.text.profile, mistake)
            passes.append(own_passes.Pass(own_passes.Exact, mistake, rows, mask))
        exact, *others = model.run(passes, embeddings, compared)
        simulations, alternatives = others[: len(held) - 1], others[len(held) - 1 :]
        yardsticks = {name: own_measure.Yardstick(x, [s[name] for s in simulations]) for name, x in exact.items()
                      if name != "hidden.0"}
        for name, yardstick in yardsticks.items():
            yardstick.simulations = [s[name] for s in simulations]
        deltas = {name: {key: x[:, self.columns] if key == "logits" else x for key, x in made.items()
                         if key == "logits" or key.endswith("context")}
                  for name, made in zip(self.alternatives, alternatives)}
        changed = {name: {key for key, x in made.items() if not torch.equal(x, exact[key])}
                   for name, made in zip(self.alternatives, alternatives)}
        return exact, yardsticks, deltas, changed

    def evidence(self, answer, yardsticks, deltas, measure=own_measure.Yardstick.projection):
        """Projections of an answer, or its remainders: sums over the logits, and over the contexts it has."""
        project = lambda name, columns: measure(yardsticks[name], answer[name], deltas[name], columns)
        parts = {"logits": [project("logits", self.columns)], "contexts": [
            project(name, slice(None)) for name in deltas if name.endswith("context") and name in answer]}
        return {kind: part for kind, part in parts.items() if part}

    def betas(self, free, slices):
        """β of every alternative by evidence."""
        result = {}
        for name in self.alternatives:
            by = self.evidence(free, self.free, self.deltas[name])
            for n, answer in slices.items():
                _, yardsticks, deltas = self.slices[n]
                for parts in self.evidence(answer, yardsticks, deltas[name]).values():
                    by.setdefault("slices", []).extend(parts)
            result[name] = {kind: own_measure.beta(parts) for kind, parts in by.items()}
        return result

    def remainders(self, free, slices):
        """What is left of the error beside every alternative, by evidence."""
        result, measure = {}, own_measure.Yardstick.remainder
        for name in self.alternatives:
            by = self.evidence(free, self.free, self.deltas[name], measure)
            for n, answer in slices.items():
                _, yardsticks, deltas = self.slices[n]
                for parts in self.evidence(answer, yardsticks, deltas[name], measure).values():
                    by.setdefault("slices", []).extend(parts)
            result[name] = {kind: [sum(part) for part in zip(*parts)] for kind, parts in by.items()}
        return result

    def decidability(self):
        """σ and effect of every alternative by evidence."""
        sigmas, effects = {name: {} for name in self.alternatives}, {name: {} for name in self.alternatives}
        by_seed = []
        for seed in range(own_measure.SIMULATIONS):
            pick = lambda yardsticks: {name: y.simulations[seed] for name, y in yardsticks.items()}
            by_seed.append(self.betas(pick(self.free), {n: pick(y) for n, (_, y, _) in self.slices.items()}))
        for name in self.alternatives:
            parts = self.evidence({k: y.reference for k, y in self.free.items()}, self.free, self.deltas[name])
            for n, (_, yardsticks, deltas) in self.slices.items():
                for more in self.evidence({k: y.reference for k, y in yardsticks.items()}, yardsticks,
                                          deltas[name]).values():
                    parts.setdefault("slices", []).extend(more)
            for kind, pairs in parts.items():
                size = sum(denominator for _, denominator in pairs)
                effects[name][kind] = math.sqrt(size)
                sigmas[name][kind] = own_measure.spread([betas[name][kind] for betas in by_seed]) if size else math.inf
        return sigmas, effects

    def decidable(self, name):
        return any(sigma < own_measure.DECIDABLE for sigma in self.sigmas[name].values())

    def judge(self, port):
        """What is said of a port."""
        bounds, exact = own_measure.BOUNDS[self.dtype], True
        free = self.ask(port, None, None)
        exact = torch.equal(free["hidden.0"], self.reference["hidden.0"]) if "hidden.0" in free else True
        wrong = set() if exact else {"hidden.0"}
        shares = {"whole": [0.0], "rows": [0.0]}
        errors = {"whole": [0.0], "rows": [0.0]}
        for name, yardstick in self.free.items():
            if name in free:
                note(errors, shares, "whole", yardstick.of_whole(free[name]), bounds["whole"])
                note(errors, shares, "rows", yardstick.of_rows(free[name]), bounds["rows"])
                if not max(shares["whole"][-1], shares["rows"][-1]) <= 1:
                    wrong.add(name)
        slices = {}
        for n, (embeddings, yardsticks, _) in self.slices.items():
            slices[n] = self.ask(port, embeddings, n)
            for name in yardsticks:
                if name in slices[n]:
                    note(errors, shares, "rows", yardsticks[name].of_rows(slices[n][name]), bounds["slice"])
        finite = all(x.isfinite().all() for answer in (free, *slices.values()) for x in answer.values())
        return Judged(max(shares["whole"]), max(shares["rows"]), max(errors["whole"]), max(errors["rows"]),
                      self.betas(free, slices), exact and finite, self.remainders(free, slices), wrong)

    def ask(self, port, embeddings, n):
        names = list(self.reference if n is None else self.slices[n][1])
        logits, kept = port(self.text, embeddings, n, [name for name in names if name != "logits"])
        return {"logits": logits.double(), **{name: x.double() for name, x in kept.items()}}


def note(errors, shares, kind, error, bound):
    """A number that is not finite is beyond every bound, also where there is none."""
    finite = math.isfinite(error)
    errors[kind].append(error if bound else 0.0)
    shares[kind].append((error / bound if bound else 0.0) if finite else math.inf)
