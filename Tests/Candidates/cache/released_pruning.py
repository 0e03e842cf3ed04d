"""Releases that leave out channels, entries or rows: ThinK, kvpress, PyramidInfer."""

import dataclasses
import math
import types

import numpy as np
import torch

import cache_protocol  # noqa: F401  first: it makes the modules of the folder above known
import cache_numpy
from cache_trial import Layer
from released import taken
from released_statements import statements


def heads(x, count):
    """[T, heads * d] as the releases have it, [1, heads, T, d]."""
    return torch.tensor(cache_numpy.split(x.astype(np.float64), count))[None]


def back(x):
    return cache_numpy.joined(x[0].numpy())


def layer_of(draw, rows):
    layer = Layer(draw, rows)
    layer.query, layer.key = (x.astype(np.float64) for x in (layer.query, layer.key))
    return layer


def check_think(root, draw, tally):
    """BAS-10 with one query head a KV head, w_q = 32; and grouped heads as the release has them, repeated (P-12)."""
    prune = taken(root, "ThinK_eager/src/kv_pruning_utils.py", ["key_pruner_query_driven"]).key_pruner_query_driven
    layer = layer_of(draw, draw.randint(2, 40))
    recent, pruned = draw.randint(1, layer.rows - 1), draw.randint(0, layer.head_dim - 1)
    ratio = (pruned + 0.5) / layer.head_dim  # so that the release's int() gives this number (BAS-2)
    keys = cache_numpy.split(layer.key, layer.kv_heads).repeat(layer.heads // layer.kv_heads, axis=0)
    old, new, kept = prune(
        torch.tensor(keys)[None], heads(layer.query, layer.heads), recent_size=recent, ratio=ratio)
    _, choice, read = cache_numpy.think(
        layer.query, cache_numpy.joined(keys), layer.heads, layer.heads, 32, pruned, recent)
    grouped = layer.heads > layer.kv_heads
    clause = "BAS-10 ThinK, " + ("keys repeated for each query head" if grouped else "H = G")
    mask = np.ones((layer.heads, layer.head_dim), dtype=bool)
    np.put_along_axis(mask, choice, False, 1)
    tally.holds(clause, (kept[0].numpy() == mask).all(), choice, kept)
    read = cache_numpy.split(read, layer.heads)
    for head in range(layer.heads):
        tally.holds(clause, (old[0, head].numpy() == read[head][: layer.rows - recent][:, mask[head]]).all())
        tally.holds(clause, (new[0, head].numpy() == read[head][layer.rows - recent :]).all())


def check_presses(root, draw, tally):
    """BAS-10 with R = 0, since kvpress prunes recent keys too; BAS-12 by SnapKV with a kernel of one."""
    given = {"dataclass": dataclasses.dataclass, "BasePress": object, "repeat_kv": None, "rotate_half": None,
             "nn": torch.nn, "logger": None}
    think = taken(root, "kvpress/presses/think_press.py", ["ThinKPress"], **given).ThinKPress
    scorer = taken(root, "kvpress/presses/scorer_press.py", ["ScorerPress"], **given).ScorerPress
    snap = taken(root, "kvpress/presses/snapkv_press.py", ["SnapKVPress"], ScorerPress=scorer, **given).SnapKVPress
    layer = layer_of(draw, draw.randint(2, 30))
    d, window = layer.head_dim, draw.randint(1, layer.rows - 1)
    module = types.SimpleNamespace(
        config=types.SimpleNamespace(num_attention_heads=layer.heads), head_dim=d)
    keys, pruned = heads(layer.key, layer.kv_heads), draw.randint(1, d)
    press = think(key_channel_compression_ratio=min((pruned + 0.5) / d, 1.0), window_size=window)
    press.compute_window_queries = lambda *_: heads(layer.query, layer.heads)[:, :, -window:]
    found, _ = press.compress(module, None, keys, None, None, {"hidden_states": None, "position_embeddings": None})
    _, _, read = cache_numpy.think(layer.query, layer.key, layer.kv_heads, layer.heads, window, pruned, 0)
    tally.holds("BAS-10 ThinKPress, R = 0", (back(found) == read).all())
    budget = draw.randint(window, layer.rows)
    places = torch.arange(layer.rows, dtype=torch.float64)[None, None, :, None].expand(1, layer.kv_heads, -1, d)
    press = snap(compression_ratio=1 - (budget + 0.5) / layer.rows if budget < layer.rows else 0.0,
                 window_size=window, kernel_size=1)
    probabilities = layer.probabilities.astype(np.float64)
    scores = press.score(module, torch.zeros(1, layer.rows, 1), places, None, torch.tensor(probabilities)[None], {})
    kept, _ = press.compress(
        module, torch.zeros(1, layer.rows, 1), places, places, torch.tensor(probabilities)[None], {})
    ours, choice = cache_numpy.evict(probabilities, layer.kv_heads, window, budget)
    count = window * (layer.heads // layer.kv_heads)
    tally.near("BAS-12 SnapKVPress, scores", scores[0, :, : layer.rows - window].numpy() * count, ours)
    # Equal scores may fall either way in torch.topk (BAS-3).
    clear = all(len(set(row)) == len(row) for row in ours.tolist())
    if clear:
        tally.holds("BAS-12 SnapKVPress, entries", (kept[0, :, :, 0].sort(-1).values.numpy() == choice).all())


def check_pyramid(root, draw, tally):
    """BAS-13, layer after layer, with the counts that the release derives; random probabilities at each layer."""
    step = statements(
        root / "models/modeling_llama_pyramidinfer.py", "LlamaModel", "forward",
        lambda node: "prefill_decay_strategy == 'linear'" in node, in_double=True)
    layer = Layer(draw, draw.randint(8, 40))
    count, layers = layer.rows, 4
    recent_length = int(0.2 * count)
    recent = 1 + recent_length
    scope = {
        "math": math, "torch": torch, "prefill_decay_strategy": "cosine",
        "prefill_decay_ratio": draw.choice([0.3, 0.6]),
        "self": types.SimpleNamespace(config=types.SimpleNamespace(num_hidden_layers=layers)), "distance_weight": 1.2,
        "layerwise_downsample_interval": 1, "recent_length": recent_length, "streamingllm_sink_len": 4,
        "min_context_length": draw.randint(4, 6), "selected_position_ids": torch.arange(count)[None],
        "hidden_states": torch.arange(count, dtype=torch.float64)[None, :, None], "past_kv_seq_lens": None,
        "recent_attn_weights": None}
    alive = np.arange(count)
    for index in range(layers):
        layer.rows = len(alive)
        probabilities = layer.attention().astype(np.float64)
        before = scope["selected_position_ids"].shape[1]
        scope |= {"idx": index, "layer_outputs": (None, torch.tensor(probabilities)[None].clone())}
        exec(step, scope)
        kept = scope["selected_position_ids"].shape[1] - recent
        scores, choice = cache_numpy.pyramid_step(probabilities, recent, kept)
        if len(set(scores[4:].tolist())) < len(scores[4:]):
            return  # equal scores may fall either way in torch.topk (BAS-3)
        alive = alive[choice]
        found = scope["selected_position_ids"][0].numpy()
        tally.holds("BAS-13 PyramidInfer, positions", found.tolist() == alive.tolist(), found, alive)
        tally.holds("BAS-13 PyramidInfer, rows", scope["hidden_states"][0, :, 0].tolist() == alive.tolist())
        tally.holds("BAS-13 PyramidInfer, nothing after layer 0", index > 0 or len(alive) == before)
        theirs = scope["recent2context_attn_weights"][0].numpy()
        tally.near("BAS-13 PyramidInfer, scores", theirs[4:], scores[4:])
