// OWN-5, OWN-6, OWN-8: what a port is asked about a text, in existing operations, and the form of a right answer.

import LoMA
import LoMAVectors

/// The tensors that an answer must have.
package struct OwnForm: Sendable {
  package struct Expected: Hashable, Sendable {
    package let name: String
    package let shape: [Int]
    package let kind: ElementType.Kind
  }

  package let tensors: [Expected]

  init(_ tensors: [(String, [Int], ElementType.Kind)]) {
    self.tensors = tensors.map { Expected(name: $0.0, shape: $0.1, kind: $0.2) }
  }
}

/// A request about a text; c, t, vocabulary and profile are the same in all requests of a text.
package struct OwnQuestion: Sendable {
  package let operation: Operation
  /// `generate` or `chunk`.
  package let parameters: [(name: String, value: Int)]
  /// `tokens`, `lengths`, `forced`.
  package let tensors: [(name: String, values: [Int])]
  package let captures: [String]
  package let form: OwnForm
}

extension OwnYardstick {
  /// The questions of an operation: one each for forward, loss and generate, one a full chunk for reconstruct; none for others.
  package func questions(_ operation: Operation, capturing: Bool) -> [OwnQuestion] {
    let configuration = plan.configuration
    let width = configuration.vocabularySize
    let keys = configuration.heads.keyValue * configuration.heads.dimension
    func text(_ tokens: [Int]) -> [(name: String, values: [Int])] {
      [("tokens", tokens), ("lengths", [tokens.count])]
    }
    switch operation {
    case .forward:
      var form: [(String, [Int], ElementType.Kind)] = [("logits", [1, rows.count, width], .floating)]
      let asked = capturing ? captures : []
      form += asked.map { ($0, [1, rows.count, self.width(of: $0)], .floating) }
      return [
        OwnQuestion(
          operation: .forward, parameters: [], tensors: text(self.text.tokens), captures: asked, form: OwnForm(form))
      ]
    case .loss:
      return [
        OwnQuestion(
          operation: .loss, parameters: [], tensors: text(self.text.tokens), captures: [],
          form: OwnForm([("language_modelling", [], .floating), ("repetition", [], .floating)]))
      ]
    case .generate:
      let fed = rows.filter { $0.place.zone != .repetition }.count
      let cached = GenerationOrder(self).cached.count
      return [
        OwnQuestion(
          operation: .generate, parameters: [("generate", self.text.generated)],
          tensors: text(Array(self.text.tokens[..<self.text.promptLength])) + [("forced", self.text.forced)],
          captures: [],
          form: OwnForm([
            ("chosen", [self.text.generated], .integer), ("logits", [self.text.tokens.count, width], .floating),
            ("events", [GenerationOrder(self).events.count, 3], .integer),
            ("appended.keys", [configuration.layers, fed, keys], .floating),
            ("appended.values", [configuration.layers, fed, keys], .floating), ("cache.rows", [cached], .integer),
            ("cache.keys", [configuration.layers, cached, keys], .floating),
            ("cache.values", [configuration.layers, cached, keys], .floating),
          ]))
      ]
    case .reconstruct:
      let length = self.text.parameters.chunkLength
      return (0..<self.text.parameters.fullChunks(self.text.tokens.count)).map { chunk in
        OwnQuestion(
          operation: .reconstruct, parameters: [("chunk", chunk)], tensors: text(self.text.tokens), captures: [],
          form: OwnForm([("tokens", [length], .integer), ("logits", [length, width], .floating)]))
      }
    default: return []
    }
  }

  /// The columns of a captured tensor.
  func width(of tensor: String) -> Int {
    let configuration = plan.configuration
    let heads = configuration.heads
    if tensor == "logits" { return configuration.vocabularySize }
    if tensor.hasSuffix(".context") { return heads.query * heads.dimension }
    if tensor.hasSuffix(".key") || tensor.hasSuffix(".value") { return heads.keyValue * heads.dimension }
    return configuration.hiddenSize
  }
}

/// The rows of a text in the order in which generation feeds them (GEN-3), and what becomes of them.
struct GenerationOrder {
  /// Indices into the training layout of the rows fed, in their order: no repetition rows.
  let fed: [Int]
  /// Indices into `fed` of the entries that stay in the cache.
  let cached: [Int]
  /// Kind, number and cache size of each event (OPS-5).
  let events: [[Int]]

  init(_ yardstick: OwnYardstick) {
    let rows = yardstick.rows
    fed = rows.indices.filter { rows[$0].place.zone != .repetition }
    var (events, size, cached): ([[Int]], Int, [Int]) = ([], 0, [])
    for (index, row) in fed.enumerated() {
      size += 1
      cached.append(index)
      switch rows[row].place {
      case .reading(let chunk, let place):
        events.append([0, chunk * yardstick.text.parameters.chunkLength + place, size])
      case .memory(let chunk, let place) where place == yardstick.text.parameters.t - 1:
        events.append([1, chunk, size])
        // The chunk's reading entries go.
        let fed = fed
        cached.removeAll { entry in
          if case .reading(chunk, _) = rows[fed[entry]].place { true } else { false }
        }
        size = cached.count
        events.append([2, chunk, size])
      case .memory, .repetition, .pad: break
      }
    }
    self.events = events
    self.cached = cached
  }
}
