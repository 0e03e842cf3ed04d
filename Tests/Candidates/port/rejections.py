"""Which input is bad, and the code of the closed list that says why (OPS-6)."""

from layout import AXES

TEXT_LIMIT = 2**29  # this implementation's
ON_TEXTS = ("layout", "mask", "forward", "loss", "gradients", "train_step", "generate", "reconstruct")


class Reject(Exception):
    """Bad input; the argument is the code."""


def check(request):
    """Of several faults the first in the list is told, so they are looked for in its order. What the operation does not
    name is not looked at."""
    op, p, profile = request.op, request.params, request.profile
    for code, is_bad in faults(op, p, profile, request):
        if is_bad:
            raise Reject(code)


def faults(op, p, profile, request):
    on_texts = op in ON_TEXTS
    if on_texts or op in ("schedule", "metrics", "cost"):
        yield "ratio-below-one", p["c"] < 1
        yield "memory-length-below-one", p["t"] < 1
        yield "chunk-too-long", p["t"] * p["c"] >= 2**63
    if on_texts:
        size, memory, repetition = p["text_vocabulary"], p["memory_token"], p["repetition_token"]
        yield "vocabulary-size-out-of-range", size < 1
        yield "special-token-in-text-vocabulary", min(memory, repetition) < size
        yield "equal-special-tokens", memory == repetition
        yield "no-room-for-special-token", max(memory, repetition) >= request.model_vocabulary
        given = [*request.tokens, *(request.forced or [])]
        yield "text-token-out-of-range", any(not 0 <= token < size for token in given)
    if on_texts or op == "metrics":
        yield "negative-text-length", min(request.lengths, default=0) < 0
    if op in ("schedule", "generate", "cost"):
        n = request.lengths[0] if op == "generate" else p["prompt_length" if op == "schedule" else "text_length"]
        m = 0 if op == "cost" else p["generate"]
        yield "negative-text-length", n < 0
        yield "text-too-long", n + max(m - 1, 0) > TEXT_LIMIT
        yield "negative-generation-length", m < 0
        yield "empty-prompt", m > 0 and n == 0
    if op == "reconstruct":
        full = request.lengths[0] // (p["c"] * p["t"])
        yield "no-such-chunk", not 0 <= p["chunk"] < full
    if op == "metrics":
        length = p["c"] * p["t"]
        yield "reconstruction-length-mismatch", (
            len(request.input["reconstruction"]) != sum(n // length * length for n in request.lengths))
    if op == "cost":
        factors = [p[name] for name in ("layers", "kv_heads", "head_dim", "bytes_per_element")]
        product = 2
        for factor in factors:
            product *= factor
        yield "cache-size-out-of-range", min(factors) < 1 or product >= 2**63
    yield "unknown-axis", any(axis not in AXES for axis in profile)
    yield "unknown-alternative", any(value not in AXES[axis] for axis, value in profile.items())
    refusal = request.model.refusal if request.model else None
    yield refusal, refusal is not None
    limit = request.model.config.limit if request.model and on_texts else None
    yield "unsupported-configuration", limit is not None and request.last_position >= limit
