#!/usr/bin/env python3
"""Every case of Vectors computed a second time, from what a port has: the Spec, the request and the model's files.

  python -m venv VENV && VENV/bin/pip install -r Tests/Candidates/requirements-vectors.txt
  VENV/bin/python Tests/Candidates/check_vectors.py [--vectors DIR] [--list]

Layout, mask, positions, labels, cache events, counts and rejections are derived in Python from the Spec's text
(loma_layout.py, loma_structure.py) and must be equal. Stages, captured intermediates, losses and generation through a
real compressed cache are computed in NumPy float64 (numpy_llama.py); logits, losses, gradients and AdamW steps by
Hugging Face Llama, autograd and torch.optim.AdamW in float64 (llama64.py). Differences are relative to the tensor's
largest recorded value. An expected file is read only to be compared with; the tensors NAME.accumulation and
NAME.rounding, units of error bounds, are checked for presence, shape and sign only. Properties are shown to hold for
the NumPy decoder (vector_properties.py). Exits with 1 if a value differs, a case is not covered, a file below Vectors
is unknown or Hugging Face does not load a model.
"""

import argparse
import functools
import hashlib
import json
import pathlib
import sys
import time

import numpy as np
import torch
from safetensors.numpy import load_file

import llama64
import loma_layout
import loma_structure
import numpy_llama
import vector_properties

LIMIT = 1e-12
STOCK_LIMIT = 1e-5  # the stock float32 forms of Hugging Face against the float64 ones
TIE = 1e-9  # a choice between scores nearer than this, and not equal, would be left to rounding
UNITS = (".accumulation", ".rounding")
ZONES = "xmrp"
ON_TEXTS = {"tokens", "lengths"}
LAYER = {"x", "positions", "mask", "input_layernorm", "post_attention_layernorm", "q_proj", "k_proj", "v_proj",
         "o_proj", "gate_proj", "up_proj", "down_proj"}
INPUTS = {  # the tensors of each operation (OPS-2 to OPS-5): those it needs, and those it may have
    "layout": (ON_TEXTS, set()), "mask": (ON_TEXTS, set()), "schedule": (set(), set()), "cost": (set(), set()),
    "metrics": (ON_TEXTS | {"reconstruction"}, set()), "rms_norm": ({"x", "gain"}, set()),
    "rope": ({"x", "positions"}, set()), "attention": ({"q", "k", "v", "mask"}, set()),
    "feed_forward": ({"x", "gate", "up", "down"}, set()), "decoder_layer": (LAYER, set()),
    "cross_entropy": ({"logits", "labels"}, set()), "forward": (ON_TEXTS, {"embeddings"}), "loss": (ON_TEXTS, set()),
    "gradients": (ON_TEXTS, set()), "train_step": (ON_TEXTS, set()), "generate": (ON_TEXTS, {"forced"}),
    "reconstruct": (ON_TEXTS, set())}
PROPERTY_INPUTS = {"interference": {"embeddings", "replacements"}, "prefix": {"prefixes"}}


class Problem(Exception):
    """What is wrong with a case."""


def require(condition, what):
    if not condition:
        raise Problem(what)


class Case:
    """The request part of a manifest's entry, with its inputs."""

    def __init__(self, entry, vectors):
        self.entry, self.vectors = entry, vectors
        self.id, self.level, self.op, self.profile = (entry[name] for name in ("id", "level", "op", "profile"))
        # Numbers that are not integers are written as hexadecimal floating point.
        self.params = {
            name: float.fromhex(value) if isinstance(value, str) and value.lstrip("-").startswith("0x") else value
            for name, value in entry["params"].items()}
        self.input = load_file(vectors / entry["input"]["path"]) if entry["input"] else {}
        self.directory = vectors / entry["model"] if entry["model"] else None
        self.texts = []
        if "tokens" in self.input:
            ends = np.cumsum(self.input["lengths"]).tolist()
            require(ends[-1] == len(self.input["tokens"]), "lengths do not add up")
            tokens = self.input["tokens"].tolist()
            self.texts = [tokens[end - n : end] for end, n in zip(ends, self.input["lengths"].tolist())]

    def layout(self, text):
        """The rows of one text (training layout, or what `layout` says), from the Spec."""
        make = loma_layout.generation_rows if self.params.get("layout") == "generation" else loma_layout.rows
        p = self.params
        return make(text, p["c"], p["t"], p["memory_token"], p["repetition_token"], self.profile)

    @functools.cached_property
    def layouts(self):
        return [self.layout(text) for text in self.texts]

    @property
    def model(self):
        return numpy_model(self.directory)

    def floats(self):
        """Inputs that are numbers, in float64."""
        return {name: a.astype(np.float64) for name, a in self.input.items() if a.dtype == np.float32}

    def check_inputs(self):
        """Names, types and shapes of the inputs, as OPS-2 to OPS-5 give them."""
        needed, optional = INPUTS[self.op]
        needed = needed | PROPERTY_INPUTS.get(self.entry.get("property"), set())
        require(needed <= set(self.input) <= needed | optional, f"inputs are {sorted(self.input)}")
        shape = {name: array.shape for name, array in self.input.items()}
        for name, array in self.input.items():
            integers = name in {"tokens", "lengths", "positions", "labels", "reconstruction", "forced", "prefixes"}
            dtype = np.int64 if integers else np.bool_ if name == "mask" else np.float32
            require(array.dtype == dtype, f"type of {name}")
            if array.dtype == np.float32:
                exact = np.isfinite(array).all() and not (array.view(np.uint32) & 0xFFFF).any()
                require(exact, f"{name} is not exact in bf16")
        rows = {"rms_norm": "x", "rope": "x", "attention": "q", "feed_forward": "x", "decoder_layer": "x"}.get(self.op)
        s = shape[rows][0] if rows else None
        if self.op == "rms_norm":
            require(shape["gain"] == shape["x"][1:], "shape of gain")
        if self.op == "feed_forward":
            require(shape["gate"] == shape["up"] == shape["down"][::-1] and shape["gate"][1] == shape["x"][1], "shapes")
        if self.op == "rope":
            require(shape["x"][1] % self.params["head_dim"] == 0 and shape["positions"] == (s,), "shapes")
        if self.op == "attention":
            d = shape["q"][1] // self.params["heads"]
            require(shape["k"] == shape["v"] == (s, d * self.params["kv_heads"]) and shape["mask"] == (s, s), "shapes")
        if self.op == "decoder_layer":
            (qd, width), inner = shape["q_proj"], shape["gate_proj"][0]
            kv = qd // self.params["heads"] * self.params["kv_heads"]
            wanted = {
                "x": (s, width), "positions": (s,), "mask": (s, s), "input_layernorm": (width,),
                "post_attention_layernorm": (width,), "q_proj": (qd, width), "k_proj": (kv, width),
                "v_proj": (kv, width), "o_proj": (width, qd), "gate_proj": (inner, width), "up_proj": (inner, width),
                "down_proj": (width, inner)}
            require(shape == wanted, f"shapes are {shape}")
        if self.op == "cross_entropy":
            require(shape["labels"] == shape["logits"][:1], "shape of labels")
        if "embeddings" in shape:
            longest = max(map(len, self.layouts))
            require(shape["embeddings"] == (len(self.texts), longest, self.model.width), "shape of embeddings")
            if "replacements" in shape:
                require(shape["replacements"] == (longest, self.model.width), "shape of replacements")
        if "forced" in shape:
            require(shape["forced"] == (self.params["generate"],), "shape of forced")
        if self.op in ("generate", "reconstruct"):
            require(len(self.texts) == 1, "one text")
        if self.directory:
            require(self.params["model_vocabulary"] == self.model.vocabulary, "V' is not the model's")


@functools.cache
def numpy_model(directory):
    return numpy_llama.Llama(directory)


@functools.cache
def hugging_face(directory):
    """The model in float64, once the float64 forms have been seen to agree with the stock ones."""
    try:
        difference = llama64.check_replacements(directory)
    except Exception as refusal:
        raise Problem(f"Hugging Face does not load {directory.name}: {' '.join(str(refusal).split())}") from refusal
    require(difference <= STOCK_LIMIT, f"the float64 forms differ from the stock ones by {difference:.1e}")
    return llama64.Float64Llama(directory)


# Answers: who computed it, and a dictionary of tensors. What is not compared (numbers at pad rows, OPS-1) is masked.


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
        answer = {"y": numpy_llama.rope(given["x"], case.input["positions"], p["head_dim"], p["theta"])}
    elif case.op == "attention":
        results = numpy_llama.attention(
            given["q"], given["k"], given["v"], case.input["mask"], p["heads"], p["kv_heads"])
        answer = dict(zip(("context", "probabilities"), results))
    elif case.op == "feed_forward":
        inner = numpy_llama.silu(given["x"] @ given["gate"].T) * (given["x"] @ given["up"].T)
        answer = {"y": inner @ given["down"].T}
    elif case.op == "decoder_layer":
        x = given.pop("x")
        answer = {"y": numpy_llama.decoder_layer(
            x, case.input["positions"], case.input["mask"], given, p["heads"], p["kv_heads"], p["epsilon"],
            p["theta"])[1]}
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
        sum(hugging_face_losses(case, lambda rows: hugging_face_logits(case, rows, model=model))).backward()

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
NUMBERS = {"structure": "exact", "stage": "derived"}  # how numbers of a level are compared; elsewhere `calibrated`


def difference(name, got, expected):
    """The largest difference relative to the largest recorded value; integers and booleans must be equal."""
    require(expected.shape == got.shape, f"{name}: shape {expected.shape}, recomputed {got.shape}")
    if expected.dtype != np.float64:
        require(expected.dtype == got.dtype, f"{name}: type {expected.dtype}, recomputed {got.dtype}")
        wrong = np.argwhere(expected != got)
        require(len(wrong) == 0, f"{name}: {len(wrong)} differ, at {wrong[:1].tolist()} first")
        return 0.0
    require(got.dtype == np.float64, f"{name}: recomputed {got.dtype}")
    require(np.isfinite(expected).all(), f"{name}: not finite")
    compared = ~np.ma.getmaskarray(got)
    got, expected = np.ma.getdata(got)[compared], expected[compared]
    require(np.isfinite(got).all(), f"{name}: recomputed values are not finite")
    if name.endswith("probabilities"):
        require((expected[got == 0] == 0).all(), f"{name}: a hidden key has a probability")
    if got.size == 0:
        return 0.0
    scale = np.abs(expected).max()
    return float(np.abs(got - expected).max() / (scale or 1.0))


def check_tensors(case, expected, tally):
    """Every recorded tensor against every recomputation of it; every tensor must have at least one."""
    values = {name for name in expected if not name.endswith(UNITS)}
    rules = case.entry["rules"]
    require(values == set(rules), f"rules are for {sorted(rules)}, tensors are {sorted(values)}")
    for name in values:
        right = "exact" if expected[name].dtype != np.float64 else NUMBERS.get(case.level, "calibrated")
        require(rules[name] == right, f"rule of {name} is {rules[name]}")
        units = [expected.get(name + unit) for unit in UNITS]
        if case.level == "stage":
            for unit in units:
                require(unit is not None and unit.dtype == np.float64, f"{name} has no units of its bound")
                require(unit.shape == expected[name].shape, f"shape of a unit of {name}")
                require(np.isfinite(unit).all() and (unit >= 0).all(), f"a unit of {name} is negative or not finite")
                tally["units"] += 1
        else:
            require(units == [None, None], f"{name} has units of a bound")
    worst, seen = 0.0, set()
    for who, answer in ANSWERS[case.op](case):
        require(set(answer) <= values, f"{who}: {sorted(set(answer) - values)} not recorded")
        for name, got in answer.items():
            error = difference(name, got, expected[name])
            require(error <= LIMIT, f"{who}: {name} differs by {error:.1e}")
            worst = max(worst, error)
            tally["comparisons"] += 1
        seen |= set(answer)
    require(seen == values, f"not recomputed: {sorted(values - seen)}")
    tally["tensors"] += len(values)
    return worst


def plain(array):
    """As structure.json writes it: nested lists, a line of booleans as a string of 0 and 1."""
    if array.dtype == bool and array.ndim == 1:
        return "".join("01"[int(b)] for b in array)
    return [plain(part) for part in array] if array.dtype == bool else array.tolist()


def check_text(case, text, expected):
    """The entry of structure.json against the safetensors files."""
    require(text is not None, "not in structure.json")
    require([text[k] for k in ("op", "profile", "params")] == [case.entry[k] for k in ("op", "profile", "params")],
            "structure.json has another request")
    for part, arrays in (("input", case.input), ("expected", expected)):
        require(text[part] == {name: plain(a) for name, a in arrays.items()}, f"structure.json has another {part}")


def check_rejection(case):
    """The code is the one whose clause comes first (OPS-6)."""
    codes = list(loma_structure.rejections(
        case.op, case.params, case.profile, case.texts, case.input.get("reconstruction", np.zeros(0)).tolist()))
    require(codes[:1] == [case.entry["rejection"]], f"{case.entry['rejection']} is recorded, the Spec gives {codes}")


def check_case(case, texts, tally):
    if case.level == "rejection":
        require("expected" not in case.entry, "a rejection has no tensors")
        check_rejection(case)
        return 0.0
    case.check_inputs()
    require(not list(loma_structure.rejections(
        case.op, {"c": 1, "t": 1, **case.params}, case.profile, case.texts,
        case.input.get("reconstruction", np.zeros(0)).tolist())), "the Spec rejects this input")
    if case.level == "property":
        return vector_properties.ALL[case.entry["property"]](case, case.model if case.directory else None)
    expected = load_file(case.vectors / case.entry["expected"]["path"])
    if case.level == "structure":
        check_text(case, texts.pop(case.id, None), expected)
    return check_tensors(case, expected, tally)


def check_files(vectors, manifest):
    """Every file below Vectors is the manifest's, with its size and digest."""
    entries = [file for model in manifest["models"] for file in model["files"]] + [manifest["structure_json"]]
    entries += [case[part] for case in manifest["cases"] for part in ("input", "expected") if case.get(part)]
    known = {entry["path"]: entry for entry in entries}
    found = {str(path.relative_to(vectors)) for path in vectors.rglob("*") if not path.is_dir()}
    problems = [f"{path}: not in the manifest" for path in sorted(found - set(known) - {"manifest.json"})]
    problems += [f"{path}: missing" for path in sorted(set(known) - found)]
    for path in sorted(found & set(known)):
        data = (vectors / path).read_bytes()
        if (len(data), hashlib.sha256(data).hexdigest()) != (known[path]["bytes"], known[path]["sha256"]):
            problems.append(f"{path}: size or digest is not the manifest's")
    return len(known), problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = pathlib.Path(__file__).resolve().parents[2]
    parser.add_argument("--vectors", type=pathlib.Path, default=root / "Vectors", metavar="DIR")
    parser.add_argument("--list", action="store_true", help="a line per case: its id and its largest difference")
    options = parser.parse_args()
    torch.set_num_threads(1)
    began = time.monotonic()
    manifest = json.loads((options.vectors / "manifest.json").read_text())
    texts = json.loads((options.vectors / "structure.json").read_text())["cases"]
    files, problems = check_files(options.vectors, manifest)
    texts = {text["id"]: text for text in texts}
    for model in manifest["models"]:
        try:
            hugging_face(options.vectors / model["path"])
        except Problem as problem:
            problems.append(str(problem))
    tallies = {}
    covered = set()
    for entry in manifest["cases"]:
        empty = dict(cases=0, tensors=0, comparisons=0, units=0, worst=0.0, where="-")
        tally = tallies.setdefault(entry["level"], empty)
        try:
            require(entry["id"] not in covered, "its id is not its own")
            require(entry["id"].startswith(entry["level"] + "."), "its id names another level")
            worst = check_case(Case(entry, options.vectors), texts, tally)
        except Exception as problem:  # whatever a broken file leads to, the other cases are still checked
            problems.append(f"{entry['id']}: {problem if isinstance(problem, Problem) else repr(problem)}")
            continue
        covered.add(entry["id"])
        tally["cases"] += 1
        if worst > tally["worst"]:
            tally["worst"], tally["where"] = worst, entry["id"]
        if options.list:
            print(f"{entry['id']}  {worst:.1e}", flush=True)
    problems += [f"{id}: in structure.json only" for id in texts]
    for level, tally in tallies.items():
        total = sum(entry["level"] == level for entry in manifest["cases"])
        units = f", {tally['units']} units of bounds present" if tally["units"] else ""
        tensors = f", {tally['tensors']} tensors in {tally['comparisons']} comparisons" if tally["tensors"] else ""
        worst = f", largest relative difference {tally['worst']:.1e} in {tally['where']}" * (tally["worst"] > 0)
        worst = worst or ", equal"
        print(f"{level}: {tally['cases']} of {total} cases{tensors}{units}{worst}")
    print(f"{len(covered)} of {len(manifest['cases'])} cases covered, {files} files with their digests, "
          f"limit {LIMIT:.0e}, {time.monotonic() - began:.0f} s")
    for problem in problems:
        print(f"PROBLEM {problem}")
    return 1 if problems or not covered else 0


if __name__ == "__main__":
    sys.exit(main())
