"""The property level of chapter 17 on the NumPy computation: each holds for it, so a right port can meet them all.

Every function takes a case and returns the largest relative deviation; it raises AssertionError where the property does
not hold.
"""

import numpy as np

import latent_model  # first: it makes the modules of the folder above known
import latent_numpy
from vector_properties import CHANGE, deviation, within


def logits_of(case, text, embeddings=None):
    return latent_numpy.Decoder(case.model).text(text, embeddings)["logits"]


def cache(case):
    """Logits of a text fed token by token, with what was chosen or forced behind it, are those of the text at once."""
    reader = latent_numpy.Reader(case.model)
    for token in case.texts[0]:
        reader.feed(token)
    count = case.params["generate"]
    chosen = reader.generate(count, case.integers.get("forced"))
    fed = case.integers.get("forced", chosen)[: max(count - 1, 0)]
    return within(deviation(np.array(reader.logits), logits_of(case, case.texts[0] + fed)))


def batch(case):
    """A text of a batch has the logits that it has alone; NumPy has no batches, PyTorch has."""
    from latent_case import torch_model

    assert len({len(text) for text in case.texts}) > 1
    together = torch_model(case.directory).batch(case.texts)["logits"].detach().numpy()
    return max(within(deviation(together[index, : len(text)], logits_of(case, text)))
               for index, text in enumerate(case.texts))


def interference(case):
    """In one layer a replaced row moves itself and the rows behind it, and no bit of those before it."""
    assert case.model.layers == 1 and not (case.model.setting.bits or case.model.setting.rotated_bits)
    (text,), given = case.texts, case.embeddings(0)
    plain = logits_of(case, text, given)
    for row in range(len(text)):
        replaced = given.copy()
        replaced[row] = case.input["replacements"][row]
        logits = logits_of(case, text, replaced)
        assert (logits[:row] == plain[:row]).all(), f"row {row} moved an earlier one"
        assert all(deviation(after, before) > CHANGE for after, before in zip(logits[row:], plain[row:]))
    return 0.0


def repeat(case):
    """The same request has the same answer, bit for bit."""
    first, second = (logits_of(case, case.texts[0]) for _ in range(2))
    assert first.tobytes() == second.tobytes()
    return 0.0


ALL = {f.__name__: f for f in (cache, batch, interference, repeat)}
