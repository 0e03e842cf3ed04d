// Docs/Budget.md: it follows from its results, and its results from the models that the project publishes.

import Foundation
import LoMA
import LoMAModels
import LoMAPeers
import LoMAPeersReference
import LoMAReference
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMACommand
@testable import LoMATraining

@Suite("Docs/Budget.md")
struct BudgetPageTests {
  private let docs = BudgetCommandTests.root + "/Docs"

  private func page() throws -> BudgetPage {
    let recipes = ["budget-random", "text-c4", "budget-text"].map { docs + "/Recipes/\($0).json" }
    return try BudgetPage(
      try recipes.map { try BudgetPlan(try Recipe(file: $0), seeds: 5) }, folder: docs + "/Budget", link: "Budget")
  }

  private func text(_ path: String) throws -> String {
    String(decoding: try Files.contents(of: docs + "/" + path, byteLimit: 1 << 24), as: UTF8.self)
  }

  @Test func `EQB-9 the page and its plots come back byte for byte from the results`() throws {
    let page = try page()
    #expect(page.text == (try text("Budget.md")))
    #expect(page.plots.count >= 4)
    for plot in page.plots { #expect(plot.source == (try text("Budget/" + plot.name)), "\(plot.name)") }
    let svgs = Disk.files(in: docs + "/Budget").filter { $0.hasSuffix(".svg") }
    #expect(Set(svgs) == Set(page.plots.map { $0.name }), "no other plot lies there")
  }

  @Test func `EQB-9 what a token is worth, every system, and what was not run stand on the page`() throws {
    let text = try page().text
    #expect(text.contains("a random token is worth 4 bits and its full entry holds 3072"))
    #expect(text.contains("bits to the full twin and its entry holds 6144"))
    for system in ["ThinK", "ZipCache", "PyramidInfer", "KVSharer", "DMC", "LoRC", "ZigZagKV", "CSR", "2102.07725"] {
      #expect(text.contains("\n| \(system)") || text.contains("(\(system)) |"), "\(system)")
    }
    #expect(text.contains("measured as `dmc`. BAS-15") && text.contains("No cache method:"))
    #expect(MethodWords.systems.count == 9)
    for plan in try page().plans {
      for figure in try plan.moments.map({ try MomentFigures(plan, $0, results: page().results) }) {
        for method in figure.methods where method.method != "full" {
          #expect(!MethodWords.lost(method.method).isEmpty, "\(method.method)")
        }
      }
    }
  }

  @Test func `EQB-5 LoMA's figures on bytes are those that the project publishes, and the twin recites all but 1 %`()
    throws
  {
    let page = try page()
    let bytes = try #require(page.figures.last { $0.plan.text == "bytes" })
    let loma = try #require(bytes.method("loma-c4")?.settings.first?.lines.first?.measured.recited)
    #expect(loma.correctTokens == 11_435 && loma.tokens == 12_000)
    #expect(loma.correctChunks == 1_119 && loma.chunks == 1_500)
    #expect(try text("Recipes/README.md").contains("11,435 of 12,000 tokens"))
    for figure in page.figures {
      let full = try #require(figure.method("full")?.settings.first)
      for tokens in full.tokens { #expect(tokens.correct * 100 >= tokens.total * 99, "\(tokens)") }
    }
  }

  @Test func `EQB-7 seeds give least, median and most, one seed Wilson's interval`() {
    func fraction(_ correct: Int) -> Fraction { Fraction(correct: correct, total: 100) }
    #expect(BudgetPage.spread([]) == "–")
    #expect(BudgetPage.spread([fraction(50)]) == "50.00% [40.38%, 59.61%]")
    #expect(BudgetPage.spread([fraction(10), fraction(20), fraction(90)]) == "10.00%, 20.00%, 90.00%")
    #expect(BudgetPage.spread([fraction(10), fraction(90)]) == "10.00%, 10.00%, 90.00%")
  }

  @Test func `EQB-9 a plot can be read without colour, and aloud`() throws {
    for plot in try page().plots {
      let source = plot.source
      #expect(source.contains("role=\"img\"") && source.contains("<title id=\"title\">"))
      #expect(source.contains("<desc id=\"description\">") && source.contains("prefers-color-scheme: dark"))
      // Every line has its name in words, a dash of its group and a marker of its own.
      let names = source.matches(of: /<g class="c\d"><title>([^<]+)<\/title>/).map { String($0.1) }
      #expect(names.count >= 5 && Set(names).count == names.count)
      for name in names { #expect(source.contains(">\(name)</text>") && source.contains("\(name): "), "\(name)") }
    }
  }
}
