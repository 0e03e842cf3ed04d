// RUN-2, RUN-5, OWN-8: the families that a port must declare to be asked about a model.

import LoMAConformance
import LoMAVectors
import NaiveLlama

/// A model needs families that a port does not declare.
package struct UndeclaredFamilies: Error, Equatable, CustomStringConvertible {
  /// What the model needs, in the order of the protocol's words.
  package let needed: [CaseFamily]
  /// What the port declares.
  package let declared: [CaseFamily]

  /// Throws unless a port that declares these families may be asked about a model.
  package static func check(
    _ configuration: Configuration, declared: [CaseFamily]
  ) throws(UndeclaredFamilies) {
    let needed = configuration.neededFamilies
    if needed.contains(where: { !declared.contains($0) }) {
      throw UndeclaredFamilies(needed: needed, declared: declared)
    }
  }

  package var description: String {
    let missing = needed.filter { !declared.contains($0) }.map(\.rawValue)
    let list = CaseFamily.allCases.filter { (needed + declared).contains($0) }
    let words = list.map { "\"\($0.rawValue)\"" }.joined(separator: ",")
    return
      "undeclared-family: the model needs \(missing.joined(separator: " and ")), which the candidate's hello does not "
      + "list, so it is not asked (RUN-5); once it computes that, add \"families\":[\(words)] to its hello"
  }
}

extension Configuration {
  /// What a candidate must declare beside the plain Llama: the scaling of the rotation, and the family or a Llama's biases.
  package var neededFamilies: [CaseFamily] {
    let scaling: CaseFamily? =
      switch rotation.scaling {
      case .none: nil
      case .linear: .linear
      case .dynamic: .dynamic
      case .llama3: .llama3
      case .yarn: .yarn
      }
    let own: CaseFamily? =
      switch family {
      case .llama: biases.isEmpty ? nil : .biases
      case .mistral: .mistral
      case .qwen2: .qwen2
      case .qwen3: .qwen3
      }
    return [scaling, own].compactMap { $0 }
  }
}
