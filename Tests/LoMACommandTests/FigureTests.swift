// The pictures beside the mask: positions, cache, cost and attention, each against what the command says in JSON or text.

import Foundation
import LoMAVectors
import Testing

@testable import LoMACommand

@Suite struct `Figures of an explanation` {
  private static let text = "explain --c 4 --t 2 --text 21"
  private static let contexts = "explain --method ccm --memory-tokens 2 --segments 4,3,2 --profile memory=merge"

  private func json(_ line: String) throws -> [String: Any] {
    let output = loma(line + " --format json").output
    return try #require(try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any])
  }

  private func svg(_ line: String) throws -> Element { try Tree.parse(loma(line + " --format svg").output) }

  /// The members of the only text of a section.
  private func rows(_ section: String, _ line: String) throws -> [[String: Any]] {
    let value = try #require(try json(line + " --show \(section)")[section] as? [String: Any])
    let texts = try #require(value["texts"] as? [[[String: Any]]])
    return try #require(texts.first)
  }

  @Test(arguments: [text, text + " --profile numbering=compressed", contexts])
  func `POS-1 every row stands in one tile below its position`(_ line: String) throws {
    let expected = try rows("rows", line)
    let byPosition = try rows("positions", line)
    var seen: [Int: Int] = [:]
    for entry in byPosition {
      for row in try #require(entry["rows"] as? [Int]) {
        #expect(seen.updateValue(try #require(entry["position"] as? Int), forKey: row) == nil)
      }
    }
    #expect(expected.indices.allSatisfy { seen[$0] == expected[$0]["position"] as? Int })
    let groups = try svg(line + " --show positions").children.filter { $0.name == "g" }
    let drawn = groups.flatMap { $0.all("rect") }
    #expect(drawn.count == expected.count)
    let columns = Set(drawn.compactMap { $0.attributes["x"] })
    #expect(columns.count == Set(expected.compactMap { $0["position"] as? Int }).count)
  }

  @Test func `GEN-3 a column of the cache has a tile for each entry`() throws {
    let expected = try #require(try json(Self.text + " --show schedule")["schedule"] as? [String: Any])
    let texts = try #require(expected["texts"] as? [[String: Any]])
    let steps = try #require(texts.first?["events"] as? [[String: Any]])
    let columns = try svg(Self.text + " --show schedule").all("g").filter { $0.children.first?.name == "title" }
    try #require(columns.count == steps.count)
    for (column, step) in zip(columns, steps) {
      #expect(column.all("rect").count == step["cache"] as? Int)
      let letters = column.all("text").filter { $0.attributes["fill"] != nil }.map { $0.text }
      #expect(letters.count { $0 == "m" } == step["memory"] as? Int)
    }
  }

  @Test func `CCM-24 a column has a tile for each entry held online`() throws {
    let value = try #require(try json(Self.contexts + " --show schedule")["schedule"] as? [String: Any])
    let steps = try #require((value["texts"] as? [[String: Any]])?.first?["events"] as? [[String: Any]])
    let columns = try svg(Self.contexts + " --show schedule").all("g").filter { $0.children.first?.name == "title" }
    #expect(columns.map { $0.all("rect").count } == steps.map { $0["cache"] as? Int })
    #expect(columns.contains { $0.children.first?.text.hasPrefix("fold") == true })
  }

  @Test func `COST-2 curves end at what the command counts`() throws {
    let cost = try #require(try json(Self.text + " --show cost")["cost"] as? [String: Any])
    let texts = try #require(cost["texts"] as? [[String: Any]])
    let pairs = try #require(texts.first)
    let words = Set(try svg(Self.text + " --show cost").all("text").map { $0.text })
    for (name, key) in [("LoMA", "generation"), ("full attention", "full_attention")] {
      #expect(words.contains("\(name): \(try #require(pairs[key] as? Int))"), "\(words)")
    }
    // GEN-6: two full chunks and a tail of five.
    #expect(words.contains("LoMA: 9") && words.contains("full attention: 21"))
  }

  @Test func `TRN-7 a learning curve ends at the last point of its run, from a result as from a log`() throws {
    let results = SpecExamples.root.appendingPathComponent("Docs/Losslessness").path
    let file = try String(contentsOfFile: results + "/c2-base-seed1.json", encoding: .utf8)
    let object = try #require(try JSONSerialization.jsonObject(with: Data(file.utf8)) as? [String: Any])
    let points = try #require(object["curve"] as? [[Double]])
    let folder = try TemporaryFolder()
    let log = folder.path + "/mine.csv"
    let heading = "step,reading_loss,repetition_loss,token_accuracy,chunk_accuracy\n"
    let lines = points.map { "\(Int($0[0])),\($0[1]),\($0[2]),\($0[3]),\($0[4])\n" }
    try (heading + lines.joined()).write(toFile: log, atomically: true, encoding: .utf8)
    for (quantity, column) in [("loss", 2), ("tokens", 3), ("chunks", 4)] {
      let root = try Tree.parse(
        loma("curve --of \(quantity) --run \(results)/c2-base-seed1.json --run \(log)").output)
      let words = Set(root.all("text").map { $0.text })
      let last = try #require(points.last?[column])
      let hundredths = Int(last * 100)
      let text = "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
      #expect(words.contains("c2-base-seed1: \(text)") && words.contains("mine: \(text)"), "\(words)")
      let curves = root.all("polyline").compactMap { $0.attributes["points"] }
      #expect(curves.count == 2 && curves[0] == curves[1] && curves[0].split(separator: " ").count == points.count)
    }
    try (heading + "1,0,x,0,0\n").write(toFile: log, atomically: true, encoding: .utf8)
    #expect(loma("curve --run \(log)").complaint?.contains("line 2 is no step") == true)
    #expect(loma("curve").complaint?.contains("option --run is required") == true)
    #expect(loma("curve --run \(results)/../Port.md").complaint?.contains("is no result and no log") == true)
  }

  @Test func `MSK-5 a highlighted clause is ringed and the others are pale`() throws {
    let root = try svg(Self.text + " --show mask --highlight MSK-5")
    let blocks = root.all("g").filter { $0.attributes["data-clause"] != nil }
    let marked = blocks.filter { $0.attributes["data-clause"] == "MSK-5" }
    #expect(!marked.isEmpty && marked.allSatisfy { $0.attributes["opacity"] == nil })
    #expect(blocks.filter { $0.attributes["opacity"] != nil }.count == blocks.count - marked.count)
    #expect(root.all("rect").count { $0.attributes["class"] == "ring" } == marked.count)
    #expect(!(try svg(Self.text)).all("rect").contains { $0.attributes["class"] == "ring" })
  }

  @Test func `sections stand below one another in one file, each described`() throws {
    let root = try svg(Self.text + " --show cost,schedule,positions,mask")
    let words = try #require(root.children.first { $0.name == "desc" }?.text)
    for part in ["attention mask", "positions of rows", "cache after each event", "Curves of"] {
      #expect(words.contains(part), "\(part) in \(words)")
    }
    let tops = root.children.filter { $0.name == "g" }.compactMap { group -> Int? in
      let place = group.attributes["transform"]?.dropFirst("translate(0 ".count).dropLast()
      return place.flatMap { Int($0) }
    }
    #expect(tops.count == 6 && tops == tops.sorted() && Set(tops).count == 6)
    #expect(tops.last.map { $0 < root.integer("height") } == true)
    #expect(root.all("style").first?.text.contains("prefers-color-scheme:dark") == true)
  }

  @Test func `a bare explain shows the smallest example, and a string its characters`() {
    #expect(loma("explain") == loma("explain --c 2 --t 1 --text 5"))
    let rows = command(["explain", "--c", "2", "--t", "1", "--string", "a ü", "--show", "rows"]).output
    for name in ["a", "␣", "c3", "bc"] { #expect(rows.contains("  \(name)  "), "\(name)") }
    #expect(
      command(["explain", "--c", "2", "--t", "1", "--string", "ab", "--show", "parameters"]).output.contains("256"))
  }

  @Test(arguments: [
    ("explain --highlight MSK-5", "a text is needed: --text N, --string TEXT or --tokens I,I,…"),
    ("explain --c 2 --t 1 --text 5 --highlight MSK-5", "option --highlight has no effect without --format svg"),
    (
      "explain --c 2 --t 1 --text 5 --format svg --show cost --highlight MSK-5",
      "option --highlight has no effect without --show mask"
    ),
    ("explain --c 2 --t 1 --text 5 --format svg --highlight LAY-2", "no cell of a mask is decided by LAY-2"),
    (
      "explain --method ccm --memory-tokens 1 --segments 2,1 --format svg --show cost",
      "option --format svg draws the mask, positions, schedule only: use --show mask"
    ),
    ("look --string abc", "option --model is required"),
    ("look --model MODEL --string abc --layer 3", "option --layer takes 0...2, not 3"),
    ("look --model MODEL --string abc --head 4", "option --head takes 0...3, not 4"),
    ("look --model MODEL --string abc --string d", "option --string is given twice"),
  ])
  func `what has no effect, and what does not exist, is refused`(_ line: String, _ message: String) {
    let outcome = loma(line.replacingOccurrences(of: "MODEL", with: projectVectors + "/models/text-c4"))
    #expect(outcome.complaint?.contains(message) == true, "\(outcome.complaint ?? outcome.output)")
  }
}

@Suite struct `Attention over the mask` {
  private static let model = projectVectors + "/models/text-c4"
  private static let line = ["look", "--model", model, "--string", "the memory of a chunk", "--layer", "1"]

  /// The weights that a trace of the same model and text holds, as a second way to them.
  @Test func `MOD-4 weights are those of a trace`() throws {
    let root = try Tree.parse(command(Self.line + ["--head", "2", "--format", "svg"]).output)
    let tiles = root.all("g").filter { $0.attributes["data-weight"] != nil }
    let words = tiles.compactMap { $0.children.first?.text }
    let folder = try TemporaryFolder()
    let path = folder.path + "/trace.safetensors"
    _ = command(["trace", "--model", Self.model, "--string", "the memory of a chunk", "--output", path])
    let file = try ArrayFile(contentsOf: path, byteLimit: 1 << 24)
    let mask = try file.array("texts.0.mask")
    let n = mask.shape[0]
    let values = try file.array("texts.0.layers.1.attention.probabilities").doubles()
    let seen = try mask.booleans()
    var expected: [String] = []
    for index in seen.indices where seen[index] {
      let hundredths = Int((values[2 * n * n + index] * 100).rounded())
      expected.append("\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)")
    }
    #expect(tiles.compactMap { $0.attributes["data-weight"] } == expected)
    #expect(words.contains("<m> 8 gives \(expected[36]) to t"))
  }

  @Test func `REC-5 in the second layer each memory row reads its half, and each half is asked for in its row`() {
    let lines = command(Self.line).output.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
    #expect(lines.contains { $0.hasPrefix("8 <m> - t 0.44, h 0.36") })
    #expect(lines.contains { $0.hasPrefix("9 <m> - m 0.71, e 0.28") })
    #expect(lines.contains { $0.hasPrefix("12 <r> e <m> 8 0.69") })
    #expect(lines.contains { $0.hasPrefix("17 <r> o <m> 9 0.87") })
  }

  @Test func `the page has every layer, loads nothing and needs no script`() throws {
    let page = command(Array(Self.line.dropLast(2)) + ["--format", "html"]).output
    for layer in 0..<3 { #expect(page.contains("layers.\(layer), mean of 4 heads")) }
    for word in ["http:", "https://", "src=", "@import", "<link"] {
      #expect(!page.replacingOccurrences(of: "http://www.w3.org/2000/svg", with: "").contains(word))
    }
  }
}
