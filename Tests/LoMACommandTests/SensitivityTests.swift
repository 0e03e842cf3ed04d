// The suite catches every mistake of its catalogue; TOL-1 judges them as it judges a candidate.

import Foundation
import LoMAVectors
import Testing

@testable import LoMAAnswers
@testable import LoMACommand
@testable import LoMAConformance
@testable import LoMADiagnosis
@testable import LoMAJudgement
@testable import LoMAMutants

@Suite("Sensitivity")
struct SensitivityTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  private static let vectors = root.appendingPathComponent("Vectors").path
  private static let threads = ProcessInfo.processInfo.activeProcessorCount

  private func sensitivity(
    _ dtypes: [String], of part: Part = .loma, passing: (StoredCase) -> Bool = { _ in true }
  ) throws -> Sensitivity {
    let vectors = Self.vectors + (part == .loma ? "" : "/" + part.rawValue)
    let corpus = try CaseCorpus(folder: vectors)
    let judged = try JudgedUnits(corpus, bounds: try CalibratedBounds(of: corpus), dtypes: dtypes, passing: passing)
    return Sensitivity(units: judged.units, models: try StoredModels(vectors: vectors), threads: Self.threads)
  }

  @Test(arguments: [(Part.loma, 60), (.peers, 85)])
  func `TOL-1 every mutant dies in every element type by four times a bound`(_ part: Part, atLeast count: Int) throws {
    let matrix = try sensitivity(KillMatrix.dtypes, of: part).deaths(of: Mutant.all(of: part))
    for survivor in matrix.survivors {
      Issue.record("\(survivor.mutant.id) survives in \(survivor.dtype) with margin \(survivor.margin)")
    }
    #expect(matrix.lines.count >= count)
  }

  @Test func `TOL-1 the reference as a port needs at most half of every bound`() throws {
    for (unit, verdict) in try sensitivity(KillMatrix.dtypes).headroom() {
      #expect(!verdict.fails && verdict.margin <= 0.5, "\(unit.id) in \(unit.dtype): \(verdict.margin)")
    }
  }

  @Test func `TOL-1 an equivalent mutant answers every case of its profile as the reference does`() throws {
    let corpus = try CaseCorpus(folder: Self.vectors)
    let models = try StoredModels(vectors: Self.vectors)
    let right = ReferenceCandidate(port: nil, models: models)
    for equivalent in Mutant.equivalents {
      let cases = corpus.cases.filter { $0.profileName == equivalent.profile && $0.level != .property }
      #expect(!cases.isEmpty, "\(equivalent.profile)")
      let mutant = try #require(Mutant.all.first { $0.id == equivalent.mutant })
      let wrong = ReferenceCandidate(port: mutant.deviation, models: models)
      for item in cases {
        let dtype = item.dtypes.contains("i64") ? "i64" : "f64"
        let request = try Request(try #require(try corpus.questions(of: item, dtype: dtype).first))
        guard case .tensors(let a) = right.respond(to: request, dtype: dtype),
          case .tensors(let b) = wrong.respond(to: request, dtype: dtype)
        else { continue }
        #expect(a == b, "\(mutant.id): \(item.id)")
      }
    }
  }

  @Test func `OPS-7 every case kills a mutant or serves a clause that no other serves`() throws {
    let corpus = try CaseCorpus(folder: Self.vectors)
    var serving: [String: Int] = [:]
    for clause in corpus.cases.flatMap(\.clauses) { serving[clause, default: 0] += 1 }
    let harmless = try sensitivity(["f32"]).harmlessCases(to: Mutant.all)
    let idle = corpus.cases.filter { item in
      harmless.contains(item.id) && item.clauses.allSatisfy { serving[$0] != 1 }
    }
    #expect(idle.map(\.id) == [])
  }

  @Test func `the page lists the catalogue's mutants, and families have three at least`() throws {
    let page = try String(
      contentsOf: Self.root.appendingPathComponent("Docs/Sensitivity.md"), encoding: .utf8)
    let listed = page.split(separator: "\n").filter { $0.hasPrefix("| M") }.map { line in
      line.split(separator: "|").prefix(2).map { $0.trimmingCharacters(in: .whitespaces) }
    }
    let known = Mutant.all.map { [$0.id, $0.sentence] }
    #expect(listed.sorted { $0[0] < $1[0] } == known, "stale: loma sensitivity --output Docs/Sensitivity.md")
    #expect(Set(Mutant.all.map(\.id)).count == Mutant.all.count)
    let everyPart = Part.allCases.flatMap { Mutant.all(of: $0) }
    for family in Mutant.Family.allCases {
      #expect(everyPart.count { $0.family == family } >= 3, "\(family.rawValue)")
    }
  }

  @Test func `the page of part II lists its mutants`() throws {
    let page = try String(
      contentsOf: Self.root.appendingPathComponent("Docs/PeerSensitivity.md"), encoding: .utf8)
    let listed = page.split(separator: "\n").filter { line in ["| C", "| L", "| B"].contains { line.hasPrefix($0) } }
      .map { line in
        line.split(separator: "|").prefix(2).map { $0.trimmingCharacters(in: .whitespaces) }
      }
    let known = Mutant.all(of: .peers).map { [$0.id, $0.sentence] }.sorted { $0[0] < $1[0] }
    #expect(
      listed.sorted { $0[0] < $1[0] } == known,
      "stale: loma sensitivity --vectors Vectors/peers --output Docs/PeerSensitivity.md")
    #expect(Set(known.map { $0[0] }).count == known.count)
  }

  @Test func `one mutant is listed with what kills it`() {
    let outcome = loma("sensitivity --mutant M024 --dtype f32")
    #expect(outcome.exitCode == .fine)
    #expect(outcome.output.contains("M024") && outcome.output.contains("structure.layout.c2-t2-n4"))
    #expect(loma("sensitivity --mutant M999").complaint?.contains("no mutant is called 'M999'") == true)
    #expect(loma("sensitivity --dtype f8").complaint?.contains("option --dtype takes one of f64") == true)
    #expect(loma("sensitivity --mutant M024 --output x").complaint?.contains("excludes --mutant") == true)
  }
}
