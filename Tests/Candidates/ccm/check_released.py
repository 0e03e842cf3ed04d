#!/usr/bin/env python3
"""Chapter 16 against the authors' release: its own functions run on random layouts and compared with ours.

  git clone https://github.com/snu-mllab/Context-Memory && git -C Context-Memory checkout a89dd08
  VENV/bin/python Tests/Candidates/ccm/check_released.py Context-Memory [--layouts 400] [--seed 1]

Not part of the checks before a change lands, since it needs a checkout of a repository that is not this project's. Only
single functions and classes are taken out of the release's files and executed, so none of its requirements but PyTorch
is needed. Compared are layouts (prepare_input), masks (mask.py by prepare_comp_attn_mask_llama, on batches that
pad_inputs padded), positions (update_position_ids), merge weights (get_comp_sum_mask), the first values of embeddings
(SeparatedEmbedding), the conditional LoRA (peft_custom), one attention block in the parallel layout
(LlamaAttention.forward), and the online mean (merge_comp_results). Cells of SUM queries are compared too; rows of pads
are not, since P-1 decides what they see. Exits with 1 if anything differs, with 2 if the path holds no checkout.
"""

import argparse
import ast
import collections
import itertools
import math
import pathlib
import random
import sys
import tempfile
import types
import typing

import numpy as np
import torch

import ccm_model
import ccm_numpy
import ccm_structure
from released import taken

NAMES = {("concat", "recurrent"): "concat_recur", ("merge", "recurrent"): "merge_recur",
         ("concat", "separate"): "concat", ("merge", "separate"): "merge"}
NEEDED = ("src/data/mask.py", "src/data/collator.py", "src/arch/ccm_llama.py", "src/utils.py", "src/test_case.py",
          "src/peft_custom/lora.py")


class Release:
    """The functions of the release."""

    def __init__(self, root):
        masks = ["reverse_cumsum", "get_comp_mask", "get_pos_attn_mask", "get_comp_attn_mask_recur",
                 "get_comp_attn_mask_concat_recur", "get_comp_attn_mask_concat", "get_comp_attn_mask_merge"]
        self.mask = taken(root, "src/data/mask.py", masks)
        self.collator = taken(
            root, "src/data/collator.py", ["pad_inputs", "prepare_comp_attn_mask_llama"], mask=self.mask,
            pad_sequence=torch.nn.utils.rnn.pad_sequence)
        self.llama = taken(
            root, "src/arch/ccm_llama.py", ["update_position_ids", "LinearMask", "LlamaAttention", "LlamaModelCCM"],
            LlamaPreTrainedModel=torch.nn.Module, LlamaConfig=object, LlamaRotaryEmbedding=Angles,
            BaseModelOutputWithPast=object, apply_rotary_pos_emb=rotated, get_comp_mask=self.mask.get_comp_mask)
        self.utils = taken(
            root, "src/utils.py", ["SeparatedEmbedding", "extract_comp_results", "merge_comp_results"])
        self.case = taken(root, "src/test_case.py", ["prepare_input"])
        self.lora = taken(root, "src/peft_custom/lora.py", ["Linear"], LoraLayer=object, transpose=lambda w, _: w)


class Angles:
    """In the place of transformers' rotary embedding of that time: cos and sin for positions 0 ..< seq_len."""

    def __init__(self, head_dim, max_position_embeddings):
        self.inverse = 10000.0 ** (-torch.arange(0, head_dim, 2, dtype=torch.float64) / head_dim)

    def __call__(self, x, seq_len):
        angle = torch.arange(int(seq_len), dtype=torch.float64)[:, None] * self.inverse
        return torch.cat([angle, angle], -1).cos(), torch.cat([angle, angle], -1).sin()


def rotated(query, key, cos, sin, position_ids):
    """In the place of its function of the same name."""
    def half(x):
        return torch.cat([-x[..., x.shape[-1] // 2 :], x[..., : x.shape[-1] // 2]], -1)
    cos, sin = cos[position_ids][:, None], sin[position_ids][:, None]
    return query * cos + half(query) * sin, key * cos + half(key) * sin


def random_text(draw, vocabulary, beginning, again):
    """Segments of ids above the pad's; BOS stands first, and now and then again."""
    text = [[draw.randrange(3, vocabulary) for _ in range(draw.randint(1, 5))] for _ in range(draw.randint(1, 6))]
    text[0][0] = beginning
    if again:
        for segment in text:
            segment[draw.randrange(len(segment))] = beginning
    return text


def check_layouts(release, draw, tally):
    """prepare_input joins encoded turns, each behind a separator; here an encoded turn is its own list of ids."""
    for memory, recurrence in NAMES:
        n, vocabulary = draw.randint(1, 3), 30
        separator = [3, 4]
        turns = [[draw.randrange(5, vocabulary) for _ in range(draw.randint(1, 4))]
                 for _ in range(draw.randint(3, 6))]
        tokenizer = types.SimpleNamespace(
            encode=lambda turn, add_special_tokens: list(turn), bos_token_id=1, sep_token_id_=separator,
            comp_token_id=[vocabulary + j for j in range(n)],
            sum_token_id=[vocabulary + n + j for j in range(n)] if memory == "merge" else None)
        _, context, query, target = release.case.prepare_input(
            tokenizer, turns, sum_recur=recurrence == "recurrent", time_step=len(turns))
        text = [[1, *turns[0]], *([*separator, *turn] for turn in turns[1:-2]),
                [*separator, *turns[-2], *separator, *turns[-1]]]
        rows = ccm_structure.layout(text, n, vocabulary, {"memory": memory, "recurrence": recurrence})
        tally["layouts"] += len(rows)
        assert context + query + target == [row["token"] for row in rows], "layouts differ"


def check_batch(release, draw, tally):
    """Masks, positions and merge weights of one padded batch in one profile."""
    memory, recurrence = draw.choice(list(NAMES))
    n, vocabulary, beginning = draw.randint(1, 4), 20, 1
    profile = {"memory": memory, "recurrence": recurrence, "sink": draw.choice(["off", "on"])}
    again = draw.random() < 0.3
    texts = [random_text(draw, vocabulary, beginning, again) for _ in range(draw.randint(1, 3))]
    if memory == "merge" and recurrence == "separate":
        texts = [text if len(text) > 1 else [[beginning], *text] for text in texts]  # a SUM block in every text
    batch = ccm_structure.padded([ccm_structure.layout(text, n, vocabulary, profile) for text in texts])
    ids = [[row["token"] for row in rows if row["role"] != "p"] for rows in batch]
    inputs = collections.defaultdict(list, {"input_ids": ids, "attention_mask": [[1] * len(one) for one in ids],
                                            "prompt_input_ids": ids})
    inputs = release.collator.pad_inputs("left", inputs, -100, 0)
    comp = [vocabulary + j for j in range(n)]
    total = [vocabulary + n + j for j in range(n)]
    arguments = types.SimpleNamespace(attn_type=NAMES[memory, recurrence], comp_type="online", add_comp_token=True)
    inputs = release.collator.prepare_comp_attn_mask_llama(
        inputs, arguments, comp, total, 0, sink_token=beginning if profile["sink"] == "on" else None)
    theirs = inputs["attention_mask_comp"][:, 0].bool().tril()
    model = types.SimpleNamespace(comp_token=comp, sum_token=total if memory == "merge" else None)
    if inputs["input_ids"].max() < vocabulary:
        model.sum_token = None  # without memory rows the release has nothing to merge
    memory_rows, _, weights = release.llama.LlamaModelCCM.get_comp_sum_mask(model, inputs["input_ids"])
    positions = release.llama.update_position_ids(memory_rows, comp, inputs["attention_mask"])
    for b, rows in enumerate(batch):
        real = [r for r, row in enumerate(rows) if row["role"] != "p"]
        assert inputs["input_ids"][b].tolist() == [row["token"] for row in rows], "padding differs"
        assert positions[b].tolist() == [row["position"] for row in rows], "positions differ"
        tally["positions"] += len(rows)
        ours = torch.tensor(ccm_structure.mask(rows, beginning, profile))
        assert torch.equal(ours[real], theirs[b][real]), "masks differ"
        tally["mask cells"] += len(real) * len(rows)
        tally["profiles"].add((*profile.values(), n, again))
        is_memory = [row["role"] in "cs" for row in rows]
        if any(is_memory):
            assert [bool(value) for value in memory_rows[b]] == is_memory, "gates differ"
            tally["gates"] += len(rows)
        if weights is not None:
            tally["merge weights"] += check_weights(rows, weights[b], profile)


def check_gist(release, draw, tally):
    """Gist's mask is that of concat with all contexts in one segment."""
    n, vocabulary = draw.randint(1, 4), 20
    text = [random_text(draw, vocabulary, 1, False)[0] for _ in range(2)]
    rows = ccm_structure.layout(text, n, vocabulary, {})
    comp, ids = [vocabulary + j for j in range(n)], torch.tensor([[row["token"] for row in rows]])
    inputs = {"input_ids": ids, "prompt_input_ids": ids}
    arguments = types.SimpleNamespace(attn_type="gist", comp_type="fixed", add_comp_token=True)
    inputs = release.collator.prepare_comp_attn_mask_llama(inputs, arguments, comp, None, 0)
    theirs = inputs["attention_mask_comp"][0, 0].bool().tril()
    assert torch.equal(torch.tensor(ccm_structure.mask(rows, -1, {})), theirs), "gist masks differ"
    tally["gist mask cells"] += len(rows) ** 2


def check_weights(rows, theirs, profile):
    """The matrix that makes merged keys and values, row by row; returns the number of its cells."""
    for r, row in enumerate(rows):
        ours = [0.0] * len(rows)
        if row["role"] == "s":
            before = [c for c in range(r) if rows[c]["role"] == "c" and rows[c]["index"] == row["index"]]
            for c, weight in zip(before, ccm_structure.weights(len(before), profile)):
                ours[c] = float(weight)
        assert np.allclose(theirs[r].double().numpy(), ours, rtol=1e-6, atol=0), "merge weights differ"
    return len(rows) ** 2


def check_embeddings(release, draw, tally):
    """CCM-21's first values, and the ids of CCM-2 in one table."""
    m, vocabulary, width = draw.randint(1, 8), draw.randint(8, 40), 6
    base = torch.nn.Embedding(vocabulary, width)
    both = release.utils.SeparatedEmbedding(base, m)
    matrix = base.weight.detach().numpy()
    ours = np.array([matrix[m - 1 - row :: m].mean(0) for row in range(m)])
    theirs = both(torch.arange(vocabulary + m)).detach().numpy()
    assert np.allclose(theirs[vocabulary:], ours, rtol=1e-5, atol=1e-6) and (theirs[:vocabulary] == matrix).all()
    tally["embedding values"] += ours.size


def check_attention(release, draw, tally, folder):
    """A whole attention block with its conditional LoRA and its merge, in float64 but for the release's softmax."""
    n, vocabulary, beginning = draw.randint(1, 3), 20, 1
    memory, recurrence = draw.choice(list(NAMES))
    profile = {"memory": memory, "recurrence": recurrence, "sink": draw.choice(["off", "on"])}
    model = ccm_model.Model(ccm_model.write_random(
        folder / str(draw.random()), draw.randrange(10**6), n, layers=1, heads=4, kv_heads=4, head_dim=4, width=16,
        vocabulary=vocabulary))
    text = random_text(draw, vocabulary, beginning, False)
    rows = ccm_structure.layout([[beginning], *text], n, vocabulary, profile)
    trace = ccm_numpy.parallel(model, rows, beginning, profile)
    config = types.SimpleNamespace(hidden_size=16, num_attention_heads=4, max_position_embeddings=512)
    block = release.llama.LlamaAttention(config).double()
    for name in ccm_model.PROJECTIONS:
        setattr(block, name, conditional(release, model, name))
    comp, total = [vocabulary + j for j in range(n)], [vocabulary + n + j for j in range(n)]
    ids = torch.tensor([[row["token"] for row in rows]])
    owner = types.SimpleNamespace(comp_token=comp, sum_token=total if memory == "merge" else None)
    memory_rows, sum_rows, weights = release.llama.LlamaModelCCM.get_comp_sum_mask(owner, ids)
    hidden = torch.tensor(ccm_structure.mask(rows, beginning, profile)).logical_not()[None, None]
    added = torch.zeros(hidden.shape, dtype=torch.float64).masked_fill(hidden, torch.finfo(torch.float64).min)
    positions = torch.tensor([[row["position"] for row in rows]])
    with torch.no_grad():
        output, _, (keys, values) = block(
            torch.tensor(trace["layers.0.attention.norm"])[None], memory_rows, sum_rows, weights, added, positions,
            max_id=positions.max() + 1, use_cache=True)
    pairs = {"key": keys[0].transpose(0, 1).flatten(1), "value": values[0].transpose(0, 1).flatten(1),
             "output": output[0]}
    for name, theirs in pairs.items():
        ours = trace[f"layers.0.attention.{name}"]
        error = np.abs(theirs.numpy() - ours).max() / np.abs(ours).max()
        # Merge weights and softmax of the release are float32.
        assert error < 1e-6, f"attention {name} differs by {error:.1e}"
        tally["worst"][f"attention {name}"] = max(tally["worst"][f"attention {name}"], error)
        tally["attention values"] += ours.size


def conditional(release, model, name):
    """The release's conditional LoRA layer with a model's weights, without its constructor."""
    layer = release.lora.Linear.__new__(release.lora.Linear)
    torch.nn.Module.__init__(layer)
    layer.weight = torch.nn.Parameter(torch.tensor(model.base.blocks[0][name]))
    low, high = (torch.tensor(array) for array in model.low_rank(0, name))
    layer.bias, layer.fan_in_fan_out, layer.merged, layer.disable_adapters = None, False, False, False
    layer.active_adapter, layer.r, layer.scaling = "a", {"a": len(low)}, {"a": model.scale}
    for part, matrix in (("lora_A", low), ("lora_B", high)):
        linear = torch.nn.Linear(*matrix.shape[::-1], bias=False)
        linear.weight = torch.nn.Parameter(matrix)
        setattr(layer, part, torch.nn.ModuleDict({"a": linear}))
    layer.lora_dropout = {"a": torch.nn.Identity()}
    return layer


def check_means(release, draw, tally):
    """The online mean of the release, with a sink in front: without one its function fails at this commit."""
    n, contexts, layers = draw.randint(1, 3), draw.randint(2, 6), 2
    entries = torch.randn(contexts, layers, 2, 1, 2, n, 4, dtype=torch.float64)
    sink = torch.randn(layers, 2, 1, 2, 1, 4, dtype=torch.float64)
    held = [[torch.cat([sink[layer, part], entries[0, layer, part]], 2) for part in (0, 1)] for layer in range(layers)]
    for t in range(1, contexts):
        held = [[torch.cat([held[layer][part], entries[t, layer, part]], 2) for part in (0, 1)]
                for layer in range(layers)]
        held = release.utils.merge_comp_results(held, n, t)
    ours = ccm_numpy.running_means(entries.numpy(), {})[-1]
    for layer, part in itertools.product(range(layers), (0, 1)):
        assert torch.equal(held[layer][part][:, :, :1], sink[layer, part]), "the sink moved"
        error = np.abs(held[layer][part][:, :, 1:].numpy() - ours[layer, part]).max()
        assert error < 1e-14, f"running means differ by {error:.1e}"
        tally["worst"]["running mean"] = max(tally["worst"]["running mean"], error)
        tally["mean values"] += ours[layer, part].size


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=pathlib.Path, help="a checkout of snu-mllab/Context-Memory")
    parser.add_argument("--layouts", type=int, default=400, metavar="N", help="random batches")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    missing = [path for path in NEEDED if not (options.path / path).is_file()]
    if missing:
        print(f"no checkout of the release at {options.path}: {missing[0]} is missing", file=sys.stderr)
        return 2
    release, draw = Release(options.path), random.Random(options.seed)
    torch.manual_seed(options.seed)
    torch.set_num_threads(1)
    tally = collections.Counter({"worst": collections.Counter()})
    tally["profiles"] = set()
    try:
        with tempfile.TemporaryDirectory() as folder:
            for number in range(options.layouts):
                check_batch(release, draw, tally)
                check_gist(release, draw, tally)
                if number % 10 == 0:
                    check_layouts(release, draw, tally)
                    check_embeddings(release, draw, tally)
                    check_means(release, draw, tally)
                    check_attention(release, draw, tally, pathlib.Path(folder))
    except AssertionError as problem:
        print(f"PROBLEM {problem}")
        return 1
    worst, profiles = tally.pop("worst"), len(tally.pop("profiles"))
    print(f"{options.layouts} batches over {profiles} settings of axes, n and repeated BOS; equal: "
          + ", ".join(f"{count} {what}" for what, count in sorted(tally.items())))
    print("largest differences: " + ", ".join(f"{what} {value:.1e}" for what, value in sorted(worst.items())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
