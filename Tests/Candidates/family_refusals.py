"""Configurations that must be refused, each by a message that names key and value; a table, and the check of it.

Every entry starts from a model that transformers wrote and that is computed, and changes as little as refuses it.
"""

import subprocess

import family_models
import loma_model
from family_models import LLAMA_31, SHORT_YARN, Family, plain
from transformers import LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config

UNSUPPORTED, INVALID, MISSING = "unsupported-configuration", "invalid-configuration", "missing-configuration"
BASES = {"llama": Family(LlamaConfig, {}), "mistral": Family(MistralConfig, {"sliding_window": None}),
         "qwen2": Family(Qwen2Config, {}), "qwen3": Family(Qwen3Config, {"head_dim": 16})}


def rope(**members):
    return {"rope_parameters": {"rope_theta": 1e4, **members}}


def without(members, name):
    return {key: value for key, value in members.items() if key != name}


# Family, changes of config.json (None deletes a key, NULL is null), and the words that the message must have.
NULL = object()
OTHER_MODELS = ("gemma", "gemma2", "phi3", "olmo2", "exaone4", "glm", "ernie4_5", "stablelm", "nemotron", "cohere",
                "mixtral", "deepseek_v3", "qwen3_moe", "ministral3", "granite", "smollm3", "seed_oss", "hunyuan_v1_dense")
TABLE = [
    *(("llama", {"model_type": name}, ("model_type", name)) for name in OTHER_MODELS),
    *(("llama", rope(rope_type=kind, factor=2.0), ("rope", kind))
      for kind in ("longrope", "su", "mrope", "ntk", "proportional", "axial")),
    ("llama", rope(type="longrope", factor=2.0), ("rope", "longrope")),
    ("llama", {"rope_scaling": {"type": "ntk", "factor": 2.0}}, ("rope_scaling", "ntk")),
    ("llama", rope(factor=2.0), ("rope_parameters", "factor")),
    ("llama", rope(full_attention=plain(1e4)), ("rope_parameters", "full_attention")),
    ("llama", rope(rope_type="linear"), ("factor",)),
    ("llama", rope(rope_type="dynamic"), ("factor",)),
    *(("llama", {"rope_parameters": without(LLAMA_31, name)}, (name,))
      for name in ("factor", "low_freq_factor", "high_freq_factor")),
    ("llama", {"rope_parameters": without(SHORT_YARN, "factor")}, ("factor",)),
    ("llama", rope(rope_type="linear", factor="2"), ("factor", "2")),
    ("llama", {"rope_parameters": LLAMA_31, "original_max_position_embeddings": 60},
     ("original_max_position_embeddings", "60")),
    ("llama", {"rope_parameters": LLAMA_31, "max_position_embeddings": None}, ("max_position_embeddings",)),
    ("llama", {"partial_rotary_factor": 0.5}, ("partial_rotary_factor", "0.5")),
    ("llama", rope(rope_type="default", partial_rotary_factor=0.5), ("partial_rotary_factor", "0.5")),
    ("llama", {"attention_bias": True}, ("attention_bias", "true")),
    ("llama", {"mlp_bias": True}, ("mlp_bias", "true")),
    ("llama", {"sliding_window": 4}, ("sliding_window", "4")),
    *(("llama", {"hidden_act": name}, ("hidden_act", name)) for name in ("gelu", "relu", "gelu_pytorch_tanh")),
    ("llama", {"pretraining_tp": 2}, ("pretraining_tp", "2")),
    ("llama", {"quantization_config": {"bits": 4}}, ("quantization_config",)),
    ("llama", {"num_key_value_heads": 3}, ("num_key_value_heads", "3")),
    ("llama", {"head_dim": 7}, ("head_dim", "7")),
    ("qwen2", {"num_key_value_heads": None}, ("num_key_value_heads",)),
    ("qwen3", {"num_key_value_heads": None}, ("num_key_value_heads",)),
    ("mistral", {"num_key_value_heads": None}, ("num_key_value_heads",)),
    ("llama", {"layer_types": ["full_attention", "sliding_attention"]}, ("layer_types", "sliding_attention")),
    ("qwen2", {"layer_types": ["full_attention", "chunked_attention"]}, ("layer_types", "chunked_attention")),
    ("qwen3", {"layer_types": ["full_attention"]}, ("layer_types",)),
    ("qwen2", {"use_sliding_window": True, "sliding_window": 5, "layer_types": ["full_attention", "sliding_attention"]},
     ("sliding_window", "5")),
    ("qwen3", {"mlp_bias": True}, ("mlp_bias", "true")),
    ("mistral", {"attention_bias": True}, ("attention_bias", "true")),
    ("llama", rope(rope_type="linear", factor=2.0, beta_fast=32.0), ("beta_fast", "32")),
    ("llama", rope(rope_type="dynamic", factor=2.0, original_max_position_embeddings=60),
     ("original_max_position_embeddings", "60")),
    ("mistral", {"sliding_window": 5}, ("sliding_window", "5")),
    ("qwen2", {"use_sliding_window": True, "sliding_window": 5, "max_window_layers": 0, "layer_types": None},
     ("sliding_window", "5")),
    ("llama", {**rope(rope_type="dynamic", factor=2.0), "max_position_embeddings": 5},
     ("max_position_embeddings", "5")),
    ("llama", {"tie_word_embeddings": True, "hidden_act": "gelu"}, ("hidden_act", "gelu")),
]
TEXT = [3, 14, 1, 5, 9, 2]  # positions 0 to 5: one more than the limits of 5 allow


def changed(found, change):
    merged = {**found, **change}
    return {name: None if value is NULL else value for name, value in merged.items()
            if name not in change or value is not None}


def refused_here(directory):
    """By loma_model.py: a code, or None; the longest position of TEXT is one that a window of 5 does not see across."""
    if code := loma_model.refusal(directory, loma_model.FAMILIES):
        return code
    limit = loma_model.settings(directory)["positions_below"]
    return UNSUPPORTED if limit is not None and len(TEXT) > limit else None


def said(loma, directory):
    """The exit code and the message of a command that reads the model."""
    done = subprocess.run(
        [loma, "trace", "--model", directory, "--c", "2", "--t", "2", "--vocabulary", "19", "--memory-token", "22",
         "--repetition-token", "20", "--tokens", ",".join(map(str, TEXT)), "--output", directory / "refused"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False, text=True)
    return done.returncode, " ".join(done.stderr.split())


def check(scratch, loma):
    """The problems; every base is computed, every entry refused."""
    problems = []
    for seed, (name, family) in enumerate(BASES.items()):
        directory = family_models.write(scratch / f"refused-{name}", family, seed, layers=2)
        if refused_here(directory) or loma and said(loma, directory)[0]:
            problems.append(f"{name}: refused as it is")
        written = (directory / "config.json").read_text()
        for base, change, words in TABLE:
            if base != name:
                continue
            family_models.rewrite(directory, lambda found: changed(found, change))
            try:
                code = refused_here(directory)
            except (KeyError, TypeError, ValueError) as error:
                code = f"an error, {error!r}"
            if code not in (UNSUPPORTED, INVALID):
                problems.append(f"{name} with {change}: {code} in Python")
            if loma:
                status, message = said(loma, directory)
                if status != 2 or not any(code in message for code in (UNSUPPORTED, INVALID, MISSING)):
                    problems.append(f"{name} with {change}: exit {status}, {message}")
                elif missing := [word for word in words if word not in message]:
                    problems.append(f"{name} with {change}: no {' or '.join(missing)} in “{message}”")
            (directory / "config.json").write_text(written)
    print(f"{len(TABLE)} configurations refused", flush=True)
    return problems
