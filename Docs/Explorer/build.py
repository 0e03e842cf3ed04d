#!/usr/bin/env python3
"""Builds the explorer: one offline page, written to a folder.

    python3 Docs/Explorer/build.py [--output DIR] [--modules DIR]

Compiles the reference twice to WebAssembly, once as it is and once with the project's mutants, and puts both into one
page with the weights of Vectors/models/text-c4, the clauses of the Spec that the page cites, and the recipe of the
training. Needs swiftc with Embedded Swift for wasm32, its wasm-ld and clang, and Python's own library. --modules keeps
the two modules there and takes them again if no source is newer.
"""
import argparse
import base64
import concurrent.futures
import json
import lzma
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SOURCES = ROOT / "Sources"
TARGET = "wasm32-unknown-none-wasm"
MODEL = ROOT / "Vectors/models/text-c4"
# What every module is made of, in one Swift module: the imports of the sources are empty ones.
REFERENCE = ["LoMA", "NaiveLlama", "LoMAReference"]
ROOMS = REFERENCE + [
    "LoMAVectors", "LoMAModels", "LoMAAnswers", "LoMACatalogue", "LoMAMutants", "LoMAPeers", "LoMAPeersReference"]
# What needs files, and what only mistakes of training, metrics and rejections need.
VECTORS_WITHOUT = {
    "OutputWriting", "Disk", "EmbeddedText", "Files", "MappedArrayFile", "StoredArrayFile", "StreamedFiles",
    "ListedFile", "SHA256", "StoredManifest", "EditDistance", "Percentage", "HexFloat", "JSONSource"}
MUTANTS = [
    "AskedWhere", "BatchMutants", "CacheMutants", "ConfigurationMutants", "FillMutants", "GenerationMutants",
    "LayoutMutants", "LimitMutants", "LossMutants", "MaskMutants", "ModelMutants", "Mutant", "MutantClauses",
    "NarrowSumMutants", "NumberMutants", "PositionMutants", "RegeneratedMutants", "TileMutants", "WholeMaskMutants"]
SCRIPTS = [
    "unpack.js", "units.js", "state.js", "timeline.js", "mask.js", "cache.js", "positions.js", "curves.js", "mistakes.js",
    "quiz.js", "training.js", "main.js"]


def swift_sources(name):
    """The files of a module: the rooms it needs and its own folder of exports.

    What both modules have comes first and in one order, so that it is compiled into code that packs well together.
    """
    folders = [SOURCES / room for room in REFERENCE] + [HERE / "module/shared"]
    common = [file for folder in folders for file in folder.rglob("*.swift")]
    files = list((HERE / "module" / name).glob("*.swift"))
    if name == "mistakes":
        files += [file for file in (SOURCES / "LoMAVectors").glob("*.swift") if file.stem not in VECTORS_WITHOUT]
        files += (SOURCES / "LoMAAnswers").glob("*.swift")
        files += [SOURCES / "LoMAModels/Intermediates.swift", SOURCES / "LoMAAnswers/Candidate/Deviation.swift",
                  SOURCES / "LoMACatalogue/Cases/CaseInputs.swift"]
        files += [SOURCES / f"LoMAMutants/{mutants}.swift" for mutants in MUTANTS]
    return sorted(common) + sorted(files)


class Toolchain:
    """swiftc and what lies beside it."""

    def __init__(self):
        swiftc = shutil.which("swiftc") or sys.exit("no swiftc")
        self.swiftc = swiftc
        self.root = pathlib.Path(swiftc).resolve().parent.parent
        self.unicode = self.root / f"lib/swift/embedded/{TARGET}/libswiftUnicodeDataTables.a"
        if not self.unicode.is_file():
            sys.exit(f"no Embedded Swift for {TARGET}")

    def tool(self, name):
        own = self.root / "bin" / name
        return str(own) if own.is_file() else shutil.which(name) or sys.exit(f"no {name}")

    def compile(self, name, work):
        """The module as WebAssembly."""
        imports = work / f"{name}.imports"
        imports.mkdir()
        (work / "empty.swift").touch()
        common = [
            self.swiftc, "-swift-version", "6", "-package-name", "loma", "-wmo", "-parse-as-library",
            "-warnings-as-errors", "-Osize", "-target", TARGET, "-enable-experimental-feature", "Embedded",
            "-enable-experimental-feature", "Extern"]
        for room in ROOMS:
            subprocess.run(
                [*common, "-module-name", room, "-emit-module", "-emit-module-path", imports / f"{room}.swiftmodule",
                 work / "empty.swift"], check=True)
        subprocess.run(
            [*common, "-I", imports, "-module-name", "Explorer", "-c", "-o", work / f"{name}.o", *swift_sources(name)],
            check=True)
        # The same C that the checks of Tests/WebAssembly are linked with, so that no empty array traps.
        subprocess.run(
            [self.tool("clang"), "--target=wasm32", "-Os", "-ffreestanding", "-fno-builtin", "-nostdlib", "-c",
             ROOT / "Tests/WebAssembly/memory.c", "-o", work / f"{name}.memory.o"], check=True)
        subprocess.run(
            [self.tool("wasm-ld"), "--no-entry", "--gc-sections", "--strip-all", "-z", "stack-size=4194304",
             work / f"{name}.o", work / f"{name}.memory.o", self.unicode, "-o", work / f"{name}.wasm"], check=True)
        return (work / f"{name}.wasm").read_bytes()


def modules(kept):
    """Both modules by name; those in a folder if no source is newer."""
    names = ["reference", "mistakes"]

    def is_fresh(name):
        file = kept / f"{name}.wasm"
        sources = [*swift_sources(name), ROOT / "Tests/WebAssembly/memory.c"]
        return file.is_file() and file.stat().st_mtime > max(source.stat().st_mtime for source in sources)

    found = {name: (kept / f"{name}.wasm").read_bytes() for name in names if kept and is_fresh(name)}
    missing = [name for name in names if name not in found]
    if missing:
        toolchain = Toolchain()
        with tempfile.TemporaryDirectory() as work, concurrent.futures.ThreadPoolExecutor() as pool:
            work = pathlib.Path(work)
            for name, module in zip(missing, pool.map(lambda name: toolchain.compile(name, work), missing)):
                found[name] = module
    if kept:
        kept.mkdir(parents=True, exist_ok=True)
        for name in missing:
            (kept / f"{name}.wasm").write_bytes(found[name])
    return found


def model():
    """The trained model: shape, parameters by name and size, and all weights: signs with fractions, exponents."""
    config = json.loads((MODEL / "config.json").read_text())
    raw = (MODEL / "model.safetensors").read_bytes()
    size = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8:8 + size])
    header.pop("__metadata__", None)
    data = raw[8 + size:]
    parameters, weights = [], []
    for name, entry in sorted(header.items()):
        assert entry["dtype"] == "BF16", name
        start, end = entry["data_offsets"]
        parameters.append([name, (end - start) // 2])
        weights += struct.unpack(f"<{(end - start) // 2}H", data[start:end])
    # A bf16 number is a sign, eight bits of exponent and seven of fraction. Only exponents are alike and can be packed.
    fractions = bytes(weight >> 8 & 0x80 | weight & 0x7F for weight in weights)
    return config, parameters, fractions, bytes(weight >> 7 & 0xFF for weight in weights)


def clauses():
    """The clauses of the mask and those that mutants break: title, first paragraph, origin and chapter, of the Spec."""
    found = {}
    table = (SOURCES / "LoMAMutants/MutantClauses.swift").read_text()
    cited = set(re.findall(r'Broken\("([A-Z]+-\d+)"', table))
    for chapter in sorted((ROOT / "Spec").glob("[0-9]*.md")):
        for part in re.split(r"^### ", chapter.read_text(), flags=re.M)[1:]:
            head = re.match(r"([A-Z]{2,4}-\d+[a-z]?)\s+(.*)", part)
            if not head or head[1] not in cited and not head[1].startswith("MSK-"):
                continue
            paragraphs = [" ".join(lines.split()) for lines in part.split("\n\n")[1:]]
            origin = next((line[8:] for line in paragraphs if line.startswith("Origin: ")), "")
            words = next((line for line in paragraphs if line[:1] not in "`|-$" and not line.startswith("Origin")), "")
            found[head[1]] = [head[2], words.replace("`", "").replace("**", ""), origin, f"Spec/{chapter.name}"]
    return found


def registry():
    """What the registry says of every axis: the decision, its question, and how well a toy recited that trained so."""
    text = (ROOT / "Spec/registry.md").read_text()
    decisions = {}
    for part in re.split(r"^##+ ", text, flags=re.M)[1:]:
        title, _, body = part.partition("\n")
        name = re.match(r"D-\d+", title) or (title.startswith("An axis of the paper") and re.match("", "paper"))
        paragraphs = [" ".join(lines.split()).replace("`", "") for lines in body.strip().split("\n\n")]
        if name:
            decisions[name[0] or "paper"] = [title, paragraphs[0].partition(" Axes: ")[0].partition(" Axis: ")[0]]
    rows = re.findall(r"^\| `([^`]+)` \| (\d+) \| (\d+) \| (\d+) \|", text, re.M)
    assert len(decisions) > 10 and len(rows) > 10, "the registry has another form"
    return decisions, {name: [int(value) for value in values] for name, *values in rows}


def packed(data):
    """Bytes as text for a script element: base 85, a comma for `<`."""
    text = base64.b85encode(data).decode().replace("<", ",")
    assert "</" not in text
    return text


def lzma_of(data, context):
    """A raw LZMA stream, as page/unpack.js reads it, with so many bits of a byte as the context of the next."""
    settings = {"preset": 9 | lzma.PRESET_EXTREME, "dict_size": 1 << 21, "lc": context, "lp": 0, "pb": 0}
    return lzma.compress(data, lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA1, **settings}])


def recipe():
    """The run of the sweep that the page trains: c = 2, base, seed 1 (Docs/Losslessness.md)."""
    base = json.loads((ROOT / "Docs/Recipes/sweep.json").read_text())
    base["loma"]["compression_ratio"] = 2
    return base


def bare(text):
    """A script or style without its comments and indentation, which stay in the sources."""
    text = re.sub(r"^[ \t]*//.*\n|^[ \t]*/\*\*[\s\S]*?\*/\n", "", text, flags=re.M)
    return re.sub(r"^[ \t]+", "", text, flags=re.M)


def page(found):
    config, parameters, fractions, exponents = model()
    decisions, evidence = registry()
    data = {
        "decisions": decisions, "evidence": evidence, "config": config, "parameters": parameters, "clauses": clauses(),
        "recipe": recipe(), "modules": [len(found["reference"]), len(found["mistakes"])],
        "sentence": "the memory of a chunk is all that is left of it."}

    def text(name):
        return (HERE / "page" / name).read_text()

    # `<` is never needed as it is in JSON; a clause that quotes a tag must not end the script.
    parts = {
        "css": bare(text("explorer.css")),
        "data": json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"),
        # The second module is half in the first, which LZMA sees and gzip does not.
        "modules": packed(lzma_of(found["reference"] + found["mistakes"], 3)), "fractions": packed(fractions),
        "exponents": packed(lzma_of(exponents, 0)), "engine": bare(text("engine.js")), "worker": bare(text("worker.js")),
        "script": "\n".join(bare(text(name)) for name in SCRIPTS)}
    return re.sub(r"\{\{(\w+)\}\}", lambda name: parts[name[1]], text("explorer.html"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / ".build/explorer", help="default .build/explorer")
    parser.add_argument("--modules", type=pathlib.Path)
    options = parser.parse_args()
    found = modules(options.modules)
    options.output.mkdir(parents=True, exist_ok=True)
    file = options.output / "explorer.html"
    partial = options.output / f".explorer.{os.getpid()}"
    partial.write_text(page(found))
    partial.replace(file)
    sizes = ", ".join(f"{name}.wasm {len(module)}" for name, module in sorted(found.items()))
    print(f"{file}: {file.stat().st_size} bytes; {sizes}")


if __name__ == "__main__":
    main()
