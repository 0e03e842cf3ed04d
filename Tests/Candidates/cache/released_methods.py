"""Releases that store otherwise: ZipCache, KVSharer, Dynamic Memory Compression."""

import copy
import math
import random
import types

import numpy as np
import torch
from torch.nn import functional

import cache_protocol  # noqa: F401  first: it makes the modules of the folder above known
import cache_numpy
import cache_structure
from cache_trial import Layer
from released import taken
from released_pruning import heads
from released_statements import cells, statements

ZIP = ("transfer_8bit_to_2bit_batchwise", "transfer_2bit_to_8bit_batchwise", "transfer_8bit_to_4bit_batchwise",
       "transfer_4bit_to_8bit_batchwise", "true_channel_wise_quantize", "true_tokenwise_quantize",
       "tokenwise_dequantization", "true_mixedprec_compress_channelwise", "true_mixedprec_decompress_channelwise",
       "true_channel_separate_mixedprec_tokenwise_compress", "true_channel_separate_mixedprec_tokenwise_decompress")


def check_zip(root, draw, tally):
    """BAS-11: saliency with the release's probe rows, and each KV head stored on its own (P-13)."""
    layer = Layer(draw, draw.randint(20, 39))
    layer.head_dim = d = 4 * draw.randint(1, 2)  # the release packs four codes of 2 bits
    group = layer.heads // layer.kv_heads
    query, key, value = (layer.numbers.normal(size=(layer.rows, n * d)) for n in (layer.heads, layer.kv_heads,
                                                                                 layer.kv_heads))
    keys = heads(key, layer.kv_heads).repeat_interleave(group, dim=1)
    low = draw.randint(2, layer.rows - 2)
    hidden = torch.full((layer.rows, layer.rows), float("-inf")).triu(1)
    scope = {
        "torch": torch, "math": math, "nn": torch.nn, "q_len": layer.rows, "kv_seq_len": layer.rows, "bsz": 1,
        "query_states": heads(query, layer.heads), "key_states": keys, "attention_mask": hidden[None, None],
        "self": types.SimpleNamespace(
            head_dim=d, num_heads=layer.heads, num_key_value_groups=group,
            compress_config={"k_unimportant_ratio": (low + 0.5) / layer.rows})}
    exec(statements(root / "zipcache/models/modeling_llama.py", "MixedLlamaAttention", "forward",
                    lambda line: line.startswith("probe_ids"), in_double=True), scope)
    visible = np.tile(np.tri(layer.rows, dtype=bool), (layer.kv_heads, 1, 1))
    probabilities = cache_numpy.attention(query, key, value, visible, layer.heads, layer.kv_heads)[1]
    probe = scope["probe_ids"].tolist()
    scores = cache_numpy.saliency(probabilities, layer.kv_heads, probe)
    tally.near("BAS-11 ZipCache, saliency", scope["token_attn_sum"][0].numpy(), scores)
    bits = draw.choice([2, 4, 8]), draw.choice([2, 4, 8])
    found = cache_numpy.zip_cache(key, value, probabilities, layer.kv_heads, low, *bits, probe)
    theirs = scope["self"].unimportant_ids_k[0].sort(-1).values.numpy()
    tally.holds("BAS-11 ZipCache, unimportant entries", (found["choice"] == theirs).all())
    check_stored(root, layer, key, value, found, bits, tally)


def check_stored(root, layer, key, value, found, bits, tally):
    """Keys of all KV heads at once, and values of each by itself; of all at once, they share ranges (P-13)."""
    parts = taken(root, "zipcache/models/CompressUtils/compress_function.py", ZIP, in_double=True)
    low = torch.tensor(found["choice"])[None]
    high = torch.tensor(np.array([np.setdiff1d(np.arange(layer.rows), rows) for rows in found["choice"]]))[None]
    k, v = (heads(x, layer.kv_heads) for x in (key, value))
    packed = parts.true_mixedprec_compress_channelwise(k, high, low, bits[1], bits[0])
    read = parts.true_mixedprec_decompress_channelwise(
        *packed[:3], bits[1], *packed[3:], bits[0], high, low, torch.float64, k.shape)
    tally.near("BAS-11 ZipCache, keys", read[0].numpy(), cache_numpy.split(found["keys"], layer.kv_heads))

    def values(own):
        taken_rows = v[:, own], high[:, own], low[:, own]
        packed = parts.true_channel_separate_mixedprec_tokenwise_compress(*taken_rows, bits[1], bits[0])
        return parts.true_channel_separate_mixedprec_tokenwise_decompress(
            *packed[:3], bits[1], *packed[3:6], bits[0], packed[6], *taken_rows[1:], torch.float64,
            taken_rows[0].shape)[0].numpy()

    ours = cache_numpy.split(found["values"], layer.kv_heads)
    for head in range(layer.kv_heads):
        tally.near("BAS-11 ZipCache, values of one KV head", values([head])[0], ours[head])
    if layer.kv_heads > 1:
        apart = np.abs(values(list(range(layer.kv_heads))) - ours).max()
        tally.holds("BAS-11 ZipCache, values of several KV heads share ranges and differ (P-13)", apart > 1e-6, apart)


def check_sharer(root, draw, tally):
    """BAS-14: means over texts, distances, their falling order, and chains closed to their root."""
    notebook = root / "test_llama.ipynb"
    layer, layers, texts = Layer(draw), draw.randint(3, 6), draw.randint(1, 4)
    shape = (texts, layers, layer.rows, layer.kv_heads * layer.head_dim)
    keys, values = (layer.numbers.normal(size=shape) for _ in range(2))
    scope = {
        "torch": torch, "np": np, "F": functional, "tqdm": lambda x: x,
        "kv_cache_list": [[(heads(keys[c, n], layer.kv_heads), heads(values[c, n], layer.kv_heads))
                           for n in range(layers)] for c in range(texts)]}
    wanted = ("avg_past_key_values = [(torch", "def compute_euclidean", "pos_rank = []", "def re_map")
    for cell in cells(notebook, *wanted):
        exec(cell, scope)
    distances, pairs = cache_numpy.layer_distances(keys, values, layer.kv_heads)
    tally.near("BAS-14 KVSharer, distances", np.nan_to_num(scope["similarity_matrix"]), distances)
    order = [list(map(int, pair)) for pair in scope["pos_rank"]]
    tally.holds("BAS-14 KVSharer, falling order", order == pairs.tolist())
    share, closed = list(range(layers)), []
    for reader, source in pairs.tolist():
        if share[reader] != reader or draw.random() < 0.4:
            continue
        share[reader] = source
        again = scope["re_map"](dict(enumerate(share)))
        closed = [cache_structure.root(share, n) for n in range(layers)]
        tally.holds("BAS-14 KVSharer, chains", [again[n] for n in range(layers)] == closed, share, again)


    check_search(notebook, scope, pairs.tolist(), layers, draw, tally)


def check_search(notebook, scope, pairs, layers, draw, tally):
    """BAS-14: the map that is found where a cosine is drawn for every map, the same for the release and for us."""
    seed, maps = draw.randrange(2**32), draw.randint(1, layers)

    def cosine(share):
        return random.Random(f"{seed}{share}").random()

    share = cache_structure.search(pairs, layers, maps, lambda tried: cosine(tried) > 0.5)
    scope |= {
        "llama": types.SimpleNamespace(model=types.SimpleNamespace(layers=range(layers))), "tokenizer": None,
        "calibration_set": None, "deepcopy": copy.deepcopy, "THRESHOLD": 0.5, "SHARE_LAYERS": maps,
        "cal_last_hidden_sim": lambda _, __, tried, *more: cosine([tried[n] for n in range(layers)])}
    for cell in cells(notebook, "shared_num_layers = 0"):
        exec(cell, scope)
    found = [scope["kv_cache_share_layers_map"][n] for n in range(layers)]
    tally.holds("BAS-14 KVSharer, the map found", found == share, found, share, pairs)


def check_dmc(root, draw, tally):
    """BAS-15 with a window as long as the text; the release adds ε of float64 to each weight (P-17)."""
    layer = Layer(draw, draw.randint(1, 30))
    d, group = layer.head_dim, layer.heads // layer.kv_heads
    arguments = types.SimpleNamespace(dmc_init_val=5, dmc_window_size=layer.rows, dmc_temp=0.1)
    parts = taken(
        root, "megatron/contrib/dmc/dmc.py", ["get_decisions", "DynamicPooler", "_poolsum", "poolsum"], in_double=True,
        get_args=lambda: arguments, MASK_CONST=-50000.0, layer_decisions=[])
    query, key, value = (layer.numbers.normal(size=(layer.rows, n, d)) for n in (layer.heads, layer.kv_heads,
                                                                                layer.kv_heads))
    key[..., -1] = key[..., -1] * 2 + 5
    query[..., -1] = query[..., -1] * 2 - 4
    pooler = parts.DynamicPooler().eval()
    found = pooler.downsample(*(torch.tensor(x)[:, None].clone() for x in (query, key, value)), False)
    queries, keys, values, bias = (x.numpy() for x in found)
    ours = cache_numpy.dmc(*(x.reshape(layer.rows, -1) for x in (query, key, value)), layer.heads, layer.kv_heads, 1e4)
    limit = 1e-10  # of ε/ω
    repeated = [
        np.repeat(ours[name].reshape(layer.rows, layer.kv_heads, d), group, axis=1) for name in ("keys", "values")]
    tally.near("BAS-15 DMC, partial means of values", values[:, 0], repeated[1], limit)
    keys[..., -1] = 0
    turned = [cache_numpy.rotated(x[:, 0].reshape(layer.rows, -1), range(layer.rows), d, 1e4) for x in (queries, keys)]
    turned = [x.reshape(layer.rows, layer.heads, d) for x in turned]
    for x in turned:
        x[..., -1] = 0  # as DMCAttention.forward does behind the rotation
    tally.near("BAS-15 DMC, partial means of keys", turned[1], repeated[0], limit)
    hidden = np.where(np.tri(layer.rows, dtype=bool), bias[0], -np.inf)
    scores = np.einsum("qhd,khd->hqk", *turned) / math.sqrt(d) + hidden
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    context = np.einsum("hqk,khd->qhd", weights, values[:, 0])
    tally.near("BAS-15 DMC, context", context.reshape(layer.rows, -1), ours["context"], limit)
    seen = (bias[0] > -1) & np.tri(layer.rows, dtype=bool)
    tally.holds("BAS-15 DMC, visible entries", (seen == (ours["probabilities"] > 0)).all())
