"""Runs of the Swift reference and of another library in turn, so that both meet the same moments of the machine."""

import pathlib
import statistics
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def build_reference(folder):
    """The Swift side, linked with the objects of a release build of the package."""
    subprocess.run(["swift", "build", "-c", "release", "--package-path", ROOT], check=True, stdout=subprocess.DEVNULL)
    build = ROOT / ".build" / "release"
    objects = [path for name in ("LoMA", "NaiveLlama", "LoMAReference", "LoMAVectors") for path in (build / f"{name}.build").glob("*.o")]
    program = folder / "model"
    subprocess.run(
        ["swiftc", "-O", "-parse-as-library", "-swift-version", "6", "-I", build / "Modules",
         pathlib.Path(__file__).with_name("model.swift"), *objects, "-o", program], check=True)
    return program


class Reference:
    """The Swift program, told to run once at a time."""

    def __init__(self, mode, folder):
        self.process = subprocess.Popen(
            [build_reference(folder), mode, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

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
