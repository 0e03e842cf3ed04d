// Docs/Observability.md is what the catalogue computes, and nothing goes unnoticed.

import Foundation
import LoMAReference
import LoMASuite
import Testing

@Suite("11 Operations: observability")
struct ObservabilityTests {
  @Test func `OPS-2 every hyperparameter and kind of mask cell is observable in f32`() throws {
    let observability = try Observability(workers: Workers(threads: ProcessInfo.processInfo.activeProcessorCount))
    let changes = Change.all
    let noticed = observability.notice(changes)
    let text = ObservabilityPage.text(zip(changes, noticed).map { (change: $0, noticed: $1) })
    for (change, noticed) in zip(changes, noticed) { #expect(!noticed.f32.isEmpty, "\(change.id)") }
    #expect(Set(changes.map(\.id)).count == changes.count, "ids are unique")

    let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Docs/Observability.md")
    if ProcessInfo.processInfo.environment["LOMA_UPDATE_OBSERVABILITY"] != nil {
      try Data(text.utf8).write(to: page)
    }
    #expect(
      try String(contentsOf: page, encoding: .utf8) == text, "stale: LOMA_UPDATE_OBSERVABILITY=1 rewrites the page")
  }
}
