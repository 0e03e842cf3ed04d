"""A checkpoint of 1.1 billion random bfloat16 weights in TinyLlama's shape (2.2 GB, four shards), and runs of `loma generate` on
it."""

import json
import pathlib
import resource
import struct
import subprocess
import sys
import tempfile
import time

import numpy as np

VOCABULARY, HIDDEN, INTERMEDIATE, LAYERS, HEADS, KV_HEADS = 32_000, 2048, 5632, 22, 32, 4
MODEL_VOCABULARY = VOCABULARY + 2
SHARDS = 4
LIMIT = 0.5e9

CONFIGURATION = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "torch_dtype": "bfloat16", "hidden_act": "silu",
    "vocab_size": MODEL_VOCABULARY, "hidden_size": HIDDEN, "intermediate_size": INTERMEDIATE,
    "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "num_key_value_heads": KV_HEADS,
    "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "tie_word_embeddings": False, "max_position_embeddings": 2048,
    "loma": {"text_vocabulary": VOCABULARY, "compression_ratio": 4, "memory_length": 2},
}


def shapes():
    kv_width = HIDDEN // HEADS * KV_HEADS
    yield "model.embed_tokens.weight", (MODEL_VOCABULARY, HIDDEN)
    for layer in range(LAYERS):
        for name, shape in {
            "input_layernorm": (HIDDEN,), "self_attn.q_proj": (HIDDEN, HIDDEN), "self_attn.k_proj": (kv_width, HIDDEN),
            "self_attn.v_proj": (kv_width, HIDDEN), "self_attn.o_proj": (HIDDEN, HIDDEN),
            "post_attention_layernorm": (HIDDEN,), "mlp.gate_proj": (INTERMEDIATE, HIDDEN),
            "mlp.up_proj": (INTERMEDIATE, HIDDEN), "mlp.down_proj": (HIDDEN, INTERMEDIATE),
        }.items():
            yield f"model.layers.{layer}.{name}.weight", shape
    yield "model.norm.weight", (HIDDEN,)
    yield "lm_head.weight", (MODEL_VOCABULARY, HIDDEN)


def write_model(folder):
    """One tensor in memory at a time; weights are slices of one block of random numbers."""
    random = np.random.default_rng(1)
    block = random.standard_normal(1 << 26, dtype=np.float32)
    tensors = list(shapes())
    index = {}
    for shard in range(SHARDS):
        part = tensors[len(tensors) * shard // SHARDS : len(tensors) * (shard + 1) // SHARDS]
        file = f"model-{shard + 1:05}-of-{SHARDS:05}.safetensors"
        header, end = {}, 0
        for name, shape in part:
            begin, end = end, end + 2 * int(np.prod(shape))
            header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [begin, end]}
            index[name] = file
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        with open(folder / file, "wb") as out:
            out.write(struct.pack("<Q", len(text)) + text)
            for name, shape in part:
                count = int(np.prod(shape))
                # The start only varies the numbers: the largest tensor is a little smaller than the block.
                start = int(random.integers(0, block.size - count))
                scale = 1.0 if "embed" in name else 1.5 / shape[-1] ** 0.5
                values = block[start : start + count] * np.float32(scale)
                if len(shape) == 1:
                    values = 1 + np.float32(0.1) * block[start : start + count]
                out.write((values.view(np.uint32) >> 16).astype("<u2").tobytes())
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": index}))
    (folder / "config.json").write_text(json.dumps(CONFIGURATION))


def anonymous_bytes(process):
    try:
        for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


class Run:
    """One `loma generate`: seconds, CPU seconds (user and system), the largest anonymous memory seen every 5 ms, output."""

    def __init__(self, loma, folder, prompt, tokens, options=()):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        process = subprocess.Popen(
            [loma, "generate", "--model", folder, "--tokens", ",".join(map(str, prompt)), "--generate", str(tokens), *options],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.peak = 0
        while process.poll() is None:
            self.peak = max(self.peak, anonymous_bytes(process))
            time.sleep(0.005)
        self.seconds = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        self.output = process.stdout.read()
        if process.returncode or not self.output.startswith("tokens "):
            sys.exit(f"loma generate failed: {self.output}")

    @property
    def tokens(self):
        return [int(word) for word in self.output.split()[1].split(",")]


def kept_or_temporary(model):
    """A context whose value is the folder of the model: the one named, or a temporary one."""
    return tempfile.TemporaryDirectory() if model is None else _Kept(model)


class _Kept:
    def __init__(self, model):
        self.model = model

    def __enter__(self):
        self.model.mkdir(parents=True, exist_ok=True)
        return self.model

    def __exit__(self, *error):
        pass


def written(folder):
    """The folder, with the model in it."""
    folder = pathlib.Path(folder)
    if not (folder / "config.json").exists():
        write_model(folder)
    return folder
