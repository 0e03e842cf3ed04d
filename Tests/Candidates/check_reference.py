#!/usr/bin/env python3
"""The Swift reference against PyTorch autograd on Hugging Face Llama, in float64.

For several configurations this script lets Hugging Face write a random checkpoint (`save_pretrained`, one file or
shards), has `loma trace` compute a training pass and three AdamW steps on it, and computes the same itself: its own
layout, mask, positions and labels (loma_layout.py), LlamaForCausalLM in float64 (llama64.py, which also silences
transformers), autograd, torch.optim.AdamW. Compared, each relative to the tensor's largest value: logits, both losses,
every gradient, and parameters after each step. Rows, mask, positions and labels must be equal. A directory that
`loma extend` writes is loaded by transformers and compared too.

  check_reference.py --loma .build/release/loma
"""

import argparse
import pathlib
import random
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import load_file
from transformers import LlamaConfig, LlamaForCausalLM

import llama64
import loma_layout

LIMIT = 1e-12
SHAPES = [
    # name, heads, kv heads, head_dim, layers, tied, dtype, shard size
    ("mha", 4, 4, None, 2, False, torch.float32, "10GB"),
    ("gqa, shards", 4, 2, 6, 2, False, torch.bfloat16, "4KB"),
    ("mqa, tied", 4, 1, 4, 3, True, torch.float16, "10GB"),
    ("gqa, float64", 4, 2, None, 2, True, torch.float64, "10GB"),
]
TEXT_VOCABULARY, MODEL_VOCABULARY = 19, 24
MEMORY, REPETITION = 22, 20
LENGTHS = [9, 0, 4, 13]
ADAMW = dict(lr=0.01, betas=(0.9, 0.999), eps=2.0**-10, weight_decay=0.1)


def high_variance(model, seed):
    """Weights in which bugs show: linear layers at 1.5/sqrt(fan-in), norms near 1, embeddings near 1."""
    generator = torch.Generator().manual_seed(seed)
    for name, p in model.named_parameters():
        draw = torch.randn(p.shape, generator=generator, dtype=torch.float64)
        if p.dim() == 1:
            value = 1 + 0.1 * draw
        elif "embed" in name:
            value = draw
        else:
            value = draw * 1.5 / p.shape[1] ** 0.5
        p.data.copy_(value)


class Worst:
    """The largest difference seen, relative to the largest value of its tensor."""

    def __init__(self):
        self.value, self.name, self.count = 0.0, "", 0

    def see(self, name, got, expected):
        got, expected = got.double(), expected.detach().double()
        if got.shape != expected.shape:
            sys.exit(f"{name}: shape {tuple(got.shape)}, expected {tuple(expected.shape)}")
        self.count += 1
        if expected.numel() == 0:
            return
        scale = expected.abs().max().item()
        error = (got - expected).abs().max().item() / (scale or 1.0)
        if not error <= self.value:
            self.value, self.name = error, name


def compare(trace, model, layouts, profile, worst):
    nll = {"x": [], "other": []}
    for index, rows in enumerate(layouts):
        count = len(rows)
        longest = max(len(r) for r in layouts)
        mask = torch.tensor([[loma_layout.sees(q, s, profile) for s in rows] for q in rows]).reshape(count, count)
        prefix = f"texts.{index}."
        for key, values in {
            "tokens": [r["token"] for r in rows],
            "positions": [r["position"] for r in rows],
            "labels": [-1 if r["label"] is None else r["label"] for r in rows],
        }.items():
            got = trace[prefix + key].tolist()
            if got[:count] != values or len(got) != longest:
                sys.exit(f"{prefix}{key}: {got} is not {values}, padded to {longest}")
        got = trace[prefix + "mask"]
        padded = torch.eye(longest, dtype=torch.bool)
        padded[:count, :count] = mask
        if not torch.equal(got.bool(), padded):
            sys.exit(f"{prefix}mask differs under {profile}")
        if count == 0:
            continue
        logits = model.logits([r["token"] for r in rows], [r["position"] for r in rows], mask)
        worst.see(prefix + "logits", trace[prefix + "logits"][:count], logits)
        logp = torch.log_softmax(logits, dim=-1)
        for r, row in enumerate(rows):
            if row["label"] is not None:
                nll["x" if row["zone"] == "x" else "other"].append(-logp[r, row["label"]])
    zero = torch.zeros((), dtype=torch.float64)
    language = torch.stack(nll["x"]).mean() if nll["x"] else zero
    repetition = torch.stack(nll["other"]).mean() if nll["other"] else zero
    return language, repetition


def check(loma, directory, profile, shape_name, worst):
    generator = random.Random(1)
    texts = [[generator.randrange(TEXT_VOCABULARY) for _ in range(n)] for n in LENGTHS]
    output = directory / "trace.safetensors"
    command = [loma, "trace", "--model", directory, "--c", "2", "--t", "2", "--vocabulary", TEXT_VOCABULARY]
    command += ["--memory-token", MEMORY, "--repetition-token", REPETITION, "--output", output]
    command += ["--gradients", "yes", "--steps", "3", "--adamw", "0.01,0.9,0.999,0x1p-10,0.1"]
    if profile:
        command += ["--profile", ",".join(f"{axis}={value}" for axis, value in profile.items())]
    for text in texts:
        command += ["--tokens", ",".join(map(str, text))]
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)
    trace = load_file(output)
    model = llama64.Float64Llama(directory)
    layouts = [loma_layout.rows(text, 2, 2, MEMORY, REPETITION, profile) for text in texts]
    optimiser = torch.optim.AdamW(model.model.parameters(), **ADAMW)
    names = dict(model.model.named_parameters())
    for step in range(4):
        optimiser.zero_grad()
        # Only step 0 compares rows, logits, losses and gradients; later passes feed the optimiser.
        language, repetition = compare(trace, model, layouts, profile, worst if step == 0 else Worst())
        (language + repetition).backward()
        if step == 0:
            worst.see("loss.language_modelling", trace["loss.language_modelling"], language)
            worst.see("loss.repetition", trace["loss.repetition"], repetition)
            for name, p in names.items():
                worst.see("gradients." + name, trace["gradients." + name], p.grad)
        if step == 3:
            break
        optimiser.step()
        for name, p in names.items():
            state = optimiser.state[p]
            prefix = f"steps.{step + 1}."
            worst.see(prefix + "parameters." + name, trace[prefix + "parameters." + name], p)
            worst.see(prefix + "first_moments." + name, trace[prefix + "first_moments." + name], state["exp_avg"])
            worst.see(prefix + "second_moments." + name, trace[prefix + "second_moments." + name], state["exp_avg_sq"])


def check_extended(loma, directory, worst):
    """A directory of ours loads in transformers: the old rows are unchanged, the new ones are the mean."""
    output = directory.parent / (directory.name + "-extended")
    subprocess.run(
        [loma, "extend", "--model", directory, "--output", output, "--c", "2", "--t", "2"],
        check=True, stdout=subprocess.DEVNULL)
    old = LlamaForCausalLM.from_pretrained(directory, dtype=torch.float64)
    new = LlamaForCausalLM.from_pretrained(output, dtype=torch.float64)
    kept = dict(new.named_parameters())
    for name, p in old.named_parameters():
        q = kept[name].detach()
        if q.shape != p.shape:
            mean = p.detach().mean(0)
            for row in q[p.shape[0] :]:
                if (row - mean).abs().max() > (mean.abs().max() * (2.0**-8) + 1e-12):
                    sys.exit(f"{output}: {name}: a new row is not the mean of the old ones")
            q = q[: p.shape[0]]
        if not torch.equal(q, p):
            sys.exit(f"{output}: {name} changed")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loma", default=".build/release/loma", help="the built command")
    loma = str(pathlib.Path(parser.parse_args().loma).resolve())
    total = 0
    failed = False
    with tempfile.TemporaryDirectory() as scratch:
        for seed, (name, heads, kv_heads, head_dim, layers, tied, dtype, shard) in enumerate(SHAPES):
            config = LlamaConfig(
                vocab_size=MODEL_VOCABULARY, hidden_size=16, intermediate_size=20, num_hidden_layers=layers,
                num_attention_heads=heads, num_key_value_heads=kv_heads, rms_norm_eps=1e-5,
                tie_word_embeddings=tied, **({"head_dim": head_dim} if head_dim else {}))
            model = LlamaForCausalLM(config).to(torch.float64)
            high_variance(model, seed)
            directory = pathlib.Path(scratch) / f"model{seed}"
            model.to(dtype).save_pretrained(directory, max_shard_size=shard)
            files = len(list(directory.glob("*.safetensors")))
            stock = llama64.check_replacements(directory)
            if stock > 1e-5:
                sys.exit(f"{name}: the float64 forms differ from the stock ones by {stock:.1e}")
            worst = Worst()
            for profile in loma_layout.profiles():
                check(loma, directory, profile, name, worst)
            check_extended(loma, directory, worst)
            verdict = "ok" if worst.value <= LIMIT else "FAILED"
            failed |= worst.value > LIMIT
            total += worst.count
            print(
                f"{name} ({files} file{'s' * (files > 1)}, {dtype}): {worst.count} tensors, "
                f"largest relative difference {worst.value:.1e} in {worst.name}; stock float32 forms within {stock:.0e}: {verdict}", flush=True)
    print(f"{total} tensors compared, limit {LIMIT:.0e}")
    sys.exit(1 if failed or total == 0 else 0)


if __name__ == "__main__":
    main()
