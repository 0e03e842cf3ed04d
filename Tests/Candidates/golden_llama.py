"""A small Llama of one formula, and numbers that PyTorch gave for a Swift test: what the checks of trainings share."""

import math
import re
import sys

import torch

HIDDEN, INNER, LAYERS, HEADS, KV_HEADS, WIDTH = 8, 12, 2, 4, 2, 4
EPSILON, THETA = 2.0**-10, 100.0


def shapes(vocabulary):
    found = {"model.embed_tokens.weight": (vocabulary, HIDDEN), "model.norm.weight": (HIDDEN,)}
    found["lm_head.weight"] = (vocabulary, HIDDEN)
    for layer in range(LAYERS):
        name = f"model.layers.{layer}."
        found[name + "input_layernorm.weight"] = found[name + "post_attention_layernorm.weight"] = (HIDDEN,)
        found[name + "self_attn.q_proj.weight"] = (HEADS * WIDTH, HIDDEN)
        found[name + "self_attn.k_proj.weight"] = (KV_HEADS * WIDTH, HIDDEN)
        found[name + "self_attn.v_proj.weight"] = (KV_HEADS * WIDTH, HIDDEN)
        found[name + "self_attn.o_proj.weight"] = (HIDDEN, HEADS * WIDTH)
        found[name + "mlp.gate_proj.weight"] = found[name + "mlp.up_proj.weight"] = (INNER, HIDDEN)
        found[name + "mlp.down_proj.weight"] = (HIDDEN, INNER)
    return found


def weights(vocabulary, changed=lambda name, value: None):
    """Weights of one formula, exact in both languages, after `changed` has seen each matrix; all want gradients."""
    made = {}
    for place, (name, shape) in enumerate(sorted(shapes(vocabulary).items())):
        index = torch.arange(math.prod(shape), dtype=torch.int64)
        value = ((index * 7919 + place * 104729 + 12345) % 2003 - 1001).double() / 1024
        value = value.reshape(shape)
        if len(shape) == 1:
            value = 1 + value / 8
        else:
            changed(name, value)
        made[name] = value.requires_grad_()
    return made


def rms_norm(x, gain):
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + EPSILON) * gain


def rotated(x, positions):
    """Half-split pairs of every head."""
    half = WIDTH // 2
    angle = torch.tensor(
        [[p * THETA ** (-2 * i / WIDTH) for i in range(half)] for p in positions], dtype=torch.float64
    )[:, None]
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()], -1)


def write(golden, lines, found):
    """A Swift file of these first lines, the last of which opens a dictionary, and the numbers by name."""
    numbers = [f'  "{name}": {value!r},' for name, value in found.items()]
    golden.write_text("\n".join([*lines, *numbers, "]", ""]))
    print(f"{len(found)} numbers written")


def agree(golden, found):
    """Whether the numbers of a Swift file are still these, to 1e-10; says so."""
    stored = dict(re.findall(r'"([^"]+)": ([-0-9.e]+),', golden.read_text()))
    if set(stored) != set(found):
        print(f"other names: {sorted(set(stored) ^ set(found))}", file=sys.stderr)
        return False
    far = max(abs(float(stored[name]) - value) / max(abs(value), 1e-3) for name, value in found.items())
    print(f"{len(found)} numbers agree to {far:.1e}")
    return far <= 1e-10
