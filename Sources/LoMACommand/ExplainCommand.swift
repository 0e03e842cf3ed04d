// `loma explain`: the rows, mask, cache schedule and cost of given texts, and the layers of a model (chapters 1–7, 9, 16
// and 17 of the Spec).

import LoMAConformance
import LoMAExplanation
import LoMAPeers

let explainHelp = """
  loma explain --c C --t T (--text N | --string TEXT | --tokens I,I,…)… [option]…
  loma explain --method ccm --memory-tokens N (--segments N,N,… [--tokens I,I,…] [--output-length N])… [option]…
  loma explain --method latent (--model DIR | --layers N --hidden N --heads N --plain N --rotated N --value N
    --latent N) [option]…

  Shows how a method lays out a text, which row sees which, what the compressed cache holds, and what it costs: LoMA,
  compressed context memory (CCM, chapter 16 of the Spec), or latent attention (chapter 17), where it shows which layer
  writes the entries that another reads, by which weights, and how many bits a token costs. loma explain alone shows
  --c 2 --t 1 --text 5.

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

/// The format of an explanation.
private enum Format: String, CaseIterable {
  case text, svg, html, json
}

/// When to use colour.
enum Colour: String, CaseIterable {
  case auto, always, never
}

extension Method {
  /// What `--show` of `loma explain` may name.
  fileprivate var sections: [ExplanationSection] {
    switch self {
    case .loma: ExplanationSection.allCases.filter { $0 != .weights && $0 != .layers }
    case .ccm: ContextExplanation.sections
    case .latent: LatentExplanation.sections
    }
  }

  /// What is shown without `--show`.
  fileprivate var standardSections: [ExplanationSection] {
    switch self {
    case .loma, .ccm: ExplanationSection.standard
    case .latent: LatentExplanation.sections.filter { $0 != .profiles }
    }
  }

  /// The sections that SVG draws, the first without `--show`.
  fileprivate var drawnSections: [ExplanationSection] {
    switch self {
    case .loma: Explanation.drawnSections
    case .ccm: ContextExplanation.drawnSections
    case .latent: LatentExplanation.drawnSections
    }
  }

  /// The options of `loma explain` under this method; one that ends in … may be repeated.
  var explainOptions: [Arguments.Option] {
    let own =
      switch self {
      case .loma:
        [
          "--c", "--t", "--text…", "--tokens…", "--string…", "--memory-token", "--repetition-token",
          "--model-vocabulary",
          "--layout", "--chunk", "--reconstructed…", "--scores",
        ]
      case .ccm:
        ["--memory-tokens", "--segments…", "--tokens…", "--output-length…", "--beginning-token", "--rate"]
      case .latent: LatentOptions.explanationNames
      }
    let ofTexts =
      switch self {
      case .loma, .ccm: ["--vocabulary", "--generate", "--bytes", "--highlight"]
      case .latent: [String]()
      }
    let common =
      ofTexts + ["--profile", "--show", "--layers", "--kv-heads", "--head-dim", "--format", "--color", "--output"]
    return (own + common).map { name in
      let repeats = name.hasSuffix("…")
      return Arguments.Option(name: repeats ? String(name.dropLast()) : name, repeats: repeats)
    }
  }
}

func explain(_ words: [String], in environment: Environment) throws -> Outcome {
  // What somebody who types the bare word should see.
  let (method, words) = try Method.chosen(in: words.isEmpty ? ["--c", "2", "--t", "1", "--text", "5"] : words)
  let arguments = try Arguments(words, options: method.explainOptions)
  let format: Format = try arguments.choice("--format", otherwise: .text)
  let colour: Colour = try arguments.choice("--color", otherwise: .auto)
  let sections = try sections(arguments, of: method)
  let explanation: any MethodExplanation
  switch method {
  case .loma:
    let loma = try Explanation(try inputs(arguments, sections))
    try check(loma, sections)
    explanation = loma
  case .ccm: explanation = try ContextExplanation(try contextInputs(arguments, sections))
  case .latent: explanation = try LatentExplanation(try LatentOptions.inputs(arguments, sections))
  }
  guard arguments["--highlight"] == nil || format == .svg else {
    throw UsageError(line: "option --highlight has no effect without --format svg")
  }
  var outcome = Outcome(path: arguments["--output"])
  switch format {
  case .text:
    let suits = environment.isTerminal && !environment.refusesColour && outcome.path == nil
    let drawing = TextDrawing(hasColour: colour == .always || colour == .auto && suits)
    outcome.output = drawing.draw(try explanation.contents(of: sections, limits: .text))
  case .svg: outcome.output = try picture(explanation, arguments, sections, of: method)
  case .html:
    outcome.output = HTMLDrawing().draw(try explanation.contents(of: sections, limits: .picture), of: explanation)
  case .json: outcome.output = try JSONDrawing(explanation).draw(sections)
  }
  return outcome
}

/// Sections as SVG, one below the other.
private func picture(
  _ explanation: any MethodExplanation, _ arguments: Arguments, _ sections: [ExplanationSection], of method: Method
) throws -> String {
  let drawn = method.drawnSections
  let chosen = arguments["--show"] == nil ? Array(drawn.prefix(1)) : sections
  guard chosen.allSatisfy({ drawn.contains($0) }) else {
    let names = drawn.map { $0.rawValue }
    throw UsageError(
      line: "option --format svg draws the \(names.joined(separator: ", ")) only: use --show \(names[0])")
  }
  let clause = arguments["--highlight"]
  if let clause {
    guard chosen.contains(.mask) else { throw UsageError(line: "option --highlight has no effect without --show mask") }
    let clauses = explanation.sentences.map { $0.clause }
    guard clauses.contains(clause) else {
      throw UsageError(line: "no cell of a mask is decided by \(clause): " + clauses.joined(separator: ", "))
    }
  }
  guard let figures = try explanation.figures(of: chosen, limits: .picture) else {
    let limit = ExplanationLimits.picture.maskRows
    throw UsageError(line: "the mask has \(explanation.rowCount) rows, pictures end at \(limit)")
  }
  return SVGDrawing(highlighting: clause).draw(figures, title: explanation.title)
}

/// The sections to show; without --show, an option that only one section uses adds that section.
private func sections(_ arguments: Arguments, of method: Method) throws -> [ExplanationSection] {
  let bringers: [(String, ExplanationSection)] = [
    ("--chunk", .reconstruction), ("--reconstructed", .metrics), ("--scores", .choice),
  ]
  guard let list = arguments["--show"] else {
    return method.standardSections + bringers.filter { arguments[$0.0] != nil }.map { $0.1 }
  }
  var sections: [ExplanationSection] = []
  for name in list.split(separator: ",", omittingEmptySubsequences: false) {
    sections.append(try Arguments.choice(String(name), among: method.sections, of: "--show"))
  }
  for (option, section) in bringers where arguments[option] != nil && !sections.contains(section) {
    // A chunk also narrows the cost.
    guard option == "--chunk", sections.contains(.cost) else {
      throw UsageError(line: "option \(option) has no effect without --show \(section.rawValue)")
    }
  }
  return sections
}

/// The inputs of `--method ccm`; `--tokens` and `--output-length` are about the `--segments` before them.
private func contextInputs(_ arguments: Arguments, _ sections: [ExplanationSection]) throws -> ContextInputs {
  let needsText = sections.contains { !$0.needsNoText }
  var texts: [SegmentedText] = []
  var named: Set<String> = []
  for (name, value) in arguments.given where ["--segments", "--tokens", "--output-length"].contains(name) {
    if name == "--segments" {
      texts.append(SegmentedText(lengths: try Arguments.integers(value, of: name)))
      named = []
      continue
    }
    guard !texts.isEmpty else { throw UsageError(line: "option \(name) is about the --segments before it") }
    guard named.insert(name).inserted else { throw UsageError(line: "option \(name) is given twice for one text") }
    if name == "--tokens" {
      texts[texts.count - 1].ids = try Arguments.integers(value, of: name)
    } else {
      texts[texts.count - 1].outputLength = try Arguments.integer(value, of: name)
    }
  }
  guard !needsText || !texts.isEmpty else { throw UsageError(line: "a text is needed: --segments N,N,…") }
  var inputs = ContextInputs(memoryTokens: try required("--memory-tokens", arguments, needsText), texts: texts)
  inputs.textVocabulary = try arguments.integer("--vocabulary")
  inputs.beginningToken = try ContextOptions.beginningToken(arguments)
  if let profile = arguments["--profile"] { try inputs.choose(profile: profile) }
  inputs.rate = try ContextOptions.rate(arguments, inputs.profile)
  inputs.generationLength = try arguments.integer("--generate")
  inputs.cacheEntry = try cacheEntry(arguments)
  return inputs
}

private func inputs(_ arguments: Arguments, _ sections: [ExplanationSection]) throws -> ExplanationInputs {
  let needsText = sections.contains { !$0.needsNoText }
  var texts: [ExplainedText] = []
  for (name, value) in arguments.given {
    switch name {
    case "--text": texts.append(.length(try Arguments.integer(value, of: name)))
    case "--tokens": texts.append(.tokens(try Arguments.integers(value, of: name)))
    case "--string": texts.append(.string(value))
    default: continue
    }
  }
  guard !needsText || !texts.isEmpty else {
    throw UsageError(line: "a text is needed: --text N, --string TEXT or --tokens I,I,…")
  }
  var inputs = ExplanationInputs(
    c: try required("--c", arguments, needsText), t: try required("--t", arguments, needsText), texts: texts)
  inputs.textVocabulary = try arguments.integer("--vocabulary")
  inputs.memoryToken = try arguments.integer("--memory-token")
  inputs.repetitionToken = try arguments.integer("--repetition-token")
  inputs.modelVocabulary = try arguments.integer("--model-vocabulary")
  if let profile = arguments["--profile"] { try inputs.choose(profile: profile) }
  inputs.layout = try arguments.choice("--layout", otherwise: .training)
  inputs.generationLength = try arguments.integer("--generate")
  inputs.chunk = try arguments.integer("--chunk")
  let reconstructed = "--reconstructed"
  inputs.reconstructed = try arguments.values(reconstructed).map { try Arguments.integers($0, of: reconstructed) }
  inputs.scores = try Arguments.integers(arguments["--scores"] ?? "", of: "--scores")
  inputs.cacheEntry = try cacheEntry(arguments)
  return inputs
}

/// c, t or n; for sections that need no text any valid value will do.
private func required(_ name: String, _ arguments: Arguments, _ isNeeded: Bool) throws -> Int {
  if let value = try arguments.integer(name) { return value }
  guard !isNeeded else { throw UsageError(line: "option \(name) is needed") }
  return 1
}

/// The four factors of COST-1, given all or not at all.
private func cacheEntry(_ arguments: Arguments) throws -> CacheEntryFactors? {
  let names = ["--layers", "--kv-heads", "--head-dim", "--bytes"]
  guard names.contains(where: { arguments[$0] != nil }) else { return nil }
  var factors: [Int] = []
  for name in names {
    guard let factor = try arguments.integer(name) else {
      throw UsageError(line: "option \(name) is needed beside the others of " + names.joined(separator: ", "))
    }
    factors.append(factor)
  }
  return CacheEntryFactors(
    layers: factors[0], keyValueHeads: factors[1], headDimension: factors[2], bytesPerElement: factors[3])
}

/// Checks what a section needs beyond the checks of the Spec.
private func check(_ explanation: Explanation, _ sections: [ExplanationSection]) throws(UsageError) {
  let inputs = explanation.inputs
  let isCompared = sections.contains(.metrics) && (explanation.metrics == nil || !inputs.reconstructed.isEmpty)
  guard !isCompared || inputs.reconstructed.count == inputs.texts.count else {
    throw UsageError(
      line: "metrics: one --reconstructed per text is needed, "
        + "\(inputs.texts.count), got \(inputs.reconstructed.count)")
  }
  guard sections.contains(.choice) else { return }
  guard let vocabulary = explanation.vocabulary else {
    throw UsageError(line: "choice: a vocabulary is needed: --vocabulary V or --tokens I,I,…")
  }
  guard inputs.scores.count == vocabulary.modelSize else {
    throw UsageError(
      line: "choice: --scores needs one score per id of the model's vocabulary, "
        + "\(vocabulary.modelSize), got \(inputs.scores.count)")
  }
}
