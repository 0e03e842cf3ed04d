// RUN-30: a summary of the wrong rejections of a run.

extension Sequence<CaseResult> {
  /// The most frequent kinds of wrong rejection, with what was answered and what is right, on at most three lines.
  package var rejectionLines: [String] {
    let found = filter { $0.verdict == .wrongRejection }
    let counts = Dictionary(grouping: found) { "\($0.level): \($0.why)" }.mapValues(\.count)
    let most = counts.sorted { (-$0.value, $0.key) < (-$1.value, $1.key) }.prefix(3)
    return most.map { "\($0.key), in \($0.value) of \(found.count) wrong rejections" }
  }
}
