"""The gradients of LAT-14 in NumPy, written out by hand: the loss by every tensor of a checkpoint, straight through the
quantiser (P-21).

A gradient dx has the shape of x. What a consumer reads is its producer's, so that the gradients of entries, and of
up-projections that are shared, are gathered from all layers that read them. What a Llama has too is port/training.py's.
"""

import math

import numpy as np

import latent_model  # first: it makes the modules of the folder above known
import latent_numpy
import stages
import training


def gradients(model, texts):
    """By name; 0 for what the loss does not depend on."""
    total = {name: np.zeros_like(array) for name, array in model.weights.items()}
    count = sum(len(text) - 1 for text in texts)
    for text in texts:
        if len(text) > 1:
            trace = latent_numpy.Decoder(model).text(text)
            chances = stages.softmax(trace["logits"][:-1], True)
            chances[np.arange(len(text) - 1), text[1:]] -= 1
            dlogits = np.zeros_like(trace["logits"])
            dlogits[:-1] = chances / count
            Backward(model, trace, total).text(text, dlogits)
    return total


def norm_backward(x, gain, dy, epsilon):
    """Of x and of the gain."""
    return training.rms_norm_backward(x, gain, dy, shape(0, 0, 0, epsilon))


def shape(heads, kv_heads, head_dim, epsilon):
    """As the stages of a Llama want it; angles are this module's own affair."""
    return stages.Shape(heads, kv_heads, head_dim, epsilon, None)


class Backward:
    """The way back through the trace of one text; gradients are added to `total`."""

    def __init__(self, model, trace, total):
        self.model, self.trace, self.total = model, trace, total
        self.positions = np.arange(len(trace["logits"]))
        self.readers = {}  # by producer: the gradients of its entries, as far as layers have been gone through

    def own(self, layer):
        prefix = f"layers.{layer}."
        return {name.removeprefix(prefix): x for name, x in self.trace.items() if name.startswith(prefix)}

    def add(self, layer, name, gradient):
        self.total[self.model.names[layer][name]] += gradient

    def linear(self, layer, name, x, dy):
        """y = W·x: adds that of W, and returns that of x."""
        self.add(layer, name, dy.T @ x)
        return dy @ self.model.blocks[layer][name]

    def turned_back(self, dx, width):
        """The gradient before MOD-3 in heads of this width: a rotation's inverse is that by the opposite angle."""
        dx = latent_numpy.rotate(np.ascontiguousarray(dx), -self.positions, width, self.model.theta)
        return np.asarray(dx, dtype=self.model.element.accumulation)

    def text(self, tokens, dlogits):
        model, head = self.model, "lm_head.weight"
        self.total[head if head in self.total else "model.embed_tokens.weight"] += dlogits.T @ self.trace["final_norm"]
        dx, gain = norm_backward(
            self.trace[f"hidden.{model.layers}"], model.gain, dlogits @ model.head, model.epsilon)
        self.total["model.norm.weight"] += gain
        for layer in reversed(range(model.layers)):
            dx = self.layer(layer, dx)
        np.add.at(self.total["model.embed_tokens.weight"], tokens, dx)  # hidden.0 = embedding[token]

    def layer(self, layer, dy):
        """The block of MOD-6 from its end."""
        block, own, setting = self.model.blocks[layer], self.own(layer), self.model.setting
        dy, found = training.feed_forward_backward(block, own, dy, shape(0, 0, 0, self.model.epsilon))
        for name, gradient in found.items():
            self.add(layer, name, gradient)
        dcontext = self.linear(layer, "o_proj", own["attention.context"], dy)
        producer = setting.producer(layer)
        attend = self.heads if setting.of_heads else self.latents
        dquery, *dentries = attend(layer, own, self.own(producer), dcontext)
        before = self.readers.get(producer, [0] * len(dentries))
        self.readers[producer] = [total + more for total, more in zip(before, dentries)]
        dnorm = self.queries(layer, own, dquery)
        if producer == layer:
            write = self.write_heads if setting.of_heads else self.write_latents
            dnorm = dnorm + write(layer, own, *self.readers[layer])
        dhidden, gain = norm_backward(
            self.trace[f"hidden.{layer}"], block["input_layernorm"], dnorm, self.model.epsilon)
        self.add(layer, "input_layernorm", gain)
        return dy + dhidden

    def heads(self, layer, own, written, dcontext):
        """LAT-8: of queries, keys and values, all of them rotated where MOD-4 has them so."""
        model, names = self.model, ("attention.key", "attention.value")
        return training.attention_backward(
            own | {name: written[name] for name in names}, dcontext,
            shape(model.heads, model.kv_heads, model.head_dim, model.epsilon))

    def latents(self, layer, own, written, dcontext):
        """LAT-5 and LAT-6: of queries, stored latents and stored rotated keys; that of the up-projections is added."""
        model = self.model
        reader = model.setting.up_projection_of(layer)
        sizes = latent_numpy.Sizes(model.heads, model.plain, model.rotated, model.value)
        up_key, up_value = sizes.up_projections(model.blocks[reader]["kv_b_proj"])
        plain, rotated = sizes.queries(own["attention.query"])
        latent, rotated_key = written["attention.stored_latent"], written["attention.stored_rotated_key"]
        key, value = latent @ up_key.swapaxes(1, 2), latent @ up_value.swapaxes(1, 2)
        weights = own["attention.probabilities"]
        dcontext = dcontext.reshape(len(dcontext), model.heads, model.value).transpose(1, 0, 2)
        dvalue = weights.swapaxes(1, 2) @ dcontext  # context = p · v
        dweights = dcontext @ value.swapaxes(1, 2)
        dscores = weights * (dweights - stages.total(dweights * weights)) / math.sqrt(model.plain + model.rotated)
        dkey, drotated_key = dscores.swapaxes(1, 2) @ plain, (dscores.swapaxes(1, 2) @ rotated).sum(0)
        dup = np.concatenate([dkey.swapaxes(1, 2) @ latent, dvalue.swapaxes(1, 2) @ latent], axis=1)
        self.add(reader, "kv_b_proj", dup.reshape(-1, model.width))
        dquery = np.concatenate([dscores @ key, dscores @ rotated_key], axis=2).transpose(1, 0, 2)
        return dquery.reshape(len(dquery), -1), (dkey @ up_key + dvalue @ up_value).sum(0), drotated_key

    def queries(self, layer, own, dquery):
        """LAT-3: of the normalised input."""
        model = self.model
        if model.setting.of_heads:
            return self.linear(layer, "q_proj", own["attention.norm"], self.turned_back(dquery, model.head_dim))
        heads = dquery.reshape(len(dquery), model.heads, -1).copy()
        rotated = heads[..., model.plain :]
        heads[..., model.plain :] = self.turned_back(
            rotated.reshape(len(dquery), model.heads * model.rotated), model.rotated).reshape(rotated.shape)
        dquery = heads.reshape(dquery.shape)
        if "q_a_proj" not in model.blocks[layer]:
            return self.linear(layer, "q_proj", own["attention.norm"], dquery)
        low, latent = latent_numpy.Decoder(model).query_latents(model.blocks[layer], own["attention.norm"])
        dlatent = self.linear(layer, "q_b_proj", latent, dquery)
        dlow, gain = norm_backward(low, model.blocks[layer]["q_a_layernorm"], dlatent, model.latent_epsilon)
        self.add(layer, "q_a_layernorm", gain)
        return self.linear(layer, "q_a_proj", own["attention.norm"], dlow)

    def write_heads(self, layer, own, dkey, dvalue):
        """LAT-8, a producer."""
        normed = own["attention.norm"]
        return (self.linear(layer, "k_proj", normed, self.turned_back(dkey, self.model.head_dim))
                + self.linear(layer, "v_proj", normed, dvalue))

    def write_latents(self, layer, own, dlatent, drotated_key):
        """LAT-4, a producer; the quantiser hands on what it is given."""
        model, normed = self.model, own["attention.norm"]
        if model.setting.norm:
            low = normed @ model.blocks[layer]["kv_a_proj_with_mqa"][: model.width].T
            dlatent, gain = norm_backward(low, model.blocks[layer]["kv_a_layernorm"], dlatent, model.latent_epsilon)
            self.add(layer, "kv_a_layernorm", gain)
        both = np.concatenate([dlatent, self.turned_back(drotated_key, model.rotated)], axis=1)
        return self.linear(layer, "kv_a_proj_with_mqa", normed, both)
