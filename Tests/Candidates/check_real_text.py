#!/usr/bin/env python3
"""Real text through two implementations: Hugging Face Llama (candidate_huggingface.py) and the reference.

  python Tests/Candidates/check_real_text.py --loma .build/debug/loma

The script lets Hugging Face write a model over bytes (256 text ids and two specials) with random weights in which
mistakes show. A paragraph goes through forward, generate and every chunk's reconstruct of both, asked by protocol 1 in
float64. Integers must be equal, numbers agree to a relative 1e-12. The tokens that `loma generate` prints for the same
text, and the number of right tokens that `loma reconstruct` prints, must be the same too. Exits with 1 otherwise.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import torch
from safetensors.numpy import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM

from check_reference import high_variance

LIMIT = 1e-12
TEXT = """The first thing the student does is read the page. Then she writes a few notes in the margin, no more than \
fit there, and closes the book. What she knows of the page now is what stands in her notes; and if they are good \
notes, she can say the page aloud from them, word for word: naïve or not, "quoted" or not, 1,024 letters or 7."""
NEW = 40
MODEL = "models/text"
SETTINGS = [  # c, t, profile
    (4, 2, {}), (2, 3, {"numbering": "sequential"}), (2, 2, {"numbering": "compressed"}),
    (3, 2, {"numbering": "generation"}),
    (8, 1, {"repetition_labels": "shifted", "repetition_context": "past_memories"})]


def write_model(directory):
    directory.parent.mkdir()
    config = LlamaConfig(
        vocab_size=258, hidden_size=48, intermediate_size=64, num_hidden_layers=3, num_attention_heads=6,
        num_key_value_heads=2, head_dim=8, rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": 1e4})
    model = LlamaForCausalLM(config).to(torch.float64)
    high_variance(model, 11)
    model.to(torch.float32).save_pretrained(directory)


class Peer:
    """A process that speaks protocol 1 in a folder."""

    def __init__(self, command, folder):
        self.folder, self.id = folder, 0
        self.process = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.name = self.ask({"cmd": "hello", "protocols": [1], "specification": "0.1"})["name"]

    def ask(self, message):
        self.id += 1
        self.process.stdin.write(json.dumps({"loma": 1, "id": self.id, **message}) + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith('{"loma":1'):
                reply = json.loads(line)
                assert reply["id"] == self.id and "ok" in reply, line
                return reply["ok"]
        raise SystemExit(f"the candidate ended with {self.process.wait()}")

    def tensors(self, message):
        output = self.folder / "output.safetensors"
        output.unlink(missing_ok=True)
        self.ask({**message, "output": output.name})
        return load_file(output)

    def stop(self):
        self.process.communicate(json.dumps({"loma": 1, "id": self.id + 1, "cmd": "stop"}) + "\n")


def difference(name, ours, theirs):
    """Relative to the largest value; infinite where integers or shapes differ."""
    if ours.shape != theirs.shape or ours.dtype != theirs.dtype:
        sys.exit(f"{name}: {ours.dtype} {ours.shape} and {theirs.dtype} {theirs.shape}")
    if ours.dtype != np.float64:
        return 0.0 if (ours == theirs).all() else np.inf
    return float(np.abs(ours - theirs).max(initial=0) / (np.abs(theirs).max(initial=0) or 1))


def printed(loma, command, folder, c, t, profile, *more):
    """What a command of `loma` says about the paragraph."""
    words = [loma, command, "--model", folder / MODEL, "--c", c, "--t", t, "--vocabulary", 256,
             "--file", folder / "text", "--profile", ",".join(f"{k}={v}" for k, v in profile.items()) or "base", *more]
    return subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True).stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loma", default=".build/debug/loma", help="the built command")
    loma = str(pathlib.Path(parser.parse_args().loma).absolute())
    text = list(TEXT.encode())
    worst, failed = {}, False
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        write_model(folder / MODEL)
        (folder / "text").write_bytes(bytes(text))
        save_file({"tokens": np.array(text), "lengths": np.array([len(text)])}, folder / "input.safetensors")
        candidate = pathlib.Path(__file__).resolve().parent / "candidate_huggingface.py"
        peers = [Peer([loma, "reference"], folder), Peer([sys.executable, str(candidate)], folder)]
        for c, t, profile in SETTINGS:
            params = {"c": c, "t": t, "text_vocabulary": 256, "memory_token": 256, "repetition_token": 257,
                      "model_vocabulary": 258}
            chunks = len(text) // (c * t)
            asked = [("forward", {}), ("generate", {"generate": NEW})]
            asked += [("reconstruct", {"chunk": k}) for k in (0, chunks - 1)]
            for op, more in asked:
                message = {"cmd": "run", "case": "real-text", "op": op, "dtype": "f64", "profile": profile,
                           "params": params | more, "model": MODEL, "input": "input.safetensors", "capture": []}
                ours, theirs = (peer.tensors(message) for peer in peers)
                if set(ours) != set(theirs):
                    sys.exit(f"{op}: {sorted(ours)} and {sorted(theirs)}")
                for name in ours:
                    off = difference(f"{op} {name}", theirs[name], ours[name])
                    worst[op] = max(worst.get(op, 0), off)
                    if off > LIMIT:
                        failed = True
                        print(f"FAIL {op} {more} c={c} t={t} {profile}: {name} differs by {off:.1e}")
                if op == "generate":
                    said = printed(loma, op, folder, c, t, profile, "--generate", NEW)
                    wanted = "tokens " + ",".join(map(str, theirs["chosen"].tolist()))
                elif op == "reconstruct":
                    said = printed(loma, op, folder, c, t, profile, "--chunk", more["chunk"])
                    own = more["chunk"] * c * t
                    right = int((theirs["tokens"] == text[own : own + c * t]).sum())
                    wanted = f"token repetition accuracy {right}/{c * t} "
                if op != "forward" and wanted not in said:
                    failed = True
                    print(f"FAIL loma {op} {more} c={c} t={t} {profile} does not say {wanted}:\n{said}")
        names = " and ".join(peer.name for peer in peers)
        for peer in peers:
            peer.stop()
    print(f"{names}: {len(text)} bytes of text, {len(SETTINGS)} settings, limit {LIMIT:.0e}: "
          + ", ".join(f"{op} {off:.1e}" for op, off in worst.items()) + (": FAILED" if failed else ": ok"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
