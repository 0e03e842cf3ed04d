#!/usr/bin/env python3
"""A LoMA candidate that can lay out texts: the place to start a port in Python.

    loma conform -- python3 port.py

It speaks protocol 1 (Spec/13-protocol.md) with the standard library alone: one JSON object a line comes in on
standard input, one goes out on standard output, tensors travel in safetensors files of the working directory. It
answers `layout` of the profile base in full, and says `unsupported` to everything else. Go on where it says NEXT.
"""
import json
import struct
import sys

NAME, VERSION = "my-port", "0.1"
# NEXT: name an operation here and answer it in `answer`; "mask" comes next, then "schedule", "metrics" and "cost".
OPERATIONS = ["layout"]
# NEXT: the element types of your numbers: "f64", "f32", "bf16", "f16". None while there are only integers.
ELEMENT_TYPES = []
# NEXT: a profile is the axes that differ from base; {} is base itself. "any" stands for all of them.
PROFILES = [{}]
# NEXT: what you compute beside a plain Llama: "linear", "dynamic", "llama3", "yarn" (types of rotation), "biases",
# "mistral", "qwen2", "qwen3". A model that needs what is not listed is not asked about, nor is your own.
FAMILIES = []
# NEXT: True once `forward` returns the tensors that a request names under "capture" (MOD-7).
CAPTURES = False

# Spec/registry.md: every axis and its values, the default first.
AXES = {
    "memory_positions": ["span_end", "span_start"],
    "numbering": ["text", "sequential", "generation", "compressed"],
    "memory_context": ["past_memories", "own_chunk"],
    "memory_attention": ["bidirectional", "causal"],
    "repetition_context": ["own_memory", "past_memories"],
    "repetition_attention": ["causal", "bidirectional", "self_only"],
    "repetition_labels": ["aligned", "shifted"],
}

READING, MEMORY, REPETITION, PAD = range(4)
NONE = -1  # "none" of an integer (chapter 11)


class Rejection(Exception):
    """Bad input, with a code of Spec/rejections.md."""


class Unsupported(Exception):
    """Good input that this port does not do; it narrows the claim and is no failure."""


# --- chapter 1: parameters, in the order of the list of rejections (OPS-6) ---


def check(params, texts, profile):
    """Throws what PAR-1 to PAR-3 and the registry reject; returns c, t, <m> and <r>."""
    c, t, size = params["c"], params["t"], params["text_vocabulary"]
    memory, repetition = params["memory_token"], params["repetition_token"]
    if c < 1:
        raise Rejection("ratio-below-one")
    if t < 1:
        raise Rejection("memory-length-below-one")
    if t * c >= 2**63:
        raise Rejection("chunk-too-long")
    if size < 1:
        raise Rejection("vocabulary-size-out-of-range")
    if memory < size or repetition < size:
        raise Rejection("special-token-in-text-vocabulary")
    if memory == repetition:
        raise Rejection("equal-special-tokens")
    if max(memory, repetition) >= params["model_vocabulary"]:
        raise Rejection("no-room-for-special-token")
    if any(not 0 <= token < size for text in texts for token in text):
        raise Rejection("text-token-out-of-range")
    if any(axis not in AXES for axis in profile):
        raise Rejection("unknown-axis")
    if any(value not in AXES[axis] for axis, value in profile.items()):
        raise Rejection("unknown-alternative")
    if any(value != AXES[axis][0] for axis, value in profile.items()):
        raise Unsupported("the profile base alone")
    return c, t, memory, repetition


# --- chapters 2, 3 and 5: rows, positions and labels of the profile base ---


def layout(text, c, t, memory, repetition, training):
    """The rows of a text: (token, zone, chunk, index, position, label)."""
    length = c * t  # L, PAR-1
    rows = []
    for start in range(0, len(text), length):
        chunk = start // length
        piece = text[start : start + length]
        for i, token in enumerate(piece):  # POS-1; the label is the next token of the text (LOS-1)
            label = text[start + i + 1] if start + i + 1 < len(text) else NONE
            rows.append((token, READING, chunk, i, start + i, label))
        if len(piece) < length:
            break  # the tail has reading rows only (LAY-2)
        for j in range(t):  # POS-2: a memory row stands at the end of its span
            rows.append((memory, MEMORY, chunk, j, start + (j + 1) * c - 1, NONE))
        if training:  # LAY-5: the generation layout has none
            for i, token in enumerate(piece):  # POS-3; the label is the token it reproduces (LOS-3)
                rows.append((repetition, REPETITION, chunk, i, start + i, token))
    return rows


def answer_layout(params, texts, checked):
    """OPS-2: six arrays [B, R], shorter texts padded on the right (MSK-11)."""
    training = params["layout"] == "training"
    batch = [layout(text, *checked, training) for text in texts]
    longest = max(len(rows) for rows in batch)
    pad = (0, PAD, NONE, NONE, 0, NONE)
    flat = [row for rows in batch for row in rows + [pad] * (longest - len(rows))]
    names = ["tokens", "zones", "chunks", "indices", "positions", "labels"]
    return {name: ([len(batch), longest], [row[k] for row in flat]) for k, name in enumerate(names)}


def answer(request):
    """The tensors that answer a request, by name: (shape, integers)."""
    if request["op"] not in OPERATIONS:
        raise Unsupported("not written yet")
    inputs = read_integers(request["input"])
    texts, start = [], 0
    for length in inputs["lengths"]:
        texts.append(inputs["tokens"][start : start + length])
        start += length
    checked = check(request["params"], texts, request["profile"])
    # NEXT: one branch for each operation. Where a `forward` brings `embeddings`, feed these rows and not those of the
    # tokens (OPS-4): that is how one layer of your own model is asked alone.
    return answer_layout(request["params"], texts, checked)


# --- files: safetensors, https://github.com/huggingface/safetensors ---
# Two traps, once there are numbers and NumPy: safetensors.numpy.save_file writes a transposed array wrongly and says
# nothing, so copy it into row order first (numpy.array(x, order="C")); numpy.sqrt of a Python integer is a float64
# and makes float32 arrays float64, math.sqrt does not.


def read_integers(path):
    """The I64 tensors of a file, each as a flat list."""
    with open(path, "rb") as file:
        data = file.read()
    (size,) = struct.unpack_from("<Q", data)
    tensors = {}
    for name, entry in json.loads(data[8 : 8 + size]).items():
        if name != "__metadata__" and entry["dtype"] == "I64":
            begin, end = entry["data_offsets"]
            tensors[name] = list(struct.unpack_from(f"<{(end - begin) // 8}q", data, 8 + size + begin))
    return tensors


def write_integers(path, tensors):
    """A file of I64 tensors."""
    header, data = {}, b""
    for name, (shape, values) in tensors.items():
        begin = len(data)
        data += struct.pack(f"<{len(values)}q", *values)
        header[name] = {"dtype": "I64", "shape": shape, "data_offsets": [begin, len(data)]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


# --- the conversation ---


def reply(identifier, **members):
    """One line; it must begin with {"loma":1 to be told from whatever libraries print."""
    print(json.dumps({"loma": 1, "id": identifier, **members}, separators=(",", ":")), flush=True)


for line in sys.stdin:
    message = json.loads(line)
    if message["cmd"] == "stop":
        break
    if message["cmd"] == "hello":
        capabilities = {
            "ops": OPERATIONS, "dtypes": ELEMENT_TYPES, "profiles": PROFILES, "families": FAMILIES,
            "captures": CAPTURES}
        reply(message["id"], ok={"protocol": 1, "name": NAME, "version": VERSION, **capabilities})
        continue
    try:
        write_integers(message["output"], answer(message))
        reply(message["id"], ok={})
    except Rejection as rejection:
        reply(message["id"], reject={"code": str(rejection)})
    except Unsupported as reason:
        reply(message["id"], unsupported={"why": str(reason)})
