#!/usr/bin/env python3
"""The judgement of an own checkpoint a second time, in PyTorch float64: right ports within OWN-2's bounds, wrong ones
refused or announced.

  python3 check_own_yardstick.py [--models DIR] [--types f32,bf16] [--quick] [NAME …]

Every right variant of own_llama.py and every mistake of own_mistakes.py is run in each element type on each model, in
this process, and judged by own_judgement.py: a free pass and slices of layers 0, 1, the middle and the last. Nothing of
it is read from the Swift code. Returns 1 if a right port is refused; if less than 95% of the mistakes are refused in
f32, or less than 80% of them named; or if one is accepted in a type in which it is decidable.
"""

import argparse
import collections
import contextlib
import json
import pathlib
import random
import sys
import tempfile
import time

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import make_models  # noqa: E402
import own_judgement  # noqa: E402
import own_llama  # noqa: E402
import own_mistakes  # noqa: E402
import own_passes  # noqa: E402

TYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}
MODELS = ("text-c4", "random-c8", "init", "lively", "outlier", "lively-512", "outlier-512")
QUICK = ("text-c4",)
QUICK_MISTAKES = ("causal", "own_chunk", "one_pair", "memory_late", "tile_16", "epsilon", "kv_modulo", "cache_lower")
LENGTH, C, T = 83, 4, 2  # ten chunks and three tokens: 183 rows
REFUSED, NAMED = 0.95, 0.80


def text_of(directory, length=LENGTH):
    """A seeded text."""
    loma = json.loads((directory / "config.json").read_text())["loma"]
    draw = random.Random(directory.name)
    parameters = {"c": C, "t": T, "memory_token": loma["memory_token"], "repetition_token": loma["repetition_token"]}
    return own_judgement.Text([draw.randrange(loma["text_vocabulary"]) for _ in range(length)], parameters, {})


def port(directory, dtype, variant, mistake):
    """A port of this process; a slice is the same weights under the number 0."""
    whole = own_llama.Llama(directory, TYPES[dtype], variant, mistake)
    one = own_llama.Llama(directory, TYPES[dtype], variant, mistake)
    one.layers = 1

    def ask(text, embeddings, n, keep):
        rows, mask = own_passes.prepared(text.tokens, text.parameters, text.profile, mistake)
        llama = whole if n is None else one
        if n is not None:
            one.weights = lambda name: whole.weights(name.replace("model.layers.0.", f"model.layers.{n}."))
        logits, kept, _ = llama.run(rows, lambda layer: llama.mask_of(rows, mask, layer), embeddings, keep=keep)
        return logits, kept
    return ask


def main(stack):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=pathlib.Path, help="where models are kept; default a folder for this run")
    parser.add_argument("--types", default="f32,bf16,f16")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("names", nargs="*")
    given = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    given.models = given.models or pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
    table = []
    for name in given.names or (QUICK if given.quick else MODELS):
        directory = make_models.make(given.models, name)
        for dtype in given.types.split(","):
            started = time.monotonic()
            mistakes = {key: mistake for key, mistake in own_mistakes.MISTAKES.items()
                        if dtype in mistake.types and (not given.quick or key in QUICK_MISTAKES)}
            mistakes = {key: mistake for key, mistake in mistakes.items() if makes_a_difference(directory, key)}
            judge = own_judgement.Judge(directory, dtype, text_of(directory), mistakes)
            for variant in own_llama.VARIANTS[:-1]:
                said = judge.judge(port(directory, dtype, variant, None))
                worst = max((abs(beta) for key, by in said.betas.items() for kind, beta in by.items()
                             if judge.sigmas[key].get(kind, 1) < 1 / 16), default=0.0)
                table.append(dict(model=name, dtype=dtype, port=variant, right=True,
                                  refused=said.refused or bool(said.followed(judge)), named=said.named(judge), whole=said.whole_error, rows=said.rows_error, beta=worst))
            for key, mistake in mistakes.items():
                said = judge.judge(port(directory, dtype, "plain", mistake))
                named = said.named(judge)
                table.append(dict(model=name, dtype=dtype, port=key, right=False, 
                                  refused=said.refused or bool(said.followed(judge)),
                                  bounds=said.refused, named=named, decidable=judge.decidable(key),
                                  whole=said.whole_error, rows=said.rows_error,
                                  sigma=min(judge.sigmas[key].values())))
            say([row for row in table if (row["model"], row["dtype"]) == (name, dtype)], time.monotonic() - started)
    if given.json:
        given.json.write_text(json.dumps(table, indent=1) + "\n")
    return verdict(table)


def makes_a_difference(directory, key):
    """A model with one query head a KV head has no other map of them."""
    config = json.loads((directory / "config.json").read_text())
    return key != "kv_modulo" or config["num_attention_heads"] != config["num_key_value_heads"]


def is_named(row):
    return bool(row["named"]) and own_mistakes.is_right(row["port"], row["named"][0])


def say(rows, seconds):
    right, wrong = [row for row in rows if row["right"]], [row for row in rows if not row["right"]]
    print(f"{rows[0]['model']} {rows[0]['dtype']}: {seconds:.0f} s", flush=True)
    for row in right:
        word = "REFUSED " + " ".join(row["named"]) if row["refused"] or row["named"] else "right"
        print(f"  {row['port']:8} {word}  "
              f"whole {row['whole']:.2f}  rows {row['rows']:.2f}  β {row['beta']:.3f}")
    first = sum(is_named(row) for row in wrong)
    print(f"  {sum(row['refused'] for row in wrong)} of {len(wrong)} mistakes refused, {first} named first")
    for row in wrong:
        if not row["refused"]:
            word = "DECIDABLE" if row["decidable"] else "announced"
            print(f"    accepted: {row['port']} ({word}, σ {row['sigma']:.3f})")
        elif not is_named(row):
            print(f"    {row['port']}: {' '.join(row['named'][:2]) or 'no name'}; whole {row['whole']:.3g}, "
                  f"rows {row['rows']:.3g}, σ {row['sigma']:.3f}")
    sys.stdout.flush()


def verdict(table):
    """The last table, and the exit code."""
    right = [row for row in table if row["right"]]
    refused = [row for row in right if row["refused"] or row["named"]]
    print(f"right ports: {len(refused)} of {len(right)} refused")
    is_good = not refused
    for dtype, rows in by(table, "dtype").items():
        wrong = [row for row in rows if not row["right"]]
        caught = sum(row["refused"] for row in wrong)
        named = sum(is_named(row) for row in wrong)
        silent = [row for row in wrong if not row["refused"] and row["decidable"]]
        print(f"{dtype}: {caught} of {len(wrong)} mistakes refused, {named} named first; accepted though decidable: "
              f"{len(silent)}")
        is_good = is_good and not silent
        if dtype == "f32":
            is_good = is_good and caught >= REFUSED * len(wrong) and named >= NAMED * len(wrong)
    return 0 if is_good else 1


def by(table, key):
    groups = collections.defaultdict(list)
    for row in table:
        groups[row[key]].append(row)
    return groups


if __name__ == "__main__":
    with contextlib.ExitStack() as stack:
        sys.exit(main(stack))
