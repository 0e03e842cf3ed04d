// QNT-1…QNT-3, QNT-5: numbers of a group as codes of a few bits, and as they are read back.

import LoMAPeers
import NaiveLlama

/// A group of numbers as it is stored.
package struct QuantisedGroup: Hashable, Sendable {
  /// lo, the number that code 0 means; 0 in the symmetric form.
  package let least: Double
  /// Δ, from one code to the next.
  package let step: Double
  /// The codes, whole numbers.
  package let codes: [Double]

  /// A group of these codes.
  package init(least: Double, step: Double, codes: [Double]) {
    self.least = least
    self.step = step
    self.codes = codes
  }

  /// x̂_i = lo + code_i·Δ, or code_i·Δ where lo is 0.
  package var values: [Double] { codes.map { least + $0 * step } }
}

/// How rows of numbers are stored: bits, groups, and where their codes lie.
package struct Quantiser: Hashable, Sendable {
  /// Where codes lie.
  package let form: QuantiserForm
  /// b; nil if numbers are stored as they are.
  package let bits: Int?
  /// g, how many neighbours in a row share lo and Δ.
  package let group: Int
  /// How lo and Δ are kept.
  package let scaleRounding: ScaleRounding

  /// Throws `bitsOutOfRange` unless the form has codes of so many bits; g is at least 1.
  package init(form: QuantiserForm, bits: Int?, group: Int, scaleRounding: ScaleRounding) throws(PeerError) {
    precondition(group >= 1, "a group of something")
    try StoredBits.check(bits, form)
    self.form = form
    self.bits = bits
    self.group = group
    self.scaleRounding = scaleRounding
  }

  /// x̂ of a matrix [rows, width], each row in groups by itself; x itself without bits.
  package func quantised(_ x: Tensor) -> Tensor {
    guard bits != nil else { return x }
    var values: [Double] = []
    values.reserveCapacity(x.values.count)
    for group in groups(of: x) { values += group.values }
    return Tensor(shape: x.shape, values: values)
  }

  /// The groups of a matrix [rows, width], row by row from the left; g divides the width. None without bits.
  package func groups(of x: Tensor) -> [QuantisedGroup] {
    guard let bits else { return [] }
    precondition(x.columns % group == 0, "whole groups")
    var groups: [QuantisedGroup] = []
    for start in stride(from: 0, to: x.values.count, by: group) {
      groups.append(quantised(x.values[start..<start + group], bits: bits))
    }
    return groups
  }

  /// One group (QNT-1, QNT-2). With Δ = 0 every code is 0.
  ///
  /// A code outside its range, which only a rounded lo or Δ brings about, becomes the nearest one inside.
  private func quantised(_ x: ArraySlice<Double>, bits: Int) -> QuantisedGroup {
    let (first, last, least, step): (Double, Double, Double, Double)
    switch form {
    case .asymmetric:
      let (lowest, highest) = extremes(x)
      (first, last) = (0, Double((1 << bits) - 1))
      (least, step) = (rounded(lowest), rounded((highest - lowest) / last))
    case .symmetric:
      let (lowest, highest) = extremes(x)
      let most = Double((1 << (bits - 1)) - 1)
      (first, last) = (-most, most)
      (least, step) = (0, rounded((-lowest > highest ? -lowest : highest) / most))
    }
    let codes = x.map { number in
      guard step != 0 else { return 0.0 }
      let code = Self.roundedHalfEven((number - least) / step)
      return code < first ? first : code > last ? last : code
    }
    return QuantisedGroup(least: least, step: step, codes: codes)
  }

  /// The least and the largest number, the first of equals.
  private func extremes(_ x: ArraySlice<Double>) -> (least: Double, largest: Double) {
    var (least, largest) = (x[x.startIndex], x[x.startIndex])
    for number in x.dropFirst() {
      if number < least { least = number }
      if number > largest { largest = number }
    }
    return (least, largest)
  }

  private func rounded(_ scale: Double) -> Double {
    switch scaleRounding {
    case .none: scale
    case .bf16: SeededNumbers.roundedToEightBits(scale)
    }
  }

  /// The nearest whole number, of two the even one.
  ///
  /// From 2⁵² on doubles are whole, and their sum is rounded half to even; beyond 2⁵¹ a code is out of range anyway.
  package static func roundedHalfEven(_ x: Double) -> Double {
    let whole = 0x1.8p52
    return (x + whole) - whole
  }
}
