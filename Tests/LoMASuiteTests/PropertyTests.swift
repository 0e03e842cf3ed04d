// OPS-7: the reference has every property on the catalogue's inputs. The mask's word on who sees whom is LoMA's own, checked
// exhaustively in LoMATests.

import LoMA
import LoMAReference
import LoMAVectors
import Testing

@testable import LoMASuite

@Suite("Chapter 11: properties")
struct PropertyTests {
  private static let models = try? RecordedModels.shared.get().models

  private func answer(_ request: Request) throws -> [String: Tensor] {
    let answers = ReferenceAnswers(models: try #require(Self.models), workers: .single)
    var tensors: [String: Tensor] = [:]
    for result in try answers.answer(request) {
      if case .doubles(let values) = result.content {
        tensors[result.name] = Tensor(shape: result.shape, values: values)
      }
    }
    return tensors
  }

  private func cases(_ property: Property) -> [Case] {
    Catalogue.cases.filter { if case .property(property) = $0.expectation { true } else { false } }
  }

  /// The same request with other tensors in place of those of their names.
  private func replacing(_ request: Request, _ arrays: [NamedArray], parameters: [String: RequestParameter] = [:])
    throws -> Request
  {
    let names = Set(arrays.map(\.name))
    return Request(
      request.operation, axes: request.axes, parameters: request.parameters.merging(parameters) { $1 },
      model: request.model,
      input: try ArrayFile(request.input.arrays.filter { !names.contains($0.name) } + arrays, metadata: [:]),
      captures: request.captures)
  }

  private func logits(_ request: Request, text: [[Int]]) throws -> Tensor {
    try #require(try answer(try replacing(request, CaseInputs.batch(text)))["logits"])
  }

  @Test func `OPS-7 interference: with one layer a row changes exactly the rows that see it`() throws {
    for item in cases(.interference) {
      let request = item.request
      let rows = try #require(try request.trainingBatch().texts.first)
      let mask = Mask(rows: rows, profile: try request.profile())
      let base = try request.tensor("embeddings")
      let replacements = try request.tensor("replacements")
      let before = try #require(try answer(request)["logits"])
      for r in rows.indices {
        var changed = base
        for column in 0..<base.columns { changed.values[r * base.columns + column] = replacements[r, column] }
        let embeddings = CaseInputs.numbers("embeddings", shape: base.shape, changed.values)
        let after = try #require(try answer(try replacing(request, [embeddings]))["logits"])
        for q in rows.indices {
          let same = Array(before.row(q)) == Array(after.row(q))
          #expect(same == !mask.allows(query: q, key: r), "\(item.id): row \(r) on row \(q)")
        }
      }
    }
  }

  @Test func `OPS-7 poison: huge hidden keys and values leave a row's context as it is`() throws {
    for item in cases(.poison) {
      let (q, k, v) = (try item.request.tensor("q"), try item.request.tensor("k"), try item.request.tensor("v"))
      let (heads, keyValueHeads) = (try item.request.integer("heads"), try item.request.integer("kv_heads"))
      let (d, cells) = (q.columns / heads, try item.request.input.array("mask").booleans())
      let before = try #require(try answer(item.request)["context"])
      for r in 0..<q.rows {
        var (key, value) = (k, v)
        for s in 0..<k.rows where !cells[r * k.rows + s] {
          for g in 0..<keyValueHeads {
            let first = g * (heads / keyValueHeads) * d
            let query = (0..<d).map { q[r, first + $0] }
            let length = query.map(\.magnitude).reduce(0, +)
            var size = 1.0
            while size * length / Double(d).squareRoot() < 1e4 { size *= 2 }
            #expect(size <= 0x1p15, "exact in float16")
            for i in 0..<d {
              key[s, g * d + i] = query[i] < 0 ? -size : size
              value[s, g * d + i] = 0x1p14
            }
          }
        }
        let arrays = [
          CaseInputs.numbers("k", shape: k.shape, key.values), CaseInputs.numbers("v", shape: v.shape, value.values),
        ]
        let after = try #require(try answer(try replacing(item.request, arrays))["context"])
        #expect(Array(before.row(r)) == Array(after.row(r)), "\(item.id): row \(r)")
      }
    }
  }

  @Test func `OPS-7 prefix: reading rows do not know what comes later`() throws {
    for item in cases(.prefix) {
      let text = try #require(try item.request.texts().first)
      let whole = try logits(item.request, text: [text])
      for length in try item.request.integers("prefixes") {
        let part = try logits(item.request, text: [Array(text.prefix(length))])
        for (mine, other) in try readingRows(item.request, text, Array(text.prefix(length))) {
          #expect(Array(whole.row(mine)) == Array(part.row(other)), "\(item.id): \(length)")
        }
      }
    }
  }

  /// The rows of the same text tokens in two layouts.
  private func readingRows(_ request: Request, _ long: [Int], _ short: [Int]) throws -> [(Int, Int)] {
    func rows(_ text: [Int]) throws -> [Place: Int] {
      let layout = try Layout.training(
        text: text, vocabulary: try request.vocabulary(), parameters: try request.lomaParameters(),
        profile: try request.profile())
      return Dictionary(uniqueKeysWithValues: layout.rows.enumerated().map { ($1.place, $0) })
    }
    let (mine, others) = (try rows(long), try rows(short))
    return others.filter { $0.key.zone == .reading }.compactMap { place, row in mine[place].map { ($0, row) } }
  }

  @Test func `OPS-7 cache: generation gives the logits of the forward pass`() throws {
    for item in cases(.cache) {
      let text = try #require(try item.request.texts().first)
      let generated = try #require(try answer(item.request)["logits"])
      let forward = Request(
        .forward, axes: item.request.axes, parameters: item.request.parameters, model: item.request.model,
        input: item.request.input, captures: [])
      let whole = try #require(try answer(forward)["logits"])
      let rows = try #require(try forward.trainingBatch().texts.first)
      let reading = rows.indices.filter { rows[$0].place.zone == .reading }
      #expect(reading.count == text.count && generated.rows == text.count)
      for (index, row) in reading.enumerated() { #expect(Array(generated.row(index)) == Array(whole.row(row))) }
    }
  }

  @Test func `OPS-7 batch: each text gives its own results`() throws {
    for item in cases(.batch) {
      let texts = try item.request.texts()
      let together = try logits(item.request, text: texts)
      let rowCount = together.shape[1]
      for (index, text) in texts.enumerated() {
        let alone = try logits(item.request, text: [text])
        for row in 0..<alone.rows {
          #expect(Array(together.row(index * rowCount + row)) == Array(alone.row(row)), "\(item.id): \(index)")
        }
      }
    }
  }

  @Test func `OPS-7 shift: attention knows distances only`() throws {
    for item in cases(.shift) {
      let shift = try item.request.integer("shift")
      let positions = try item.request.integers("positions").map { $0 + shift }
      let before = try #require(try answer(item.request)["y"])
      let after = try #require(
        try answer(try replacing(item.request, [CaseInputs.integers("positions", positions)]))["y"])
      let largest = before.values.map(\.magnitude).max() ?? 0
      for (a, b) in zip(before.values, after.values) { #expect((a - b).magnitude <= 1e-12 * largest, "\(item.id)") }
    }
  }

  @Test func `OPS-7 repeat: the same request gives the same bytes`() throws {
    for item in cases(.repeat) { #expect(try answer(item.request) == answer(item.request)) }
  }
}
