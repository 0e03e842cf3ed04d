// TOL-12…TOL-14: bounds derived from the errors of right implementations.

import LoMAVectors

/// Bounds, with how close the implementations that set them come to them.
package struct Calibration: Sendable {
  /// The results of one right implementation.
  package struct Implementation: Sendable {
    package let name: String
    package let version: String
    /// The results of its run.
    package let results: [CaseResult]

    package init(name: String, version: String, results: [CaseResult]) {
      self.name = name
      self.version = version
      self.results = results
    }
  }

  /// The share one candidate uses of a bound set by the other candidates alone.
  package struct Headroom: Equatable, Sendable {
    package let candidate: String
    /// The id of the case.
    package let id: String
    package let dtype: String
    /// The kind of tensor: the common part of their names (TOL-13).
    package let tensor: String
    /// Their worst error over the bound set by the others; below ½ if the bound may gate.
    package let share: Double
  }

  /// The bounds, for the file.
  package let bounds: CalibratedBounds
  /// One entry for each candidate and each kind of tensor of a case that another candidate has too.
  package let headroom: [Headroom]

  /// Sets a bound for every tensor that the candidates' results compare by a calibrated bound; properties set none.
  ///
  /// `shaken` are results of the reference with rounding errors added at every stage, as a port has them (TOL-16): they
  /// raise a bound that would be smaller than rounding, and set none alone. A tensor with a non-finite error sets no
  /// bound, because its candidate is not right.
  package init(_ candidates: [Implementation], shaken: [CaseResult], suite: String, manifestDigest: String) {
    var measured: [CalibratedBounds.Unit: [String: CalibratedBounds.Measured]] = [:]
    var names: [CalibratedBounds.Unit: Set<String>] = [:]
    for (index, candidate) in candidates.enumerated() {
      for result in candidate.results where result.level != "property" && CalibratedBounds.floor(result.dtype) != nil {
        let unit = CalibratedBounds.Unit(id: result.id, dtype: result.dtype)
        for tensor in result.tensors where Self.isMeasured(tensor, op: result.op) {
          guard let error = tensor.error, error.isFinite else { continue }
          let kind = CalibratedBounds.group(of: tensor.name)
          var entry =
            measured[unit]?[kind] ?? .init(errors: [Double?](repeating: nil, count: candidates.count))
          entry.errors[index] = max(entry.errors[index] ?? 0, error)
          measured[unit, default: [:]][kind] = entry
          names[unit, default: []].insert(tensor.name)
        }
      }
    }
    for result in shaken {
      let unit = CalibratedBounds.Unit(id: result.id, dtype: result.dtype)
      // A wrong integer means that another token was chosen; the tensors after it belong to another text.
      guard result.tensors.allSatisfy({ $0.rule != Rule.exact.rawValue || $0.ratio == 0 }) else { continue }
      for tensor in result.tensors where Self.isMeasured(tensor, op: result.op) {
        let kind = CalibratedBounds.group(of: tensor.name)
        guard let error = tensor.error, error.isFinite, let known = measured[unit]?[kind]?.shaken else { continue }
        measured[unit]?[kind]?.shaken = max(known, error)
      }
    }
    let variants = candidates.map { candidate in
      let dtypes = Set(candidate.results.map(\.dtype))
      return CalibratedBounds.Variant(
        name: candidate.name, version: candidate.version,
        dtypes: NumberType.allWords.filter { dtypes.contains($0) && CalibratedBounds.floor($0) != nil })
    }
    bounds = CalibratedBounds(
      of: measured, names: names, suite: suite, manifestDigest: manifestDigest, variants: variants)
    headroom = measured.sorted { ($0.key.id, $0.key.dtype) < ($1.key.id, $1.key.dtype) }.flatMap { unit, kinds in
      kinds.sorted { $0.key < $1.key }.flatMap { kind, measured in
        measured.shares(unit.dtype).map { variant, share in
          Headroom(
            candidate: candidates[variant].name, id: unit.id, dtype: unit.dtype, tensor: kind, share: share)
        }
      }
    }
  }

  /// Throws `damaged` if a bound exceeds its ceiling: one of the implementations behind it is not right.
  package func check() throws(CorpusError) { try bounds.check() }

  /// The first tensor of a candidate's run whose error exceeds the bound it was judged by; such a run cannot have
  /// passed, whatever its verdicts say. `passedUnder` are those bounds, if known.
  package static func excess(
    of candidate: Implementation, passedUnder: CalibratedBounds?, cases: [StoredCase]
  ) -> (id: String, dtype: String, tensor: String, error: Double, bound: Double)? {
    let items = Dictionary(uniqueKeysWithValues: cases.map { ($0.id, $0) })
    for result in candidate.results where result.level != "property" && CalibratedBounds.floor(result.dtype) != nil {
      for tensor in result.tensors where isMeasured(tensor, op: result.op) {
        guard let error = tensor.error else { continue }
        var bound = CalibratedBounds.ceiling(result.dtype)
        if let item = items[result.id], let passedUnder {
          let isCalibrated = tensor.rule == Rule.calibrated.rawValue
          let allowed =
            isCalibrated
            ? passedUnder.allowed(tensor.name, of: item, dtype: result.dtype)
            : passedUnder.measured(tensor.name, of: item, dtype: result.dtype)
          if let allowed, allowed.gates { bound = allowed.bound }
        }
        if !(error <= bound) { return (result.id, result.dtype, tensor.name, error, bound) }
      }
    }
    return nil
  }

  private static func isMeasured(_ tensor: TensorResult, op: String) -> Bool {
    tensor.rule == Rule.calibrated.rawValue
      || tensor.rule == Rule.derived.rawValue && CalibratedBounds.compositions.contains { $0.rawValue == op }
  }
}
