// `loma list` and `loma show`: the catalogue of cases.

import LoMAAnswers
import LoMACatalogue
import LoMAConformance
import LoMAExplanation
import LoMAPeersCatalogue
import LoMASuite
import LoMAVectors

let listHelp = """
  loma list [option]…

  Lists the cases of the golden vectors with id, operation, profile and clauses, and counts them. With several options,
  the cases that match all of them.

    --part PART              loma, part I, the default; or peers, part II, whose operations, models and axes are others
    --level LEVEL            \(lines(of: Level.allCases.map(\.rawValue), breakingAfter: .max))
    --op OP                  \(lines(of: Operation.all(of: .loma).map(\.rawValue), breakingAfter: 6))
    --profile NAME           axis=value,axis=value…: cases whose profile sets these axes, whatever else it sets; base:
                             cases that set none; loma explain --show profiles lists the axes
    --model NAME             \(lines(of: Catalogue.modelNames(of: .loma), breakingAfter: 10))
    --clause ID              cases that cite this clause and can fail it
    --id GLOB                ids of this pattern: * is any text, ? one character

  """

let showHelp = """
  loma show CASE [--draw yes|no] [--color auto|always|never]

  Shows one case of either part: the mistake it hunts, its clauses, files, parameters, inputs and answer, with the first
  values of every tensor and how it is compared; then the rows and the mask of its texts, and in part II the schedule of
  one that is generated from. loma list lists the cases. The answer is computed now, so no folder of vectors is needed,
  except for a case with a trained model, which is read from there as for loma vectors.

    --draw no                omits rows, mask and schedule
    --color WHEN             auto, always or never; auto: on a terminal, unless NO_COLOR is set

  """

/// The words on lines of `count` words each, wrapped to the help's second column.
private func lines(of words: [String], breakingAfter count: Int) -> String {
  let space = "\n" + String(repeating: " ", count: 27)
  return words.enumerated().map { place, word in
    (place == 0 ? "" : place.isMultiple(of: count) ? space : " ") + word
  }.joined()
}

func list(_ words: [String]) throws -> Outcome {
  let names = ["--part", "--level", "--op", "--profile", "--model", "--clause", "--id"]
  let arguments = try Arguments(words, options: names.map { Arguments.Option(name: $0, repeats: false) })
  let part: Part =
    try arguments["--part"].map { (word) throws(UsageError) in
      try Arguments.choice(word, of: "--part")
    } ?? .loma
  var filter = CaseFilter(part)
  if let level = arguments["--level"] { filter.level = try Arguments.choice(level, of: "--level") }
  if let operation = arguments["--op"] { filter.operation = try Arguments.operation(operation, of: [part]) }
  if let profile = arguments["--profile"] { try filter.choose(profile: profile) }
  if let model = arguments["--model"] {
    guard filter.choose(model: model) else {
      let known = Catalogue.modelNames(of: part).joined(separator: ", ")
      throw UsageError(line: "option --model takes one of \(known), not '\(model)'")
    }
  }
  filter.clause = arguments["--clause"]
  filter.id = arguments["--id"]
  return Outcome(output: CaseTexts.list(filter.cases))
}

func show(_ words: [String], in environment: Environment) throws -> Outcome {
  guard let id = words.first, !id.hasPrefix("--") else { throw UsageError(line: "the id of a case is required") }
  let arguments = try Arguments(
    Array(words.dropFirst()), options: ["--draw", "--color"].map { Arguments.Option(name: $0, repeats: false) })
  let draw: YesOrNo = try arguments.choice("--draw", otherwise: .yes)
  let colour: Colour = try arguments.choice("--color", otherwise: .auto)
  guard let item = Catalogue.item(id) else {
    let nearest = Catalogue.ids(nearest: id, count: 3).joined(separator: ", ")
    throw UsageError(line: "no case is called '\(id)', the nearest are \(nearest)")
  }
  var text = try CaseTexts.text(of: item, models: try models(of: item, in: environment))
  if draw == .yes, let contents = try sections(of: item) {
    let suits = environment.isTerminal && !environment.refusesColour
    let hasColour = colour == .always || colour == .auto && suits
    text += "\n" + TextDrawing(hasColour: hasColour).draw(contents)
  }
  return Outcome(output: text)
}

/// The model of a case: computed from its seed, or, if it was trained, read from the folder of vectors.
private func models(of item: Case, in environment: Environment) throws -> StoredModels {
  if let models = try StoredModels(computedFor: item) { return models }
  let folder = try VectorsFolder.find(
    option: nil, environment: environment.vectors, current: environment.folder, program: environment.program)
  let part = item.request.operation.part
  return try StoredModels(vectors: part == .loma ? folder : folder + "/" + part.rawValue)
}

/// The rows and the mask of a case's texts, and the schedule of one of part II that generates; nil without texts.
private func sections(of item: Case) throws -> [SectionContent]? {
  if let drawing = CaseDrawing(item) {
    return try explanation(of: drawing).contents(of: [.rows, .mask], limits: .text)
  }
  guard let drawing = ContextCaseDrawing(item) else { return nil }
  let isFed = drawing.generationLength != nil
  return try explanation(of: drawing).contents(of: [.rows, .mask] + (isFed ? [.schedule] : []), limits: .text)
}

/// The explanation of the texts of a case of chapter 16.
func explanation(of drawing: ContextCaseDrawing) throws -> ContextExplanation {
  let texts = drawing.texts.map { text in
    var segmented = SegmentedText(lengths: text.segments.map { $0.count })
    (segmented.ids, segmented.outputLength) = (text.segments.flatMap { $0 }, text.outputLength)
    return segmented
  }
  let parameters = drawing.parameters
  var inputs = ContextInputs(memoryTokens: parameters.memoryTokens, texts: texts)
  (inputs.textVocabulary, inputs.beginningToken) = (parameters.textSize, parameters.beginningToken)
  (inputs.profile, inputs.rate) = (parameters.profile, drawing.rate)
  inputs.generationLength = drawing.generationLength
  return try ContextExplanation(inputs)
}

/// The explanation of a case's texts.
func explanation(of drawing: CaseDrawing) throws -> Explanation {
  var inputs = ExplanationInputs(
    c: drawing.parameters.c, t: drawing.parameters.t, texts: drawing.texts.map { .tokens($0) })
  inputs.textVocabulary = drawing.vocabulary.textSize
  inputs.memoryToken = drawing.vocabulary.memoryToken
  inputs.repetitionToken = drawing.vocabulary.repetitionToken
  inputs.modelVocabulary = drawing.vocabulary.modelSize
  inputs.profile = drawing.profile
  inputs.layout = drawing.isGeneration ? .generation : .training
  return try Explanation(inputs)
}
