// TOL-12…TOL-16: how bounds follow from measurements, and their ceilings.

import LoMAVectors

extension CalibratedBounds {
  /// The bounds that follow from these measurements; `names` are the tensors of each case.
  init(
    of measured: [Unit: [String: Measured]], names: [Unit: Set<String>], suite: String, manifestDigest: String,
    variants: [Variant]
  ) {
    var cases: [Unit: [String: Allowed]] = [:]
    var general: [Group: Double] = [:]
    for (unit, names) in names {
      for name in names {
        let kind = Self.group(of: name)
        guard let measured = measured[unit]?[kind] else { continue }
        let allowed = measured.allowed(unit.dtype)
        cases[unit, default: [:]][name] = allowed
        if unit.isOfFamily { continue }
        let group = Group(op: unit.op, tensor: kind, dtype: unit.dtype)
        general[group] = max(general[group] ?? 0, 2 * allowed.bound)
      }
    }
    self.init(
      suite: suite, manifestDigest: manifestDigest, variants: variants, general: general, cases: cases,
      measured: measured)
  }

  /// The ceiling of the bounds of an element type: the provisional bound in f64 and f32; below 1 in bf16 and f16,
  /// because an answer of zeros has error 1.
  static func ceiling(_ dtype: String) -> Double {
    switch dtype {
    case "f64": Precision.f64.provisionalBound
    case "f32": Precision.f32.provisionalBound
    case _: 1.0.nextDown
    }
  }

  /// Throws `damaged` if a bound or its gate does not follow from the measurements beside it, or if a bound exceeds its
  /// ceiling.
  ///
  /// The bounds of fresh cases have no measurements beside them: only their ceiling is checked.
  func check() throws(CorpusError) {
    let again = CalibratedBounds(
      of: measured, names: cases.mapValues { Set($0.keys) }, suite: suite, manifestDigest: manifestDigest,
      variants: variants)
    for (unit, tensors) in cases.sorted(by: { ($0.key.id, $0.key.dtype) < ($1.key.id, $1.key.dtype) }) {
      for (name, allowed) in tensors.sorted(by: { $0.key < $1.key }) {
        let place = "\(name.onOneLine) of \(unit.id.onOneLine) in \(unit.dtype)"
        guard let right = again.cases[unit]?[name] else { throw Self.damaged("\(place): nothing was measured") }
        guard right.bound == allowed.bound else {
          throw Self.damaged("\(place): its bound is \(allowed.bound), its measured errors make it \(right.bound)")
        }
        guard right.gates == allowed.gates else {
          throw Self.damaged("\(place): gates is \(allowed.gates), its measured errors make it \(right.gates)")
        }
        guard allowed.bound <= Self.ceiling(unit.dtype) else {
          throw Self.damaged("\(place): its bound is \(allowed.bound), no bound is above \(Self.ceiling(unit.dtype))")
        }
      }
    }
    for (group, bound) in general.sorted(by: { ($0.key.op, $0.key.tensor) < ($1.key.op, $1.key.tensor) }) {
      let place = "\(group.tensor.onOneLine) of \(group.op.onOneLine) in \(group.dtype)"
      guard bound <= 2 * Self.ceiling(group.dtype) else {
        throw Self.damaged("\(place): its bound is \(bound), no general one is above \(2 * Self.ceiling(group.dtype))")
      }
      guard cases.isEmpty || again.general[group] == bound else {
        throw Self.damaged("\(place): its bound is \(bound), not twice the largest of its cases")
      }
    }
    guard cases.isEmpty || again.general.count == general.count else {
      throw Self.damaged("\(general.count) general bounds, its cases make it \(again.general.count)")
    }
  }

  static func damaged(_ reason: String) -> CorpusError { .damaged(file: fileName, reason: reason) }
}

extension CalibratedBounds.Unit {
  /// The operation in an id LEVEL.OP.WHAT.
  var op: String {
    let words = id.split(separator: ".")
    return words.count > 1 ? String(words[1]) : ""
  }

  /// Whether WHAT begins with the name of a family: what a family adds to the errors loosens no bound of a plain Llama.
  var isOfFamily: Bool {
    let words = id.split(separator: ".")
    guard words.count > 2, let name = words[2].split(separator: "-").first else { return false }
    return CaseFamily(rawValue: String(name)) != nil
  }
}

extension CalibratedBounds.Measured {
  /// The bound is four times the worst error, at least twice the error of the shaken reference, and at least the floor.
  /// It gates if each variant stays below half of the bound set by the others.
  func allowed(_ dtype: String) -> CalibratedBounds.Allowed {
    let shares = shares(dtype).map(\.share)
    return CalibratedBounds.Allowed(
      bound: bound(without: nil, dtype), gates: !shares.isEmpty && shares.allSatisfy { $0 < 0.5 })
  }

  /// For each measured variant, its error over the bound set by the others; empty with fewer than two.
  func shares(_ dtype: String) -> [(variant: Int, share: Double)] {
    guard errors.count(where: { $0 != nil }) > 1 else { return [] }
    return errors.enumerated().compactMap { index, error in
      error.map { (index, $0 / bound(without: index, dtype)) }
    }
  }

  private func bound(without left: Int?, _ dtype: String) -> Double {
    let worst = errors.enumerated().compactMap { $0.offset == left ? nil : $0.element }.max() ?? 0
    return max(4 * worst, 2 * shaken, CalibratedBounds.floor(dtype) ?? 0)
  }
}
