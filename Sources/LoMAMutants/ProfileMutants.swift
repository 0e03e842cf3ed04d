// D-2…D-5, D-8, CCM-3: ports that set axes of the profile to one value, whatever is asked.

import LoMA
import LoMAAnswers
import LoMAPeers
import LoMAVectors

extension Mutant {
  /// The reference with some axes set; its id is axis=value joined by commas.
  package static func deciding(_ choices: [(axis: String, value: String)]) -> Mutant {
    deciding(choices, on: Set.texts.union(Set.caches).union([.schedule, .metrics, .cost])) { asked, taken in
      guard let asked = try? asked.profile(), let taken = try? taken.profile() else { return false }
      return taken.canonical != asked.canonical
    }
  }

  /// The same with axes of chapter 16.
  package static func decidingContext(_ choices: [(axis: String, value: String)]) -> Mutant {
    let operations = Set<PeerOperation>.contextModels.union([.ccmLayout, .ccmMask, .ccmSchedule, .ccmCost])
    return deciding(choices, on: Set(operations.map { .peer($0) })) { asked, taken in
      guard let asked = try? asked.contextProfile(), let taken = try? taken.contextProfile() else { return false }
      return taken != asked
    }
  }

  private static func deciding(
    _ choices: [(axis: String, value: String)], on operations: Set<Operation>,
    where differs: @escaping @Sendable (_ asked: Request, _ taken: Request) -> Bool
  ) -> Mutant {
    let words = choices.map { "\($0.axis) = \($0.value)" }.joined(separator: " and ")
    let id = choices.map { "\($0.axis)=\($0.value)" }.joined(separator: ",")
    let axes = choices.map { ($0.axis, $0.value) }
    return Mutant(id, .mask, "I took \(words), whatever was asked", on: operations) { answers, request in
      let other = request.with(axes: request.axes.merging(axes) { $1 })
      return differs(request, other) ? (answers, other) : nil
    }
  }

  /// The same, by its id; nil if a word is not an axis with one of its values, or if an axis is given twice.
  static func deciding(_ id: String) -> Mutant? {
    var choices: [(axis: String, value: String)] = []
    for pair in id.split(separator: ",", omittingEmptySubsequences: false) {
      let words = pair.split(separator: "=", omittingEmptySubsequences: false).map { String($0) }
      guard words.count == 2, let axis = Axis(rawValue: words[0]), axis.values.contains(words[1]),
        !choices.contains(where: { $0.axis == axis.rawValue })
      else { return nil }
      choices.append((axis.rawValue, words[1]))
    }
    return deciding(choices)
  }
}
