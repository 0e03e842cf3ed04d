#!/usr/bin/env python3
"""Are right ports accepted, and wrong ones caught and named? A measurement of `loma conform` by many candidates.

    python3 check_port.py right   --loma PATH --json FILE [--seeds 1-50] [--cases 200] [--dtype f32] [--only GLOB] [--part peers] [NAME…]
    python3 check_port.py wrong   --loma PATH --json FILE [--seeds 1-2] [--cases 200] [--dtype f32] [ID…]
    python3 check_port.py further --loma PATH --json FILE …
    python3 check_port.py total   --json FILE RIGHT.json …    what several files of `right` come to

`right` asks fresh cases of right implementations, of part I or with `--part peers` of part II, and counts what is judged
wrong: by rights, nothing. Without seeds it asks the recorded cases, as the other two do first; with seeds they ask fresh
ones too. FILE grows run by run, so that a measurement that was ended goes on where it stopped. Exit 1 where a right one
is judged wrong, or a wrong one does not run.
"""

import argparse
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
CANDIDATES = HERE.parent
sys.path.insert(0, str(HERE))

import further  # noqa: E402
import right  # noqa: E402
import wrong  # noqa: E402

NOT_WRONG = ("pass", "unsupported", "indeterminate", "not-run")
JUDGED_WRONG = ("fail", "wrong-rejection", "invalid-output")
ENDED = ("crash", "timeout", "protocol-error", "memory")  # these alone catch no mistake, and are counted apart
OTHERS = {  # right implementations beside the port
    "reference": ["loma", "reference", "--dtypes", "f64,f32,bf16,f16"],
    "huggingface": ["python", str(CANDIDATES / "candidate_huggingface.py")],
    "huggingface-sdpa": ["python", str(CANDIDATES / "candidate_huggingface.py"), "--attention", "sdpa"],
    "sdpa": ["python", str(CANDIDATES / "candidate_sdpa.py")],
    "jax": ["python", str(CANDIDATES / "candidate_jax.py")],
    "numpy": ["python", str(CANDIDATES / "candidate_numpy.py")],
}


PEERS = {  # right implementations of part II
    "reference": ["loma", "reference", "--part", "peers", "--dtypes", "f64,f32,bf16,f16"],
    "ccm-huggingface": ["python", str(CANDIDATES / "ccm" / "candidate_ccm.py")],
    "ccm-numpy": ["python", str(CANDIDATES / "ccm" / "candidate_ccm_numpy.py")],
    "latent-torch": ["python", str(CANDIDATES / "latent" / "candidate_latent.py")],
    "latent-numpy": ["python", str(CANDIDATES / "latent" / "candidate_latent_numpy.py")],
    "latent-huggingface": ["python", str(CANDIDATES / "latent" / "candidate_latent_huggingface.py")],
    "cache-torch": ["python", str(CANDIDATES / "cache" / "candidate_cache.py")],
    "cache-numpy": ["python", str(CANDIDATES / "cache" / "candidate_cache_numpy.py")],
    "ccm-torch": ["python", str(CANDIDATES / "ccm" / "candidate_ccm_torch.py")],
}


class NoRun(Exception):
    """A run without results; the argument says why."""


def implementations(part):
    """Every right one of a part by name, as a command."""
    if part == "peers":
        return PEERS
    return {"port": ["python", str(HERE / "port.py")],
            **{f"port:{name}": ["python", str(HERE / "run.py"), "--variant", name] for name in right.VARIANTS},
            **OTHERS}


def conform(given, command, seed):
    """One run: its units, and its last lines."""
    words = {"loma": str(given.loma), "python": sys.executable}
    asked = [] if seed is None else ["--fresh", str(seed), "--cases", str(given.cases)]
    for option in ("dtype", "level", "op", "only"):
        asked += [f"--{option}", getattr(given, option)] if getattr(given, option) else []
    asked += ["--timeout-factor", str(given.timeout_factor), "--jobs", str(given.jobs)]
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(
            [str(given.loma), "conform", "--vectors", str(given.vectors), *asked, "--report", folder, "--",
             *(words.get(word, word) for word in command)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, text=True)
        results = pathlib.Path(folder) / "results.jsonl"
        # One that ended by a signal has not judged, whatever it wrote before.
        if run.returncode < 0 or not results.exists():
            raise NoRun(f"{' '.join(command)}, seed {seed}: exit {run.returncode}\n{run.stderr}")
        lines = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if "verdict" in line], run.stdout.splitlines()


def largest(unit):
    """The largest error over bound of a unit: a number, or "exact" where nothing but equality is right."""
    if unit["verdict"] in ("wrong-rejection", "invalid-output"):
        return "exact"
    ratios = [tensor["ratio"] for tensor in unit["tensors"] or []]
    finding = (unit["finding"] or {}).get("ratio")
    ratios = [ratio for ratio in [*ratios, finding] if ratio is not None]
    if not ratios or "infinite" in ratios:
        return "exact"
    return max(ratios)


def greater(a, b):
    return "exact" if "exact" in (a, b) else max(a, b)


def upper_bound(failures, asked):
    """The upper end of the Clopper-Pearson interval at 95 % of one side: 1 − 0.05^(1/n) where nothing failed."""
    if not asked or failures >= asked:
        return 1.0
    low, high = failures / asked, 1.0
    for _ in range(100):  # bisection: chance of at most so many failures = 0.05
        middle = (low + high) / 2
        term = chance = (1 - middle) ** asked
        for k in range(failures):
            term *= (asked - k) / (k + 1) * middle / (1 - middle)
            chance += term
        low, high = (middle, high) if chance > 0.05 else (low, middle)
    return high


def load(given):
    """The measurement so far, which must have asked the same by the same bounds."""
    files = [given.vectors / "manifest.json", given.vectors / "bounds.json"]
    asked = {"what": given.what, "cases": given.cases, "dtype": given.dtype, "level": given.level, "op": given.op,
             **({"only": given.only} if given.only else {}),
             "vectors": [hashlib.sha256(file.read_bytes()).hexdigest() if file.exists() else None for file in files]}
    table = json.loads(given.json.read_text(encoding="utf-8")) if given.json.exists() else {"asked": asked, "runs": {}}
    if table["asked"] != asked:
        raise SystemExit(f"{given.json} measured something else: {table['asked']}")
    return table


def write(path, table):
    """In an order that does not depend on that of the runs; whole or not at all."""
    text = json.dumps(table, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


def counted(units):
    """Units that were answered, by operation and type."""
    counts = {}
    for unit in units:
        if unit["verdict"] not in ("unsupported", "not-run"):
            key = f"{unit['op']} {unit['dtype']}"
            counts[key] = counts.get(key, 0) + 1
    return counts


def right_run(given, command, seed):
    units, _ = conform(given, command, seed)
    return {"asked": counted(units), "failures": [
        {"id": unit["id"], "op": unit["op"], "dtype": unit["dtype"], "verdict": unit["verdict"], "why": unit["why"],
         "ratio": largest(unit), "tensor": (unit["finding"] or {}).get("tensor")}
        for unit in units if unit["verdict"] not in NOT_WRONG]}


def named(lines):
    """What the last lines of a run say: whole sentences, and the ids and profiles that stand in them. The lines of a
    case are indented, those of the run are not."""
    said = [line for line in lines
            if re.match(r"(and )?most likely|every wrong|(structure|stage|model|training|generation|rejection): ", line)]
    text = " ".join(said)
    profiles = re.findall(r"\b(\w+_\w+|numbering) ?= ?(\w+)", text)
    return {"said": said, "mutants": sorted(set(re.findall(r"\bM\d{3}\b", text))),
            "profiles": sorted({f"{axis}={value}" for axis, value in profiles})}


def score(names, said):
    """right, other or nothing, of what the lines say."""
    text = " ".join(said["said"])
    if not text:
        return "nothing"
    spoken = [*said["mutants"], *said["profiles"]]
    return "right" if any(name in spoken or name in text for name in names) else "other"


def wrong_run(given, command, seed, names):
    units, lines = conform(given, command, seed)
    bad = [unit for unit in units if unit["verdict"] in JUDGED_WRONG]
    levels, margins, stages, verdicts = {}, {}, {}, {}
    for unit in units:
        verdicts[unit["verdict"]] = verdicts.get(unit["verdict"], 0) + 1
    for unit in bad:
        levels[unit["level"]] = levels.get(unit["level"], 0) + 1
        margins[unit["dtype"]] = greater(margins.get(unit["dtype"], 0), largest(unit))
        where = (unit["divergence"] or unit["finding"] or {}).get("tensor")
        stages[str(where)] = stages.get(str(where), 0) + 1
    said = named(lines)
    return {"caught": bool(bad), "units": len(bad), "cases": len({unit["id"] for unit in bad}),
            "ended": sum(count for verdict, count in verdicts.items() if verdict in ENDED), "levels": levels,
            "margins": margins, "first": bad[0]["id"] if bad else None, "verdicts": verdicts,
            "tensors": dict(sorted(stages.items(), key=lambda pair: (-pair[1], pair[0]))[:5]),
            "score": score(names, said), **said}


def totals(runs):
    """Of right implementations: asked, judged wrong, and how often that may be at most, by implementation."""
    sums = {}
    for key, run in runs.items():
        for name in (key.rsplit(" ", 1)[0], "all"):
            own = sums.setdefault(name, {"asked": 0, "failures": 0, "runs": 0, "runs_with_failures": 0, "by": {}})
            own["asked"] += sum(run["asked"].values())
            own["failures"] += len(run["failures"])
            own["runs"] += 1
            own["runs_with_failures"] += bool(run["failures"])
            for kind, count in run["asked"].items():
                own["by"].setdefault(kind, [0, 0])[0] += count
            for failure in run["failures"]:
                own["by"].setdefault(f"{failure['op']} {failure['dtype']}", [0, 0])[1] += 1
    for own in sums.values():
        own["rate_at_most"] = upper_bound(own["failures"], own["asked"])
    return sums


def seeds(text):
    """1-3,8 as numbers; nothing as the recorded cases."""
    found = []
    for part in filter(None, (text or "").split(",")):
        first, _, last = part.partition("-")
        found.extend(range(int(first), int(last or first) + 1))
    return found


def measure_right(given, table):
    commands = implementations(given.part)
    for seed in seeds(given.seeds) or [None]:
        for name in given.names or commands:
            key = f"{name} {'recorded' if seed is None else seed}"
            if key not in table["runs"]:
                run = table["runs"][key] = right_run(given, commands[name], seed)
                table["totals"] = totals(table["runs"])
                write(given.json, table)
                print(f"{key}: {sum(run['asked'].values())} units, {len(run['failures'])} judged wrong", flush=True)
                for failure in run["failures"]:
                    print(f"  {failure['id']} {failure['dtype']} {failure['verdict']} {failure['ratio']} "
                          f"{failure['tensor']}", flush=True)
    table["totals"] = totals(table["runs"])
    write(given.json, table)
    whole = table["totals"]["all"]
    print(f"{whole['asked']} units asked, {whole['failures']} judged wrong, in {whole['runs_with_failures']} of "
          f"{whole['runs']} runs; at most {whole['rate_at_most']:.2e} of all, at 95 %")
    return whole["failures"] == 0


def measure_wrong(given, table, mistakes, names_of):
    without = []
    for identifier in given.names or mistakes:
        for seed in [None, *seeds(given.seeds)]:
            key = f"{identifier} {'recorded' if seed is None else seed}"
            if key not in table["runs"]:
                command = ["python", str(HERE / "run.py"), "--mistake", identifier]
                try:
                    run = table["runs"][key] = wrong_run(given, command, seed, names_of(identifier))
                except NoRun as why:
                    print(f"{key}: no run: {why}", flush=True)
                    without.append(key)
                    continue
                write(given.json, table)
                levels = " ".join(f"{level} {count}" for level, count in run["levels"].items())
                margins = " ".join(f"{dtype} {m if m == 'exact' else format(m, '.3g')}"
                                   for dtype, m in run["margins"].items())
                found = "caught" if run["caught"] else "ENDED ONLY" if run["ended"] else "NOT CAUGHT"
                print(f"{key}: {found} {run['units']} / {run['cases']}  {levels}"
                      f"  {margins}  {run['score']}: {' '.join(run['mutants'] + run['profiles'])}", flush=True)
    found = {}
    for key, run in table["runs"].items():
        found.setdefault(key.rsplit(" ", 1)[0], []).append(run)
    table["totals"] = {
        "mistakes": len(found), "caught": sum(any(run["caught"] for run in runs) for runs in found.values()),
        "caught_by_recorded": sum(run["caught"] for key, run in table["runs"].items() if key.endswith(" recorded")),
        "named_rightly": sum(any(run["score"] == "right" for run in runs) for runs in found.values()),
        "not_caught": sorted(name for name, runs in found.items() if not any(run["caught"] for run in runs))}
    write(given.json, table)
    print(json.dumps(table["totals"], ensure_ascii=False))
    return not without


def total(given):
    """Several files of `right` as the one that the page of sensitivity is made of."""
    runs, failures = {}, []
    for path in map(pathlib.Path, given.names):
        table = json.loads(path.read_text(encoding="utf-8"))
        for key, run in table["runs"].items():
            name, seed = key.rsplit(" ", 1)
            runs[f"{name} {path.stem}:{seed}"] = run
            failures += [f"{name}: `{failure['id']}` in {failure['dtype']}, {failure['verdict']} at {failure['ratio']}"
                         for failure in run["failures"]]
    write(given.json, {"totals": totals(runs), "failures": sorted(failures)})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("right", "wrong", "further", "total"))
    parser.add_argument("--loma", type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("--json", required=True, type=pathlib.Path)
    parser.add_argument("--seeds")
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--dtype")
    parser.add_argument("--level")
    parser.add_argument("--op")
    parser.add_argument("--only", help="cases whose ids match, as *.*.*.fresh.* for fresh cases of families")
    parser.add_argument("--jobs", type=int, default=1, help="of `right` only: a mistake may depend on what was asked before")
    parser.add_argument("--timeout-factor", type=float, default=4)
    parser.add_argument("--part", choices=("loma", "peers"), default="loma")
    parser.add_argument("--vectors", type=lambda text: pathlib.Path(text).resolve(), help="default: those of the part")
    parser.add_argument("names", nargs="*")
    given = parser.parse_intermixed_args()
    if given.what == "total":
        total(given)
        return 0
    if not given.loma:
        parser.error("--loma is missing")
    if given.part != "loma" and given.what != "right":
        parser.error("the wrong ports are of part I")
    vectors = HERE.parents[2] / "Vectors"
    given.vectors = given.vectors or (vectors if given.part == "loma" else vectors / given.part)
    given.jobs = given.jobs if given.what == "right" else 1
    table = load(given)
    if given.what == "right":
        return 0 if measure_right(given, table) else 1
    mistakes = [*wrong.MISTAKES, *wrong.PAIRS] if given.what == "wrong" else list(further.MISTAKES)
    names_of = wrong.names if given.what == "wrong" else lambda identifier: further.MISTAKES[identifier].names
    return 0 if measure_wrong(given, table, mistakes, names_of) else 1


if __name__ == "__main__":
    sys.exit(main())
