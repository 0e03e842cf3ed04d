// `loma report merge|render`: merges the shards of a run, and writes all reports of a run (RUN-22…RUN-26).

import LoMACatalogue
import LoMAConformance
import LoMAExplanation
import LoMAPeers
import LoMAPeersCatalogue
import LoMAProcess
import LoMASuite

let reportHelp = """
  loma report merge A.jsonl B.jsonl … --output DIR
  loma report render RESULTS.jsonl --output DIR

  merge joins the results of all shards of one run and writes what the run without shards would have written. It refuses
  results of different candidates, vectors or filters, a shard that is missing or given twice, and incomplete files.

  render writes the reports of one file of results again.

  Both write into DIR, which is made if it does not exist:
    results.jsonl            one line per unit, after a header and before a footer
    report.json              the same with a summary and claims; Spec/schemas/report.schema.json is its schema
    junit.xml                for programs that read JUnit's XML
    report.html              one page that loads nothing: why units are wrong, with masks and heat maps; claims, units
    badge.json               for shields.io

  """

func report(_ words: [String]) throws -> Outcome {
  guard let action = words.first, ["merge", "render"].contains(action) else {
    throw UsageError(line: "merge or render is required")
  }
  let paths = words.dropFirst().prefix { !$0.hasPrefix("--") }
  let arguments = try Arguments(
    Array(words.dropFirst(1 + paths.count)), options: [Arguments.Option(name: "--output", repeats: false)])
  guard let folder = arguments["--output"] else { throw UsageError(line: "option --output is needed") }
  if paths.isEmpty { throw UsageError(line: "a file of results is required") }
  if action == "render" && paths.count > 1 { throw UsageError(line: "render takes one file, got \(paths.count)") }
  let files = try paths.map { try ResultsFile(contentsOf: $0) }
  let run = action == "merge" ? try RunRecord(merging: files) : try files[0].rendered()
  let held = try GrowingReport(folder: folder)
  return try withExtendedLifetime(held) { try writeReports(of: run, into: folder) }
}

/// Writes all reports of a run into a folder; prints the number of units.
func writeReports(of run: RunRecord, into folder: String) throws -> Outcome {
  let page = HTMLReport(texts: { texts(ofCase: $0) })
  let files = [
    ("results.jsonl", run.lines), ("report.json", JSONReport().draw(run)), ("junit.xml", JUnitReport().draw(run)),
    ("report.html", page.draw(run)), ("badge.json", Badge().draw(run)),
  ]
  if let failure = OutputFiles.write(files.map { ($0.0, Array($0.1.utf8)) }, into: folder) {
    throw CannotWrite(path: failure.path, reason: failure.reason)
  }
  return Outcome(output: "\(run.results.count) units: \(files.map { $0.0 }.joined(separator: ", ")) in \(folder)\n")
}

extension Outcome {
  /// Does what may fail once the verdicts are known. Whatever fails, and each scratch folder that could not be removed, is a
  /// complaint beside the verdicts, which no error may hide.
  mutating func finish(_ work: (inout Outcome) throws -> Void) {
    var complaints = FolderRemoval.leftovers.map { "\($0) could not be removed" }
    do { try work(&self) } catch {
      complaints.append((error as? UsageError)?.line ?? "\(error)")
      exitCode = .rejected
    }
    if !complaints.isEmpty { complaint = complaints.map { Outcome.line($0) }.joined(separator: "\n") }
  }
}

/// The error for a file that could not be written.
struct CannotWrite: Error, CustomStringConvertible {
  let path: String
  let reason: String
  var description: String { "cannot write \(path): \(reason)" }
}

/// The layout of a case's texts; nil if it has none, or more rows than a page names.
func texts(ofCase id: String) -> CaseLayout? {
  guard let item = Catalogue.item(id) else { return nil }
  if let drawing = ContextCaseDrawing(item) { return texts(of: drawing) }
  guard let drawing = CaseDrawing(item), let explanation = try? explanation(of: drawing),
    explanation.rowCount <= ExplanationLimits.json.maskRows, let batch = try? explanation.batch()
  else { return nil }
  return CaseLayout(
    caption: explanation.title, parameters: drawing.parameters, batch: batch, profile: drawing.profile)
}

/// The same of a case of chapter 16: rows are labelled by the letter of their role, their segment and their index.
private func texts(of drawing: ContextCaseDrawing) -> CaseLayout? {
  guard let explanation = try? explanation(of: drawing), explanation.rowCount <= ExplanationLimits.json.maskRows,
    let batch = try? drawing.batch()
  else { return nil }
  @Sendable func label(_ place: ContextPlace) -> String {
    guard let segment = place.segment, let index = place.index else { return String(place.role.letter) }
    return "\(place.role.letter)\(segment).\(index)"
  }
  // Tokens that are generated stand at the end of the final segment.
  let segments = drawing.texts[0].segments
  @Sendable func token(_ number: Int) -> String? {
    var rest = number
    for (segment, tokens) in segments.enumerated() {
      if rest < tokens.count || segment == segments.count - 1 {
        return label(.text(segment: segment, index: rest))
      }
      rest -= tokens.count
    }
    return nil
  }
  let masks = batch.texts.indices.map { batch.mask($0) }
  return CaseLayout(
    caption: explanation.title,
    texts: batch.texts.map { rows in rows.map { .init(text: label($0.place), isPad: $0.place == .pad) } },
    token: token, sees: { masks[$0].rule(query: $1, key: $2).isVisible })
}
