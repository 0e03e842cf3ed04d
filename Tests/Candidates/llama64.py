"""Hugging Face LlamaForCausalLM in float64 throughout.

The stock model computes RMSNorm, the rotary embedding and softmax in float32 whatever its dtype. Here these three are
replaced by float64 forms; `check_replacements` compares each with the original to 1e-5.
"""

import torch
import transformers
from transformers import LlamaForCausalLM
from transformers.models.llama import modeling_llama as llama

# Only the result is of interest: no progress bars, no warnings.
transformers.utils.logging.disable_progress_bar()
transformers.utils.logging.set_verbosity_error()


def rms_norm(self, x):
    return self.weight * (x / torch.sqrt(x.pow(2).mean(-1, keepdim=True) + self.variance_epsilon))


def rotary(self, x, position_ids):
    d = self.head_dim64
    inverse = self.theta64 ** (-torch.arange(0, d, 2, dtype=torch.float64) / d)
    angle = position_ids[:, :, None].to(torch.float64) * inverse
    angle = torch.cat((angle, angle), dim=-1)
    return angle.cos().to(x.dtype), angle.sin().to(x.dtype)


def attention(module, query, key, value, attention_mask, scaling, dropout=0.0, **kwargs):
    groups = module.num_key_value_groups
    key, value = key.repeat_interleave(groups, dim=1), value.repeat_interleave(groups, dim=1)
    scores = query @ key.transpose(2, 3) * scaling
    scores = scores.masked_fill(~attention_mask, float("-inf"))
    weights = torch.softmax(scores, dim=-1)
    return (weights @ value).transpose(1, 2).contiguous(), weights


class Float64Llama:
    """A LlamaForCausalLM loaded in float64, called with a boolean mask [rows, rows] and position ids."""

    def __init__(self, directory):
        self.model = LlamaForCausalLM.from_pretrained(directory, dtype=torch.float64, attn_implementation="eager")
        self.model.eval()
        config = self.model.config
        theta = getattr(config, "rope_theta", None) or config.rope_parameters["rope_theta"]
        for module in self.model.modules():
            if isinstance(module, llama.LlamaRMSNorm):
                module.forward = rms_norm.__get__(module)
            if isinstance(module, llama.LlamaRotaryEmbedding):
                module.theta64, module.head_dim64 = float(theta), config.head_dim
                module.forward = rotary.__get__(module)

    def logits(self, tokens, positions, mask, embeddings=None):
        """Logits [rows, vocabulary] of one text; rows of `embeddings`, where given, replace those of the tokens."""
        fed = {"input_ids": torch.tensor([tokens])} if embeddings is None else {
            "inputs_embeds": torch.as_tensor(embeddings, dtype=torch.float64)[None]}
        previous = llama.eager_attention_forward
        llama.eager_attention_forward = attention
        try:
            return self.model(
                **fed, position_ids=torch.tensor([positions]),
                attention_mask=torch.as_tensor(mask)[None, None], use_cache=False,
            ).logits[0]
        finally:
            llama.eager_attention_forward = previous


def check_replacements(directory):
    """The float64 forms against the stock ones: a causal forward pass of the same weights, to 1e-5."""
    stock = LlamaForCausalLM.from_pretrained(directory, dtype=torch.float64, attn_implementation="eager").eval()
    tokens = list(range(min(10, stock.config.vocab_size)))
    with torch.no_grad():
        expected = stock(input_ids=torch.tensor([tokens])).logits[0]
        causal = torch.ones(len(tokens), len(tokens), dtype=torch.bool).tril()
        got = Float64Llama(directory).logits(tokens, list(range(len(tokens))), causal)
    return ((got - expected).abs().max() / expected.abs().max()).item()
