"""The candidate asked as the runner would ask it: its answers in every type, and its rejections."""

import itertools
import json

import numpy as np
import torch

import latent_model  # first: it makes the modules of the folder above known
import candidate_latent
import latent_numpy
import latent_protocol
import latent_structure
import loma_protocol
from tally import LIMIT

NARROW = {"f32": 3e-5, "bf16": 0.2, "f16": 0.03}  # loose: what a right candidate may differ by is the Spec's to say


def ask(op, params, given, profile=None, model=None, dtype="f64", capture=()):
    """The candidate's answer, by the request that the runner would send."""
    message = {"op": op, "profile": profile or {}, "dtype": dtype, "model": model and str(model), "output": "",
               "input": "given", "capture": list(capture), "params": params}
    answer = candidate_latent.answer(latent_protocol.Request(message, lambda _: given))
    return {name: tensor.detach() for name, tensor in answer.items()}


def batch_of(texts):
    return {"tokens": torch.tensor([token for text in texts for token in text]),
            "lengths": torch.tensor([len(text) for text in texts])}


def check_candidate(trial, tally):
    """Every operation on a model in float64, and what narrow types make of it without bits."""
    prefix = "layers.0.attention."
    kept = ("key", "value") if trial.setting.of_heads else ("stored_latent", "stored_rotated_key")
    captures = ["hidden.1", prefix + "query", prefix + "context", *(prefix + name for name in kept)]
    request = {"profile": trial.profile, "model": trial.path}
    given = batch_of(trial.texts)
    answer = ask("latent_forward", {}, given, capture=captures, **request)
    narrow = {} if trial.setting.bits or trial.setting.rotated_bits else {
        dtype: ask("latent_forward", {}, given, dtype=dtype, **request)["logits"] for dtype in NARROW}
    for index, text in enumerate(trial.texts):
        trace = trial.decoder.text(text)
        for name in ["logits", *captures]:
            tally.near("the candidate", answer[name][index, : len(text)], trace[name])
        for dtype, logits in narrow.items():
            found = logits[index, : len(text)].double()
            tally.near(f"the candidate in {dtype}", found, trace["logits"], limit=NARROW[dtype])
    again = ask("latent_forward", {}, given | {
        "embeddings": torch.tensor(trial.model.embedding[np.zeros_like(answer["logits"][..., 0], dtype=int)])},
        **request)["logits"]
    expected = trial.decoder.text(trial.texts[0], trial.model.embedding[[0] * len(trial.texts[0])])["logits"]
    tally.near("the candidate", again[0, : len(trial.texts[0])], expected)
    answer = ask("latent_gradients", {}, given, **request)
    tally.near("the candidate", answer.pop("loss"), trial.decoder.loss(trial.texts))
    tally.holds("the candidate", set(answer) == {f"gradients.{name}" for name in trial.model.weights})
    reader = latent_numpy.Reader(trial.model)
    for token in trial.texts[0]:
        reader.feed(token)
    expected = reader.answer(reader.generate(trial.count, trial.forced))
    more = {} if trial.forced is None else {"forced": torch.tensor(trial.forced, dtype=torch.int64)}
    found = ask("latent_generate", {"generate": trial.count}, batch_of(trial.texts[:1]) | more, **request)
    tally.holds("the candidate", set(found) == set(expected), set(found) ^ set(expected))
    for name, tensor in found.items():
        tally.near("the candidate", tensor, expected[name])


def check_stages(draw, tally):
    """Both stages of the candidate, in every type."""
    numbers = np.random.default_rng(draw.randrange(2**32))
    heads, plain, rotated, value, rows, keys = 2, 3, 2 * draw.randint(0, 2), 5, 3, 4
    shapes = {"query": (rows, heads * (plain + rotated)), "latent": (keys, 6), "rotated_key": (keys, rotated),
              "kv_b_proj": (heads * (plain + value), 6)}
    given = {name: latent_model.exact(numbers.normal(size=shape)) for name, shape in shapes.items()}
    mask = numbers.random((rows, keys)) < 0.6
    mask[:, 0] = True
    sizes = {"heads": heads, "plain_width": plain, "rotated_width": rotated, "value_width": value}
    tensors = {name: torch.tensor(array) for name, array in given.items()} | {"mask": torch.tensor(mask)}
    wide = [array.astype(np.float64) for array in given.values()]
    context, probabilities = latent_numpy.plain_attention(
        *wide, mask, latent_numpy.Sizes(heads, plain, rotated, value))
    answer = ask("latent_attention", sizes, tensors)
    tally.near("the candidate's stages", answer["context"], context)
    tally.near("the candidate's stages", answer["probabilities"], probabilities)
    tally.holds("MSK-12", (answer["probabilities"].numpy()[:, ~mask] == 0).all())
    x = latent_model.exact(numbers.normal(size=(3, 8)))
    for dtype, limit in {"f64": LIMIT, **NARROW}.items():
        found = ask("latent_attention", sizes, tensors, dtype=dtype)["context"].double().numpy()
        tally.near(f"the candidate's stages in {dtype}", found, context, limit=limit)
        params = {"bits": draw.choice([2, 4]), "group": draw.choice([2, 4, 8])}
        profile = {"quantiser": draw.choice(["asymmetric", "symmetric"])}
        found = ask("quantise", params, {"x": torch.tensor(x)}, profile, dtype=dtype)
        expected = latent_numpy.Quantised(
            x.astype(np.float64), params["bits"], params["group"], latent_structure.Setting({}, profile))
        # x is exact in every type, and the candidate computes codes in float32: only a border may move one.
        clear = expected.margin() > 1e-5
        tally.holds("the candidate's codes", (found["codes"].numpy() == expected.codes)[clear].all())
        for name, scale in (("lower", expected.lower), ("step", expected.step)):
            tally.near(f"the candidate's scales in {dtype}", found[name].double(), scale, limit=limit)


def check_rejections(trial, folder, tally):
    """The candidate's code for single faults, and for pairs the one that comes first."""
    config = json.loads((trial.path / "config.json").read_text())
    faults = {
        "unknown-axis": {"profile": {"colour": "red"}}, "unknown-alternative": {"profile": {"entries": "rows"}},
        "stride-out-of-range": {"latent": {"stride": 0}}, "latent-width-out-of-range": {"kv_lora_rank": 0},
        "odd-rotated-width": {"qk_rope_head_dim": 3}, "head-width-out-of-range": {"v_head_dim": 0},
        "bits-out-of-range": {"latent": {"bits": 25}}, "group-does-not-divide": {"latent": {"group": 4}},
        "text-empty": {"lengths": [3, 0]}, "texts-mismatch": {"lengths": [2]},
        "text-token-out-of-range": {"tokens": [1, 2, 99]}, "negative-generation-length": {"generate": -1},
        "unsupported-configuration": {"rope_interleave": True}, "invalid-configuration": {"vocab_size": 0},
        "profile-mismatch": {"profile": {"up_projection": "shared"}},
        "latent-shape-mismatch": {"intermediate_size": 11}}
    for number, ((code, fault), (other, more)) in enumerate(
            itertools.combinations_with_replacement(faults.items(), 2)):
        if code != other and set(fault) & set(more):
            continue
        if "invalid-configuration" in (code, other) and "text-token-out-of-range" not in (code, other):
            continue  # without a vocabulary no token is in range
        fault = fault | more
        path = folder / f"fault{number}"
        asked = ("profile", "lengths", "tokens", "generate")
        latent_model.write(path, config | {k: v for k, v in fault.items() if k not in asked}, trial.model.weights)
        given = {name: torch.tensor(fault.get(name, default))
                 for name, default in {"tokens": [1, 2, 3], "lengths": [2, 1]}.items()}
        try:
            ask("latent_generate", {"generate": fault.get("generate", 1)}, given, fault.get("profile"), path)
            found = None
        except loma_protocol.Rejected as rejected:
            found = str(rejected)
        tally.holds("rejections of the candidate", found == code, code, other, found)


def check_configurations(trial, folder, tally):
    """Keys of config.json that would change the arithmetic (LAT-10), and some that do not."""
    config = json.loads((trial.path / "config.json").read_text())
    refused = [
        {"rope_interleave": None}, {"rope_scaling": {"rope_type": "yarn", "factor": 4.0}},
        {"rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "mscale_all_dim": 1.0}},
        {"rope_scaling": {"type": "linear", "factor": 2.0}}, {"rope_parameters": {"partial_rotary_factor": 0.5}},
        {"n_routed_experts": 4, "first_k_dense_replace": 1}, {"num_key_value_heads": 1}, {"attention_bias": True},
        {"hidden_act": "gelu"}, {"use_qk_norm": True}, {"use_cla": True}, {"cla_share_factor": 2}]
    plain = [
        {"rope_scaling": {"rope_type": "default"}}, {"rope_parameters": {"rope_type": "default", "rope_theta": 50.0}},
        {"n_routed_experts": 4, "first_k_dense_replace": 9}, {"n_routed_experts": None}, {"use_cla": False},
        {"cla_share_factor": 1}, {"q_lora_rank": 0}]
    for number, change in enumerate(refused + plain):
        path = latent_model.write(folder / f"configuration{number}", config | change, trial.model.weights)
        expected = "unsupported-configuration" if change in refused else None
        tally.holds("LAT-10 keys", latent_model.refusal(path, {}) == expected, change)
