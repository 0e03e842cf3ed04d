// TOL-12…TOL-15: how far a tensor may be off where no bound is derived.

import LoMAVectors

/// Bounds measured on right implementations, or provisional ones where nothing is measured.
package struct CalibratedBounds: Equatable, Sendable {
  /// What one tensor may be off, as max|y − ref| / max|ref|.
  package struct Allowed: Equatable, Sendable {
    /// The largest error of a right answer.
    package let bound: Double
    /// Whether a larger one is a failure; else it is reported only (TOL-14).
    package let gates: Bool
  }

  /// A right implementation that was measured.
  package struct Variant: Equatable, Sendable {
    /// Its name.
    package let name: String
    /// Its version.
    package let version: String
    /// The element types it was measured in.
    package let dtypes: [String]
  }

  /// Tensors of one kind: an operation, a name without what differs from case to case, an element type.
  struct Group: Hashable {
    let op: String
    let tensor: String
    let dtype: String
  }

  /// A case in one element type.
  struct Unit: Hashable {
    let id: String
    let dtype: String
  }

  /// What right implementations erred by in a case's tensors of one kind: all that their bound is made of.
  struct Measured: Equatable {
    /// The worst error of each variant, in the order of `variants`; none of one that does not answer the case.
    var errors: [Double?]
    /// That of the shaken reference (TOL-16).
    var shaken = 0.0
  }

  /// The version of the suite that was measured on; empty where nothing is measured.
  package let suite: String
  /// SHA-256 of the manifest that was measured on; empty where nothing is measured.
  package let manifestDigest: String
  /// What was measured.
  package let variants: [Variant]
  /// SHA-256 of the file they were read from, none where they were not.
  package internal(set) var digest: String?
  /// Bounds of groups: twice the largest of the cases' (TOL-13).
  let general: [Group: Double]
  /// Bounds of recorded tensors.
  let cases: [Unit: [String: Allowed]]
  /// What they were made of, by kind of tensor (TOL-13).
  let measured: [Unit: [String: Measured]]

  /// What stands in for bounds until they are measured (TOL-15).
  package static let provisional = CalibratedBounds(
    suite: "", manifestDigest: "", variants: [], general: [:], cases: [:])

  init(
    suite: String, manifestDigest: String, variants: [Variant], general: [Group: Double],
    cases: [Unit: [String: Allowed]], measured: [Unit: [String: Measured]] = [:]
  ) {
    self.suite = suite
    self.manifestDigest = manifestDigest
    self.variants = variants
    self.general = general
    self.cases = cases
    self.measured = measured
    self.digest = nil
  }

  /// What a tensor of a case may be off; the general bound of its group where the case was not measured.
  func allowed(_ tensor: String, of item: StoredCase, dtype: String) -> Allowed {
    cases[Unit(id: item.id, dtype: dtype)]?[tensor]
      ?? Allowed(bound: generalBound(of: tensor, op: item.op.rawValue, dtype: dtype), gates: true)
  }

  /// TOL-11: operations whose derived bounds, composed of many worst cases, are far above what right answers need; a bound that
  /// was measured applies beside them.
  static let compositions: Set<Operation> = [.decoderLayer]

  /// What a tensor of a composition may be off beside its derived bound; none of other operations, and where nothing of its
  /// group was measured.
  func measured(_ tensor: String, of item: StoredCase, dtype: String) -> Allowed? {
    guard Self.compositions.contains(item.op) else { return nil }
    return cases[Unit(id: item.id, dtype: dtype)]?[tensor]
      ?? general[Group(op: item.op.rawValue, tensor: Self.group(of: tensor), dtype: dtype)].map {
        Allowed(bound: $0, gates: true)
      }
  }

  /// The bound of a group (TOL-13), the provisional one of the element type where the group was not measured (TOL-15).
  package func generalBound(of tensor: String, op: String, dtype: String) -> Double {
    general[Group(op: op, tensor: Self.group(of: tensor), dtype: dtype)]
      ?? ElementType(word: dtype).flatMap { Precision.of($0) }?.provisionalBound ?? 0
  }

  /// TOL-16: bounds of cases that were not measured, as a file beside their manifest would hold them.
  package func ofFreshCases(of corpus: CaseCorpus) -> CalibratedBounds {
    var bounds = CalibratedBounds(
      suite: suite, manifestDigest: corpus.manifestDigest, variants: variants, general: general, cases: [:])
    bounds.digest = digest
    return bounds
  }

  /// A tensor's name with numbers of layers, and names of parameters, replaced by stars.
  static func group(of tensor: String) -> String {
    let parts = tensor.split(separator: ".", omittingEmptySubsequences: false)
    if let first = parts.first, ["gradients", "parameters", "first_moments", "second_moments"].contains(first) {
      return first + ".*"
    }
    return parts.map { Int($0) == nil ? String($0) : "*" }.joined(separator: ".")
  }
}
