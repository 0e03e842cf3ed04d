#!/usr/bin/env python3
"""answer_requests.py keeps the deadlines of a folder of requests, and starts a silent port again. Plain Python 3, 20 s.

  python3 Tests/Candidates/check_requests.py

A port sleeps 1.7 s at its first and at its second request. With a deadline of 1 s in own.json the first may take 3 s
and is answered, the second is not; --time 3 answers both, and so do the 30 s of a folder about vectors.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

PORT = r"""
import json, sys, time
for number, line in enumerate(sys.stdin):
    time.sleep(1.7 if number in (1, 2) else 0)
    print('{"loma":1,"id":%d,"ok":{}}' % json.loads(line)["id"], flush=True)
"""


def answered(seconds, *given):
    """The requests that were answered, of 1, 2 and 3, in a folder whose own.json has these seconds, or is not there."""
    script = pathlib.Path(__file__).with_name("answer_requests.py")
    with tempfile.TemporaryDirectory(prefix="loma-requests-") as name:
        folder = pathlib.Path(name)
        (folder / "port.py").write_text(PORT)
        (folder / "requests.jsonl").write_text("".join(json.dumps({"loma": 1, "id": n}) + "\n" for n in range(4)))
        if seconds:
            own = {"loma_own": 1, "options": [], "sha256": "", "seconds": seconds}
            (folder / "own.json").write_text(json.dumps(own))
        subprocess.run(
            [sys.executable, script, name, *given, "--", sys.executable, folder / "port.py"], check=True,
            stdout=subprocess.DEVNULL)
        lines = (folder / "answers.jsonl").read_text().splitlines()
    return [json.loads(line)["id"] for line in lines][1:]


def main():
    # Behind the second, which was given up, a new process has its first request again.
    assert answered(1) == [1, 3], "own.json's deadline, three times as long for the first"
    assert answered(1, "--time", "3") == [1, 2, 3], "--time in the place of own.json's"
    assert answered(1, "--time", "1") == [], "--time holds for the first request, too"
    assert answered(None) == [1, 2, 3], "30 s for requests about vectors"
    print("deadlines: those of own.json, of --time and of vectors are kept")


if __name__ == "__main__":
    main()
