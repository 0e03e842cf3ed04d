// TOL-12…TOL-15: the allowed error of a tensor for which no bound is derived.

import LoMAVectors

/// Bounds measured on right implementations, or provisional ones if none were measured.
package struct CalibratedBounds: Equatable, Sendable {
  /// The allowed error of one tensor, as max|y − ref| / max|ref|.
  package struct Allowed: Equatable, Sendable {
    /// The largest error of a right answer.
    package let bound: Double
    /// Whether a larger error fails; otherwise it is only reported (TOL-14).
    package let gates: Bool
  }

  /// A right implementation that was measured.
  package struct Variant: Equatable, Sendable {
    package let name: String
    package let version: String
    /// The element types it was measured in.
    package let dtypes: [String]
  }

  /// The tensors of one kind: an operation, a name without the parts that differ between cases, and an element type.
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

  /// The errors of right implementations in one kind of tensor of a case; its bound follows from them alone.
  struct Measured: Equatable {
    /// The worst error of each variant, in the order of `variants`; nil if a variant does not answer the case.
    var errors: [Double?]
    /// The worst error of the shaken reference (TOL-16).
    var shaken = 0.0
  }

  /// The version of the suite the bounds were measured on; empty if nothing was measured.
  package let suite: String
  /// SHA-256 of the manifest the bounds were measured on; empty if nothing was measured.
  package let manifestDigest: String
  /// The implementations that were measured.
  package let variants: [Variant]
  /// SHA-256 of the bounds file; nil if not read from a file.
  package internal(set) var digest: String?
  /// The bounds of groups: twice the largest bound among their cases (TOL-13).
  let general: [Group: Double]
  /// The bounds of recorded tensors.
  let cases: [Unit: [String: Allowed]]
  /// The measurements behind the bounds, by kind of tensor (TOL-13).
  let measured: [Unit: [String: Measured]]

  /// The bounds in use until some are measured (TOL-15).
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

  /// The allowed error of a tensor of a case; its group's bound if the case was not measured.
  func allowed(_ tensor: String, of item: StoredCase, dtype: String) -> Allowed {
    cases[Unit(id: item.id, dtype: dtype)]?[tensor]
      ?? Allowed(bound: generalBound(of: tensor, op: item.op.rawValue, dtype: dtype), gates: true)
  }

  /// TOL-11: operations composed of many steps, whose derived bounds add up to far more than right answers need; a
  /// measured bound applies as well.
  static let compositions: Set<Operation> = [.decoderLayer]

  /// The measured bound of a composition's tensor, in addition to its derived bound; nil for other operations, or if
  /// neither the case nor its group was measured.
  func measured(_ tensor: String, of item: StoredCase, dtype: String) -> Allowed? {
    guard Self.compositions.contains(item.op) else { return nil }
    return cases[Unit(id: item.id, dtype: dtype)]?[tensor]
      ?? general[Group(op: item.op.rawValue, tensor: Self.group(of: tensor), dtype: dtype)].map {
        Allowed(bound: $0, gates: true)
      }
  }

  /// The bound of a group (TOL-13), or the provisional bound of the element type if the group was not measured
  /// (TOL-15).
  package func generalBound(of tensor: String, op: String, dtype: String) -> Double {
    general[Group(op: op, tensor: Self.group(of: tensor), dtype: dtype)]
      ?? ElementType(word: dtype).flatMap { Precision.of($0) }?.provisionalBound ?? 0
  }

  /// TOL-16: the bounds for cases that were not measured, as the bounds file for their manifest would hold them.
  package func ofFreshCases(of corpus: CaseCorpus) -> CalibratedBounds {
    var bounds = CalibratedBounds(
      suite: suite, manifestDigest: corpus.manifestDigest, variants: variants, general: general, cases: [:])
    bounds.digest = digest
    return bounds
  }

  /// A tensor's name with layer numbers and parameter names replaced by stars.
  static func group(of tensor: String) -> String {
    let parts = tensor.split(separator: ".", omittingEmptySubsequences: false)
    if let first = parts.first, ["gradients", "parameters", "first_moments", "second_moments"].contains(first) {
      return first + ".*"
    }
    return parts.map { Int($0) == nil ? String($0) : "*" }.joined(separator: ".")
  }
}
