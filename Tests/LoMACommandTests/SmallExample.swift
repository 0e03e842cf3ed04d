// What `loma explain --c 2 --t 1 --text 3` prints, character by character.

let smallExample = """
  parameters: profile base
    c  2  compression ratio: text tokens per memory token
    t  1  memory length: memory tokens per chunk
    L  2  chunk length, t·c: text tokens per chunk
    n  3  text tokens: 1 full chunk and a tail of 1

  rows: training layout, 6 rows
    row  zone        chunk  index  position  token  label
      0  reading         0      0         0  x0     x1
      1  reading         0      1         1  x1     x2
      2  memory          0      0         1  <m>    -
      3  repetition      0      0         0  <r>    x0
      4  repetition      0      1         1  <r>    x1

      5  reading         1      0         2  x2     -

  mask: training layout, 6 rows

      chunk  0 ─────│1
       zone  xx m rr│x
        row  01 2 34│5
    ────────────────┼─
    0 x0  x  x· · ··│·
    1 x1  x  xx · ··│·
    2 <m> m  xx m ··│·
    3 <r> r  ·· m r·│·
    4 <r> r  ·· m rr│·
    ────────────────┼─
    5 x2  x  ·· m ··│x

    a line is a query, a column a key; a letter: the query sees the key
    x reading   m memory   r repetition   · hidden

  rules: profile base
    MSK-1  reading rows see the reading rows of their own chunk up to themselves
    MSK-2  reading rows see the memories of earlier chunks
    MSK-3  reading rows never see repetition rows
    MSK-4  memory rows see all reading rows of their own chunk
    MSK-5  memory rows see all memory rows of their own chunk and of earlier chunks
    MSK-6  memory rows never see repetition rows
    MSK-7  repetition rows never see reading rows
    MSK-8  repetition rows see the memories of their own chunk only
    MSK-9  repetition rows see the repetition rows of their own chunk up to themselves

  schedule: 3 fed tokens, rows of the generation layout
    event       token  feeds   cache  memory  reading  entries
    read 0      x0     row 0       1       0        1  x
    read 1      x1     row 1       2       0        2  xx
    compress 0  <m>    row 2       3       1        2  xxm
    drop 0             no row      1       1        0  m

    read 2      x2     row 3       2       1        1  mx
    the cache holds at most 3 entries, and 2 at the end; uncompressed it would hold 3

  cost: visible (query, key) pairs, per layer and query head
                            pairs
    generation                  8  133.33% of full attention
    training                   13  216.67% of full attention
    reconstructing chunk 0      5
    full attention              6  n(n+1)/2 with n = 3
    as the text grows, generation tends to (c+1)/c² = 75.00% of full attention
    with c = 2 generation costs less than full attention only after about seven chunks

  """
