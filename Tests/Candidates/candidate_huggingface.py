#!/usr/bin/env python3
"""Hugging Face's Llama, Mistral, Qwen2 and Qwen3 as a candidate: every operation, in four element types.

  pip install -r Tests/Candidates/requirements-torch.txt
  loma conform -- python3 Tests/Candidates/candidate_huggingface.py [--attention eager|sdpa]

The model is the stock one, given a 4-D mask and position ids of its own; gradients are autograd's, training steps
torch.optim.AdamW's. Generation keeps a DynamicCache, out of which the entries of a full chunk are dropped. Stages are
the modules and functions of transformers' Llama. In float64 the three forms that transformers computes in float32 are
replaced (llama64.py). Intermediates are seen by hooks. With `--attention sdpa` the model runs on transformers' own
"sdpa" instead: it gives no probabilities away, so there are no captures and no stage `attention`.
"""

import argparse
import copy
import functools
import pathlib
import warnings

import torch
import transformers
from safetensors.torch import load_file, save_file
from torch.nn import functional
from transformers import AttentionInterface, AutoModelForCausalLM, DynamicCache, LlamaConfig, Qwen2Config, Qwen3Config
from transformers.models.llama import modeling_llama as llama
from transformers.models.qwen2 import modeling_qwen2 as qwen2
from transformers.models.qwen3 import modeling_qwen3 as qwen3

import llama64
import loma_layout
import loma_model
import loma_protocol
import loma_rotation

DTYPES = {"f64": torch.float64, "f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}
STAGES = ("rms_norm", "rope", "attention", "feed_forward", "decoder_layer", "cross_entropy")
MODEL = ("forward", "loss", "gradients", "train_step", "generate", "reconstruct")

attention_implementation = "loma"  # attend, below; or transformers' "sdpa"


def attend(module, query, key, value, attention_mask, scaling, **kwargs):
    """Stock eager attention, its boolean mask made one that is added: 0 or -inf. What it saw is left on the module."""
    if query.dtype == torch.float64:
        output, weights = llama64.attention(module, query, key, value, attention_mask, scaling)
    else:
        added = torch.zeros(attention_mask.shape, dtype=query.dtype).masked_fill(~attention_mask, float("-inf"))
        output, weights = llama.eager_attention_forward(module, query, key, value, added, scaling)
    module.seen = {"query": query, "key": key, "value": value, "probabilities": weights}
    return output, weights


AttentionInterface.register("loma", attend)


@functools.lru_cache(maxsize=4)  # a model may be large, and there are four types
def load_model(directory, dtype):
    model = AutoModelForCausalLM.from_pretrained(
        pathlib.Path(directory), dtype=dtype, attn_implementation=attention_implementation).eval()
    return llama64.in_float64(model) if dtype == torch.float64 else model


def config_of(kind=LlamaConfig, **sizes):
    """A configuration for a module on its own."""
    config = kind(num_hidden_layers=1, vocab_size=1, attention_dropout=0.0, **sizes)
    config._attn_implementation = attention_implementation
    return config


def filled(module, weights, dtype):
    """The module in a type, with these weights by the last part of their names; a bias is q_proj_bias."""
    module = module.to(dtype).eval()
    for name, parameter in module.named_parameters():
        parameter.data.copy_(weights[name.removesuffix(".weight").replace(".bias", "_bias").split(".")[-1]])
    return llama64.in_float64(module) if dtype == torch.float64 else module


def rotary(positions, head_dim, params, like):
    """cos and sin as transformers makes them; a stage's parameters are named like its rope_parameters."""
    members = {name: value for name, value in params.items() if name in loma_rotation.NAMES and name != "factor"}
    config = config_of(hidden_size=head_dim, num_attention_heads=1, head_dim=head_dim, rope_parameters={
        "rope_type": params.get("rope_type", "default"), "rope_theta": params["theta"],
        **({"factor": params["factor"], **members} if "rope_type" in params else {})})
    embedding = llama.LlamaRotaryEmbedding(config)
    return (llama64.in_float64(embedding) if like.dtype == torch.float64 else embedding)(like, positions[None])


def decoder_layer(x, params, dtype):
    """A layer of the class that has these weights: Qwen3 norms of heads, Qwen2 biases of q, k and v alone."""
    (inner, width), d = x["gate_proj"].shape, len(x["q_proj"]) // params["heads"]
    sizes = {"hidden_size": width, "intermediate_size": inner, "num_attention_heads": params["heads"], "head_dim": d,
             "num_key_value_heads": params["kv_heads"], "rms_norm_eps": params["epsilon"]}
    has_bias = "q_proj_bias" in x
    if "q_norm" in x:
        layer = qwen3.Qwen3DecoderLayer(config_of(Qwen3Config, attention_bias=has_bias, **sizes), 0)
    elif has_bias and "o_proj_bias" not in x:
        layer = qwen2.Qwen2DecoderLayer(config_of(Qwen2Config, **sizes), 0)
    else:
        config = config_of(attention_bias=has_bias, mlp_bias="gate_proj_bias" in x, **sizes)
        layer = llama.LlamaDecoderLayer(config, 0)
    return filled(layer, x, dtype), d


def stage(request, dtype):
    p, x = request.params, {name: t.to(dtype) for name, t in request.input.items() if t.dtype == torch.float32}
    if request.op == "rms_norm":
        norm = llama.LlamaRMSNorm(len(x["gain"]), eps=p["epsilon"])
        return {"y": filled(norm, {"weight": x["gain"]}, dtype)(x["x"])}
    if request.op == "rope":
        heads = x["x"].reshape(1, len(x["x"]), -1, p["head_dim"])
        cos, sin = rotary(request.input["positions"], p["head_dim"], p, x["x"])
        turned, _ = llama.apply_rotary_pos_emb(heads, heads, cos, sin, unsqueeze_dim=2)
        return {"y": turned.reshape(x["x"].shape)}
    if request.op == "attention":
        d = x["q"].shape[1] // p["heads"]
        q, k, v = (x[name].reshape(1, len(x[name]), -1, d).transpose(1, 2) for name in "qkv")
        module = torch.nn.Module()
        module.num_key_value_groups = p["heads"] // p["kv_heads"]
        context, probabilities = attend(module, q, k, v, request.input["mask"][None, None], d**-0.5)
        return {"context": context.reshape(x["q"].shape), "probabilities": probabilities[0]}
    if request.op == "feed_forward":
        inner, width = x["gate"].shape
        # head_dim plays no part here, but an odd one, such as an odd width would give, is refused.
        config = config_of(hidden_size=width, intermediate_size=inner, num_attention_heads=1, head_dim=2,
                           mlp_bias="gate_bias" in x)
        weights = {name.replace("_bias", "") + "_proj" + "_bias" * name.endswith("bias"): w for name, w in x.items()}
        return {"y": filled(llama.LlamaMLP(config), weights, dtype)(x["x"])}
    if request.op == "cross_entropy":
        return {"losses": cross_entropy(x["logits"], request.input["labels"]).to(dtype)}
    layer, d = decoder_layer(x, p, dtype)
    place = rotary(request.input["positions"], d, p, x["x"])
    return {"y": layer(x["x"][None], attention_mask=request.input["mask"][None, None], position_embeddings=place)[0]}


def cross_entropy(logits, labels):
    """Row by row; transformers, too, makes logits of 16 bits float32 first."""
    wide = logits if logits.dtype == torch.float64 else logits.float()
    return functional.cross_entropy(wide, labels, reduction="none")


def run(model, rows, mask, cache=None, embeddings=None):
    """Logits [B, R, V'] of a batch of rows."""
    fed = {"inputs_embeds": embeddings}
    if embeddings is None:
        fed = {"input_ids": torch.tensor([[row["token"] for row in text] for text in rows], dtype=torch.int64)}
    positions = torch.tensor([[row["position"] for row in text] for text in rows], dtype=torch.int64)
    return model(**fed, position_ids=positions, attention_mask=mask, past_key_values=cache,
                 use_cache=cache is not None).logits


def batch_logits(request, model, embeddings=None):
    """Logits of the padded batch, and its rows."""
    batch = request.batch()
    if not batch[0]:
        # The model takes no batch without rows: one row, and then none of it, which keeps the graph to every weight.
        lone = [[{"token": 0, "position": 0}] for _ in batch]
        return run(model, lone, torch.ones(len(batch), 1, 1, 1, dtype=torch.bool))[:, :0], batch
    mask = torch.tensor([request.mask(rows) for rows in batch])[:, None]
    return run(model, batch, mask, embeddings=embeddings), batch


def watch(model, seen):
    """Hooks that write every intermediate of MOD-7 into `seen`; returns their handles."""
    handles = []

    def note(module, name, what):
        """`what` is "in" or "out"."""
        def hook(_, args, kwargs, output):
            value = (args[0] if args else kwargs["hidden_states"]) if what == "in" else output
            seen[name] = value[0] if isinstance(value, tuple) else value
        handles.append(module.register_forward_hook(hook, with_kwargs=True))

    def attention(module, prefix):
        def hook(*_):
            for name in ("query", "key", "value"):
                seen[prefix + name] = module.seen[name].transpose(1, 2).flatten(2)
            seen[prefix + "probabilities"] = module.seen["probabilities"]
        handles.append(module.register_forward_hook(hook))

    for n, layer in enumerate(model.model.layers):
        part, forward = f"layers.{n}.attention.", f"layers.{n}.feed_forward."
        note(layer, f"hidden.{n}", "in")
        note(layer, f"hidden.{n + 1}", "out")
        note(layer.input_layernorm, part + "norm", "out")
        attention(layer.self_attn, part)
        note(layer.self_attn.o_proj, part + "context", "in")
        note(layer.self_attn.o_proj, part + "output", "out")
        note(layer.post_attention_layernorm, f"layers.{n}.middle", "in")
        note(layer.post_attention_layernorm, forward + "norm", "out")
        note(layer.mlp.gate_proj, forward + "gate", "out")
        note(layer.mlp.up_proj, forward + "up", "out")
        note(layer.mlp.down_proj, forward + "activation", "in")
        note(layer.mlp.down_proj, forward + "output", "out")
    note(model.model.norm, "final_norm", "out")
    return handles


def forward(request, model):
    embeddings = request.input["embeddings"].to(model.dtype) if "embeddings" in request.input else None
    seen = {}
    handles = watch(model, seen) if request.capture else []
    logits, batch = batch_logits(request, model, embeddings)
    for handle in handles:
        handle.remove()
    if not batch[0]:
        seen = {name: x[:, :, :0, :0] if x.dim() == 4 else x[:, :0] for name, x in seen.items()}
    return {"logits": logits, **{name: seen[name] for name in request.capture}}


def losses(request, model):
    """Both terms of LOS-4."""
    logits, batch = batch_logits(request, model)
    labelled = [(b, r, row) for b, rows in enumerate(batch) for r, row in enumerate(rows) if row["label"] is not None]
    terms = []
    for reading in (True, False):
        own = [(b, r, row["label"]) for b, r, row in labelled if (row["zone"] == "x") == reading]
        if own:
            text, place, label = torch.tensor(own).T
            terms.append(cross_entropy(logits[text, place], label).mean())
        else:
            terms.append(logits.sum() * 0)
    return terms


def training(request, model):
    """Autograd on a copy, and torch.optim.AdamW."""
    model, p = copy.deepcopy(model), request.params
    named = dict(model.named_parameters())

    def backward():
        model.zero_grad()
        sum(losses(request, model)).backward()

    if request.op == "gradients":
        backward()
        return {f"gradients.{name}": q.grad for name, q in named.items()}
    optimiser = torch.optim.AdamW(
        named.values(), lr=p["learning_rate"], betas=(p["beta1"], p["beta2"]), eps=p["adam_epsilon"],
        weight_decay=p["weight_decay"])
    for _ in range(p["steps"]):
        backward()
        optimiser.step()
    state = {name: (q.detach(), optimiser.state[q]["exp_avg"], optimiser.state[q]["exp_avg_sq"])
             for name, q in named.items()}
    kinds = ("parameters", "first_moments", "second_moments")
    return {f"{kind}.{name}": tensors[i] for i, kind in enumerate(kinds) for name, tensors in state.items()}


class Reader:
    """A text read through a DynamicCache that is compressed at the end of every chunk (chapter 6)."""

    def __init__(self, request, model):
        self.request, self.model, self.p = request, model, request.params
        # Without a configuration: with one, a Mistral's cache would keep the last entries of its window, of any zone.
        self.cache = DynamicCache()
        self.cached, self.fed = [], []  # rows (with their number) behind the cache's entries; all rows fed
        self.events, self.logits, self.memory_logits, self.appended = [], [], {}, []

    def feed(self, rows):
        """One pass; the cache grows by its rows."""
        keys = self.cached + rows
        mask = [[loma_layout.sees(q, k, self.request.profile) for k in keys] for q in rows]
        logits = run(self.model, [rows], torch.tensor(mask)[None, None], self.cache)[0]
        self.cached = keys
        return logits

    def keep(self, numbers):
        """Drops all entries but these."""
        self.cached = [self.cached[n] for n in numbers]
        for layer in self.cache.layers:
            layer.keys, layer.values = layer.keys[:, :, numbers], layer.values[:, :, numbers]

    def entries(self):
        """Keys and values [layers, entries, H_kv * d]."""
        if not self.cached:
            config = self.model.config
            return [torch.zeros(config.num_hidden_layers, 0, config.num_key_value_heads * config.head_dim,
                                dtype=self.model.dtype)] * 2
        flat = lambda x: x[0].transpose(0, 1).flatten(1)
        return [torch.stack([flat(getattr(layer, part)) for layer in self.cache.layers]) for part in ("keys", "values")]

    def read(self, tokens):
        """Feeds text, as much of a chunk at once as there is, and compresses where a chunk is full."""
        size = self.p["c"] * self.p["t"]
        while tokens:
            text = [row["token"] for row in self.fed if row["zone"] == "x"]
            part, tokens = tokens[: size - len(text) % size], tokens[size - len(text) % size :]
            rows = loma_layout.generation_rows(
                text + part, self.p["c"], self.p["t"], self.p["memory_token"], self.p["repetition_token"],
                self.request.profile)
            new = [dict(row, number=n) for n, row in enumerate(rows)][len(self.fed) :]
            self.fed += new
            before = len(self.cached)
            self.logits += list(self.feed(new[: len(part)]))
            self.events += [[0, len(text) + i, before + i + 1] for i in range(len(part))]
            if len(new) > len(part):
                chunk = len(text) // size
                self.memory_logits[chunk] = self.feed(new[len(part) :])[-1]
                self.events.append([1, chunk, len(self.cached)])
            self.appended.append([x[:, before:] for x in self.entries()])
            if len(new) > len(part):
                self.keep([n for n, row in enumerate(self.cached) if row["zone"] == "m"])
                self.events.append([2, chunk, len(self.cached)])

    def greedy(self, scores):
        """GEN-5."""
        own = scores[: self.p["text_vocabulary"]]
        return int((own == own.max()).nonzero()[0])


def generate(request, model):
    reader, p = Reader(request, model), request.params
    reader.read(request.texts[0])
    forced = request.input["forced"].tolist() if "forced" in request.input else None
    chosen = []
    for step in range(p["generate"]):
        # GEN-4: these logits are those of the last text token, also where its chunk has been compressed since.
        chosen.append(reader.greedy(reader.logits[-1]))
        if step + 1 < p["generate"]:
            reader.read([chosen[-1] if forced is None else forced[step]])
    keys, values = reader.entries()
    empty = keys[:, :0]
    appended = [torch.cat([empty, *parts], dim=1) for parts in zip(*reader.appended)] or [empty, empty]
    logits = torch.stack(reader.logits) if reader.logits else torch.zeros(0, p["model_vocabulary"], dtype=model.dtype)
    return {
        "chosen": torch.tensor(chosen, dtype=torch.int64), "logits": logits,
        "events": torch.tensor(reader.events, dtype=torch.int64).reshape(-1, 3),
        "appended.keys": appended[0], "appended.values": appended[1],
        "cache.rows": torch.tensor([row["number"] for row in reader.cached], dtype=torch.int64),
        "cache.keys": keys, "cache.values": values}


def reconstruct(request, model):
    """REC-1 and REC-4."""
    reader, chunk = Reader(request, model), request.params["chunk"]
    reader.read(request.texts[0])
    rows = [row for row in request.rows(request.texts[0]) if (row["zone"], row["chunk"]) == ("r", chunk)]
    logits = reader.feed(rows)
    scores = list(logits)
    if request.profile.get("repetition_labels") == "shifted":
        scores = [reader.memory_logits[chunk], *scores[:-1]]
    return {"tokens": torch.tensor([reader.greedy(s) for s in scores]), "logits": logits}


def answer(request):
    if request.op in loma_protocol.STRUCTURE:
        kind = torch.bool if request.op == "mask" else torch.int64
        return {name: torch.tensor(value, dtype=kind).reshape(shape)
                for name, (value, shape) in loma_protocol.structure(request).items()}
    dtype = DTYPES[request.dtype]
    with torch.set_grad_enabled(request.op in ("gradients", "train_step")):
        if request.op in STAGES:
            return stage(request, dtype)
        model = load_model(request.model, dtype)
        if request.op == "loss":
            return dict(zip(("language_modelling", "repetition"), (x.to(dtype) for x in losses(request, model))))
        by_name = {"forward": forward, "generate": generate, "reconstruct": reconstruct}
        return by_name.get(request.op, training)(request, model)


def save(tensors, path):
    save_file({name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}, path)


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser()
    parser.add_argument("--attention", choices=("eager", "sdpa"), default="eager")
    sdpa = parser.parse_args().attention == "sdpa"
    attention_implementation = "sdpa" if sdpa else "loma"
    loma_protocol.serve(
        "huggingface-sdpa" if sdpa else "huggingface",
        f"transformers-{transformers.__version__}-torch-{torch.__version__}",
        [op for op in (*loma_protocol.STRUCTURE, *STAGES, *MODEL) if not (sdpa and op == "attention")], DTYPES, answer,
        load_file, save, captures=not sdpa, families=loma_model.FAMILIES)
