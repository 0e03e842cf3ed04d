// RUN-30: what a run says of input that is wrongly rejected, or wrongly not.

extension Sequence<CaseResult> {
  /// What was answered and what is right, of the wrong rejections, in at most three lines of those met most.
  package var rejectionLines: [String] {
    let found = filter { $0.verdict == .wrongRejection }
    let counts = Dictionary(grouping: found) { "\($0.level): \($0.why)" }.mapValues(\.count)
    let most = counts.sorted { (-$0.value, $0.key) < (-$1.value, $1.key) }.prefix(3)
    return most.map { "\($0.key), in \($0.value) of \(found.count) wrong rejections" }
  }
}
