"""The files of LAT-10: a Hugging Face directory of a DeepSeek-V3 without experts, or of a Llama, whose consumers lack
what they read from their producer. Why one is refused, its weights in float64, and random ones for checks."""

import json
import pathlib
import sys

import ml_dtypes  # noqa: F401  by being imported it gives NumPy the type bfloat16
import numpy as np
from safetensors.numpy import load_file, save_file

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "port"))

import latent_structure  # behind the line that makes the modules of the folder above known
import loma_model
import tensors

ROPE_KEYS = {"rope_type", "rope_theta", "partial_rotary_factor", "type"}
COUNTS = ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads")
PLAIN = {  # keys of other programs that say what the object `latent` says here (LAT-10)
    "use_qk_norm": (False, None), "use_cla": (False, None), "cla_share_factor": (1, None)}


def read(directory):
    return json.loads((pathlib.Path(directory) / "config.json").read_text())


def setting_of(config):
    """What the object `latent` of a configuration says beside the sizes; without it, MLA."""
    given = config.get("latent") or {}
    return latent_structure.Setting(given, given.get("profile") or {})


def latent_epsilon(config):
    """ε of the norms of both latents, whatever rms_norm_eps is (LAT-4)."""
    return (config.get("latent") or {}).get("rms_norm_eps", 1e-6)


def settings(directory):
    """The keys of LAT-10 with their defaults."""
    given = read(directory)
    if setting_of(given).of_heads:
        return loma_model.settings(directory)
    return {
        "q_lora_rank": None, "rms_norm_eps": 1e-6, "tie_word_embeddings": False, "rope_theta": 1e4,
        **(given.get("rope_parameters") or {}), **{name: value for name, value in given.items() if value is not None}}


def sizes_of(config):
    """The sizes that LAT-1 speaks of, by the names of requests."""
    keys = {"layers": "num_hidden_layers", "latent_width": "kv_lora_rank", "rotated_width": "qk_rope_head_dim",
            "plain_width": "qk_nope_head_dim", "value_width": "v_head_dim", "query_width": "q_lora_rank"}
    return {name: config[key] for name, key in keys.items() if config.get(key) is not None}


def plain_rope(rope):
    """Whether `rope_parameters` or `rope_scaling` says nothing that changes the rotation (MOD-1)."""
    rope = rope or {}
    kinds = {rope.get(key, "default") for key in ("rope_type", "type")}
    return kinds == {"default"} and not set(rope) - ROPE_KEYS and rope.get("partial_rotary_factor", 1) == 1


def is_plain(given):
    """Whether every key that would change the arithmetic under `entries = latent` has its plain value (LAT-10)."""
    layers, heads = given["num_hidden_layers"], given["num_attention_heads"]
    keys = {key: loma_model.PLAIN[key] for key in ("hidden_act", "attention_bias", "mlp_bias", "sliding_window")} | PLAIN
    return (all(given.get(key, values[0]) in values for key, values in keys.items())
            and all(plain_rope(given.get(key)) for key in ("rope_parameters", "rope_scaling"))
            and (not given.get("n_routed_experts") or given.get("first_k_dense_replace", 0) >= layers)
            and given.get("rope_interleave") is False and given.get("num_key_value_heads", heads) == heads)


def refusal(directory, profile):
    """The code with which a model is refused under a request's profile, or None."""
    directory = pathlib.Path(directory)
    given = read(directory)
    setting = setting_of(given)
    if not setting.of_heads and not is_plain(given):
        return "unsupported-configuration"
    if setting.of_heads and any(given.get(key, values[0]) not in values for key, values in PLAIN.items()):
        return "unsupported-configuration"
    if setting.of_heads and (code := loma_model.refusal(directory)):
        return code
    if min(given[name] for name in COUNTS) < 1:
        return "invalid-configuration"
    if latent_structure.Setting({}, profile).profile != setting.profile:
        return "profile-mismatch"
    config = settings(directory)
    if any(latent_structure.size_faults(setting, sizes_of(config))):
        return None  # which shapes would be right is not known
    found = {name: array.shape for name, array in load_file(directory / "model.safetensors").items()}
    if found != latent_structure.tensor_shapes(config, setting):
        return "latent-shape-mismatch"
    return None


class Model:
    """Weights in an element type, held in its accumulation type, with their configuration."""

    def __init__(self, config, weights, element=tensors.TYPES["f64"]):
        self.config, self.weights, self.element = config, weights, element
        self.layers, self.heads = config["num_hidden_layers"], config["num_attention_heads"]
        self.epsilon, self.theta = config["rms_norm_eps"], config["rope_theta"]
        self.setting = setting_of(config)
        if not self.setting.of_heads:
            self.latent_epsilon = latent_epsilon(config)
            self.plain, self.rotated, self.value, self.width = (config[name] for name in (
                "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim", "kv_lora_rank"))
        else:
            self.kv_heads, self.head_dim = config["num_key_value_heads"], config["head_dim"]
        self.embedding, self.gain = weights["model.embed_tokens.weight"], weights["model.norm.weight"]
        self.head = weights.get("lm_head.weight", self.embedding)
        self.names = [  # of each layer's tensors, by the last part of the name
            {name.removesuffix(".weight").split(".")[-1]: name
             for name in weights if name.startswith(f"model.layers.{layer}.")}
            for layer in range(self.layers)]
        self.blocks = [{short: weights[name] for short, name in names.items()} for names in self.names]


def load(directory, element=tensors.TYPES["f64"]):
    weights = {name: element.store(array.astype(element.accumulation))
               for name, array in load_file(pathlib.Path(directory) / "model.safetensors").items()}
    return Model(settings(directory), weights, element)


def exact(numbers):
    """Cut to what bfloat16 holds."""
    cut = np.asarray(numbers).astype(np.float32).view(np.uint32) & 0xFFFF0000
    return cut.astype(np.uint32).view(np.float32)


def write(directory, config, weights):
    """A directory as save_pretrained would write it."""
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True)
    (directory / "config.json").write_text(json.dumps(config, indent=2))
    save_file({name: np.ascontiguousarray(array, dtype=np.float32) for name, array in weights.items()},
              directory / "model.safetensors", metadata={"format": "pt"})
    return directory


def random_weights(shapes, seed, size=0.4):
    """Exact in bfloat16; gains are around 1."""
    numbers = np.random.default_rng(seed)
    return {name: exact(numbers.normal(size=shape) * size + ("norm" in name)) for name, shape in shapes.items()}


def write_random(directory, seed, latent_object, layers=2, heads=2, width=12, inner=10, vocabulary=11, tied=False,
                 kv_heads=2, head_dim=4, latent=6, rotated=4, plain=3, value=5, query=None, epsilon=1e-5, theta=10000.0,
                 size=0.4, **more):
    """A model with random weights; `latent_object` is what its configuration has under `latent`, `more` are further
    keys."""
    config = {
        "vocab_size": vocabulary, "hidden_size": width, "intermediate_size": inner, "num_hidden_layers": layers,
        "num_attention_heads": heads, "num_key_value_heads": heads, "rms_norm_eps": epsilon, "rope_theta": theta,
        "hidden_act": "silu", "tie_word_embeddings": tied, "attention_bias": False, "max_position_embeddings": 4096,
        "latent": latent_object}
    setting = setting_of(config)
    if setting.of_heads:
        config |= {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "num_key_value_heads": kv_heads,
                   "head_dim": head_dim, "mlp_bias": False}
    else:
        config |= {"architectures": ["DeepseekV3ForCausalLM"], "model_type": "deepseek_v3", "q_lora_rank": query,
                   "kv_lora_rank": latent, "qk_nope_head_dim": plain, "qk_rope_head_dim": rotated, "v_head_dim": value,
                   "first_k_dense_replace": layers, "rope_interleave": False}
    config |= more
    weights = random_weights(latent_structure.tensor_shapes(config, setting), seed, size)
    return write(directory, config, weights)
