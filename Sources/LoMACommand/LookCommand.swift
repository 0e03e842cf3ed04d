// `loma look`: where the rows of a text look in a trained model, over the mask.

import LoMAExplanation
import LoMAModels

let lookHelp = """
  loma look --model DIR (--string TEXT | --tokens I,I,… | --file FILE) [option]…

  Feeds a text in the training layout and shows how much of its attention each row gives to each row that it sees: which
  tokens a memory row reads, and which memory row a repetition row asks for the token that it predicts.

  \(ModelOptions.help)  --tokens I,I,…           the text as ids; --string and --file take text as bytes (V = 256)
    --layer N                layers.N only; default every layer
    --head N                 query head N; default the mean of all heads
    --format FORMAT          text, svg, or html (one offline page)
    --color WHEN             auto, always or never; auto: on a terminal, unless NO_COLOR is set
    --output FILE            writes there instead of standard output

  """

private enum LookFormat: String, CaseIterable {
  case text, svg, html
}

func look(_ words: [String], in environment: Environment) throws -> Outcome {
  let names = ModelOptions.names + ModelOptions.textNames + ["--layer", "--head", "--format", "--color", "--output"]
  let arguments = try Arguments(words, options: names.map { Arguments.Option(name: $0, repeats: false) })
  let format: LookFormat = try arguments.choice("--format", otherwise: .text)
  let colour: Colour = try arguments.choice("--color", otherwise: .auto)
  let model = try ModelOptions.load(arguments)
  let texts = try ModelOptions.texts(arguments, model)
  guard texts.count == 1 else { throw UsageError(line: "one text only: --tokens, --string or --file") }
  let layers = try chosen("--layer", of: model.layerCount, arguments).map { [$0] } ?? Array(0..<model.layerCount)
  let head = try chosen("--head", of: model.queryHeads, arguments)
  let explanation = try explanation(of: texts[0], model, asString: arguments["--tokens"] == nil)
  let limit = ExplanationLimits.picture.maskRows
  guard explanation.rowCount <= limit else {
    throw UsageError(line: "the mask has \(explanation.rowCount) rows, pictures end at \(limit)")
  }
  guard let picture = try explanation.pictures().first else { throw UsageError(line: "a text is required") }
  let attention = try model.attention(text: texts[0], threads: try ModelOptions.threads(arguments))
  let looks = layers.map { layer in
    let which = head.map { "head \($0)" } ?? (model.queryHeads == 1 ? "its head" : "mean of \(model.queryHeads) heads")
    let of = attention[layer]
    return LookPicture(picture: picture, title: "layers.\(layer), " + which) { query, key in
      of.weight(query: query, key: key, head: head)
    }
  }
  var outcome = Outcome(path: arguments["--output"])
  switch format {
  case .text:
    let suits = environment.isTerminal && !environment.refusesColour && outcome.path == nil
    outcome.output = LookText(hasColour: colour == .always || colour == .auto && suits).draw(looks)
  case .svg: outcome.output = LookSVG().draw(looks, title: "Attention: " + explanation.title)
  case .html: outcome.output = LookSVG().page(looks, title: "Attention: " + explanation.title)
  }
  return outcome
}

/// The number of a layer or head, below how many there are; nil if none is given.
private func chosen(_ name: String, of count: Int, _ arguments: Arguments) throws -> Int? {
  guard let number = try arguments.integer(name) else { return nil }
  guard (0..<count).contains(number) else {
    throw UsageError(line: "option \(name) takes 0...\(count - 1), not \(number)")
  }
  return number
}

/// The rows and the mask of a text under the model's parameters; a byte is written as its character.
private func explanation(of text: [Int], _ model: LoadedModel, asString: Bool) throws -> Explanation {
  let bytes = asString && model.hasByteVocabulary ? String(bytes: text.map { UInt8($0) }, encoding: .utf8) : nil
  var inputs = ExplanationInputs(
    c: model.parameters.c, t: model.parameters.t, texts: [bytes.map { .string($0) } ?? .tokens(text)])
  inputs.profile = model.profile
  inputs.textVocabulary = model.vocabulary.textSize
  inputs.memoryToken = model.vocabulary.memoryToken
  inputs.repetitionToken = model.vocabulary.repetitionToken
  inputs.modelVocabulary = model.vocabulary.modelSize
  return try Explanation(inputs)
}
