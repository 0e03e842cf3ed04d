"""The container against Python's safetensors: each reads what the other writes, and both write the same bytes.

    python -m venv VENV && VENV/bin/pip install -r Tests/Candidates/requirements-container.txt
    VENV/bin/python Tests/Candidates/check_container.py

Compiles container.swift with Sources/LoMAVectors by swiftc into a temporary folder.
"""

import hashlib
import json
import pathlib
import random
import subprocess
import sys
import tempfile

import ml_dtypes
import numpy as np
import safetensors
from safetensors import numpy as st

HERE = pathlib.Path(__file__).resolve().parent
SOURCES = HERE.parent.parent / "Sources" / "LoMAVectors"
NUMPY = {"I64": "<i8", "F64": "<f8", "F32": "<f4", "I32": "<i4", "F16": "<f2", "U8": "u1", "BOOL": "?",
         "BF16": ml_dtypes.bfloat16}


def hexed(data):
    return "x" + data.hex()


def seen_by_python(path):
    """Names, types, shapes, bytes and metadata, through the official parser (deserialize) and the official reader."""
    data = path.read_bytes()
    items = set()
    for name, info in safetensors.deserialize(data):
        items.add(("array", hexed(name.encode()), info["dtype"], json.dumps(info["shape"]).replace(" ", ""),
                   hexed(bytes(info["data"]))))
    with safetensors.safe_open(path, framework="numpy") as file:
        for key, value in (file.metadata() or {}).items():
            items.add(("metadata", hexed(key.encode()), hexed(value.encode())))
        for name in file.keys():
            array = file.get_tensor(name)
            found = [i for i in items if i[0] == "array" and i[1] == hexed(name.encode())]
            assert len(found) == 1 and found[0][4] == hexed(array.tobytes()), name
            assert array.dtype == np.dtype(NUMPY[found[0][2]]) and list(array.shape) == json.loads(found[0][3]), name
    return items


def seen_by_us(program, paths):
    """The same, file by file, as our two readers agree on it."""
    files = []
    for line in subprocess.run([program, "show", *paths], check=True, capture_output=True, text=True).stdout.splitlines():
        if line == "file":
            files.append(set())
        else:
            files[-1].add(tuple(line.split(" ")))
    return files


def rewritten(path, target):
    """Reads a file with the official reader and writes it with the official writer; at most one metadata key, since
    the official writer does not order them."""
    with safetensors.safe_open(path, framework="numpy") as file:
        metadata = file.metadata() or None
        tensors = {name: np.ascontiguousarray(file.get_tensor(name)) for name in file.keys()}
        tensors = {name: array.reshape(file.get_slice(name).get_shape()) for name, array in tensors.items()}
    if metadata and len(metadata) > 1:
        return False
    st.save_file(tensors, target, metadata=metadata)
    return True


def write_with_python(folder, seed):
    """A file of random arrays, names and metadata."""
    rng = random.Random(seed)
    bits = np.random.default_rng(seed)
    tensors = {}
    for index in range(rng.randrange(8)):
        dtype = np.dtype(NUMPY[rng.choice(sorted(NUMPY))])
        shape = [rng.randrange(5) for _ in range(rng.randrange(4))]
        data = bits.integers(0, 2 if dtype == bool else 256, int(np.prod(shape)) * dtype.itemsize, dtype=np.uint8)
        name = f"{index}" + "".join(chr(rng.choice([34, 92, 10, 1, 0x7f, 0xe9, 0x20ac, 0x1f600])) for _ in range(3))
        tensors[name] = data.view(dtype).reshape(shape)
    metadata = rng.choice([None, {"format": "pt"}, {"a\"b": "\n\\", "é": "😀"}])
    path = folder / f"python-{seed}.safetensors"
    st.save_file(tensors, path, metadata=metadata)
    return path


def check_narrowing(path):
    """Our narrowing against NumPy's (F32, F16) and, where float32 holds the value exactly, ml_dtypes' (BF16)."""
    arrays = st.load_file(path)
    wide = arrays["F64"]
    with np.errstate(over="ignore"):
        single = wide.astype("<f4")
        assert single.tobytes() == arrays["F32"].tobytes()
        assert wide.astype("<f2").tobytes() == arrays["F16"].tobytes()
        exact = single.astype("<f8") == wide
        assert exact.sum() > 1000
        ours = arrays["BF16"][exact].view("<u2")
        assert (ours == single[exact].astype(ml_dtypes.bfloat16).view("<u2")).all()
    return len(wide), int(exact.sum())


def main():
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        program = folder / "container"
        subprocess.run(["swiftc", "-O", "-parse-as-library", "-package-name", "loma", "-swift-version", "6",
                        HERE / "container.swift", *sorted(SOURCES.glob("*.swift")), "-o", program], check=True)
        subprocess.run([program, "write", folder], check=True)
        ours = sorted(folder.glob("*.safetensors"))
        theirs = [write_with_python(folder, seed) for seed in range(200)]
        paths = ours + theirs
        items = 0
        for path, seen in zip(paths, seen_by_us(program, paths), strict=True):
            expected = seen_by_python(path)
            assert seen == expected, path.name
            items += len(expected)

        same = 0
        for path in ours:
            copy = folder / "copy"
            if rewritten(path, copy):
                assert copy.read_bytes() == path.read_bytes(), path.name
                same += 1

        digests = subprocess.run([program, "sha", *paths], check=True, capture_output=True, text=True).stdout.split()
        assert digests == [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
        values, exact = check_narrowing(folder / "narrowed.safetensors")
    print(f"{len(ours)} files of ours read by safetensors {safetensors.__version__}, {len(theirs)} of its read by us; "
          f"{items} items equal; {same} files byte for byte as the official writer's; {len(digests)} digests; "
          f"{values} values narrowed as NumPy does ({exact} for bfloat16)")


if __name__ == "__main__":
    sys.exit(main())
