"""Wrong variants of the port in what other families add to a plain Llama (MOD-8 to MOD-13).

The first word of an id is part of the ids of the cases that show the mistake. `names` are the mutants that make it too.
"""

from change import Change

FREQUENCIES = "    inverse, factor = rotations.frequencies(head_dim, rope)\n"
RETURNED = "    return np.cos(angle) * factor, np.sin(angle) * factor\n"
KINDS = '    if rope.kind == "llama3":\n        return llama3(plain, rope.members), 1.0\n'
SHARE = "    share = (old / waves - low) / (high - low)\n"
LAST = "    first, last = max(first, 0), min(last, head_dim - 1)\n"
ENDS = '    first, last = pair(p.get("beta_fast") or 32), pair(p.get("beta_slow") or 1)\n'
TRUNCATED = '    if p.get("truncate", True):\n'
OBJECT = '    rope = given.get("rope_scaling") or given.get("rope_parameters") or {}\n'
KIND = '    kind = rope.get("rope_type", rope.get("type", "default"))\n'
THETA = '    theta = rope.get("rope_theta", given.get("rope_theta", 10000.0))\n'
MEMBERS = '    if kind == "yarn" and "factor" in rope:\n'
PROJECTED = '    return element.store(y + w[name + "_bias"]) if name + "_bias" in w else y\n'
HEADED = """    y = projected(x, w, name + "_proj", element)
    if name + "_norm" not in w:
        return y
    heads = y.reshape(len(y), y.shape[1] // shape.head_dim, shape.head_dim)
    return rms_norm(heads, w[name + "_norm"], shape.epsilon, element).reshape(y.shape)
"""
NORMALISED = "    return rms_norm(heads, w[name + \"_norm\"], shape.epsilon, element).reshape(y.shape)\n"
QUERY = '    q = trace["attention.query"] = rotate(headed(norm, w, "q", shape, element), cos, sin, element)\n'
KEY = '    k = trace["attention.key"] = rotate(headed(norm, w, "k", shape, element), cos, sin, element)\n'
QWEN2 = '        if family == "qwen2":\n            return ATTENTION[:3]\n'
LIMIT = '        return min((limit for limit in limits if limit is not None), default=None)\n'
BACK = "    dq, dk = stages.rotate(dq, cos, -sin, element), stages.rotate(dk, cos, -sin, element)"


def rotation(*patches):
    return tuple(("rotations", old, new) for old, new in patches)


def turned(queries, keys):
    """Other lines in the place of those that rotate queries and keys."""
    return (("stages", QUERY, queries), ("stages", KEY, keys))


MISTAKES = {
    # Which object, and what it says.
    "linear-unread": Change("I read rope_parameters, as transformers 5 writes them, and no rope_scaling.", rotation(
        (OBJECT, '    rope = given.get("rope_parameters") or {}\n'))),
    "llama3-unread": Change("I read rope_scaling, as in every older configuration, and no rope_parameters.", rotation(
        (OBJECT, '    rope = given.get("rope_scaling") or {}\n'))),
    "qwen3-top": Change("θ at the top of the configuration wins over the one in the object.", rotation(
        (THETA, '    theta = given.get("rope_theta", rope.get("rope_theta", 10000.0))\n'))),
    "linear-type": Change("I read rope_type, and not the older word type.", rotation(
        (KIND, '    kind = rope.get("rope_type", "default")\n'))),
    "linear-integers": Change("A factor is a float; an integer is refused.", rotation(
        ("not isinstance(value, (int, float))", "name == \"factor\" and isinstance(value, int)"),
        ("for value in members.values())", "for name, value in members.items())"))),
    "llama3-old": Change("The old length is max_position_embeddings.", rotation(
        (MEMBERS, "    old = longest\n" + MEMBERS)), ("M302",)),
    # Frequencies.
    "linear-inverse": Change("I multiply positions by the factor.", rotation(
        ('plain / rope.members["factor"], 1.0', 'plain * rope.members["factor"], 1.0'))),
    "linear-theta": Change("I multiply θ by the factor.", rotation(
        ("    if rope.kind == \"linear\":\n",
         "    if rope.kind == \"linear\":\n        turned = rope.theta * rope.members[\"factor\"]\n"
         "        return np.array([turned ** (-2 * i / head_dim) for i in range(head_dim // 2)]), 1.0\n")), ("M305",)),
    "dynamic-at-once": Change("Frequencies are those of the longest text from the first position on.", rotation(
        ("    return plain, 1.0\n",
         '    if rope.kind == "dynamic":\n'
         '        stretched = rope.theta * rope.members["factor"] ** (head_dim / (head_dim - 2))\n'
         "        return np.array([stretched ** (-2 * i / head_dim) for i in range(head_dim // 2)]), 1.0\n"
         "    return plain, 1.0\n")), ("M306",)),
    "llama3-plain": Change("I take llama3 for plain rotation.", rotation((KINDS, ""))),
    "llama3-all": Change("I divide all frequencies by the factor of llama3.", rotation(
        (KINDS, KINDS.replace("llama3(plain, rope.members), 1.0", 'plain / rope.members["factor"], 1.0'))), ("M301",)),
    "llama3-rough": Change("I do not smooth between the borders of llama3.", rotation(
        (SHARE, "    share = 0.0 * waves\n")), ("M303",)),
    "llama3-turned": Change("I mix kept and divided frequencies the other way round.", rotation(
        ("(1 - share) * slow + share * plain", "share * slow + (1 - share) * plain")), ("M304",)),
    "yarn-one": Change("I leave out the factor of cosines and sines.", (
        ("stages", RETURNED, "    return np.cos(angle), np.sin(angle)\n"),), ("M307",)),
    "yarn-query": Change("The factor multiplies queries alone.", turned(QUERY, (
        "    a = np.sqrt(cos[:1] ** 2 + sin[:1] ** 2)\n" + KEY.replace("cos, sin", "cos / a, sin / a"))), ("M315",)),
    "yarn-whole": Change("I round the ends of the ramp, whatever truncate says.", rotation(
        (TRUNCATED, "    if True:\n")), ("M309",)),
    "yarn-broken": Change("I do not round the ends of the ramp.", rotation((TRUNCATED, "    if False:\n")), ("M308",)),
    "yarn-betas": Change("beta_fast and beta_slow are swapped.", rotation(
        (ENDS, '    first, last = pair(p.get("beta_slow") or 1), pair(p.get("beta_fast") or 32)\n')), ("M310",)),
    "yarn-32": Change("The betas are 32 and 1.", rotation((ENDS, "    first, last = pair(32), pair(1)\n")), ("M313",)),
    "yarn-half": Change("The ramp ends at d/2 - 1.", rotation(
        (LAST, LAST.replace("head_dim - 1", "head_dim // 2 - 1"))), ("M314",)),
    "yarn-given": Change("I compute the factor of cosines and sines, although it is given.", rotation(
        ('    if "attention_factor" in p:\n        return p["attention_factor"]\n', "")), ("M311",)),
    "yarn-mscale": Change("I read no mscale.", rotation(
        ('    if p.get("mscale") and p.get("mscale_all_dim"):\n'
         '        return stretched(p["mscale"]) / stretched(p["mscale_all_dim"])\n', "")), ("M312",)),
    "yarn-back": Change("Going back I turn by the inverse, which for a factor is no transpose.", (
        ("training", BACK, "    a = cos[:1] ** 2 + sin[:1] ** 2\n"
         + BACK.replace("cos, -sin", "cos / a, -sin / a")),)),
    # Biases and norms of heads.
    "biases-none": Change("I read no biases.", (("stages", PROJECTED, "    return y\n"),), ("M320",)),
    "biases-late": Change("Biases of queries and keys are added after the rotation.", turned(*(
        line.replace(f'headed(norm, w, "{name}", shape, element), cos, sin, element)',
                     f'linear(norm, w["{name}_proj"], element), cos, sin, element) + w.get("{name}_proj_bias", 0)')
        for name, line in (("q", QUERY), ("k", KEY)))), ("M321",)),
    "biases-repeated": Change("The bias of a value is added once for every query head that reads it.", (
        ("stages", '    v = trace["attention.value"] = projected(norm, w, "v_proj", element)\n',
         '    v = trace["attention.value"] = projected(norm, w, "v_proj", element)\n'
         '    v = v + (shape.heads // shape.kv_heads - 1) * w.get("v_proj_bias", 0)\n'),)),
    "biases-frozen": Change("Biases have no gradient.", (
        ("training", '        d[name + "_bias"] = dy.sum(0)\n', '        d[name + "_bias"] = 0 * dy.sum(0)\n'),)),
    "biases-down": Change("The bias of down is added before it, to the activation's first numbers.", (
        ("stages", '    output = trace["feed_forward.output"] = projected(active, w, "down_proj", element)\n',
         '    if "down_proj_bias" in w:\n'
         '        active = active + np.pad(w["down_proj_bias"], (0, active.shape[1] - len(w["down_proj_bias"])))\n'
         '    output = trace["feed_forward.output"] = linear(active, w["down_proj"], element)\n'),)),
    "qwen2-silent": Change("Biases are there where attention_bias says so, in Qwen2 too.", (
        ("model", QWEN2 + "        attention = family in (\"llama\", \"qwen3\") and", "        attention ="),)),
    "qwen2-key": Change("Qwen2 has biases of queries and values; one of keys would cancel in the softmax.", (
        ("stages", PROJECTED, PROJECTED.replace(' in w else y', ' in w and name != "k_proj" else y')),)),
    "qwen3-none": Change("I read no norms of queries and keys.", (
        ("stages", HEADED, '    return projected(x, w, name + "_proj", element)\n'),), ("M323",)),
    "qwen3-late": Change("Queries and keys are normalised after the rotation.", turned(*(
        f"    turned = rotate(projected(norm, w, \"{name}_proj\", element), cos, sin, element)\n"
        f"    {name} = trace[\"attention.{long}\"] = turned\n"
        f"    if \"{name}_norm\" in w:\n"
        f"        heads = turned.reshape(len(turned), turned.shape[1] // shape.head_dim, shape.head_dim)\n"
        f"        {name} = trace[\"attention.{long}\"] = rms_norm(\n"
        f"            heads, w[\"{name}_norm\"], shape.epsilon, element).reshape(turned.shape)\n"
        for name, long in (("q", "query"), ("k", "key")))), ("M324",)),
    "qwen3-whole": Change("Queries and keys are normalised over all heads at once, as in OLMo 2.", (
        ("stages", NORMALISED,
         "    return rms_norm(y, np.tile(w[name + \"_norm\"], heads.shape[1]), shape.epsilon, element)\n"),), ("M325",)),
    "qwen3-gain": Change("The gain of queries and keys is 1 + gain, as in Gemma.", (
        ("stages", NORMALISED, NORMALISED.replace('w[name + "_norm"],', '1 + w[name + "_norm"],')),), ("M326",)),
    "qwen3-epsilon": Change("The norms of queries and keys have an ε of 1e-6.", (
        ("stages", NORMALISED, NORMALISED.replace("shape.epsilon", "1e-6")),)),
    "qwen3-values": Change("Values are normalised with the gain of keys.", (
        ("stages", '    v = trace["attention.value"] = projected(norm, w, "v_proj", element)\n',
         '    v = trace["attention.value"] = headed(\n'
         '        norm, {**w, **({"v_norm": w["k_norm"]} if "k_norm" in w else {})}, "v", shape, element)\n'),)),
    "qwen3-mean": Change("The gain of a norm over heads has the mean of their gradients.", (
        ("training", '_norm"], dy = gain.sum(0), dheads', '_norm"], dy = gain.mean(0), dheads'),)),
    # What is refused.
    "beyond": Change("I go on beyond the last position of a model.", (
        ("model", LIMIT, "        return None\n"),), ("M327",)),
    "refused-untyped": Change("A factor without a type is linear.", rotation(
        (KIND, '    kind = rope.get("rope_type", rope.get("type", "linear" if "factor" in rope else "default"))\n'))),
    "refused-longrope": Change("I take a rotation that I do not know for a plain one.", rotation(
        (KIND, KIND + "    if kind not in MEMBERS:\n        rope, kind = {}, \"default\"\n"))),
    "refused-partial": Change("I do not read partial_rotary_factor.", rotation(
        (' or given.get("partial_rotary_factor", 1) != 1:', ":"))),
    "refused-gelu": Change("I do not read hidden_act.", (
        ("model", '"hidden_act": ("silu", "swish"), ', ""),)),
}
