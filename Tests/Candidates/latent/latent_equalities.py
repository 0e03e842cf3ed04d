"""What chapter 17 says is equal: settings that change nothing, attentions of chapter 8 that are points of the family,
and Hugging Face's DeepseekV3."""

import numpy as np

import latent_model  # first: it makes the modules of the folder above known
import latent_huggingface
import latent_numpy
import latent_torch
import numpy_llama
from latent_trial import Trial


def changed(model, **latent):
    """The same weights under another setting; tensors that it has none of stay unread."""
    return latent_model.Model(model.config | {"latent": latent}, model.weights)


def check_settings(draw, folder, tally):
    """What a setting must not change, bit for bit; and that more bits err less once they are many."""
    trial = Trial(draw, folder, {}, rotated=4, layers=2)
    text = trial.texts[0]
    plain = trial.decoder.text(text)["logits"]

    def logits(**latent):
        return latent_numpy.Decoder(changed(trial.model, **latent)).text(text)["logits"]

    tally.holds("LAT-5 s = 1: own = shared, bitwise", (logits(profile={"up_projection": "shared"}) == plain).all())
    for group in (1, 2, 3, 6):
        same = logits(group=group, profile={"quantiser": "symmetric", "scale_rounding": "bf16"})
        tally.holds("QNT-5 no bits: any group, bitwise", (same == plain).all())
    for profile in ({}, {"quantiser": "symmetric"}):
        # With 2 or 4 bits the error of logits need not fall: what is rounded is not small.
        errors = [np.abs(logits(bits=bits, rotated_bits=bits, profile=profile) - plain).max() for bits in (8, 16, 24)]
        falls = errors == sorted(errors, reverse=True) and 0 < errors[-1] < 1e-5
        tally.holds("QNT-5 the error falls with b", falls, errors)


def check_sharing(draw, folder, tally):
    """LAT-8: with s = 1 it is Llama, bit for bit; keys may be shared before the rotation."""
    trial = Trial(draw, folder, {"profile": {"entries": "heads"}}, kv_heads=draw.choice([1, 3]), heads=3)
    text = trial.texts[0]
    llama = numpy_llama.Llama(trial.path)
    expected = llama.forward(llama.embedding[text], range(len(text)), np.tri(len(text), dtype=bool))["logits"]
    tally.holds("LAT-8 s = 1 is Llama, bitwise", (trial.decoder.text(text)["logits"] == expected).all())
    shared = changed(trial.model, stride=2, profile={"entries": "heads"})

    class Unrotated(latent_numpy.Decoder):
        def write(self, layer, normed, positions, out):
            block = self.model.blocks[layer]
            return normed @ block["k_proj"].T, normed @ block["v_proj"].T

        def attend(self, layer, normed, positions, visible, entries, out):
            key = numpy_llama.rope(entries[0], positions, self.model.head_dim, self.model.theta)
            super().attend(layer, normed, positions, visible, (key, entries[1]), out)

    rotated, later = (form(shared).text(text)["logits"] for form in (latent_numpy.Decoder, Unrotated))
    tally.holds("LAT-8 rotated before or after sharing, bitwise", (rotated == later).all())
    tally.holds("LAT-8 sharing is seen", np.abs(rotated - expected).max() > 1e-3)


def weights_of(model, config, parts):
    """A model of other attention: `parts` makes the short names of a layer's attention from its block."""
    weights = {name: array for name, array in model.weights.items() if ".self_attn." not in name}
    for layer, block in enumerate(model.blocks):
        weights |= {f"model.layers.{layer}.self_attn.{name}.weight": array for name, array in parts(block).items()}
    return latent_model.Model(model.config | config, weights)


def logits_at(model, text, positions):
    """A text in one pass at positions that need not rise."""
    visible = np.tri(len(text), dtype=bool)
    return latent_numpy.Decoder(model).run(model.embedding[text], positions, visible)["logits"]


def check_llamas(draw, folder, tally):
    """Which attentions of chapter 8 are points of the family (LAT-5)."""
    heads, d, width = 3, 4, 12
    off, base = {"profile": {"latent_norm": "off"}}, {"profile": {"entries": "heads"}}
    text = [draw.randrange(11) for _ in range(8)]
    still, moving = [0] * len(text), range(len(text))

    def head_by_head(key, value):
        return np.concatenate([part for pair in zip(np.split(key, heads), np.split(value, heads)) for part in pair])

    llama = Trial(draw, folder, base, heads=heads, kv_heads=heads, head_dim=d, width=width).model
    sizes = {"latent": off, "q_lora_rank": None, "kv_lora_rank": width, "v_head_dim": d}
    twin = weights_of(llama, sizes | {"qk_nope_head_dim": d, "qk_rope_head_dim": 0}, lambda block: {
        "q_proj": block["q_proj"], "o_proj": block["o_proj"], "kv_a_proj_with_mqa": np.eye(width),
        "kv_b_proj": head_by_head(block["k_proj"], block["v_proj"])})
    tally.near("LAT-5 multi-head attention at position 0", logits_at(twin, text, moving), logits_at(llama, text, still))
    llama = Trial(draw, folder, base, heads=heads, kv_heads=1, head_dim=d, width=width).model
    twin = weights_of(llama, sizes | {"qk_nope_head_dim": 0, "qk_rope_head_dim": d}, lambda block: {
        "q_proj": block["q_proj"], "o_proj": block["o_proj"], "kv_b_proj": np.tile(block["v_proj"], (heads, 1)),
        "kv_a_proj_with_mqa": np.concatenate([np.eye(width), block["k_proj"]])})
    tally.near("LAT-5 one key-value head", logits_at(twin, text, moving), logits_at(llama, text, moving))
    latent = Trial(draw, folder, off, heads=heads, plain=d, rotated=0, value=d, query=None, width=width).model

    def multiplied(block):
        up = block["kv_b_proj"].reshape(heads, 2, d, -1)
        key, value = (up[:, part].reshape(heads * d, -1) @ block["kv_a_proj_with_mqa"] for part in (0, 1))
        return {"q_proj": block["q_proj"], "o_proj": block["o_proj"], "k_proj": key, "v_proj": value}

    twin = weights_of(latent, {"latent": base, "num_key_value_heads": heads, "head_dim": d}, multiplied)
    tally.near("LAT-5 products of low rank", logits_at(latent, text, moving), logits_at(twin, text, still))


def check_hugging_face(draw, folder, tally):
    """DeepseekV3 saved and loaded, with neighbouring pairs and with half-split ones; its cache, and its gradients."""
    for interleave in (True, False):
        path = latent_huggingface.write_random(
            folder / f"{draw.random()}", draw.randrange(10**6), interleave=interleave, query=draw.choice([None, 5]),
            heads=draw.choice([1, 2, 3]), layers=draw.choice([1, 2, 3]), epsilon=draw.choice([1e-5, 0.1]),
            tied=draw.random() < 0.3, theta=draw.choice([1e4, 50.0]))
        refused = latent_model.refusal(path, {})
        tally.holds("LAT-10 pairs", refused == ("unsupported-configuration" if interleave else None), refused)
        half = latent_huggingface.half_split(path, folder / f"{draw.random()}") if interleave else path
        tally.holds("LAT-10 names of Hugging Face", latent_model.refusal(half, {}) is None)
        text = [draw.randrange(11) for _ in range(9)]
        trace = latent_numpy.Decoder(latent_model.load(half)).text(text)
        theirs = latent_huggingface.load(path)
        for passes in ([text], [text[:4], *([token] for token in text[4:])]):
            logits, cache = latent_huggingface.run(theirs, passes)
            tally.near("LAT-3 to LAT-6, Hugging Face in float64", logits, trace["logits"])
            for layer, (latent, key) in enumerate(cache):
                tally.near("LAT-4 latents, Hugging Face's cache", latent, trace[f"layers.{layer}.attention.latent"])
                tally.near("LAT-4 keys, Hugging Face's cache", key, trace[f"layers.{layer}.attention.rotated_key"])
        stock = latent_huggingface.stock(path, text)
        tally.near("LAT-3 to LAT-6, Hugging Face as it is", stock, trace["logits"], limit=3e-6)
        texts = [text, text[:1], text[2:6]]
        mine = latent_torch.Model(half, gradients=True).gradients(texts)[1]
        found = latent_huggingface.gradients(latent_huggingface.load(half), texts)
        tally.holds("gradients, Hugging Face", set(mine) == set(found))
        for name, gradient in found.items():
            tally.near("gradients, Hugging Face", mine[name].numpy(), gradient)
