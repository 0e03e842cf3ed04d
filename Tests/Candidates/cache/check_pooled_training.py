"""BAS-26 a second time: the loss of a batch under DMC and its gradients, by PyTorch's autograd in float64.

    python check_pooled_training.py [--write yes]

Everything is computed from the Spec: noise by SplitMix64, the recurrence token by token, each row's scores one by one,
the one-sided term with decisions that are passed straight through as the release passes them. The answers stand in
Tests/LoMAPeersTests/Pooling/PooledGolden.swift, where a Swift test compares the reference with them; this script says
whether they are still what PyTorch gives, or with --write yes puts them there.
"""

import math
import pathlib
import re
import sys

import torch

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "LoMAPeersTests/Pooling/PooledGolden.swift"
HIDDEN, INNER, VOCABULARY, LAYERS, HEADS, KV_HEADS, WIDTH = 8, 12, 12, 2, 4, 2, 4
EPSILON, THETA, TEMPERATURE, TARGET, CHUNK = 2.0**-10, 100.0, 0.5, 4.0, 3
MASK = (1 << 64) - 1


def noise(seed, count):
    """log u - log(1 - u) of SplitMix64's draws."""
    numbers, state = [], seed
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        z ^= z >> 31
        u = ((z >> 12) + 0.5) * 2.0**-52
        numbers.append(math.log(u) - math.log(1 - u))
    return torch.tensor(numbers, dtype=torch.float64)


def shapes():
    found = {"model.embed_tokens.weight": (VOCABULARY, HIDDEN), "model.norm.weight": (HIDDEN,)}
    found["lm_head.weight"] = (VOCABULARY, HIDDEN)
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


def weights():
    """Weights of one formula, exact in both languages; those of the channel that decides are six times as large."""
    made = {}
    for place, (name, shape) in enumerate(sorted(shapes().items())):
        index = torch.arange(math.prod(shape), dtype=torch.int64)
        value = ((index * 7919 + place * 104729 + 12345) % 2003 - 1001).double() / 1024
        value = value.reshape(shape)
        if len(shape) == 1:
            value = 1 + value / 8
        elif name.endswith(("q_proj.weight", "k_proj.weight")):
            value = value.clone()
            value[WIDTH - 1 :: WIDTH] *= 6
        made[name] = value.requires_grad_()
    return made


def rms_norm(x, gain):
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + EPSILON) * gain


def rotated(x, positions):
    """Half-split pairs, after the last channel was made 0, which it is again behind the rotation."""
    x = torch.cat([x[..., :-1], torch.zeros_like(x[..., -1:])], -1)
    half = WIDTH // 2
    angle = torch.tensor(
        [[p * THETA ** (-2 * i / WIDTH) for i in range(half)] for p in positions], dtype=torch.float64
    )[:, None]
    a, b = x[..., :half], x[..., half:]
    x = torch.cat([a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()], -1)
    return torch.cat([x[..., :-1], torch.zeros_like(x[..., -1:])], -1)


def attention(layer, y, w, positions, count, drawn):
    """One layer's attention; the first `count` rows are tokens. Answers its output and the shares accumulated."""
    name, rows = f"model.layers.{layer}.self_attn.", y.shape[0]
    q = (y @ w[name + "q_proj.weight"].T).reshape(rows, HEADS, WIDTH)
    k = (y @ w[name + "k_proj.weight"].T).reshape(rows, KV_HEADS, WIDTH)
    v = (y @ w[name + "v_proj.weight"].T).reshape(rows, KV_HEADS, WIDTH)
    group = HEADS // KV_HEADS
    omega = torch.sigmoid(q[:count, :, -1].reshape(count, KV_HEADS, group).mean(-1) + 5)
    logits = (k[:count, :, -1] - 5 + drawn.reshape(LAYERS, KV_HEADS, count)[layer].T) / TEMPERATURE
    alpha = torch.cat([torch.zeros(1, KV_HEADS, dtype=torch.float64), torch.sigmoid(logits[1:])])
    pooled_k, pooled_v, z, u, t = [], [], None, None, None
    for i in range(count):
        weight = omega[i][:, None]
        if i == 0:
            z, u, t = weight, weight * k[0], weight * v[0]
        else:
            share = alpha[i][:, None]
            z, u, t = share * z + weight, share * u + weight * k[i], share * t + weight * v[i]
        pooled_k.append(u / z)
        pooled_v.append(t / z)
    keys = rotated(torch.cat([torch.stack(pooled_k), k[count:]]), positions)
    values = torch.cat([torch.stack(pooled_v), v[count:]])
    queries = rotated(q, positions)
    on, off = torch.nn.functional.logsigmoid(logits), torch.nn.functional.logsigmoid(-logits)
    outputs = []
    for r in range(rows):
        heads = []
        for h in range(HEADS):
            g = h // group
            scores, seen = [], []
            if r < count:
                for j in range(r + 1):
                    scores.append(queries[r, h] @ keys[j, g] / math.sqrt(WIDTH) + (off[j + 1, g] if j < r else 0))
                    seen.append(j)
            else:
                chunk = (r - count) // CHUNK
                first, end = chunk * CHUNK, (chunk + 1) * CHUNK - 1
                for j in range(first, count):
                    far = on[end + 1 : j + 1, g].sum() + (off[j + 1, g] if j + 1 < count else 0)
                    scores.append(queries[r, h] @ keys[j, g] / math.sqrt(WIDTH) + far)
                    seen.append(j)
                for j in range(count + first, r + 1):
                    scores.append(queries[r, h] @ keys[j, g] / math.sqrt(WIDTH))
                    seen.append(j)
            heads.append(torch.softmax(torch.stack(scores), 0) @ values[seen, g])
        outputs.append(torch.cat(heads))
    return torch.stack(outputs) @ w[name + "o_proj.weight"].T, alpha


def forward(text, w, seed):
    """Logits of the text's tokens, then of its repetition rows; and alpha of every layer [tokens, heads]."""
    count = len(text)
    positions = list(range(count)) * 2
    drawn = noise(seed, LAYERS * KV_HEADS * count)
    x = w["model.embed_tokens.weight"][torch.tensor(text + [11] * count)]
    shares = []
    for layer in range(LAYERS):
        name = f"model.layers.{layer}."
        made, alpha = attention(
            layer, rms_norm(x, w[name + "input_layernorm.weight"]), w, positions, count, drawn)
        x, y = x + made, None
        y = rms_norm(x, w[name + "post_attention_layernorm.weight"])
        gate, up = y @ w[name + "mlp.gate_proj.weight"].T, y @ w[name + "mlp.up_proj.weight"].T
        x = x + (torch.nn.functional.silu(gate) * up) @ w[name + "mlp.down_proj.weight"].T
        shares.append(alpha)
    return rms_norm(x, w["model.norm.weight"]) @ w["lm_head.weight"].T, shares


def answers():
    w = weights()
    texts = [[(5 * i + 3 + i * i) % 10 for i in range(9)], [(7 * i + 1) % 10 for i in range(6)]]
    reading, reciting, missing, shares = [], [], [], []
    for index, text in enumerate(texts):
        logits, alphas = forward(text, w, 70 + index)
        labels = torch.tensor(text)
        reading.append(torch.nn.functional.cross_entropy(logits[: len(text) - 1], labels[1:], reduction="none"))
        reciting.append(torch.nn.functional.cross_entropy(logits[len(text) :], labels, reduction="none"))
        probabilities = torch.stack(alphas)
        decisions = (probabilities > 0.5).double() - probabilities.detach() + probabilities
        shares.append(decisions.mean().item())
        missing.append((1 - 1 / TARGET - decisions.mean()).clamp(min=0))
    reading, reciting = torch.cat(reading).mean(), torch.cat(reciting).mean()
    compression = torch.stack(missing).mean()
    (reading + reciting + compression).backward()
    found = {"L_LM": reading.item(), "L_rep": reciting.item(), "compression": compression.item()}
    found["accumulated"] = sum(shares) / len(shares)
    for name, tensor in sorted(w.items()):
        gradient = tensor.grad.flatten()
        factor = (torch.arange(gradient.numel()) % 7 - 3).double()
        found[name] = (gradient * factor).sum().item()
        found[name + " squared"] = (gradient * gradient).sum().item()
    return found


def main(arguments):
    if arguments not in ([], ["--write", "yes"]):
        sys.exit(__doc__)
    found = answers()
    if arguments:
        lines = [
            "// Made by Tests/Candidates/cache/check_pooled_training.py --write yes: what PyTorch's autograd gives in float64.",
            "",
            "/// The losses of a batch under DMC, and of every weight's gradient g two sums: of g·(i mod 7 − 3) and of g².",
            "let pooledGolden: [String: Double] = [",
        ]
        lines += [f'  "{name}": {value!r},' for name, value in found.items()] + ["]", ""]
        GOLDEN.write_text("\n".join(lines))
        print(f"{len(found)} numbers written")
        return
    stored = dict(re.findall(r'"([^"]+)": ([-0-9.e]+),', GOLDEN.read_text()))
    if set(stored) != set(found):
        sys.exit(f"other names: {sorted(set(stored) ^ set(found))}")
    far = max(abs(float(stored[name]) - value) / max(abs(value), 1e-3) for name, value in found.items())
    print(f"{len(found)} numbers agree to {far:.1e}")
    if far > 1e-10:
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
