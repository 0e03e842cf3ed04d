// RUN-30: wrong tensors that are multiples of the right ones.

import LoMAVectors

/// The factor between the wrong tensors of an answer and the right ones.
package struct Multiple: Hashable, Sendable {
  /// The factor, the same for every wrong tensor.
  package let factor: Double
  /// The names of the wrong tensors.
  let names: [String]
  /// The number of tensors of numbers that were compared.
  let all: Int

  /// The least number of nonzero values that counts: a single number is always a multiple of another.
  private static let enough = 4

  /// Nil if a wrong tensor is not a multiple, or if two have different factors; `bound` gives each tensor's bound,
  /// relative to its largest number.
  package init?(of answer: [NamedArray], right: [NamedArray], bound: (_ tensor: String) -> Double) {
    var wrong: [(name: String, got: [Double], want: [Double], largest: Double, bound: Double)] = []
    var (count, numbers) = (0, 0)
    for want in right {
      guard let got = answer.first(where: { $0.name == want.name }), got.shape == want.shape else { return nil }
      guard let a = try? got.doubles(), let b = try? want.doubles() else {
        guard let a = try? got.integers(), let b = try? want.integers(), a == b else { return nil }
        continue
      }
      let (allowed, largest) = (bound(want.name), b.reduce(0) { max($0, $1.magnitude) })
      count += 1
      let error = zip(a, b).reduce(0) { max($0, ($1.0 - $1.1).magnitude) }
      if error <= allowed * (largest == 0 ? 1 : largest) { continue }
      guard largest > 0, error.isFinite else { return nil }
      wrong.append((want.name, a, b, largest, allowed))
      numbers += b.count { $0 != 0 }
    }
    guard numbers >= Self.enough, let longest = wrong.max(by: { $0.want.count < $1.want.count }) else { return nil }
    let squares = longest.want.reduce(0) { $0 + $1 * $1 }
    let factor = zip(longest.got, longest.want).reduce(0) { $0 + $1.0 * $1.1 } / squares
    for tensor in wrong {
      // The factor itself is known to about one bound.
      let allowed = 4 * tensor.bound * tensor.largest * max(1, factor.magnitude)
      let error = zip(tensor.got, tensor.want).reduce(0) { max($0, ($1.0 - factor * $1.1).magnitude) }
      guard error <= allowed, (factor - 1).magnitude > 4 * tensor.bound else { return nil }
    }
    (self.factor, names, all) = (factor, wrong.map(\.name), count)
  }

  /// One line, such as `all 21 tensors are 0.31 x the right ones`.
  package var line: String {
    let number = Self.short(factor)
    if all == 1 { return "the tensor is \(number) x the right one" }
    if names.count == all { return "all \(all) tensors are \(number) x the right ones" }
    let more = names.count > 2 ? " and \(names.count - 2) more" : ""
    return "\(names.count) of \(all) tensors are \(number) x the right ones, the rest are right: "
      + names.prefix(2).joined(separator: ", ") + more
  }

  /// Three significant digits; of a number near 1, three of its difference from 1.
  static func short(_ value: Double) -> String {
    let offset = (value - 1).magnitude
    let matters = offset < 0.1 && offset > 0 ? offset : value.magnitude
    // Beyond this range the scale itself would lose digits.
    guard 1e-200...1e200 ~= matters else { return "\(value)" }
    // The reciprocal of the last digit's unit.
    var scale = 1.0
    while matters * scale < 100 { scale *= 10 }
    while matters * scale >= 1000 { scale /= 10 }
    let rounded = (value * scale).rounded() / scale
    return rounded == rounded.rounded() && rounded.magnitude < 1e15 ? "\(Int(rounded))" : "\(rounded)"
  }
}
