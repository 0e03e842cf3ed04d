#!/usr/bin/env python3
"""A candidate that answers from memory, and misbehaves at one case: what the runner is tested with.

  hostile.py KIND --vectors DIR [--on CASE|LEVEL.*|every]

It copies the recorded answers of DIR (binary64 and integers), so that everything passes but the case that --on names.
Property cases have no recorded answer: they are unsupported. Plain Python 3, nothing else. The kinds are in KINDS.
"""

import argparse
import json
import os
import pathlib
import signal
import struct
import sys
import time

OPS = ["layout", "mask", "schedule", "metrics", "cost", "rms_norm", "rope", "attention", "feed_forward",
       "decoder_layer", "cross_entropy", "forward", "loss", "gradients", "train_step", "generate", "reconstruct"]
HELLO = {"protocol": 1, "name": "hostile", "version": "1", "ops": OPS, "dtypes": ["f64"], "profiles": "any",
         "captures": True}


def read_tensors(path):
    data = pathlib.Path(path).read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__", None)
    body = data[8 + length:]
    return {name: (e["dtype"], e["shape"], body[e["data_offsets"][0]:e["data_offsets"][1]])
            for name, e in header.items()}


def encode(tensors):
    header, body = {}, b""
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + body


class Candidate:
    def __init__(self, vectors):
        self.vectors = pathlib.Path(vectors)
        cases = json.loads((self.vectors / "manifest.json").read_text())["cases"]
        self.cases = {case["id"]: case for case in cases}

    def reply(self, request, **members):
        sys.stdout.write(json.dumps({"loma": 1, "id": request["id"], **members}, separators=(",", ":")) + "\n")
        sys.stdout.flush()

    def tensors(self, request):
        """The recorded answer, without the units of its bounds."""
        path = self.vectors / self.cases[request["case"]]["expected"]["path"]
        return {name: value for name, value in read_tensors(path).items()
                if not name.endswith((".accumulation", ".rounding"))}

    def write(self, request, tensors):
        with open(request["output"], "wb") as file:
            file.write(encode(tensors))

    def answer(self, request):
        case = self.cases[request["case"]]
        if "rejection" in case:
            self.reply(request, reject={"code": case["rejection"]})
        elif "expected" in case:
            self.write(request, self.tensors(request))
            self.reply(request, ok={})
        else:
            self.reply(request, unsupported={"why": "there is no recorded answer"})


def sleep_for_ever():
    while True:
        time.sleep(1000)


def first_changed(tensors, change):
    """The tensors with the first of them changed."""
    name = next(iter(tensors))
    return {**tensors, name: change(*tensors[name])}


def written(change):
    """A kind that writes other tensors than the right ones."""
    def act(candidate, request):
        candidate.write(request, change(candidate.tensors(request)))
        candidate.reply(request, ok={})
    return act


def raw(text):
    def act(candidate, request):
        sys.stdout.write(text.replace("ID", str(request["id"])))
        sys.stdout.flush()
    return act


def ends(candidate, request):
    os._exit(0)


def ends_mid_reply(candidate, request):
    sys.stdout.write('{"loma":1,"id":%d,"o' % request["id"])
    sys.stdout.flush()
    os._exit(1)


def dies(candidate, request):
    os.kill(os.getpid(), signal.SIGSEGV)


def hangs(candidate, request):
    sleep_for_ever()


def drips(candidate, request):
    for byte in '{"loma":1,"id":%d,"ok":{' % request["id"] + " " * 100000:
        sys.stdout.write(byte)
        sys.stdout.flush()
        time.sleep(0.05)


def floods_errors(candidate, request):
    for _ in range(1600):
        os.write(2, b"e" * 65535 + b"\n")
    candidate.answer(request)


def daemon(act):
    """Runs something in a session of its own that nobody waits for, in an empty environment."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.closerange(0, 3)
            act()
            os._exit(0)
        os._exit(0)
    os.wait()


def again(code):
    """This interpreter anew, without the environment that marks a candidate's processes."""
    os.execve(sys.executable, [sys.executable, "-c", code], {})


def escaped_eater(candidate, request):
    daemon(lambda: again("import time; held = bytearray(700 << 20); time.sleep(30)"))
    time.sleep(4)
    candidate.answer(request)


def fork_sharing(candidate, request):
    """Fifty workers that share what their parent has loaded."""
    held = os.urandom(16 << 20)
    children = []
    for _ in range(50):
        child = os.fork()
        if child == 0:
            sleep_for_ever()
        children.append(child)
    time.sleep(2)
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert held
    candidate.answer(request)


def traced(candidate, request):
    """Somebody else takes the news of its end: a grandchild that traces it and lives on."""
    leader = os.getpid()
    code = ("import ctypes, time; ctypes.CDLL(None, use_errno=True).ptrace(0x4206, %d, 0, 0); time.sleep(25)" % leader)
    daemon(lambda: again(code))
    time.sleep(0.5)
    os._exit(1)


def deep_folders(candidate, request):
    folder = os.open(".", os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("deep", dir_fd=folder)
        inner = os.open("deep", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    candidate.answer(request)


def locked_folder(candidate, request):
    os.makedirs("locked/inner")
    os.chmod("locked", 0o500)
    candidate.answer(request)


def no_folder(candidate, request):
    """Its working directory is gone; the next unit finds out."""
    import shutil
    candidate.answer(request)
    shutil.rmtree(os.getcwd())


def next_inputs(candidate, request):
    """The names of later inputs are taken."""
    for number in range(request["id"] + 1, request["id"] + 9):
        pathlib.Path(f"{number}.input.safetensors").write_bytes(b"mine")
    candidate.answer(request)


def long_line(candidate, request):
    try:
        for _ in range(1600):
            os.write(1, b"x" * 65536)
    except BrokenPipeError:
        pass
    sleep_for_ever()


def noise(candidate, request):
    for number in range(100000):
        print("loading weights", number)
    candidate.answer(request)


def endless_noise(candidate, request):
    while True:
        print("loading weights")


def wrong_id(candidate, request):
    candidate.reply({"id": request["id"] + 1}, ok={})


def replies_twice(candidate, request):
    line = json.dumps({"loma": 1, "id": request["id"], "ok": {}}, separators=(",", ":")) + "\n"
    candidate.write(request, candidate.tensors(request))
    sys.stdout.write(line + line)
    sys.stdout.flush()


def closes_output(candidate, request):
    os.close(1)
    sleep_for_ever()


def ignores_end(candidate, request):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sleep_for_ever()


def grandchild(candidate, request):
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sleep_for_ever()
    os._exit(1)


def leaves_session(candidate, request):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            sleep_for_ever()
        sleep_for_ever()
    time.sleep(0.1)
    os._exit(1)


def truncated(candidate, request):
    data = encode(candidate.tensors(request))
    pathlib.Path(request["output"]).write_bytes(data[:-3])
    candidate.reply(request, ok={})


def oversize(candidate, request):
    with open(request["output"], "wb") as file:
        file.truncate(10 << 30)
    candidate.reply(request, ok={})


def link(candidate, request):
    pathlib.Path("elsewhere").write_bytes(encode(candidate.tensors(request)))
    os.symlink("elsewhere", request["output"])
    candidate.reply(request, ok={})


def outside(candidate, request):
    pathlib.Path("../" + request["output"]).write_bytes(encode(candidate.tensors(request)))
    candidate.reply(request, ok={})
    os.unlink("../" + request["output"])


def eats_memory(candidate, request):
    eaten = []
    while True:
        eaten.append(b"x" * (16 << 20))
        time.sleep(0.02)


def never_reads(candidate, request):
    os.close(0)
    sleep_for_ever()


def unasked(candidate, request):
    candidate.answer(request)
    candidate.reply(request, ok={})


def answers(candidate, request):
    candidate.write(request, {"tokens": ("I64", [1], bytes(8))})
    candidate.reply(request, ok={})


NAN = struct.pack("<d", float("nan"))
STRUCTURE, STAGE, REJECTION = "structure.metrics.all-wrong", "stage.rms_norm.plain", "rejection.layout.c0"
# Name: what it does, at which case by default, and the right verdict there.
KINDS = {
    "exits": (ends, STRUCTURE, "crash"),
    "exits-mid-reply": (ends_mid_reply, STRUCTURE, "crash"),
    "crashes": (dies, STRUCTURE, "crash"),
    "hangs": (hangs, STRUCTURE, "timeout"),
    "drips": (drips, STRUCTURE, "timeout"),
    "floods-stderr": (floods_errors, STRUCTURE, "pass"),
    "long-line": (long_line, STRUCTURE, "protocol-error"),
    "noise": (noise, STRUCTURE, "pass"),
    "endless-noise": (endless_noise, STRUCTURE, "timeout"),
    "garbage": (raw('{"loma":1,"id":ID,"ok":{},}\n'), STRUCTURE, "protocol-error"),
    "not-utf8": (raw('{"loma":1,"id":ID,"ok":{"x":"\udcff"}}\n'), STRUCTURE, "protocol-error"),
    "deep": (raw('{"loma":1,"id":ID,"ok":' + "[" * 9000 + "]" * 9000 + "}\n"), STRUCTURE, "protocol-error"),
    "wrong-id": (wrong_id, STRUCTURE, "protocol-error"),
    "replies-twice": (replies_twice, STRUCTURE, "protocol-error"),
    "closes-stdout": (closes_output, STRUCTURE, "protocol-error"),
    "ignores-term": (ignores_end, STRUCTURE, "timeout"),
    "grandchild": (grandchild, STRUCTURE, "crash"),
    "leaves-session": (leaves_session, STRUCTURE, "crash"),
    "truncated": (truncated, STRUCTURE, "invalid-output"),
    "oversize": (oversize, STRUCTURE, "invalid-output"),
    "link": (link, STRUCTURE, "invalid-output"),
    "outside": (outside, STRUCTURE, "invalid-output"),
    "not-a-number": (written(lambda t: first_changed(t, lambda d, s, b: (d, s, NAN + b[8:]))), STAGE, "invalid-output"),
    "wrong-shape": (written(lambda t: first_changed(t, lambda d, s, b: (d, [1] + s, b))), STAGE, "invalid-output"),
    "wrong-dtype": (written(lambda t: first_changed(t, lambda d, s, b: ("I64", s, b))), STAGE, "invalid-output"),
    "extra-tensor": (written(lambda t: {**t, "extra": ("U8", [1], b"x")}), STAGE, "invalid-output"),
    "wrong-answer": (written(lambda t: first_changed(t, lambda d, s, b: (d, s, bytes(8) + b[8:]))), STAGE, "fail"),
    "answers-bad-input": (answers, REJECTION, "wrong-rejection"),
    "rejects-good-input": (lambda c, r: c.reply(r, reject={"code": "empty-prompt"}), STRUCTURE, "wrong-rejection"),
    "wrong-code": (lambda c, r: c.reply(r, reject={"code": "empty-prompt"}), REJECTION, "wrong-rejection"),
    "never-reads": (never_reads, STRUCTURE, "timeout"),
    "eats-memory": (eats_memory, STRUCTURE, "memory"),
    "escaped-eater": (escaped_eater, STRUCTURE, "memory"),
    "fork-sharing": (fork_sharing, STRUCTURE, "pass"),
    "traced": (traced, STRUCTURE, "protocol-error"),
    "deep-folders": (deep_folders, STRUCTURE, "pass"),
    "locked-folder": (locked_folder, STRUCTURE, "pass"),
}
# What a candidate does to its scratch folder shows at the next unit: that is a protocol error, and all others pass.
SCRATCH = {"no-folder": (no_folder, STRUCTURE), "next-inputs": (next_inputs, STRUCTURE)}
# What happens before hello: nothing can be asked.
STARTS = {"ends-before-hello": lambda: os._exit(0), "hangs-before-hello": sleep_for_ever}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=[*KINDS, *SCRATCH, *STARTS, "none"])
    parser.add_argument("--vectors", required=True)
    parser.add_argument("--on", help="the case to misbehave at, LEVEL.* or `every`")
    options = parser.parse_args()
    sys.stdout.reconfigure(errors="surrogateescape")
    if options.kind in STARTS:
        STARTS[options.kind]()
    act, case = ({**KINDS, **SCRATCH}.get(options.kind) or (None, None))[:2]
    case = options.on or case
    candidate = Candidate(options.vectors)
    for line in sys.stdin:
        request = json.loads(line)
        if request["cmd"] == "hello":
            candidate.reply(request, ok=HELLO)
        elif request["cmd"] == "stop":
            return
        elif act and case in ("every", request["case"], request["case"].split(".")[0] + ".*"):
            act(candidate, request)
        else:
            candidate.answer(request)


if __name__ == "__main__":
    main()
