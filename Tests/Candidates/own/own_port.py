#!/usr/bin/env python3
"""A port in PyTorch, right in one of several ways or wrong in one, for the checks of own checkpoints.

  loma conform --model DIR -- python3 own_port.py [--variant plain|online|wide|tight|split|compile]
  loma conform --model DIR -- python3 own_port.py --mistake one_pair
  loma conform -- python3 own_port.py                                        # it answers recorded vectors, too

Right ports stand in own_llama.py, mistakes in own_mistakes.py. Answers forward with captures, loss, generate and
reconstruct, in float64, float32, bfloat16 and float16, out of a directory with one file of weights or with shards.
"""

import argparse
import functools
import pathlib
import sys

import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import loma_layout  # noqa: E402
import loma_protocol  # noqa: E402
import own_llama  # noqa: E402
import own_mistakes  # noqa: E402

DTYPES = {"f64": torch.float64, "f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}


class Request(loma_protocol.Request):
    """A request, read as the mistake reads it."""

    mistake = None

    def rows(self, text, generation=False):
        p, mistake = self.params, self.mistake
        profile = self.axes()
        make = loma_layout.generation_rows if generation else loma_layout.rows
        rows = make(text, p["c"], p["t"], p["memory_token"], p["repetition_token"], profile)
        return mistake.rows(rows, p) if mistake and mistake.rows else rows

    def axes(self):
        return {**self.profile, **(self.mistake.profile if self.mistake else {})}

    def seen(self, rows):
        mask = torch.tensor(loma_layout.mask(rows, self.axes()), dtype=torch.bool)
        return mask.reshape(len(rows), len(rows))

    def masks(self, model, rows):
        """The mask of each layer."""
        seen = self.seen(rows)
        return lambda n: model.mask_of(rows, seen, n)


def padded(parts, rows):
    """Answers by text stacked into one batch; pads hold zeros."""
    return torch.stack([functional.pad(part, (0, 0, 0, rows - len(part))) for part in parts])


def forward(request, model):
    layouts = [request.rows(text) for text in request.texts]
    longest = max(map(len, layouts))
    answers = []
    for b, rows in enumerate(layouts):
        given = request.input["embeddings"][b, : len(rows)] if "embeddings" in request.input else None
        if not rows:  # one row, and then none of it
            lone = [{"token": 0, "position": 0}]
            logits, kept, _ = model.run(lone, lambda n: torch.ones(1, 1, dtype=torch.bool), keep=request.capture)
            logits, kept = logits[:0], {n: x[:, :0, :0] if x.dim() == 3 else x[:0] for n, x in kept.items()}
        else:
            logits, kept, _ = model.run(rows, request.masks(model, rows), given, keep=request.capture)
        answers.append({"logits": logits, **kept})
    out = {}
    for name in answers[0]:
        parts = [answer[name] for answer in answers]
        if name.endswith("probabilities"):
            out[name] = torch.stack([functional.pad(
                part, (0, longest - part.shape[2], 0, longest - part.shape[1])) for part in parts])
        else:
            out[name] = padded(parts, longest)
    return out


def loss(request, model):
    """LOS-4: sums over the labelled rows of all texts, divided once."""
    sums = {True: [], False: []}
    for text in request.texts:
        rows = request.rows(text)
        if not rows:
            continue
        logits, _, _ = model.run(rows, request.masks(model, rows))
        for row, scores in zip(rows, own_llama.wide(logits)):
            if row["label"] is not None:
                losses = functional.cross_entropy(scores[None], torch.tensor([row["label"]]))
                sums[row["zone"] == "x"].append(losses)
    mean = lambda parts: torch.stack(parts).mean() if parts else torch.zeros(())
    return {"language_modelling": mean(sums[True]).to(model.dtype), "repetition": mean(sums[False]).to(model.dtype)}


class Reader:
    """A text read through a compressed cache (chapter 6): a chunk's text in one pass, then its memory rows."""

    def __init__(self, request, model):
        self.request, self.model, self.p = request, model, request.params
        self.text, self.held, self.cache = [], [], None  # held: numbers of the rows in the cache
        self.fed = 0
        self.events, self.logits, self.memory_logits, self.appended = [], [], [], []

    def run(self, rows, numbers):
        """Feeds the rows of these numbers; `rows` is the whole layout, whose mask decides."""
        own, model, profile = self.held + numbers, self.model, self.request.axes()
        if model.mistake and model.mistake.mask:
            # A mistake in the mask is made in the whole layout, where chunks and rows have their numbers.
            whole = self.request.seen(rows)
            masks = [model.mask_of(rows, whole, n)[..., numbers, :][..., own] for n in range(model.layers)]
        else:
            masks = [torch.tensor([[loma_layout.sees(rows[q], rows[k], profile) for k in own] for q in numbers])]
        logits, _, new = model.run(
            [rows[n] for n in numbers], lambda n: masks[n % len(masks)], past=self.cache)
        return logits, new

    def keep(self, numbers, new):
        self.held += numbers
        self.cache = new if self.cache is None else [
            tuple(torch.cat([old, more], 1) for old, more in zip(*pair)) for pair in zip(self.cache, new)]
        self.appended.append(flat(new))

    def read(self, tokens):
        size = self.p["c"] * self.p["t"]
        while tokens:
            start = len(self.text)
            part, tokens = tokens[: size - start % size], tokens[size - start % size :]
            self.text = self.text + part
            rows = self.request.rows(self.text, generation=True)
            numbers = list(range(self.fed, self.fed + len(part)))
            before = len(self.held)
            logits, new = self.run(rows, numbers)
            self.logits += list(logits)
            self.keep(numbers, new)
            self.fed += len(part)
            self.events += [[0, start + i, before + i + 1] for i in range(len(part))]
            if len(self.text) % size == 0:
                self.compress(rows, len(self.text) // size - 1)

    def compress(self, rows, chunk):
        numbers = list(range(self.fed, self.fed + self.p["t"]))
        logits, new = self.run(rows, numbers)
        self.memory_logits.append(logits[-1])
        self.keep(numbers, new)
        self.fed += len(numbers)
        self.events.append([1, chunk, len(self.held)])
        stay = [i for i, n in enumerate(self.held) if rows[n]["zone"] == "m"]
        self.held = [self.held[i] for i in stay]
        self.cache = [tuple(part[:, stay] for part in layer) for layer in self.cache]
        self.events.append([2, chunk, len(self.held)])

    def greedy(self, scores):
        """GEN-5."""
        own = scores[: self.p["text_vocabulary"]].tolist()
        return own.index(max(own))


def flat(entries):
    """Keys and values [layers, entries, H_kv * d]."""
    return [torch.stack([part[i].transpose(0, 1).flatten(1) for part in entries]) for i in (0, 1)]


def generate(request, model):
    reader, m = Reader(request, model), request.params["generate"]
    reader.read(request.texts[0])
    forced = request.input["forced"].tolist() if "forced" in request.input else None
    chosen = []
    for step in range(m):
        chosen.append(reader.greedy(reader.logits[-1]))
        if step + 1 < m:
            reader.read([chosen[-1] if forced is None else forced[step]])
    width = model.kv_heads * model.settings["head_dim"]
    nothing = [torch.zeros(model.layers, 0, width, dtype=model.dtype)] * 2
    keys, values = flat(reader.cache) if reader.cache else nothing
    appended = [torch.cat([part.clone() for part in parts], 1) for parts in zip(nothing, *reader.appended)]
    vocabulary = model.settings["vocab_size"]
    return {
        "chosen": torch.tensor(chosen, dtype=torch.int64),
        "logits": torch.stack(reader.logits) if reader.logits else torch.zeros(0, vocabulary, dtype=model.dtype),
        "events": torch.tensor(reader.events, dtype=torch.int64).reshape(-1, 3),
        "appended.keys": appended[0], "appended.values": appended[1],
        "cache.rows": torch.tensor(reader.held, dtype=torch.int64), "cache.keys": keys, "cache.values": values}


def reconstruct(request, model):
    """REC-1 and REC-4: rows of the training layout that see what the cache holds of it."""
    reader, chunk = Reader(request, model), request.params["chunk"]
    reader.read(request.texts[0])
    rows = request.rows(request.texts[0])
    generation = [n for n, row in enumerate(rows) if row["zone"] != "r"]
    own = [n for n, row in enumerate(rows) if (row["zone"], row["chunk"]) == ("r", chunk)]
    reader.held = [generation[n] for n in reader.held]
    logits, _ = reader.run(rows, own)
    scores = list(logits)
    if request.axes().get("repetition_labels") == "shifted":
        scores = [reader.memory_logits[chunk], *scores[:-1]]
    return {"tokens": torch.tensor([reader.greedy(row) for row in scores]), "logits": logits}


def main(words=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variant", choices=own_llama.VARIANTS, default="plain")
    parser.add_argument("--mistake", choices=own_mistakes.MISTAKES)
    given = parser.parse_args(words)
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    mistake = own_mistakes.MISTAKES[given.mistake] if given.mistake else None
    Request.mistake = mistake
    # Two: the checkpoint itself and the slice asked last.
    load = functools.lru_cache(maxsize=2)(
        lambda directory, dtype: own_llama.Llama(directory, dtype, given.variant, mistake))
    operations = {"forward": forward, "loss": loss, "generate": generate, "reconstruct": reconstruct}

    def answer(request):
        return operations[request.op](request, load(request.model, DTYPES[request.dtype]))

    def save(tensors, path):
        save_file({name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}, path)

    name = f"own-{given.mistake or given.variant}"
    types = DTYPES if not mistake else {name: DTYPES[name] for name in mistake.types}
    loma_protocol.serve(name, f"torch-{torch.__version__}", operations, types, answer, load_file, save, captures=True,
                        read=Request)


if __name__ == "__main__":
    main()
