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
