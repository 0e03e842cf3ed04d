// CCM-24, CCM-28: entries that leave too early, or are counted twice.

import LoMAAnswers
import LoMAPeers
import LoMAPeersReference
import LoMAVectors

extension Mutant {
  static var contextCaches: [Mutant] {
    [
      contextRules(
        "C39a", .generation, "I dropped a sink with the text of its segment", on: [.ccmSchedule, .ccmOnline],
        where: { $0.sink == .on }
      ) { $0.cache.keeps = { row, _, _ in row.place.role != .text } },
      context(
        "C39b", .cost, "I counted a sink as an entry of its own beside its segment", on: [.ccmCost],
        where: { $0.sink == .on }
      ) { answers, request in
        guard let sinks = request.sinks, sinks.contains(where: { $0 > 0 }) else { return nil }
        var answers = answers
        answers.finish = { tensors in
          guard case .integers(let right)? = tensors.first(where: { $0.name == "peaks" })?.content,
            right.count == sinks.count
          else { return tensors }
          let peaks = zip(right, sinks).map { $0 + $1 }
          return tensors.map { tensor in
            switch tensor.name {
            case "peaks": .integers("peaks", shape: [peaks.count], peaks)
            case "cache_maximum": .integer("cache_maximum", peaks.max() ?? 0)
            default: tensor
            }
          }
        }
        return (answers, request)
      },
    ]
  }
}

extension Request {
  /// The rows of each segment that hold BOS; nil if the request is bad.
  fileprivate var sinks: [Int]? {
    guard let tokens = try? integers("tokens"), let lengths = try? integers("lengths"),
      let beginning = try? integer("beginning_token"), lengths.allSatisfy({ $0 >= 0 }),
      lengths.reduce(0, +) == tokens.count
    else { return nil }
    var rest = tokens[...]
    return lengths.map { length in
      defer { rest = rest.dropFirst(length) }
      return rest.prefix(length).count { $0 == beginning }
    }
  }
}
