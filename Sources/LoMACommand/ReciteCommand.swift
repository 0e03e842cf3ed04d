// `loma recite`: one method on one text: what comes back, and the bits held (EQB-5).

import LoMA
import LoMAModels
import LoMAPeers
import LoMATraining
import LoMAVectors

let reciteHelp = """
  loma recite --model DIR --method NAME (--tokens I,I,… | --string TEXT | --file FILE) [option]…

  Reads the full chunks of a text, lets a method keep what it keeps, and recites every chunk from that: what comes back,
  and how many bits were held. DIR is a model that was trained to recite without compressing, a twin, such as `loma
  budget run --only twin` leaves in its work folder; or, with --method loma, a model that LoMA trained. Texts longer than
  those of training are not recited well by any method.

    --method NAME            loma: from the memories of a model that LoMA trained; dmc: from the entries of one that
                             learned to pool, as `loma budget run --only dmc` leaves it; or on a twin
                             full, last, uniform, evict, zigzag, think, zipcache, pyramid, kvsharer, lorc, csr
    --chunk L                tokens of a chunk of a twin, default 8; a rest that fills no chunk is not read
    --entries N              last, evict: entries held of a KV head; zipcache: how many have low bits, default two fifths
    --bits B                 uniform: bits of a number; lorc: bits of a latent's number, default 16
    --high B, --low B        zipcache: bits of salient entries and of the others; 0 is none
    --window N               evict, zigzag: last rows whose attention counts, default a quarter of the entries
    --total N                zigzag: entries of all layers together
    --pruned N, --recent N   think: channels pruned of every key, and last keys that are spared, default 0
    --counts N,N,…           pyramid: context rows that go on after each layer but the last
    --maps N                 kvsharer: layers that read another one's cache
    --rank N                 lorc: rank of keys' and values' weights
    --steps N, --atoms N     csr: atoms of a vector, and of a dictionary, default 16 a channel
    --recipe FILE            kvsharer, csr: the twin's recipe or its basis, from whose training texts they are calibrated

  """

private let numberNames = [
  "--chunk", "--entries", "--bits", "--high", "--low", "--window", "--total", "--pruned", "--recent", "--maps",
  "--rank",
  "--steps", "--atoms",
]

func recite(_ words: [String]) throws -> Outcome {
  let names = ["--model", "--method", "--counts", "--recipe"] + numberNames + ModelOptions.textNames
  let arguments = try Arguments(words, options: names.map { .init(name: $0, repeats: false) })
  guard let directory = arguments["--model"] else { throw UsageError(line: "option --model is required") }
  guard let name = arguments["--method"] else { throw UsageError(line: "option --method is required") }
  if name == "loma" { return try reciteMemories(directory, arguments) }
  guard let options = reciteMethods[name] else {
    let all = (["loma"] + reciteMethods.keys.sorted()).joined(separator: ", ")
    throw UsageError(line: "option --method takes one of \(all), not '\(name)'")
  }
  for given in arguments.given.map({ $0.name }) where (numberNames + ["--counts", "--recipe"]).contains(given) {
    guard options.contains(given) || given == "--chunk" else {
      throw UsageError(line: "option \(given) is not one of \(name)")
    }
  }
  let chunk = try arguments.integer("--chunk") ?? 8
  guard (1...4096).contains(chunk) else { throw UsageError(line: "option --chunk takes 1...4096, not \(chunk)") }
  let model = try TwinModel(directory: directory, pools: name == "dmc")
  let texts = try ModelOptions.texts(arguments, model)
  guard texts.count == 1 else { throw UsageError(line: "one text only: --tokens, --string or --file") }
  let length = texts[0].count / chunk * chunk
  guard length > 0 else { throw UsageError(line: "the text has \(texts[0].count) tokens, a chunk has \(chunk)") }
  if name == "dmc" {
    let text = Array(texts[0][..<length])
    let recital = try TwinRecital(text, chunkLength: chunk, pooledBy: model)
    return recited("dmc, \(recital.found)", recital, of: text, rest: texts[0].count - length, in: model)
  }
  let setting = try cacheSetting(name, arguments, length: length, model.sizes)
  var calibration: CalibrationTexts?
  if setting.needsCalibration {
    guard let file = arguments["--recipe"] else {
      throw UsageError(line: "\(name) needs --recipe FILE: it is calibrated on texts of the training part")
    }
    calibration = try CalibrationTexts(
      try trainingData(file), length: max(length, 32), corpora: LoMACommand.directory(of: file))
  }
  let text = Array(texts[0][..<length])
  let recital = try TwinRecital(text, chunkLength: chunk, by: setting, on: model, calibration: calibration)
  return recited(
    "\(setting.method) \(setting.parameters)".trimmed + (recital.found.isEmpty ? "" : ", \(recital.found)"), recital,
    of: text, rest: texts[0].count - length, in: model)
}

/// What a method gave back of a text on a model of its own or a twin.
private func recited(
  _ method: String, _ recital: TwinRecital, of text: [Int], rest: Int, in model: TwinModel
) -> Outcome {
  let counted = recital.counted
  return recited(
    method: method, text: text, back: recital.tokens, tokens: (counted.correctTokens, counted.tokens),
    chunks: (counted.correctChunks, counted.chunks), bits: recital.bits, full: recital.full, side: recital.side,
    rest: rest, in: model)
}

/// What came back of a text, and the bits that it came from.
private func recited(
  method: String, text: [Int], back: [Int], tokens: (right: Int, all: Int), chunks: (right: Int, all: Int), bits: Int,
  full: Int, side: Int, rest: Int, in model: some TextVocabulary
) -> Outcome {
  func shown(_ tokens: [Int]) -> String {
    model.hasByteVocabulary ? quoted(model.text(of: tokens)) : tokens.map(String.init).joined(separator: ",")
  }
  var lines = [
    "method \(method)", "text   \(shown(text))", "back   \(shown(back))",
    "tokens \(tokens.right)/\(tokens.all) \(accuracyPercentage(tokens.right, of: tokens.all)), "
      + "chunks \(chunks.right)/\(chunks.all) \(accuracyPercentage(chunks.right, of: chunks.all))",
    "bits   \(bits), \(percentage(bits, of: full)) of \(full)" + (side > 0 ? "; \(side) beside the cache" : ""),
  ]
  if rest > 0 { lines.append("rest   \(rest) tokens fill no chunk and were not read") }
  return Outcome(output: lines.map { $0 + "\n" }.joined())
}

extension String {
  /// Without spaces at the end.
  fileprivate var trimmed: String { String(self[..<(lastIndex { $0 != " " }.map { index(after: $0) } ?? startIndex)]) }
}

/// A LoMA model's own memories, which `loma reconstruct` shows chunk by chunk.
private func reciteMemories(_ directory: String, _ arguments: Arguments) throws -> Outcome {
  let allowed = ["--model", "--method"] + ModelOptions.textNames
  if let other = arguments.given.map({ $0.name }).first(where: { !allowed.contains($0) }) {
    throw UsageError(line: "option \(other) is not one of loma")
  }
  let model = try LoadedModel(directory: directory, choices: LoMAChoices())
  let texts = try ModelOptions.texts(arguments, model)
  guard texts.count == 1 else { throw UsageError(line: "one text only: --tokens, --string or --file") }
  let chunk = model.parameters.chunkLength
  let length = texts[0].count / chunk * chunk
  guard length > 0 else { throw UsageError(line: "the text has \(texts[0].count) tokens, a chunk has \(chunk)") }
  var session = try Session(model, threads: ModelOptions.processors)
  try session.feed(Array(texts[0][..<length]), passLength: chunk) { _ in }
  var back: [Int] = []
  for k in 0..<session.fullChunks { back += try session.reconstruct(chunk: k) }
  let text = Array(texts[0][..<length])
  let metrics = try session.metrics(text: text, reconstruction: back)
  let heads = model.checkpoint.configuration.heads
  let moment = BudgetMoment(chunks: length / chunk, chunkLength: chunk)
  let full = try moment.fullBits(
    layers: model.checkpoint.configuration.layers, keyValueHeads: heads.keyValue, dimension: heads.dimension)
  let bits = full / moment.length * model.parameters.t * moment.chunks
  func counts(_ accuracy: Accuracy?) -> (right: Int, all: Int) { (accuracy?.correct ?? 0, accuracy?.total ?? 0) }
  return recited(
    method: "loma c=\(model.parameters.c) t=\(model.parameters.t)", text: text, back: back,
    tokens: counts(metrics.tokenRepetitionAccuracy), chunks: counts(metrics.repetitionAccuracy), bits: bits, full: full,
    side: 0, rest: texts[0].count - length, in: model)
}

/// The options that each method on a twin takes.
private let reciteMethods: [String: Set<String>] = [
  "full": [], "last": ["--entries"], "uniform": ["--bits"], "evict": ["--entries", "--window"],
  "zigzag": ["--total", "--window"], "think": ["--pruned", "--recent", "--window"],
  "zipcache": ["--high", "--low", "--entries"], "pyramid": ["--recent", "--counts"],
  "dmc": [], "kvsharer": ["--maps", "--recipe"], "lorc": ["--rank", "--bits"],
  "csr": ["--steps", "--atoms", "--recipe"],
]

/// The setting that the options say of a text of so many tokens.
private func cacheSetting(
  _ name: String, _ arguments: Arguments, length n: Int, _ sizes: (layers: Int, keyValueHeads: Int, dimension: Int)
) throws -> CacheSetting {
  switch name {
  case "full": return .full
  case "last":
    let entries = try arguments.required("--entries")
    guard (0...n).contains(entries) else { throw PeerError.prunedOutOfRange(entries, limit: n) }
    return .last(entries: entries)
  case "uniform": return .uniform(bits: try arguments.required("--bits"))
  case "evict":
    let budget = try arguments.required("--entries")
    return .evict(window: try arguments.integer("--window") ?? max(1, budget / 4), budget: budget)
  case "zigzag":
    let total = try arguments.required("--total")
    let window = try arguments.integer("--window") ?? max(1, total / sizes.layers / 4)
    return .zigzag(window: window, total: total, least: window)
  case "think":
    return .think(
      window: try arguments.integer("--window") ?? CacheSetting.thinkWindow,
      pruned: try arguments.required("--pruned"), recent: try arguments.integer("--recent") ?? 0)
  case "zipcache":
    return .zipCache(
      low: try arguments.integer("--entries") ?? 2 * n / 5, lowBits: try arguments.required("--low"),
      highBits: try arguments.required("--high"))
  case "pyramid":
    guard let counts = arguments["--counts"] else { throw UsageError(line: "option --counts is required") }
    let numbers = try Arguments.integers(counts, of: "--counts")
    guard numbers.count == sizes.layers - 1 else {
      throw UsageError(line: "option --counts takes \(sizes.layers - 1) numbers, not \(numbers.count)")
    }
    return .pyramid(recent: try arguments.integer("--recent") ?? 1 + n / 5, counts: numbers)
  case "kvsharer":
    let maps = try arguments.required("--maps")
    guard (0..<sizes.layers).contains(maps) else {
      throw UsageError(line: "option --maps takes 0...\(sizes.layers - 1), not \(maps)")
    }
    return .kvSharer(maps: maps)
  case "lorc": return .lowRank(rank: try arguments.required("--rank"), bits: try arguments.integer("--bits"))
  default:
    let atoms = try arguments.integer("--atoms") ?? 16 * sizes.dimension
    guard (1...65_536).contains(atoms) else { throw UsageError(line: "option --atoms takes 1...65536, not \(atoms)") }
    return .sparse(steps: try arguments.required("--steps"), atoms: atoms)
  }
}

/// The data of any recipe of texts in chunks.
private func trainingData(_ file: String) throws -> TrainingData {
  let text = try Files.contents(of: file, byteLimit: 1 << 16)
  return LatentRecipe.isOne(text) ? try LatentRecipe(parsing: text).data : try Recipe(parsing: text).data
}
