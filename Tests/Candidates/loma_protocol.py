"""The conversation of protocol 1, shared by the candidates that are built on a library (PyTorch, JAX).

A candidate gives `serve` its name, its operations and one function from a Request to tensors by name. Layouts and
rejections come from the Spec's text (loma_layout.py, loma_structure.py); tensors are read and written by functions of
the library at hand, so that each has its own bfloat16.
"""

import json
import sys

import loma_layout
import loma_model
import loma_structure

STRUCTURE = ("layout", "mask", "schedule", "metrics", "cost")
ZONES = "xmrp"


class Unsupported(Exception):
    """What this candidate does not do; the reason is the argument."""


class Rejected(Exception):
    """Bad input; the argument is a code of Spec/rejections.md."""


class Request:
    """One `run` request with its inputs read, its parameters decoded and its texts checked."""

    def __init__(self, message, load):
        self.op, self.profile, self.dtype = message["op"], message["profile"], message["dtype"]
        self.model, self.output, self.capture = message["model"], message["output"], message.get("capture", [])
        self.params = {
            name: float.fromhex(value) if isinstance(value, str) and "0x" in value else value
            for name, value in message["params"].items()}
        self.input = load(message["input"]) if message["input"] else {}
        self.texts, start = [], 0
        tokens = self.input["tokens"].tolist() if "tokens" in self.input else []
        for n in self.input["lengths"].tolist() if "lengths" in self.input else []:
            self.texts.append(tokens[start : start + n])
            start += n
        given = {name: self.input[name].tolist() for name in ("reconstruction", "forced") if name in self.input}
        refusal = loma_model.refusal(self.model, loma_model.FAMILIES) if self.model else None
        for code in loma_structure.rejections(self.op, self.params, self.profile, self.texts, given, refusal):
            raise Rejected(code)  # the first is the right one (OPS-6)
        if self.model and not loma_model.reaches(self.model, map(self.rows, self.fed())):
            raise Rejected("unsupported-configuration")

    def fed(self):
        """The texts, and behind a prompt what is chosen and fed; the tokens of those do not matter."""
        chosen = max(self.params["generate"] - 1, 0) if self.op == "generate" else 0
        return [text + [0] * chosen for text in self.texts]

    def rows(self, text):
        """The training layout of a text, or the one that `layout` and `mask` ask for."""
        generation = self.params.get("layout") == "generation"
        make = loma_layout.generation_rows if generation else loma_layout.rows
        p = self.params
        return make(text, p["c"], p["t"], p["memory_token"], p["repetition_token"], self.profile)

    def batch(self):
        """The rows of all texts, padded on the right to the longest (MSK-11)."""
        return loma_layout.padded([self.rows(text) for text in self.texts])

    def mask(self, rows):
        """Lists of booleans, query before key."""
        return loma_layout.mask(rows, self.profile)


def structure(request):
    """The answer of OPS-2 in nested lists, and the shapes of what may be empty."""
    p = request.params
    if request.op == "layout":
        batch = request.batch()
        keys = {"tokens": "token", "zones": "zone", "chunks": "chunk", "indices": "index", "positions": "position",
                "labels": "label"}
        number = {None: -1} | {zone: n for n, zone in enumerate(ZONES)}
        shape = (len(batch), len(batch[0]))
        return {name: ([[number.get(row[key], row[key]) for row in rows] for rows in batch], shape)
                for name, key in keys.items()}
    if request.op == "mask":
        batch = request.batch()
        return {"mask": ([request.mask(rows) for rows in batch], (len(batch), len(batch[0]), len(batch[0])))}
    if request.op == "schedule":
        answer = loma_structure.schedule_answer(p["c"], p["t"], p["prompt_length"], p["generate"])
        count = len(answer["events"])
        return {"events": (answer["events"], (count, 6)), "entries": (answer["entries"], (count, answer["maximum"])),
                "maximum": (answer["maximum"], ())}
    if request.op == "metrics":
        answer = loma_structure.metrics_answer(p["c"], p["t"], request.texts, request.input["reconstruction"].tolist())
        return {"counts": (answer["counts"], (4,))}
    answer = loma_structure.cost_answer(p, request.profile)
    return {name: (value, (len(value),) if isinstance(value, list) else ()) for name, value in answer.items()}


def serve(name, version, operations, dtypes, answer, load, save, captures=False, read=Request, families=()):
    """Answers requests until `stop`. An error of the candidate's own ends the process with its traceback.

    `read` makes a request of a message and a function that loads tensors; `families` are what is declared beside
    plain Llama.
    """
    hello = {"protocol": 1, "name": name, "version": version, "ops": list(operations), "dtypes": list(dtypes),
             "profiles": "any", "captures": captures, **({"families": list(families)} if families else {})}
    for line in sys.stdin:
        message = json.loads(line)
        if message["cmd"] == "stop":
            return
        reply = {"ok": hello} if message["cmd"] == "hello" else {"ok": {}}
        if message["cmd"] == "run":
            try:
                if message["op"] not in operations:
                    raise Unsupported(f"no operation {message['op']}")
                if message["dtype"] not in [*dtypes, "i64"]:
                    raise Unsupported(f"no dtype {message['dtype']}")
                request = read(message, load)
                if request.capture and not captures:
                    raise Unsupported("no captures")
                save(answer(request), request.output)
            except Rejected as rejected:
                reply = {"reject": {"code": str(rejected)}}
            except Unsupported as unsupported:
                reply = {"unsupported": {"why": str(unsupported)}}
        print(json.dumps({"loma": 1, "id": message["id"], **reply}, separators=(",", ":")), flush=True)
