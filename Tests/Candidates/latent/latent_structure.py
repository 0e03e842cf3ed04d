"""Chapters 17 and 18 of the Spec in integers: producers, names and shapes of tensors, cost, and rejections.

Written from the Spec's text alone. A Setting is what a request says of the cache beside the model's own sizes: the
stride of sharing, the bits of the quantiser and the axes.
"""

from loma_structure import axis_faults

AXES = {  # the first value is the default
    "entries": ("latent", "heads"),
    "up_projection": ("own", "shared"),
    "latent_norm": ("on", "off"),
    "quantiser": ("asymmetric", "symmetric"),
    "scale_rounding": ("none", "bf16"),
}
NUMBER, SCALE = 16, 16  # bits of a stored number and of a scale (QNT-4)
MOST_BITS = 24
LIMIT = 2**29  # of a width and of the stride
STRUCTURE = ("latent_cost",)
STAGES = ("quantise", "latent_attention")
MODEL = ("latent_forward", "latent_gradients", "latent_generate")


class Setting:
    """What LAT-1 has beside widths; 0 bits is no quantiser, and no group is one group for the whole latent."""

    def __init__(self, params, profile):
        self.profile = chosen = {axis: values[0] for axis, values in AXES.items()} | profile
        self.stride, self.group = params.get("stride", 1), params.get("group")
        self.bits, self.rotated_bits = params.get("bits", 0), params.get("rotated_bits", 0)
        self.of_heads = chosen["entries"] == "heads"
        self.own, self.norm = chosen["up_projection"] == "own", chosen["latent_norm"] == "on"
        self.symmetric, self.rounded = chosen["quantiser"] == "symmetric", chosen["scale_rounding"] == "bf16"

        self.widths = ("kv_heads", "head_dim") if self.of_heads else ("latent_width", "rotated_width")

    def producer(self, layer):
        """The layer whose entries a layer reads (LAT-2)."""
        return layer - layer % self.stride

    def producers(self, layers):
        """All layers that store something, in rising order."""
        return list(range(0, layers, self.stride))

    def up_projection_of(self, layer):
        """The layer whose W_UK and W_UV a layer uses (LAT-5)."""
        return layer if self.own else self.producer(layer)


def payload(count, bits, groups, symmetric):
    """Bits of `count` numbers in so many groups (QNT-4)."""
    if not bits or not count:
        return count * NUMBER
    return count * bits + groups * SCALE * (1 if symmetric else 2)


def bits_per_token(setting, layers, sizes):
    """LAT-11. `sizes` are the setting's two widths."""
    first, second = sizes
    if setting.of_heads:
        each = 2 * first * second * NUMBER
    else:
        groups = first // (setting.group or first)
        each = payload(first, setting.bits, groups, setting.symmetric)
        each += payload(second, setting.rotated_bits, 1, setting.symmetric)
    return -(-layers // setting.stride) * each


def attention_shapes(config, setting, layer):
    """Short names and shapes of one layer's attention (LAT-10, LAT-8)."""
    heads, width = config["num_attention_heads"], config["hidden_size"]
    produces = setting.producer(layer) == layer
    if setting.of_heads:
        head = config["head_dim"]
        shapes = {"q_proj": (heads * head, width), "o_proj": (width, heads * head)}
        if produces:
            shapes |= dict.fromkeys(("k_proj", "v_proj"), (config["num_key_value_heads"] * head, width))
        return shapes
    plain, rotated, value, latent, query = (config[name] for name in (
        "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim", "kv_lora_rank", "q_lora_rank"))
    shapes = {"o_proj": (width, heads * value)}
    if not query:
        shapes["q_proj"] = (heads * (plain + rotated), width)
    else:
        shapes |= {"q_a_proj": (query, width), "q_a_layernorm": (query,),
                   "q_b_proj": (heads * (plain + rotated), query)}
    if produces:
        shapes["kv_a_proj_with_mqa"] = (latent + rotated, width)
        if setting.norm:
            shapes["kv_a_layernorm"] = (latent,)
    if setting.up_projection_of(layer) == layer:
        shapes["kv_b_proj"] = (heads * (plain + value), latent)
    return shapes


def tensor_shapes(config, setting):
    """Every tensor of a checkpoint with its shape."""
    width, inner = config["hidden_size"], config["intermediate_size"]
    shapes = {"model.embed_tokens.weight": (config["vocab_size"], width), "model.norm.weight": (width,)}
    if not config["tie_word_embeddings"]:
        shapes["lm_head.weight"] = (config["vocab_size"], width)
    for layer in range(config["num_hidden_layers"]):
        own = {"input_layernorm": (width,), "post_attention_layernorm": (width,), "mlp.gate_proj": (inner, width),
               "mlp.up_proj": (inner, width), "mlp.down_proj": (width, inner)}
        own |= {f"self_attn.{name}": shape for name, shape in attention_shapes(config, setting, layer).items()}
        shapes |= {f"model.layers.{layer}.{name}.weight": shape for name, shape in own.items()}
    return shapes


def bits_fit(bits, setting):
    """Whether a quantiser has these bits (QNT-1, QNT-2)."""
    return (2 if setting.symmetric else 1) <= bits <= MOST_BITS


def size_faults(setting, sizes):
    """Codes for what LAT-1 asks of numbers. `sizes` has them by the names that requests have for them; of a width that
    is not there nothing is asked."""
    if not 1 <= setting.stride <= LIMIT:
        yield "stride-out-of-range"
    if setting.of_heads:
        return
    latent, rotated = sizes["latent_width"], sizes["rotated_width"]
    plain, value, query = (sizes.get(name, 1) for name in ("plain_width", "value_width", "query_width"))
    if not 1 <= latent <= LIMIT or not 0 <= query <= LIMIT:
        yield "latent-width-out-of-range"
    if rotated < 0 or rotated % 2:
        yield "odd-rotated-width"
    if plain < 0 or plain + rotated < 1 or value < 1 or max(plain, rotated, value) > LIMIT:
        yield "head-width-out-of-range"
    if any(bits and not bits_fit(bits, setting) for bits in (setting.bits, setting.rotated_bits)):
        yield "bits-out-of-range"
    if setting.group is not None and (setting.group < 1 or latent % setting.group):
        yield "group-does-not-divide"


def rejections(op, params, profile, given, model):
    """The codes of every fault of a request but those of a model's files, in order.

    `given` has the integer inputs as lists and, for `quantise`, the width of its rows; `model` is a setting, sizes and
    a vocabulary, or None.
    """
    faults = list(axis_faults(profile, AXES))
    yield from faults
    if faults:
        return  # what the numbers mean is not known
    if op == "quantise":
        if not bits_fit(params["bits"], Setting(params, profile)):
            yield "bits-out-of-range"
        if params["group"] < 1 or given["width"] % params["group"]:
            yield "group-does-not-divide"
    if op == "latent_attention":
        yield from size_faults(Setting({}, {}), {"latent_width": 1, **params})
    if op == "latent_cost":
        setting = Setting(params, profile)
        found = list(size_faults(setting, params))
        yield from found
        layers, widths = params["layers"], [params[name] for name in setting.widths]
        factors = [layers, *widths] if setting.of_heads else [layers]
        if min(factors) < 1 or not found and bits_per_token(setting, layers, widths) >= 2**63:
            yield "cache-size-out-of-range"
    if op in MODEL:
        setting, sizes, vocabulary = model
        yield from size_faults(setting, sizes)
        tokens, lengths = given["tokens"], given["lengths"]
        if min(lengths, default=0) < 1:
            yield "text-empty"
        if sum(lengths) != len(tokens):
            yield "texts-mismatch"
        forced = given.get("forced", []) if op == "latent_generate" else []
        if any(not 0 <= token < vocabulary for token in [*tokens, *forced]):
            yield "text-token-out-of-range"
        if op == "latent_generate" and params["generate"] < 0:
            yield "negative-generation-length"


def cost(params, profile):
    """The answer of latent_cost: a nested list and its shape for every name."""
    setting, layers = Setting(params, profile), params["layers"]
    bits = bits_per_token(setting, layers, [params[name] for name in setting.widths])
    return {"producers": ([setting.producer(layer) for layer in range(layers)], (layers,)), "bits": (bits, ())}
