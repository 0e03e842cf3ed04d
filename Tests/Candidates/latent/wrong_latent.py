"""Mistakes of a port of chapters 17 and 18: what is changed in the candidate on PyTorch, by the mutant that makes the
same mistake.

A change is made wherever a porter who thinks so would make it; gradients follow by autograd.
"""

from change import Change

FILES = ("latent_structure", "latent_model", "latent_protocol", "latent_torch", "candidate_latent")

# Pieces of the port, each of which stands in it once.
GAIN = 'self.weight(layer, "self_attn.kv_a_layernorm")'
NORM = f"""        if self.setting.norm:
            latent = rms_norm(latent, {GAIN}, self.latent_epsilon)
"""
SPLIT = "        latent, key = both.split([self.width, self.rotated], dim=-1)\n"
ROTATE_KEY = "        key = self.rotate(key, positions, 1)\n"
STORE_LATENT = """        latent, out["latent_codes"] = straight_through(
            latent, self.setting.bits, self.setting.group, self.setting)
"""
STORE_KEY = '        key, out["rotated_codes"] = straight_through(key, self.setting.rotated_bits, 0, self.setting)\n'
QUERY_NORM = """            low = rms_norm(self.linear(layer, "q_a_proj", normed), self.weight(layer, \
"self_attn.q_a_layernorm"),
                           self.latent_epsilon)
"""
PARTS = ("        plain, rotated = x[..., : x.shape[-1] - self.rotated], x[..., x.shape[-1] - self.rotated :]\n")
TURNED = """        turned = turn(rotated[..., to_neighbours(self.rotated)], positions, self.theta)
        return torch.cat([plain, turned[..., 0::2], turned[..., 1::2]], dim=-1).flatten(-2)
"""
SCALE = "(plain + rotated) ** -0.5)"
UP_NAMES, UP_WIDTHS = "    key, values = functional.linear", "split([plain, value], dim=-1)\n"
ONE_KEY = "rotated_key[:, :, None].expand(-1, -1, heads, -1)"
STAGE_QUERY = "        *(given[name][None] for name in names),"
UP_LAYER = "self.setting.up_projection_of(layer)"
WRITES = "            if layer % self.setting.stride == 0:\n"
WRITTEN = "                entries = self.entries(layer, normed, positions, out)\n"
READS = "            self.attend(layer, normed, positions, entries, mask, out)\n"
READ = "            found = attention(query, *entries, up,"
GROUPS = "(-1, self.rotated)) for part in (query, *entries)]\n"
REPEATED = "(part.repeat_interleave(group, dim=2) for part in heads[1:])"
EPSILON = "        self.latent_epsilon = latent_model.latent_epsilon(self.config)\n"
FORM = "    if setting.symmetric:\n        most = "
MAGNITUDE = "parts.abs().amax(-1, keepdim=True) / most\n"
STEP = "        step = (top - lower) / most\n"
ROUND_SCALES = """    if setting.rounded:
        lower, step = (scale.bfloat16().to(parts.dtype) for scale in (lower, step))
"""
CODES = "((parts - lower) / step.masked_fill(constant, 1)).round()"
CLAMP = ".clamp(least, most)"
VALUES = "    values = codes * step + lower\n"
THROUGH = "    return x + (values - x).detach() if x.requires_grad else values, codes\n"
QUANTISED = "    codes, values, _, _ = quantise(x.detach(), bits, group or x.shape[-1], setting)\n"
STAGE = """        given["x"], request.params["bits"], request.params["group"], request.setting)
"""
FED = "self.feed([chosen[-1] if forced is None else forced[step]])"
PRODUCER = "setting.producer(layer) for layer in range(layers)]"
WRITERS = "    return -(-layers // setting.stride) * each\n"
SCALES = " + groups * SCALE * (1 if symmetric else 2)\n"
KEY_BITS = "        each += payload(second, setting.rotated_bits, 1, setting.symmetric)\n"
COST = '(layers,)), "bits": (bits, ())}'


def torch_(old, new):
    return ("latent_torch", old, new)


def structure(old, new):
    return ("latent_structure", old, new)


def candidate(old, new):
    return ("candidate_latent", old, new)


def arithmetic(identifier, sentence, old, new):
    return {identifier: Change(sentence, (torch_(old, new),))}


def cost(identifier, sentence, *patches):
    return {identifier: Change(sentence, tuple(structure(old, new) for old, new in patches))}


ENTRIES = {
    "L01": Change("I did not normalise the latent", (torch_(NORM, ""),)),
    "L02": Change("I normalised the latent and the shared key together", (
        torch_(NORM, ""),
        torch_(SPLIT, "        if self.setting.norm:\n"
               f"            ones = torch.ones(self.rotated, dtype=self.dtype)\n"
               f"            both = rms_norm(both, torch.cat([{GAIN}, ones]), self.latent_epsilon)\n" + SPLIT))),
    "L04": Change("I did not normalise the query latent", (
        torch_(QUERY_NORM, '            low = self.linear(layer, "q_a_proj", normed)\n'),)),
    "L05": Change("I scaled scores by d_n alone", (torch_(SCALE, "(plain or rotated) ** -0.5)"),)),
    "L06": Change("I scaled scores by d_c + d_r, the width of a query in the absorbed form", (
        torch_(SCALE, "(latent.shape[-1] + rotated) ** -0.5)"),)),
    "L07": Change("I did not rotate the shared key", (torch_(ROTATE_KEY, ""),)),
    "L08": Change("I rotated the plain part of queries too", (
        torch_(TURNED, "        if plain.shape[-1] == self.rotated:\n"
               "            low = turn(plain[..., to_neighbours(self.rotated)], positions, self.theta)\n"
               "            plain = torch.cat([low[..., 0::2], low[..., 1::2]], dim=-1)\n" + TURNED),)),
    "L09": Change("I took the first d_r channels of a head for its rotated part", (
        torch_(PARTS, "        plain, rotated = x[..., self.rotated :], x[..., : self.rotated]\n"),
        candidate(STAGE_QUERY,
                  "        turned(given['query'], sizes)[None], *(given[name][None] for name in names[1:]),"),
        candidate("def latent_attention(", "def turned(query, sizes):\n"
                  "    heads = query.unflatten(-1, (sizes[0], -1))\n"
                  "    return torch.cat([heads[..., sizes[2] :], heads[..., : sizes[2]]], dim=-1).flatten(-2)\n\n\n"
                  "def latent_attention("))),
    "L10": Change("I rotated neighbours, not halves", (
        torch_(TURNED, "        turned = turn(rotated, positions, self.theta)\n"
               "        return torch.cat([plain, turned], dim=-1).flatten(-2)\n"),)),
    "L21": Change("I took each head's first rows of kv_b_proj for its values", (
        torch_(UP_NAMES, UP_NAMES.replace("key, values", "values, key")),
        torch_(UP_WIDTHS, UP_WIDTHS.replace("plain, value", "value, plain")))),
    "L22": Change("I cached the latent before its norm, and normalised it when it was read", (
        torch_(NORM, ""),
        torch_(READ, "            if self.setting.norm:\n"
               f"                gain = {GAIN.replace('layer,', 'self.setting.producer(layer),')}\n"
               "                entries = [rms_norm(entries[0], gain, self.latent_epsilon), entries[1]]\n" + READ))),
    "L23": Change("I took rms_norm_eps for ε of the latents' norms", (
        torch_(EPSILON, '        self.latent_epsilon = self.config["rms_norm_eps"]\n'),)),
    "L24": Change("I took 1e-6 for ε of the latents' norms, whatever is given", (
        torch_(EPSILON, "        self.latent_epsilon = 1e-6\n"),)),
    "L25": Change("I normalised a latent whose norm is off", (
        torch_(NORM, f"        gain = {GAIN} if self.setting.norm else torch.ones(self.width, dtype=self.dtype)\n"
               "        latent = rms_norm(latent, gain, self.latent_epsilon)\n"),)),
    "L45": Change("I let query head h read KV head h mod H_kv", (
        torch_(REPEATED, "(part.repeat(1, 1, group, 1) for part in heads[1:])"),)),
}

SHARING = {
    "L11": Change("I let a consumer read with its producer's up-projections", (
        torch_(UP_LAYER, "self.setting.producer(layer)"),)),
    **cost("L12", "I counted the stride from layer 1, layer 0 being a group of its own",
           (PRODUCER, "layer and (layer - 1) // setting.stride * setting.stride + 1 for layer in range(layers)]"),
           (WRITERS, "    return (1 - (1 - layers) // setting.stride) * each\n")),
    "L13": Change("I let a consumer make entries of its own input, with its producer's weights", (
        torch_(WRITES, "            if True:\n"),
        torch_(WRITTEN, WRITTEN.replace("layer", "self.setting.producer(layer)", 1)))),
    "L26": Change("I let all layers read the entries of the first", (
        torch_(WRITES, "            if layer == 0 or self.setting.stride == 1:\n"),
        torch_(UP_LAYER, "layer if self.setting.own or self.setting.stride == 1 else 0"),
        structure(PRODUCER, "layer if setting.stride == 1 else 0 for layer in range(layers)]"),
        structure(WRITERS, "    return (layers if setting.stride == 1 else 1) * each\n"))),
}

QUANTISER = {
    "L03": Change("I quantised the latent before its norm", (
        torch_(NORM, NORM.replace("self.setting.norm:", "self.setting.norm and not self.setting.bits:")),
        torch_(STORE_LATENT, STORE_LATENT + NORM.replace(
            "self.setting.norm:", "self.setting.norm and self.setting.bits:")))),
    "L14": Change("I quantised over tokens, a scale for each channel", (
        torch_(QUANTISED, "    codes, values, _, _ = quantise(x.detach().mT, bits, x.shape[-2], setting)\n"
               "    codes, values = codes.mT, values.mT\n"),)),
    "L15": Change("I took the whole row for one group", (
        torch_(QUANTISED, QUANTISED.replace("group or ", "")),
        candidate(STAGE, '        given["x"], request.params["bits"], given["x"].shape[1], request.setting)\n'
                  '    count = given["x"].shape[1] // request.params["group"]\n'
                  "    lower, step = lower.repeat(1, count), step.repeat(1, count)\n"))),
    "L16": Change("I took 2^b steps for 2^b − 1", (
        torch_(STEP, STEP.replace("most", "(most + 1)")), torch_(MAGNITUDE, MAGNITUDE.replace("most", "(most + 1)")))),
    **arithmetic("L17", "I truncated the codes", CODES, CODES.replace("round", "trunc")),
    **arithmetic("L18", "I took the symmetric form for the asymmetric one", FORM,
                 FORM.replace("setting.symmetric:", "setting.symmetric or bits > 1:")),
    **arithmetic("L19", "I gave the shared key the latent's bits", STORE_KEY,
                 STORE_KEY.replace("self.setting.rotated_bits", "self.setting.bits")),
    "L20": Change("I rounded halves away from zero", (
        torch_(CODES, CODES.removesuffix(".round()")),
        torch_(CLAMP, ".apply_(lambda x: math.copysign(math.floor(abs(x) + 0.5), x))" + CLAMP),
        torch_("import torch\nfrom safetensors", "import math\n\nimport torch\nfrom safetensors"))),
    **arithmetic("L27", "I took the asymmetric form for the symmetric one", FORM,
                 FORM.replace("setting.symmetric", "False")),
    "L28": Change("I rounded lo and Δ when the codes were made of the exact ones", (
        torch_(ROUND_SCALES, ""), torch_(VALUES, ROUND_SCALES + VALUES))),
    **arithmetic("L29", "I rounded lo and Δ to bf16 where they are kept as they are", ROUND_SCALES,
                 ROUND_SCALES.replace("setting.rounded", "True")),
    **arithmetic("L30", "I kept lo and Δ as they are where they are rounded", ROUND_SCALES, ""),
    **arithmetic("L31", "I did not keep codes in their range", CLAMP, ""),
    **arithmetic("L32", "I took the largest number for the largest magnitude", MAGNITUDE,
                 MAGNITUDE.replace("abs().", "")),
    "L34": Change("I quantised the shared key before its rotation", (
        torch_(ROTATE_KEY, "        if not self.setting.rotated_bits:\n    " + ROTATE_KEY),
        torch_(STORE_KEY, STORE_KEY + "        if self.setting.rotated_bits:\n    " + ROTATE_KEY))),
    **arithmetic("L35", "I stored codes, and read the numbers they were made of", THROUGH, "    return x, codes\n"),
}

GRADIENTS = {
    **arithmetic("L36", "I let no gradient through the quantiser", THROUGH, "    return values, codes\n"),
    "L37": Change("I let no gradient from consumers to their producer", (
        torch_(READS, "            if layer % self.setting.stride:\n"
               "                entries = [part.detach() for part in entries]\n" + READS),)),
    "L38": Change("I let a producer learn from the last layer alone that reads it", (
        torch_(READS, "            last = layer == self.layers - 1 or (layer + 1) % self.setting.stride == 0\n"
               "            held, entries = entries, entries if last else [part.detach() for part in entries]\n" + READS
               + "            entries = held\n"),)),
    "L39": Change("I let the shared key learn from the first head alone", (
        torch_(ONE_KEY, "torch.cat([rotated_key[:, :, None], rotated_key.detach()[:, :, None].expand(\n"
               "        -1, -1, heads - 1, -1)], dim=2)"),)),
}

COUNTS = {
    **cost("L40", "I counted entries for consumers too", (WRITERS, "    return layers * each\n")),
    **cost("L41", "I rounded layers divided by the stride down",
           (WRITERS, "    return layers // setting.stride * each\n")),
    **cost("L42", "I did not count scales", (SCALES, "\n")),
    **cost("L43", "I counted a lower end in the symmetric form too", (SCALES, " + groups * SCALE * 2\n")),
    **cost("L44", "I counted the rotated key with the latent's bits", (
        KEY_BITS, KEY_BITS.replace("setting.rotated_bits", "setting.bits"))),
    **cost("L46", "I counted bytes", (COST, COST.replace("(bits,", "(bits // 8,"))),
    "L47": Change("I fed the token that I chose where another was given", (torch_(FED, "self.feed([chosen[-1]])"),)),
}

MISTAKES = dict(sorted((ENTRIES | SHARING | QUANTISER | GRADIENTS | COUNTS).items()))
