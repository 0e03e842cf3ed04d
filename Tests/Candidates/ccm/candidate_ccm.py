#!/usr/bin/env python3
"""Compressed context memory on Hugging Face's LlamaForCausalLM as a candidate: every operation of chapter 16, in
float64, float32, bfloat16 and float16.

  pip install -r Tests/Candidates/requirements-torch.txt
  loma conform --vectors Vectors/peers -- python3 Tests/Candidates/ccm/candidate_ccm.py

The model is the stock one with its own RMSNorm, rotary embedding and feed-forward. The four projections of every layer
are wrapped in a conditional LoRA as PEFT wraps a linear layer, the embedding in one with more rows, and the attention
function merges keys and values of SUM rows between the rotation and the scores, as the authors' release does. Online,
a DynamicCache is cut and folded. In float64 the three forms that transformers computes in float32 are replaced
(llama64.py).
"""

import functools
import pathlib
import warnings

import torch
import transformers
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional
from transformers import AttentionInterface, DynamicCache, LlamaForCausalLM

import ccm_model  # first: it makes the modules of the folder above known
import ccm_protocol
import ccm_structure
import candidate_huggingface
import llama64
import loma_protocol

DTYPES = candidate_huggingface.DTYPES


class ConditionalLoRA(nn.Module):
    """A projection with its adapter (CCM-20). `gate` is a boolean tensor of the rows of the coming pass."""

    def __init__(self, base, lora_a, lora_b, scale):
        super().__init__()
        self.base, self.scale, self.gate = base, scale, None
        self.lora_a, self.lora_b = nn.Parameter(lora_a), nn.Parameter(lora_b)

    def forward(self, x):
        added = functional.linear(functional.linear(x, self.lora_a), self.lora_b) * self.scale
        return self.base(x) + added * self.gate[..., None].to(added.dtype)


class TwoTables(nn.Module):
    """The base's embeddings, and behind them those of the memory tokens (CCM-2)."""

    def __init__(self, base, more):
        super().__init__()
        self.base, self.more = base, nn.Parameter(more)

    def forward(self, ids):
        return functional.embedding(ids, torch.cat([self.base.weight, self.more]))


def fold_rows(tensor, weights):
    """The rows of SUM replaced; `tensor` is [B, heads, S, d], `weights` [B, S, S] with rows of zeros but for SUM."""
    is_sum = weights.sum(-1) > 0
    wide = tensor if tensor.dtype == torch.float64 else tensor.float()
    means = (weights.to(wide.dtype)[:, None] @ wide).to(tensor.dtype)
    return torch.where(is_sum[:, None, :, None], means, tensor)


def attend(module, query, key, value, attention_mask, scaling, **kwargs):
    """candidate_huggingface's attention over merged keys and values (CCM-17)."""
    if getattr(module, "merge", None) is not None:
        key, value = fold_rows(key, module.merge), fold_rows(value, module.merge)
    return candidate_huggingface.attend(module, query, key, value, attention_mask, scaling, **kwargs)


AttentionInterface.register("ccm", attend)


@functools.cache
def load_model(directory, dtype):
    """The base with the adapter around its parts."""
    model = LlamaForCausalLM.from_pretrained(
        pathlib.Path(directory), dtype=dtype, attn_implementation="ccm").eval().requires_grad_(False)
    if dtype == torch.float64:
        llama64.in_float64(model)
    config = ccm_model.adapter_config(directory)
    adapter = load_file(pathlib.Path(directory) / "adapter" / "adapter_model.safetensors")
    for n, layer in enumerate(model.model.layers):
        for name in ccm_model.PROJECTIONS:
            parts = [adapter[ccm_model.adapter_name(n, name, part)].to(dtype) for part in "AB"]
            wrapped = ConditionalLoRA(getattr(layer.self_attn, name), *parts, config["lora_alpha"] / config["r"])
            setattr(layer.self_attn, name, wrapped)
    model.model.embed_tokens = TwoTables(model.model.embed_tokens, adapter[ccm_model.EMBEDDINGS].to(dtype))
    return model


def trained(model):
    """The adapter's parameters under their names (CCM-22)."""
    named = {ccm_model.EMBEDDINGS: model.model.embed_tokens.more}
    for n, layer in enumerate(model.model.layers):
        for name in ccm_model.PROJECTIONS:
            wrapped = getattr(layer.self_attn, name)
            named[ccm_model.adapter_name(n, name, "A")] = wrapped.lora_a
            named[ccm_model.adapter_name(n, name, "B")] = wrapped.lora_b
    return named


def prepare(model, rows, merge):
    """Tells every layer which rows of the coming pass are memory rows, and what is merged."""
    gate = torch.tensor([[row["role"] in "cs" for row in text] for text in rows])
    for layer in model.model.layers:
        layer.self_attn.merge = merge
        for name in ccm_model.PROJECTIONS:
            getattr(layer.self_attn, name).gate = gate


def merge_weights(rows, request):
    """[B, S, S]: in the row of SUM_j the weights of the COMP_j that it holds; None without SUM rows."""
    weights = torch.zeros(len(rows), len(rows[0]), len(rows[0]), dtype=torch.float64)
    for b, text in enumerate(rows):
        for r, row in enumerate(text):
            if row["role"] == "s":
                own = [c for c in range(r) if text[c]["role"] == "c" and text[c]["index"] == row["index"]]
                for c, weight in zip(own, ccm_structure.weights(len(own), request.profile, request.rate)):
                    weights[b, r, c] = float(weight)
    return weights if weights.any() else None


def batch_logits(request, model, embeddings=None):
    """Logits of the parallel layout, padded on the left, and its rows."""
    rows = ccm_structure.padded(request.layouts())
    prepare(model, rows, merge_weights(rows, request))
    mask = torch.tensor([ccm_structure.mask(text, request.beginning, request.profile) for text in rows])[:, None]
    return candidate_huggingface.run(model, rows, mask, embeddings=embeddings), rows


def forward(request, model):
    embeddings = request.input["embeddings"].to(model.dtype) if "embeddings" in request.input else None
    seen = {}
    handles = candidate_huggingface.watch(model, seen) if request.capture else []
    logits, _ = batch_logits(request, model, embeddings)
    for handle in handles:
        handle.remove()
    return {"logits": logits, **{name: seen[name] for name in request.capture}}


def loss(request, model):
    """CCM-23."""
    logits, rows = batch_logits(request, model)
    own = [(b, r, row["label"]) for b, text in enumerate(rows) for r, row in enumerate(text)
           if row["label"] is not None]
    if not own:
        return logits.sum() * 0
    text, place, label = torch.tensor(own).T
    return candidate_huggingface.cross_entropy(logits[text, place], label).mean()


def gradients(request, model):
    """By autograd; what the loss does not depend on has a gradient of 0."""
    named = trained(model)
    found = torch.autograd.grad(loss(request, model), list(named.values()), allow_unused=True)
    return {f"gradients.{name}": torch.zeros_like(parameter) if grad is None else grad
            for (name, parameter), grad in zip(named.items(), found)}


class Online:
    """One text through a DynamicCache that is cut and folded behind every segment (CCM-24)."""

    def __init__(self, request, model):
        self.request, self.model = request, model
        self.cache = DynamicCache(config=model.config)
        self.last = len(request.texts[0]) - 1
        self.memory = ccm_structure.Memory([], self.last, request.beginning, request.profile)
        self.rows, self.texts, self.means, self.folds = self.memory.rows, 0, None, 0
        self.events, self.logits, self.appended = [], [], []

    def feed(self, rows):
        """One pass over rows that are causal among themselves."""
        held = len(self.memory.held)
        numbers = range(len(self.rows), len(self.rows) + len(rows))
        self.rows.extend(rows)
        mask = torch.tensor([[self.memory.sees(row, number) for number in self.memory.held]
                             + [other <= number for other in numbers] for row, number in zip(rows, numbers)])
        prepare(self.model, [rows], None)
        logits = candidate_huggingface.run(self.model, [rows], mask[None, None], self.cache)[0]
        self.memory.held.extend(numbers)
        self.appended.append([part[:, held:] for part in self.entries()])
        return logits

    def read(self, tokens, segment, index):
        rows = [{"token": token, "role": "x", "segment": segment, "index": index + i, "position": self.texts + i}
                for i, token in enumerate(tokens)]
        held = len(self.memory.held)
        self.logits += list(self.feed(rows))
        self.events += [[ccm_structure.READ, self.texts + i, held + i + 1] for i in range(len(tokens))]
        self.texts += len(tokens)

    def compress(self, segment):
        first = len(self.rows)
        n, vocabulary = self.request.n, self.request.vocabulary
        self.feed([{"token": vocabulary + j, "role": "c", "segment": segment, "index": j, "position": self.texts + j}
                   for j in range(n)])
        self.note(ccm_structure.COMPRESS, segment)
        before = list(self.memory.held)
        self.memory.drop(segment)
        self.cut(before)
        self.note(ccm_structure.DROP, segment)
        if self.memory.profile["memory"] == "merge":
            before = list(self.memory.held)
            self.memory.fold(segment)
            self.cut(before)
            self.fold([place for place, number in enumerate(self.memory.held) if number >= first])
            self.note(ccm_structure.FOLD, segment)

    def note(self, kind, segment):
        self.events.append([kind, segment, len(self.memory.held)])

    def cut(self, before):
        """Drops from the cache what is held no more."""
        held = set(self.memory.held)
        places = [place for place, number in enumerate(before) if number in held]
        for layer in self.cache.layers:
            layer.keys, layer.values = layer.keys[:, :, places], layer.values[:, :, places]

    def fold(self, places):
        """The newest block becomes the running means, which are kept in float32 or wider."""
        wide = torch.float64 if self.model.dtype == torch.float64 else torch.float32
        new = torch.stack([torch.stack([layer.keys[:, :, places], layer.values[:, :, places]])
                           for layer in self.cache.layers]).to(wide)
        self.folds += 1
        share = 1 / self.folds
        if self.memory.profile["merge_rate"] == "exponential":
            share = self.request.rate if self.folds > 1 else 1.0
        self.means = new if self.means is None else (1 - share) * self.means + share * new
        for layer, (keys, values) in zip(self.cache.layers, self.means.to(self.model.dtype)):
            layer.keys[:, :, places], layer.values[:, :, places] = keys, values

    def entries(self):
        """Keys and values held, [layers, entries, W]."""
        flat = lambda x: x[0].transpose(0, 1).flatten(1)
        return [torch.stack([flat(getattr(layer, part)) for layer in self.cache.layers]) for part in ("keys", "values")]


def online(request, model):
    """CCM-34."""
    (text,), feeder, count = request.texts, Online(request, model), request.params["generate"]
    for segment, tokens in enumerate(text):
        feeder.read(tokens, segment, 0)
        if segment < feeder.last:
            feeder.compress(segment)
    forced, chosen, length = request.integers.get("forced"), [], len(text[-1])
    for step in range(count):
        scores = feeder.logits[-1]
        chosen.append(int((scores == scores.max()).nonzero()[0]))  # GEN-5: the lowest id among exact maxima
        if step + 1 < count:
            feeder.read([chosen[-1] if forced is None else forced[step]], feeder.last, length)
            length += 1
    keys, values = feeder.entries()
    appended = [torch.cat(parts, dim=1) for parts in zip(*feeder.appended)]
    return {
        "chosen": torch.tensor(chosen, dtype=torch.int64), "logits": torch.stack(feeder.logits),
        "events": torch.tensor(feeder.events, dtype=torch.int64),
        "appended.keys": appended[0], "appended.values": appended[1],
        "cache.rows": torch.tensor(feeder.memory.held, dtype=torch.int64), "cache.keys": keys, "cache.values": values}


def merge(request, dtype):
    """The stage, by a running mean as the release's online one, in the accumulation type."""
    wide = torch.float64 if dtype == torch.float64 else torch.float32
    answer = {}
    for name in ("keys", "values"):
        entries = request.input[name].to(dtype).to(wide)
        means = [entries[0]]
        for t in range(2, len(entries) + 1):
            share = request.rate if request.profile.get("merge_rate") == "exponential" else 1 / t
            means.append((1 - share) * means[-1] + share * entries[t - 1])
        answer[name] = torch.stack(means).to(dtype)
    return answer


def conditional_linear(request, dtype):
    given = {name: tensor.to(dtype) for name, tensor in request.input.items() if tensor.dtype == torch.float32}
    base = nn.Linear(*given["weight"].shape[::-1], bias=False).to(dtype)
    base.weight.data.copy_(given["weight"])
    scale = request.params["lora_alpha"] / len(given["lora_a"])
    layer = ConditionalLoRA(base, given["lora_a"], given["lora_b"], scale)
    layer.gate = request.input["gate"]
    return {"y": layer(given["x"])}


def answer(request):
    if request.op in ccm_structure.STRUCTURE:
        kind = torch.bool if request.op == "ccm_mask" else torch.int64
        return {name: torch.tensor(value, dtype=kind).reshape(shape)
                for name, (value, shape) in request.structure().items()}
    dtype = DTYPES[request.dtype]
    with torch.set_grad_enabled(request.op == "ccm_gradients"):
        if request.op in ccm_structure.STAGES:
            return {"merge": merge, "conditional_linear": conditional_linear}[request.op](request, dtype)
        model = load_model(request.model, dtype)
        if request.op == "ccm_loss":
            return {"loss": loss(request, model).to(dtype)}
        return {"ccm_forward": forward, "ccm_gradients": gradients, "ccm_online": online}[request.op](request, model)


def save(tensors, path):
    save_file({name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}, path)


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    loma_protocol.serve(
        "ccm-huggingface", f"transformers-{transformers.__version__}-torch-{torch.__version__}",
        ccm_protocol.OPERATIONS, DTYPES, answer, load_file, save, captures=True, read=ccm_protocol.Request)
