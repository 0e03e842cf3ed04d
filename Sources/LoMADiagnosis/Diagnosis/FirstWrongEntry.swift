// RUN-30: the first cache entry of a generation that is wrong, and why: its row's token, its position, or what it saw.

import LoMA
import LoMAAnswers
import LoMAVectors

/// The first wrong cache entry of a generation, from the entries of all rows fed (OPS-5, `appended`).
struct FirstWrongEntry: Hashable, Sendable {
  /// What is wrong about a row. The first layer's value depends only on the token, its key on token and position, and
  /// all higher layers also on what the row saw.
  enum Part: String, Sendable {
    case token = "its value in layer 0: what was fed there is not the token (GEN-1)"
    case position = "its key in layer 0, its value there right: it has another position (POS-1)"
    case sight = "an entry above layer 0, layer 0 right: it saw other entries (GEN-2, GEN-3)"
  }

  /// Zone, index and chunk of the row, in words.
  let row: String
  let part: Part

  /// Nil if the answer is not to `generate`, has a wrong shape, or has no wrong entry; `bound` gives each tensor's
  /// bound, relative to its largest number.
  init?(
    in answer: [NamedArray], right: [NamedArray], to request: Request, bound: (_ tensor: String) -> Double
  ) {
    guard request.operation == .generate, let places = try? Self.places(request),
      let keys = Self.wrong("appended.keys", answer, right, rows: places.count, bound),
      let values = Self.wrong("appended.values", answer, right, rows: places.count, bound)
    else { return nil }
    for (row, place) in places.enumerated() {
      let layers = keys.indices.filter { keys[$0][row] || values[$0][row] }
      guard let layer = layers.first else { continue }
      self.row = WrongPair.words(place)
      part = layer > 0 ? .sight : values[0][row] ? .token : .position
      return
    }
    return nil
  }

  /// The rows fed: those of the generation layout of the prompt and of all generated tokens except the last.
  private static func places(_ request: Request) throws -> [Place] {
    let (parameters, profile) = (try request.lomaParameters(), try request.profile())
    let generated = try request.integer("generate")
    let length = try request.integers("lengths").reduce(0, +) + max(0, generated - 1)
    return try Layout.generation(
      text: Array(repeating: 0, count: length), vocabulary: try request.vocabulary(), parameters: parameters,
      profile: profile
    ).rows.map(\.place)
  }

  /// By layer, the rows of a tensor [layers, rows, width] with an error over the bound; nil if its shape is wrong.
  private static func wrong(
    _ name: String, _ answer: [NamedArray], _ right: [NamedArray], rows: Int, _ bound: (String) -> Double
  ) -> [[Bool]]? {
    guard let want = right.first(where: { $0.name == name }), let got = answer.first(where: { $0.name == name }),
      want.shape == got.shape, want.shape.count == 3, want.shape[0] > 0, want.shape[1] == rows,
      let a = try? got.doubles(), let b = try? want.doubles()
    else { return nil }
    let (width, allowed) = (want.shape[2], bound(name) * b.reduce(0) { max($0, $1.magnitude) })
    return (0..<want.shape[0]).map { layer in
      (0..<rows).map { row in
        let start = (layer * rows + row) * width
        return (start..<start + width).contains { !((a[$0] - b[$0]).magnitude <= allowed) }
      }
    }
  }
}
