// TOL-12…TOL-14: bounds made of the errors of right implementations.

import LoMAVectors

/// Bounds with the room they leave to those they were made from.
public struct Calibration: Sendable {
  /// The results of one right implementation.
  public struct Candidate: Sendable {
    /// Its name.
    public let name: String
    /// Its version.
    public let version: String
    /// What came of its run.
    public let results: [CaseResult]

    /// A candidate of these results.
    public init(name: String, version: String, results: [CaseResult]) {
      self.name = name
      self.version = version
      self.results = results
    }
  }

  /// What one candidate needs of a bound that only the others set.
  public struct Headroom: Equatable, Sendable {
    /// The candidate.
    public let candidate: String
    /// The case.
    public let id: String
    /// The element type.
    public let dtype: String
    /// The tensor.
    public let tensor: String
    /// Its error over the bound of the others: under ½ where the bound may gate.
    public let share: Double
  }

  /// The bounds, for the file.
  public let bounds: CalibratedBounds
  /// One entry for each candidate and tensor that another candidate has too.
  public let headroom: [Headroom]

  /// The measured error of a tensor by each candidate.
  private struct Measured {
    let op: String
    var errors: [(candidate: String, error: Double)]
  }

  /// Bounds of every tensor that the candidates' results compare by a calibrated bound; properties set none.
  ///
  /// A tensor whose error is not finite sets no bound: its candidate is not right.
  public init(_ candidates: [Candidate], suite: String, manifestDigest: String) {
    var measured: [CalibratedBounds.Unit: [String: Measured]] = [:]
    for candidate in candidates {
      for result in candidate.results where result.level != "property" && CalibratedBounds.floor(result.dtype) != nil {
        let unit = CalibratedBounds.Unit(id: result.id, dtype: result.dtype)
        for tensor in result.tensors where tensor.rule == Rule.calibrated.rawValue {
          guard let error = tensor.error, error.isFinite else { continue }
          measured[unit, default: [:]][tensor.name, default: Measured(op: result.op, errors: [])].errors
            .append((candidate.name, error))
        }
      }
    }
    var cases: [CalibratedBounds.Unit: [String: CalibratedBounds.Allowed]] = [:]
    var general: [CalibratedBounds.Group: Double] = [:]
    var headroom: [Headroom] = []
    for (unit, tensors) in measured.sorted(by: { ($0.key.id, $0.key.dtype) < ($1.key.id, $1.key.dtype) }) {
      for (name, measured) in tensors.sorted(by: { $0.key < $1.key }) {
        let errors = measured.errors
        let bound = Self.bound(errors.map(\.error), unit.dtype)
        let shares = errors.indices.map { index in
          let others = errors.indices.filter { $0 != index }.map { errors[$0].error }
          return others.isEmpty ? nil : errors[index].error / Self.bound(others, unit.dtype)
        }
        for (error, share) in zip(errors, shares) {
          guard let share else { continue }
          headroom.append(
            Headroom(candidate: error.candidate, id: unit.id, dtype: unit.dtype, tensor: name, share: share))
        }
        let gates = shares.allSatisfy { share in share.map { $0 < 0.5 } ?? false }
        cases[unit, default: [:]][name] = CalibratedBounds.Allowed(bound: bound, gates: gates)
        let group = CalibratedBounds.Group(
          op: measured.op, tensor: CalibratedBounds.group(of: name), dtype: unit.dtype)
        general[group] = max(general[group] ?? 0, 2 * bound)
      }
    }
    let variants = candidates.map { candidate in
      let dtypes = Set(candidate.results.map(\.dtype))
      return CalibratedBounds.Variant(
        name: candidate.name, version: candidate.version,
        dtypes: StoredCase.dtypes.filter { dtypes.contains($0) && CalibratedBounds.floor($0) != nil })
    }
    bounds = CalibratedBounds(
      suite: suite, manifestDigest: manifestDigest, variants: variants, general: general, cases: cases)
    self.headroom = headroom
  }

  /// Four times the worst error, and never below the floor.
  private static func bound(_ errors: [Double], _ dtype: String) -> Double {
    max(4 * (errors.max() ?? 0), CalibratedBounds.floor(dtype) ?? 0)
  }
}
