// OWN-8: the verdict from what was measured, and its words.

import LoMA
import LoMAVectors

/// The verdict on a port in one element type.
package struct OwnVerdict: Sendable {
  package enum Kind: String, CaseIterable, Hashable, Sendable {
    case right
    /// Nothing is wrong, but an error is above half its bound, or a β between a quarter and a half.
    case suspect
    case wrong
    /// Nothing was compared that can tell.
    case notDecidable = "not decidable"
  }

  package let kind: Kind
  /// The alternatives that explain the answers, the one that leaves least of the error first.
  package let names: [OwnAlternative]
  /// The alternative whose effect is nearest to an error that nothing explains; nil if there is a name, or nothing near.
  package let nearest: OwnAlternative?
  /// The first comparison that is wrong, or suspect, in the order of computation.
  package let first: OwnMeasurement?
  /// The alternatives that no evidence decides: the port may be any of them.
  package let undecidable: [OwnAlternative]
  /// The first value that is no finite number, in words; nothing was looked for behind it.
  package let nonFinite: String?
  /// The verdict on one line.
  package let sentence: String

  /// Judges all findings of a type: those of the free run first, then those of slices, each in the order of computation.
  ///
  /// `chaotic` says that the free run has no yardstick: its bounds and projections then decide nothing.
  package init(plan: OwnPlan, type: ElementType, findings: [OwnFindings], chaotic: Bool) {
    self.init(
      alternatives: plan.alternatives.filter { $0.types.contains(type) }, type: type, findings: findings,
      chaotic: chaotic)
  }

  /// Judges one layer asked alone, by its bounds: β of one layer decides nothing, and names only what a bound refuses.
  package init(ofLayerAlone findings: OwnFindings, plan: OwnPlan, type: ElementType) {
    self.init(
      ofLayerAlone: findings, alternatives: plan.alternatives.filter { $0.types.contains(type) }, type: type)
  }

  init(ofLayerAlone findings: OwnFindings, alternatives: [OwnAlternative], type: ElementType) {
    let bounded = OwnFindings(measurements: findings.measurements, nonFinite: findings.nonFinite)
    let alone = OwnVerdict(alternatives: alternatives, type: type, findings: [bounded], chaotic: false)
    self =
      alone.kind == .wrong
      ? OwnVerdict(alternatives: alternatives, type: type, findings: [findings], chaotic: false) : alone
  }

  init(alternatives: [OwnAlternative], type: ElementType, findings: [OwnFindings], chaotic: Bool) {
    var all = OwnFindings()
    for part in findings { all.add(part) }
    let compared = all.measurements.filter { !chaotic || !$0.rule.needsSteadyRun }
    let decisive = all.projections.filter { $0.isDecisive && !(chaotic && $0.evidence != .slices) }
    undecidable = alternatives.filter { alternative in !decisive.contains { $0.alternative == alternative.id } }

    let followed = all.explanations(alternatives, chaotic: chaotic)
    names = followed.filter(\.isTrue).map(\.alternative)
    let nearest = names.isEmpty ? followed.first : nil
    self.nearest = nearest?.alternative
    nonFinite = all.nonFinite
    let wrong = compared.first { $0.isWrong }
    let suspect = compared.first { $0.isSuspect }
    let isLeaning = decisive.contains { $0.beta.magnitude >= 0.25 || $0.beta.isNaN }
    if all.nonFinite != nil || wrong != nil || !followed.isEmpty {
      (kind, first) = (.wrong, wrong)
    } else if !compared.contains(where: { $0.rule != .exact }) {
      (kind, first) = (.notDecidable, nil)
    } else if suspect != nil || isLeaning {
      (kind, first) = (.suspect, suspect)
    } else {
      (kind, first) = (.right, nil)
    }
    let leaning = decisive.filter { $0.beta.magnitude >= 0.25 }.max { $0.beta.magnitude < $1.beta.magnitude }
    sentence = Self.sentence(
      kind, type, names: names, nearest: nearest, first: first, nonFinite: all.nonFinite, leaning: leaning,
      undecidable: undecidable)
  }

  private static func sentence(
    _ kind: Kind, _ type: ElementType, names: [OwnAlternative], nearest: OwnExplanation?, first: OwnMeasurement?,
    nonFinite: String?, leaning: OwnProjection?, undecidable: [OwnAlternative]
  ) -> String {
    let place = first.map { "\($0.tensor), \($0.words)" }
    switch kind {
    case .right:
      let rest = undecidable.isEmpty ? "" : " up to " + undecidable.map { $0.id }.joined(separator: ", ")
      return "\(type.word): right" + rest
    case .notDecidable:
      return "\(type.word): not decidable: nothing that was asked can tell a right port from a wrong one"
    case .suspect:
      let why =
        place.map { "the error is above half its bound in \($0)" }
        ?? leaning.map { "a part of the error is that of \($0.alternative)" } ?? ""
      // Right ports lean as far about once in 75 runs, so this is a reason to ask again and no refusal.
      let how = type == .f32 ? "with another text" : "with another text, or in f32,"
      return "\(type.word): suspect: \(why); ask again \(how) before you look for a mistake"
    case .wrong:
      if let nonFinite { return "\(type.word): wrong: \(nonFinite) is no finite number" }
      let name = names.first.map { "\($0.id): \($0.sentence)" }
      let near = nearest.map {
        "nearest: \($0.alternative.id) (β \(decimals($0.beta, 2))), which does not explain it"
      }
      let parts = [name, first?.firstPlace, near].compactMap { $0 }
      return "\(type.word): wrong: " + parts.joined(separator: "; ")
    }
  }
}
