"""OWN-1, OWN-2 and OWN-4 a second time: the yardstick of a tensor, the error of an answer in it, and the projection on
an alternative."""

import torch

SIMULATIONS = 3
DECIDABLE = 1 / 16  # of the projection's spread
RIGHT, NAMED = 1 / 4, 1 / 2  # of the projection
NOISE = 4  # what a port errs beside its mistake, in squared yardsticks
LEFT, ASIDE = 1 / 10, 1 / 4  # of the squared error, and of the projection from 1, beside two σ: for a name
LEFT_OF_ROUNDING, ASIDE_OF_ROUNDING = 3 / 4, 1 / 2  # the same for narrower numbers
BOUNDS = {  # of whole tensors and of rows in a free pass, and of rows of one layer fed with the reference's rows
    "f32": {"whole": 4, "rows": 16, "slice": 16}, "bf16": {"whole": 4, "rows": None, "slice": 8},
    "f16": {"whole": 4, "rows": None, "slice": 8}}


class Yardstick:
    """What rounding does to a tensor [S, n], from a reference and simulations."""

    def __init__(self, reference, simulations):
        self.reference = reference
        errors = [simulation - reference for simulation in simulations]
        self.row = sum((e * e).mean(-1) for e in errors) / len(errors)  # s_row²
        self.whole = self.row.mean()  # S²
        self.smooth = self.row + self.whole / 4  # ŝ_row²
        self.ratios = [float(((e * e).mean() / self.whole).sqrt()) for e in errors]

    def of_whole(self, answer):
        e = answer - self.reference
        return float(((e * e).mean() / self.whole).sqrt())

    def of_rows(self, answer):
        """The worst row."""
        e = answer - self.reference
        return float(((e * e).mean(-1) / self.smooth).sqrt().max())

    def projection(self, answer, alternative, columns):
        """Numerator and denominator of β, which add over tensors; the alternative has these columns alone. A row in which
        no simulation errs is left out."""
        weight = torch.where(self.row > 0, 1 / self.row, 0)[:, None]
        reference = self.reference[:, columns]
        delta = alternative - reference
        return (float(((answer[:, columns] - reference) * delta * weight).sum()), float((delta * delta * weight).sum()))

    def remainder(self, answer, alternative, columns):
        """The squared error of an answer, what is left of it beside the alternative, and how many numbers these are."""
        weight = 1 / self.smooth[:, None]
        error, rest = ((answer[:, columns] - x) ** 2 * weight for x in (self.reference[:, columns], alternative))
        return float(error.sum()), float(rest.sum()), alternative.numel()


def explains(beta, sigma, remainder, is_rounding):
    """Whether an answer is an alternative, as far as one kind of evidence tells (OWN-4)."""
    error, rest, count = remainder
    left = NOISE * count + (LEFT_OF_ROUNDING if is_rounding else LEFT) * error
    aside = ASIDE_OF_ROUNDING if is_rounding else ASIDE + 2 * sigma
    return rest <= left and (not sigma < DECIDABLE or abs(beta - 1) <= aside)


def beta(parts):
    """β of projections that belong together; nan if the alternative changes nothing."""
    numerator, denominator = (sum(part) for part in zip(*parts))
    return numerator / denominator if denominator > 0 else float("nan")


def spread(betas):
    """σ of an alternative from the β of simulations."""
    return float(torch.tensor(betas, dtype=torch.float64).square().mean().sqrt())
