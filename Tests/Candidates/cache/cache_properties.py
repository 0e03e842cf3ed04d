"""The property level of chapter 19 on the NumPy computation: each holds for it, so a right port can meet them all.

Every function takes a case and returns the largest relative deviation; it raises AssertionError where the property does
not hold.
"""

import cache_protocol  # noqa: F401  first: it makes the modules of the folder above known
import cache_decoder
from vector_properties import deviation, within


def cache(case):
    """Under a neutral parameter the logits are those of a prefill of one row and no baseline (BAS-7)."""
    tokens, prefill = case.input["tokens"].tolist(), case.params["prefill"]
    neutral = case.decoder.text(tokens, prefill)["logits"]
    plain = cache_decoder.Decoder(case.decoder.model, "none", {}, {}).text(tokens, 1)["logits"]
    return within(deviation(neutral, plain[prefill - 1 :]))


def repeat(case):
    """The same request has the same answer, bit for bit."""
    first, second = (case.decoder.text(case.input["tokens"].tolist(), case.params["prefill"]) for _ in range(2))
    assert all(first[name].tobytes() == second[name].tobytes() for name in first)
    return 0.0


ALL = {f.__name__: f for f in (cache, repeat)}
