// RUN-30: wrong tensors whose numbers all belong to a narrower type.

import LoMAVectors

/// The wrong tensors of an answer that were rounded to a narrower type than they should be.
struct NarrowTensors: Hashable, Sendable {
  let type: ElementType
  let names: [String]

  /// The least number of different numbers that counts; fewer may fit a type by chance.
  private static let enough = 8

  /// Nil if no wrong tensor is narrower; `BF16` is tried before `F16`, which has most numbers of `BF16` too.
  init?(of answer: [NamedArray], right: [NamedArray], wrong: Set<String>) {
    for (type, format) in [(ElementType.bf16, NarrowFloat.bfloat16), (.f16, .float16)] {
      let names = answer.filter { given in
        guard wrong.contains(given.name), given.elementType == .f64 || given.elementType == .f32,
          let want = right.first(where: { $0.name == given.name }), let a = try? given.doubles(),
          let b = try? want.doubles(), Set(b).count >= Self.enough
        else { return false }
        return format.rounded(a) == a && format.rounded(b) != b
      }.map(\.name)
      guard !names.isEmpty else { continue }
      (self.type, self.names) = (type, names)
      return
    }
    return nil
  }
}
