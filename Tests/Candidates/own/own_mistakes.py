"""The mistakes of OWN-3 as data, for the port that makes them (own_port.py) and for the passes that look for them
(own_passes.py).

A mistake changes the profile, the rows, the mask of a layer, the settings of the model, or the arithmetic; the last is
a word that both computations know. None of them changes a shape, so that every layer above a mistake runs as it is.
"""

import typing

import torch

TILE, LONG_TILE, LAST_POSITION, ROOM = 16, 128, 63, 8  # of the mistakes below


class Mistake(typing.NamedTuple):
    sentence: str  # as the porter would say it
    names: tuple  # what a judge is right to call it: ids of mutants, or axis=value; any of them
    profile: dict = {}
    rows: typing.Callable | None = None  # rows, request parameters -> rows
    mask: typing.Callable | None = None  # rows, mask [S, S], layer, layers, heads -> [S, S] or [H, S, S]
    settings: typing.Callable | None = None  # settings -> settings
    arithmetic: str | None = None
    types: tuple = ("f32", "bf16", "f16")


def axis(name, value, *others):
    return Mistake(f"I took {value} for {name}.", (f"{name}={value}", *others), profile={name: value})


def moved(zone, by):
    """Rows of a zone stand further."""
    return lambda rows, p: [dict(row, position=row["position"] + by * (row["zone"] == zone)) for row in rows]


def clipped(rows, p):
    return [dict(row, position=min(row["position"], LAST_POSITION)) for row in rows]


def tail_from_zero(rows, p):
    full = sum(row["zone"] == "x" for row in rows) // (p["c"] * p["t"])
    return [dict(row, position=row["index"]) if (row["zone"], row["chunk"]) == ("x", full) else row for row in rows]


def swapped(rows, p):
    other = {p["memory_token"]: p["repetition_token"], p["repetition_token"]: p["memory_token"]}
    return [row if row["zone"] == "x" else dict(row, token=other[row["token"]]) for row in rows]


def pairs(rows, mask, where, value):
    """The mask with another value where `where(query, key)` says so, both being columns by name; a row sees itself."""
    columns = {"zone": torch.tensor([ord(row["zone"]) for row in rows])}
    columns |= {name: torch.tensor([row[name] for row in rows]) for name in ("chunk", "index")}
    queries, keys = ({name: x[:, None] for name, x in columns.items()}, {name: x[None] for name, x in columns.items()})
    changed = where(queries, keys) & ~torch.eye(len(rows), dtype=torch.bool)
    return torch.where(changed, torch.tensor(value), mask)


def is_row(row, zone, chunk, index):
    return (row["zone"] == ord(zone)) & (row["chunk"] == chunk) & (row["index"] == index)


def one_pair(rows, mask, layer, layers, heads):
    """The last memory row of chunk 1 does not see the first reading row of its chunk."""
    last = max((row["index"] for row in rows if row["zone"] == "m"), default=0)
    return pairs(rows, mask, lambda q, k: is_row(q, "m", 1, last) & is_row(k, "x", 1, 0), False)


def no_room(rows, mask, layer, layers, heads):
    """Memories from chunk 8 on are shown to nobody in another chunk."""
    return pairs(rows, mask, lambda q, k: (k["zone"] == ord("m")) & (k["chunk"] >= ROOM) & (q["chunk"] != k["chunk"]),
                 False)


def triangle(mask):
    return torch.ones_like(mask).tril()


def last_layer_causal(rows, mask, layer, layers, heads):
    return triangle(mask) if layer == layers - 1 else mask


def one_head_causal(rows, mask, layer, layers, heads):
    if layer != layers // 2:
        return mask
    return torch.stack([triangle(mask) if head == heads // 2 else mask for head in range(heads)])


def lost_in_tile(size):
    """The last key of every tile is not there, but for its own query."""
    def change(rows, mask, layer, layers, heads):
        last = torch.arange(len(mask)) % size == size - 1
        return mask & ~(last[None] & ~torch.eye(len(mask), dtype=torch.bool))
    return change


def sees_text_before(rows, mask, layer, layers, heads):
    """The first row of a chunk still sees the last reading row of the chunk before."""
    last = max((row["index"] for row in rows if row["zone"] == "x"), default=0)
    return pairs(rows, mask, lambda q, k: (q["zone"] == ord("x")) & (q["index"] == 0) & (k["zone"] == ord("x"))
                 & (k["index"] == last) & (k["chunk"] == q["chunk"] - 1), True)


def triangular(rows, mask, layer, layers, heads):
    return mask.tril()


def plain_causal(rows, mask, layer, layers, heads):
    return triangle(mask)


def setting(**values):
    return lambda settings: {**settings, **values}


MISTAKES = {
    "span_start": axis("memory_positions", "span_start", "M020"),
    "sequential": axis("numbering", "sequential", "M022"),
    "generation": axis("numbering", "generation", "M023"),
    "compressed": axis("numbering", "compressed", "M023"),
    "own_chunk": axis("memory_context", "own_chunk", "M055"),
    "causal": axis("memory_attention", "causal", "M054"),
    "past_memories": axis("repetition_context", "past_memories", "M064"),
    "bidirectional": axis("repetition_attention", "bidirectional", "M067"),
    "self_only": axis("repetition_attention", "self_only", "M066"),
    "one_pair": Mistake(
        "The last memory row of chunk 1 does not see the first token of its chunk.", ("OM01",), mask=one_pair),
    "memory_late": Mistake("Memory rows stand one behind the end of their spans.", ("M021",), rows=moved("m", 1)),
    "repetition_late": Mistake("Repetition rows stand one behind their tokens.", ("OM02",), rows=moved("r", 1)),
    "clipped": Mistake("My table of positions ends at 63.", ("OM03",), rows=clipped),
    "tail_zero": Mistake("The positions of the tail begin at 0.", ("M032",), rows=tail_from_zero),
    "no_room": Mistake("I have room for the memories of 8 chunks.", ("M223",), mask=no_room),
    "last_causal": Mistake("The last layer has the plain causal mask.", ("OM04",),
                           mask=last_layer_causal),
    "row_127": Mistake("Key row 127 of 128 is skipped.", ("OM05",), mask=lost_in_tile(LONG_TILE)),
    "tile_16": Mistake("The last key of every tile of 16 is skipped.", ("OM06",), mask=lost_in_tile(TILE)),
    "text_before": Mistake("The first row of a chunk sees the last token before it.", ("OM07",),
                           mask=sees_text_before),
    "triangular": Mistake("My 4-D mask is made triangular, as the stock one is.",
                          ("memory_attention=causal", "M054"), mask=triangular),
    "plain_causal": Mistake("I use the plain causal mask.", ("M072",), mask=plain_causal),
    "swapped": Mistake("<m> and <r> are the wrong way round.", ("M012",), rows=swapped),
    "one_head": Mistake("One head of one layer has the plain causal mask.", ("OM08",), mask=one_head_causal),
    "theta_other": Mistake("I took another base of the rotation, as 500000 for 10000.", ("OM09",),
                           settings=lambda s: {**s, "rope_theta": s["rope_theta"] * 50}),
    "theta_percent": Mistake("The base of the rotation is 1% off.", ("OM10",),
                             settings=lambda s: {**s, "rope_theta": s["rope_theta"] * 1.01}),
    "interleaved": Mistake("I rotate neighbours, as in the RoPE paper.", ("M098",), arithmetic="interleaved"),
    "epsilon": Mistake("The epsilon of RMSNorm is a tenth: 1e-6 for 1e-5.", ("M091", "M108"),
                       settings=lambda s: {**s, "rms_norm_eps": s["rms_norm_eps"] / 10}),
    "kv_modulo": Mistake("Query head h reads KV head h mod H_kv.", ("M103",), arithmetic="kv_modulo"),
    "minus_ten": Mistake("I hide a key with a score of -10.", ("OM11",), arithmetic="minus_ten"),
    "mask_after": Mistake("I multiply the softmax by the mask.", ("M079",), arithmetic="mask_after"),
    "gelu": Mistake("I took GELU for SiLU.", ("M105",), arithmetic="gelu"),
    "cache_lower": Mistake("The cache is kept in a lower type: f16 for f32, fp8 for 16 bits.", ("OM12", "OM13"),
                           arithmetic="cache_lower"),
    "cos_bf16": Mistake("Cosines and sines are kept in bfloat16.", ("M230",), arithmetic="cos_bf16", types=("f32",)),
    "tf32": Mistake("Products are made of inputs of 11 bits, as TF32 does.", ("OM14",), arithmetic="tf32",
                    types=("f32",)),
}


def is_right(mistake, name):
    """Whether a name, an id of this table or one of its names, is right for a mistake: some are the same thing twice,
    such as a triangle of LoMA's mask and memory that attends causally."""
    own = MISTAKES[mistake].names
    return name == mistake or name in own or (name in MISTAKES and bool(set(MISTAKES[name].names) & set(own)))
