"""Chapters 17 and 18 of the Spec in NumPy, in any element type: the quantiser with its codes, latent attention in its
plain and its absorbed form, the decoder around it with every intermediate, the loss, and a text fed token by token.

What the decoder has in common with a Llama is numpy_llama.py's. A result is rounded to the element type where it is a
tensor of its own; in float64, which is the default, nothing is.
"""

import math

import ml_dtypes
import numpy as np

import latent_model  # first: it makes the modules of the folder above known
import numpy_llama


class Quantised:
    """Rows [S, C] as codes [S, C] with the lower end and the step of each group [S, C/g] (QNT-1, QNT-2)."""

    def __init__(self, x, bits, group, setting):
        parts = np.asarray(x).reshape(len(x), -1, group)
        if setting.symmetric:
            least, most = -(2 ** (bits - 1) - 1), 2 ** (bits - 1) - 1
            lower, step = np.zeros(parts.shape[:2], parts.dtype), np.abs(parts).max(-1) / most
        else:
            least, most = 0, 2**bits - 1
            lower, step = parts.min(-1), (parts.max(-1) - parts.min(-1)) / most
        if setting.rounded:  # QNT-3
            lower, step = (scale.astype(ml_dtypes.bfloat16).astype(parts.dtype) for scale in (lower, step))
        with np.errstate(divide="ignore", invalid="ignore"):
            self.quotient = np.where(step[..., None] > 0, (parts - lower[..., None]) / step[..., None], 0)
        # np.rint rounds halves to the even code. Only a rounded scale can leave the range.
        codes = np.clip(np.rint(self.quotient), least, most)
        self.codes = codes.reshape(np.shape(x)).astype(np.int64)
        self.lower, self.step = lower, step

    def values(self):
        """What is read."""
        parts = self.codes.reshape(*self.lower.shape, -1).astype(self.step.dtype)
        return (self.lower[..., None] + parts * self.step[..., None]).reshape(self.codes.shape)

    def margin(self):
        """How far each quotient is from the nearest border between two codes."""
        return np.abs(self.quotient - np.floor(self.quotient) - 0.5).reshape(self.codes.shape)


class Stored:
    """What one producer keeps of its rows; read as LAT-5 reads it."""

    def __init__(self, latent, rotated_key, setting, keep):
        width, rotated = latent.shape[1], rotated_key.shape[1]
        self.latent = setting.bits and Quantised(latent, setting.bits, setting.group or width, setting)
        self.rotated = setting.rotated_bits and rotated and Quantised(
            rotated_key, setting.rotated_bits, rotated, setting)
        self.read = (keep(self.latent.values()) if self.latent else latent,
                     keep(self.rotated.values()) if self.rotated else rotated_key)

    def margin(self):
        """The least margin of any code."""
        return min((part.margin().min() for part in (self.latent, self.rotated) if part), default=np.inf)


class Sizes:
    """The widths of LAT-1 that attention itself needs."""

    def __init__(self, heads, plain, rotated, value):
        self.heads, self.plain, self.rotated, self.value = heads, plain, rotated, value

    def queries(self, query):
        """The plain and the rotated parts, [H, S, d_n] and [H, S, d_r]."""
        heads = query.reshape(len(query), self.heads, self.plain + self.rotated).transpose(1, 0, 2)
        return heads[..., : self.plain], heads[..., self.plain :]

    def up_projections(self, up):
        """W_UK [H, d_n, d_c] and W_UV [H, d_v, d_c]: each head's keys before its values (LAT-10)."""
        heads = up.reshape(self.heads, self.plain + self.value, up.shape[1])
        return heads[:, : self.plain], heads[:, self.plain :]


def softmax(scores, visible):
    """Over visible keys; exactly 0 where hidden (MSK-12)."""
    scores = np.where(visible, scores, -np.inf)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def plain_attention(query, latent, rotated_key, up, visible, sizes):
    """LAT-5 and LAT-6: the context [S, H * d_v] and the probabilities [H, S, K]."""
    query_plain, query_rotated = sizes.queries(query)
    up_key, up_value = sizes.up_projections(up)
    context, probabilities = [], []
    for h in range(sizes.heads):
        key, value = latent @ up_key[h].T, latent @ up_value[h].T
        scores = query_plain[h] @ key.T + query_rotated[h] @ rotated_key.T
        probabilities.append(softmax(scores / math.sqrt(sizes.plain + sizes.rotated), visible))
        context.append(probabilities[-1] @ value)
    return np.concatenate(context, axis=1), np.array(probabilities)


def absorbed_attention(query, latent, rotated_key, up, visible, sizes):
    """LAT-7: one key [ĉ ; k̂] and one value ĉ for all heads."""
    query_plain, query_rotated = sizes.queries(query)
    up_key, up_value = sizes.up_projections(up)
    key = np.concatenate([latent, rotated_key], axis=1)
    wide = np.concatenate([np.einsum("hsn,hnc->hsc", query_plain, up_key), query_rotated], axis=2)
    probabilities = softmax(wide @ key.T / math.sqrt(sizes.plain + sizes.rotated), visible)
    context = np.einsum("hsc,hvc->shv", probabilities @ latent, up_value)
    return context.reshape(len(query), -1), probabilities


def rotate(x, positions, width, theta):
    """MOD-3 for parts of this width; without width there is nothing to rotate."""
    return numpy_llama.rope(x, positions, width, theta) if width else x


class Decoder:
    """A model; `attention` is the plain form or the absorbed one, `setting` another than its own."""

    def __init__(self, model, attention=plain_attention, setting=None):
        self.model, self.setting, self.attention = model, setting or model.setting, attention
        if not self.setting.of_heads:
            self.sizes = Sizes(model.heads, model.plain, model.rotated, model.value)

    def keep(self, x):
        """Rounded to the element type, in its accumulation type: what NumPy made wider is narrowed first."""
        return self.model.element.store(np.asarray(x, dtype=self.model.element.accumulation))

    def linear(self, x, weight):
        return self.keep(x @ weight.T)

    def norm(self, x, gain, epsilon):
        return self.keep(numpy_llama.rms_norm(x, gain, epsilon))

    def query_latents(self, block, normed):
        """Before their norm and after it."""
        low = self.linear(normed, block["q_a_proj"])
        return low, self.norm(low, block["q_a_layernorm"], self.model.latent_epsilon)

    def queries(self, block, normed, positions):
        """LAT-3."""
        model = self.model
        if "q_a_proj" in block:
            query = self.linear(self.query_latents(block, normed)[1], block["q_b_proj"])
        else:
            query = self.linear(normed, block["q_proj"])
        heads = query.reshape(len(normed), model.heads, -1).copy()
        turned = rotate(heads[..., model.plain :].reshape(len(normed), -1), positions, model.rotated, model.theta)
        heads[..., model.plain :] = turned.reshape(len(normed), model.heads, model.rotated)
        return self.keep(heads.reshape(len(normed), -1))

    def latents(self, block, normed, positions):
        """LAT-4 before the quantiser."""
        model = self.model
        both = self.linear(normed, block["kv_a_proj_with_mqa"])
        latent = both[:, : model.width]
        if self.setting.norm:
            latent = self.norm(latent, block["kv_a_layernorm"], model.latent_epsilon)
        return latent, self.keep(rotate(both[:, model.width :], positions, model.rotated, model.theta))

    def rope(self, x, positions):
        """MOD-3 for whole heads."""
        return self.keep(numpy_llama.rope(x, positions, self.model.head_dim, self.model.theta))

    def write(self, layer, normed, positions, out):
        """What a producer stores of these rows: a Stored, or its keys and values."""
        block, model = self.model.blocks[layer], self.model
        if self.setting.of_heads:
            out["attention.key"] = self.rope(self.linear(normed, block["k_proj"]), positions)
            out["attention.value"] = self.linear(normed, block["v_proj"])
            return out["attention.key"], out["attention.value"]
        out["attention.latent"], out["attention.rotated_key"] = self.latents(block, normed, positions)
        stored = Stored(out["attention.latent"], out["attention.rotated_key"], self.setting, self.keep)
        out["attention.stored_latent"], out["attention.stored_rotated_key"] = stored.read
        out["stored"] = stored
        return stored.read

    def attend(self, layer, normed, positions, visible, entries, out):
        """LAT-5 to LAT-8 with the entries of the layer's producer; returns the context."""
        block, model = self.model.blocks[layer], self.model
        if self.setting.of_heads:
            query = self.rope(self.linear(normed, block["q_proj"]), positions)
            found = numpy_llama.attention(query, *entries, visible, model.heads, model.kv_heads)
        else:
            query = self.queries(block, normed, positions)
            up = model.blocks[self.setting.up_projection_of(layer)]["kv_b_proj"]
            found = self.attention(query, *entries, up, visible, self.sizes)
        out["attention.query"] = query
        out["attention.context"], out["attention.probabilities"] = map(self.keep, found)
        out["attention.output"] = self.linear(out["attention.context"], block["o_proj"])

    def feed_forward(self, middle, block, out):
        """MOD-5 in MOD-6."""
        normed = out["feed_forward.norm"] = self.norm(middle, block["post_attention_layernorm"], self.model.epsilon)
        gate = out["feed_forward.gate"] = self.linear(normed, block["gate_proj"])
        up = out["feed_forward.up"] = self.linear(normed, block["up_proj"])
        inner = out["feed_forward.activation"] = self.keep(numpy_llama.silu(gate) * up)
        out["feed_forward.output"] = self.linear(inner, block["down_proj"])
        return self.keep(middle + out["feed_forward.output"])

    def run(self, hidden, positions, visible, past=None):
        """All tensors of MOD-7 for rows with these embeddings, and `stored` of producers. `past` has the entries of
        earlier rows by producer."""
        trace, entries = {"hidden.0": self.keep(hidden)}, None
        for layer, block in enumerate(self.model.blocks):
            x, out = trace[f"hidden.{layer}"], {}
            normed = out["attention.norm"] = self.norm(x, block["input_layernorm"], self.model.epsilon)
            if self.setting.producer(layer) == layer:
                entries = self.write(layer, normed, positions, out)
                if past:
                    entries = [np.concatenate(parts) for parts in zip(past[layer], entries)]
            self.attend(layer, normed, positions, visible, entries, out)
            middle = out["middle"] = self.keep(x + out["attention.output"])
            trace[f"hidden.{layer + 1}"] = self.feed_forward(middle, block, out)
            trace |= {f"layers.{layer}.{name}": value for name, value in out.items()}
        trace["final_norm"] = self.norm(trace[f"hidden.{self.model.layers}"], self.model.gain, self.model.epsilon)
        trace["logits"] = self.linear(trace["final_norm"], self.model.head)
        return trace

    def text(self, tokens, embeddings=None):
        """A whole text at once."""
        hidden = self.model.embedding[tokens] if embeddings is None else embeddings
        return self.run(hidden, range(len(tokens)), np.tri(len(tokens), dtype=bool))

    def loss(self, texts):
        """Mean of the cross-entropies of all tokens that follow another."""
        losses = [numpy_llama.cross_entropy(self.text(text)["logits"][:-1], text[1:])
                  for text in texts if len(text) > 1]
        return self.keep(np.concatenate(losses).mean() if losses else 0)

    def margin(self, trace):
        """The least margin of any code in a pass."""
        return min((value.margin() for name, value in trace.items() if name.endswith(".stored")), default=np.inf)


class Reader:
    """A text fed token by token. What is kept is codes with their scales, or numbers where nothing is quantised."""

    def __init__(self, model, attention=absorbed_attention):
        self.decoder = Decoder(model, attention)
        self.kept = {layer: [] for layer in model.setting.producers(model.layers)}
        self.logits, self.fed = [], 0

    def entries(self, layer):
        """The numbers of a producer's entries as they are read, [n, …] each."""
        if self.decoder.setting.of_heads:
            return [np.concatenate(parts) for parts in zip(*self.kept[layer])]
        keep = self.decoder.keep
        return [np.concatenate(parts) for parts in zip(*(
            (keep(stored.latent.values()) if stored.latent else stored.read[0],
             keep(stored.rotated.values()) if stored.rotated else stored.read[1]) for stored in self.kept[layer]))]

    def feed(self, token):
        past = {layer: self.entries(layer) for layer in self.kept} if self.fed else None
        visible = np.ones((1, self.fed + 1), dtype=bool)
        trace = self.decoder.run(self.decoder.model.embedding[[token]], [self.fed], visible, past)
        for layer, kept in self.kept.items():
            prefix = f"layers.{layer}."
            if self.decoder.setting.of_heads:
                kept.append((trace[prefix + "attention.key"], trace[prefix + "attention.value"]))
            else:
                kept.append(trace[prefix + "stored"])
        self.logits.append(trace["logits"][0])
        self.fed += 1

    def generate(self, count, forced=None):
        """The tokens chosen; forced ones are fed in their place."""
        chosen = []
        for step in range(count):
            chosen.append(int(np.argmax(self.logits[-1])))
            if step + 1 < count:
                self.feed(chosen[-1] if forced is None else forced[step])
        return chosen

    def codes(self, part):
        """Codes of every producer, [P, n, width]."""
        return np.array([np.concatenate([getattr(stored, part).codes for stored in kept])
                         for kept in self.kept.values()])

    def margin(self):
        """The least margin of any code that is kept."""
        of_heads = self.decoder.setting.of_heads
        return np.inf if of_heads else min(stored.margin() for kept in self.kept.values() for stored in kept)

    def answer(self, chosen):
        """The tensors of `latent_generate`."""
        setting = self.decoder.setting
        first, second = (np.array(part) for part in zip(*(self.entries(layer) for layer in self.kept)))
        answer = {"chosen": np.array(chosen, dtype=np.int64), "logits": np.array(self.logits)}
        if setting.of_heads:
            return answer | {"cache.keys": first, "cache.values": second}
        answer |= {"cache.latents": first, "cache.rotated_keys": second}
        if setting.bits:
            answer["cache.latent_codes"] = self.codes("latent")
        if setting.rotated_bits and second.shape[2]:
            answer["cache.rotated_codes"] = self.codes("rotated")
        return answer
