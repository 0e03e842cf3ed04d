"""Runs of the Swift reference and of another library in turn, so that both meet the same moments of the machine."""

import json
import pathlib
import statistics
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROCESSORS = ("x86-64", "x86-64-v3")


def build_reference(folder, processor):
    """The Swift side, linked with the objects of a release build of the package for a processor."""
    flags, scratch = [], ROOT / ".build"
    command = ["swift", "build", "-c", "release", "--product", "loma", "--package-path", ROOT]
    if processor == "x86-64-v3":
        toolset, scratch = ROOT / ".ci" / "x86-64-v3.json", scratch / "x86-64-v3"
        flags = json.loads(toolset.read_text(encoding="utf-8"))["swiftCompiler"]["extraCLIOptions"]
        command += ["--toolset", toolset, "--scratch-path", scratch]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    build = scratch / "release"
    # What the command is linked of: the folders may hold objects of files that are gone.
    linked = (build / "loma.product" / "Objects.LinkFileList").read_text(encoding="utf-8").split()
    folders = tuple(f"{name}.build" for name in ("LoMA", "NaiveLlama", "LoMAReference", "LoMAVectors"))
    objects = [path for path in (entry.strip("'") for entry in linked) if path.split("/")[-2] in folders]
    program = folder / "model"
    subprocess.run(
        ["swiftc", "-O", "-parse-as-library", "-swift-version", "6", *flags, "-I", build / "Modules",
         pathlib.Path(__file__).with_name("model.swift"), *objects, "-o", program], check=True)
    return program


class Reference:
    """The Swift program for a processor, told to run once at a time."""

    def __init__(self, mode, folder, processor="x86-64"):
        self.process = subprocess.Popen(
            [build_reference(folder, processor), mode, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def seconds(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def finish(self):
        self.process.stdin.close()
        if self.process.wait():
            raise SystemExit("the Swift side failed")


def interleaved(first, second, runs):
    """Medians of the seconds of two functions called in turn, after one call of each that does not count, and the
    median of the ratios first / second of neighbouring calls."""
    first(), second()
    pairs = [(first(), second()) for _ in range(runs)]
    return (
        statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs),
        statistics.median(a / b for a, b in pairs))
