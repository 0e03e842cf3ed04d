"""A tied head that is stored all the same (MOD-6): what transformers makes of it, and what is refused here.

transformers 5 ties the head to the embedding if both are stored with the same numbers. If they differ it computes with
the stored head and warns (`tie_weights` of modeling_utils.py). A program that drops the stored head computes something
else from the same directory, so it is refused. Shown on transformers' own models: what it computes of the directory is,
bit for bit, what it computes of the same files with `tie_word_embeddings` false.
"""

import shutil
import subprocess

import family_models
import loma_model
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

HEAD, TABLE = "lm_head.weight", "model.embed_tokens.weight"
NAMES = ("llama 3.2, tied", "qwen2, yarn, tied")
TOKENS = torch.tensor([[3, 1, 4, 1, 5]])


def copied(source, directory, head, tied):
    """The directory with a stored head."""
    shutil.copytree(source, directory)
    path = directory / "model.safetensors"
    save_file({**load_file(path), HEAD: head}, path, metadata={"format": "pt"})
    family_models.rewrite(directory, lambda found: found | {"tie_word_embeddings": tied})
    return directory


def logits(directory):
    with torch.no_grad():
        return AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float64).eval()(TOKENS).logits


def traced(loma, directory):
    """Exit code, message, and the logits of `loma trace`, or None."""
    output = directory / "trace.safetensors"
    words = [loma, "trace", "--model", directory, "--c", 2, "--t", 2, "--vocabulary", family_models.TEXT_VOCABULARY,
             "--memory-token", family_models.MEMORY, "--repetition-token", family_models.REPETITION,
             "--tokens", "3,1,4,1,5", "--output", output]
    run = subprocess.run([str(word) for word in words], capture_output=True, check=False, text=True)
    return run.returncode, run.stderr, load_file(output) if output.is_file() else None


def check(scratch, loma):
    """The problems of tied models of two families."""
    problems = []

    def holds(name, truth):
        if not truth:
            problems.append(f"tied heads, {name}")

    for seed, name in enumerate(NAMES):
        bare = family_models.write(scratch / f"tied{seed}", family_models.FAMILIES[name], seed, layers=2)
        table = load_file(bare / "model.safetensors")[TABLE]
        changed = table.clone()
        changed[-1, -1] += 1
        same = copied(bare, scratch / f"tied{seed}-same", table.clone(), True)
        other = copied(bare, scratch / f"tied{seed}-other", changed, True)
        untied = copied(bare, scratch / f"tied{seed}-untied", changed, False)
        holds(f"{name}: transformers stores a head", HEAD not in load_file(bare / "model.safetensors"))
        holds(f"{name}: transformers and the same head", torch.equal(logits(same), logits(bare)))
        holds(f"{name}: transformers drops another head", not torch.equal(logits(other), logits(bare)))
        holds(f"{name}: transformers ties another head", torch.equal(logits(other), logits(untied)))
        for directory, code in ((bare, None), (same, None), (other, "unsupported-configuration"), (untied, None)):
            holds(f"{directory.name}: Python", loma_model.refusal(directory, loma_model.FAMILIES) == code)
        if not loma:
            continue
        codes = {directory: traced(loma, directory) for directory in (bare, same, other, untied)}
        holds(f"{name}: loma refuses one", [codes[one][0] for one in (bare, same, untied)] == [0, 0, 0])
        holds(f"{name}: loma and the same head", all(
            torch.equal(tensor, codes[same][2].get(key)) for key, tensor in codes[bare][2].items()))
        words = ("unsupported-configuration", "tie_word_embeddings", HEAD, f"row {len(table) - 1} differs")
        holds(f"{name}: loma says {codes[other][1]}", codes[other][0] == 2 and all(w in codes[other][1] for w in words))
    print(f"tied heads that are stored all the same: {len(NAMES)} models", flush=True)
    return problems
