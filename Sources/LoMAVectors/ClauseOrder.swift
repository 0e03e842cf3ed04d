// Ids of clauses in the order of a reader: MSK-2 before MSK-10.

/// The order of clause ids.
package enum ClauseOrder {
  /// By the letters of the chapter, then by number.
  package static func sorted(_ ids: some Sequence<String>) -> [String] {
    ids.map { (id: $0, place: place($0)) }.sorted { ($0.place.0, $0.place.1, $0.id) < ($1.place.0, $1.place.1, $1.id) }
      .map { $0.id }
  }

  /// The ids in order; three or more with consecutive numbers as the first and the last of them: `ABC-1…11`.
  package static func text(_ ids: some Sequence<String>) -> String {
    var runs: [[String]] = []
    for id in sorted(ids) {
      if let last = runs.last?.last, place(last).0 == place(id).0, place(last).1 + 1 == place(id).1 {
        runs[runs.count - 1].append(id)
      } else {
        runs.append([id])
      }
    }
    return runs.flatMap { run in
      run.count < 3 ? run : [run[0] + "…\(place(run[run.count - 1]).1)"]
    }.joined(separator: " ")
  }

  private static func place(_ id: String) -> (String, Int) {
    let halves = id.split(separator: "-", maxSplits: 1)
    guard halves.count == 2 else { return (id, 0) }
    return (String(halves[0]), Int(halves[1].prefix { $0.isNumber }) ?? 0)
  }
}
