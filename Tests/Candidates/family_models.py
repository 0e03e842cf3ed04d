"""Small random models of every family, written by transformers' save_pretrained, for check_families.py.

Rotations have the numbers of real checkpoints, or an old length such that frequencies fall between the borders. The
second table rewrites a config.json the way other versions and people write it; transformers reads each of them.
"""

import json
import pathlib
import typing

import torch
from transformers import AutoModelForCausalLM, LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config

import llama64  # noqa: F401  it silences transformers

TEXT_VOCABULARY, MODEL_VOCABULARY = 19, 24
MEMORY, REPETITION = 22, 20
LLAMA_31 = {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0,
            "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}
LLAMA_32 = LLAMA_31 | {"factor": 32.0}
QWEN_LONG = {"rope_type": "yarn", "rope_theta": 1000000.0, "factor": 4.0, "original_max_position_embeddings": 32768}
SHORT_YARN = {"rope_type": "yarn", "rope_theta": 10000.0, "factor": 8.0, "original_max_position_embeddings": 64}


class Family(typing.NamedTuple):
    """A configuration class and what it is given; `edit` is merged into the config.json, where a null deletes a key."""

    configuration: type
    given: dict
    edit: dict = {}


def plain(theta):
    return {"rope_type": "default", "rope_theta": theta}


FAMILIES = {
    "llama, linear": Family(LlamaConfig, {"rope_parameters": {**plain(1e5), "rope_type": "linear", "factor": 4.0}}),
    "llama, dynamic below its maximum": Family(LlamaConfig, {
        "rope_parameters": {**plain(1e4), "rope_type": "dynamic", "factor": 2.0}, "max_position_embeddings": 64}),
    "llama 3.1": Family(LlamaConfig, {"head_dim": 128, "rope_parameters": LLAMA_31}),
    "llama 3.2, tied": Family(LlamaConfig, {"head_dim": 64, "rope_parameters": LLAMA_32, "tie_word_embeddings": True}),
    "llama, llama3 of a short text": Family(LlamaConfig, {
        "rope_parameters": LLAMA_31 | {"rope_theta": 1000.0, "original_max_position_embeddings": 60}}),
    "llama, yarn": Family(LlamaConfig, {"head_dim": 128, "rope_parameters": QWEN_LONG}),
    "llama, yarn untruncated, mscales, betas": Family(LlamaConfig, {"rope_parameters": SHORT_YARN | {
        "truncate": False, "mscale": 0.707, "mscale_all_dim": 1.0, "beta_fast": 16.0, "beta_slow": 2.0}}),
    "llama, yarn with its own factor a": Family(LlamaConfig, {
        "rope_parameters": SHORT_YARN | {"attention_factor": 0.8}}),
    "llama, biases": Family(LlamaConfig, {"attention_bias": True, "mlp_bias": True}),
    "llama, attention biases alone, head of 32": Family(LlamaConfig, {"attention_bias": True, "head_dim": 32}),
    "llama, mlp biases alone, one KV head": Family(LlamaConfig, {"mlp_bias": True, "num_key_value_heads": 1}),
    "mistral, no window, head of 12": Family(MistralConfig, {"head_dim": 12, "sliding_window": None}),
    "mistral, a window that no text reaches, yarn": Family(
        MistralConfig, {"sliding_window": 64, "rope_parameters": SHORT_YARN}),
    "mistral, the window not given": Family(MistralConfig, {}, {"sliding_window": None}),
    "qwen2": Family(Qwen2Config, {"rope_parameters": plain(1e6)}),
    "qwen2, yarn, tied": Family(Qwen2Config, {
        "rope_parameters": QWEN_LONG, "tie_word_embeddings": True, "hidden_size": 128, "num_attention_heads": 2}),
    "qwen3": Family(Qwen3Config, {"head_dim": 16, "rope_parameters": plain(1e6)}),
    "qwen3, yarn, biases": Family(Qwen3Config, {"head_dim": 64, "rope_parameters": QWEN_LONG, "attention_bias": True}),
    "qwen3, head_dim not given": Family(Qwen3Config, {"head_dim": 128}, {"head_dim": None}),
}

# The same configuration in other words: what replaces `rope_parameters` and what stands beside it.
OLD_LLAMA_31 = {name: value for name, value in LLAMA_31.items() if name != "rope_theta"}
SPELLINGS = {
    "θ at the top, rope_scaling beside it": (LlamaConfig, {
        "rope_theta": 500000.0, "rope_scaling": OLD_LLAMA_31 | {"original_max_position_embeddings": 60}}),
    "type for rope_type": (LlamaConfig, {"rope_theta": 1000.0, "rope_scaling": {"type": "linear", "factor": 2.0}}),
    "integers": (LlamaConfig, {"rope_theta": 1000, "rope_scaling": {"type": "linear", "factor": 2}}),
    "the object's θ over the one at the top": (LlamaConfig, {"rope_theta": 100.0, "rope_parameters": plain(5e5)}),
    "rope_scaling over rope_parameters": (LlamaConfig, {
        "rope_parameters": plain(1e3), "rope_scaling": {"rope_type": "linear", "factor": 2.0, "rope_theta": 5e4}}),
    "an empty rope_scaling": (LlamaConfig, {"rope_parameters": plain(50.0), "rope_scaling": {}}),
    "no rotation said": (LlamaConfig, {}),
    "the old length at the top": (LlamaConfig, {
        "original_max_position_embeddings": 60, "rope_theta": 1e3, "rope_scaling": {
            name: value for name, value in OLD_LLAMA_31.items() if name != "original_max_position_embeddings"}}),
    "the old length not given": (LlamaConfig, {
        "max_position_embeddings": 60, "rope_parameters": {
            name: value for name, value in SHORT_YARN.items() if name != "original_max_position_embeddings"}}),
    "yarn's factor null": (LlamaConfig, {
        "max_position_embeddings": 256, "rope_parameters": SHORT_YARN | {"factor": None}}),
    "yarn with nulls": (LlamaConfig, {"rope_parameters": SHORT_YARN | {
        "attention_factor": None, "beta_fast": None, "mscale": None}}),
    "yarn with one mscale": (LlamaConfig, {"rope_parameters": SHORT_YARN | {"mscale": 0.707}}),
    "head_dim null": (LlamaConfig, {"head_dim": None}),
    "qwen2 with a window for no layer": (Qwen2Config, {
        "use_sliding_window": True, "sliding_window": 8, "max_window_layers": 3, "layer_types": None}),
    "qwen2 with attention_bias, which nobody reads": (Qwen2Config, {"attention_bias": False}),
}


def random_weights(model, seed):
    """Weights in which bugs show: matrices at 1.5/sqrt(fan-in), gains near 1, biases and embeddings near 1."""
    generator = torch.Generator().manual_seed(seed)
    for name, p in model.named_parameters():
        draw = torch.randn(p.shape, generator=generator, dtype=torch.float64)
        if name.endswith("bias"):
            value = 0.7 * draw
        elif p.dim() == 1:
            value = 1 + 0.3 * draw
        else:
            value = draw if "embed" in name else draw * 1.5 / p.shape[1] ** 0.5
        p.data.copy_(value)


def write(directory, family, seed, layers=3):
    """The directory of a family's model with weights exact in float32."""
    configuration, given, edit = family
    sizes = {"hidden_size": 32, "intermediate_size": 40, "num_attention_heads": 4, "num_key_value_heads": 2}
    config = configuration(vocab_size=MODEL_VOCABULARY, num_hidden_layers=layers, rms_norm_eps=1e-5, **(sizes | given))
    model = AutoModelForCausalLM.from_config(config).to(torch.float64)
    random_weights(model, seed)
    model.float().save_pretrained(directory)
    rewrite(directory, lambda found: {name: value for name, value in (found | edit).items()
                                      if name not in edit or value is not None})
    return directory


def rewrite(directory, change):
    path = pathlib.Path(directory) / "config.json"
    path.write_text(json.dumps(change(json.loads(path.read_text())), indent=2))


def spelled(directory, spelling, seed):
    """One layer whose config.json is in other words. A rotation that is not said is not there."""
    configuration, words = spelling
    write(directory, Family(configuration, {}), seed, layers=1)
    rewrite(directory, lambda found: {
        name: value for name, value in found.items() if name != "rope_parameters"} | words)
    return directory
