// OWN-4: whether an alternative explains an answer, so that its name is true: nothing else is left of the error than rounding.

extension OwnAlternative {
  /// Coarser numbers. A port may round at other places than the alternative, and roundings behind one that differs go their
  /// own ways, so that more of the error is left, all of it in some evidence. A captured tensor may be rounded that the
  /// alternative leaves as it is.
  var isRounding: Bool { ["M230", "OM12", "OM13", "OM14"].contains(id) }

  /// The share of the squared error that may be left. Measured: right names leave 0.03 at most where noise leaves less, false
  /// ones 0.23 at least; right names of roundings 0.71 at most, and false ones 0.98 at least.
  fileprivate var shareLeft: Double { isRounding ? 0.75 : 0.1 }
}

extension OwnProjection {
  /// What a port errs beside its mistake, in yardsticks: right ones had at most 1.8 (OWN-2).
  private static let noise = 2.0

  /// Whether this evidence, of an alternative, is what that computes.
  func isExplained(by alternative: OwnAlternative) -> Bool {
    let left = Self.noise * Self.noise * Double(remainder.count) + alternative.shareLeft * remainder.error
    let aside = alternative.isRounding ? 0.5 : 0.25 + 2 * sigma
    return remainder.rest <= left && (!isDecisive || (beta - 1).magnitude <= aside)
  }
}

/// An alternative beside an answer that follows it by a half or more.
struct OwnExplanation {
  let alternative: OwnAlternative
  /// β of the evidence that explains most.
  let beta: Double
  /// The largest β·‖Δ‖/s.
  let strength: Double
  /// The share of the squared error that is left.
  let left: Double
  /// Whether it is the mistake.
  let isTrue: Bool
}

extension OwnFindings {
  /// The alternatives that these findings are, each with β of the evidence that explains most (OWN-4).
  package func explaining(
    _ alternatives: [OwnAlternative], chaotic: Bool
  ) -> [(alternative: OwnAlternative, beta: Double)] {
    explanations(alternatives, chaotic: chaotic).filter(\.isTrue).map { ($0.alternative, $0.beta) }
  }

  /// What these findings say of the alternatives that decide and have a β of a half or more: the true ones first, those with the
  /// least error left first; then the others, those that explain most first.
  func explanations(_ alternatives: [OwnAlternative], chaotic: Bool) -> [OwnExplanation] {
    let found = alternatives.compactMap { alternative -> OwnExplanation? in
      let all = projections.filter { $0.alternative == alternative.id && !(chaotic && $0.evidence != .slices) }
      let decisive = all.filter { $0.isDecisive && $0.beta >= 0.5 }
      guard let first = decisive.max(by: { $0.strength < $1.strength }) else { return nil }
      var sum = Remainder()
      for one in all { sum.add(one.remainder) }
      return OwnExplanation(
        alternative: alternative, beta: first.beta, strength: first.strength,
        left: sum.error > 0 ? sum.rest / sum.error : 0,
        isTrue: nonFinite == nil && !excluded.contains(alternative.id)
          && (alternative.isRounding
            ? decisive.contains { $0.isExplained(by: alternative) }
            : all.allSatisfy { $0.isExplained(by: alternative) })
      )
    }
    // Equal ones keep the order of the alternatives, in which axes come first.
    let (names, nearest) = (found.enumerated().filter { $1.isTrue }, found.enumerated().filter { !$1.isTrue })
    return names.sorted { ($0.element.left, $0.offset) < ($1.element.left, $1.offset) }.map(\.element)
      + nearest.sorted { (-$0.element.strength, $0.offset) < (-$1.element.strength, $1.offset) }.map(\.element)
  }
}
