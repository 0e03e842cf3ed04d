// OPS-1: a case as the manifest describes it.

import LoMA
import LoMAVectors

/// The entry of a case in the manifest.
package struct StoredCase: Sendable {
  /// What the right answer is.
  package enum Answer: Sendable {
    /// The recorded tensors with the rule each is compared by, in the manifest's order.
    case tensors(ListedFile, rules: [(name: String, rule: Rule)])
    /// A rejection with this code.
    case rejection(code: String)
    /// Any answers that satisfy a property.
    case property(Property)
  }

  /// Its name.
  package let id: String
  /// The suite version that added it.
  package let since: String
  package let level: Level
  package let op: Operation
  /// The mistake it hunts.
  package let hunts: String
  /// The clauses it covers.
  package let clauses: [String]
  /// The axes that differ from `base`, as given; in a rejection case they may be invalid.
  package let profile: JSONObject
  /// Scalars by name, doubles as hexadecimal text.
  package let parameters: JSONObject
  /// The path of its model below the vectors.
  package let model: String?
  /// Intermediates to return (MOD-7).
  package let captures: [String]
  /// The element types it is asked in: i64 alone for structure and rejection cases.
  package let dtypes: [String]
  /// What its model needs beyond the plain Llama; nil: nothing.
  package let family: CaseFamily?
  /// The file of its input; nil if the operation takes scalars only.
  package let input: ListedFile?
  /// What the right answer is.
  package let answer: Answer
}

extension StoredCase {
  /// The axes as given, by name.
  var axes: [String: String] {
    Dictionary(uniqueKeysWithValues: profile.members.map { ($0.key, $0.value.stringValue ?? "") })
  }

  /// The axes as axis=value joined by commas; `base` if there are none. A family comes first, as family=name: its claims are
  /// its own (RUN-15).
  package var profileName: String {
    guard let family else { return axesName }
    return "family=" + family.rawValue + (profile.members.isEmpty ? "" : "," + axesName)
  }

  private var axesName: String {
    let pairs = profile.members.map { (axis: $0.key, value: $0.value.stringValue ?? "") }
    switch op.part {
    case .loma: if let profile = try? Profile(pairs) { return profile.name }
    case .peers: if let name = op.method?.name(of: pairs) { return name }
    }
    return pairs.map { $0.axis.onOneLine + "=" + $0.value.onOneLine }.joined(separator: ",")
  }

  /// A parameter by name; nil if it is not an integer.
  func integer(_ name: String) -> Int? { parameters[name]?.integerValue }

  /// Whether a measured bound takes part in judging it (TOL-11, TOL-12).
  package var hasMeasuredTensors: Bool {
    guard case .tensors(_, let rules) = answer else { return false }
    return CalibratedBounds.compositions.contains(op) || rules.contains { $0.rule == .calibrated }
  }

  /// The tensors its expected file must hold, including units and margins.
  var expectedNames: Set<String> {
    guard case .tensors(_, let rules) = answer else { return [] }
    var names: Set<String> = []
    for (name, rule) in rules {
      names.insert(name)
      if rule == .derived { names.formUnion([name + ".accumulation", name + ".rounding"]) }
    }
    // LAT-18: codes have margins, as numbers have units.
    if op == .peer(.quantise), names.contains("codes") { names.insert("codes.margin") }
    // BAS-24: so have those of a cache.
    if op == .peer(.zipCache) {
      for (codes, _) in CachedCodes.tensors where names.contains(codes) { names.insert(codes + ".margin") }
    }
    return names
  }
}
