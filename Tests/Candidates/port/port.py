#!/usr/bin/env python3
"""A LoMA port in NumPy alone, written from the Spec: every operation, profile and element type, with captures.

    loma conform -- python3 Tests/Candidates/port/port.py

Here are the operations by name (chapter 11) and the conversation (chapter 13); the mathematics is in the files beside.
"""

import functools
import json
import sys

import numpy as np

import generation
import layout
import model
import rejections
import rotations
import stages
import tensors
import training

DOUBLES = ("epsilon", "theta", "learning_rate", "beta1", "beta2", "adam_epsilon", "weight_decay", "factor",
           "low_freq_factor", "high_freq_factor", "beta_fast", "beta_slow", "attention_factor", "mscale", "mscale_all_dim")
BIASED = ("gate_bias", "up_bias", "down_bias")


class Request:
    """One question, and its input taken apart."""

    def __init__(self, line):
        self.op, self.case, self.profile = line["op"], line["case"], line["profile"]
        self.capture, self.output = line.get("capture") or [], line["output"]
        self.params = {name: float.fromhex(value) if name in DOUBLES and isinstance(value, str) else value
                       for name, value in line["params"].items()}
        self.element = tensors.TYPES.get(line["dtype"], tensors.TYPES["f64"])
        self.model = model.at(line["model"]) if line["model"] else None
        self.input = tensors.load(line["input"]) if line["input"] else {}
        self.axes = layout.axes_of(self.profile)
        self.tokens = self.input["tokens"].tolist() if "tokens" in self.input else []
        self.lengths = self.input["lengths"].tolist() if "lengths" in self.input else []
        self.forced = self.input["forced"].tolist() if self.op == "generate" and "forced" in self.input else None

    @property
    def model_vocabulary(self):
        return self.model.config.vocabulary if self.model else self.params["model_vocabulary"]

    @functools.cached_property
    def texts(self):
        ends = np.cumsum(self.lengths).tolist()
        return [self.tokens[end - n : end] for end, n in zip(ends, self.lengths)]

    @functools.cached_property
    def layouts(self):
        recited = self.params.get("layout") != "generation"
        return [layout.layout(text, self.params, self.axes, recited) for text in self.texts]

    @property
    def last_position(self):
        """The largest position of a row that is computed; behind a prompt m − 1 more tokens are fed."""
        fed = max(self.params["generate"] - 1, 0) if self.op == "generate" else 0
        rows = [layout.layout([*text, *[0] * fed], self.params, self.axes) for text in self.texts]
        return max((row[layout.POSITION] for own in rows for row in own), default=-1)

    @property
    def weights(self):
        return self.model.weights(self.element)

    def numbers(self, *names):
        """Inputs in the accumulation type, rounded to the element type."""
        return [self.element.store(self.input[name].astype(self.element.accumulation)) for name in names]


def layout_op(r):
    columns = (("tokens", layout.TOKEN, 0), ("zones", layout.ZONE, layout.PAD), ("chunks", layout.CHUNK, -1),
               ("indices", layout.INDEX, -1), ("positions", layout.POSITION, 0), ("labels", layout.LABEL, -1))
    return {name: layout.padded([rows[:, column] for rows in r.layouts], fill) for name, column, fill in columns}


def mask_op(r):
    mask = layout.padded([layout.visible(rows, rows, r.axes) for rows in r.layouts], False, 2)
    for b, rows in enumerate(r.layouts):
        pads = np.arange(len(rows), mask.shape[1])
        mask[b, pads, pads] = True  # MSK-11
    return {"mask": mask}


def schedule_op(r):
    n, m = r.params["prompt_length"], r.params["generate"]
    events, entries = layout.schedule(n + max(m - 1, 0), r.params)
    most = max(map(len, entries), default=0)
    return {"events": np.array(events, np.int64).reshape(-1, 6), "maximum": np.array(most),
            "entries": np.array([rows + [-1] * (most - len(rows)) for rows in entries],
                                np.int64).reshape(len(entries), most)}


def metrics_op(r):
    return {"counts": np.array(layout.metrics(r.texts, r.input["reconstruction"].tolist(), r.params), np.int64)}


def cost_op(r):
    numbers = layout.cost(r.params["text_length"], r.params, r.axes)
    return {name: np.array(value, np.int64) for name, value in numbers.items()}


def rms_norm_op(r):
    x, gain = r.numbers("x", "gain")
    return {"y": stages.rms_norm(x, gain, r.params["epsilon"], r.element)}


def rope_op(r):
    (x,) = r.numbers("x")
    rope = rotations.of_stage(r.params)
    cos, sin = stages.rotation(r.input["positions"], r.params["head_dim"], rope, r.element)
    return {"y": stages.rotate(x, cos, sin, r.element)}


def attention_op(r):
    q, k, v = r.numbers("q", "k", "v")
    context, weights = stages.attention(q, k, v, r.input["mask"], r.params["heads"], r.params["kv_heads"], r.element)
    return {"context": context, "probabilities": weights}


def feed_forward_op(r):
    x, gate, up, down = r.numbers("x", "gate", "up", "down")
    if "gate_bias" in r.input:
        return {"y": biased_feed_forward(r, x, {"gate": gate, "up": up, "down": down})}
    active = stages.gated(stages.linear(x, gate, r.element), stages.linear(x, up, r.element), r.element)
    return {"y": stages.linear(active, down, r.element)}


def biased_feed_forward(r, x, w):
    w |= dict(zip(BIASED, r.numbers(*BIASED)))
    gate, up = (stages.projected(x, w, name, r.element) for name in ("gate", "up"))
    return stages.projected(stages.gated(gate, up, r.element), w, "down", r.element)


def decoder_layer_op(r):
    x, *given = r.numbers("x", *model.PLACES)
    w = dict(zip(model.PLACES, given))
    more = [name for name in r.input if name.endswith(("_bias", "_norm"))]
    w |= dict(zip(more, r.numbers(*more)))
    shape = stages.Shape(r.params["heads"], r.params["kv_heads"], len(w["q_proj"]) // r.params["heads"],
                         r.params["epsilon"], rotations.of_stage(r.params))
    cos, sin = stages.rotation(r.input["positions"], shape.head_dim, shape.rope, r.element)
    return {"y": stages.decoder_layer(x, w, shape, cos, sin, r.input["mask"], r.element)["hidden"]}


def cross_entropy_op(r):
    (logits,) = r.numbers("logits")
    return {"losses": r.element.store(stages.cross_entropy(logits, r.input["labels"]))}


def forward_op(r):
    """Text by text; the numbers of pad rows stay 0, which nobody compares (OPS-1)."""
    given = r.numbers("embeddings")[0] if "embeddings" in r.input else None
    names, answers = ["logits", *r.capture], {}
    longest = max(map(len, r.layouts))
    for b, rows in enumerate(r.layouts):
        trace = model.run(
            r.weights, rows[:, layout.TOKEN], rows[:, layout.POSITION], layout.visible(rows, rows, r.axes), r.element,
            None if given is None else given[b, : len(rows)]) if len(rows) else {}
        for name in names:
            whole = answers.get(name)
            if whole is None:
                whole = answers[name] = np.zeros((len(r.layouts), *shape_of(r, name, longest)), r.element.accumulation)
            if trace:
                x = trace[name]
                whole[(b, ..., *[slice(n) for n in x.shape[-2:]])] = x
    return answers


def shape_of(r, name, rows):
    """The shape of an intermediate of MOD-7 over so many rows."""
    config, w = r.model.config, r.weights
    shape, kind = config.shape, name.split(".", 2)[-1] if name.startswith("layers.") else name
    queries, keys = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    widths = {"attention.query": queries, "attention.context": queries, "attention.key": keys,
              "attention.value": keys, "logits": config.vocabulary}
    if kind == "attention.probabilities":
        return shape.heads, rows, rows
    if kind in ("feed_forward.gate", "feed_forward.up", "feed_forward.activation"):
        return rows, len(w.layers[0]["gate_proj"])
    return rows, widths.get(kind, config.width)


def loss_op(r):
    reading, other = training.losses(r.weights, r.layouts, r.axes, r.element)
    return {"language_modelling": np.asarray(reading), "repetition": np.asarray(other)}


def gradients_op(r):
    found = training.gradients(r.weights, r.layouts, r.axes, r.element)
    return {f"gradients.{name}": g for name, g in found.items()}


def train_step_op(r):
    found = training.train(r.weights, r.layouts, r.axes, r.params, r.element)
    return {f"{kind}.{name}": x for kind, named in zip(("parameters", "first_moments", "second_moments"), found)
            for name, x in named.items()}


def generate_op(r):
    return generation.generate(r.weights, r.texts[0], r.params, r.axes, r.element, r.forced)


def reconstruct_op(r):
    return generation.reconstruct(r.weights, r.texts[0], r.params, r.axes, r.element)


OPERATIONS = {
    "layout": layout_op, "mask": mask_op, "schedule": schedule_op, "metrics": metrics_op, "cost": cost_op,
    "rms_norm": rms_norm_op, "rope": rope_op, "attention": attention_op, "feed_forward": feed_forward_op,
    "decoder_layer": decoder_layer_op, "cross_entropy": cross_entropy_op,
    "forward": forward_op, "loss": loss_op, "gradients": gradients_op, "train_step": train_step_op,
    "generate": generate_op, "reconstruct": reconstruct_op,
}
HELLO = {"protocol": 1, "name": "numpy-port", "version": "1", "ops": list(OPERATIONS), "dtypes": list(tensors.TYPES),
         "profiles": "any", "captures": True, "families": list(model.FAMILIES)}


def answer(line):
    """The reply to a question; the answer itself goes into its file (RUN-4)."""
    try:
        request = Request(line)
        rejections.check(request)
        tensors.save(request.output, OPERATIONS[request.op](request), request.element)
        return {"ok": {}}
    except rejections.Reject as reject:
        return {"reject": {"code": str(reject)}}


def main():
    for text in sys.stdin.buffer:
        line = json.loads(text)
        if line["cmd"] == "stop":
            return
        reply = {"loma": 1, "id": line["id"], **({"ok": HELLO} if line["cmd"] == "hello" else answer(line))}
        sys.stdout.write(json.dumps(reply, separators=(",", ":")) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
