"""BAS-26 a second time: the loss of a batch under DMC and its gradients, by PyTorch's autograd in float64.

    python check_pooled_training.py [--write yes] [--megatron PATH]

Everything is computed from the Spec: noise by SplitMix64, the recurrence token by token, each row's scores one by one,
the one-sided term with decisions that are passed straight through as the release passes them. The answers stand in
Tests/LoMAPeersTests/Pooling/PooledGolden.swift, where a Swift test compares the reference with them; this script says
whether they are still what PyTorch gives, or with --write yes puts them there.

With a checkout of NVIDIA/Megatron-LM, branch dmc@d36bf8d, the release's own DynamicPooler in training, with our noise in
the place of its own, and its get_dmc_loss are run on 200 random layers, and their gradients compared with ours.
"""

import argparse
import math
import pathlib
import random
import sys
import types

import torch

import cache_protocol  # noqa: F401  first: it makes the modules of the folder above known
import golden_llama
from golden_llama import HEADS, KV_HEADS, LAYERS, WIDTH, rms_norm
from released import taken

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "LoMAPeersTests/Pooling/PooledGolden.swift"
VOCABULARY, TEMPERATURE, TARGET, CHUNK = 12, 0.5, 4.0, 3
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


def sixfold(name, value):
    """Those of the channel that decides are six times as large."""
    if name.endswith(("q_proj.weight", "k_proj.weight")):
        value[WIDTH - 1 :: WIDTH] *= 6


def rotated(x, positions):
    """Half-split pairs, after the last channel was made 0, which it is again behind the rotation."""
    x = golden_llama.rotated(torch.cat([x[..., :-1], torch.zeros_like(x[..., -1:])], -1), positions)
    return torch.cat([x[..., :-1], torch.zeros_like(x[..., -1:])], -1)


def pooled(weighing, k, v, drawn, temperature=TEMPERATURE):
    """Of tokens before the rotation: r, alpha, and the means of keys and values after every token; token by token.

    weighing [T, H] is the last channel of the queries, k and v are [T, G, d], the noise drawn [T, G].
    """
    count, kv_heads = k.shape[:2]
    omega = torch.sigmoid(weighing.reshape(count, kv_heads, -1).mean(-1) + 5)
    logits = (k[:, :, -1] - 5 + drawn) / temperature
    alpha = torch.cat([torch.zeros(1, kv_heads, dtype=torch.float64), torch.sigmoid(logits[1:])])
    means, z, u = [], 0, 0
    for i in range(count):
        share, weight = alpha[i][:, None], omega[i][:, None]
        z, u = share * z + weight, share * u + weight * torch.cat([k[i], v[i]], -1)
        means.append(u / z)
    means = torch.stack(means)
    return logits, alpha, means[..., : k.shape[2]], means[..., k.shape[2] :]


def term(alphas, target):
    """The one-sided term of one text: decisions, with the gradient of alpha; alphas [layers, T, G]."""
    decisions = (alphas > 0.5).double() - alphas.detach() + alphas
    return (1 - 1 / target - decisions.mean()).clamp(min=0), decisions.mean().item()


def attention(layer, y, w, positions, count, drawn):
    """One layer's attention; the first `count` rows are tokens. Answers its output and the shares accumulated."""
    name, rows = f"model.layers.{layer}.self_attn.", y.shape[0]
    q = (y @ w[name + "q_proj.weight"].T).reshape(rows, HEADS, WIDTH)
    k = (y @ w[name + "k_proj.weight"].T).reshape(rows, KV_HEADS, WIDTH)
    v = (y @ w[name + "v_proj.weight"].T).reshape(rows, KV_HEADS, WIDTH)
    logits, alpha, pooled_k, pooled_v = pooled(
        q[:count, :, -1], k[:count], v[:count], drawn.reshape(LAYERS, KV_HEADS, count)[layer].T)
    group = HEADS // KV_HEADS
    keys = rotated(torch.cat([pooled_k, k[count:]]), positions)
    values = torch.cat([pooled_v, v[count:]])
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
    w = golden_llama.weights(VOCABULARY, sixfold)
    texts = [[(5 * i + 3 + i * i) % 10 for i in range(9)], [(7 * i + 1) % 10 for i in range(6)]]
    reading, reciting, missing, shares = [], [], [], []
    for index, text in enumerate(texts):
        logits, alphas = forward(text, w, 70 + index)
        labels = torch.tensor(text)
        reading.append(torch.nn.functional.cross_entropy(logits[: len(text) - 1], labels[1:], reduction="none"))
        reciting.append(torch.nn.functional.cross_entropy(logits[len(text) :], labels, reduction="none"))
        lacking, share = term(torch.stack(alphas), TARGET)
        missing.append(lacking)
        shares.append(share)
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


def differences(root, draw):
    """The largest differences of the release's pooling in training from ours, on one random layer and its gradients."""
    kv_heads, group, width, count = draw.randint(1, 3), draw.randint(1, 3), draw.randint(2, 6), draw.randint(2, 20)
    numbers = torch.Generator().manual_seed(draw.randrange(1 << 30))
    target = draw.choice([2.0, 4.0, 50.0])
    made = types.SimpleNamespace(
        dmc_init_val=5, dmc_window_size=count, dmc_temp=0.1, dmc_cr=target, dmc_finetune=True, curr_iteration=1)
    scope = {
        "get_args": lambda: made, "MASK_CONST": -50000.0, "layer_decisions": [],
        "tensor_parallel": types.SimpleNamespace(gather_from_tensor_model_parallel_region=lambda x: x)}
    parts = taken(
        root, "megatron/contrib/dmc/dmc.py",
        ["get_prior_and_cr", "get_decisions", "get_dmc_loss", "DynamicPooler", "_poolsum", "poolsum"], in_double=True,
        **scope)

    def normal(*shape):
        return torch.randn(*shape, generator=numbers, dtype=torch.float64)

    query, key, value = normal(count, kv_heads * group, width), normal(count, kv_heads, width), normal(
        count, kv_heads, width)
    key[..., -1] = key[..., -1] * 2 + 5
    key[0, :, -1] = -1000  # the release counts the first token's decision, which does nothing
    query[..., -1] = query[..., -1] * 2 - 4
    drawn = normal(count, kv_heads)
    factors = normal(3, count, kv_heads, width)

    def ours(query, key, value):
        logits, alpha, keys, values = pooled(query[..., -1], key, value, drawn, temperature=0.1)
        off = torch.nn.functional.logsigmoid(-logits)
        return keys, values, off, term(alpha[None], target)[0]

    def theirs(query, key, value):
        pooler = parts.DynamicPooler().train()
        pooler.add_noise = lambda logits: (logits + drawn) / 0.1
        _, keys, values, mask = pooler.downsample(
            query[:, None].clone(), key[:, None].clone(), value[:, None].clone(), True)
        keys, values = (x[:, 0, ::group] for x in (keys, values))
        off = torch.cat([torch.zeros(1, kv_heads, dtype=torch.float64), mask[:-1, 0, ::group]])
        return keys, values, off, parts.get_dmc_loss()[0]

    found = []
    for function in (ours, theirs):
        inputs = [x.clone().requires_grad_() for x in (query, key, value)]
        keys, values, off, lacking = function(*inputs)
        # The channel that decides is cleared later, or holds the mask; the first token's logarithm is never read.
        parts_of = [keys[..., :-1], values, off[1:], lacking]
        sum_of = (parts_of[0] * factors[0][..., :-1]).sum() + (values * factors[1]).sum() + (
            off[1:] * factors[2][1:, :, 0]).sum() + 10 * lacking
        gradients = torch.autograd.grad(sum_of, inputs)
        found.append([x.detach() for x in parts_of] + list(gradients))
    return [
        ((a - b).abs().max() / max(b.abs().max().item(), 1)).item() if a.numel() else 0.0 for a, b in zip(*found)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", choices=["yes"])
    parser.add_argument("--megatron", type=pathlib.Path, metavar="PATH")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.megatron:
        draw, worst = random.Random(1), [0.0] * 7
        for _ in range(200):
            worst = [max(pair) for pair in zip(worst, differences(options.megatron, draw))]
        names = ["keys", "values", "log(1 - alpha)", "term", "query's gradient", "key's gradient", "value's gradient"]
        print("the release, 200 layers: " + ", ".join(f"{name} {far:.1e}" for name, far in zip(names, worst)))
        # The release adds float64's epsilon to every weight (P-17).
        if max(worst) > 1e-9:
            return 1
    found = answers()
    if options.write:
        lines = [
            "// Made by Tests/Candidates/cache/check_pooled_training.py --write yes: what PyTorch's autograd gives in float64.",
            "",
            "/// The losses of a batch under DMC, and of every weight's gradient g two sums: of g·(i mod 7 − 3) and of g².",
            "let pooledGolden: [String: Double] = [",
        ]
        golden_llama.write(GOLDEN, lines, found)
        return 0
    return 0 if golden_llama.agree(GOLDEN, found) else 1


if __name__ == "__main__":
    sys.exit(main())
