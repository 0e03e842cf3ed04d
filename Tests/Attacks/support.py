"""What the attacks share: runs of the command that leave nothing behind unseen, and readers of what they write."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ACTOR = str(HERE / "actor.py")
MARK = f"LOMA_ATTACK={os.getpid()}"  # inherited by everything that is started here, and by nothing else
PATIENCE = 5.0  # seconds that a shell may take to clean up behind a killed runner
TRAPS = {132, 133, 134, 136, 139, -4, -5, -6, -8, -11}


class Bench:
    """The program, the vectors, and a folder of its own for everything that is written."""

    def __init__(self, loma, vectors):
        self.loma, self.vectors = str(pathlib.Path(loma).resolve()), str(pathlib.Path(vectors).resolve())
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="attacks-"))
        self.count = 0

    def folder(self, name="f"):
        self.count += 1
        path = self.root / f"{name}{self.count}"
        path.mkdir(parents=True)
        return path

    def environment(self, **more):
        values = os.environ | dict([MARK.split("=")]) | {"LOMA_VECTORS": self.vectors} | more
        return {key: value for key, value in values.items() if value is not None}

    def actor(self, kind="none", *more):
        """The words of a candidate that answers from memory and does `kind` at one case."""
        return [sys.executable, ACTOR, kind, "--vectors", self.vectors, *map(str, more)]

    def start(self, *words, **settings):
        settings.setdefault("env", self.environment())
        settings.setdefault("stdin", subprocess.DEVNULL)
        settings.setdefault("stdout", subprocess.PIPE)
        settings.setdefault("stderr", subprocess.PIPE)
        return subprocess.Popen([self.loma, *map(str, words)], **settings)

    def close(self):
        for pid in left_behind():
            kill(pid)
        subprocess.run(["chmod", "-R", "u+rwx", str(self.root)], stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(self.root, ignore_errors=True)


def kill(pid, number=signal.SIGKILL):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def left_behind(mark=MARK):
    """Processes that were started from here, not by this script directly, and live on; zombies left out."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            if mark.encode() in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            pass
    return found


def wait_until(condition, seconds=PATIENCE):
    """Whether a condition holds within some seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def whole_lines(path):
    """The lines of a results file up to its last line feed, as JSON; raises ValueError where one is none."""
    try:
        data = pathlib.Path(path).read_bytes()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in data.split(b"\n")[:-1]]


def units(lines):
    """Id and element type of every unit, and its line."""
    return {(line["id"], line["dtype"]): line for line in lines if "verdict" in line}


def verdicts(lines):
    return {key: line["verdict"] for key, line in units(lines).items()}


def tree(folder):
    """Every file below a folder and its bytes."""
    folder = pathlib.Path(folder)
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def arguments(parser):
    """The options that all attacks have."""
    parser.add_argument("--loma", type=pathlib.Path, default=ROOT / ".build/release/loma", metavar="PROGRAM")
    parser.add_argument("--vectors", type=pathlib.Path, default=ROOT / "Vectors", metavar="DIR")
    return parser
