// CCM-30…CCM-34: the meaning of an output's dimensions, which cells are compared, and the place of a cell in words.

import LoMAPeers
import LoMAVectors

/// The meaning of the dimensions of a case's output tensors, for an operation of compressed context memory.
struct ContextMeaning: PeerMeaning {
  private let operation: PeerOperation
  /// The rows of each text in the parallel layout, padded; nil for an operation without texts.
  private let batch: ContextBatch?
  /// The rows that are fed one segment after the other, those of tokens chosen or forced among them; empty for another
  /// operation.
  private let fed: [ContextRow]
  /// The online rows that are held at the end.
  private let cachedRows: [Int]
  /// The kind and argument of each recorded event.
  private let events: [[Int]]
  /// Which rows of a conditional linear layer have the adapter.
  private let gate: [Bool]

  init(_ operation: PeerOperation, _ item: StoredCase, input: [NamedArray], expected: [NamedArray]) {
    func tensor(_ name: String) -> NamedArray? { expected.first { $0.name == name } }
    self.operation = operation
    let texts = try? StoredContextTexts(item, input: input)
    batch = texts?.batch
    cachedRows = (try? tensor("cache.rows")?.integers()) ?? []
    let width = tensor("events")?.shape.last ?? 0
    let numbers = (try? tensor("events")?.integers()) ?? []
    events = width < 2 ? [] : stride(from: 0, to: numbers.count, by: width).map { Array(numbers[$0..<$0 + width]) }
    gate = (try? input.first { $0.name == "gate" }?.booleans()) ?? []
    switch operation {
    case .ccmSchedule, .ccmOnline:
      // The layout depends on the number of tokens fed, not on their ids.
      let more = Array(repeating: 0, count: max(0, (item.integer("generate") ?? 0) - 1))
      fed = texts.flatMap { $0.layout($0.first(followedBy: more))?.onlineRows } ?? []
    default: fed = []
    }
  }

  static func dimensions(_ operation: PeerOperation, tensor: String) -> [TensorMeaning.Dimension] {
    switch operation {
    case .ccmLayout: return [.text, .row]
    case .ccmMask: return [.text, .query, .key]
    case .ccmSchedule:
      switch tensor {
      case "events": return [.event, .field]
      case "entries": return [.event, .place]
      default: return []
      }
    case .ccmCost:
      switch tensor {
      case "pairs", "peaks": return [.segment]
      case "sizes": return [.memory]
      default: return []
      }
    case .merge: return [.merged, .slot, .column]
    case .conditionalLinear: return [.row, .column]
    case .ccmForward:
      return tensor.hasSuffix("attention.probabilities") ? [.text, .head, .query, .key] : [.text, .row, .column]
    case .ccmOnline: return TensorMeaning.dimensions(op: .generate, tensor: tensor)
    default: return []
    }
  }

  /// For each cell of a tensor of numbers, whether it is not compared (CCM-30, CCM-33); nil if all are.
  ///
  /// Logits are compared in text rows, other numbers in text and COMP rows; of probabilities the query's row counts.
  func ignored(of tensor: String, shape: [Int]) -> [Bool]? {
    guard operation == .ccmForward, let batch, shape.first == batch.texts.count else { return nil }
    let dimensions = Self.dimensions(operation, tensor: tensor)
    guard dimensions.count == shape.count,
      let rowDimension = dimensions.firstIndex(where: { $0 == .row || $0 == .query })
    else { return nil }
    let inner = shape[(rowDimension + 1)...].reduce(1, *)
    let outer = shape[1..<rowDimension].reduce(1, *)
    return batch.texts.flatMap { rows in
      (0..<outer).flatMap { _ in
        (0..<shape[rowDimension]).flatMap { row in
          let isCompared = row < rows.count && rows[row].place.role.isCompared(in: tensor)
          return Array(repeating: !isCompared, count: inner)
        }
      }
    }
  }

  func words(of tensor: String, index: [Int]) -> String {
    let dimensions = Self.dimensions(operation, tensor: tensor)
    guard dimensions.count == index.count else { return index.isEmpty ? "" : "element \(index)" }
    return TensorMeaning.words(dimensions, index: index, pair: pair) { dimension, value, text in
      switch dimension {
      case .row: row(value, text)
      case .token: "text token \(value), " + fed(row: rowOfToken(value))
      case .fed: "fed " + fed(row: value)
      case .cached: "cache entry \(value)" + (value < cachedRows.count ? ", " + fed(row: cachedRows[value]) : "")
      case .event: event(value)
      case .field: field(value)
      case .place: "entry \(value) held"
      case .memory: "after \(value) segments"
      case .merged: "memory after \(value + 1) segments"
      case .text, .query, .key, .head, .layer, .column, .step, .recited, .segment, .slot, .group, .producer,
        .keyValueHead, .entry, .channel, .vector:
        "\(dimension) \(value)"
      }
    }
  }

  private func row(_ row: Int, _ text: Int) -> String {
    if operation == .conditionalLinear, gate.indices.contains(row) {
      return "row \(row) (gate \(gate[row] ? "true" : "false"))"
    }
    guard let batch, batch.texts.indices.contains(text), batch.texts[text].indices.contains(row) else {
      return "row \(row)"
    }
    return batch.mask(text).describe(row: row)
  }

  /// Whether a query sees a key, in words, with the clause that decides it.
  private func pair(_ query: Int, _ key: Int, _ text: Int) -> String {
    guard let batch, batch.texts.indices.contains(text), batch.texts[text].indices.contains(query),
      batch.texts[text].indices.contains(key)
    else { return "query row \(query), key row \(key)" }
    return ContextMaskSentences(profile: batch.parameters.profile).explain(query: query, key: key, in: batch.mask(text))
  }

  /// An online row in words.
  private func fed(row: Int) -> String {
    fed.indices.contains(row) ? "row \(row) (\(fed[row].place.words))" : "row \(row)"
  }

  /// The online row of a text token.
  private func rowOfToken(_ token: Int) -> Int {
    let text = fed.indices.filter { fed[$0].place.role == .text }
    return token < text.count ? text[token] : token
  }

  /// A recorded event in words, such as `event 4 (fold of segment 0)`.
  private func event(_ number: Int) -> String {
    let kinds = ["read of text token", "compression of segment", "drop of segment", "fold of segment"]
    guard events.indices.contains(number), kinds.indices.contains(events[number][0]) else { return "event \(number)" }
    return "event \(number) (\(kinds[events[number][0]]) \(events[number][1]))"
  }

  private func field(_ column: Int) -> String {
    let names =
      operation == .ccmOnline
      ? ["kind", "argument", "cache size"]
      : ["kind", "argument", "first row", "end of rows", "memory entries", "text entries"]
    return names.indices.contains(column) ? names[column] : "column \(column)"
  }
}

extension ContextRole {
  /// Whether the numbers of a row of this role are compared (CCM-30).
  func isCompared(in tensor: String) -> Bool {
    switch self {
    case .text: true
    case .comp: tensor != "logits"
    case .sum, .pad: false
    }
  }
}
