// LAT-12: the texts of a case of latent attention.

import LoMA
import LoMAVectors

/// The texts of a case, each of at least one token.
struct StoredLatentTexts {
  let texts: [[Int]]

  /// Throws `damaged` if a case that needs texts lacks valid ones.
  init(_ item: StoredCase, input: [NamedArray]) throws(CorpusError) {
    func integers(_ name: String) -> [Int]? { try? input.first { $0.name == name }?.integers() }
    guard let tokens = integers("tokens"), let lengths = integers("lengths"),
      let texts = try? cutTexts(tokens, by: lengths), !texts.isEmpty, texts.allSatisfy({ !$0.isEmpty })
    else { throw .damaged(file: item.input?.path ?? item.id, reason: "its lengths are not those of its texts") }
    self.texts = texts
  }

  /// The number of rows of the longest text, to which the others are padded.
  var rowCount: Int { texts.map { $0.count }.max() ?? 0 }

  /// The tensors that hold these texts.
  static func tensors(_ texts: [[Int]]) throws(ContainerError) -> [NamedArray] {
    [
      try NamedArray("tokens", .i64, shape: [texts.joined().count], integers: Array(texts.joined())),
      try NamedArray("lengths", .i64, shape: [texts.count], integers: texts.map { $0.count }),
    ]
  }
}
