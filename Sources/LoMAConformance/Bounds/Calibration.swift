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
    /// The tensors: what their names have in common (TOL-13).
    public let tensor: String
    /// Their worst error over the bound of the others: under ½ where the bound may gate.
    public let share: Double
  }

  /// The bounds, for the file.
  public let bounds: CalibratedBounds
  /// One entry for each candidate and kind of tensor of a case that another candidate has too.
  public let headroom: [Headroom]

  /// The worst measured error of a case's tensors of one kind by each candidate.
  private struct Measured {
    let op: String
    var names: Set<String> = []
    var errors: [String: Double] = [:]
    /// That of the shaken reference.
    var shaken = 0.0
  }

  /// Bounds of every tensor that the candidates' results compare by a calibrated bound; properties set none.
  ///
  /// `shaken` are results of the reference whose every stage errs as a port's may (TOL-16): they keep a bound from being
  /// smaller than roundings, and set none alone. A tensor whose error is not finite sets no bound: its candidate is not right.
  public init(_ candidates: [Candidate], shaken: [CaseResult], suite: String, manifestDigest: String) {
    var measured: [CalibratedBounds.Unit: [String: Measured]] = [:]
    for candidate in candidates {
      for result in candidate.results where result.level != "property" && CalibratedBounds.floor(result.dtype) != nil {
        let unit = CalibratedBounds.Unit(id: result.id, dtype: result.dtype)
        for tensor in result.tensors where Self.isMeasured(tensor, op: result.op) {
          guard let error = tensor.error, error.isFinite else { continue }
          let kind = CalibratedBounds.group(of: tensor.name)
          var entry = measured[unit]?[kind] ?? Measured(op: result.op)
          entry.names.insert(tensor.name)
          entry.errors[candidate.name] = max(entry.errors[candidate.name] ?? 0, error)
          measured[unit, default: [:]][kind] = entry
        }
      }
    }
    for result in shaken {
      let unit = CalibratedBounds.Unit(id: result.id, dtype: result.dtype)
      // Where an integer is wrong, a choice fell otherwise: what follows is about another text.
      guard result.tensors.allSatisfy({ $0.rule != Rule.exact.rawValue || $0.ratio == 0 }) else { continue }
      for tensor in result.tensors where Self.isMeasured(tensor, op: result.op) {
        let kind = CalibratedBounds.group(of: tensor.name)
        guard let error = tensor.error, error.isFinite, let known = measured[unit]?[kind]?.shaken else { continue }
        measured[unit]?[kind]?.shaken = max(known, error)
      }
    }
    var cases: [CalibratedBounds.Unit: [String: CalibratedBounds.Allowed]] = [:]
    var general: [CalibratedBounds.Group: Double] = [:]
    var headroom: [Headroom] = []
    for (unit, kinds) in measured.sorted(by: { ($0.key.id, $0.key.dtype) < ($1.key.id, $1.key.dtype) }) {
      for (kind, measured) in kinds.sorted(by: { $0.key < $1.key }) {
        let bound = Self.bound(measured.errors.values, shaken: measured.shaken, unit.dtype)
        var shares: [Double] = []
        for (candidate, error) in measured.errors.sorted(by: { $0.key < $1.key }) where measured.errors.count > 1 {
          let others = measured.errors.filter { $0.key != candidate }.values
          let share = error / Self.bound(others, shaken: measured.shaken, unit.dtype)
          shares.append(share)
          headroom.append(
            Headroom(candidate: candidate, id: unit.id, dtype: unit.dtype, tensor: kind, share: share))
        }
        let gates = !shares.isEmpty && shares.allSatisfy { $0 < 0.5 }
        for name in measured.names {
          cases[unit, default: [:]][name] = CalibratedBounds.Allowed(bound: bound, gates: gates)
        }
        let group = CalibratedBounds.Group(op: measured.op, tensor: kind, dtype: unit.dtype)
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

  private static func isMeasured(_ tensor: TensorResult, op: String) -> Bool {
    tensor.rule == Rule.calibrated.rawValue
      || tensor.rule == Rule.derived.rawValue && CalibratedBounds.compositions.contains(op)
  }

  /// Four times the worst error, and never below twice that of the shaken reference, nor below the floor.
  private static func bound(_ errors: some Collection<Double>, shaken: Double, _ dtype: String) -> Double {
    max(4 * (errors.max() ?? 0), 2 * shaken, CalibratedBounds.floor(dtype) ?? 0)
  }
}
