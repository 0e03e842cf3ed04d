"""The changes that Docs/Evening asks for under "Break it", and what the finished program then says of a text.

Each is the step, the text of evening.py that is replaced, what replaces it, and how many of the 48 bytes come back.
"""

TEXT = "the memory of a chunk is all that is left of it."

LAYERS = 'json.load(open(MODEL + "/config.json"))'

BREAKS = [
    (2, '(i + 1) * c - 1 if zone == "m"', 'i * c if zone == "m"', 29),
    (2, "i)\n# step 3", 'i + c * t * (zone == "r"))\n# step 3', 0),
    (3, '"rm": m == k', '"rm": m <= k', 37),
    (3, '"mm": m <= k', '"mm": m < k or m == k and j <= i', 48),
    (3, '"mx": m == k', '"mx": False', 0),
    (3, '"rr": m == k and j <= i', '"rr": m == k and j == i', 46),
    (4, " / D ** 0.5", "", 43),
    (5, 'if row[0] == "m"]', "]", 48),
    (6, "[R] * (c * t), held)", "[M] * (c * t), held)", 8),
    (8, LAYERS, LAYERS + ' | {"num_hidden_layers": 1}', 1),
    (8, LAYERS, LAYERS + ' | {"num_hidden_layers": 2}', 29),
]
