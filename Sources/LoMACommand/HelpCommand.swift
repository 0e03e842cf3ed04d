// `loma help` and `loma --version`: the list of commands, the exit codes, the versions.

import LoMAAnswers
import LoMAExplanation
import LoMAVectors

func help(_ topics: [String]) -> Outcome {
  if topics.isEmpty { return Outcome(output: overview) }
  if topics == ["exit-codes"] {
    return Outcome(output: ExitCode.allCases.map { "\($0.rawValue)  \($0.meaning)\n" }.joined())
  }
  if topics.count == 1, let command = Command.all.first(where: { $0.name == topics[0] }) {
    return Outcome(output: command.help)
  }
  let names = (Command.all.map(\.name) + ["exit-codes"]).joined(separator: ", ")
  return .rejected("help has no topic \(topics.joined(separator: " ")); its topics are \(names)")
}

func version(_ rest: [String]) -> Outcome {
  guard rest.isEmpty else { return .rejected("--version takes no argument, got \(rest.joined(separator: " "))") }
  return Outcome(output: "specification \(Versions.specification)\nsuite \(Versions.suite)\n")
}

/// The groups of the overview, by what the user works on; every command is in one of them.
let helpGroups: [(heading: String, names: [String])] = [
  (
    "Test a port",
    ["init", "conform", "list", "show", "compare", "vectors", "report", "requests", "judge"]
  ),
  ("Understand the paper", ["explain", "compute", "clause", "lesson", "reveal"]),
  (
    "Work with a model", ["train", "curve", "evaluate", "generate", "reconstruct", "recite", "look", "extend", "trace"]
  ),
  ("Use the command", ["completions", "manual"]),
  ("Maintain the suite", ["reference", "calibrate", "sensitivity", "sweep", "lossless", "budget"]),
]

private var overview: String {
  let width = 12
  let groups = helpGroups.map { group in
    let commands = group.names.compactMap { name in Command.all.first { $0.name == name } }
    let lines = commands.map { command in
      "  loma " + command.name.padded(to: width) + command.summary + "\n"
    }
    return group.heading + "\n" + lines.joined()
  }
  return """
    loma: Lossless Compressed Memory Attention, exactly

    \(groups.joined(separator: "\n"))
    loma COMMAND --help describes a command, loma help exit-codes the exit codes,
    loma --version prints the versions of the specification and of the suite.

    Try it: loma explain --c 2 --t 2 --text 9

    """
}

let explainHelp = """
  loma explain --c C --t T (--text N | --string TEXT | --tokens I,I,…)… [option]…
  loma explain --method ccm --memory-tokens N (--segments N,N,… [--tokens I,I,…] [--output-length N])… [option]…
  loma explain --method latent (--model DIR | --layers N --hidden N --heads N --plain N --rotated N --value N
    --latent N) [option]…

  Shows how a method lays out a text, which row sees which, what the compressed cache holds, and what it costs: LoMA,
  compressed context memory (CCM, chapter 16 of the Spec), or latent attention (chapter 17): there which layer writes what
  which layer reads, by which weights, and how many bits a token costs. loma explain alone shows --c 2 --t 1 --text 5.

    --method METHOD          loma, ccm or latent; default loma

  LoMA
    --c C                    compression ratio: text tokens per memory token
    --t T                    memory length: memory tokens per chunk; a chunk has L = T·C text tokens
    --text N                 a text of N tokens, written x0 x1 …
    --string TEXT            a text as it is, a token a byte (V = 256)
    --tokens I,I,…           a text of these ids; texts may be several: a padded batch
    --memory-token ID        the id of <m>; default V
    --repetition-token ID    the id of <r>; default V + 1
    --model-vocabulary V'    size of the model's vocabulary; default just large enough
    --layout KIND            training or generation, for rows and mask
    --chunk K                reconstruct chunk K only
    --reconstructed I,I,…    for metrics: the ids that the full chunks were reproduced as, once per text;
                             in a text given as --text, token xi has id i
    --scores I,I,…           for choice: one integer score per id of the model's vocabulary

  CCM
    --memory-tokens N        memory tokens per context segment
    --segments N,N,…         a text: the lengths of its segments, the final one last; its tokens are x0 x1 …, and
                             token xi has id i. May be repeated: a padded batch
    --tokens I,I,…           the ids of the text whose --segments stand before it
    --output-length N        the last N tokens of that text are its output; default 0
    --beginning-token ID     the id of BOS; default -1, none
    --rate A                 share of a new segment under merge_rate=exponential

  latent attention
    --model DIR              sizes and decisions of its config.json, in the place of the next options
    --point NAME             mla, cla or clla: s, b and entries of that point (LAT-1); options beside it win
    --layers N --hidden N    decoder layers, and the width D of a row
    --heads N                H
    --plain N --rotated N --value N
                             d_n, d_r and d_v of a head
    --latent N               d_c; --query-latent N is d_q, default none
    --stride N               s, default that of the point, or 1; cla has none
    --bits N --rotated-bits N --group N
                             b, b_r and g; 0 bits are none
    --head-dim N --kv-heads N
                             d and H_kv under entries=heads, instead of those five; else --kv-heads is what grouped-query
                             attention is compared with
    --text N                 the cost of N tokens; default a chunk of LoMA, or one token
    --c C --t T              also compares LoMA, on whole heads and on this cache; t is 1 if absent

  All
    --vocabulary V           (loma, ccm) text ids are 0..<V; default the largest id + 1
    --profile NAME           base, or axis=value,axis=value…; --show profiles lists them
    --generate M             (loma, ccm) the text is a prompt; schedule and cost are those of generating M tokens after it
    --show SECTION,…         parameters rows positions mask rules schedule cost profiles, under LoMA also reconstruction
                             metrics choice; default parameters,rows,mask,rules,schedule,cost. Under latent
                             attention parameters weights layers rules cost profiles; default all but profiles
    --layers N --kv-heads N --head-dim N --bytes N
                             (loma, ccm) also prints the cost of the cache in bytes
    --format FORMAT          text, svg (mask, positions, schedule and cost, or layers; the first without --show), html
                             (one offline page) or json
    --highlight CLAUSE       (loma, ccm) rings the cells of the mask that this clause decides, in svg
    --color WHEN             auto, always or never; auto: on a terminal, unless NO_COLOR is set
    --output FILE            writes there instead of standard output

  Limits: masks have at most 160 rows in text, 400 in svg and html, 1024 in json; listings have at most 1024 lines,
  65536 in json, where those of CCM's cache events have at most 2048. A section beyond its limit says so in one line;
  parameters, cost and profiles answer at any length, under CCM up to \(ContextExplanation.rowLimit) rows.

  JSON has one member per section, and integers, strings and nulls only. A mask is a list of strings, one per query:
  character k is 1 if key k is seen. A listing beyond its limit is {"not_shown": size, "limit": limit}.

  """
