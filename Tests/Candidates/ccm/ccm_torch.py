"""Chapter 16 of the Spec in PyTorch, derived another way than in NumPy, with gradients by autograd.

There are no SUM rows here (CCM-18): the running means are offered as keys and values beside those of the rows. What a
row sees follows from what the online cache holds when it is fed (CCM-24), not from the table of the mask. `mask_of_ids`
is the table once more, by arithmetic on token ids.
"""

import torch

import ccm_model  # first: it makes the modules of the folder above known
import ccm_structure


def mask_of_ids(ids, lengths, n, vocabulary, beginning, profile):
    """The mask of one unpadded text [S, S] from the ids of its parallel layout and the lengths of its segments."""
    chosen = ccm_structure.axes(profile)
    ids = torch.as_tensor(ids)
    is_text, is_sum = ids < vocabulary, ids >= vocabulary + n
    is_comp = ~is_text & ~is_sum
    # The segment of a text row by counting text; a block has that of the text row before it, but the last SUM block of
    # merge, separate the one of the text row behind it.
    before = torch.cumsum(is_text, 0) - 1
    segment = torch.bucketize(before, torch.cumsum(torch.tensor(lengths), 0), right=True)
    last = len(lengths) - 1
    if chosen["recurrence"] == "separate":
        segment[is_sum] = last
    s, u = segment[:, None], segment[None, :]
    own = s == u
    if chosen["memory"] == "concat" and chosen["recurrence"] == "recurrent":
        comp = u <= s
    elif chosen["memory"] == "concat":
        comp = own | (s == last)
    else:
        comp = own
    sums = u == s - 1 if chosen["recurrence"] == "recurrent" else (s == last).expand(len(ids), -1)
    seen = (is_text & own) | (is_comp & comp) | (is_sum & sums)
    if chosen["recurrence"] == "recurrent":
        of_sums = own | (is_sum & (u == s - 1))
    else:
        of_sums = (~is_text).expand(len(ids), -1)
    seen = torch.where(is_sum[:, None], of_sums, seen)
    if chosen["sink"] == "on":
        seen = seen | (ids == beginning)
    return seen & torch.ones(len(ids), len(ids), dtype=torch.bool).tril()


def read_plan(text, n, vocabulary, beginning, profile):
    """Online rows, and for each of them the rows it sees and how many segments are in the merged memory it sees."""
    chosen = ccm_structure.axes(profile)
    merged, rows, plan, kept = chosen["memory"] == "merge", [], [], []
    last = len(text) - 1
    for segment, tokens in enumerate(text):
        memory = chosen["recurrence"] == "recurrent" or segment == last
        past = [r for r in kept if memory or rows[r][0] == "x"]
        own = []
        block = [vocabulary + j for j in range(n)] if segment < last else []
        for place, token in enumerate([*tokens, *block]):
            texts = sum(row[0] == "x" for row in rows)
            kind = "x" if place < len(tokens) else "c"
            rows.append((kind, token, texts + (place - len(tokens) if kind == "c" else 0)))
            own.append(len(rows) - 1)
            plan.append(([*past, *own], segment if merged and memory else 0))
        for r in own:
            sink = chosen["sink"] == "on" and rows[r][0] == "x" and rows[r][1] == beginning
            if sink or rows[r][0] == "c" and not merged:
                kept.append(r)
    return rows, plan


def means(entries, profile, rate=None):
    """Running means over the first axis as products with one matrix of weights, which is how the release does it."""
    count = len(entries)
    weights = torch.zeros(count, count, dtype=entries.dtype)
    for t in range(1, count + 1):
        exact = ccm_structure.weights(t, profile, rate)
        weights[t - 1, :t] = torch.tensor([float(weight) for weight in exact], dtype=entries.dtype)
    return torch.tensordot(weights, entries, dims=1)


def conditional_linear(x, weight, lora_a, lora_b, scale, gate):
    """CCM-20 as the release computes it: the added term of every row, times the gate."""
    return x @ weight.T + gate[:, None].to(x.dtype) * scale * (x @ lora_a.T @ lora_b.T)


class Model:
    """A base with its adapter; the adapter's tensors are leaves with gradients."""

    def __init__(self, model, dtype=torch.float64):
        def cast(array):
            return torch.tensor(array, dtype=dtype)

        self.numpy, self.base, self.dtype = model, model.base, dtype
        self.adapter = {name: cast(array).requires_grad_() for name, array in model.adapter.items()}
        self.blocks = [{name: cast(array) for name, array in block.items()} for block in self.base.blocks]
        self.gain, self.head, self.embedding = cast(self.base.gain), cast(self.base.head), cast(self.base.embedding)

    def norm(self, x, gain):
        return gain * x * torch.rsqrt((x * x).mean(-1, keepdim=True) + self.base.epsilon)

    def rotate(self, x, positions):
        d = self.base.head_dim
        inverse = self.base.theta ** (-torch.arange(0, d, 2, dtype=torch.float64) / d)
        angle = (positions[:, None] * inverse).to(self.dtype)
        turn = torch.polar(torch.ones_like(angle), angle)
        heads = x.reshape(len(x), -1, d)
        pairs = torch.complex(heads[..., : d // 2].contiguous(), heads[..., d // 2 :].contiguous()) * turn[:, None]
        return torch.cat([pairs.real, pairs.imag], dim=-1)

    def project(self, layer, name, x, gate):
        lora = [self.adapter[ccm_model.adapter_name(layer, name, part)] for part in "AB"]
        return conditional_linear(x, self.blocks[layer][name], *lora, self.numpy.scale, gate)

    def rows(self, text, n, vocabulary, beginning, profile, rate=None, embeddings=None):
        """Logits [online rows, V], the rows, and the merged memory: keys and values [T, n, W] by layer. `embeddings`
        are of the online rows."""
        rows, plan = read_plan(text, n, vocabulary, beginning, profile)
        contexts, kv, d = len(text) - 1, self.base.kv_heads, self.base.head_dim
        gate = torch.tensor([kind == "c" for kind, _, _ in rows])
        positions = torch.tensor([position for _, _, position in rows], dtype=torch.float64)
        table = torch.cat([self.embedding, self.adapter[ccm_model.EMBEDDINGS]])
        x = table[[token for _, token, _ in rows]] if embeddings is None else embeddings
        merges = ccm_structure.axes(profile)["memory"] == "merge" and contexts > 0
        visible = torch.zeros(len(rows), len(rows) + contexts * n * merges, dtype=torch.bool)
        for r, (seen, t) in enumerate(plan):
            visible[r, seen] = True
            if t:
                visible[r, len(rows) + (t - 1) * n : len(rows) + t * n] = True
        memories = []
        for layer, block in enumerate(self.blocks):
            normed = self.norm(x, block["input_layernorm"])
            query, key, value = (self.project(layer, name, normed, gate) for name in ("q_proj", "k_proj", "v_proj"))
            query, key = self.rotate(query, positions), self.rotate(key, positions)
            value = value.reshape(len(rows), kv, d)
            if merges:
                made = [means(part[gate].reshape(contexts, n, kv, d), profile, rate) for part in (key, value)]
                memories.append([part.reshape(contexts, n, kv * d) for part in made])
                key, value = (torch.cat([part, m.reshape(-1, kv, d)]) for part, m in zip((key, value), made))
            group = self.base.heads // kv
            key, value = key.repeat_interleave(group, dim=1), value.repeat_interleave(group, dim=1)
            scores = torch.einsum("qhd,khd->hqk", query, key) / d**0.5
            weights = torch.softmax(scores.masked_fill(~visible, float("-inf")), dim=-1)
            context = torch.einsum("hqk,khd->qhd", weights, value).reshape(len(rows), -1)
            x = x + self.project(layer, "o_proj", context, gate)
            normed = self.norm(x, block["post_attention_layernorm"])
            inner = torch.nn.functional.silu(normed @ block["gate_proj"].T) * (normed @ block["up_proj"].T)
            x = x + inner @ block["down_proj"].T
        return self.norm(x, self.gain) @ self.head.T, rows, memories

    def text_logits(self, text, n, vocabulary, beginning, profile, rate=None, embeddings=None):
        """Logits of text rows alone, [text tokens, V]."""
        logits, rows, _ = self.rows(text, n, vocabulary, beginning, profile, rate, embeddings)
        return logits[[kind == "x" for kind, _, _ in rows]]

    def loss(self, texts, output_lengths, n, vocabulary, beginning, profile, rate=None):
        """CCM-23: the last tokens of every text are its output."""
        parts = []
        for text, length in zip(texts, output_lengths):
            if length:
                logits = self.text_logits(text, n, vocabulary, beginning, profile, rate)[-length - 1 : -1]
                parts.append(torch.nn.functional.cross_entropy(
                    logits, torch.tensor(text[-1][-length:]), reduction="none"))
        # Without a label there is nothing for autograd to follow; every gradient is then 0.
        idle = sum((0 * tensor).sum() for tensor in self.adapter.values())
        return (torch.cat(parts).mean() if parts else torch.zeros((), dtype=self.dtype)) + idle

    def gradients(self, *arguments):
        """The loss's gradient with respect to every tensor of the adapter, by name."""
        for tensor in self.adapter.values():
            tensor.grad = None
        self.loss(*arguments).backward()
        return {name: tensor.grad.numpy() for name, tensor in self.adapter.items()}
