#!/usr/bin/env python3
"""Attacks on a run and on what it writes, each with what is expected and what was found.

  python3 Tests/Attacks/attacks.py [--loma PROGRAM] [--only GLOB …]

Candidates of actor.py that misbehave on the line, in their files and around them; machines that are short of
something or set up oddly; options in combination; files of results, lists and answers that somebody forged. Prints a
row of a Markdown table for each and exits with 1 where one differs. What is expected follows from chapters 12 to 14
of the Spec; where they are silent: no false pass, nothing judged lost, no trap, no hang, nothing outside touched, one
clear line for an error. Plain Python 3, Linux; what needs root or a C compiler is skipped without.
"""

import argparse
import collections
import fnmatch
import json
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree

import support

METRIC, METRICS = "structure.metrics.all-wrong", "structure.metrics*"
EMPTY = ("model.forward.gqa.c2-t2-n0", "generation.generate.gqa.empty")
ROWS = []


def attack(expected, name=None):
    """An attack: a function of the bench that returns in words what was found."""
    def note(function):
        ROWS.append((name or function.__name__.replace("_", " "), expected, function))
        return function
    return note


class Run:
    """A run of a command, to its end."""

    def __init__(self, bench, *words, seconds=60, **settings):
        start = time.monotonic()
        process = bench.start(*words, **settings)
        self.hung = False
        try:
            output, errors = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.hung = True
            process.kill()
            output, errors = process.communicate()
        self.seconds, self.code = time.monotonic() - start, process.returncode
        self.output, self.errors = ((text or b"").decode(errors="replace") for text in (output, errors))

    @property
    def trapped(self):
        return self.code in support.TRAPS or "Fatal error" in self.errors or "Stack dump" in self.errors

    @property
    def last(self):
        lines = [line for line in self.output.splitlines() if " claims met" in line]
        return lines[-1] if lines else ""

    def said(self):
        """Exit code, and whether the complaint is one line."""
        if self.hung:
            return "hangs"
        if self.trapped:
            return f"trap, exit {self.code}: {self.errors.strip().splitlines()[:1]}"
        lines = [line for line in self.errors.splitlines() if line.strip()]
        return f"exit {self.code}" + {0: ", no word", 1: ", one line"}.get(len(lines), f", {len(lines)} lines")


class Conform(Run):
    """A run of `loma conform` with reports."""

    def __init__(self, bench, *words, candidate=None, folder=None, **settings):
        self.folder = folder or bench.folder("report")
        words = ["conform", "--timeout-factor", "0.1", *words, "--report", self.folder, "--",
                 *(candidate or bench.actor())]
        super().__init__(bench, *words, **settings)
        try:
            path = self.folder / "results.jsonl"
            self.lines = support.whole_lines(path) if path.is_file() else []
        except (OSError, ValueError):
            self.lines = []
        # What holds no number at all is right whatever is changed.
        self.verdicts = {key: verdict for key, verdict in support.verdicts(self.lines).items() if key[0] not in EMPTY}

    def of(self, pattern):
        """The verdicts of some cases, the exit code, and the others."""
        if self.hung or self.trapped:
            return self.said()
        wanted = sorted({v for (name, _), v in self.verdicts.items() if fnmatch.fnmatchcase(name, pattern)})
        others = sorted({v for (name, _), v in self.verdicts.items() if not fnmatch.fnmatchcase(name, pattern)})
        return f"{'+'.join(wanted) or 'nothing'}, exit {self.code}, others {'+'.join(others) or 'none'}"


def level_of(pattern):
    return pattern.split(".")[0] + "." + pattern.split(".")[1] + "*"


def answers(kind, expected, case=METRIC, *options, only=None):
    """An attack by an actor that does something at one case."""
    def function(bench):
        run = Conform(bench, "--jobs", "1", "--only", only or level_of(case), *options,
                      candidate=bench.actor(kind, "--on", case))
        found = run.of(case)
        return found + leftovers(bench)
    ROWS.append((kind.replace("-", " "), expected, function))


def leftovers(bench):
    if support.wait_until(lambda: not support.left_behind()):
        return ""
    left = support.left_behind()
    for pid in left:
        support.kill(pid)
    return f", {len(left)} processes left"


def wrong(verdict, others="pass"):
    return f"{verdict}, exit 1, others {others}"


PASS, ATTENTION, STAGE = "pass, exit 0, others pass", "stage.attention.heads4-kv4", "stage.rms_norm.plain"
LAYOUT, MASK = "structure.layout.c2-t2-n5", "structure.mask.c2-t2-n5"

# The line.
answers("normal-forms", wrong("protocol-error"))
answers("kelvin", wrong("protocol-error"))
answers("depth-8", PASS)
answers("depth-9", wrong("protocol-error"))
answers("escaped-nul", PASS)
answers("why-number", wrong("protocol-error"))
answers("long-why", "unsupported, exit 1, others pass")
answers("longer-why", wrong("protocol-error"))
answers("bidi-why", wrong("wrong-rejection"))
answers("unknown-code", wrong("wrong-rejection"), "rejection.layout.c0")
answers("byte-by-byte", PASS)
answers("child-answers", PASS)
answers("broken-noise", PASS)
answers("broken-noise", wrong("protocol-error"), METRIC, "--strict-stdout", "yes")
answers("reply-before-file", wrong("invalid-output"))

# The file.
answers("minus-zero", PASS, ATTENTION)
answers("denormal-zero", wrong("fail"), ATTENTION)
answers("smallest-integers", wrong("fail"))
answers("largest-integers", wrong("fail"), LAYOUT)
for op in ("structure.schedule", "structure.cost", "generation.generate", "generation.reconstruct"):
    answers("smallest-integers", "fail, exit 1, others none", op + "*")
    answers("largest-integers", "fail, exit 1, others none", op + "*")
answers("integers-u64", wrong("invalid-output"), LAYOUT)
answers("integers-i16", wrong("invalid-output"), LAYOUT)
answers("integers-f64", wrong("invalid-output"), LAYOUT)
answers("numbers-i64", wrong("invalid-output"), STAGE)
answers("numbers-f32", wrong("invalid-output"), STAGE)
answers("mask-bytes", wrong("invalid-output"), MASK)
answers("mask-integers", wrong("invalid-output"), MASK)
answers("mask-255", wrong("invalid-output"), MASK)
for kind in ("empty-extra", "one-missing", "upper-case", "name-blank", "name-kelvin", "rank-0", "metadata-twice",
             "metadata-number", "dtype-lower", "offsets-three", "header-comment",
             "header-bom", "one-byte-less", "twice"):
    answers(kind, wrong("invalid-output"), LAYOUT)
answers("metadata-right", PASS, LAYOUT)
answers("escaped-names", PASS, LAYOUT)
answers("right-sparse", PASS, LAYOUT)
answers("earlier-answer", "invalid-output+pass, exit 1, others pass", "structure.layout.c2-t2-n[58]",
        only="structure.layout*")
for kind in ("largest-numbers", "least-numbers", "denormal-numbers"):
    for level in ("stage", "model", "training", "generation"):
        # Where all that is right is 0, or there is no number, the least number is right.
        few = "fail+pass" if kind == "denormal-numbers" and level in ("model", "training") else "fail"
        answers(kind, few + ", exit 1, others none", level + ".*", "--level", level, only="*")
answers("largest-numbers", wrong("fail"), "model.forward.mqa-tied.embeddings")


@attack("unsupported, exit 1, others pass; no script link")
def script_as_issue(bench):
    run = Conform(bench, "--only", METRICS, candidate=bench.actor("script-issue", "--on", METRIC))
    page = (run.folder / "report.html").read_text()
    links = re.findall(r'(?:href|src)\s*=\s*["\']?\s*(?:javascript|data):', page, re.IGNORECASE)
    return run.of(METRIC) + (f"; links {links}" if links else "; no script link")


# Hello.

BIDI = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f]")


@attack("exit 0, no bidi control on the terminal")
def bidi_in_name(bench):
    run = Conform(bench, "--only", METRICS, candidate=bench.actor("bidi-name"))
    raw = BIDI.search(run.output)
    return f"exit {run.code}, " + ("bidi controls raw" if raw else "no bidi control on the terminal")


@attack("no bidi control on the terminal, in report.html or in junit.xml")
def bidi_in_a_rejection(bench):
    run = Conform(bench, "--only", METRICS, candidate=bench.actor("bidi-why", "--on", METRIC))
    raw = [name for name in ("report.html", "junit.xml") if BIDI.search((run.folder / name).read_text())]
    raw += ["terminal"] if BIDI.search(run.output) else []
    return f"raw in {', '.join(raw)}" if raw else "no bidi control on the terminal, in report.html or in junit.xml"


@attack("one last line, or exit 3")
def two_lines_in_name(bench):
    run = Conform(bench, "--only", METRICS, candidate=bench.actor("two-line-name"))
    if run.code == 3:
        return "one last line, or exit 3"
    forged = [line for line in re.split("[\r\n\u2028\u0085\x0b]", run.output) if line.startswith("actor 1: 9 units")]
    return f"exit {run.code}, forged line {forged}" if forged else "one last line, or exit 3"


def hello(kind, expected, *options):
    def function(bench):
        run = Conform(bench, "--only", METRICS, *options, candidate=bench.actor(kind))
        return run.of("*") if run.verdicts else run.said()
    ROWS.append((f"hello: {kind.replace('-', ' ')}", expected, function))


hello("combined-name", "exit 3, one line")
hello("hello-twice", "exit 3, one line")
hello("many-profiles", "pass, exit 0, others none")
hello("too-many-profiles", "exit 3, one line")
hello("odd-profile", "pass, exit 0, others none")
hello("declares-nothing", "unsupported, exit 1, others none")
hello("unsupported-hello", "exit 3, one line")


@attack("invalid-output, exit 1, others none")
def declares_f32_and_answers_f64(bench):
    run = Conform(bench, "--level", "stage", "--op", "rms_norm", candidate=bench.actor("declares-f32"))
    return run.of("*")


@attack("crash, exit 1, others not-run+pass+protocol-error")
def declares_less_after_a_death(bench):
    run = Conform(bench, "--jobs", "1", "--only", METRICS,
                  candidate=bench.actor("declares-less", "--on", METRIC, "--argument", bench.folder() / "mark"))
    return run.of(METRIC)


# The world of a candidate, and machines that are set up oddly.

def world(bench, *options, **settings):
    """What a candidate was started with, and the run."""
    path = bench.folder() / "world"
    more = settings.pop("words", [])
    run = Conform(bench, "--jobs", "1", "--only", METRICS, *options,
                  candidate=[*bench.actor("says-world", "--on", METRIC, "--argument", path), *more], **settings)
    return (json.loads(path.read_text()) if path.exists() else {}), run


@attack("exit 0: [] ignored, blocked 0, descriptors [0, 1, 2], leads its session, folder 0o700")
def signals_ignored_and_blocked_and_descriptors_open(bench):
    ends = [os.open("/dev/null", os.O_RDONLY) for _ in range(40)]

    def before():
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGPIPE):
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2, signal.SIGALRM})
        os.umask(0)
    found, run = world(bench, pass_fds=ends, preexec_fn=before)
    for end in ends:
        os.close(end)
    if not found:
        return run.said()
    # SIGPIPE and SIGXFSZ are the interpreter's own, 32 and 33 the C library's.
    ignored = [n for n in range(1, 65) if n not in (32, 33) and found["ignored"] >> n - 1 & 1
               and n not in (signal.SIGPIPE, signal.SIGXFSZ)]
    return (f"exit {run.code}: {ignored} ignored, blocked {found['blocked']:x}, descriptors {found['descriptors']}, "
            f"{'leads' if found['session'] else 'does not lead'} its session, folder {found['mode']}")


@attack("exit 2, one line")
def argument_that_is_not_utf8(bench):
    # Behind --tag, whose word is not looked at.
    found, run = world(bench, words=["--tag", os.fsdecode(b"\xff\xfe-\xe9")])
    if not found:
        return run.said()
    return "the argument as it was written" if "fffe2de9" in found["arguments"] else f"{found['arguments'][-1]}"


@attack("the variable as it was")
def variable_that_is_not_utf8(bench):
    found, run = world(bench, env={**bench.environment(), "ODD": "\udcff\udcfe"})
    if not found:
        return run.said()
    value = found["environment"].get(b"ODD".hex())
    return "the variable as it was" if value == "fffe" else f"{value}"


@attack("crash, exit 1, others pass")
def sigchld_ignored_by_whoever_started_the_runner(bench):
    run = Conform(bench, "--jobs", "1", "--only", METRICS, candidate=bench.actor("crashes", "--on", METRIC),
                  preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
    return run.of(METRIC)


@attack("pass, exit 0, others pass; within 8 s")
def sigchld_ignored_and_all_right(bench):
    run = Conform(bench, "--jobs", "1", "--only", METRICS,
                  preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
    return run.of(METRIC) + ("; within 8 s" if run.seconds < 8 else f"; {run.seconds:.0f} s")


def closed(*numbers):
    def function(bench):
        def before():
            for number in numbers:
                os.close(number)
        found, run = world(bench, preexec_fn=before)
        return run.of(METRIC) + f", descriptors {found.get('descriptors')}"
    ROWS.append((f"closed: {', '.join(map(str, numbers))}", PASS + ", descriptors [0, 1, 2]", function))


closed(0)
closed(2)
closed(0, 2)


def nobody_reads(stream):
    @attack("reports whole, exit 0", f"nobody reads standard {stream}")
    def run_it(bench):
        reading, writing = os.pipe()
        os.close(reading)
        run = Conform(bench, "--only", METRICS, **{"output": {"stdout": writing}, "error": {"stderr": writing}}[stream])
        os.close(writing)
        names = ("results.jsonl", "report.json", "junit.xml", "badge.json")
        whole = all((run.folder / name).exists() for name in names)
        return f"reports {'whole' if whole else 'missing'}, exit {run.code}"


nobody_reads("output")
nobody_reads("error")


@attack("a pass, or one line")
def working_directory_gone(bench):
    folder = bench.folder("gone")

    def before():
        os.chdir(folder)
        os.rmdir(folder)
    run = Conform(bench, "--only", METRICS, preexec_fn=before)
    found = run.of(METRIC)
    return "a pass, or one line" if found == PASS or "one line" in run.said() else f"{found}; {run.said()}"


def temporary(name, change, expected=PASS + ", nothing left"):
    """A run whose folder of temporary files has an odd name."""
    def function(bench):
        base = bench.folder("base")
        path, cwd = change(base)
        run = Conform(bench, "--jobs", "1", "--only", METRICS, env=bench.environment(TMPDIR=path), cwd=cwd or base,
                      candidate=bench.actor("crashes", "--on", "nothing"))
        left = [str(item) for item in base.rglob("loma-*")]
        found = run.of(METRIC) if run.verdicts else run.said()
        return found + (f", left {left}" if left else ", nothing left")
    ROWS.append((f"TMPDIR {name}", expected, function))


def made(name):
    def change(base):
        os.makedirs(os.fsencode(base) + b"/" + (name if isinstance(name, bytes) else name.encode()))
        return os.fsencode(base) + b"/" + (name if isinstance(name, bytes) else name.encode()), None
    return change


def relative(base):
    (base / "tmp").mkdir()
    return "tmp", base


def linked(base):
    (base / "real").mkdir()
    (base / "link").symlink_to("real")
    return str(base / "link"), None


temporary("with blanks and quotes", made(" a \"b\" 'c' $d `e` \\f "))
temporary("with a line feed", made("a\nb"))
temporary("relative", relative)
temporary("a link", linked)
temporary("not UTF-8", made(b"a\xff"), "exit 3, one line, nothing left")
temporary("of 3,000 bytes", made("/".join(["x" * 200] * 15)))


@attack("the folder is untouched")
def killed_with_a_line_feed_in_tmpdir(bench):
    base = bench.folder("base")
    (base / "a").mkdir()
    (base / "a" / "precious").write_text("mine")
    (base / "a\nb").mkdir()
    process = bench.start("conform", "--only", METRICS, "--", *bench.actor("hangs-here", "--on", METRIC),
                          env=bench.environment(TMPDIR=str(base / "a\nb")))
    time.sleep(1.5)
    process.kill()
    process.communicate()
    leftovers(bench)
    time.sleep(0.5)
    untouched = (base / "a" / "precious").exists()
    return "the folder is untouched" if untouched else "a folder that is not the run's is removed"


def environment(name, values, expected=PASS):
    def function(bench):
        folder = bench.folder("report")
        now = time.time()
        run = Conform(bench, "--only", METRICS, folder=folder, env=values(bench))
        if not run.lines:
            return run.said()
        import calendar
        started = calendar.timegm(time.strptime(run.lines[0]["started"], "%Y-%m-%dT%H:%M:%SZ"))
        late = abs(started - now) > 30
        return run.of(METRIC) + (f", started {run.lines[0]['started']}" if late else "")
    ROWS.append((f"environment: {name}", expected, function))


environment("empty", lambda bench: {})
environment("LC_ALL=tr_TR.UTF-8, TZ of +14 h",
            lambda bench: bench.environment(LC_ALL="tr_TR.UTF-8", LANG="ar_EG", TZ="Pacific/Kiritimati"))
environment("LC_ALL=C, TZ nonsense", lambda bench: bench.environment(LC_ALL="C", TZ=":/dev/zero"))
environment("no HOME, no PATH", lambda bench: bench.environment(HOME=None, PATH=None))
environment("the runner's own variables forged", lambda bench: bench.environment(
    LOMA_CANDIDATE="1-1", LOMA_START_FOLDER="/dev", PWD="/nowhere"))


@attack("pass, exit 0, others pass")
def nice_19(bench):
    return Conform(bench, "--only", METRICS, preexec_fn=lambda: os.nice(19)).of(METRIC)


def limited(name, kind, soft, expected, *options, pattern=METRICS):
    def function(bench):
        hard = resource.getrlimit(kind)[1]
        run = Conform(bench, "--only", pattern, *options,
                      preexec_fn=lambda: resource.setrlimit(kind, (soft, soft if hard == -1 or soft < hard else hard)))
        found = run.said()
        if found == "exit 0, no word":
            found = run.of(METRIC)
        return found
    ROWS.append((f"ulimit {name}", expected, function))


limited("-f 32 KiB, results longer", resource.RLIMIT_FSIZE, 32 << 10, "exit 2, one line", pattern="structure*")
limited("-f 0", resource.RLIMIT_FSIZE, 0, "exit 2, one line")
limited("-v 1 GiB", resource.RLIMIT_AS, 1 << 30, PASS)
limited("-s 512 KiB", resource.RLIMIT_STACK, 512 << 10, PASS)
limited("-l 0", resource.RLIMIT_MEMLOCK, 0, PASS)
limited("-c unlimited", resource.RLIMIT_CORE, resource.getrlimit(resource.RLIMIT_CORE)[1], PASS)


def as_nobody(before=lambda: None):
    def change():
        before()
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    return change


def needs_root(function):
    def maybe(bench):
        return function(bench) if os.geteuid() == 0 else "skipped: not root"
    maybe.__name__ = function.__name__
    return maybe


def open_folder(bench, name):
    os.chmod(bench.root, 0o755)
    folder = bench.folder(name)
    os.chmod(folder, 0o777)
    return folder


@attack("pass, exit 0, others pass, nothing left")
@needs_root
def fork_bomb_within_the_limit_of_processes(bench):
    folder, scratch = open_folder(bench, "report"), open_folder(bench, "tmp")

    def before():
        resource.setrlimit(resource.RLIMIT_NPROC, (400, 400))
    run = Conform(bench, "--jobs", "1", "--only", METRICS, folder=folder, env=bench.environment(TMPDIR=str(scratch)),
                  candidate=["python3", *bench.actor("fork-bomb", "--on", METRIC)[1:]], preexec_fn=as_nobody(before))
    left = leftovers(bench) or ", nothing left"
    return (run.of(METRIC) if run.verdicts else run.said()) + left


def masked(mask):
    @needs_root
    def function(bench):
        folder, scratch = open_folder(bench, "report"), open_folder(bench, "tmp")
        run = Conform(bench, "--only", METRICS, folder=folder, env=bench.environment(TMPDIR=str(scratch)),
                      candidate=["python3", *bench.actor()[1:]], preexec_fn=as_nobody(lambda: os.umask(mask)))
        return "a pass, or one line" if run.of(METRIC) == PASS or "one line" in run.said() else \
            f"{run.of(METRIC)}; {run.said()}"
    ROWS.append((f"umask {mask:o}", "a pass, or one line", function))


masked(0o777)
masked(0o277)


@attack("pass, exit 0, others pass, or no compiler")
def clock_that_jumps(bench):
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        return "pass, exit 0, others pass, or no compiler"
    folder = bench.folder("clock")
    (folder / "jump.c").write_text("""
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <stdlib.h>
        #include <sys/time.h>
        #include <time.h>
        static long shift(void) { static long n; return (n++ % 3 - 1) * 400000000L; }
        int clock_gettime(clockid_t id, struct timespec *t) {
          static int (*real)(clockid_t, struct timespec *);
          if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
          int code = real(id, t);
          if (id == CLOCK_REALTIME) t->tv_sec += shift();
          return code;
        }
        int gettimeofday(struct timeval *t, void *z) {
          struct timespec s; clock_gettime(CLOCK_REALTIME, &s); t->tv_sec = s.tv_sec; t->tv_usec = s.tv_nsec / 1000;
          return 0;
        }
        """)
    library = folder / "jump.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, folder / "jump.c", "-ldl"], check=True)
    run = Conform(bench, "--only", METRICS, env=bench.environment(LD_PRELOAD=str(library)))
    return run.of(METRIC) + ", or no compiler"


# Around the candidate.

@attack("pass, exit 0, others pass; vectors untouched")
def candidate_writes_into_its_models(bench):
    vectors = bench.folder("vectors")
    shutil.copytree(bench.vectors, vectors, dirs_exist_ok=True)
    before = support.tree(vectors)
    run = Conform(bench, "--jobs", "1", "--vectors", vectors, "--only", "model.loss*",
                  candidate=bench.actor("spoils-models", "--on", "model.loss*"))
    same = support.tree(vectors) == before
    return run.of("nothing").replace("nothing,", "pass,") + f"; vectors {'untouched' if same else 'changed'}"


@attack("exit 0 or 1, no runner-error, nothing left")
def candidate_removes_its_siblings_folders(bench):
    run = Conform(bench, "--jobs", "4", "--only", "structure.*",
                  candidate=bench.actor("removes-siblings", "--on", METRIC))
    bad = [v for v in run.verdicts.values() if v in ("runner-error", "not-run")]
    return f"exit {'0 or 1' if run.code in (0, 1) else run.code}, {bad or 'no runner-error'}" \
        + (leftovers(bench) or ", nothing left")


@attack("pass, exit 0, others pass")
def candidate_kills_the_shell_that_cleans_up(bench):
    return Conform(bench, "--jobs", "1", "--only", METRICS,
                   candidate=bench.actor("kills-shell", "--on", METRIC)).of(METRIC)


@attack("pass, exit 0, others pass, no daemon left")
def daemon_with_empty_environment_beside_other_candidates(bench):
    run = Conform(bench, "--jobs", "4", "--only", "structure.*", candidate=bench.actor("clean-daemon", "--on", METRIC))

    def daemons():
        return [path for path in pathlib.Path("/proc").glob("[0-9]*/cmdline") if b"77.25" in read(path)]
    gone = support.wait_until(lambda: not daemons())
    for path in daemons():
        support.kill(int(path.parts[2]))
    return run.of(METRIC) + (", no daemon left" if gone else ", a daemon left")


def read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


@attack("exit 4, one line; what was judged is in the file")
def candidate_removes_the_vectors(bench):
    vectors = bench.folder("vectors")
    shutil.copytree(bench.vectors, vectors, dirs_exist_ok=True)
    run = Conform(bench, "--jobs", "1", "--vectors", vectors, "--level", "structure",
                  candidate=bench.actor("removes-argument", "--on", MASK, "--argument", vectors))
    kept = "is" if len(run.verdicts) > 40 else f"is not ({len(run.verdicts)} units)"
    return run.said() + f"; what was judged {kept} in the file"


@attack("exit 0 and whole reports, or exit 2; the last line printed")
def candidate_removes_the_folder_of_reports(bench):
    folder = bench.folder("report")
    run = Conform(bench, "--jobs", "1", "--only", METRICS, folder=folder,
                  candidate=bench.actor("removes-argument", "--on", METRIC, "--argument", folder))
    good = run.code == 2 or run.code == 0 and not check_reports(folder).count(":") and run.lines
    return ("exit 0 and whole reports, or exit 2" if good else run.said()) \
        + ("; the last line printed" if run.last else "; no last line")


def in_the_way(kind, expected):
    def function(bench):
        folder = bench.folder("report")
        run = Conform(bench, "--jobs", "1", "--only", METRICS, folder=folder,
                      candidate=bench.actor(kind, "--on", METRIC, "--argument", folder))
        names = sorted(path.name for path in folder.iterdir() if path.is_file())
        return f"{run.said()}; {'last line' if run.last else 'no last line'}; {' '.join(names)}"
    ROWS.append((f"candidate {kind.replace('-', ' ')}", expected, function))


WHOLE = "badge.json junit.xml report.html report.json results.jsonl"
in_the_way("report-folder-in-the-way", "exit 2, one line; last line; results.jsonl")
in_the_way("results-to-fifo", "exit 2, one line; last line; ")
in_the_way("forges-results", f"exit 0, no word; last line; {WHOLE}")
in_the_way("truncates-results", f"exit 0, no word; last line; {WHOLE}")


@attack("crash, no runner-error, exit 1")
def candidate_removes_itself_and_ends(bench):
    program = bench.folder() / "program"
    program.write_text(f"#!/bin/sh\nexec {sys.executable} {support.ACTOR} \"$@\"\n")
    program.chmod(0o755)
    words = bench.actor("removes-argument-and-ends", "--on", METRIC, "--argument", program)[2:]
    run = Conform(bench, "--jobs", "1", "--only", METRICS, candidate=[str(program), *words])
    bad = [v for v in run.verdicts.values() if v == "runner-error"]
    count = f"{len(bad)} runner-error" if bad else "no runner-error"
    return f"{run.verdicts.get((METRIC, 'i64'))}, {count}, exit {run.code}"


def unusable(name, make, expected="exit 3, one line"):
    def function(bench):
        folder = bench.folder("program")
        make(folder / "program")
        return Run(bench, "conform", "--only", METRICS, "--timeout-factor", "0.1", "--", folder / "program").said()
    ROWS.append((f"candidate is {name}", expected, function))


def text_file(text, mode=0o755):
    def make(path):
        path.write_bytes(text)
        path.chmod(mode)
    return make


unusable("a folder", lambda path: path.mkdir())
unusable("a FIFO", lambda path: os.mkfifo(path, 0o777))
unusable("not executable", text_file(b"#!/bin/sh\n", 0o644))
unusable("empty", text_file(b""))
unusable("of an interpreter that is not there", text_file(b"#!/nowhere/at/all\n"))
unusable("of another machine", text_file(b"\x7fELF\x02\x01\x01" + bytes(11) + b"\xb7\x00" + bytes(44)))
unusable("a link to itself", lambda path: path.symlink_to(path.name))
unusable("a device", lambda path: path.symlink_to("/dev/zero"))


# Ends.

def killed_by(name, strike, expected="nothing left"):
    """A run whose candidates hang, ended from outside."""
    def function(bench):
        scratch = bench.folder("tmp")
        process = bench.start("conform", "--level", "structure", "--", *bench.actor("hangs-here", "--on", "*"),
                              env=bench.environment(TMPDIR=str(scratch)), start_new_session=True)
        time.sleep(1)
        strike(process)
        process.communicate()
        folders = [] if support.wait_until(lambda: not os.listdir(scratch)) else os.listdir(scratch)
        left = leftovers(bench)
        return "nothing left" if not left and not folders else f"{len(folders)} folders left{left}"
    ROWS.append((name, expected, function))


killed_by("SIGKILL to the runner's whole group", lambda process: os.killpg(process.pid, signal.SIGKILL))
killed_by("SIGQUIT to the runner's whole group", lambda process: os.killpg(process.pid, signal.SIGQUIT))


def abort(process):
    """The first is taken by the language's runtime, which says where it came from and goes on."""
    support.wait_until(lambda: process.poll() is not None or process.send_signal(signal.SIGABRT) or time.sleep(0.5), 10)


killed_by("SIGABRT to the runner until it ends", abort)
killed_by("SIGUSR1 to the runner", lambda process: process.send_signal(signal.SIGUSR1))


@attack("exit 130, interrupted, resumed to the whole")
def many_signals_at_once(bench):
    numbers = ",".join(str(int(n)) for n in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGTERM) * 5)
    words = bench.actor("signals-runner", "--on", MASK, "--argument", f"{numbers}@{bench.folder()}/sent")
    run = Conform(bench, "--jobs", "1", "--level", "structure", candidate=words)
    cut = bool(run.lines) and run.lines[-1].get("interrupted")
    again = words[:]
    path = run.folder / "results.jsonl"
    for _ in range(3):
        second = Conform(bench, "--jobs", "1", "--level", "structure", "--resume", path, folder=run.folder,
                         candidate=again)
        if second.code != 130:
            break
    whole = "resumed to the whole" if second.code == 0 and len(second.verdicts) == 133 else \
        f"resumed: exit {second.code}, {len(second.verdicts)} units"
    return f"exit {run.code}, {'interrupted' if cut else 'not interrupted'}, {whole}"


@attack("exit 0, not interrupted")
def sighup_ignored_from_the_beginning(bench):
    run = Conform(bench, "--jobs", "1", "--only", METRICS,
                  candidate=bench.actor("signals-runner", "--on", METRIC, "--argument", str(int(signal.SIGHUP))),
                  preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    return f"exit {run.code}, {'interrupted' if run.lines[-1].get('interrupted') else 'not interrupted'}"


@attack("exit 1, a failing unit, within 10 s")
def sigterm_while_failing_cases_are_made_smaller(bench):
    folder = bench.folder("report")
    process = bench.start("conform", "--fresh", "3", "--cases", "60", "--report", folder, "--", bench.loma, "reference",
                          "--mutant", "memory_attention=causal")
    support.wait_until(lambda: len(list(folder.glob("results.jsonl"))) and
                       len((folder / "results.jsonl").read_text().splitlines()) > 60, 30)
    time.sleep(2)
    process.send_signal(signal.SIGTERM)
    start = time.monotonic()
    process.communicate()
    seconds = time.monotonic() - start
    lines = support.whole_lines(folder / "results.jsonl")
    failing = "fail" in support.verdicts(lines).values()
    code = process.returncode
    return f"exit {1 if code in (1, 130) else code}, {'a' if failing else 'no'} failing unit, " \
        + ("within 10 s" if seconds < 10 else f"{seconds:.0f} s")


# Options.

def usage(expected, *words):
    def function(bench):
        return Run(bench, *words, seconds=30).said()
    ROWS.append(("`loma " + " ".join(words).replace("|", "/") + "`", expected, function))


TWO = "exit 2, one line"
usage(TWO, "conform", "--")
usage("exit 3, one line", "conform", "--only", METRICS, "--", "")
usage("exit 3, one line", "conform", "--only", METRICS, "--", "./")
usage("exit 2, one line", "conform", "--jobs=two")
usage(TWO, "conform", "--jobs", "1", "--jobs", "1", "--", "true")
usage(TWO, "conform", "--cases", "3", "--", "true")
usage(TWO, "conform", "--dtype", "f32,", "--", "true")
usage(TWO, "conform", "--dtype", "i64", "--", "true")
usage(TWO, "conform", "--require", ",", "--", "true")
usage(TWO, "conform", "--require-all", "true", "--", "true")
usage(TWO, "conform", "--fresh", "1", "--known-failures", "/dev/null", "--", "true")
usage(TWO, "conform", "--fresh", "1", "--cases", "0", "--", "true")
usage(TWO, "conform", "--resume", "/dev/zero", "--only", METRICS)
usage(TWO, "conform", "--resume", "/dev/null", "--only", METRICS)
usage(TWO, "conform", "--timeout-factor", "1e300", "--", "true")
usage(TWO, "conform", "--memory-limit", "-0", "--", "true")
usage(TWO, "conform", "--report", "/dev/null/x", "--only", METRICS)
usage(TWO, "conform", "--report", "", "--only", METRICS)
usage("exit 4, one line", "conform", "--only", "")
usage("exit 4, one line", "conform", "--vectors", "/dev/null", "--", "cat")
usage(TWO, "report", "merge", "--output", "/dev/shm")
usage(TWO, "judge", "/dev/null", "--report", "/dev/null")
usage(TWO, "requests", "/dev/null/x")


@attack("each unit once, pass, exit 0, others none")
def one_type_given_twice(bench):
    run = Conform(bench, "--only", "stage.rms_norm*", "--dtype", "f64,f64")
    ids = [line["id"] for line in run.lines if "verdict" in line]
    return ("each unit once, " if len(ids) == len(set(ids)) else f"{len(ids)} lines, ") + run.of("*")


@attack("exit 1")
def required_level_without_answers(bench):
    return f"exit {Conform(bench, '--require', 'property').code}"


@attack("exit 1: unsupported in f32, the last line says so")
def type_that_is_not_declared_among_others(bench):
    run = Conform(bench, "--level", "stage", "--dtype", "f64,f32")
    f32 = sorted({v for (_, dtype), v in run.verdicts.items() if dtype == "f32"})
    said = "says so" if "unsupported" in run.last else run.last
    return f"exit {run.code}: {'+'.join(f32)} in f32, the last line {said}"


@attack("exit 2 or resumable")
def command_line_longer_than_a_line_of_results(bench):
    words = bench.actor("signals-runner", "--on", METRIC, "--argument", str(int(signal.SIGTERM)))
    words += [word for _ in range(12) for word in ("--tag", "x" * 100_000)]
    run = Conform(bench, "--jobs", "1", "--only", METRICS, candidate=[*words, "--tag", "1"])
    if run.code == 2:
        return "exit 2 or resumable"
    second = Conform(bench, "--jobs", "1", "--only", METRICS, "--resume", run.folder / "results.jsonl",
                     folder=run.folder, candidate=[*words, "--tag", "1"])
    return "exit 2 or resumable" if second.code in (0, 130) else \
        f"first exit {run.code}, then {second.code}: {second.errors.strip()[-150:]}"


# Known failures.

def listed(name, text, expected, wrong=MASK, **settings):
    def function(bench):
        path = bench.folder("list") / "known"
        path.write_bytes(text)
        run = Conform(bench, "--only", "structure.mask.c2-t2-n*", "--known-failures", path,
                      candidate=bench.actor("none", "--wrong", wrong))
        return (run.of(MASK) if run.verdicts else run.said()) + leftovers(bench)
    ROWS.append((f"known failures: {name}", expected, function))


OTHER = "structure.mask.c2-t2-n8"
KNOWN = "known-failure, exit 0, others known-failure+pass"
BOTH = "structure.mask.c2-t2-n[58]"
listed("two", f"{MASK} it is slow\n{OTHER} so is this\n".encode(), KNOWN, BOTH)
listed("two, lines ending in CR LF", f"{MASK} it is slow\r\n{OTHER} so is this\r\n".encode(), KNOWN, BOTH)
listed("behind a comment that ends in CR LF", f"# mine\r\n{MASK} it is slow\r\n".encode(),
       "known-failure, exit 0, others pass")
listed("in all types and in one", f"{MASK} a\n{MASK} i64 b\n".encode(), "known-failure, exit 0, others pass")
listed("in another type", f"{MASK} f64 a\n".encode(), TWO)
listed("a blank in front of #", f"  # {MASK} a\n".encode(), "fail, exit 1, others pass")
listed("an id with a combining mark", f"{MASK}\u0301 a\n".encode(), TWO)
listed("unlisted that fails beside", f"{OTHER} a\n".encode(), "fail, exit 1, others pass+unexpected-pass")


@attack("not green: refused, or judged by the new list")
def known_failures_changed_before_resuming(bench):
    path = bench.folder("list") / "known"
    path.write_text(f"{METRIC} known\n")
    later = "structure.metrics.none"
    cases = json.loads((pathlib.Path(bench.vectors) / "manifest.json").read_text())["cases"]
    ids = [case["id"] for case in cases if case["id"].startswith("structure.metrics")]
    later = ids[ids.index(METRIC) + 1] if METRIC != ids[-1] else None
    first, last = (METRIC, later) if later else (ids[-2], METRIC)
    path.write_text(f"{first} known\n")
    words = bench.actor("signals-runner", "--on", last, "--argument",
                        f"{int(signal.SIGTERM)}@{bench.folder()}/sent", "--wrong", first)
    run = Conform(bench, "--jobs", "1", "--only", METRICS, "--known-failures", path, candidate=words)
    if run.code != 130 or run.verdicts.get((first, "i64")) != "known-failure":
        return f"not shown: {run.of(first)}"
    path.write_text("# nothing is known any more\n")
    for _ in range(3):
        second = Conform(bench, "--jobs", "1", "--only", METRICS, "--known-failures", path, "--resume",
                         run.folder / "results.jsonl", folder=run.folder, candidate=words)
        if second.code != 130:
            break
    if second.code in (1, 2):
        return "not green: refused, or judged by the new list"
    return f"exit {second.code}, {second.verdicts.get((first, 'i64'))} of a list that no longer names it"


# Files of results that somebody forged.

def finished(bench, *words, candidate=None):
    return Conform(bench, "--only", METRICS, *words, candidate=candidate)


def dump(lines):
    return "".join(json.dumps(line, separators=(",", ":"), ensure_ascii=False) + "\n" for line in lines)


def forged(name, change, expected, resume=False):
    """A results file changed, then rendered, or resumed without its footer."""
    def function(bench):
        run = finished(bench)
        lines = json.loads(json.dumps(run.lines))
        text = change(lines if not resume else lines[:-1])
        path = bench.folder("forged") / "results.jsonl"
        path.write_bytes(text if isinstance(text, bytes) else dump(text).encode("utf-8", "surrogatepass"))
        out = bench.folder("out")
        if resume:
            second = Conform(bench, "--only", METRICS, "--resume", path, folder=out)
        else:
            second = Run(bench, "report", "render", path, "--output", out)
        found = second.said()
        if resume and second.code == 0:
            found += "; " + strangers(second.lines, run.lines)
        return found + (check_reports(out) if second.code != 2 and not second.trapped else "")
    ROWS.append((f"{'resumed' if resume else 'rendered'}: {name}", expected, function))


def strangers(lines, right):
    """What a run that went on took over and an uninterrupted one does not have."""
    keys = ("id", "dtype", "level", "op", "profile")
    places = [{tuple(line[key] for key in keys) for line in part if "verdict" in line} for part in (lines, right)]
    odd = sorted(places[0] ^ places[1])
    return f"taken over: {odd[0]}" if odd else "units as in an uninterrupted run"


def check_reports(folder):
    """What in a folder of reports does not parse."""
    bad = []
    for name, parse in (("report.json", strict), ("badge.json", strict),
                        ("junit.xml", xml.etree.ElementTree.fromstring)):
        try:
            parse((folder / name).read_text())
        except (OSError, ValueError, xml.etree.ElementTree.ParseError) as error:
            bad.append(f"{name}: {error}"[:80])
    return f"; {'; '.join(bad)}" if bad else "; reports parse"


def strict(text):
    def refuse(word):
        raise ValueError(f"{word} is no JSON")
    return json.loads(text, parse_constant=refuse)


def every(key, value):
    def change(lines):
        for line in lines:
            if key in line:
                line[key] = value
        return lines
    return change


def one(key, value, place=1):
    def change(lines):
        lines[place][key] = value
        return lines
    return change


RIGHT = "exit 0, no word; reports parse"
forged("seconds of 1e308 each", every("seconds", 1e308), RIGHT)
forged("noise of 2^63 - 1 each", every("noise", 2 ** 63 - 1), RIGHT)
forged("a time that is none", one("started", "9999-99-99T99:99:99Z", 0), TWO)
forged("a time of other digits", one("started", "\u0662026-11-21T04:00:00Z", 0), TWO)
forged("exit 0 that should be 1", lambda lines: one("verdict", "fail")(lines), TWO)
forged("a level that is none", one("level", "banana"), TWO)
forged("lines ending in CR LF", lambda lines: dump(lines).replace("\n", "\r\n").encode(), RIGHT)
forged("footer twice", lambda lines: lines + lines[-1:], TWO)
forged("header twice", lambda lines: lines[:1] + lines, TWO)
forged("a member twice", lambda lines: dump(lines).replace('"noise":0', '"noise":0,"noise":0', 1).encode(), TWO)
forged("a lone surrogate", lambda lines: dump(lines).replace('"why":""', '"why":"\\ud800"', 1).encode(), TWO)
forged("NUL bytes inside", lambda lines: dump(lines).replace("}\n", "}\0\n", 1).encode(), TWO)
forged("a gap of NUL bytes before the last line",
       lambda lines: dump(lines[:-1]).encode() + bytes(100) + dump(lines[-1:]).encode(), TWO)
forged("nothing", lambda lines: b"", TWO, resume=True)
forged("a line feed", lambda lines: b"\n", TWO, resume=True)
WENT_ON = "exit 0, no word; units as in an uninterrupted run; reports parse"
forged("a header and nothing", lambda lines: lines[:1], WENT_ON, resume=True)
forged("a unit that no case has", lambda lines: one("id", "structure.metrics.forged")(lines[:3]), TWO, resume=True)
forged("a unit of another level", lambda lines: one("level", "model")(lines[:3]), TWO, resume=True)
forged("a unit of another profile", lambda lines: one("profile", "numbering=sequential")(lines[:3]), TWO, resume=True)
forged("a unit of another type", lambda lines: one("dtype", "f16")(lines[:3]), WENT_ON, resume=True)
forged("a unit of another operation", lambda lines: one("op", "mask")(lines[:3]), TWO, resume=True)
forged("units in another order", lambda lines: lines[:1] + lines[:0:-1], WENT_ON, resume=True)
forged("another number of units", lambda lines: one("units", 3, 0)(lines[:3]), TWO, resume=True)
forged("another digest of bounds", lambda lines: one("bounds_sha256", "0" * 64, 0)(lines[:3]), TWO, resume=True)
forged("no bounds", lambda lines: one("bounds_sha256", None, 0)(lines[:3]), TWO, resume=True)


@attack("exit 0; reports parse")
def merged_shards_that_took_for_ever(bench):
    paths = []
    for index in (1, 2):
        run = finished(bench, "--shard", f"{index}/2")
        path = bench.folder("shard") / "results.jsonl"
        path.write_text(dump(every("seconds", 1.5e308)(run.lines)))
        paths.append(path)
    out = bench.folder("out")
    second = Run(bench, "report", "merge", *paths, "--output", out)
    return f"exit {second.code}" + (check_reports(out) if second.code == 0 else f": {second.errors.strip()[-120:]}")


@attack("exit 2, one line; the run's results are its own")
def rendered_into_a_folder_where_a_run_writes(bench):
    old, folder = finished(bench), bench.folder("report")
    process = bench.start("conform", "--jobs", "1", "--only", METRICS, "--report", folder, "--",
                          *bench.actor("sleeps-once", "--on", METRIC, "--argument", "3", "--tag", "new"))
    support.wait_until(lambda: (folder / "results.jsonl").exists())
    time.sleep(0.3)
    second = Run(bench, "report", "render", old.folder / "results.jsonl", "--output", folder)
    process.kill()
    process.communicate()
    lines = support.whole_lines(folder / "results.jsonl")
    own = lines and lines[0]["candidate"]["version"] == "new"
    return second.said() + f"; the run's results are {'its own' if own else 'replaced'}"


@attack("exit 0, no word; the same bytes")
def rendered_onto_itself(bench):
    run = finished(bench)
    before = support.tree(run.folder)
    second = Run(bench, "report", "render", run.folder / "results.jsonl", "--output", run.folder)
    return second.said() + ("; the same bytes" if support.tree(run.folder) == before else "; other bytes")


@attack("the same bytes, times aside")
def one_job_and_eight(bench):
    texts = []
    for jobs in ("1", "8"):
        words = bench.actor("exits-late", "--on", "stage.rope.far", "--wrong", "structure.mask.c[34]*")
        run = Conform(bench, "--jobs", jobs, candidate=words, folder=bench.folder("same"))
        for line in run.lines:
            for key in ("seconds", "started", "finished"):
                line.pop(key, None)
        texts.append([json.dumps(line) for line in run.lines if "crash" not in json.dumps(line)])
    a, b = (set(text) for text in texts)
    return "the same bytes, times aside" if len(a ^ b) <= 2 else f"{len(a ^ b)} lines differ"


# What the reports say, and the last line.

def claims(lines):
    """RUN-15 again, from the lines of a results file."""
    cells = collections.defaultdict(collections.Counter)
    for line in lines:
        if "verdict" in line:
            cells[line["level"], line["profile"], line["dtype"]][line["verdict"]] += 1
    statuses = collections.Counter()
    for counts in cells.values():
        fine = {"pass", "unsupported", "indeterminate", "not-run"}
        if set(counts) - fine:
            statuses["not met"] += 1
        elif counts["not-run"] or counts["indeterminate"]:
            statuses["open"] += 1
        elif set(counts) == {"unsupported"}:
            statuses["not claimed"] += 1
        elif counts["unsupported"]:
            statuses["narrowed"] += 1
        else:
            statuses["met"] += 1
    return statuses


def consistent(name, words, *options):
    """Last line, report.json, junit.xml and badge.json say the same as the lines of results."""
    def function(bench):
        run = Conform(bench, *options, candidate=bench.actor(*words(bench)))
        lines, bad = run.lines, []
        statuses, total = claims(lines), collections.Counter(support.verdicts(lines).values())
        report = json.loads((run.folder / "report.json").read_text())
        text = json.dumps(report)
        suite = xml.etree.ElementTree.fromstring((run.folder / "junit.xml").read_text())
        badge = json.loads((run.folder / "badge.json").read_text())
        met = f"{statuses['met']} of {sum(statuses.values())} claims met"
        for verdict, count in total.items():
            if f"{count} {verdict}" not in run.last:
                bad.append(f"last line lacks {count} {verdict}")
        for status, count in statuses.items():
            if status != "met" and f"{count} {status}" not in run.last:
                bad.append(f"last line lacks {count} {status}")
        bad += [f"{where} lacks '{met}'" for where, said in (("last line", run.last), ("badge", badge["message"]))
                if met not in said]
        bad += ["report.json has another line"] if json.dumps(run.last) not in text else []
        bad += ["junit.xml has another line"] if run.last not in "".join(suite.itertext()) else []
        tests = sum(1 for _ in suite.iter("testcase"))
        skipped = sum(total[v] for v in ("unsupported", "indeterminate", "known-failure"))
        failed = sum(total[v] for v in ("fail", "unexpected-pass", "wrong-rejection"))
        found = [tests] + [sum(1 for _ in suite.iter(tag)) for tag in ("skipped", "failure", "error")]
        right = [len(support.verdicts(lines)), skipped, failed, sum(total.values()) - total["pass"] - skipped - failed]
        bad += [f"junit.xml has {found}, right is {right}"] if found != right else []
        red = statuses["not met"] or run.code not in (0, 130) and "--require" in " ".join(map(str, options))
        colour = "red" if red else "lightgrey" if statuses["open"] or not statuses["met"] else \
            "brightgreen" if statuses["met"] == sum(statuses.values()) else "yellow"
        bad += [f"badge is {badge['color']}, right is {colour}"] if badge["color"] != colour else []
        return "; ".join(bad) or "all the same"
    ROWS.append((f"consistent: {name}", "all the same", function))


consistent("all right", lambda bench: ["none"], "--level", "structure")
consistent("some unsupported", lambda bench: ["none"])
consistent("a crash", lambda bench: ["crashes", "--on", METRIC], "--level", "structure")
consistent("a wrong code", lambda bench: ["unknown-code", "--on", "rejection.layout*"], "--level", "rejection")
consistent("wrong files and answers",
           lambda bench: ["one-missing", "--on", "stage.rope*", "--wrong", "structure.mask*"])
consistent("a demand that is not met", lambda bench: ["none"], "--require-all", "yes")
consistent("interrupted", lambda bench: ["signals-runner", "--on", MASK, "--argument", "15"], "--level", "structure")
consistent("a level given up", lambda bench: ["crashes", "--on", "structure.*"], "--level", "structure", "--jobs", "1")
consistent("nothing declared", lambda bench: ["declares-nothing"])


# Answers from elsewhere.

def answered(bench, change=lambda replies, folder: None, vectors=None):
    """Requests answered from memory, the answers changed, and judged."""
    folder = bench.folder("requests") / "d"
    Run(bench, "requests", folder, "--vectors", bench.vectors)
    manifest = json.loads((pathlib.Path(bench.vectors) / "manifest.json").read_text())
    cases = {case["id"]: case for case in manifest["cases"]}
    sys.path.insert(0, str(support.ROOT / "Tests/Candidates"))
    import hostile
    replies = []
    for line in (folder / "requests.jsonl").read_text().splitlines():
        request = json.loads(line)
        if request["cmd"] == "hello":
            hello = {**hostile.HELLO, "name": "actor"}
            replies.append({"loma": 1, "id": request["id"], "ok": hello})
        elif request["case"].startswith("structure"):
            case = cases[request["case"]]
            source = pathlib.Path(bench.vectors) / case["expected"]["path"]
            shutil.copy(source, folder / request["output"])
            replies.append({"loma": 1, "id": request["id"], "ok": {}})
    change(replies, folder)
    if not (folder / "answers.jsonl").exists():
        (folder / "answers.jsonl").write_text(dump(replies))
    out = bench.folder("judged")
    run = Run(bench, "judge", folder, "--report", out, "--vectors", vectors or bench.vectors)
    lines = support.whole_lines(out / "results.jsonl") if (out / "results.jsonl").exists() else []
    structure = sorted({v for (name, _), v in support.verdicts(lines).items() if name.startswith("structure")})
    return run, "+".join(structure)


def judged(name, change, expected):
    def function(bench):
        run, structure = answered(bench, change)
        return f"{run.said() if run.code in (2, 3, 4) or run.trapped else f'exit {run.code}'}; {structure}"
    ROWS.append((f"judged: {name}", expected, function))


def lines_changed(change):
    def function(replies, folder):
        (folder / "answers.jsonl").write_bytes(change(dump(replies).encode()))
    return function


def first_output(replace):
    def function(replies, folder):
        path = folder / f"{replies[1]['id']}.output.safetensors"
        data = path.read_bytes()
        path.unlink()
        replace(path, data)
    return function


judged("right", lambda replies, folder: None, "exit 1; pass")
judged("lines ending in CR LF", lines_changed(lambda data: data.replace(b"\n", b"\r\n")), "exit 1; pass")
judged("in another order", lambda replies, folder: random.Random(1).shuffle(replies), "exit 1; pass")
judged("hello twice", lambda replies, folder: replies.insert(0, replies[0]), "exit 2, one line; ")
judged("an id that no request has", lambda replies, folder: replies.append({"loma": 1, "id": 10 ** 6, "ok": {}}),
       "exit 1; pass")
judged("a FIFO", first_output(lambda path, data: os.mkfifo(path)), "exit 1; invalid-output+pass")
judged("a link to the right answer", first_output(lambda path, data: (
    path.with_suffix(".x").write_bytes(data), path.symlink_to(path.with_suffix(".x").name))),
       "exit 1; invalid-output+pass")
judged("a sparse terabyte", first_output(lambda path, data: (path.touch(), os.truncate(path, 1 << 40))),
       "exit 1; invalid-output+pass")
judged("the requests removed", lambda replies, folder: (folder / "requests.jsonl").unlink(), "exit 1; pass")


@attack("exit 2, one line")
def judged_by_other_vectors(bench):
    vectors = bench.folder("vectors")
    shutil.copytree(bench.vectors, vectors, dirs_exist_ok=True)
    manifest = json.loads((vectors / "manifest.json").read_text())
    del manifest["cases"][3]
    (vectors / "manifest.json").write_text(json.dumps(manifest))
    run, structure = answered(bench, vectors=vectors)
    return run.said() if run.code in (2, 4) else f"exit {run.code}; {structure}"


# The vectors.

def vectors_with(name, change, expected="exit 4, one line", words=("--only", METRICS)):
    def function(bench):
        vectors = bench.folder("vectors")
        shutil.copytree(bench.vectors, vectors, dirs_exist_ok=True)
        change(vectors)
        run = Run(bench, "conform", *words, "--vectors", vectors, "--", *bench.actor(), seconds=20)
        return run.said()
    ROWS.append((f"vectors: {name}", expected, function))


def replaced(name, make):
    def change(vectors):
        path = next(iter(sorted(vectors.glob(name))))
        path.unlink()
        make(path)
    return change


def rewritten(name, change):
    def function(vectors):
        path = vectors / name
        path.write_text(json.dumps(change(json.loads(path.read_text()))))
    return function


def all_bounds(value):
    def change(vectors):
        path = vectors / "bounds.json"
        path.write_text(re.sub(r'"-?0x[0-9a-f.]+p[+-]?\d+"', json.dumps(value), path.read_text()))
    return change


vectors_with("manifest.json is a FIFO", replaced("manifest.json", os.mkfifo))
vectors_with("manifest.json is /dev/zero", replaced("manifest.json", lambda path: path.symlink_to("/dev/zero")))
vectors_with("bounds.json is a FIFO", replaced("bounds.json", os.mkfifo))
vectors_with("bounds.json is a folder", replaced("bounds.json", os.mkdir))
vectors_with("bounds.json links to itself", replaced("bounds.json", lambda path: path.symlink_to(path.name)))
vectors_with("an answer is a FIFO", replaced("structure/metrics.all-wrong/expected.safetensors", os.mkfifo))
vectors_with("bounds of not a number", all_bounds("nan"))
vectors_with("bounds below zero", all_bounds("-0x1p-20"))
vectors_with("infinite bounds", all_bounds("inf"))
vectors_with("bounds of 0x1p+99999999999999999999", all_bounds("0x1p+99999999999999999999"))
vectors_with("a case twice", rewritten("manifest.json", lambda m: {**m, "cases": m["cases"] + m["cases"][:1]}))
vectors_with("no cases", rewritten("manifest.json", lambda m: {**m, "cases": []}))
vectors_with("a million retired", rewritten("manifest.json", lambda m: {**m, "retired": [["x"] * 1000] * 1000}))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    support.arguments(parser)
    parser.add_argument("--only", nargs="*", default=["*"], metavar="GLOB", help="names of attacks")
    options = parser.parse_args()
    bench, wrong_rows, count = support.Bench(options.loma, options.vectors), 0, 0
    print("| attack | expected | found | ok |\n|---|---|---|---|")
    try:
        for name, expected, function in ROWS:
            if not any(fnmatch.fnmatchcase(name, pattern) for pattern in options.only):
                continue
            try:
                found = function(bench)
            except Exception as error:  # An attack that cannot be made is a difference, too.
                found = f"{type(error).__name__}: {error}"
            good = found == expected or found.startswith("skipped")
            count, wrong_rows = count + 1, wrong_rows + (not good)
            cells = [re.sub(r"[\n|]", " ", cell)[:300] for cell in (name, expected, found)]
            print("| " + " | ".join(cells) + f" | {'yes' if good else '**no**'} |", flush=True)
    finally:
        bench.close()
    print(f"\n{count} attacks, {wrong_rows} differ")
    return 1 if wrong_rows else 0


if __name__ == "__main__":
    sys.exit(main())
