#!/usr/bin/env python3
"""The cache baselines in NumPy as a candidate: every operation of chapter 19, in float64, float32, bfloat16 and
float16.

  pip install -r Tests/Candidates/requirements-drive.txt
  loma conform --vectors Vectors/peers -- python3 Tests/Candidates/cache/candidate_cache_numpy.py

Stages are those of cache_numpy.py, the model is cache_decoder.py's: entries that are dropped are hidden, DMC is
computed in its parallel form.
"""

import functools

import numpy as np

import cache_protocol  # first: it makes the modules of the folder above known
import cache_decoder
import cache_numpy
import cache_structure
import loma_protocol
import tensors


@functools.cache
def load_model(directory, element):
    return cache_decoder.Model(directory, element)


def evict(params, given, forced):
    scores, choice = cache_numpy.evict(
        given["probabilities"], params["kv_heads"], params["window"], params["budget"], forced)
    rows = min(params["budget"], given["probabilities"].shape[-1])
    bits = cache_structure.entry_bits(params["kv_heads"], params["head_dim"], rows)
    return {"scores": scores, "choice": choice, "bits": np.array(bits)}


def zigzag_budgets(params, given, forced):
    counts = np.array([cache_numpy.needed(layer, params["window"]) for layer in given["probabilities"]])
    rows = given["probabilities"].shape[-1]
    budgets = cache_structure.shared_budgets(counts.sum(1).tolist(), params["total"], params["least"], rows)
    bits = cache_structure.entry_bits(params["kv_heads"], params["head_dim"], sum(budgets))
    return {"counts": counts, "budgets": np.array(budgets), "bits": np.array(bits)}


def think(params, given, forced):
    names = ("kv_heads", "heads", "window", "pruned", "recent")
    found = cache_numpy.think(given["query"], given["key"], *(params[name] for name in names), forced)
    rows, width = given["key"].shape
    bits = cache_structure.think_bits(
        params["kv_heads"], width // params["kv_heads"], rows, params["pruned"], params["recent"])
    return dict(zip(("scores", "choice", "keys"), found)) | {"bits": np.array(bits)}


def zip_cache(params, given, forced):
    sizes = [params[name] for name in ("kv_heads", "low", "low_bits", "high_bits")]
    found = cache_numpy.zip_cache(
        given["key"], given["value"], given["probabilities"], *sizes, given.get("probe"), forced)
    rows, width = given["key"].shape
    bits = cache_structure.zip_bits(sizes[0], width // sizes[0], rows, *sizes[1:])
    return {name: x for name, x in found.items() if not name.endswith(".margin")} | {"bits": np.array(bits)}


def pyramid_step(params, given, forced):
    found = cache_numpy.pyramid_step(given["probabilities"], params["recent"], params["count"], forced)
    return dict(zip(("scores", "choice"), found))


def layer_distances(params, given, forced):
    found = cache_numpy.layer_distances(given["keys"], given["values"], params["kv_heads"])
    return dict(zip(("distances", "pairs"), found))


def dmc(params, given, forced):
    found = cache_numpy.dmc(
        given["query"], given["key"], given["value"], params["heads"], params["kv_heads"], float(params["theta"]))
    width = given["key"].shape[1] // params["kv_heads"]
    del found["probabilities"]
    return found | {"bits": np.array(cache_structure.entry_bits(1, width, int(found["starts"].sum())))}


def truncate_rank(params, given, forced):
    return dict(zip(("singular_values", "weight"), cache_numpy.truncate_rank(given["weight"], params["rank"])))


def pursue(params, given, forced):
    found = cache_numpy.pursue(given["vectors"], given["atoms"], params["steps"], forced)
    bits = cache_structure.pursuit_bits(len(given["vectors"]), len(given["atoms"]), params["steps"])
    return dict(zip(("choice", "weights", "vectors"), found)) | {"bits": np.array(bits)}


def store_noise(params, given, forced):
    noise = cache_numpy.Noise(params["seed"])
    return {"numbers": cache_numpy.store_noise(given["numbers"], params["kv_heads"], params["sigma"], noise)}


OPERATIONS = {f.__name__: f for f in (
    evict, zigzag_budgets, think, zip_cache, pyramid_step, layer_distances, dmc, truncate_rank, pursue, store_noise)}


def answer(request):
    """The tensors, and the element type in which they are written."""
    element = tensors.TYPES[request.dtype]
    given = {name: element.store(array.astype(element.accumulation)) if array.dtype == np.float32 else array
             for name, array in request.input.items()}
    if request.op in cache_structure.STAGES:
        return OPERATIONS[request.op](request.params, given, request.integers("forced_choice")), element
    given |= {name: request.integers(name) for name in cache_protocol.INTEGERS if name in given}
    decoder = cache_decoder.Decoder(load_model(request.model, element), request.baseline, request.params, given)
    return decoder.text(given["tokens"], request.params["prefill"]), element


def save(answered, path):
    named, element = answered
    tensors.save(path, named, element)


def main(name="cache-numpy"):
    loma_protocol.serve(
        name, np.__version__, cache_protocol.OPERATIONS, tensors.TYPES, answer, tensors.load, save, captures=False,
        read=cache_protocol.Request)


if __name__ == "__main__":
    main()
