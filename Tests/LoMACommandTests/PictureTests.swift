// The SVG and HTML drawings: well-formed, described, and every cell as `Mask.rule` has it.

import Foundation
import LoMA
import LoMAExplanation
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

/// A command line and the masks that it should draw.
private struct Example {
  let line: String
  let masks: [Mask]

  init(profile: Profile) throws {
    line = "explain --c 2 --t 2 --text 9 --tokens 1,0 --profile \(profile.name)"
    let parameters = try Parameters(c: 2, t: 2)
    var layouts: [Layout] = []
    for text in [Array(0..<9), [1, 0]] {
      layouts.append(
        try Layout.training(
          text: text, vocabulary: try Vocabulary(textSize: 9), parameters: parameters, profile: profile))
    }
    masks = Batch(layouts).texts.map { Mask(rows: $0, profile: profile) }
  }
}

@Suite struct `Explain pictures` {
  private static let profiles = [Profile.base] + Axis.allCases.map { Profile.base.choosing($0, valueAt: 1) }

  @Test(arguments: profiles)
  func `SVG blocks tile the mask, with the clause of every cell`(_ profile: Profile) throws {
    let example = try Example(profile: profile)
    let root = try Tree.parse(loma(example.line + " --format svg").output)
    #expect(root.name == "svg" && root.attributes["role"] == "img")
    #expect(root.children.first { $0.name == "title" }?.text.contains("c = 2, t = 2") == true)
    #expect(root.children.first { $0.name == "desc" }?.text.contains("9 tokens") == false)
    let sentences = MaskSentences(profile: profile)
    let drawn = root.children.filter {
      $0.name == "g" && !$0.all.filter { $0.attributes["data-clause"] != nil }.isEmpty
    }
    try #require(drawn.count == example.masks.count)
    for (picture, mask) in zip(drawn, example.masks) {
      let count = mask.rows.count
      var cells = [String](repeating: "", count: count * count)
      for block in picture.all where block.attributes["data-clause"] != nil {
        let clause = try #require(block.attributes["data-clause"])
        #expect(block.children.first?.text == clause + " " + sentences[clause])
        for rectangle in block.children where rectangle.name == "rect" {
          let isHidden = rectangle.attributes["class"] == "hidden"
          for y in 0..<rectangle.integer("height") / 12 {
            for x in 0..<rectangle.integer("width") / 12 {
              let query = block.integer("data-query") + rectangle.integer("y") / 12 + y
              let key = block.integer("data-key") + rectangle.integer("x") / 12 + x
              #expect(cells[query * count + key].isEmpty == isHidden)
              cells[query * count + key] = clause + (isHidden ? " hidden" : " visible")
              if !isHidden { #expect(rectangle.attributes["class"] == mask.rows[key].place.zone.rawValue) }
            }
          }
        }
      }
      for query in 0..<count {
        for key in 0..<count {
          let rule = mask.rule(query: query, key: key)
          #expect(cells[query * count + key] == rule.clause + (rule.isVisible ? " visible" : " hidden"))
        }
      }
    }
  }

  @Test(arguments: profiles)
  func `HTML says the rule of every cell in words`(_ profile: Profile) throws {
    let example = try Example(profile: profile)
    let page = loma(example.line + " --format html --show mask").output
    let root = try Tree.parse(withoutCode(page))
    let figures = root.all("figure")
    let data = try page.components(separatedBy: "<script type=\"application/json\">").dropFirst().map { part in
      let json = try #require(part.components(separatedBy: "</script>").first)
      return try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    }
    try #require(figures.count == 2 && data.count == 2)
    let sentences = MaskSentences(profile: profile)
    for (figure, (data, mask)) in zip(figures, zip(data, example.masks)) {
      let cells = figure.all("td").filter { $0.attributes["data-clause"] != nil }
      let count = mask.rows.count
      try #require(cells.count == count * count)
      #expect(cells.filter { $0.attributes["tabindex"] == "0" }.count == 1)
      let rows = try #require(data["rows"] as? [String])
      let words = try #require(data["sentences"] as? [String: String])
      for (index, cell) in cells.enumerated() {
        let (query, key) = (index / count, index % count)
        let rule = mask.rule(query: query, key: key)
        let isHidden = cell.attributes["class"]?.hasPrefix("hidden") == true
        #expect(isHidden != rule.isVisible)
        #expect(cell.attributes["data-clause"] == rule.clause)
        #expect(cell.text == (isHidden ? "·" : String(mask.rows[key].place.zone.letter)))
        // As the page's script says it: chromium was seen to say the same for every cell of such a page.
        let said =
          rows[query] + (isHidden ? " does not see " : " sees ") + (query == key ? "itself" : rows[key]) + ": "
          + rule.clause + " " + (words[rule.clause] ?? "")
        #expect(said == sentences.explain(query: query, key: key, in: mask))
      }
    }
  }

  @Test func `MSK-2 the sentence of one cell`() throws {
    let mask = try Example(profile: .base).masks[0]
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
