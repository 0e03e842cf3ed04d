// `loma curve`: learning curves as a picture, from the results of a sweep or from logs of `loma train`.

import LoMAExplanation
import LoMATraining
import LoMAVectors

let curveHelp = """
  loma curve --run FILE… [--of QUANTITY] [--output FILE]

  Draws how runs learn, as one SVG: a curve a run, over the steps that all of them tell of.

    --run FILE               a result of loma sweep (JSON), or what --log of loma train wrote; may be repeated
    --of QUANTITY            loss (of reciting), tokens or chunks (the share that is right); default loss
    --output FILE            writes there instead of standard output

  """

/// What a curve shows.
private enum Quantity: String, CaseIterable {
  case loss, tokens, chunks

  /// The column of a log, and the quantity in words.
  var column: (name: String, title: String) {
    switch self {
    case .loss: (LoggedCurve.ofLoMA[1], "repetition loss of the batch")
    case .tokens: (LoggedCurve.ofLoMA[2], "share of the batch's tokens that are right")
    case .chunks: (LoggedCurve.ofLoMA[3], "share of the batch's chunks without an error")
    }
  }

  func value(_ point: CurvePoint) -> Double {
    switch self {
    case .loss: point.repetition
    case .tokens: point.tokens
    case .chunks: point.chunks
    }
  }
}

func curve(_ words: [String]) throws -> Outcome {
  let arguments = try Arguments(
    words,
    options: [
      Arguments.Option(name: "--run", repeats: true), Arguments.Option(name: "--of", repeats: false),
      Arguments.Option(name: "--output", repeats: false),
    ])
  let quantity: Quantity = try arguments.choice("--of", otherwise: .loss)
  let files = arguments.values("--run")
  guard !files.isEmpty else { throw UsageError(line: "option --run is required") }
  let runs = try files.map { try run($0, quantity) }
  guard let curves = Curves(learning: quantity.column.title, runs: runs) else {
    throw UsageError(line: "no step is told of by every run")
  }
  return Outcome(
    output: SVGDrawing().draw([.curves([curves])], title: "Learning curves"), path: arguments["--output"])
}

/// A run by name, and its points.
private func run(_ path: String, _ quantity: Quantity) throws -> (name: String, points: [(step: Int, value: Double)]) {
  let bytes = try Files.contents(of: path, byteLimit: 1 << 28)
  if bytes.first == UInt8(ascii: "{") {
    let result = try SweepResult(parsing: bytes, file: path)
    return (result.name, result.curve.map { ($0.step, quantity.value($0)) })
  }
  guard let points = try LoggedCurve.points(of: quantity.column.name, in: bytes, file: path) else {
    throw UsageError(line: "\(path) is no result and no log with a column \(quantity.column.name)")
  }
  let file = path.split(separator: "/").last.map { String($0) } ?? path
  return (String(file.prefix { $0 != "." }), points)
}
