#!/usr/bin/env python3
"""Are the mistakes mistakes? Each below, which recorded cases may not show, is asked a question that must show it.

    python3 check_changes.py

The port and the port with the mistake answer the same requests, without a runner; the mistake must be seen in its
question, and all changes must apply. Exit 1 where a mistake answers like the port.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np

import tensors

HERE = pathlib.Path(__file__).resolve().parent
MODELS = HERE.parents[2] / "Vectors" / "models"
P = {"c": 2, "t": 2, "text_vocabulary": 11, "memory_token": 13, "repetition_token": 11, "model_vocabulary": 16}
STEP = {**P, "learning_rate": "0x1p-5", "beta1": "0x1p-1", "beta2": "0x1p-1", "adam_epsilon": "0x1p-9",
        "weight_decay": "0x0p+0"}
ONE = {**P, "c": 1, "t": 1}


def text(n):
    """Tokens that repeat late."""
    return [(7 * i + i // 11) % 11 for i in range(n)]


def model(name, base, config=None, weight=None):
    """A changed copy of a model of the vectors, in this folder."""
    shutil.copytree(MODELS / base, name)
    path = pathlib.Path(name)
    given = json.loads((path / "config.json").read_text())
    (path / "config.json").write_text(json.dumps({**given, **(config or {})}))
    if weight:
        stored = tensors.load(path / "model.safetensors")
        tensors.save(path / "model.safetensors", {key: weight(key, w) for key, w in stored.items()}, tensors.TYPES["f32"])


def models():
    for name in ("gqa", "mha", "mqa-tied", "shallow"):
        model(name, name)
    model("theta", "gqa", {"rope_theta": 12345.5})
    model("kv-heads", "gqa", {"num_key_value_heads": 3})
    model("bits", "gqa", weight=lambda key, w: (w * np.float32(1.0001)).astype(np.float32))
    model("hot", "gqa", weight=lambda key, w: w * 300 if key == "lm_head.weight" else w)


# By mistake: operation, model, parameters, texts, and what else is asked.
QUESTIONS = {
    "21b": ("cross_entropy", None, {}, None, {
        "dtype": "f32", "input": {"logits": np.array([[200, 0, 1]], np.float32), "labels": np.array([1])}}),
    "22c": ("gradients", "hot", P, [text(9)], {}),
    "25a": ("generate", "gqa", {**P, "generate": 0}, [[]], {}),
    "32": ("forward", "shallow", P, [text(2100)], {}),
    "32n:127": ("forward", "gqa", P, [text(140)], {}),
    "32n:63": ("forward", "gqa", P, [text(70)], {}),
    "33": ("layout", None, {**P, "layout": "training", "c": 0}, [text(3)], {"dtype": "i64"}),
    "34a": ("layout", None, {**P, "layout": "training"}, [text(17)], {"dtype": "i64"}),
    "34b": ("layout", None, {**P, "layout": "training"}, [text(17)], {"dtype": "i64"}),
    "39n:8": ("forward", "gqa", ONE, [text(12)], {}),
    "42": ("train_step", "mqa-tied", {**STEP, "steps": 2}, [text(9)], {}),
    "47": ("forward", "kv-heads", P, [text(3)], {}),
    "49": ("forward", "theta", P, [text(9)], {}),
    "49c": ("rope", None, {"head_dim": 4, "theta": "0x1.81cc000000000p+13"}, None, {
        "input": {"x": np.ones((1, 4), np.float32), "positions": np.array([9])}}),
    "50n:6": ("generate", "gqa", {**ONE, "generate": 3}, [text(12)], {}),
    "E5": ("layout", None, {**P, "layout": "training", "c": 0, "t": 0}, [text(3)], {"dtype": "i64"}),
    "E6": ("metrics", None, {**P, "text_vocabulary": 0}, [text(4)], {
        "dtype": "i64", "input": {"reconstruction": np.array([1, 2, 3, 4])}}),
    "E8": ("generate", "gqa", {**P, "generate": 2}, [text(3)], {"input": {"forced": np.array([12, 1])}}),
    "E9v": ("generate", "gqa", {**P, "text_vocabulary": 3, "generate": 4}, [[1, 2, 0]], {}),
    "E14": ("forward", "gqa", P, [text(9)], {"dtype": "bf16"}),
    "E14c": ("forward", "gqa", P, [text(9)], {"dtype": "bf16"}),
    "E19": ("forward", "bits", P, [text(9)], {}),
    "E22": ("forward", "gqa", P, [text(300)], {}),
    "E24": ("train_step", "mha", {**STEP, "steps": 1}, [text(9)], {}),
    "H2:64": ("forward", "gqa", {**P, "c": 40, "t": 1}, [text(200)], {}),
    "H2:128": ("forward", "gqa", {**P, "c": 16, "t": 4}, [text(200)], {}),
    "H7": ("forward", "gqa", P, [text(1), text(13)], {}),
    "H20": ("forward", "gqa", P, [text(13)], {
        "profile": {"memory_context": "own_chunk", "memory_attention": "causal"}}),
    "H22:16": ("forward", "gqa", {**P, "c": 16, "t": 4}, [text(70)], {}),
    "F05": ("generate", "gqa", {**P, "c": 16, "generate": 4}, [text(40)], {}),
}


def request(number, op, folder, params, texts, more):
    inputs = dict(more.get("input", {}))
    if texts is not None:
        inputs |= {"tokens": np.array(sum(texts, []), np.int64), "lengths": np.array([len(own) for own in texts])}
    tensors.save(f"{number}.input", inputs, tensors.TYPES["f32"])
    return {"loma": 1, "id": number, "cmd": "run", "case": "change", "op": op, "dtype": more.get("dtype", "f64"),
            "profile": more.get("profile", {}), "params": params, "model": folder, "input": f"{number}.input",
            "output": f"{number}.output", "capture": []}


def answer(command, asked):
    """The reply to one request, and the bytes of its file."""
    pathlib.Path(asked["output"]).unlink(missing_ok=True)
    run = subprocess.run([sys.executable, *command], input=json.dumps(asked) + "\n", stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, check=False, text=True)
    file = pathlib.Path(asked["output"])
    return run.stdout, file.read_bytes() if file.exists() else None


def main():
    subprocess.run([sys.executable, str(HERE / "run.py")], check=True)
    alike = []
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        models()
        for number, (identifier, question) in enumerate(QUESTIONS.items(), 1):
            asked = request(number, *question)
            right = answer([str(HERE / "port.py")], asked)
            if not right[0]:
                raise SystemExit(f"{identifier}: the port does not answer")
            if answer([str(HERE / "run.py"), "--mistake", identifier], asked) == right:
                alike.append(identifier)
        os.chdir(HERE)
    print(f"{len(QUESTIONS) - len(alike)} of {len(QUESTIONS)} mistakes show", *alike)
    return 1 if alike else 0


if __name__ == "__main__":
    sys.exit(main())
