// RUN-22: merges the shards of a run into the run without shards.

import LoMAJudgement

extension RunRecord {
  /// Merges all shards of one run, given in any order.
  ///
  /// Throws `ReportError` if they are not of one run, if one is missing, given twice or incomplete, or if a unit occurs
  /// in two.
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
    // Unit u is the (u / N)-th of shard u mod N; `complete` has checked the counts.
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

  /// The diagnosis of the whole run: that of any shard if all are equal, otherwise every line with its shard's number.
  private static func joined(_ diagnoses: [[String]]) -> [String] {
    if Set(diagnoses).count == 1 { return diagnoses[0] }
    return diagnoses.enumerated().flatMap { place, lines in
      lines.map { "shard \(place + 1) of \(diagnoses.count): \($0)" }
    }
  }
}
