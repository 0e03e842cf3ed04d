"""Hugging Face's Llama, Mistral, Qwen2 and Qwen3 in float64 throughout.

The stock models compute RMSNorm, the rotary embedding and softmax in float32 whatever their dtype. Here these three are
replaced by float64 forms; `check_replacements` compares each with the original to 1e-5. Rotary frequencies and the
factor of cosines and sines are transformers' own functions, run where their float32 is float64 (`widened`); so is a
whole model, with no form replaced, in check_families.py.
"""

import contextlib
import unittest.mock

import torch
import transformers
from transformers import AttentionInterface, AutoModelForCausalLM
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS
from transformers.models.llama import modeling_llama
from transformers.models.mistral import modeling_mistral
from transformers.models.qwen2 import modeling_qwen2
from transformers.models.qwen3 import modeling_qwen3

# Only the result is of interest: no progress bars, no warnings.
transformers.utils.logging.disable_progress_bar()
transformers.utils.logging.set_verbosity_error()

NORMS = (modeling_llama.LlamaRMSNorm, modeling_mistral.MistralRMSNorm, modeling_qwen2.Qwen2RMSNorm,
         modeling_qwen3.Qwen3RMSNorm)
ROTATIONS = (modeling_llama.LlamaRotaryEmbedding, modeling_mistral.MistralRotaryEmbedding,
             modeling_qwen2.Qwen2RotaryEmbedding, modeling_qwen3.Qwen3RotaryEmbedding)


@contextlib.contextmanager
def widened():
    """What names float32 gets float64, in the modules of transformers too; `x.float()` alone stays what it is."""
    with unittest.mock.patch.multiple(torch, float=torch.float64, float32=torch.float64):
        yield


def frequencies(module):
    """The inverse frequencies of a rotary module and the factor of its cosines and sines, in float64."""
    kind = module.config.rope_parameters["rope_type"]
    compute = module.compute_default_rope_parameters if kind == "default" else ROPE_INIT_FUNCTIONS[kind]
    with widened():
        return compute(module.config)


def rms_norm(self, x):
    return self.weight * (x / torch.sqrt(x.pow(2).mean(-1, keepdim=True) + self.variance_epsilon))


def rotary(self, x, position_ids):
    inverse, factor = self.frequencies64
    angle = position_ids[:, :, None].to(torch.float64) * inverse
    angle = torch.cat((angle, angle), dim=-1)
    return (angle.cos() * factor).to(x.dtype), (angle.sin() * factor).to(x.dtype)


def attention(module, query, key, value, attention_mask, scaling, dropout=0.0, **kwargs):
    groups = module.num_key_value_groups
    key, value = key.repeat_interleave(groups, dim=1), value.repeat_interleave(groups, dim=1)
    scores = query @ key.transpose(2, 3) * scaling
    scores = scores.masked_fill(~attention_mask, float("-inf"))
    weights = torch.softmax(scores, dim=-1)
    return (weights @ value).transpose(1, 2).contiguous(), weights


AttentionInterface.register("float64", attention)


def in_float64(module, norm=NORMS, rotary_embedding=ROTATIONS):
    """Replaces RMSNorm and rotary forms below `module`, which are of these classes."""
    for part in module.modules():
        if isinstance(part, norm):
            part.forward = rms_norm.__get__(part)
        if isinstance(part, rotary_embedding):
            part.frequencies64 = frequencies(part)
            part.forward = rotary.__get__(part)
    return module


class Float64Llama:
    """A model loaded in float64, called with a boolean mask [rows, rows] and position ids."""

    def __init__(self, directory):
        self.model = in_float64(AutoModelForCausalLM.from_pretrained(
            directory, dtype=torch.float64, attn_implementation="float64").eval())

    def logits(self, tokens, positions, mask, embeddings=None):
        """Logits [rows, vocabulary] of one text; rows of `embeddings`, where given, replace those of the tokens."""
        fed = {"input_ids": torch.tensor([tokens])} if embeddings is None else {
            "inputs_embeds": torch.as_tensor(embeddings, dtype=torch.float64)[None]}
        return self.model(
            **fed, position_ids=torch.tensor([positions]), attention_mask=torch.as_tensor(mask)[None, None],
            use_cache=False).logits[0]


def check_replacements(directory):
    """The float64 forms against the stock ones: a causal forward pass of the same weights, to 1e-5."""
    stock = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float64, attn_implementation="eager").eval()
    tokens = list(range(min(10, stock.config.vocab_size)))
    with torch.no_grad():
        expected = stock(input_ids=torch.tensor([tokens])).logits[0]
        causal = torch.ones(len(tokens), len(tokens), dtype=torch.bool).tril()
        got = Float64Llama(directory).logits(tokens, list(range(len(tokens))), causal)
    return ((got - expected).abs().max() / expected.abs().max()).item()
