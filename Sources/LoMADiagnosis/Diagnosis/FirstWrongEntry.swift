// RUN-30: the first row of a generation whose entry is wrong, and what of it: its token, its position, or what it saw.

import LoMA
import LoMASuite
import LoMAVectors

/// Where a generation left the right way, as far as the entries of the rows fed tell (OPS-5, `appended`).
struct FirstWrongEntry: Hashable, Sendable {
  /// What of a row is wrong. The first layer's value comes of the token alone, its key of token and position, and what is
  /// above them of what the row saw.
  enum Part: String, Sendable {
    case token = "its value in layer 0: what was fed there is not the token (GEN-1)"
    case position = "its key in layer 0, its value there right: it has another position (POS-1)"
    case sight = "an entry above layer 0, layer 0 right: it saw other entries (GEN-2, GEN-3)"
  }

  /// Zone, index and chunk of the row.
  let row: String
  let part: Part

  /// None where the answer is not to `generate`, has another form, or has no wrong entry; `bound` is what a tensor may be off,
  /// relative to its largest number.
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

  /// The rows that are fed: those of the generation layout of the prompt and of what is generated but for the last.
  private static func places(_ request: Request) throws -> [Place] {
    let (parameters, profile) = (try request.lomaParameters(), try request.profile())
    let generated = try request.integer("generate")
    let length = try request.integers("lengths").reduce(0, +) + max(0, generated - 1)
    return try Layout.generation(
      text: Array(repeating: 0, count: length), vocabulary: try request.vocabulary(), parameters: parameters,
      profile: profile
    ).rows.map(\.place)
  }

  /// By layer, which rows of a tensor [layers, rows, width] are off by more than the bound; none where it has another form.
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
