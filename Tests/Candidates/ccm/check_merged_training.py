"""EQB-10 a second time: a recital from one running mean, its losses and gradients, by PyTorch's autograd.

    python check_merged_training.py [--write yes]

Everything is computed from the Spec, in float64 and without a mask: a text is read chunk by chunk, as a cache is filled,
each chunk's rows seeing the mean held and themselves; the chunk's memory enters the mean and the rest is forgotten.
Repetition rows are fed when the last chunk is over, each chunk's by themselves. The answers stand in
Tests/LoMAPeersTests/Merging/MergedGolden.swift, where a Swift test compares the reference with them; this script says
whether they are still what PyTorch gives, or with --write yes puts them there.
"""

import argparse
import math
import pathlib
import sys

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import golden_llama  # noqa: E402
from golden_llama import HEADS, KV_HEADS, LAYERS, WIDTH, rms_norm, rotated  # noqa: E402

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "LoMAPeersTests/Merging/MergedGolden.swift"
# V text tokens, t memory tokens with ids of their own behind them, then <r>; chunks of L tokens.
TEXT, MEMORY, CHUNK = 10, 2, 4
REPETITION, VOCABULARY = TEXT + MEMORY, TEXT + MEMORY + 1
RATES = {"mean": None, "exponential": 0.375}


def fed(tokens, positions, held, w):
    """Rows behind a mean held, by layer a pair of keys and values [t, G, d] or None: their logits and entries."""
    rows = len(tokens)
    x, entries = w["model.embed_tokens.weight"][torch.tensor(tokens)], []
    for layer in range(LAYERS):
        name = f"model.layers.{layer}."
        y = rms_norm(x, w[name + "input_layernorm.weight"])
        q = rotated((y @ w[name + "self_attn.q_proj.weight"].T).reshape(rows, HEADS, WIDTH), positions)
        k = rotated((y @ w[name + "self_attn.k_proj.weight"].T).reshape(rows, KV_HEADS, WIDTH), positions)
        v = (y @ w[name + "self_attn.v_proj.weight"].T).reshape(rows, KV_HEADS, WIDTH)
        entries.append((k, v))
        before = 0 if held is None else len(held[layer][0])
        if before:
            k, v = torch.cat([held[layer][0], k]), torch.cat([held[layer][1], v])
        group = HEADS // KV_HEADS
        k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
        scores = torch.einsum("qhd,khd->hqk", q, k) / math.sqrt(WIDTH)
        later = torch.arange(before + rows)[None, :] > before + torch.arange(rows)[:, None]
        p = torch.softmax(scores.masked_fill(later, -math.inf), -1)
        context = torch.einsum("hqk,khd->qhd", p, v).reshape(rows, HEADS * WIDTH)
        x = x + context @ w[name + "self_attn.o_proj.weight"].T
        y = rms_norm(x, w[name + "post_attention_layernorm.weight"])
        gate, up = y @ w[name + "mlp.gate_proj.weight"].T, y @ w[name + "mlp.up_proj.weight"].T
        x = x + (torch.nn.functional.silu(gate) * up) @ w[name + "mlp.down_proj.weight"].T
    return rms_norm(x, w["model.norm.weight"]) @ w["lm_head.weight"].T, entries


def entered(held, new, t, rate):
    """The mean of t segments, given that of t - 1 and the entries of the t-th; a rate of None is 1/t."""
    if held is None:
        return new
    share = 1 / t if rate is None else rate
    return [tuple((1 - share) * m + share * h for m, h in zip(*pair)) for pair in zip(held, new)]


def losses(text, w, rate):
    """The cross-entropies of a text's reading rows that have a next token, and of its repetition rows."""
    held, reading, chunks = None, [], len(text) // CHUNK
    for k in range(chunks):
        tokens = text[k * CHUNK : (k + 1) * CHUNK] + [TEXT + j for j in range(MEMORY)]
        logits, entries = fed(tokens, [k * CHUNK + i for i in range(CHUNK + MEMORY)], held, w)
        held = entered(held, [(key[CHUNK:], value[CHUNK:]) for key, value in entries], k + 1, rate)
        reading.append(logits[:CHUNK])
    if len(text) > chunks * CHUNK:
        tail = text[chunks * CHUNK :]
        reading.append(fed(tail, [chunks * CHUNK + i for i in range(len(tail))], held, w)[0])
    reading = torch.cat(reading)
    reciting = [
        fed([REPETITION] * CHUNK, [k * CHUNK + i for i in range(CHUNK)], held, w)[0] for k in range(chunks)
    ]
    labels = torch.tensor(text)
    cross = torch.nn.functional.cross_entropy
    return (
        cross(reading[:-1], labels[1:], reduction="none"),
        cross(torch.cat(reciting), labels[: chunks * CHUNK], reduction="none"),
    )


def answers():
    texts = [[(5 * i + 3 + i * i) % 10 for i in range(14)], [(7 * i + 1) % 10 for i in range(4)]]
    found = {}
    for word, rate in RATES.items():
        w = golden_llama.weights(VOCABULARY)
        parts = [losses(text, w, rate) for text in texts]
        reading, reciting = (torch.cat(part).mean() for part in zip(*parts))
        (reading + reciting).backward()
        found[f"{word} L_LM"], found[f"{word} L_rep"] = reading.item(), reciting.item()
        for name, tensor in sorted(w.items()):
            gradient = tensor.grad.flatten()
            factor = (torch.arange(gradient.numel()) % 7 - 3).double()
            found[f"{word} {name}"] = (gradient * factor).sum().item()
            found[f"{word} {name} squared"] = (gradient * gradient).sum().item()
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", choices=["yes"])
    options = parser.parse_args()
    torch.set_num_threads(1)
    found = answers()
    if options.write:
        lines = [
            "// Made by Tests/Candidates/ccm/check_merged_training.py --write yes: what PyTorch's autograd gives in float64.",
            "",
            "/// By merge rate the losses of a batch, and of every weight's gradient g two sums: of g·(i mod 7 − 3) and of g².",
            "let mergedGolden: [String: Double] = [",
        ]
        golden_llama.write(GOLDEN, lines, found)
        return 0
    return 0 if golden_llama.agree(GOLDEN, found) else 1


if __name__ == "__main__":
    sys.exit(main())
