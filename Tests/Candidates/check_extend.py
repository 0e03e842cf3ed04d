#!/usr/bin/env python3
"""`loma extend` on directories as people have them, loaded again by transformers.

Directories of the shape of Qwen2, Qwen3, Llama 3 and Mistral are made on the spot, with tokenizers that the tokenizers
package trains: byte-level BPE, and one after SentencePiece's manner. What `loma extend` makes of them is read by
AutoTokenizer and AutoModelForCausalLM, and by a reader of safetensors written here; none of them shares code with what
is checked.

    python3 Tests/Candidates/check_extend.py --loma .build/debug/loma
"""

import argparse
import json
import math
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import torch
import transformers
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM
from transformers import MistralConfig, MistralForCausalLM, Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM

transformers.utils.logging.disable_progress_bar()

MEMORY, REPETITION = "<|loma_memory|>", "<|loma_repetition|>"
WORDS = ("the a of memory chunk reads writes token row seven 1984 3.14 naïve Größe été 記憶 トークン память 🙂 {x} <m> <r> "
         "</s> \\frac == != don't I'll\tend").split(" ")


def texts(count):
    """Texts with what tokenizers treat apart: digits, accents, other scripts, runs of white space, lines, markup."""
    numbers = random.Random(20)
    made = ["", " ", "\n\n", "<m>", "<|loma"]
    while len(made) < count:
        made.append("".join(numbers.choice(WORDS) + numbers.choice([" ", " ", "  ", "\n", ""])
                            for _ in range(numbers.randrange(1, 24))))
    return made


def trained(special, vocabulary):
    """A byte-level BPE tokenizer with this many entries, and special tokens behind them."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(texts(400), trainer)
    assert tokenizer.get_vocab_size() == vocabulary
    tokenizer.add_special_tokens(special)
    return tokenizer


def listed(tokenizer):
    """`added_tokens_decoder` as transformers 4 and 5 write it."""
    tokens = json.loads(tokenizer.to_str())["added_tokens"]
    return {str(t["id"]): {k: v for k, v in t.items() if k != "id"} for t in tokens}


SIZES = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
             max_position_embeddings=32768)


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def qwen2(folder, rows_beyond):
    """Qwen2: biases, a tied table of some rows more than the tokenizer has ids, bf16 in shards, files as published.

    Its model_max_length is transformers' default for a tokenizer that was given none, which no 64-bit integer holds.
    """
    tokenizer = trained(["<|endoftext|>", "<|im_start|>", "<|im_end|>"], 400)
    config = Qwen2Config(
        **SIZES, vocab_size=403 + rows_beyond, tie_word_embeddings=True, rms_norm_eps=1e-6, bos_token_id=400,
        eos_token_id=402, rope_parameters={"rope_type": "default", "rope_theta": 1000000.0})
    torch.manual_seed(1)
    model = Qwen2ForCausalLM(config).to(torch.bfloat16)
    model.generation_config.update(do_sample=True, top_p=0.8, eos_token_id=[402, 400], pad_token_id=400)
    model.save_pretrained(folder, max_shard_size="40KB")
    tokenizer.save(str(folder / "tokenizer.json"))
    write_json(folder / "tokenizer_config.json", {
        "add_prefix_space": False, "added_tokens_decoder": listed(tokenizer),
        "additional_special_tokens": ["<|im_start|>", "<|im_end|>"], "bos_token": None,
        "chat_template": "{% for m in messages %}<|im_start|>{{ m.content }}<|im_end|>{% endfor %}",
        "eos_token": "<|im_end|>", "model_max_length": int(1e30), "pad_token": "<|endoftext|>",
        "tokenizer_class": "Qwen2Tokenizer", "unk_token": None})
    (folder / "LICENSE").write_text("of the model\n")
    (folder / "pytorch_model.bin").write_bytes(b"not weights that anybody should copy")


def llama3(folder):
    """Llama 3.1: scaled rotation, an untied head, one file with norms in f32, a tokenizer that begins every text."""
    reserved = [f"<|reserved_special_token_{i}|>" for i in range(13)]
    tokenizer = trained(["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"] + reserved, 512)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|begin_of_text|> $A", special_tokens=[("<|begin_of_text|>", 512)])
    config = LlamaConfig(
        **SIZES, vocab_size=528, bos_token_id=512, eos_token_id=[513, 514], rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0,
                         "high_freq_factor": 4.0, "original_max_position_embeddings": 8192})
    torch.manual_seed(2)
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
    tensors = load_file(folder / "model.safetensors")
    save_file({name: tensor.float() if "norm" in name else tensor for name, tensor in tensors.items()},
              folder / "model.safetensors", metadata={"format": "pt"})
    # Members in an order of their own, one that nobody knows, and numbers that a writer would spell otherwise.
    text = json.dumps(json.loads((folder / "config.json").read_text()), indent=4)
    odd = '{\n    "made_by": {"version": 1.50e0, "steps": 10000000000000000000.0},'
    (folder / "config.json").write_text(text.replace("{", odd, 1))
    tokenizer.save(str(folder / "tokenizer.json"))
    write_json(folder / "tokenizer_config.json", {
        "added_tokens_decoder": listed(tokenizer), "bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>",
        "model_input_names": ["input_ids", "attention_mask"], "tokenizer_class": "PreTrainedTokenizerFast"})
    write_json(folder / "special_tokens_map.json", {
        "bos_token": {"content": "<|begin_of_text|>", "special": True}, "eos_token": "<|eot_id|>"})
    (folder / "chat_template.jinja").write_text("{{ messages[0].content }}\n")
    (folder / "original").mkdir()


def qwen3(folder):
    """Qwen3: norms of queries and keys, heads wider than D/H, an untied head."""
    tokenizer = trained(["<|endoftext|>", "<|im_start|>", "<|im_end|>"], 400)
    config = Qwen3Config(**SIZES, head_dim=16, vocab_size=448, tie_word_embeddings=False, eos_token_id=402)
    torch.manual_seed(3)
    Qwen3ForCausalLM(config).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    write_json(folder / "tokenizer_config.json", {
        "added_tokens_decoder": listed(tokenizer), "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>",
        "extra_special_tokens": ["<|im_start|>"], "tokenizer_class": "Qwen2Tokenizer"})


def mistral(folder):
    """Mistral 7B: a window, a tokenizer after SentencePiece's manner with its special tokens first."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    first = ["<unk>", "<s>", "</s>"]
    trainer = trainers.BpeTrainer(
        vocab_size=700, special_tokens=first + [f"<0x{byte:02X}>" for byte in range(256)], show_progress=False)
    tokenizer.train_from_iterator(texts(400), trainer)
    value = json.loads(tokenizer.to_str())
    value["added_tokens"] = value["added_tokens"][:3]  # Pieces of bytes are ordinary entries.
    (folder / "tokenizer.json").write_text(json.dumps(value, ensure_ascii=False))
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert tokenizer.get_vocab_size() == 700
    config = MistralConfig(**SIZES, head_dim=16, vocab_size=700, sliding_window=4096, bos_token_id=1, eos_token_id=2)
    torch.manual_seed(4)
    MistralForCausalLM(config).to(torch.float16).save_pretrained(folder)
    write_json(folder / "tokenizer_config.json", {
        "add_bos_token": True, "add_eos_token": False, "added_tokens_decoder": listed(tokenizer), "bos_token": "<s>",
        "eos_token": "</s>", "unk_token": "<unk>", "legacy": False, "tokenizer_class": "LlamaTokenizer"})


def slow(folder):
    """The same Qwen2 with vocab.json and merges.txt in the place of tokenizer.json."""
    qwen2(folder, 13)
    model = json.loads((folder / "tokenizer.json").read_text())["model"]
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.json").write_text(json.dumps(model["vocab"], ensure_ascii=False))
    merges = [m if isinstance(m, str) else " ".join(m) for m in model["merges"]]
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2"] + merges) + "\n")


def plain(folder):
    """tokenizer.json alone, its vocabulary short of the table by one row."""
    qwen2(folder, 1)
    (folder / "tokenizer_config.json").unlink()


def stored(folder):
    """Every tensor: dtype, shape and bytes, read from the format's description alone."""
    found = {}
    for path in sorted(folder.glob("*.safetensors")):
        data = path.read_bytes()
        length = int.from_bytes(data[:8], "little")
        header = json.loads(data[8:8 + length])
        assert header.pop("__metadata__") == {"format": "pt"}, path
        for name, entry in header.items():
            begin, end = (8 + length + offset for offset in entry["data_offsets"])
            assert name not in found
            found[name] = (path.name, entry["dtype"], entry["shape"], data[begin:end])
    return found


def extend(loma, old, new, *more):
    return subprocess.run([loma, "extend", "--model", old, "--output", new, "--c", "4", "--t", "8", *more],
                          capture_output=True, text=True)


TYPES = {"BF16": torch.bfloat16, "F16": torch.float16, "F32": torch.float32}


def widened(entry):
    """The values of a tensor as float64."""
    _, dtype, shape, data = entry
    return torch.frombuffer(bytearray(data), dtype=TYPES[dtype]).double().numpy().reshape(shape)


def check_weights(old, new, size, rows):
    before, after = stored(old), stored(new)
    assert before.keys() == after.keys()
    tables = [n for n in before if n in ("model.embed_tokens.weight", "lm_head.weight")]
    for name, entry in before.items():
        if name not in tables:
            assert after[name] == entry, name
            continue
        file, dtype, (_, width), data = after[name]
        assert (file, dtype, width) == (entry[0], entry[1], entry[2][1]) and after[name][2][0] == rows
        row = len(data) // rows
        assert data[:size * row] == entry[3][:size * row]
        assert data[(size + 2) * row:] == entry[3][(size + 2) * row:]
        # The mean by another route: torch rounds a float64 to the table's type.
        total = np.zeros(width)
        for values in widened(entry)[:size]:
            total += values
        mean = torch.from_numpy(total / size).to(TYPES[dtype]).view(torch.uint8).numpy().tobytes()
        assert data[size * row:(size + 2) * row] == mean + mean, name
    index = new / "model.safetensors.index.json"
    assert index.exists() == (old / index.name).exists()
    if index.exists():
        content = json.loads(index.read_text())
        assert content["weight_map"] == {name: entry[0] for name, entry in after.items()}
        metadata = json.loads((old / index.name).read_text())["metadata"]
        assert content["metadata"].keys() == metadata.keys() and "total_parameters" in metadata, metadata
        assert content["metadata"]["total_size"] == sum(len(entry[3]) for entry in after.values())
        # transformers counts a tied table once, as it is stored.
        assert content["metadata"]["total_parameters"] == sum(math.prod(entry[2]) for entry in after.values())
    return len(before) - len(tables)


def check_config(old, new, size, rows):
    before, after = ((folder / "config.json").read_text() for folder in (old, new))
    members = json.loads(after)
    assert members.pop("loma") == {
        "text_vocabulary": size, "memory_token": size, "repetition_token": size + 1, "compression_ratio": 4,
        "memory_length": 8, "profile": {}}
    assert members.pop("vocab_size") == rows
    expected = json.loads(before)
    grown = expected.pop("vocab_size")
    assert list(members.items()) == list(expected.items()), "members and their order"
    # Character by character: taking out what was put in gives the old text.
    start = after.index('"loma"')
    start = after.rindex(",", 0, start)
    end = after.index("}}", start) + 2
    assert (after[:start] + after[end:]).replace(f'"vocab_size": {rows}', f'"vocab_size": {grown}') == before


def check_tokenizer(old, new, size, contents, spare):
    before, after = AutoTokenizer.from_pretrained(old), AutoTokenizer.from_pretrained(new)
    assert len(before) == size and len(after) == size + 2, (len(before), len(after), size)
    assert after.convert_tokens_to_ids(contents) == [size, size + 1]
    assert after.encode("".join(contents), add_special_tokens=False) == [size, size + 1]
    assert after.encode(f"a{contents[0]}b", add_special_tokens=False)[1] == size
    assert after.decode(after.encode(f"a{contents[1]}b", add_special_tokens=False), skip_special_tokens=True) == "ab"
    count = 0
    for text in texts(1000):
        # The characters of a token are that token: with --tokens '<m>,<r>' these texts are no text tokens any more.
        if any(content in text for content in contents):
            continue
        assert before.encode(text) == after.encode(text), text
        assert before.encode(text, add_special_tokens=False) == after.encode(text, add_special_tokens=False), text
        count += 1
    assert before.model_max_length == after.model_max_length
    assert before.chat_template == after.chat_template and before.eos_token == after.eos_token
    if (new / "tokenizer_config.json").exists():
        assert set(contents) <= set(after.all_special_tokens)
    after.save_pretrained(spare)
    again = AutoTokenizer.from_pretrained(spare)
    assert len(again) == size + 2 and again.convert_tokens_to_ids(contents) == [size, size + 1]
    assert all(again.encode(text) == after.encode(text) for text in texts(200))
    return count


def check_model(old, new, size, rows, spare):
    before = AutoModelForCausalLM.from_pretrained(old, dtype="auto")
    after, info = AutoModelForCausalLM.from_pretrained(new, dtype="auto", output_loading_info=True)
    assert not any(info[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys")), info
    assert type(after) is type(before) and after.config.vocab_size == rows
    assert after.get_input_embeddings().weight.shape[0] == after.lm_head.weight.shape[0] == rows
    ids = torch.tensor([[1, 5, 9, size - 1, 0, 77]])
    with torch.no_grad():
        a, b = before(ids).logits, after(ids).logits
        # The matrix product may group its sums by the number of columns, so the head is compared row by row.
        hidden = [model.model(ids).last_hidden_state for model in (before, after)]
    assert torch.equal(*hidden)
    assert torch.allclose(a[..., :size].float(), b[..., :size].float(), rtol=2e-2, atol=2e-2)
    assert torch.equal(b[..., size], b[..., size + 1]), "equal rows cannot be told apart"
    assert after.generation_config.to_dict() == before.generation_config.to_dict()
    after.save_pretrained(spare)
    config = json.loads((spare / "config.json").read_text())
    assert config["loma"]["memory_token"] == size and config["vocab_size"] == rows


def check(loma, work, name, make, size, rows, contents=None):
    old, new, spare = (work / f"{name}-{part}" for part in ("old", "new", "saved"))
    old.mkdir()
    make(old)
    more = ["--tokens", ",".join(contents)] if contents else []
    contents = contents or [MEMORY, REPETITION]
    result = extend(loma, old, new, *more)
    assert result.returncode == 0, result.stderr
    assert f"<m> is {size}, <r> is {size + 1}: written to {new}" in result.stdout, result.stdout
    assert sorted(p.name for p in work.glob("*.partial")) == []
    same = check_weights(old, new, size, rows)
    check_config(old, new, size, rows)
    edited = {"config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors.index.json"}
    for path in new.iterdir():
        if path.name not in edited and path.suffix != ".safetensors":
            assert path.read_bytes() == (old / path.name).read_bytes(), path.name
    left = {p.name for p in old.iterdir()} - {p.name for p in new.iterdir()}
    assert left <= {"pytorch_model.bin", "original"} and all(entry in result.stdout for entry in left)
    count = check_tokenizer(old, new, size, contents, spare)
    check_model(old, new, size, rows, spare)
    again = extend(loma, new, work / "again", *more)
    assert again.returncode == 2 and "known-token" in again.stderr, again
    print(f"{name}: <m> = {size}, <r> = {size + 1}, vocab_size {rows}; {same} other tensors byte for byte, "
          f"{count} texts with the ids they had")
    return old


def refused(loma, work, name, old, change, word):
    """A directory that cannot be extended: the word of its refusal, and nothing written."""
    folder = work / f"refused-{name}"
    shutil.copytree(old, folder)
    change(folder)
    result = extend(loma, folder, work / "never")
    assert result.returncode == 2 and f"loma: {word}: " in result.stderr, (name, result)
    assert not (work / "never").exists() and not list(work.glob("*.partial"))
    print(f"{name}: {result.stderr.strip()}")


def edited(file, change):
    def apply(folder):
        value = json.loads((folder / file).read_text())
        change(value)
        write_json(folder / file, value)
    return apply


def beyond_a_gap(value):
    last = value["added_tokens"][-1]
    value["added_tokens"].append({**last, "id": last["id"] + 5, "content": "<far>"})


def hole(value):
    vocabulary = value["model"]["vocab"]
    vocabulary[max(vocabulary, key=vocabulary.get)] += 4
    value["added_tokens"].clear()


def check_swap(loma, work):
    """A port that swaps <m> and <r> cannot be told where their rows are equal, and is named on a copy of --rows."""
    models = pathlib.Path(__file__).resolve().parents[2] / "Vectors" / "models"
    said = {}
    for name, more in [("equal", []), ("apart", ["--rows", "65,101"])]:
        result = extend(loma, models / "bytes", work / name, *more)
        assert result.returncode == 0, result.stderr
        asked = ["--model", work / name, "--c", "4", "--t", "2", "--dtype", "f32", "--name", "all",
                 "--only", "own.forward*"]
        result = subprocess.run(
            [loma, "conform", *asked, "--", loma, "reference", "--dtypes", "f32", "--mutant", "M012"],
            capture_output=True, text=True)
        said[name] = (result.returncode, next((l for l in result.stdout.splitlines() if l.startswith("f32: ")), ""))
    assert said["equal"][0] == 0 and said["equal"][1].startswith("f32: right up to M012"), said
    assert said["apart"][0] == 1 and said["apart"][1].startswith("f32: wrong: M012"), said
    print(f"<m> and <r> swapped: {said['equal'][1]}; on a copy: {said['apart'][1]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loma", required=True)
    loma = str(pathlib.Path(parser.parse_args().loma).absolute())
    work = pathlib.Path(tempfile.mkdtemp(prefix="loma-extend-"))
    try:
        padded = check(loma, work, "qwen2-padded", lambda folder: qwen2(folder, 29), 403, 432)
        check(loma, work, "qwen2-padded-by-two", lambda folder: qwen2(folder, 2), 403, 405, ["<m>", "<r>"])
        check(loma, work, "qwen2-one-row-spare", plain, 403, 405)
        check(loma, work, "qwen2-slow-files", slow, 403, 416)
        check(loma, work, "llama3-full", llama3, 528, 530)
        check(loma, work, "qwen3-padded", qwen3, 403, 448)
        check(loma, work, "mistral-full", mistral, 700, 702)
        # A token beyond a gap, as it is listed and as tokenizers number it.
        far = json.loads((padded / "tokenizer.json").read_text())
        beyond_a_gap(far)
        assert Tokenizer.from_str(json.dumps(far)).token_to_id("<far>") == 403 != far["added_tokens"][-1]["id"]
        refused(loma, work, "gap", padded, edited("tokenizer.json", beyond_a_gap), "tokenizer-renumbers")
        refused(loma, work, "hole", padded, edited("tokenizer.json", hole), "tokenizer-gap")
        settings = "tokenizer_config.json"
        refused(loma, work, "lists-disagree", padded, edited(
            settings, lambda value: value["added_tokens_decoder"].pop("402")), "tokenizer-files-disagree")
        refused(loma, work, "unlisted-pad", padded, edited(
            settings, lambda value: value.update(pad_token="<pad>")), "unlisted-token")
        short = work / "one-row-short"
        short.mkdir()
        qwen2(short, -1)
        refused(loma, work, "too-many-ids", short, lambda folder: None, "tokenizer-beyond-vocabulary")
        refused(loma, work, "code-elsewhere", padded, edited(
            "config.json", lambda value: value.update(auto_map={"AutoModel": "x.Y"})), "unsupported-configuration")
        check_swap(loma, work)
    finally:
        shutil.rmtree(work)
    print(f"transformers {transformers.__version__} reads what loma extend writes")


if __name__ == "__main__":
    sys.exit(main())
