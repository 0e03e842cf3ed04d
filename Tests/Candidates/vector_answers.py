"""Answers to the cases of Vectors: who computed it, and a dictionary of tensors. What is not compared (numbers at pad
rows, OPS-1) is masked."""

import numpy as np
import torch

import llama64
import loma_layout
import loma_rotation
import loma_structure
import numpy_llama
from vector_case import hugging_face, require

TIE = 1e-9  # a choice between scores nearer than this, and not equal, would be left to rounding
ZONES = "xmrp"


def structure(case):
    """OPS-2, from the Spec's text."""
    p = case.params
    batch = loma_layout.padded(case.layouts) if case.op in ("layout", "mask") else None
    if case.op == "mask":
        answer = {"mask": np.array([loma_layout.mask(rows, case.profile) for rows in batch], dtype=bool)}
        answer["mask"] = answer["mask"].reshape(len(batch), len(batch[0]), len(batch[0]))
    elif case.op == "layout":
        names = {"tokens": "token", "zones": "zone", "chunks": "chunk", "indices": "index", "positions": "position",
                 "labels": "label"}
        number = {None: -1} | {zone: n for n, zone in enumerate(ZONES)}
        answer = {
            name: [[number.get(row[key], row[key]) for row in rows] for rows in batch] for name, key in names.items()}
    elif case.op == "schedule":
        answer = loma_structure.schedule_answer(p["c"], p["t"], p["prompt_length"], p["generate"])
    elif case.op == "metrics":
        answer = loma_structure.metrics_answer(p["c"], p["t"], case.texts, case.input["reconstruction"].tolist())
    else:
        answer = loma_structure.cost_answer(p, case.profile)
    shaped = {"events": (-1, 6), "entries": (-1, answer.get("maximum", 0))} if case.op == "schedule" else {}
    arrays = {
        name: value if isinstance(value, np.ndarray) and value.dtype == bool else np.array(value, dtype=np.int64)
        for name, value in answer.items()}
    for name, shape in shaped.items():
        arrays[name] = arrays[name].reshape(shape) if arrays[name].size else np.zeros((0, max(shape[1], 0)), np.int64)
    yield "Spec's text", arrays


def stage(case):
    """OPS-3 in NumPy float64."""
    p, given = case.params, case.floats()
    if case.op == "rms_norm":
        answer = {"y": numpy_llama.rms_norm(given["x"], given["gain"], p["epsilon"])}
    elif case.op == "rope":
        answer = {"y": numpy_llama.rope(
            given["x"], case.input["positions"], p["head_dim"], loma_rotation.of_stage(p))}
    elif case.op == "attention":
        results = numpy_llama.attention(
            given["q"], given["k"], given["v"], case.input["mask"], p["heads"], p["kv_heads"])
        answer = dict(zip(("context", "probabilities"), results))
    elif case.op == "feed_forward":
        gate, up = (numpy_llama.linear(given["x"], given, name) for name in ("gate", "up"))
        answer = {"y": numpy_llama.linear(numpy_llama.silu(gate) * up, given, "down")}
    elif case.op == "decoder_layer":
        x = given.pop("x")
        answer = {"y": numpy_llama.decoder_layer(
            x, case.input["positions"], case.input["mask"], given, p["heads"], p["kv_heads"], p["epsilon"],
            loma_rotation.of_stage(p))[1]}
    else:
        answer = {"losses": numpy_llama.cross_entropy(given["logits"], case.input["labels"])}
    yield "NumPy", answer


def batched(case, texts):
    """Tensors of single texts, stacked with B before their shape; rows behind a text's own are masked."""
    longest = max(map(len, case.layouts))
    out = {}
    for name in texts[0]:
        axes = [1, 2] if name.endswith("probabilities") else [0]
        parts = []
        for tensors in texts:
            shape = [longest if axis in axes else size for axis, size in enumerate(tensors[name].shape)]
            part = np.ma.masked_all(shape)
            if name.endswith("probabilities"):
                own = tensors[name].shape[1]
                part[:, :own, :] = 0.0  # a pad is hidden from every real row
                part[:, :own, :own] = tensors[name]
            else:
                part[: len(tensors[name])] = tensors[name]
            parts.append(part)
        out[name] = np.ma.stack(parts)
    return out


def hugging_face_logits(case, rows, embeddings=None, model=None):
    """Logits of a layout's rows, differentiable."""
    model = model or hugging_face(case.directory)
    if not rows:
        return torch.zeros(0, case.model.vocabulary, dtype=torch.float64)
    visible = torch.tensor(loma_layout.mask(rows, case.profile))
    return model.logits(
        [row["token"] for row in rows], [row["position"] for row in rows], visible, embeddings)


def forward(case):
    """Logits from NumPy and Hugging Face, captures from NumPy."""
    given = case.input.get("embeddings")
    ours, theirs = [], []
    fed = [
        None if given is None else given[index, : len(rows)].astype(np.float64)
        for index, rows in enumerate(case.layouts)]
    for rows, embeddings in zip(case.layouts, fed, strict=True):
        trace = case.model.forward_rows(rows, case.profile, embeddings)
        ours.append({name: trace[name] for name in ["logits", *case.entry["captures"]]})
    yield "NumPy", batched(case, ours)
    for rows, embeddings in zip(case.layouts, fed, strict=True):
        with torch.no_grad():
            theirs.append({"logits": hugging_face_logits(case, rows, embeddings).numpy()})
    yield "Hugging Face", batched(case, theirs)


def hugging_face_losses(case, logits_of):
    """Both terms of LOS-4 as differentiable tensors."""
    terms = {"x": [], "other": []}
    for rows in case.layouts:
        log_probability = torch.log_softmax(logits_of(rows), dim=-1)
        for r, row in enumerate(rows):
            if row["label"] is not None:
                terms["x" if row["zone"] == "x" else "other"].append(-log_probability[r, row["label"]])
    zero = torch.zeros((), dtype=torch.float64)
    return [torch.stack(values).mean() if values else zero for values in terms.values()]


def loss(case):
    """Both terms, from NumPy and from Hugging Face."""
    names = ("language_modelling", "repetition")
    yield "NumPy", dict(zip(names, map(np.array, case.model.losses(case.layouts, case.profile))))
    theirs = hugging_face_losses(case, lambda rows: hugging_face_logits(case, rows).detach())
    yield "Hugging Face", {name: value.numpy() for name, value in zip(names, theirs)}


def training(case):
    """Gradients by autograd; parameters and moments by torch.optim.AdamW on a copy of the model."""
    model = llama64.Float64Llama(case.directory)
    named = dict(model.model.named_parameters())

    def backward():
        model.model.zero_grad()
        losses = hugging_face_losses(case, lambda rows: hugging_face_logits(case, rows, model=model))
        # Without a row there is nothing for autograd to follow; every gradient is then 0, and weights still decay.
        (sum(losses) + sum(0 * p.sum() for p in named.values())).backward()

    if case.op == "gradients":
        backward()
        yield "autograd", {f"gradients.{name}": p.grad.numpy() for name, p in named.items()}
        return
    p = case.params
    optimiser = torch.optim.AdamW(
        named.values(), lr=p["learning_rate"], betas=(p["beta1"], p["beta2"]), eps=p["adam_epsilon"],
        weight_decay=p["weight_decay"])
    for _ in range(p["steps"]):
        backward()
        optimiser.step()
    answer = {}
    for name, q in named.items():
        answer[f"parameters.{name}"] = q.detach().numpy()
        answer[f"first_moments.{name}"] = optimiser.state[q]["exp_avg"].numpy()
        answer[f"second_moments.{name}"] = optimiser.state[q]["exp_avg_sq"].numpy()
    yield "torch.optim.AdamW", answer


def chosen(cache, scores):
    """The greedy token; where two scores nearly tie, rounding would decide and the case would be unfair."""
    margin = cache.margin(scores)
    require(margin == 0 or margin > TIE, f"the best two scores differ by {margin:.1e} only")
    return cache.greedy(scores)


def generate(case):
    """Through the cache in NumPy; the logits of the text fed also from one pass of Hugging Face (GEN-7)."""
    p = case.params
    cache = numpy_llama.CompressedCache(case.model, p, case.profile)
    for token in case.texts[0]:
        cache.feed(token)
    tokens = []
    forced = case.input.get("forced")
    for step in range(p["generate"]):
        tokens.append(chosen(cache, cache.logits[-1]))
        if step < p["generate"] - 1:
            cache.feed(tokens[-1] if forced is None else int(forced[step]))
    answer = {
        "chosen": np.array(tokens, dtype=np.int64),
        "logits": np.array(cache.logits).reshape(-1, case.model.vocabulary),
        "events": np.array(cache.events, dtype=np.int64).reshape(-1, 3),
        "appended.keys": cache.stacked(cache.appended, "keys"),
        "appended.values": cache.stacked(cache.appended, "values"),
        "cache.rows": np.array([entry["row"]["number"] for entry in cache.cache], dtype=np.int64),
        "cache.keys": cache.stacked(cache.cache, "keys"), "cache.values": cache.stacked(cache.cache, "values")}
    # The schedule from lengths alone says the same.
    fed = loma_structure.fed_length(len(case.texts[0]), p["generate"])
    events, entries = loma_structure.schedule(p["c"], p["t"], fed)
    require(cache.events == [[e[0], e[1], e[4] + e[5]] for e in events], "events are not the schedule's")
    require((entries[-1] if entries else []) == answer["cache.rows"].tolist(), "the cache is not the schedule's")
    yield "NumPy with a cache", answer
    rows = case.layout(cache.text)
    with torch.no_grad():
        logits = hugging_face_logits(case, rows)[[row["zone"] == "x" for row in rows]].numpy()
    yield "Hugging Face", {"logits": logits}


def reconstruct(case):
    """From the cache in NumPy; the logits also from one pass of Hugging Face (REC-3)."""
    cache = numpy_llama.CompressedCache(case.model, case.params, case.profile)
    for token in case.texts[0]:
        cache.feed(token)
    for chunk in case.input.get("before", []):
        cache.reconstruct(int(chunk))
    tokens, logits, scores = cache.reconstruct(case.params["chunk"])
    for row in scores:
        chosen(cache, row)
    yield "NumPy with a cache", {"tokens": np.array(tokens, dtype=np.int64), "logits": logits}
    rows = case.layouts[0]
    own = [(row["zone"], row["chunk"]) == ("r", case.params["chunk"]) for row in rows]
    with torch.no_grad():
        theirs = hugging_face_logits(case, rows)[own].numpy()
    yield "Hugging Face", {"logits": theirs}


ANSWERS = {
    **dict.fromkeys(("layout", "mask", "schedule", "metrics", "cost"), structure),
    **dict.fromkeys(("rms_norm", "rope", "attention", "feed_forward", "decoder_layer", "cross_entropy"), stage),
    "forward": forward, "loss": loss, "gradients": training, "train_step": training, "generate": generate,
    "reconstruct": reconstruct}
