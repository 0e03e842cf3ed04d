// `loma list` and `loma show`: the catalogue of cases.

import LoMAConformance
import LoMAExplanation
import LoMASuite
import LoMAVectors

let listHelp = """
  loma list [option]…

  Lists the cases of the golden vectors with id, operation, profile and clauses, and counts them. With several options,
  the cases that match all of them.

    --level LEVEL            \(lines(of: Level.allCases.map(\.rawValue), breakingAfter: .max))
    --op OP                  \(lines(of: Operation.all(of: .loma).map(\.rawValue), breakingAfter: 6))
    --profile NAME           axis=value,axis=value…: cases whose profile sets these axes, whatever else it sets; base:
                             cases that set none; loma explain --show profiles lists the axes
    --model NAME             \(lines(of: Catalogue.modelNames, breakingAfter: 10))
    --clause ID              cases that cite this clause and can fail it
    --id GLOB                ids of this pattern: * is any text, ? one character

  """

let showHelp = """
  loma show CASE [--draw yes|no] [--color auto|always|never]

  Shows one case: the mistake it hunts, its clauses, parameters, inputs and answer, with the first values of every tensor
  and how it is compared; then the rows and the mask of its texts. loma list lists the cases. The answer is computed now,
  so no folder of vectors is needed, except for a case with a trained model, which is read from there as for loma vectors.

    --draw no                omits rows and mask
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
  let names = ["--level", "--op", "--profile", "--model", "--clause", "--id"]
  let arguments = try Arguments(words, options: names.map { Arguments.Option(name: $0, repeats: false) })
  var filter = CaseFilter()
  if let level = arguments["--level"] { filter.level = try Arguments.choice(level, of: "--level") }
  if let operation = arguments["--op"] { filter.operation = try Arguments.operation(operation, of: [.loma]) }
  if let profile = arguments["--profile"] { try filter.choose(profile: profile) }
  if let model = arguments["--model"] {
    guard filter.choose(model: model) else {
      let known = Catalogue.modelNames.joined(separator: ", ")
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
  if draw == .yes, let drawing = CaseDrawing(item) {
    let suits = environment.isTerminal && !environment.refusesColour
    let hasColour = colour == .always || colour == .auto && suits
    text += "\n" + TextDrawing(hasColour: hasColour).draw(try sections(of: drawing))
  }
  return Outcome(output: text)
}

/// The model of a case: computed from its seed, or, if it was trained, read from the folder of vectors.
private func models(of item: Case, in environment: Environment) throws -> StoredModels {
  if let models = try StoredModels(computedFor: item) { return models }
  let folder = try VectorsFolder.find(
    option: nil, environment: environment.vectors, current: environment.folder, program: environment.program)
  return try StoredModels(vectors: folder)
}

/// The rows and the mask of a case's texts.
private func sections(of drawing: CaseDrawing) throws -> [SectionContent] {
  try explanation(of: drawing).contents(of: [.rows, .mask], limits: .text)
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
