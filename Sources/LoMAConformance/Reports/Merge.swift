// RUN-22: the shards of one run, joined to the run that was never split.

import LoMAJudgement

extension RunRecord {
  /// Joins all shards of one run, in any order.
  ///
  /// Throws `ReportError` where they are not of one run, one is missing, given twice or incomplete, or a unit is in two.
  package init(merging files: [ResultsFile]) throws(ReportError) {
    guard let first = files.first else { throw .missingShard(1, of: 1) }
    let count = first.header.shard.count
    var shards: [Int: RunRecord] = [:]
    for file in files {
      if let member = file.header.difference(from: first.header) {
        throw .differentRuns(member: member, first: first.path, second: file.path)
      }
      let shard = file.header.shard
      if shard.count != count { throw .differentRuns(member: "shard", first: first.path, second: file.path) }
      if shards[shard.index] != nil { throw .repeatedShard(shard.index, of: count, path: file.path) }
      shards[shard.index] = try file.complete()
    }
    var parts: [RunRecord] = []
    for index in 1...count {
      guard let part = shards[index] else { throw .missingShard(index, of: count) }
      parts.append(part)
    }
    var header = first.header
    header.shard = (1, 1)
    header.started = parts.map { $0.header.started }.min() ?? header.started
    // Unit u is the (u / N)-th of shard u mod N; `complete` has counted them.
    let results = (0..<header.units).map { parts[$0 % count].results[$0 / count] }
    var seen: Set<String> = []
    for (place, result) in results.enumerated() where !seen.insert(result.id + "\n" + result.dtype).inserted {
      let path = files.first { $0.header.shard.index == place % count + 1 }?.path ?? ""
      throw .repeatedUnit(id: result.id, dtype: result.dtype, path: path, line: place / count + 2)
    }
    let footer = RunFooter(
      units: results.count, finished: parts.map { $0.footer.finished }.max() ?? first.header.started,
      seconds: parts.map { $0.footer.seconds }.reduce(0, +), interrupted: false,
      exit: Int(Claims(results, demands: Demands(header)).exitCode),
      diagnosis: Self.joined(parts.map { $0.footer.diagnosis }))
    self.init(header: header, results: results, footer: footer)
  }

  /// What is said of the wrong answers of all shards: once what all say, otherwise what each says, with its number.
  private static func joined(_ diagnoses: [[String]]) -> [String] {
    if Set(diagnoses).count == 1 { return diagnoses[0] }
    return diagnoses.enumerated().flatMap { place, lines in
      lines.map { "shard \(place + 1) of \(diagnoses.count): \($0)" }
    }
  }
}
