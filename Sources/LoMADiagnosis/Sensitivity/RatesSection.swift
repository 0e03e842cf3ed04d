// Docs/Sensitivity.md: how often right ports were judged wrong, from the file of Tests/Candidates/port/check_port.py.

import LoMAVectors

/// The section of the page on right implementations and fresh cases.
package struct RatesSection {
  /// The number of units asked, and of those judged wrong.
  private struct Count {
    var asked: Int
    var failures: Int
    /// The upper end of the rate's 95% interval; nil for a partial count.
    var rateAtMost: Double?
  }

  private let names: [(name: String, count: Count)]
  private let all: Count
  /// The counts by operation and element type, such as `train_step f64`.
  private let kinds: [(name: String, count: Count)]
  private let failures: [String]

  /// Reads right.json in a folder; nil if it is missing or malformed.
  package init?(folder: String) {
    guard let bytes = try? Files.contents(of: folder + "/right.json", byteLimit: 1 << 22),
      let object = try? StrictJSON.parse(bytes, sizeLimit: 1 << 22, depthLimit: 8).objectValue,
      let totals = object["totals"]?.objectValue, let failed = object["failures"]?.arrayValue,
      let whole = totals["all"]?.objectValue, let all = Self.count(whole), let by = whole["by"]?.objectValue
    else { return nil }
    self.all = all
    names = totals.members.filter { $0.key != "all" }.compactMap { member in
      member.value.objectValue.flatMap { Self.count($0) }.map { (member.key, $0) }
    }
    kinds = by.members.compactMap { member in
      guard let pair = member.value.arrayValue?.compactMap(\.integerValue), pair.count == 2 else { return nil }
      return (member.key, Count(asked: pair[0], failures: pair[1]))
    }
    failures = failed.compactMap(\.stringValue)
  }

  private static func count(_ object: JSONObject) -> Count? {
    guard let asked = object["asked"]?.integerValue, let failures = object["failures"]?.integerValue,
      let rate = object["rate_at_most"]?.doubleValue
    else { return nil }
    return Count(asked: asked, failures: failures, rateAtMost: rate)
  }

  /// The section as Markdown, beginning with an empty line.
  package var text: String {
    // Rejections are asked as i64 and left out here.
    let steps = kinds.filter { $0.name.hasPrefix("train_step f") }.reduce(0) { $0 + $1.count.asked }
    let implementations = MarkdownTable(
      head: ["implementation", "units", "judged wrong", "rate at most"],
      rows: (names + [("all", all)]).map { name, count in
        [name, "\(count.asked)", "\(count.failures)", count.rateAtMost.map { Self.digits($0) } ?? ""]
      })
    return "\n"
      + EmbeddedText(PackageResources.rates_template_md).filled([
        "asked": "\(all.asked)", "steps": "\(steps)", "failures": "\(all.failures)",
        "implementations": implementations.text, "operations": table.text,
        "wrong": failures.isEmpty ? "None." : failures.map { "- \($0)" }.joined(separator: "\n"),
      ])
  }

  /// One row per operation, one column per type.
  private var table: MarkdownTable {
    let types = NumberType.allWords
    var counts: [String: [String: Int]] = [:]
    for (name, count) in kinds {
      let words = name.split(separator: " ").map { String($0) }
      if words.count == 2 { counts[words[0], default: [:]][words[1]] = count.asked }
    }
    return MarkdownTable(
      head: ["operation"] + types,
      rows: counts.sorted { $0.key < $1.key }.map { operation, byType in
        [operation] + types.map { byType[$0].map { "\($0)" } ?? "" }
      })
  }

  /// Two digits and a power of ten.
  private static func digits(_ rate: Double) -> String {
    guard rate > 0 else { return "0" }
    var (value, exponent) = (rate, 0)
    while value < 1 { (value, exponent) = (value * 10, exponent - 1) }
    return "\((value * 10).rounded() / 10)e\(exponent)"
  }
}
