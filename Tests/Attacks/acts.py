"""What actor.py does: at one case, at hello, and before it."""

import json
import os
import pathlib
import signal
import sys
import time

import hostile

ACTS, HELLOS, STARTS = {}, {}, {}


def hello(candidate, request, declared):
    candidate.reply(request, ok=declared)


def act(function):
    """Something to do at a case; its name is the kind."""
    ACTS[function.__name__.strip("_").replace("_", "-")] = function
    return function


def at_hello(function):
    HELLOS[function.__name__.replace("_", "-")] = function
    return function


# Waiting.

@act
def sleeps_once(candidate, request):
    """Sleeps at the first case of the process."""
    if not hasattr(candidate, "slept"):
        candidate.slept = True
        time.sleep(float(candidate.argument))
    candidate.answer(request)


@act
def stops(candidate, request):
    os.kill(os.getpid(), signal.SIGSTOP)
    hostile.sleep_for_ever()


@act
def stops_group(candidate, request):
    if os.fork() == 0:
        hostile.sleep_for_ever()
    os.kill(0, signal.SIGSTOP)
    hostile.sleep_for_ever()


@act
def stops_again(candidate, request):
    """Stops whenever it is told to end or to go on."""
    for number in (signal.SIGTERM, signal.SIGCONT):
        signal.signal(number, lambda *_: os.kill(os.getpid(), signal.SIGSTOP))
    hostile.sleep_for_ever()


def _tell(candidate):
    """Says who it is, and waits until somebody traces it."""
    if os.path.exists(candidate.argument + ".traced"):
        return False
    pathlib.Path(candidate.argument).write_text(str(os.getpid()))
    while not os.path.exists(candidate.argument + ".traced"):
        time.sleep(0.01)
    return True


@act
def traced_hangs(candidate, request):
    _tell(candidate)
    hostile.sleep_for_ever()


@act
def traced_exits(candidate, request):
    _tell(candidate)
    os._exit(0)


@act
def traced_answers(candidate, request):
    _tell(candidate)
    candidate.answer(request)


@act
def fifo(candidate, request):
    os.mkfifo(request["output"])
    candidate.reply(request, ok={})


@act
def fifo_writer(candidate, request):
    """Somebody waits to write into it."""
    os.mkfifo(request["output"])
    if os.fork() == 0:
        os.open(request["output"], os.O_WRONLY)
        hostile.sleep_for_ever()
    candidate.reply(request, ok={})


@act
def fifo_reader_writer(candidate, request):
    """It is full of the right answer, and held open."""
    os.mkfifo(request["output"])
    candidate.held = os.open(request["output"], os.O_RDWR | os.O_NONBLOCK)
    os.write(candidate.held, hostile.encode(candidate.tensors(request)))
    candidate.reply(request, ok={})


@act
def grandchild_pipes(candidate, request):
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        hostile.sleep_for_ever()
    os._exit(0)


@act
def grandchild_session_pipes(candidate, request):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execve(sys.executable, [sys.executable, "-c", "import time; time.sleep(60)"], {})
        os._exit(0)
    time.sleep(0.3)
    os._exit(0)


@act
def grandchild_at_stop(candidate, request):
    """Right answers, and a child in a session of its own that keeps the pipes beyond the end."""
    if os.fork() == 0:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        hostile.sleep_for_ever()
    candidate.answer(request)


@act
def many_hold_pipes(candidate, request):
    for _ in range(100):
        if os.fork() == 0:
            os.setsid()
            while True:
                os.write(1, b"noise\n" * 100)
                time.sleep(0.01)
    os._exit(1)


@act
def full_input(candidate, request):
    """Its input is as small as a pipe can be, and it does not read."""
    import fcntl
    fcntl.fcntl(0, 1031, 4096)
    hostile.sleep_for_ever()


# What is on the line.

def _line(candidate, request, rest):
    """The right file, and a reply with further members written as they stand."""
    candidate.write(request, candidate.tensors(request))
    os.write(1, ('{"loma":1,"id":%d,"ok":{}%s}\n' % (request["id"], rest)).encode("utf-8", "surrogatepass"))


@act
def normal_forms(candidate, request):
    """Two members that nobody knows, equal in Unicode's normal form and different as JSON has it."""
    _line(candidate, request, ',"\u00e9":1,"e\u0301":2')


@act
def kelvin(candidate, request):
    """A member that is `ok` in no alphabet, though its letters are canonically K."""
    _line(candidate, request, ',"o\u212a":1,"oK":2')


@act
def depth_8(candidate, request):
    _line(candidate, request, ',"x":' + "[" * 7 + "]" * 7)


@act
def depth_9(candidate, request):
    _line(candidate, request, ',"x":' + "[" * 8 + "]" * 8)


@act
def escaped_nul(candidate, request):
    _line(candidate, request, ',"x":"\\u0000\\u007f\\uffff"')


@act
def why_number(candidate, request):
    candidate.reply(request, unsupported={"why": 7})


@act
def script_issue(candidate, request):
    candidate.reply(request, unsupported={"why": "no", "issue": "javascript:alert(document.domain)"})


@act
def bidi_why(candidate, request):
    candidate.reply(request, reject={"code": "\u202esdrawkcab\u2066"})


@act
def long_why(candidate, request):
    candidate.reply(request, unsupported={"why": "\U0001f600" * 2000})


@act
def longer_why(candidate, request):
    candidate.reply(request, unsupported={"why": "x" * 2001})


@act
def unknown_code(candidate, request):
    candidate.reply(request, reject={"code": "banana"})


@act
def byte_by_byte(candidate, request):
    candidate.write(request, candidate.tensors(request))
    for byte in b'{"loma":1,"id":%d,"ok":{}}\n' % request["id"]:
        os.write(1, bytes([byte]))


@act
def child_answers(candidate, request):
    """Another process of it writes file and reply."""
    child = os.fork()
    if child == 0:
        candidate.answer(request)
        os._exit(0)
    os.waitpid(child, 0)


@act
def broken_noise(candidate, request):
    os.write(1, b"\xff\xfe\x00\xc0\xaf noise\n\r\n\x85\n")
    os.write(2, "\u20ac".encode() * 30000 + b"\xe2\x82" + b"\0" * 9 + b"\xff")
    candidate.answer(request)


@act
def reply_before_file(candidate, request):
    candidate.reply(request, ok={})
    time.sleep(0.5)
    candidate.write(request, candidate.tensors(request))


@act
def crashes(candidate, request):
    os._exit(3)


@act
def exits_late(candidate, request):
    candidate.answer(request)
    os._exit(0)


# What is in the file.

def _written(name, change):
    def function(candidate, request):
        candidate.write(request, change(candidate.tensors(request)))
        candidate.reply(request, ok={})
    ACTS[name] = function


def _raw(name, change):
    """The bytes of the right file, changed."""
    def function(candidate, request):
        data = hostile.encode(candidate.tensors(request))
        pathlib.Path(request["output"]).write_bytes(change(data))
        candidate.reply(request, ok={})
    ACTS[name] = function


def _numbers(tensors, kind, value):
    """Every element of the tensors of an element type."""
    return {name: (d, s, value * (len(b) // 8) if d == kind else b) for name, (d, s, b) in tensors.items()}


def _zeros(tensors, zero):
    """Every 0.0 is something else."""
    def changed(data):
        return b"".join(zero if data[k:k + 8] == bytes(8) else data[k:k + 8] for k in range(0, len(data), 8))
    return {name: (d, s, changed(b) if d == "F64" else b) for name, (d, s, b) in tensors.items()}


def _typed(tensors, old, new, width=None):
    """A type renamed, each element cut or stretched to its width."""
    def bytes_of(s, b):
        count = 1
        for size in s:
            count *= size
        if width is None or count == 0:
            return b
        step = len(b) // count
        return b"".join(b[k:k + step].ljust(width, b"\0")[:width] for k in range(0, len(b), step))
    return {name: (new, s, bytes_of(s, b)) if d == old else (d, s, b) for name, (d, s, b) in tensors.items()}


def _header(data, change):
    """The header's text changed; padded with blanks to a multiple of 8."""
    length = int.from_bytes(data[:8], "little")
    text = change(data[8:8 + length].decode().rstrip()).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data[8 + length:]


def _renamed(tensors, change):
    return {change(name): value for name, value in tensors.items()}


def _without(tensors):
    return dict(list(tensors.items())[1:])


SMALLEST, LARGEST = (-2 ** 63).to_bytes(8, "little", signed=True), (2 ** 63 - 1).to_bytes(8, "little")
DENORMAL, MOST, LEAST = bytes([1]) + bytes(7), bytes.fromhex("ffffffffffffef7f"), bytes.fromhex("ffffffffffffefff")
_written("minus-zero", lambda t: _zeros(t, bytes(7) + b"\x80"))
_written("denormal-zero", lambda t: _zeros(t, DENORMAL))
_written("smallest-integers", lambda t: _numbers(t, "I64", SMALLEST))
_written("largest-integers", lambda t: _numbers(t, "I64", LARGEST))
_written("largest-numbers", lambda t: _numbers(_numbers(t, "F64", MOST), "I64", LARGEST))
_written("least-numbers", lambda t: _numbers(_numbers(t, "F64", LEAST), "I64", SMALLEST))
_written("denormal-numbers", lambda t: _numbers(t, "F64", DENORMAL))
_written("mask-bytes", lambda t: _typed(t, "BOOL", "U8"))
_written("mask-integers", lambda t: _typed(t, "BOOL", "I64", 8))
_written("mask-255", lambda t: {name: (d, s, b.replace(b"\1", b"\xff") if d == "BOOL" else b)
                                for name, (d, s, b) in t.items()})
_written("integers-u64", lambda t: _typed(t, "I64", "U64"))
_written("integers-i16", lambda t: _typed(t, "I64", "I16", 2))
_written("integers-f64", lambda t: _typed(t, "I64", "F64"))
_written("numbers-i64", lambda t: _typed(t, "F64", "I64"))
_written("numbers-f32", lambda t: _typed(t, "F64", "F32", 4))
_written("empty-extra", lambda t: {**t, "extra": ("F64", [0, 1 << 40], b"")})
_written("one-missing", _without)
_written("upper-case", lambda t: _renamed(t, str.upper))
_written("name-blank", lambda t: _renamed(t, lambda name: name + " "))
_written("name-kelvin", lambda t: _renamed(t, lambda name: name + "\u0301"))
_written("rank-0", lambda t: hostile.first_changed(t, lambda d, s, b: (d, [], b[:8])))
_written("transposed", lambda t: hostile.first_changed(t, lambda d, s, b: (d, s[::-1], b)))
_raw("metadata-twice", lambda data: _header(
    data, lambda text: '{"__metadata__":{"a":"b"},"__metadata__":{"a":"b"},' + text[1:]))
_raw("metadata-number", lambda data: _header(data, lambda text: '{"__metadata__":{"a":7},' + text[1:]))
_raw("metadata-right", lambda data: _header(data, lambda text: '{"__metadata__":{"a":"b\\u0000"},' + text[1:]))
_raw("escaped-names", lambda data: _header(data, lambda text: '{"\\u%04x' % ord(text[2]) + text[3:]))
_raw("dtype-lower", lambda data: _header(data, lambda text: text.replace('"I64"', '"i64"').replace('"F64"', '"f64"')))
_raw("offsets-three", lambda data: _header(data, lambda text: text.replace("]}", ",0]}", 1)))
_raw("header-comment", lambda data: _header(data, lambda text: text + "/* */"))
_raw("header-bom", lambda data: _header(data, lambda text: "\ufeff" + text))
_raw("one-byte-less", lambda data: data[:-1])
_raw("twice", lambda data: data + data)


@act
def earlier_answer(candidate, request):
    """The answer to the first of these questions, given to all."""
    if not hasattr(candidate, "earlier"):
        candidate.earlier = candidate.tensors(request)
    candidate.write(request, candidate.earlier)
    candidate.reply(request, ok={})


@act
def right_sparse(candidate, request):
    """The right answer in a file with a hole, written from another process through a rename."""
    data = hostile.encode(candidate.tensors(request))
    with open("new", "wb") as file:
        file.truncate(len(data))
        file.write(data)
    os.rename("new", request["output"])
    candidate.reply(request, ok={})


# What is around it.

@act
def spoils_models(candidate, request):
    """Writes into the models that it was given."""
    for path in pathlib.Path("models").rglob("*"):
        if path.is_file():
            with open(path, "r+b") as file:
                file.write(b"spoiled!")
    candidate.answer(request)


@act
def removes_siblings(candidate, request):
    """Removes the scratch folders of other processes of the run."""
    import shutil
    here = pathlib.Path.cwd()
    for path in here.parent.glob("loma-*"):
        if path != here:
            shutil.rmtree(path, ignore_errors=True)
    candidate.answer(request)


def _parent():
    return os.getppid()


@act
def kills_shell(candidate, request):
    """Ends every other child of the runner, the shell that would clean up among them."""
    for child in pathlib.Path(f"/proc/{_parent()}/task/{_parent()}/children").read_text().split():
        if int(child) != os.getpid():
            os.kill(int(child), signal.SIGKILL)
    candidate.answer(request)


@act
def fork_bomb(candidate, request):
    """As many processes as the limit allows, each of its own session."""
    started = 0
    try:
        while started < 5000:
            if os.fork() == 0:
                os.setsid()
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                hostile.sleep_for_ever()
            started += 1
    except OSError:
        pass
    os.write(2, b"%d started\n" % started)
    candidate.answer(request)


@act
def clean_daemon(candidate, request):
    """A process of its own session with an empty environment, while other candidates run."""
    hostile.daemon(lambda: os.execve("/bin/sleep", ["sleep", "77.25"], {}))
    time.sleep(0.2)
    candidate.answer(request)


@act
def says_world(candidate, request):
    """What it was started with, in a file that --argument names."""
    status = dict(line.split(":\t", 1) for line in pathlib.Path("/proc/self/status").read_text().splitlines())
    links = {number: f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd")}
    links = {number: os.readlink(path) if os.path.lexists(path) else "/proc/" for number, path in links.items()}
    world = {
        "ignored": int(status["SigIgn"], 16), "blocked": int(status["SigBlk"], 16),
        "session": os.getsid(0) == os.getpid(),
        "descriptors": sorted(int(n) for n, to in links.items() if not to.startswith("/proc/")),
        "arguments": [os.fsencode(word).hex() for word in sys.argv], "mode": oct(os.stat(".").st_mode & 0o777),
        "environment": {os.fsencode(k).hex(): os.fsencode(v).hex() for k, v in os.environ.items()}}
    pathlib.Path(candidate.argument).write_text(json.dumps(world))
    candidate.answer(request)


@act
def removes_argument(candidate, request):
    """Removes the file or folder that --argument names, then answers."""
    import shutil
    path = pathlib.Path(candidate.argument)
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    candidate.answer(request)


@act
def removes_argument_and_ends(candidate, request):
    pathlib.Path(candidate.argument).unlink()
    os._exit(1)


@act
def report_folder_in_the_way(candidate, request):
    (pathlib.Path(candidate.argument) / "report.html" / "mine").mkdir(parents=True)
    candidate.answer(request)


@act
def forges_results(candidate, request):
    """Appends lines to the results as they grow."""
    with open(pathlib.Path(candidate.argument) / "results.jsonl", "ab") as file:
        file.write(b'{"id":"forged"}\n' * 50)
    candidate.answer(request)


@act
def truncates_results(candidate, request):
    os.truncate(pathlib.Path(candidate.argument) / "results.jsonl", 0)
    candidate.answer(request)


@act
def results_to_fifo(candidate, request):
    path = pathlib.Path(candidate.argument) / "results.jsonl"
    path.unlink()
    os.mkfifo(path)
    candidate.answer(request)


@act
def signals_runner(candidate, request):
    """Sends the runner the signals that --argument lists; once only where it names a file behind @."""
    numbers, _, mark = candidate.argument.partition("@")
    if not mark or not os.path.exists(mark):
        if mark:
            pathlib.Path(mark).touch()
        for number in numbers.split(","):
            os.kill(_parent(), int(number))
    time.sleep(0.5)
    candidate.answer(request)


# Hello.

@at_hello
def bidi_name(candidate, request, declared):
    candidate.reply(request, ok={**declared, "name": "\u202etrop\u2066 \u200b\u00ad"})


@at_hello
def two_line_name(candidate, request, declared):
    name = "x\nactor 1: 9 units: 9 pass; 9 of 9 claims met\r\u2028\u0085\x0b"
    candidate.reply(request, ok={**declared, "name": name})


@at_hello
def combined_name(candidate, request, declared):
    """One character for a reader, 100,001 for a counter."""
    candidate.reply(request, ok={**declared, "name": "a" + "\u0301" * 100_000})


@at_hello
def hello_twice(candidate, request, declared):
    line = json.dumps({"loma": 1, "id": request["id"], "ok": declared}, separators=(",", ":")) + "\n"
    os.write(1, line.encode() * 2)


@at_hello
def many_profiles(candidate, request, declared):
    candidate.reply(request, ok={**declared, "profiles": [{}] * 1000})


@at_hello
def too_many_profiles(candidate, request, declared):
    candidate.reply(request, ok={**declared, "profiles": [{}] * 1001})


@at_hello
def odd_profile(candidate, request, declared):
    candidate.reply(request, ok={**declared, "profiles": [{}, {"banana": "yellow"}, {"memory_attention": "\u0000"}]})


@at_hello
def declares_f32(candidate, request, declared):
    """Declares f32 and answers what was recorded, which is binary64."""
    candidate.reply(request, ok={**declared, "dtypes": ["f32"]})


@at_hello
def declares_nothing(candidate, request, declared):
    candidate.reply(request, ok={**declared, "ops": []})


@at_hello
def declares_less(candidate, request, declared):
    """After a death it declares an operation less."""
    mark = pathlib.Path(candidate.argument)
    ops = declared["ops"][:-1] if mark.exists() else declared["ops"]
    mark.touch()
    candidate.reply(request, ok={**declared, "ops": ops})
    candidate.died = True


@at_hello
def unsupported_hello(candidate, request, declared):
    candidate.reply(request, unsupported={"why": "\x1b[31mnothing"})


ACTS["declares-less"] = crashes
ACTS["hangs-here"] = lambda candidate, request: hostile.sleep_for_ever()
