"""A Llama in NumPy over the caches of chapter 19, in any element type.

A prefill is computed in one pass, a baseline turns what it left into a cache by layer, and later rows are computed on
the entries alive in their KV head and on each other (BAS-8, BAS-9). A cache has a place for every row of the prefill.
"""

import pathlib
import typing

import ml_dtypes  # noqa: F401  by being imported it gives NumPy the type bfloat16
import numpy as np
from safetensors.numpy import load_file

import cache_protocol  # noqa: F401  first: it makes the modules of the folder above known
import cache_numpy
import cache_structure
import loma_model
import numpy_llama
import tensors


class Model:
    """A directory of MOD-1 in an element type, held in its accumulation type."""

    def __init__(self, directory, element=tensors.TYPES["f64"]):
        config, self.element = loma_model.settings(directory), element
        weights = {name: self.keep(array.astype(element.accumulation))
                   for name, array in load_file(pathlib.Path(directory) / "model.safetensors").items()}
        self.layers, self.heads = config["num_hidden_layers"], config["num_attention_heads"]
        self.kv_heads, self.head_dim = config["num_key_value_heads"], config["head_dim"]
        self.epsilon, self.theta = config["rms_norm_eps"], config["rope_theta"]
        self.embedding, self.gain = weights["model.embed_tokens.weight"], weights["model.norm.weight"]
        self.head = self.embedding if config["tie_word_embeddings"] else weights["lm_head.weight"]
        self.blocks = [
            {name.removesuffix(".weight").split(".")[-1]: array for name, array in weights.items()
             if name.startswith(f"model.layers.{layer}.")} for layer in range(self.layers)]

    def keep(self, x):
        """Rounded to the element type, in its accumulation type."""
        return self.element.store(np.asarray(x, dtype=self.element.accumulation))


class Observation(typing.NamedTuple):
    """What a layer computed of the rows that entered it."""

    rows: np.ndarray
    query: np.ndarray
    key: np.ndarray
    unrotated_key: np.ndarray
    value: np.ndarray
    probabilities: np.ndarray
    starts: typing.Any = None


class Cache(typing.NamedTuple):
    """Keys and values as they are read [T, G * d], 0 where their KV head does not keep the entry, and what it keeps
    [G, T]. Under DMC an entry stands at the last row of its run."""

    keys: np.ndarray
    values: np.ndarray
    alive: np.ndarray


class Decoder:
    """A model under a baseline; `given` has its integer tensors as lists and its dictionaries as arrays."""

    def __init__(self, model, baseline, params, given):
        self.model, self.baseline, self.params, self.given = model, baseline, params, given
        self.blocks = self.truncated() if baseline == "lorc" else model.blocks

    def truncated(self):
        """BAS-16: the blocks with key and value weights of low rank."""
        blocks = []
        for layer, block in enumerate(self.model.blocks):
            ranks = {"k_proj": self.given["key_ranks"][layer], "v_proj": self.given["value_ranks"][layer]}
            blocks.append(block | {name: self.model.keep(cache_numpy.truncate_rank(block[name], rank)[1])
                                   for name, rank in ranks.items()})
        return blocks

    def linear(self, x, weight):
        return self.model.keep(x @ weight.T)

    def norm(self, x, gain):
        return self.model.keep(numpy_llama.rms_norm(x, gain, self.model.epsilon))

    def rope(self, x, positions):
        return self.model.keep(numpy_llama.rope(x, positions, self.model.head_dim, self.model.theta))

    def root(self, layer):
        """Whose entries a layer reads (BAS-14)."""
        return cache_structure.root(self.given["share"], layer) if self.baseline == "kv_sharer" else layer

    def observe(self, layer, normed, rows, seen, caches):
        """The context of a layer's attention, and what it computed."""
        model, block, source = self.model, self.blocks[layer], self.root(layer)
        unrotated = self.linear(normed, block["q_proj"])
        if source == layer:
            plain, value = self.linear(normed, block["k_proj"]), self.linear(normed, block["v_proj"])
            key = self.rope(plain, rows)
        else:
            plain, key, value = seen[source].unrotated_key, seen[source].key, seen[source].value
        if self.baseline == "dmc":
            found = cache_numpy.dmc(unrotated, plain, value, model.heads, model.kv_heads, model.theta)
            keys, values, context, probabilities = map(
                model.keep, (found[name] for name in ("keys", "values", "context", "probabilities")))
            return context, Observation(rows, unrotated, keys, plain, values, probabilities, found["starts"])
        query = self.rope(unrotated, rows)
        visible = np.tile(np.tri(len(rows), dtype=bool), (model.kv_heads, 1, 1))
        keys, values = key, value
        if caches:
            before = caches[layer]
            keys, values = np.concatenate([before.keys, key]), np.concatenate([before.values, value])
            visible = np.concatenate([np.repeat(before.alive[:, None], len(rows), 1), visible], axis=2)
        context, probabilities = map(
            model.keep, cache_numpy.attention(query, keys, values, visible, model.heads, model.kv_heads))
        return context, Observation(rows, query, key, plain, value, probabilities)

    def run(self, tokens, start, caches=None):
        """Observations by layer, and the logits of the rows that are left after the last."""
        model, seen = self.model, []
        x, rows = model.embedding[tokens], np.arange(start, start + len(tokens))
        for layer, block in enumerate(self.blocks):
            context, found = self.observe(layer, self.norm(x, block["input_layernorm"]), rows, seen, caches)
            seen.append(found)
            middle = model.keep(x + self.linear(context, block["o_proj"]))
            normed = self.norm(middle, block["post_attention_layernorm"])
            gate, up = self.linear(normed, block["gate_proj"]), self.linear(normed, block["up_proj"])
            inner = model.keep(numpy_llama.silu(gate) * up)
            x = model.keep(middle + self.linear(inner, block["down_proj"]))
            if self.baseline == "pyramid_infer" and not caches and layer + 1 < model.layers:
                recent, count = self.params["recent"], self.given["counts"][layer]
                _, left = cache_numpy.pyramid_step(found.probabilities, recent, count)
                x, rows = x[left], rows[left]
        return seen, self.linear(self.norm(x, model.gain), model.head)

    def caches(self, seen, rows):
        """What the baseline leaves of a prefill of so many rows, and its bits."""
        caches = []
        for layer, found in enumerate(seen):
            keys, values, alive = self.compressed(layer, found, rows)
            kept = np.repeat(alive.T, self.model.head_dim, axis=1)
            keys, values = (np.where(kept, x, 0) for x in (keys, values))
            caches.append(Cache(self.model.keep(keys), self.model.keep(values), alive))
        return caches, self.bits(caches, seen, rows)

    def compressed(self, layer, found, rows):
        """Keys and values as they are read, and the entries alive [G, T]."""
        model, params, given = self.model, self.params, self.given
        kv_heads, alive = model.kv_heads, np.ones((model.kv_heads, rows), dtype=bool)
        key, value = found.key, found.value
        if self.baseline in ("eviction", "zigzag"):
            budget = params["budget"] if self.baseline == "eviction" else self.budgets[layer]
            _, choice = cache_numpy.evict(found.probabilities, kv_heads, params["window"], budget)
            alive[:] = False
            np.put_along_axis(alive, choice, True, 1)
        elif self.baseline == "think":
            numbers = (params[name] for name in ("window", "pruned", "recent"))
            key = cache_numpy.think(found.query, key, kv_heads, model.heads, *numbers)[2]
        elif self.baseline == "zip_cache":
            numbers = (params[name] for name in ("low", "low_bits", "high_bits"))
            read = cache_numpy.zip_cache(key, value, found.probabilities, kv_heads, *numbers, given.get("probe"))
            key, value = read["keys"], read["values"]
        elif self.baseline == "pyramid_infer":
            alive[:] = np.isin(np.arange(rows), found.rows)
            key, value = (placed(x, found.rows, rows) for x in (key, value))
        elif self.baseline == "dmc":
            alive = np.concatenate([found.starts[:, 1:], np.ones((kv_heads, 1), dtype=bool)], axis=1)
        elif self.baseline == "csr":
            key, value = (self.sparse(x, given[name][layer]) for x, name in (
                (found.unrotated_key, "key_atoms"), (value, "value_atoms")))
            key = self.rope(model.keep(key), found.rows)
        elif self.baseline == "noise":
            noise = cache_numpy.Noise(params["seed"] + layer)
            key, value = (cache_numpy.store_noise(x, kv_heads, params["sigma"], noise) for x in (key, value))
        return key, value, alive

    def sparse(self, x, atoms):
        """BAS-17 for every head's vectors of [T, G * d]."""
        vectors = x.reshape(-1, self.model.head_dim)
        return cache_numpy.pursue(vectors, np.asarray(atoms, x.dtype), self.params["steps"])[2].reshape(x.shape)

    def bits(self, caches, seen, rows):
        """BAS-6 for all layers."""
        model, params, given = self.model, self.params, self.given
        sizes = model.kv_heads, model.head_dim
        if self.baseline == "think":
            return model.layers * cache_structure.think_bits(*sizes, rows, params["pruned"], params["recent"])
        if self.baseline == "zip_cache":
            numbers = (params[name] for name in ("low", "low_bits", "high_bits"))
            return model.layers * cache_structure.zip_bits(*sizes, rows, *numbers)
        if self.baseline == "lorc":
            return cache_structure.NUMBER * rows * sum([*given["key_ranks"], *given["value_ranks"]])
        if self.baseline == "csr":
            counts = (len(given[name][layer]) for name in ("key_atoms", "value_atoms") for layer in range(model.layers))
            return sum(cache_structure.pursuit_bits(rows * model.kv_heads, n, params["steps"]) for n in counts)
        if self.baseline == "kv_sharer":
            return cache_structure.entry_bits(*sizes, rows) * sum(self.root(n) == n for n in range(model.layers))
        if self.baseline == "dmc":
            return cache_structure.entry_bits(1, model.head_dim, int(sum(found.starts.sum() for found in seen)))
        return cache_structure.entry_bits(1, model.head_dim, int(sum(cache.alive.sum() for cache in caches)))

    def text(self, tokens, prefill):
        """The tensors of `cached_forward`."""
        if self.baseline == "dmc":
            seen, logits = self.run(tokens, 0)  # the parallel form; every token decides, wherever the prefill ends
            logits = logits[prefill - 1 :]
            seen = [
                found._replace(key=found.key[:prefill], value=found.value[:prefill], starts=found.starts[:, :prefill])
                for found in seen]
        else:
            seen, logits = self.run(tokens[:prefill], 0)
            logits = logits[-1:]
        if self.baseline == "zigzag":
            counts = [cache_numpy.needed(found.probabilities, self.params["window"]).sum() for found in seen]
            self.budgets = cache_structure.shared_budgets(
                list(map(int, counts)), self.params["total"], self.params["least"], prefill)
        caches, bits = self.caches(seen, prefill)
        if self.baseline != "dmc" and len(tokens) > prefill:
            logits = np.concatenate([logits, self.run(tokens[prefill:], prefill, caches)[1]])
        return {"logits": logits, "cache.keys": np.array([cache.keys for cache in caches]),
                "cache.values": np.array([cache.values for cache in caches]),
                "cache.alive": np.array([cache.alive for cache in caches]), "bits": np.array(bits)}


def placed(x, rows, count):
    """Numbers of these rows at their places among `count`, 0 elsewhere."""
    whole = np.zeros((count, x.shape[1]), dtype=x.dtype)
    whole[rows] = x
    return whole
