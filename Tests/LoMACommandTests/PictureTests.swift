// The SVG and HTML drawings: well-formed, described, and every cell as `Mask.rule` or `ContextMask.rule` has it.

import Foundation
import LoMA
import LoMAExplanation
import LoMAPeers
import Testing
@testable import LoMAConformance

@testable import LoMACommand

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// An element with its attributes, its text and what it contains.
final class Element {
  let name: String
  let attributes: [String: String]
  var text = ""
  var children: [Element] = []

  init(_ name: String, _ attributes: [String: String]) {
    self.name = name
    self.attributes = attributes
  }

  /// This element and all below it, in document order.
  var all: [Element] { [self] + children.flatMap { $0.all } }
  func all(_ name: String) -> [Element] { all.filter { $0.name == name } }
  func integer(_ name: String) -> Int { attributes[name].flatMap { Int($0) } ?? 0 }
}

/// Builds the tree of a well-formed document.
final class Tree: NSObject, XMLParserDelegate {
  private var open = [Element("", [:])]

  static func parse(_ text: String) throws -> Element {
    let parser = XMLParser(data: Data(text.utf8))
    let tree = Tree()
    parser.delegate = tree
    try #require(parser.parse(), "line \(parser.lineNumber): \(String(describing: parser.parserError))")
    return try #require(tree.open.first?.children.first)
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) {
    let element = Element(name, attributes)
    open.last?.children.append(element)
    open.append(element)
  }

  func parser(_ parser: XMLParser, didEndElement: String, namespaceURI: String?, qualifiedName: String?) {
    open.removeLast()
  }

  func parser(_ parser: XMLParser, foundCharacters text: String) { open.last?.text += text }
}

/// A mask that a command should draw.
struct ExpectedMask: Sendable {
  struct Row: Sendable {
    /// The name of its zone or role, the zone in whose colour it is drawn, and its letter.
    let (kind, colour, letter): (String, String, Character)
    /// The row in words.
    let words: String
  }

  let rows: [Row]
  let sentence: @Sendable (_ clause: String) -> String
  let rule: @Sendable (_ query: Int, _ key: Int) -> (clause: String, isVisible: Bool)

  /// What every cell should say, row by row.
  var cells: [String] {
    rows.indices.flatMap { query in
      rows.indices.map { key in
        let (clause, isVisible) = rule(query, key)
        return clause + (isVisible ? " visible" : " hidden")
      }
    }
  }
}

/// A command line and the masks that it should draw.
struct PictureExample: Sendable, CustomTestStringConvertible {
  let line: String
  let masks: [ExpectedMask]
  var testDescription: String { line }

  /// LoMA under a profile: a text, and a shorter one that is padded.
  init(profile: Profile) throws {
    line = "explain --c 2 --t 2 --text 9 --tokens 1,0 --profile \(profile.name)"
    let parameters = try Parameters(c: 2, t: 2)
    var layouts: [Layout] = []
    for text in [Array(0..<9), [1, 0]] {
      layouts.append(
        try Layout.training(
          text: text, vocabulary: try Vocabulary(textSize: 9), parameters: parameters, profile: profile))
    }
    masks = Batch(layouts).texts.map { rows in
      let mask = Mask(rows: rows, profile: profile)
      let sentences = MaskSentences(profile: profile)
      return ExpectedMask(
        rows: rows.indices.map { row in
          let zone = rows[row].place.zone
          return .init(kind: zone.rawValue, colour: zone.rawValue, letter: zone.letter, words: mask.describe(row: row))
        },
        sentence: { sentences[$0] },
        rule: { query, key in
          let rule = mask.rule(query: query, key: key)
          return (rule.clause, rule.isVisible)
        })
    }
  }

  /// Compressed context memory under a profile: BOS at the front and inside a segment, and a shorter text.
  init(context profile: ContextProfile) throws {
    let rate = profile.mergeRate == .exponential ? " --rate 0.5" : ""
    line =
      "explain --method ccm --memory-tokens 2 --segments 3,2,2 --tokens 1,0,4,1,1,0,3 --segments 2,1 "
      + "--beginning-token 1 --profile \(profile.name)" + rate
    let parameters = try ContextParameters(
      textSize: 5, memoryTokens: 2, beginningToken: 1, profile: profile, rate: rate.isEmpty ? nil : 0.5)
    let texts = [[[1, 0, 4], [1, 1], [0, 3]], [[0, 1], [2]]].map { ContextText(segments: $0, outputLength: 0) }
    let batch = ContextBatch(
      try texts.map { try ContextLayout($0, parameters: parameters) }, parameters: parameters)
    masks = batch.texts.indices.map { text in
      let mask = batch.mask(text)
      let sentences = ContextMaskSentences(profile: profile)
      return ExpectedMask(
        rows: mask.rows.enumerated().map { index, row in
          let role = row.place.role
          let colour =
            switch role {
            case .text: "reading"
            case .comp: "memory"
            case .sum: "repetition"
            case .pad: "pad"
            }
          let place = row.place.segment.map { ", segment \($0), index \(row.place.index ?? -1)" } ?? ""
          return .init(
            kind: role.rawValue, colour: colour, letter: role.letter, words: "row \(index) (\(role.rawValue)\(place))")
        },
        sentence: { sentences[$0] },
        rule: { query, key in
          let rule = mask.rule(query: query, key: key)
          return (rule.clause, rule.isVisible)
        })
    }
  }
}

@Suite struct `Explain pictures` {
  private static let examples: [PictureExample] = {
    let profiles = [Profile.base] + Axis.allCases.map { Profile.base.choosing($0, valueAt: 1) }
    let loma = profiles.compactMap { try? PictureExample(profile: $0) }
    return loma + ContextProfile.all.compactMap { try? PictureExample(context: $0) }
  }()

  @Test func `every example is one`() { #expect(Self.examples.count == 8 + 12) }

  @Test(arguments: examples)
  func `SVG blocks tile the mask, with the clause of every cell`(_ example: PictureExample) throws {
    let root = try Tree.parse(loma(example.line + " --format svg").output)
    #expect(root.name == "svg" && root.attributes["role"] == "img")
    let title = try #require(root.children.first { $0.name == "title" }?.text)
    #expect(title.contains("c = 2, t = 2") || title.hasPrefix("CCM: n = 2, batch of 2 texts, profile "))
    #expect(root.children.first { $0.name == "desc" }?.text.contains("9 tokens") == false)
    let drawn = root.children.filter {
      $0.name == "g" && !$0.all.filter { $0.attributes["data-clause"] != nil }.isEmpty
    }
    try #require(drawn.count == example.masks.count)
    let patterns = Set(root.all("pattern").compactMap { $0.attributes["id"] })
    for (picture, mask) in zip(drawn, example.masks) {
      let count = mask.rows.count
      var cells = [String](repeating: "", count: count * count)
      for block in picture.all where block.attributes["data-clause"] != nil {
        let clause = try #require(block.attributes["data-clause"])
        #expect(block.children.first?.text == clause + " " + mask.sentence(clause))
        for rectangle in block.children where rectangle.name == "rect" {
          let kind = try #require(rectangle.attributes["class"])
          #expect(patterns.contains(kind) && rectangle.attributes["fill"] == "url(#\(kind))")
          for y in 0..<rectangle.integer("height") / 12 {
            for x in 0..<rectangle.integer("width") / 12 {
              let query = block.integer("data-query") + rectangle.integer("y") / 12 + y
              let key = block.integer("data-key") + rectangle.integer("x") / 12 + x
              let isHidden = kind == "hidden"
              #expect(cells[query * count + key].isEmpty == isHidden)
              cells[query * count + key] = clause + (isHidden ? " hidden" : " visible")
              if !isHidden { #expect(kind == mask.rows[key].kind) }
            }
          }
        }
      }
      #expect(cells == mask.cells)
    }
  }

  @Test(arguments: examples)
  func `HTML says the rule of every cell in words`(_ example: PictureExample) throws {
    let page = loma(example.line + " --format html --show mask").output
    let root = try Tree.parse(withoutCode(page))
    let figures = root.all("figure")
    let data = try page.components(separatedBy: "<script type=\"application/json\">").dropFirst().map { part in
      let json = try #require(part.components(separatedBy: "</script>").first)
      return try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    }
    try #require(figures.count == 2 && data.count == 2)
    for (figure, (data, mask)) in zip(figures, zip(data, example.masks)) {
      let cells = figure.all("td").filter { $0.attributes["data-clause"] != nil }
      let count = mask.rows.count
      try #require(cells.count == count * count)
      #expect(cells.filter { $0.attributes["tabindex"] == "0" }.count == 1)
      let rows = try #require(data["rows"] as? [String])
      let words = try #require(data["sentences"] as? [String: String])
      for (index, cell) in cells.enumerated() {
        let (query, key) = (index / count, index % count)
        let rule = mask.rule(query, key)
        let classes = (cell.attributes["class"] ?? "").split(separator: " ").map { String($0) }
        let isHidden = classes.first == "hidden"
        #expect(isHidden != rule.isVisible)
        #expect(cell.attributes["data-clause"] == rule.clause)
        #expect(isHidden || classes.first == mask.rows[key].colour)
        #expect(cell.text == (isHidden ? "·" : String(mask.rows[key].letter)))
        // The page's script joins these; chromium was seen to say the same for every cell of such a page.
        #expect(rows[query] == mask.rows[query].words)
        let sentence = words[rule.clause] ?? ""
        #expect(!sentence.isEmpty && sentence == mask.sentence(rule.clause))
      }
    }
  }

  @Test func `MSK-2 the sentence of one cell`() throws {
    let layout = try Layout.training(
      text: Array(0..<9), vocabulary: try Vocabulary(textSize: 9), parameters: try Parameters(c: 2, t: 2),
      profile: .base)
    let mask = Mask(rows: layout.rows, profile: .base)
    #expect(
      MaskSentences(profile: .base).explain(query: 11, key: 4, in: mask)
        == "row 11 (reading, chunk 1, index 1) sees row 4 (memory, chunk 0, index 0): "
        + "MSK-2 reading rows see the memories of earlier chunks")
  }

  @Test func `every section stands in a well-formed page that loads nothing`() throws {
    let page = loma("explain --c 2 --t 1 --text 5 --format html --chunk 0").output
    let root = try Tree.parse(withoutCode(page))
    let names = ["parameters", "rows", "mask", "rules", "schedule", "reconstruction", "cost"]
    #expect(root.all("h2").map { $0.text } == names)
    #expect(root.all("title").first?.text == "LoMA: c = 2, t = 1, text of 5 tokens, profile base")
    #expect(root.attributes["lang"] == "en")
    for word in ["http:", "https:", "src=", "@import", "url(", "<link"] { #expect(!page.contains(word)) }
    #expect(page.contains("prefers-color-scheme: dark") && page.contains("@media print"))
  }

  /// A page as XML: scripts and styles hold code, which is not.
  private func withoutCode(_ page: String) -> String {
    var page = page
    for name in ["script", "style"] {
      page = page.components(separatedBy: "<" + name).enumerated().map { index, part in
        index == 0 ? part : part.components(separatedBy: "</\(name)>").dropFirst().joined(separator: "</\(name)>")
      }.joined()
    }
    return page
  }
}
