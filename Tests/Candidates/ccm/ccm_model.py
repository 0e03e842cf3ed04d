"""The files of CCM-22: the base of MOD-1 with its adapter, why they are refused, and random ones for checks."""

import json
import pathlib
import sys

import numpy as np
from safetensors.numpy import load_file, save_file

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "port"))

import loma_model
import numpy_llama
import rotations
import stages
import tensors

PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj")
EMBEDDINGS = "base_model.model.model.embed_tokens.comp_embeddings.weight"
ABSENT = object()
PLAIN = {  # a key of adapter_config.json that would change the arithmetic, and the values that do not (CCM-22)
    "peft_type": ("LORA",), "bias": ("none",), "fan_in_fan_out": (False, ABSENT), "use_rslora": (False, ABSENT),
    "use_dora": (False, ABSENT), "rank_pattern": ({}, None, ABSENT),
    "alpha_pattern": ({}, None, ABSENT), "modules_to_save": ([], None, ABSENT),
    "layers_to_transform": ([], None, ABSENT), "layers_pattern": ([], "", None, ABSENT)}


def is_plain(value, values):
    """Whether a value is one of some; 0 is not false."""
    return any(type(value) is type(other) and value == other for other in values)


def adapter_name(layer, projection, part):
    """The name of lora_A or lora_B of one projection."""
    return f"base_model.model.model.layers.{layer}.self_attn.{projection}.lora_{part}.weight"


def adapter_config(directory):
    return json.loads((pathlib.Path(directory) / "adapter" / "adapter_config.json").read_text())


def adapter_shapes(config, rank):
    """Names and shapes of the low-rank matrices for the sizes of a base."""
    d, width = config["head_dim"], config["hidden_size"]
    q, kv = config["num_attention_heads"] * d, config["num_key_value_heads"] * d
    sizes = {"q_proj": (width, q), "k_proj": (width, kv), "v_proj": (width, kv), "o_proj": (q, width)}
    shapes = {}
    for layer in range(config["num_hidden_layers"]):
        for projection, (wide, high) in sizes.items():
            shapes[adapter_name(layer, projection, "A")] = (rank, wide)
            shapes[adapter_name(layer, projection, "B")] = (high, rank)
    return shapes


def refusal(directory, params, profile):
    """The code with which a model is refused, or None; the order is that of Spec/peers-rejections.md."""
    directory = pathlib.Path(directory)
    if code := loma_model.refusal(directory):
        return code
    config = loma_model.settings(directory)
    if params["text_vocabulary"] != config["vocab_size"]:
        return "vocabulary-mismatch"
    adapter = adapter_config(directory)
    if any(not is_plain(adapter.get(key, ABSENT), values) for key, values in PLAIN.items()):
        return "unsupported-adapter"
    if sorted(adapter.get("target_modules") or []) != sorted(PROJECTIONS):
        return "unsupported-adapter"
    rank, alpha = adapter.get("r"), adapter.get("lora_alpha")
    is_number = isinstance(alpha, (int, float)) and not isinstance(alpha, bool)
    if not isinstance(rank, int) or rank < 1 or not is_number:
        return "invalid-adapter"
    stored = load_file(directory / "adapter" / "adapter_model.safetensors")
    found = {name: array.shape for name, array in stored.items()}
    rows, n = found.pop(EMBEDDINGS, (0, 0)), params["memory_tokens"]
    fits = (2 * n,) if profile.get("memory") == "merge" else (n, 2 * n)
    if found != adapter_shapes(config, rank) or rows[0] not in fits or rows[1:] != (config["hidden_size"],):
        return "adapter-shape-mismatch"
    return None


class Model:
    """A base with its adapter, rounded to an element type and held in its accumulation type."""

    def __init__(self, directory, element=tensors.TYPES["f64"]):
        def cast(array):
            return element.store(array.astype(element.accumulation))

        directory, self.element = pathlib.Path(directory), element
        self.base = base = numpy_llama.Llama(directory)
        base.embedding, base.gain, base.head = (cast(array) for array in (base.embedding, base.gain, base.head))
        base.blocks = [{name: cast(array) for name, array in block.items()} for block in base.blocks]
        self.shape = stages.Shape(
            base.heads, base.kv_heads, base.head_dim, base.epsilon, rotations.plain(base.theta))
        config = adapter_config(directory)
        self.scale = config["lora_alpha"] / config["r"]
        self.adapter = {name: cast(array) for name, array in load_file(
            directory / "adapter" / "adapter_model.safetensors").items()}
        self.embedding = np.concatenate([base.embedding, self.adapter[EMBEDDINGS]])

    def low_rank(self, layer, projection):
        """A and B."""
        return [self.adapter[adapter_name(layer, projection, part)] for part in "AB"]


def write_random(directory, seed, n, layers=2, heads=4, kv_heads=2, head_dim=4, width=12, inner=10, vocabulary=11,
                 rank=2, tied=False, with_sums=True, zero=False, size=0.4):
    """A model with random weights, exact in bfloat16; `zero` makes every lora_B 0."""
    numbers = np.random.default_rng(seed)
    directory = pathlib.Path(directory)
    (directory / "adapter").mkdir(parents=True)
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": vocabulary, "hidden_size": width,
        "intermediate_size": inner, "num_hidden_layers": layers, "num_attention_heads": heads,
        "num_key_value_heads": kv_heads, "head_dim": head_dim, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
        "hidden_act": "silu", "tie_word_embeddings": tied, "attention_bias": False, "mlp_bias": False,
        "max_position_embeddings": 4096}
    (directory / "config.json").write_text(json.dumps(config, indent=2))

    def drawn(shape, middle=0.0):
        exact = (numbers.normal(size=shape) * size + middle).astype(np.float32).view(np.uint32) & 0xFFFF0000
        return exact.astype(np.uint32).view(np.float32)

    q, kv = heads * head_dim, kv_heads * head_dim
    shapes = {
        "self_attn.q_proj": (q, width), "self_attn.k_proj": (kv, width), "self_attn.v_proj": (kv, width),
        "self_attn.o_proj": (width, q), "mlp.gate_proj": (inner, width), "mlp.up_proj": (inner, width),
        "mlp.down_proj": (width, inner)}
    weights = {"model.embed_tokens.weight": drawn((vocabulary, width)), "model.norm.weight": drawn((width,), 1.0)}
    if not tied:
        weights["lm_head.weight"] = drawn((vocabulary, width))
    for layer in range(layers):
        for norm in ("input_layernorm", "post_attention_layernorm"):
            weights[f"model.layers.{layer}.{norm}.weight"] = drawn((width,), 1.0)
        for name, shape in shapes.items():
            weights[f"model.layers.{layer}.{name}.weight"] = drawn(shape)
    save_file(weights, directory / "model.safetensors", metadata={"format": "pt"})
    names = adapter_shapes(config, rank)
    adapter = {name: drawn(shape) * (0 if zero and "lora_B" in name else 1) for name, shape in names.items()}
    adapter[EMBEDDINGS] = drawn((n * (1 + with_sums), width))
    save_file(adapter, directory / "adapter" / "adapter_model.safetensors", metadata={"format": "pt"})
    (directory / "adapter" / "adapter_config.json").write_text(json.dumps({
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "r": rank, "lora_alpha": 3 * rank, "lora_dropout": 0.0,
        "bias": "none", "target_modules": list(PROJECTIONS), "base_model_name_or_path": ".."}, indent=2))
    return directory
