"""Random layers, models and requests for the checks of chapter 19."""

import pathlib
import sys

import numpy as np
import torch
from safetensors.numpy import load_file, save_file

import cache_protocol  # first: it makes the modules of the folder above known
import cache_structure
import candidate_cache
import candidate_cache_numpy

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "ccm"))
import ccm_model

VOCABULARY = 11


def exact(numbers):
    """Cut to what bfloat16 holds."""
    return ccm_model.tensors.to_bfloat16(np.asarray(numbers, dtype=np.float32))


def ask(op, params, given, baseline=None, model=None, dtype="f64", profile=None):
    """The answers of both candidates in NumPy, by the request that the runner would send."""
    if profile is None:
        profile = {"baseline": baseline or cache_structure.BASELINE[op]}
    message = {"op": op, "profile": profile, "dtype": dtype, "model": model and str(model), "output": "",
               "input": "given", "params": params}
    numpy, _ = candidate_cache_numpy.answer(cache_protocol.Request(message, lambda _: given))
    tensors = {name: torch.tensor(x) for name, x in given.items()}
    found = candidate_cache.answer(cache_protocol.Request(message, lambda _: tensors))
    return numpy, {name: (x.double() if x.is_floating_point() else x).numpy() for name, x in found.items()}


class Layer:
    """A random prefill of one layer, exact in bfloat16: queries and keys as if rotated, values, probabilities."""

    def __init__(self, draw, rows=None):
        numbers = self.numbers = np.random.default_rng(draw.randrange(2**32))
        self.kv_heads, group = draw.choice([(1, 1), (1, 3), (2, 1), (2, 2), (3, 2)])
        self.heads, self.head_dim = self.kv_heads * group, draw.choice([2, 4, 6])
        self.rows = rows or draw.randint(1, 12)
        self.query, self.key, self.value = (
            exact(numbers.normal(size=(self.rows, width)) * numbers.gamma(1, size=width))
            for width in (heads * self.head_dim for heads in (self.heads, self.kv_heads, self.kv_heads)))
        self.probabilities = self.attention()

    def attention(self):
        """Causal rows that sum to one up to their rounding."""
        scores = self.numbers.normal(size=(self.heads, self.rows, self.rows)) * 2
        weights = np.exp(scores) * np.tri(self.rows)
        return exact(weights / weights.sum(-1, keepdims=True))

    @property
    def sizes(self):
        return {"heads": self.heads, "kv_heads": self.kv_heads}

    def window(self, draw):
        return draw.randint(1, self.rows)


def orthonormal(numbers, d):
    return np.linalg.qr(numbers.normal(size=(d, d)))[0].T.astype(np.float32)


def unit(numbers, *shape):
    """Atoms whose norms are one but for their rounding to bfloat16."""
    atoms = numbers.normal(size=shape)
    return exact(atoms / np.linalg.norm(atoms, axis=-1, keepdims=True))


class Trial:
    """A random Llama and a text, as a directory that both candidates load."""

    def __init__(self, draw, folder, pooled=False, layers=None):
        self.path = folder / f"{draw.random()}"
        heads, kv_heads = draw.choice([(2, 1), (2, 2), (4, 2), (6, 3)])
        ccm_model.write_random(
            self.path, draw.randrange(10**6), 1, layers=layers or draw.choice([2, 3, 4]), heads=heads,
            kv_heads=kv_heads, head_dim=draw.choice([2, 4, 6]), tied=draw.random() < 0.3, vocabulary=VOCABULARY)
        if pooled:
            self.pool(kv_heads)
        self.tokens = np.array([draw.randrange(VOCABULARY) for _ in range(draw.randint(1, 14))])
        self.prefill = draw.randint(1, len(self.tokens))
        self.numbers = np.random.default_rng(draw.randrange(2**32))

    def pool(self, kv_heads):
        """Keys' last channels large, so that some tokens accumulate, and queries' near -5, so that weights differ."""
        path = self.path / "model.safetensors"
        weights = load_file(path)
        for name, array in weights.items():
            d = array.shape[0] // kv_heads if "k_proj" in name else None
            if d:
                array.reshape(kv_heads, d, -1)[:, -1] *= 16
        save_file({name: exact(array) for name, array in weights.items()}, path, metadata={"format": "pt"})

    def forward(self, baseline, params=(), dtype="f64", prefill=None, **given):
        """The answers of both candidates."""
        text = {"tokens": self.tokens, "lengths": np.array([len(self.tokens)])}
        params = {"prefill": prefill or self.prefill, **dict(params)}
        return ask("cached_forward", params, text | given, baseline, self.path, dtype)
