// `loma explain --method ccm`: every number and cell is that of the integers, for every profile; what is wrong is said.

import Foundation
import LoMA
import LoMAExplanation
import LoMAPeers
import Testing

@testable import LoMACommand

/// A command line of one text, and the text.
private struct ContextExample {
  let line: String
  let text: ContextText
  let parameters: ContextParameters
  let generating: Int

  /// The text with what is fed after it.
  var fed: ContextText {
    ContextText(
      segments: text.contexts + [text.final + Array(repeating: 0, count: max(generating, 1) - 1)], outputLength: 0)
  }

  /// A few texts under a profile: no context, contexts of one token, BOS in front or again, several slots.
  static func all(_ profile: ContextProfile) throws -> [ContextExample] {
    let samples: [(segments: [[Int]], n: Int, output: Int, generating: Int)] = [
      ([[1, 0]], 1, 1, 0), ([[1], [0, 2]], 1, 0, 1), ([[1, 0, 2], [3, 3, 0], [2, 0]], 1, 1, 0),
      ([[1, 2], [0, 1, 1], [3], [2, 0, 0]], 3, 2, 4),
    ]
    let rate = profile.mergeRate == .exponential ? 0.25 : nil
    return try samples.map { segments, n, output, generating in
      let ids = segments.joined().map { "\($0)" }.joined(separator: ",")
      let lengths = segments.map { "\($0.count)" }.joined(separator: ",")
      return ContextExample(
        line: "explain --method ccm --memory-tokens \(n) --segments \(lengths) --tokens \(ids) --vocabulary 4 "
          + "--output-length \(output) --beginning-token 1 --profile \(profile.name)"
          + (rate.map { " --rate \($0)" } ?? "") + (generating > 0 ? " --generate \(generating)" : ""),
        text: ContextText(segments: segments, outputLength: output),
        parameters: try ContextParameters(
          textSize: 4, memoryTokens: n, beginningToken: 1, profile: profile, rate: rate), generating: generating)
    }
  }
}

private func parse(_ line: String) throws -> [String: Any] {
  let outcome = loma(line + " --format json")
  try #require(outcome.complaint == nil, "\(line)")
  return try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
}

private func text<Value>(_ root: [String: Any], _ section: String, as: Value.Type) throws -> Value {
  let texts = try #require((root[section] as? [String: Any])?["texts"] as? [Any])
  return try #require(texts.first as? Value)
}

@Suite struct `Explain compressed context memory` {
  @Test(arguments: ContextProfile.all)
  func `CCM-5 rows and mask in JSON are those of layout and mask`(_ profile: ContextProfile) throws {
    for example in try ContextExample.all(profile) {
      let root = try parse(example.line)
      #expect(root["method"] as? String == "ccm")
      let layout = try ContextLayout(example.text, parameters: example.parameters)
      let cells = try text(root, "mask", as: [String].self)
      let expected = layout.rows.indices.map { query in
        String(layout.rows.indices.map { layout.mask.allows(query: query, key: $0) ? "1" : "0" })
      }
      #expect(cells == expected, "\(example.line)")
      let rows = try text(root, "rows", as: [[String: Any]].self)
      try #require(rows.count == layout.rows.count)
      for (row, object) in zip(layout.rows, rows) {
        #expect(object["role"] as? String == row.place.role.rawValue)
        #expect(object["segment"] as? Int == row.place.segment && object["index"] as? Int == row.place.index)
        #expect(object["position"] as? Int == row.position && object["token_id"] as? Int == row.token)
        #expect(object["label_id"] as? Int == row.label)
        let name = object["token"] as? String
        switch row.place.role {
        case .text: #expect(name == (row.token == 1 ? "BOS" : "\(row.token)"))
        case .comp, .sum:
          #expect(name == row.place.role.rawValue.uppercased() + "\(row.place.index ?? -1)")
        case .pad: Issue.record("one text has no pad")
        }
        #expect(row.label == nil || object["label"] as? String == (row.label == 1 ? "BOS" : "\(row.label ?? -1)"))
      }
    }
  }

  @Test(arguments: ContextProfile.all)
  func `CCM-9 the letters of the text drawing are the cells of the mask`(_ profile: ContextProfile) throws {
    for example in try ContextExample.all(profile) {
      let layout = try ContextLayout(example.text, parameters: example.parameters)
      let output = loma(example.line + " --show mask").output
      let grid = output.components(separatedBy: "\n").filter { $0.contains("│") || layout.finalSegmentIsAlone }
      let lines = grid.filter { $0.firstMatch(of: #/^ +\d+ \S+ +[xcs]  /#) != nil }
      let drawn = lines.map { line in
        line.replacing(#/^ +\d+ \S+ +[xcs]  /#, with: "").filter { !" │".contains($0) }
      }
      let expected = layout.rows.indices.map { query in
        String(
          layout.rows.indices.map { key in
            layout.mask.allows(query: query, key: key) ? layout.rows[key].place.role.letter : "·"
          })
      }
      #expect(drawn == expected, "\(example.line)")
    }
  }

  @Test(arguments: ContextProfile.all)
  func `CCM-24 events and entries are those of the schedule`(_ profile: ContextProfile) throws {
    for example in try ContextExample.all(profile) {
      let schedule = try text(try parse(example.line), "schedule", as: [String: Any].self)
      let events = try #require(schedule["events"] as? [[String: Any]])
      var expected: [(step: ContextStep, numbers: [Int])] = []
      let steps = try ContextSchedule(
        example.text, generating: example.generating, parameters: example.parameters, rule: .spec
      ) { expected.append(($0, $1.numbers)) }
      try #require(events.count == expected.count)
      for (object, (step, numbers)) in zip(events, expected) {
        let (name, number): (String, Int) =
          switch step.event {
          case .read(let g): ("read", g)
          case .compress(let segment): ("compress", segment)
          case .drop(let segment): ("drop", segment)
          case .fold(let segment): ("fold", segment)
          }
        #expect(object["event"] as? String == name)
        #expect((object["segment"] ?? object["text_index"]) as? Int == number)
        #expect(object["first_row"] as? Int == step.fedRows.lowerBound)
        #expect(object["row_count"] as? Int == step.fedRows.count)
        #expect(object["cache"] as? Int == step.cacheSize && object["memory"] as? Int == step.memoryEntries)
        #expect(object["text"] as? Int == step.textEntries && object["entries"] as? [Int] == numbers)
        let share = number == 0 ? "1" : profile.mergeRate == .mean ? "1/\(number + 1)" : "0.25"
        #expect(object["share"] as? String == (name == "fold" ? share : nil))
      }
      #expect(schedule["largest_cache"] as? Int == steps.maximum)
      #expect(schedule["final_cache"] as? Int == steps.steps.last?.cacheSize)
      #expect(schedule["fed"] as? Int == example.fed.segments.joined().count)
    }
  }

  @Test(arguments: ContextProfile.all)
  func `CCM-28 CCM-29 the cost is what is counted in mask and schedule`(_ profile: ContextProfile) throws {
    for example in try ContextExample.all(profile) {
      let root = try parse(example.line + " --layers 1 --kv-heads 2 --head-dim 4 --bytes 2")
      let cost = try text(root, "cost", as: [String: Any].self)
      let layout = try ContextLayout(example.fed, parameters: example.parameters)
      let pairs = layout.mask.countedPairs
      #expect(cost["pairs"] as? [Int] == pairs && cost["online"] as? Int == pairs.reduce(0, +))
      var (peaks, sizes, segment) = (example.fed.segments.map { _ in 0 }, [0], 0)
      _ = try ContextSchedule(example.fed, generating: 0, parameters: example.parameters, rule: .spec) { step, _ in
        peaks[segment] = max(peaks[segment], step.cacheSize)
        let isLast: Bool =
          switch step.event {
          case .read, .compress: false
          case .drop: profile.memory == .concat
          case .fold: true
          }
        if isLast {
          sizes.append(step.cacheSize)
          segment += 1
        }
      }
      #expect(cost["sizes"] as? [Int] == sizes && cost["peaks"] as? [Int] == peaks)
      let bytes = try #require(cost["bytes"] as? [String: Int])
      #expect(bytes["entry"] == 32 && bytes["largest_cache"] == 32 * (peaks.max() ?? 0))
      let drawn = loma(example.line + " --show cost").output
      for k in pairs.indices {
        let numbers = [k, example.fed.segments[k].count, sizes[k], peaks[k], pairs[k]].map { "\($0)" }
        #expect(drawn.components(separatedBy: "\n").contains { $0.split(separator: " ").map { String($0) } == numbers })
      }
    }
  }

  @Test(arguments: ContextProfile.all)
  func `CCM-16 every clause that decides a cell has a sentence about its roles`(_ profile: ContextProfile) throws {
    let sentences = ContextMaskSentences(profile: profile).all
    #expect(Set(sentences.map { $0.clause }).count == sentences.count)
    var deciding: Set<String> = []
    for example in try ContextExample.all(profile) {
      let layouts = [
        try ContextLayout(example.text, parameters: example.parameters),
        try ContextLayout(ContextText(segments: [[0, 1]], outputLength: 0), parameters: example.parameters),
      ]
      let batch = ContextBatch(layouts, parameters: example.parameters)
      for text in batch.texts.indices {
        let mask = batch.mask(text)
        for query in mask.rows.indices {
          for key in mask.rows.indices {
            let clause = mask.rule(query: query, key: key).clause
            let (asking, asked) = (mask.rows[query].place.role, mask.rows[key].place.role)
            let sentence = sentences.first { $0.clause == clause }
            let applies = sentence.map { sentence in
              sentence.queries.contains(asking) && sentence.keys.contains(asked)
                || sentence.queries.contains(asked) && sentence.keys.contains(asking) && clause == "CCM-8"
            }
            #expect(applies == true, "\(clause): \(asking), \(asked)")
            deciding.insert(clause)
          }
        }
      }
    }
    #expect(deciding == Set(sentences.map { $0.clause }), "and no other sentence is there")
  }

  @Test func `CCM-3 every profile is drawn in every format, and the axes are listed`() throws {
    for example in try ContextProfile.all.flatMap({ try ContextExample.all($0) }) {
      for format in ["text", "svg", "html", "json"] {
        let outcome = loma(example.line + " --format \(format)")
        #expect(outcome.exitCode == .fine && !outcome.output.isEmpty)
        if format == "text" {
          #expect(!outcome.output.split(separator: "\n").contains { $0.hasSuffix(" ") || $0.count > 120 })
        }
      }
    }
    let axes = loma("explain --method ccm --show profiles").output
    for axis in ContextAxis.allCases {
      for word in [axis.rawValue] + axis.values { #expect(axes.contains(word)) }
    }
    #expect(axes.contains(": 12 profiles differ"))
    let json = try parse("explain --method ccm --show profiles,rules")
    #expect(
      (json["profiles"] as? [[String: Any]])?.map { $0["axis"] as? String } == ContextAxis.allCases.map { $0.rawValue })
    #expect((json["rules"] as? [[String: Any]])?.map { $0["clause"] as? String } == ["CCM-8", "CCM-9", "CCM-10"])
  }

  @Test func `CCM-8 a batch is padded on the left`() {
    let output = loma("explain --method ccm --memory-tokens 1 --segments 2,1 --segments 1 --show rows,mask").output
    #expect(output.contains("    0  pad         -      -         1  pad    -\n"))
    #expect(output.contains("\n  3 x0  x  ···│x\n"))
    #expect(output.contains("p pad"))
  }

  @Test func `CCM-4 the beginning token is named, and a sink only under sink=on`() {
    let line = "explain --method ccm --memory-tokens 1 --segments 2,2 --beginning-token 0 --show mask,schedule"
    #expect(loma(line).output.contains("\n  3 x2    x  ·· c│x·\n"))
    #expect(loma(line + " --profile sink=on").output.contains("\n  3 x2    x  x· c│x·\n"))
    #expect(loma(line + " --profile sink=on").output.contains("drop 0             no row      2       1     1  xc\n"))
    #expect(loma(line).output.contains("0 BOS   x"))
  }

  @Test func `colour changes no character`() throws {
    let line = "explain --method ccm --memory-tokens 1 --segments 2,2,1 --profile memory=merge"
    let coloured = loma(line + " --color always").output
    #expect(coloured.contains("\u{1B}[35ms\u{1B}[0m"))
    #expect(coloured.replacing(#/\x1B\[\d+m/#, with: "") == loma(line + " --color never").output)
  }

  @Test func `a long text says what is not listed, and its cost`() {
    let clock = ContinuousClock()
    let limit = ContextExplanation.rowLimit
    for profile in ["base", "memory=merge,recurrence=separate"] {
      for format in ["text", "html", "json"] {
        var outcome = Outcome()
        let time = clock.measure {
          outcome = loma(
            "explain --method ccm --memory-tokens 1 --segments 20000,\(limit - 20003) --profile \(profile) "
              + "--format \(format)")
        }
        #expect(outcome.exitCode == .fine)
        #expect(time < .seconds(5))
        #expect(
          outcome.output.contains(format == "json" ? "\"not_shown\"" : "not listed: the limit here is 1024 events"))
      }
    }
  }

  @Test func `LoMA is the method unless another is named`() {
    for format in ["text", "svg", "html", "json"] {
      let line = "explain --c 2 --t 1 --text 5 --format \(format)"
      #expect(loma(line) == loma(line + " --method loma"))
    }
    #expect(loma("explain --c 2 --t 1 --text 3 --method=loma").output == smallExample)
  }
}

extension ContextLayout {
  /// Whether there is one segment, so that no bar stands in the drawing.
  fileprivate var finalSegmentIsAlone: Bool { finalSegment == 0 }
}
