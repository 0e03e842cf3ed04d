// LAY, PAR-2: texts that are laid out wrongly.

import LoMA
import LoMAAnswers
import LoMAReference
import LoMAVectors
import NaiveLlama

extension Mutant {
  /// Other rows of every text, made from the right ones.
  private static func rows(
    _ id: String, _ sentence: String, _ wrong: @escaping @Sendable ([Row], WrongChunks) -> [Row]
  ) -> Mutant {
    .answers(id, .layout, sentence, on: .texts) { answers, _ in
      let right = answers.rows
      answers.rows = { (kind, text, vocabulary, parameters, profile) throws(InputError) in
        let rows = try right(kind, text, vocabulary, parameters, profile)
        let chunks = WrongChunks(
          kind: kind, text: text, vocabulary: vocabulary, parameters: parameters, profile: profile)
        return wrong(rows, chunks)
      }
    }
  }

  static var layouts: [Mutant] { chunks + specials + numbers + empties + orders }

  private static var empties: [Mutant] {
    [
      rows("M014", "I gave the empty text a row") { rows, chunks in
        chunks.text.isEmpty ? [Row(token: 0, place: .reading(chunk: 0, index: 0), position: 0, label: nil)] : rows
      }
    ]
  }

  private static var orders: [Mutant] {
    [
      answers(
        "M015", .layout, "I sorted texts by length, longest first, and did not put the answers back", on: [.forward]
      ) { answers, request in
        guard let lengths = try? request.texts().map({ $0.count }) else { return }
        let order = lengths.indices.sorted { (-lengths[$0], $0) < (-lengths[$1], $1) }
        answers.finish = { tensors in tensors.map { $0.choosing(texts: order) } }
      }
    ]
  }

  private static var chunks: [Mutant] {
    [
      rows("M001", "I cut chunks of L + 1 tokens") { _, chunks in
        chunks.rows(length: chunks.parameters.chunkLength + 1, compressingTail: false)
      },
      rows("M002", "I cut chunks of L − 1 tokens") { _, chunks in
        chunks.rows(length: max(1, chunks.parameters.chunkLength - 1), compressingTail: false)
      },
      rows("M003", "I gave the tail memory and repetition rows too") { _, chunks in
        chunks.rows(length: chunks.parameters.chunkLength, compressingTail: true)
      },
    ]
  }

  private static var specials: [Mutant] {
    [
      rows("M004", "I left out memory and repetition rows behind the last full chunk") { rows, chunks in
        let last = chunks.fullChunks - 1
        return rows.filter { $0.place.zone == .reading || $0.place.chunk != last }
      },
      rows("M005", "I left out memory and repetition rows behind a chunk that ends the text") { rows, chunks in
        let last = chunks.text.count % chunks.parameters.chunkLength == 0 ? chunks.fullChunks - 1 : -1
        return rows.filter { $0.place.zone == .reading || $0.place.chunk != last }
      },
      rows("M006", "I put repetition rows before memory rows") { rows, chunks in
        (0...chunks.fullChunks).flatMap { chunk in
          [Zone.reading, .repetition, .memory].flatMap { zone in
            rows.filter { $0.place.chunk == chunk && $0.place.zone == zone }
          }
        }
      },
      rows("M007", "I repeated the chunk before") { rows, _ in
        rows.map { row in
          guard case .repetition(let chunk, let index) = row.place, chunk > 0 else { return row }
          let before = Place.repetition(chunk: chunk - 1, index: index)
          let source = rows.first { $0.place == before }
          return row.with(position: source?.position, label: .some(source?.label), place: before)
        }
      },
    ]
  }

  private static let lengths: Set<Operation> = Set.texts.union(Set.caches).union([.schedule, .metrics, .cost])

  private static func off(_ id: String, _ name: String, by amount: Int) -> Mutant {
    parameters(id, .layout, "I took \(name) \(amount < 0 ? "− 1" : "+ 1") for \(name)", on: lengths) { parameters in
      guard case .integer(let value)? = parameters[name], value + amount >= 1 else { return nil }
      return parameters.adding([name: .integer(value + amount)])
    }
  }

  private static var numbers: [Mutant] {
    [
      off("M008", "c", by: 1), off("M009", "c", by: -1), off("M010", "t", by: 1), off("M011", "t", by: -1),
      parameters("M012", .layout, "I swapped `<m>` and `<r>`", on: Set.texts.union(Set.caches)) { parameters in
        guard let memory = parameters["memory_token"], let repetition = parameters["repetition_token"] else {
          return nil
        }
        return parameters.adding(["memory_token": repetition, "repetition_token": memory])
      },
      parameters("M013", .layout, "I took V and V + 1 for the special ids", on: Set.texts.union(Set.caches)) {
        parameters in
        guard case .integer(let text)? = parameters["text_vocabulary"],
          case .integer(let model)? = parameters["model_vocabulary"], text >= 1, text + 1 < model
        else { return nil }
        return parameters.adding(["memory_token": .integer(text), "repetition_token": .integer(text + 1)])
      },
    ]
  }
}

extension ResultTensor {
  /// The tensor with its first dimension, the texts, in another order.
  fileprivate func choosing(texts order: [Int]) -> ResultTensor {
    guard case .doubles(let values) = content, shape.first == order.count, !order.isEmpty else { return self }
    let size = values.count / order.count
    return .tensor(
      name, Tensor(shape: shape, values: order.flatMap { values[$0 * size..<($0 + 1) * size] }))
  }
}

/// A text cut into chunks of any length.
struct WrongChunks: Sendable {
  let kind: LayoutKind
  let text: [Int]
  let vocabulary: Vocabulary
  let parameters: Parameters
  let profile: Profile

  var fullChunks: Int { parameters.fullChunks(text.count) }

  /// The rows for chunks of a length, with or without special rows after the tail.
  func rows(length: Int, compressingTail: Bool) -> [Row] {
    var rows: [Row] = []
    for (chunk, start) in stride(from: 0, to: text.count, by: length).enumerated() {
      let range = start..<min(start + length, text.count)
      rows += range.map { row(.reading(chunk: chunk, index: $0 - start), text[$0], at: $0, label: $0 + 1) }
      guard range.count == length || compressingTail else { continue }
      rows += (0..<parameters.t).map { j in
        let offset = profile.memoryPositions == .spanEnd ? parameters.c - 1 : 0
        let isLabelled = profile.repetitionLabels == .shifted && j == parameters.t - 1
        return row(
          .memory(chunk: chunk, index: j), vocabulary.memoryToken, at: start + j * parameters.c + offset,
          label: isLabelled ? start : text.count)
      }
      rows += range.map { g in
        let label = profile.repetitionLabels == .aligned ? g : g + 1 < range.upperBound ? g + 1 : text.count
        return row(.repetition(chunk: chunk, index: g - start), vocabulary.repetitionToken, at: g, label: label)
      }
    }
    rows = numbered(rows)
    return kind == .training ? rows : rows.filter { $0.place.zone != .repetition }
  }

  /// The rows with positions by the profile's `numbering`; unchanged if it counts text.
  private func numbered(_ rows: [Row]) -> [Row] {
    switch profile.numbering {
    case .text: return rows
    case .sequential: return rows.enumerated().map { $1.with(position: $0) }
    case .generation:
      let kept = rows.filter { $0.place.zone != .repetition }
      let numbers = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1.place, $0) })
      return rows.map { row in
        guard case .repetition(let chunk, let index) = row.place else { return row.with(position: numbers[row.place]) }
        return row.with(position: numbers[.reading(chunk: chunk, index: index)])
      }
    case .compressed:
      return rows.map { $0.with(position: ($0.place.chunk ?? 0) * parameters.t + ($0.place.index ?? 0)) }
    }
  }

  /// A row labelled with a token of the text; without a label if there is no such token.
  private func row(_ place: Place, _ token: Int, at position: Int, label: Int) -> Row {
    Row(token: token, place: place, position: position, label: label < text.count ? text[label] : nil)
  }
}
