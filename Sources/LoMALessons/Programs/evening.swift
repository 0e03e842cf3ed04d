import Foundation  // For fflush, and for the environment.
// step 1: rows
struct Row {
  let zone: Character
  let chunk: Int
  let index: Int
}
func rows(_ c: Int, _ t: Int, _ n: Int) -> [Row] {
  let (size, full) = (c * t, n / (c * t))
  var out: [Row] = []
  for k in 0..<full {
    out += (0..<size).map { Row(zone: "x", chunk: k, index: $0) }
    out += (0..<t).map { Row(zone: "m", chunk: k, index: $0) }
    out += (0..<size).map { Row(zone: "r", chunk: k, index: $0) }
  }
  return out + (0..<n % size).map { Row(zone: "x", chunk: full, index: $0) }
}
// step 2: positions
func position(_ c: Int, _ t: Int, _ row: Row) -> Int {
  row.chunk * c * t + (row.zone == "m" ? (row.index + 1) * c - 1 : row.index)
}
// step 3: the mask
func sees(_ query: Row, _ key: Row) -> Bool {
  let (isOwn, isBefore) = (key.chunk == query.chunk, key.chunk < query.chunk)
  switch (query.zone, key.zone) {
  case ("x", "x"), ("r", "r"): return isOwn && key.index <= query.index
  case ("x", "m"): return isBefore
  case ("m", "x"), ("r", "m"): return isOwn
  case ("m", "m"): return isOwn || isBefore
  default: return false
  }
}
// step 4: Llama
import LoMAVectors
import NaiveLlama
let environment = ProcessInfo.processInfo.environment
let file = (environment["LOMA_MODEL"] ?? "Vectors/models/text-c4") + "/model.safetensors"
let arrays = try ArrayFile(decoding: Files.contents(of: file, byteLimit: 1 << 24)).arrays
let shapes = try Configuration(
  vocabularySize: 258, hiddenSize: 64, intermediateSize: 192, layers: 3, queryHeads: 4, keyValueHeads: 4,
  headDimension: 16, epsilon: 1e-5, theta: 10_000, tiesHead: false)
let tensors = try arrays.map { ($0.name, Tensor(shape: $0.shape, values: try $0.doubles())) }
let parameters = ParameterSet(Dictionary(uniqueKeysWithValues: tensors))
let llama = Transformer(
  configuration: shapes, weights: Weights(parameters), functions: .llama(workers: .single))
let (c, t, memory, recital) = (4, 2, 256, 257)
struct Cache {
  var rows: [Row] = []
  var layers = llama.noPast
}
func run(_ new: [Row], _ ids: [Int], _ cache: inout Cache) throws -> ForwardTrace {
  cache.rows += new
  let all = cache.rows
  let seen = new.map { query in all.indices.filter { sees(query, all[$0]) } }
  let trace = try llama.forward(
    embeddings: llama.embed(ids), positions: new.map { position(c, t, $0) },
    visible: VisibleKeys(lists: seen, keyCount: all.count), past: cache.layers)
  cache.layers = trace.layers.map { $0.all }
  return trace
}
// step 5: the cache
typealias Feed = ([Row], [Int], inout Cache) throws -> Void
func read(_ text: [Int], _ c: Int, _ t: Int, _ cache: inout Cache, feed: Feed) throws -> [String] {
  var events: [String] = []
  for (g, token) in text.enumerated() {
    let (k, i) = g.quotientAndRemainder(dividingBy: c * t)
    try feed([Row(zone: "x", chunk: k, index: i)], [token], &cache)
    events.append(String(cache.rows.map { $0.zone }))
    guard i == c * t - 1 else { continue }
    try feed((0..<t).map { Row(zone: "m", chunk: k, index: $0) }, Array(repeating: memory, count: t), &cache)
    events.append(String(cache.rows.map { $0.zone }))
    let kept = cache.rows.indices.filter { cache.rows[$0].zone == "m" }
    cache.rows = kept.map { cache.rows[$0] }
    cache.layers = cache.layers.map {
      $0.keys.rows == 0 ? $0 : KeyValues(keys: $0.keys.selecting(rows: kept), values: $0.values.selecting(rows: kept))
    }
    events.append(String(cache.rows.map { $0.zone }))
  }
  return events
}
// step 6: recite
func recall(_ k: Int, _ text: [Int]) throws -> [Int] {
  var cache = Cache()
  _ = try read(text, c, t, &cache) { new, ids, cache in _ = try run(new, ids, &cache) }
  let asking = (0..<c * t).map { Row(zone: "r", chunk: k, index: $0) }
  let scores = try run(asking, asking.map { _ in recital }, &cache).logits
  return asking.indices.map { row in
    (0..<256).max { scores[row, $0] < scores[row, $1] } ?? 0
  }
}
