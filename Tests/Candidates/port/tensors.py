"""Element types, and safetensors files read and written, with nothing but NumPy (TOL-2, RUN-7).

A type computes in its accumulation type and rounds what it stores; f32 and f64 store what they compute.
"""

import json
import typing

import numpy as np

np.seterr(all="ignore")  # an overflow shows in the answer


class Type(typing.NamedTuple):
    name: str
    accumulation: type
    store: typing.Callable  # rounds numbers of the accumulation type to the element type, and widens them again


def as_it_is(x):
    return x


def to_bfloat16(x):
    """To nearest, ties to even: bfloat16 is the upper half of binary32."""
    bits = np.asarray(x, dtype=np.float32, order="C").view(np.uint32)
    return ((bits + (0x7FFF + ((bits >> 16) & 1))) & np.uint32(0xFFFF0000)).view(np.float32)


def to_float16(x):
    return np.asarray(x).astype(np.float16).astype(np.float32)


TYPES = {
    "f64": Type("f64", np.float64, as_it_is),
    "f32": Type("f32", np.float32, as_it_is),
    "bf16": Type("bf16", np.float32, to_bfloat16),
    "f16": Type("f16", np.float32, to_float16),
}

STORED = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "BOOL": "?"}


def load(path):
    """Every tensor of a file by name; BF16 is widened to binary32."""
    with open(path, "rb") as file:
        content = file.read()
    start = 8 + int.from_bytes(content[:8], "little")
    tensors = {}
    for name, entry in json.loads(content[8:start]).items():
        if name == "__metadata__":
            continue
        first, last = entry["data_offsets"]
        kind = np.dtype(STORED[entry["dtype"]])
        array = np.frombuffer(content, kind, (last - first) // kind.itemsize, start + first).reshape(entry["shape"])
        if entry["dtype"] == "BF16":
            array = (array.astype(np.uint32) << 16).view(np.float32)
        tensors[name] = array
    return tensors


def written(array, element):
    """A tensor's type in the file, and its numbers as they are written."""
    if array.dtype == bool:
        return "BOOL", array
    if array.dtype.kind in "iu":
        return "I64", array.astype("<i8", copy=False)
    if element.name == "bf16":
        return "BF16", (to_bfloat16(array).view(np.uint32) >> 16).astype("<u2")
    kind = element.name.upper()
    return kind, array.astype(STORED[kind], copy=False)


def save(path, tensors, element):
    header, parts, at = {}, [], 0
    for name, array in tensors.items():
        kind, numbers = written(np.asarray(array), element)
        data = numbers.tobytes()  # in row order, whatever the array's own
        header[name] = {"dtype": kind, "shape": list(numbers.shape), "data_offsets": [at, at + len(data)]}
        parts.append(data)
        at += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(b"".join([len(text).to_bytes(8, "little"), text, *parts]))
