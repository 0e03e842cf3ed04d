#!/usr/bin/env python3
"""A second opinion on the runner: asks a candidate all cases of Vectors, in Python, and judges them by chapter 12.

  python Tests/Candidates/drive.py [--only WORD] [--dtype f32] [--list] -- COMMAND ARG...

Exact tensors must be equal; derived bounds are computed from the recorded units (TOL-2, TOL-3); of calibrated tensors
the largest relative error is printed and fails only beyond a floor that is far above honest rounding. Of a property
the plain question alone is asked, and must be answered. Prints the worst ratio to a bound, or the worst relative error,
by level and dtype, then what failed. Exits with 1 if anything did.
"""

import argparse
import collections
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import ml_dtypes
import numpy as np
from safetensors.numpy import load_file

import loma_layout

KINDS = {  # dtype: NumPy type, u_acc, u_out, smallest normal, kappa (TOL-2), and a floor for calibrated tensors
    "f64": (np.float64, 2.0**-53, 2.0**-53, 2.0**-1022, 2, 2.0**-36),
    "f32": (np.float32, 2.0**-24, 2.0**-24, 2.0**-126, 1, 2.0**-12),
    "bf16": (ml_dtypes.bfloat16, 2.0**-24, 2.0**-8, 2.0**-126, 2, 0.25),
    "f16": (np.float16, 2.0**-24, 2.0**-11, 2.0**-14, 2, 0.05)}


class Failure(Exception):
    """Why an answer is not right."""


def require(condition, what):
    if not condition:
        raise Failure(what)


class Candidate:
    """The process, in a scratch folder; started again after its death."""

    def __init__(self, command, folder):
        self.command, self.folder, self.process, self.id = command, folder, None, 0

    def ask(self, message):
        if self.process is None or self.process.poll() is not None:
            self.process = subprocess.Popen(
                self.command, cwd=self.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            if message["cmd"] != "hello":
                self.ask({"cmd": "hello", "protocols": [1], "specification": "0.1"})
        self.id += 1
        self.process.stdin.write(json.dumps({"loma": 1, "id": self.id, **message}) + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith('{"loma":1'):
                reply = json.loads(line)
                require(reply["id"] == self.id, "wrong id")
                return reply
        raise Failure(f"died with {self.process.wait()}")


def real_rows(case, given, shape):
    """Of a batch [B, R], which rows are no pads."""
    real = np.zeros(shape, dtype=bool)
    ends = np.cumsum(given["lengths"])
    for b, (n, end) in enumerate(zip(given["lengths"], ends)):
        p = case["params"]
        text = given["tokens"][end - n : end].tolist()
        real[b, : len(loma_layout.rows(text, p["c"], p["t"], 0, 0, case["profile"]))] = True
    return real


def compare(case, dtype, given, got, expected):
    """The worst ratio to a derived bound and the worst relative error."""
    kind, u_acc, u_out, smallest, kappa, floor = KINDS.get(dtype, KINDS["f64"])
    require(set(got) == set(case["rules"]), f"tensors are {sorted(got)}")
    ratio = error = 0.0
    for name, rule in case["rules"].items():
        a, b = got[name], expected[name]
        require(a.shape == b.shape, f"{name}: shape {a.shape}, not {b.shape}")
        require(a.dtype == (kind if b.dtype == np.float64 else b.dtype), f"{name}: type {a.dtype}")
        if rule == "exact":
            require((a == b).all(), f"{name}: not equal")
            continue
        a = a.astype(np.float64)
        if case["op"] == "forward":
            heads = name.endswith("probabilities")
            real = real_rows(case, given, (len(b), b.shape[2 if heads else 1]))
            a, b = (x.swapaxes(1, 2)[real] if heads else x[real] for x in (a, b))
        require(np.isfinite(a).all(), f"{name}: not finite")
        off = np.abs(a - b)
        if rule == "derived":
            a_units, r_units = expected[f"{name}.accumulation"], expected[f"{name}.rounding"]
            bound = kappa * (u_acc * a_units + u_out * r_units) + smallest
            bound[(a_units == 0) & (r_units == 0)] = 0
            worst = float(np.max(np.divide(off, bound, out=np.where(off > 0, np.inf, 0.0), where=bound > 0), initial=0))
            require(worst <= 1, f"{name}: {worst:.2f} of its bound")
            ratio = max(ratio, worst)
        else:
            worst = float(np.max(off, initial=0) / (np.abs(b).max(initial=0) or 1.0))
            require(worst <= floor, f"{name}: relative error {worst:.1e}")
            error = max(error, worst)
    return ratio, error


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vectors", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2] / "Vectors")
    parser.add_argument("--only", default="", metavar="WORD", help="cases with WORD in their id")
    parser.add_argument("--dtype", default="", help="this one alone")
    parser.add_argument("--list", action="store_true", help="a line per unit")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    cases = json.loads((options.vectors / "manifest.json").read_text())["cases"]
    command = [str(pathlib.Path(word).absolute()) if pathlib.Path(word).exists() else word for word in options.command]
    worst, counts, failures, began = {}, collections.Counter(), [], time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        shutil.copytree(options.vectors / "models", folder / "models")
        candidate = Candidate(command, folder)
        hello = candidate.ask({"cmd": "hello", "protocols": [1], "specification": "0.1"})["ok"]
        units = [(case, dtype) for case in cases if options.only in case["id"]
                 for dtype in (["i64"] if case["level"] in ("structure", "rejection") else case["dtypes"])
                 if dtype == (options.dtype or dtype)]
        for case, dtype in units:
            name, level = f"{case['id']} {dtype}", case["level"]
            if case["op"] not in hello["ops"] or dtype not in [*hello["dtypes"], "i64"]:
                counts[level, dtype, "not declared"] += 1
                continue
            given = load_file(options.vectors / case["input"]["path"]) if case["input"] else {}
            if case["input"]:
                shutil.copyfile(options.vectors / case["input"]["path"], folder / "input.safetensors")
            output = folder / "output.safetensors"
            output.unlink(missing_ok=True)
            request = {"cmd": "run", "case": case["id"], "dtype": dtype, "capture": case["captures"]}
            request |= {key: case[key] for key in ("op", "profile", "params", "model")}
            request |= {"input": "input.safetensors" if case["input"] else None, "output": output.name}
            started, verdict = time.monotonic(), "pass"
            try:
                reply = candidate.ask(request)
                if "unsupported" in reply:
                    verdict = "unsupported"
                elif level == "rejection":
                    require(reply.get("reject") == {"code": case["rejection"]}, f"{reply}, not {case['rejection']}")
                else:
                    require("ok" in reply, f"{reply}")
                    got = load_file(output)
                    if level != "property":
                        ratio, error = compare(case, dtype, given, got, load_file(
                            options.vectors / case["expected"]["path"]))
                        for what, value in (("of its bound", ratio), ("relative", error)):
                            if value > worst.get((level, dtype, what), (0,))[0]:
                                worst[level, dtype, what] = (value, case["id"])
            except Failure as failure:
                verdict = "fail"
                failures.append(f"{name}: {failure}")
            counts[level, dtype, verdict] += 1
            if options.list:
                print(f"{name} {verdict} {time.monotonic() - started:.3f} s", flush=True)
        candidate.process.stdin.close()
        candidate.process.wait()
    print(f"{hello['name']} {hello['version']}: {len(units)} units, {time.monotonic() - began:.1f} s")
    for level, dtype in dict.fromkeys((level, dtype) for level, dtype, _ in counts):
        said = [f"{n} {verdict}" for (l, d, verdict), n in counts.items() if (l, d) == (level, dtype)]
        said += [f"{value:.2g} {what} in {where}" for (l, d, what), (value, where) in worst.items()
                 if (l, d) == (level, dtype)]
        print(f"  {level} {dtype}: {', '.join(said)}")
    for failure in failures:
        print(f"FAIL {failure}")
    return 1 if failures or not any(verdict == "pass" for _, _, verdict in counts) else 0


if __name__ == "__main__":
    sys.exit(main())
