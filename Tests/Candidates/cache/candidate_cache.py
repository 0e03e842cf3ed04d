#!/usr/bin/env python3
"""The cache baselines in PyTorch as a candidate: every operation of chapter 19, in float64, float32, bfloat16 and
float16.

  pip install -r Tests/Candidates/requirements-torch.txt
  loma conform --vectors Vectors/peers -- python3 Tests/Candidates/cache/candidate_cache.py

Each KV head keeps tensors of its own, which shrink; rows behind a prefill are fed one by one, and DMC token by token.
"""

import functools

import torch
from safetensors.torch import load_file, save_file

import cache_protocol  # first: it makes the modules of the folder above known
import cache_structure
import cache_torch
import cache_torch_session
import loma_protocol

DTYPES = {"f64": torch.float64, "f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}


@functools.cache
def load_model(directory, dtype):
    return cache_torch.Model(directory, dtype)


def bits(number):
    return {"bits": torch.tensor(number)}


def evict(p, given):
    scores, choice = cache_torch.eviction(
        given["probabilities"], p["kv_heads"], p["window"], p["budget"], given.get("forced_choice"))
    rows = min(p["budget"], given["probabilities"].shape[-1])
    return {"scores": scores, "choice": choice} | bits(
        cache_structure.entry_bits(p["kv_heads"], p["head_dim"], rows))


def zigzag_budgets(p, given):
    counts = cache_torch.entries_needed(given["probabilities"], p["window"])
    budgets = cache_torch.budgets(counts, p["total"], p["least"], given["probabilities"].shape[-1])
    return {"counts": counts, "budgets": budgets} | bits(
        cache_structure.entry_bits(p["kv_heads"], p["head_dim"], int(budgets.sum())))


def think(p, given):
    names = ("heads", "kv_heads", "window", "pruned", "recent")
    scores, choice, keys = cache_torch.channels(
        given["query"], given["key"], *(p[name] for name in names), given.get("forced_choice"))
    rows, width = keys.shape
    return {"scores": scores, "choice": choice, "keys": keys} | bits(cache_structure.think_bits(
        p["kv_heads"], width // p["kv_heads"], rows, p["pruned"], p["recent"]))


def zip_cache(p, given):
    numbers = [p[name] for name in ("low", "low_bits", "high_bits")]
    found = cache_torch.mixed_bits(
        *(given[name] for name in ("key", "value", "probabilities")), p["kv_heads"], *numbers, given.get("probe"),
        given.get("forced_choice"))
    rows, width = given["key"].shape
    return found | bits(cache_structure.zip_bits(p["kv_heads"], width // p["kv_heads"], rows, *numbers))


def pyramid_step(p, given):
    found = cache_torch.rows_that_go_on(given["probabilities"], p["recent"], p["count"], given.get("forced_choice"))
    return dict(zip(("scores", "choice"), found))


def layer_distances(p, given):
    return dict(zip(("distances", "pairs"), cache_torch.distances(given["keys"], given["values"], p["kv_heads"])))


def dmc(p, given):
    memory = cache_torch.Memory(p["heads"], p["kv_heads"], float(p["theta"]))
    for row in zip(given["query"], given["key"], given["value"]):
        memory.feed(*row)
    found = memory.traced()
    width = given["key"].shape[1] // p["kv_heads"]
    return found | bits(cache_structure.entry_bits(1, width, int(found["starts"].sum())))


def truncate_rank(p, given):
    return dict(zip(("singular_values", "weight"), cache_torch.low_rank(given["weight"], p["rank"])))


def pursue(p, given):
    found = cache_torch.sparse_codes(given["vectors"], given["atoms"], p["steps"], given.get("forced_choice"))
    return dict(zip(("choice", "weights", "vectors"), found)) | bits(
        cache_structure.pursuit_bits(len(given["vectors"]), len(given["atoms"]), p["steps"]))


def store_noise(p, given):
    noise = cache_torch.normals(p["seed"], given["numbers"].numel())
    return {"numbers": cache_torch.noisy(given["numbers"], p["kv_heads"], p["sigma"], noise)}


OPERATIONS = {f.__name__: f for f in (
    evict, zigzag_budgets, think, zip_cache, pyramid_step, layer_distances, dmc, truncate_rank, pursue, store_noise)}


@torch.no_grad()
def answer(request):
    """Tensors by name, numbers in the element type."""
    dtype = DTYPES[request.dtype]
    given = {name: x.to(dtype) if x.is_floating_point() else x for name, x in request.input.items()}
    if request.op in cache_structure.STAGES:
        found = OPERATIONS[request.op](request.params, given)
    else:
        session = cache_torch_session.Session(
            load_model(request.model, dtype), request.baseline, request.params, given)
        found = session.answer(given["tokens"].tolist(), request.params["prefill"])
    return {name: x.to(dtype) if x.is_floating_point() else x for name, x in found.items()}


def save(tensors, path):
    save_file({name: tensor.clone().contiguous() for name, tensor in tensors.items()}, path)


def main(name="cache-torch"):
    torch.set_num_threads(1)
    loma_protocol.serve(
        name, f"torch-{torch.__version__}", cache_protocol.OPERATIONS, DTYPES, answer, load_file, save, captures=False,
        read=cache_protocol.Request)


if __name__ == "__main__":
    main()
