// Chapter 16: what its mutants are made of: a change of the rules of compressed context memory, or of a text's rows.

import LoMAAnswers
import LoMAPeers
import LoMAPeersReference
import LoMAVectors

extension Set where Element == PeerOperation {
  /// The operations that compute a whole model.
  static let contextModels: Self = [.ccmForward, .ccmLoss, .ccmGradients, .ccmOnline]
}

extension Mutant {
  /// A mutant of chapter 16, asked under the profiles in which its clause says something.
  ///
  /// `change` returns what a port with the mistake computes with and is asked, nil if the request cannot show it.
  static func context(
    _ id: String, _ family: Family, _ sentence: String, on operations: Set<PeerOperation>,
    where leavesRoom: @escaping @Sendable (ContextProfile) -> Bool,
    _ change: @escaping @Sendable (ReferenceAnswers, Request) -> (ReferenceAnswers, Request)?
  ) -> Mutant {
    Mutant(id, family, sentence, on: Set<Operation>(operations.map { .peer($0) })) { answers, request in
      guard let profile = try? request.contextProfile(), leavesRoom(profile) else { return nil }
      return change(answers, request)
    }
  }

  /// A mutant with other rules.
  static func contextRules(
    _ id: String, _ family: Family, _ sentence: String, on operations: Set<PeerOperation>,
    where leavesRoom: @escaping @Sendable (ContextProfile) -> Bool,
    _ change: @escaping @Sendable (inout ContextRules) -> Void
  ) -> Mutant {
    .context(id, family, sentence, on: operations, where: leavesRoom) { answers, request in
      var answers = answers
      change(&answers.peers.rules)
      return (answers, request)
    }
  }

  /// A mutant that takes an axis to have a value, whatever is asked.
  static func contextAxis(
    _ id: String, _ family: Family, _ sentence: String, on operations: Set<PeerOperation>, _ axis: ContextAxis,
    _ value: String, where leavesRoom: @escaping @Sendable (ContextProfile) -> Bool
  ) -> Mutant {
    .context(id, family, sentence, on: operations, where: leavesRoom) { answers, request in
      var axes = request.axes
      axes[axis.rawValue] = value
      return (answers, request.with(axes: axes))
    }
  }
}

extension ContextRow {
  /// The row with another position or label.
  func with(position: Int? = nil, label: Int?? = nil) -> ContextRow {
    ContextRow(token: token, place: place, position: position ?? self.position, label: label ?? self.label)
  }

  /// Whether it is a COMP or a SUM row.
  var isMemory: Bool { place.role == .comp || place.role == .sum }
}
