// OPS-1: a case as the manifest has it.

import LoMA
import LoMAVectors

/// Everything that a manifest says of a case.
package struct StoredCase: Sendable {
  /// What the right answer is.
  package enum Answer: Sendable {
    /// The recorded tensors, and how each is compared, in the manifest's order.
    case tensors(ListedFile, rules: [(name: String, rule: Rule)])
    /// A rejection with this code.
    case rejection(code: String)
    /// Whatever satisfies a property.
    case property(Property)
  }

  /// Its name.
  package let id: String
  /// The suite version that brought it.
  package let since: String
  /// Its level.
  package let level: Level
  /// Its operation.
  package let op: Operation
  /// The mistake it is there for.
  package let hunts: String
  /// The clauses it serves.
  package let clauses: [String]
  /// Axes that differ from `base`, as given; those of a rejection case may be none.
  package let profile: JSONObject
  /// Scalars by name, doubles as hexadecimal text.
  package let parameters: JSONObject
  /// The path of its model below the vectors.
  package let model: String?
  /// Intermediates to return (MOD-7).
  package let captures: [String]
  /// The element types it is asked in: i64 alone for structure and rejection cases.
  package let dtypes: [String]
  /// The file of its input, none where the operation takes scalars only.
  package let input: ListedFile?
  /// What the right answer is.
  package let answer: Answer
}

extension StoredCase {
  /// The axes as given, by name.
  var axes: [String: String] {
    Dictionary(uniqueKeysWithValues: profile.members.map { ($0.key, $0.value.stringValue ?? "") })
  }

  /// The axes as axis=value joined by commas; `base` where there is none.
  package var profileName: String {
    let pairs = profile.members.map { (axis: $0.key, value: $0.value.stringValue ?? "") }
    if let profile = try? Profile(pairs) { return profile.name }
    return pairs.map { $0.axis.onOneLine + "=" + $0.value.onOneLine }.joined(separator: ",")
  }

  /// The parameter of a name, where it is an integer.
  func integer(_ name: String) -> Int? { parameters[name]?.integerValue }

  /// Whether measured bounds have a part in judging it (TOL-11, TOL-12).
  package var hasMeasuredTensors: Bool {
    guard case .tensors(_, let rules) = answer else { return false }
    return CalibratedBounds.compositions.contains(op) || rules.contains { $0.rule == .calibrated }
  }

  /// The tensors its expected file must hold, the units of derived bounds among them.
  var expectedNames: Set<String> {
    guard case .tensors(_, let rules) = answer else { return [] }
    var names: Set<String> = []
    for (name, rule) in rules {
      names.insert(name)
      if rule == .derived { names.formUnion([name + ".accumulation", name + ".rounding"]) }
    }
    return names
  }
}
