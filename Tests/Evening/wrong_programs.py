"""Three mistakes for each step that asks something: a change of the finished program, and what the lesson must say.

Each is the lesson, the text that stands in the program, what a learner may write instead, the clause, and words of the
message: the row, the pair of rows where there is one, and where possible the name of the mistake.
"""

WRONG = [
    # The bet
    (0, "t * (n // (c * t)) + n % (c * t)", "n // c", "GEN-6", ["the number of entries is 5, it must be 9"]),
    (0, "t * (n // (c * t)) + n % (c * t)", "n // (c * t) + n % (c * t)", "GEN-6", ["it must be 12"]),
    (0, "t * (n // (c * t)) + n % (c * t)", "t * (n // (c * t))", "GEN-6", ["it must be 9"]),
    # Rows
    (1, "for j in range(t)] + [(\"r\"", "for j in range(c)] + [(\"r\"", "LAY-2",
     ["row 3 is 'm 0 1'", "repetition, chunk 0, index 0"]),
    (1, " + [(\"r\", k, i) for i in range(size)]", "", "LAY-2",
     ["row 3 is 'x 1 0', it must be repetition, chunk 0, index 0"]),
    (1, "return out + [(\"x\", full, i) for i in range(n % size)]", "return out", "LAY-2", ["row 10 is missing"]),
    # Where they stand
    (2, "((i + 1) * c - 1 if zone == \"m\" else i)", "(i * c if zone == \"m\" else i)", "POS-2",
     ["the position of row 2 (memory, chunk 0, index 0) is 0, it must be 1", "memory_positions=span_start"]),
    (2, "((i + 1) * c - 1 if zone == \"m\" else i)",
     "((i + 1) * c - 1 if zone == \"m\" else i + c * t if zone == \"r\" else i)",
     "POS-3", ["row 3 (repetition, chunk 0, index 0) is 2, it must be 0", "(M024)"]),
    (2, "[position(c, t, row) for row in rows(c, t, n)]", "list(range(len(rows(c, t, n))))", "POS-2",
     ["row 2 (memory, chunk 0, index 0) is 2, it must be 1", "numbering=sequential"]),
    # Who sees whom
    (3, '"mm": m <= k', '"mm": m < k or m == k and j <= i', "MSK-5",
     ["row 8 (memory, chunk 0, index 0) does not see row 9 (memory, chunk 0, index 1)", "memory_attention=causal",
      "wrong cells: 1 of 441", "○"]),
    (3, '"rm": m == k', '"rm": m <= k', "MSK-8",
     ["row 8 (repetition, chunk 1, index 0) sees row 2 (memory, chunk 0, index 0)", "repetition_context=past_memories",
      "◉"]),
    (3, "int(sees(query, key)) for key", "int(sees(key, query)) for key", "MSK-1",
     ["row 0 (reading, chunk 0, index 0) sees row 1 (reading, chunk 0, index 1)",
      "where a line is a key and a column a query"]),
    # One layer of Llama
    (4, "(x * x).mean(", "(x * x).sum(", "MOD-2", ["number 0 of the row of token 116 is"]),
    (4, "a, b = np.split(x.reshape(len(at), H, D), 2, -1)",
     "x = x.reshape(len(at), H, D); a, b = x[..., ::2], x[..., 1::2]", "MOD-3", ["head 0, the pair"]),
    (4, " / D ** 0.5, -np.inf)", ", -np.inf)", "MOD-4",
     ["in layers.0 row 1 (reading, chunk 0, index 1) gives row 0 (reading, chunk 0, index 0)"]),
    (4, "/ D ** 0.5, -np.inf)", "/ D ** 0.5, 0)", "MSK-1",
     ["row 0 (reading, chunk 0, index 0) gives row 1 (reading, chunk 0, index 1)", "it must be 0"]),
    (4, "h = h + linear(mixed", "h = linear(mixed", "MOD-6", ["number 0 of row 0 (reading, chunk 0, index 0)"]),
    # The cache
    (5, 'if row[0] == "m"]\n            cache[0][:]', "]\n            cache[0][:]", "GEN-3",
     ["event 3, the reading rows of chunk 0 are dropped: your cache is xxm, it must be m", "(M144)"]),
    (5, "if i == c * t - 1:", "if i == 0 and g > 0:", "GEN-3", ["event 2, the memory rows of chunk 0 are fed"]),
    (5, "read(text, c, t, run, empty())[1][1][-1]",
     "run([(\"x\", 0, i) for i in range(len(text))], list(text), empty())[1][-1]", "GEN-2",
     ["the score of id 0 after row 20 (reading, chunk 1, index 2)"]),
    # Recite
    (6, 'run([("r", k, i)', 'run([("r", 0, i)', "REC-1", ["the token of repetition row 0 of chunk 1, at position 8,"]),
    (6, "[R] * (c * t), held)", "[M] * (c * t), held)", "REC-1", ["of chunk 0, at position"]),
    (6, "    read(text, c, t, run, held)\n    scores", "    scores", "REC-1", ["the token of repetition row"]),
    # The theorem
    (7, 'if row[0] == "x")\n    return whole', 'if row[0] == "m")\n    return whole', "GEN-7",
     ["in row 40 (reading, chunk 2, index 4)"]),
    (7, "    return whole(text)[1][last].tolist()",
     "    return run([(\"x\", 0, i) for i in range(len(text))], list(text), empty())[1][-1].tolist()", "GEN-7",
     ["row 40 (reading, chunk 2, index 4)"]),
    (7, "    return whole(text)[1][last].tolist()", "    return whole(text[:-1])[1][last - 1].tolist()", "GEN-7",
     ["score of id"]),
    # Where is the text?
    (8, "share[place].argmax()", "share[place].argmin()", "MOD-4", ["row 8 (memory, chunk 0, index 0)"]),
    (8, "np.array(weights(n, *text))", "np.array(weights(0, *text))", "MOD-4", ["gives most attention"]),
    (8, 'enumerate(new) if row[0] == "m"]', 'enumerate(new) if row[0] == "r"]', "MOD-4", ["gives most attention is 10, it must be 0"]),
    # Teach it
    (9, 'position(c, t, row) + (row[0] == "x")', 'position(c, t, row)', "LOS-1",
     ["the label of row 0 (reading, chunk 0, index 0) is 116, it must be 104"]),
    (9, 'position(c, t, row) + (row[0] == "x")', 'position(c, t, row) + 1', "LOS-3",
     ["the label of row 10 (repetition, chunk 0, index 0) is 104, it must be 116"]),
    (9, 'for zone in "xr"]', 'for zone in "rx"]', "LOS-4", ["the mean over reading rows is"]),
    # Find the mistake
    (10, "np.argwhere(right != np", "np.argwhere(right == np", "MSK-1", ["you found '0 0'", "the first wrong pair is"]),
    (10, "right.shape))[0]", "right.shape))[-1]", "MSK-8", ["you found", "the first wrong pair is"]),
    (10, "right.shape))[0].tolist()", "right.shape))[0][::-1].tolist()", "MSK-5",
     ["you found '9 8'; the first wrong pair is 8 9"]),
    # What it costs
    (11, "n * (n + 1) // 2, n + full", "n * n, n + full", "COST-2",
     ["the number of scores without is 169, it must be 91"]),
    (11, "n + full * t, n", "n, n", "LAY-5", ["rows fed with compression is 13, it must be 19"]),
    (11, "inside + earlier * t * (size + t)", "inside + earlier * t * size", "COST-2", ["scores with compression is"]),
]
