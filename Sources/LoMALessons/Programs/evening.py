import json
import os
import sys

import numpy as np
# step 1: rows
def rows(c, t, n):  # zone, chunk and index of every row of the training layout
    size, full, out = c * t, n // (c * t), []
    for k in range(full):
        out += [("x", k, i) for i in range(size)] + [("m", k, j) for j in range(t)] + [("r", k, i) for i in range(size)]
    return out + [("x", full, i) for i in range(n % size)]
# step 2: positions
def position(c, t, row):  # where a row stands, counted in tokens of the text
    zone, k, i = row
    return k * c * t + ((i + 1) * c - 1 if zone == "m" else i)
# step 3: the mask
def sees(query, key):  # whether a row sees another: one rule for each pair of zones
    (a, k, i), (b, m, j) = query, key
    return {"xx": m == k and j <= i, "xm": m < k, "xr": False,
            "mx": m == k, "mm": m <= k, "mr": False,
            "rx": False, "rm": m == k, "rr": m == k and j <= i}[a + b]
# step 4: Llama
def load(path):  # the arrays of a safetensors file by name: bfloat16 numbers, or integers
    data, arrays = open(path, "rb").read(), {}
    start = 8 + int.from_bytes(data[:8], "little")
    for name, entry in json.loads(data[8:start]).items():
        if name != "__metadata__":
            raw = data[start + entry["data_offsets"][0]:start + entry["data_offsets"][1]]
            wide = (np.frombuffer(raw, "<u2").astype("<u4") << 16).view("<f4") if entry["dtype"] == "BF16" else None
            arrays[name] = np.frombuffer(raw, "<i8") if wide is None else wide.astype(float).reshape(entry["shape"])
    return arrays
MODEL = os.environ.get("LOMA_MODEL") or os.environ.get("LOMA_START_FOLDER", ".") + "/Vectors/models/text-c4"
W, C = load(MODEL + "/model.safetensors"), json.load(open(MODEL + "/config.json"))
c, t, M, R = (C["loma"][key] for key in ("compression_ratio", "memory_length", "memory_token", "repetition_token"))
H, D = C["num_attention_heads"], C["head_dim"]
def rms(x, gain):  # divide by the root of the mean square, multiply by the gain
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + C["rms_norm_eps"]) * W[gain + ".weight"]
def rotate(x, at):  # turn the two halves of every head by angles that grow with the position: [rows, H, D]
    angle = np.array(at)[:, None, None] * C["rope_theta"] ** (-2 * np.arange(D // 2) / D)
    a, b = np.split(x.reshape(len(at), H, D), 2, -1)
    return np.concatenate([a * np.cos(angle) - b * np.sin(angle), b * np.cos(angle) + a * np.sin(angle)], -1)
def linear(x, name):  # a linear layer without a bias
    return x @ W[name + ".weight"].T
def attend(q, k, v, visible):  # how much each query gives each key that it sees, and the mix of values that it gets
    scores = np.where(visible, np.einsum("qhd,khd->hqk", q, k) / D ** 0.5, -np.inf)
    p = np.exp(scores - scores.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    return p, np.einsum("hqk,khd->qhd", p, v).reshape(len(q), H * D)
def run(new, ids, cache):  # feed rows behind a cache, which grows: each layer's attention and output, and the scores
    h, at, trace = W["model.embed_tokens.weight"][ids], [position(c, t, row) for row in new], []
    visible = np.array([[sees(query, key) for key in cache[0] + new] for query in new])
    for n in range(C["num_hidden_layers"]):
        name = f"model.layers.{n}."
        x, past = rms(h, name + "input_layernorm"), cache[1][n]
        q, k = (rotate(linear(x, name + f"self_attn.{part}_proj"), at) for part in "qk")
        v = linear(x, name + "self_attn.v_proj").reshape(k.shape)
        cache[1][n] = np.concatenate([past[0], k]), np.concatenate([past[1], v])
        p, mixed = attend(q, *cache[1][n], visible)
        h = h + linear(mixed, name + "self_attn.o_proj")
        x = rms(h, name + "post_attention_layernorm")
        gate, up = linear(x, name + "mlp.gate_proj"), linear(x, name + "mlp.up_proj")
        h = h + linear(gate / (1 + np.exp(-gate)) * up, name + "mlp.down_proj")
        trace.append((p, h))
    cache[0].extend(new)
    return trace, linear(rms(h, "model.norm"), "lm_head")
def empty():  # a cache: its rows, and the keys and values of each layer
    return [], [(np.zeros((0, H, D)),) * 2 for _ in range(C["num_hidden_layers"])]
# step 5: the cache
def read(text, c, t, feed, cache):  # feed token by token; feed a full chunk's memory, drop its text; rows by event
    events = []
    for g in range(len(text)):
        k, i = divmod(g, c * t)
        scores = feed([("x", k, i)], [text[g]], cache)
        events.append("".join(row[0] for row in cache[0]))
        if i == c * t - 1:
            feed([("m", k, j) for j in range(t)], [M] * t, cache)
            events.append("".join(row[0] for row in cache[0]))
            kept = [place for place, row in enumerate(cache[0]) if row[0] == "m"]
            cache[0][:] = [cache[0][place] for place in kept]
            cache[1][:] = [(keys[kept], values[kept]) for keys, values in cache[1]]
            events.append("".join(row[0] for row in cache[0]))
    return events, scores
# step 6: recite
def recall(k, text):  # the ids that chunk k's repetition rows say behind the cache, and all scores
    held = empty()
    read(text, c, t, run, held)
    scores = run([("r", k, i) for i in range(c * t)], [R] * (c * t), held)[1]
    return scores[:, :M].argmax(-1), scores
# step 12: loma conform
def conform(ask):  # protocol 1: one operation, reconstruct, in float64
    if ask["cmd"] == "run":
        W.update(load(ask["model"] + "/model.safetensors"))
        tokens, scores = recall(ask["params"]["chunk"], load(ask["input"])["tokens"].tolist())
        data = [tokens.astype("<i8").tobytes(), scores.astype("<f8").tobytes()]
        head = json.dumps({"tokens": {"dtype": "I64", "shape": [c * t], "data_offsets": [0, len(data[0])]}, "logits": {
            "dtype": "F64", "shape": scores.shape, "data_offsets": [len(data[0]), len(data[0] + data[1])]}}).encode()
        open(ask["output"], "wb").write(len(head).to_bytes(8, "little") + head + data[0] + data[1])
    said = {"protocol": 1, "name": "evening", "version": "1", "ops": ["reconstruct"], "dtypes": ["f64"],
            "profiles": [{}], "captures": False} if ask["cmd"] == "hello" else {}
    return json.dumps({"loma": 1, "id": ask["id"], "ok": said}, separators=(",", ":"))
if __name__ == "__main__" and len(sys.argv) > 1:  # python3 evening.py "a text": what is left of it
    text = sys.argv[1].encode()
    print(bytes(token for k in range(len(text) // (c * t)) for token in recall(k, text)[0].tolist()))
elif __name__ == "__main__":  # loma conform -- python3 evening.py
    for line in sys.stdin:
        print(conform(json.loads(line)), flush=True)
