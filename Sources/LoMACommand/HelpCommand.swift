// `loma help`, `loma --version`: what there is, and what it returns.

import LoMASuite
import LoMAVectors

/// Runs `loma help [TOPIC]`.
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

/// Runs `loma --version`.
func version(_ rest: [String]) -> Outcome {
  guard rest.isEmpty else { return .rejected("--version takes no argument, got \(rest.joined(separator: " "))") }
  return Outcome(output: "specification \(Versions.specification)\nsuite \(Versions.suite)\n")
}

private var overview: String {
  let width = 12
  let lines = Command.all.map { command in
    "  loma " + command.name.padded(to: width) + command.summary + "\n"
  }
  return """
    loma: Lossless Compressed Memory Attention, exactly

    \(lines.map { $0.dropFirst(2) }.joined(separator: ""))
    loma COMMAND --help says more about a command, loma help exit-codes what is returned,
    loma --version the versions of the specification and of the suite.

    Try it: loma explain --c 2 --t 2 --text 9

    """
}

let explainHelp = """
  loma explain --c C --t T (--text N | --tokens I,I,…)… [option]…

  Shows how LoMA lays out a text, which row sees which, what the compressed cache holds, and what it costs.

    --c C                    compression ratio: text tokens per memory token
    --t T                    memory length: memory tokens per chunk; a chunk has L = T·C text tokens
    --text N                 a text of N tokens, written x0 x1 …
    --tokens I,I,…           a text of these ids; --text and --tokens may be repeated: a padded batch
    --vocabulary V           text ids are 0..<V; otherwise V is the largest id + 1
    --memory-token ID        the id of <m>; otherwise V
    --repetition-token ID    the id of <r>; otherwise V + 1
    --model-vocabulary V'    size of the model's vocabulary; otherwise just enough
    --profile NAME           base, or axis=value,axis=value…; --show profiles lists them
    --layout KIND            training or generation, for rows and mask
    --generate M             the text is a prompt; schedule and cost are those of generating M tokens after it
    --show SECTION,…         parameters rows mask rules schedule reconstruction cost metrics choice
                             profiles; otherwise parameters,rows,mask,rules,schedule,cost
    --chunk K                reconstruct chunk K only
    --layers N --kv-heads N --head-dim N --bytes N
                             cost also says the bytes of the cache
    --reconstructed I,I,…    for metrics: what the full chunks were reproduced as, once per text;
                             of a text given as --text, token xi has id i
    --scores I,I,…           for choice: one integer score per id of the model's vocabulary
    --format FORMAT          text, svg (the masks), html (one offline page) or json
    --color WHEN             auto, always or never; auto: on a terminal, unless NO_COLOR is set
    --output FILE            writes there instead of standard output

  Limits: masks have at most 160 rows in text, 400 in svg and html, 1024 in json; listings have at most 1024 lines,
  65536 in json. A section beyond its limit says so in one line; parameters, cost and profiles answer at any length.

  JSON has one member per section, and integers, strings and nulls only. A mask is a list of strings, one per query:
  character k is 1 where key k is seen. What is beyond its limit is {"not_shown": size, "limit": limit}.

  """
