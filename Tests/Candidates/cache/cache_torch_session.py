"""A prefill and the rows behind it in PyTorch: what each KV head of each layer keeps is a tensor of its own (BAS-8)."""

import torch
from torch.nn import functional

import cache_protocol  # noqa: F401  first: it makes the modules of the folder above known
import cache_structure
import cache_torch
from cache_torch import rms_norm, turn


class Layer:
    """One layer's prefill: numbers of the rows that entered it, by KV head where there are such."""

    def __init__(self, rows):
        self.rows = rows


class Session:
    """A text under a baseline; `given` has the tensors of the request."""

    def __init__(self, model, baseline, params, given):
        self.model, self.baseline, self.params, self.given = model, baseline, params, given
        self.group, self.kept, self.bits = model.heads // model.kv_heads, [], 0
        self.share = given["share"].tolist() if baseline == "kv_sharer" else list(range(model.layers))
        if baseline == "dmc":
            self.memories = [cache_torch.Memory(model.heads, model.kv_heads, model.theta) for _ in range(model.layers)]

    def root(self, layer):
        return layer if self.share[layer] == layer else self.root(self.share[layer])

    def projected(self, layer, name, normed):
        weight = self.model.weight(layer, f"self_attn.{name}_proj")
        if self.baseline == "lorc" and name in "kv":
            ranks = self.given["key_ranks" if name == "k" else "value_ranks"]
            weight = cache_torch.low_rank(weight, int(ranks[layer]))[1]
        return functional.linear(normed, weight)

    def heads(self, x):
        return x.unflatten(-1, (-1, self.model.head_dim))

    def turned(self, x, rows):
        return turn(self.heads(x), rows, self.model.theta).flatten(-2)

    def parts(self, layer, x, rows, others):
        """Queries, keys before and after the rotation, and values of rows."""
        normed = rms_norm(x, self.model.weight(layer, "input_layernorm"), self.model.epsilon)
        found = Layer(rows)
        found.query = self.turned(self.projected(layer, "q", normed), rows)
        if self.root(layer) != layer:
            source = others[self.root(layer)]
            found.plain, found.key, found.value = source.plain, source.key, source.value
        else:
            found.plain = self.projected(layer, "k", normed)
            found.key, found.value = self.turned(found.plain, rows), self.projected(layer, "v", normed)
        return found

    def prefill(self, tokens):
        """The logits of the last row; caches are left."""
        model = self.model
        x, rows, seen = model.weights["model.embed_tokens.weight"][tokens], torch.arange(len(tokens)), []
        for layer in range(model.layers):
            found = self.parts(layer, x, rows, seen)
            seen.append(found)
            # Every row has keys up to itself alone, so each is read on its own.
            queries = self.heads(found.query).unflatten(1, (model.kv_heads, -1))
            keys, values = self.heads(found.key), self.heads(found.value)
            contexts, found.probabilities = [], torch.zeros(model.heads, len(rows), len(rows), dtype=model.dtype)
            for row in range(len(rows)):
                for head in range(model.kv_heads):
                    context, weights = cache_torch.read(
                        queries[row : row + 1, head], keys[: row + 1, head], values[: row + 1, head])
                    contexts.append(context.flatten())
                    own = slice(head * self.group, (head + 1) * self.group)
                    found.probabilities[own, row, : row + 1] = weights[:, 0]
            x = model.behind_attention(layer, x, torch.cat(contexts).reshape(len(rows), -1))
            if self.baseline == "pyramid_infer" and layer < model.layers - 1:
                counts = self.given["counts"].tolist()
                _, left = cache_torch.rows_that_go_on(found.probabilities, self.params["recent"], counts[layer])
                x, rows = x[left], rows[left]
        self.compress(seen, len(tokens))
        return model.logits(x[-1:])

    def compress(self, seen, count):
        """Fills `kept`: by layer and KV head, the rows alive and their keys and values; and the bits."""
        params, model = self.params, self.model
        self.count = count
        if self.baseline == "zigzag":
            stacked = torch.stack([found.probabilities for found in seen])
            self.budgets = cache_torch.budgets(
                cache_torch.entries_needed(stacked, params["window"]), params["total"], params["least"], count).tolist()
        for layer, found in enumerate(seen):
            keys, values, choice = self.compressed(layer, found)
            self.kept.append([
                (found.rows[rows], self.heads(keys)[rows, head], self.heads(values)[rows, head])
                for head, rows in enumerate(choice)])
        self.bits = self.counted(count)

    def compressed(self, layer, found):
        """Keys and values as they are read, and by KV head the places of what stays."""
        params, model, kv_heads = self.params, self.model, self.model.kv_heads
        keys, values = found.key, found.value
        everything = [torch.arange(len(found.rows))] * kv_heads
        if self.baseline in ("eviction", "zigzag"):
            budget = params["budget"] if self.baseline == "eviction" else self.budgets[layer]
            return keys, values, cache_torch.eviction(found.probabilities, kv_heads, params["window"], budget)[1]
        if self.baseline == "think":
            numbers = [params[name] for name in ("window", "pruned", "recent")]
            keys = cache_torch.channels(found.query, keys, model.heads, kv_heads, *numbers)[2]
        if self.baseline == "zip_cache":
            numbers = [params[name] for name in ("low", "low_bits", "high_bits")]
            mixed = cache_torch.mixed_bits(
                keys, values, found.probabilities, kv_heads, *numbers, self.given.get("probe"))
            keys, values = mixed["keys"], mixed["values"]
        if self.baseline == "csr":
            plain, values = (
                cache_torch.sparse_codes(self.heads(x).flatten(0, 1), self.given[name][layer], params["steps"])[2]
                .reshape(x.shape) for x, name in ((found.plain, "key_atoms"), (values, "value_atoms")))
            keys = self.turned(plain, found.rows)
        if self.baseline == "noise":
            noise = cache_torch.normals(params["seed"] + layer, 2 * keys.numel()).split(keys.numel())
            keys, values = (cache_torch.noisy(x, kv_heads, params["sigma"], part)
                            for x, part in zip((keys, values), noise))
        return keys, values, everything

    def counted(self, count):
        """BAS-6, by adding up what is kept."""
        params, model = self.params, self.model
        sizes = model.kv_heads, model.head_dim
        number = cache_structure.NUMBER
        if self.baseline == "lorc":
            return sum(number * count * int(self.given[name][layer])
                       for name in ("key_ranks", "value_ranks") for layer in range(model.layers))
        if self.baseline == "csr":
            return sum(cache_structure.pursuit_bits(count * model.kv_heads, self.given[name].shape[1], params["steps"])
                       for name in ("key_atoms", "value_atoms")) * model.layers
        if self.baseline == "think":
            return cache_structure.think_bits(*sizes, count, params["pruned"], params["recent"]) * model.layers
        if self.baseline == "zip_cache":
            numbers = (params[name] for name in ("low", "low_bits", "high_bits"))
            return cache_structure.zip_bits(*sizes, count, *numbers) * model.layers
        written = (kept for layer, kept in enumerate(self.kept) if self.root(layer) == layer)
        return sum(number * part.numel() for kept in written for _, *parts in kept for part in parts)

    def feed(self, token, position):
        """One row behind the prefill; its logits."""
        model, seen = self.model, []
        x, rows = model.weights["model.embed_tokens.weight"][token][None], torch.tensor([position])
        for layer in range(model.layers):
            found = self.parts(layer, x, rows, seen)
            seen.append(found)
            contexts = []
            for head, (places, keys, values) in enumerate(self.kept[layer]):
                own = [self.heads(part)[:, head] for part in (found.key, found.value)]
                keys, values = torch.cat([keys, own[0]]), torch.cat([values, own[1]])
                self.kept[layer][head] = torch.cat([places, rows]), keys, values
                query = self.heads(found.query).unflatten(1, (model.kv_heads, -1))[:, head]
                contexts.append(cache_torch.read(query, keys, values)[0].flatten())
            x = model.behind_attention(layer, x, torch.cat(contexts)[None])
        return model.logits(x)

    def feed_pooled(self, token):
        """One token under DMC; its logits."""
        model = self.model
        x = model.weights["model.embed_tokens.weight"][token][None]
        for layer, memory in enumerate(self.memories):
            normed = rms_norm(x, model.weight(layer, "input_layernorm"), model.epsilon)
            context = memory.feed(*(self.projected(layer, name, normed)[0] for name in "qkv"))
            x = model.behind_attention(layer, x, context[None])
        return model.logits(x)

    def whole(self, layer):
        """Keys and values [T, G * d], 0 where a KV head does not keep an entry, and what is alive [G, T]."""
        model = self.model
        keys, values = (torch.zeros(self.count, model.kv_heads, model.head_dim, dtype=model.dtype) for _ in range(2))
        alive = torch.zeros(model.kv_heads, self.count, dtype=torch.bool)
        for head, (places, *kept) in enumerate(self.kept[layer]):
            keys[places, head], values[places, head] = (x.to(model.dtype) for x in kept)
            alive[head, places] = True
        return keys.flatten(1), values.flatten(1), alive

    def answer(self, tokens, prefill):
        """The tensors of `cached_forward`."""
        if self.baseline == "dmc":
            logits = [self.feed_pooled(token) for token in tokens[:prefill]][-1:]
            self.count = prefill
            self.kept = [[(torch.tensor(pool.ends), *pool.entries()) for pool in memory.pools]
                         for memory in self.memories]
            self.bits = self.counted(prefill)
            caches = [self.whole(layer) for layer in range(self.model.layers)]
            logits += [self.feed_pooled(token) for token in tokens[prefill:]]
        else:
            logits = [self.prefill(tokens[:prefill])]
            caches = [self.whole(layer) for layer in range(self.model.layers)]
            logits += [self.feed(token, prefill + n) for n, token in enumerate(tokens[prefill:])]
        keys, values, alive = (torch.stack(parts) for parts in zip(*caches))
        return {"logits": torch.cat(logits), "cache.keys": keys, "cache.values": values, "cache.alive": alive,
                "bits": torch.tensor(self.bits)}
