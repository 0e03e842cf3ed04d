// What is said at the end of a run of all wrong answers together: who is behind them, or what they share.

import Foundation
import LoMAVectors
import Testing

@testable import LoMAAnswers
@testable import LoMACommand
@testable import LoMAConformance
@testable import LoMADiagnosis
@testable import LoMAJudgement

@Suite("Diagnosis of a run")
struct CulpritTests {
  private let cases: DiagnosedCases

  init() throws { cases = try DiagnosedCases() }

  /// What is said of a port's answers to some cases, as of a run of its own.
  private func said(
    asking isAsked: (StoredCase) -> Bool = DiagnosedCases.isTelling, traces: Bool = false,
    _ reply: @escaping (Question) -> Reply
  ) throws -> (culprits: Culprits, lines: [String]) {
    let cases = try DiagnosedCases()
    let results = try cases.results(asking: isAsked, traces: traces, reply)
    return (cases.conform.culprits(results, threads: 2).0, cases.conform.lines(results, threads: 2))
  }

  private func named(_ culprit: Culprit) -> [String] {
    culprit.suspects.map { $0.profile ?? String($0.words.prefix(4)) }
  }

  /// One mistake of each kind of answer; more with LOMA_EVERY_PAIR set. check_diagnosis.py asks every mutant, as a process.
  private static let mistakes =
    ["M003", "M054", "M098", "M125", "M164", "memory_attention=causal,numbering=sequential"]
    + (ProcessInfo.processInfo.environment["LOMA_EVERY_PAIR"] == nil ? [] : ["M033", "M060", "M112", "M139", "M151"])

  @Test(arguments: mistakes)
  func `RUN-30 who answers wrongly is named from all answers together, and once`(_ mutant: String) throws {
    // Not this one of M098: the bounds there are those of the right cells, whose angles are slower than the mistake's.
    let isReproduced = { (item: StoredCase) in mutant != "M098" || item.id != "stage.rope.llama3-head128" }
    let (culprits, lines) = try said(
      asking: { DiagnosedCases.isTelling($0) && isReproduced($0) },
      PortInProcess(mutant: mutant, models: cases.models).reply)
    #expect(culprits.named.count == 1 && culprits.open.isEmpty, "\(lines)")
    let found = try #require(culprits.named.first)
    let named = named(found)
    if mutant.contains("=") {
      #expect(named.first.map { Set($0.split(separator: ",")) } == Set(mutant.split(separator: ",")), "\(named)")
    } else {
      #expect(named.contains(mutant), "\(named)")
      #expect(named.first == (mutant == "M054" ? "memory_attention=causal" : mutant), "\(named)")
    }
    #expect(found.contradicted == 0 && found.explained == found.wrong, "\(lines)")
    #expect(lines.first?.hasPrefix("most likely: ") == true)
  }

  /// The lower level first; M012 shows in rows, M093 in a norm, M103 in attention, M162 in an optimiser's step. With
  /// LOMA_EVERY_PAIR set two of one level too.
  private static let pairs: [([String], [Level])] =
    [(["M012", "M093"], [.structure, .stage]), (["M103", "M162"], [.stage, .training])]
    + (ProcessInfo.processInfo.environment["LOMA_EVERY_PAIR"] == nil ? [] : [(["M103", "M093"], [.stage, .stage])])

  @Test(arguments: pairs)
  func `RUN-30 two mistakes at once have two names`(_ mutants: [String], _ levels: [Level]) throws {
    let port = PortInProcess(mutant: mutants.joined(separator: ","), models: cases.models)
    let (culprits, lines) = try said(port.reply)
    #expect(culprits.named.map(\.level) == levels, "\(lines)")
    #expect(culprits.named.map { named($0).first } == mutants, "\(lines)")
    #expect(culprits.named.last?.explained == culprits.named.last?.wrong && culprits.open.isEmpty)
    #expect(lines.count == 2 && lines[1].hasPrefix("and most likely: \(mutants[1]): "))
  }

  @Test func `RUN-30 two mistakes that show in the same answers only are found together`() throws {
    let port = PortInProcess(mutant: "M032,M105", models: cases.models)
    let (culprits, lines) = try said(asking: { $0.id.hasPrefix("model.forward.") }, port.reply)
    #expect(Set(culprits.named.compactMap { named($0).first }) == ["M032", "M105"], "\(lines)")
  }

  @Test func `RUN-30 a run in which nothing is wrong by more than a rounding says only that`() throws {
    let right = PortInProcess(mutant: nil, models: cases.models)
    let bound = CalibratedBounds.provisional.generalBound(of: "gradients.x", op: "gradients", dtype: "f32")
    let (culprits, lines) = try said(asking: { $0.op == .gradients }) { question in
      right.reply(to: question).changing { name, values in
        guard name.hasSuffix("lm_head.weight"), let largest = values.map(\.magnitude).max(), largest > 0 else {
          return values
        }
        return [values[0] + 1.4 * bound * largest] + values.dropFirst()
      }
    }
    #expect(culprits.named.isEmpty && culprits.open.isEmpty)
    #expect(lines.count == 1 && lines[0].hasPrefix("every wrong answer is below 2 x its bound, the worst 1."))
    #expect(lines[0].hasSuffix(" x: a rounding may do that"))
  }

  @Test func `RUN-30 one wrong answer at each of two levels is enough`() throws {
    func witness(_ id: String, wrong: Bool) throws -> Witness {
      let item = try #require(cases.corpus.cases.first { $0.id == id })
      return Witness(
        request: try Request(try #require(try cases.corpus.questions(of: item, dtype: "f32").first)), type: .f32,
        level: item.level, excess: 5, distance: { _ in 0.5 }, isRight: { _ in !wrong })
    }
    func named(_ wrong: [Witness]) -> [Culprit] {
      Diagnosis(models: cases.models).culprits(wrong: wrong, right: [], threads: 1).named
    }
    let stage = try witness("stage.rope.half-split", wrong: true)
    let model = try witness("model.forward.gqa.c2-t2", wrong: true)
    #expect(named([stage, model]).first.map { [$0.explained, $0.wrong] } == [2, 2])
    // Nobody behind the one is behind the other: one alone is little.
    #expect(named([stage, try witness("model.forward.gqa.c2-t2", wrong: false)]).isEmpty)
  }

  @Test func `RUN-30 the wrong rejections that are met most are said`() throws {
    let item = try #require(cases.corpus.cases.first { $0.level == .rejection && $0.op == .forward })
    let results = try ["c-below-one", "t-below-one", "t-below-one"].map { code in
      try cases.corpus.judge(item, dtype: "i64", replies: [.rejection(code: code)], bounds: .provisional)
    }
    let lines = cases.conform.lines(results, threads: 1)
    #expect(lines.count == 2, "\(lines)")
    #expect(lines.first?.hasPrefix("rejection: rejected with t-below-one, right is ") == true, "\(lines)")
    #expect(lines.first?.hasSuffix(", in 2 of 3 wrong rejections") == true, "\(lines)")
  }

  @Test func `RUN-30 whose answer is right where the candidate's is wrong is never named`() throws {
    let item = try #require(cases.corpus.cases.first { $0.id == "stage.rope.half-split" })
    let request = try Request(try #require(try cases.corpus.questions(of: item, dtype: "f32").first))
    func named(right: Bool) -> [Culprit] {
      let witness = Witness(
        request: request, type: .f32, level: .stage, excess: 5, distance: { _ in 0.5 }, isRight: { _ in right })
      return Diagnosis(models: cases.models).culprits(wrong: [witness, witness], right: [], threads: 1).named
    }
    #expect(named(right: true).isEmpty && !named(right: false).isEmpty)
  }

  @Test func `RUN-30 a mistake that nobody knows is not named, and its first stage is`() throws {
    let port = PortInProcess(mutant: nil, models: cases.models)
    let (culprits, lines) = try said(asking: { $0.id.hasPrefix("model.loss.gqa") }, traces: true) { question in
      port.reply(to: question).changing { name, values in
        name.contains("attention.value") || question.op == .loss ? values.map { $0 + 1 } : values
      }
    }
    #expect(culprits.named.isEmpty && culprits.open == [.model], "\(lines)")
    let count = cases.corpus.cases.count { $0.id.hasPrefix("model.loss.gqa") }
    #expect(
      lines.contains(
        "model: the first stage that diverges is layers.0.attention.value in \(count) of \(count) cases"), "\(lines)")
  }

  @Test func `RUN-30 the pair of rows that all wrong masks share is said with its clause`() throws {
    let port = PortInProcess(mutant: nil, models: cases.models)
    func lines(toggling cell: @escaping (_ rows: Int) -> Int) throws -> [String] {
      try said(asking: { $0.id.hasPrefix("structure.mask.c2-t2-n") && !$0.id.contains("generation") }) { question in
        guard case .tensors(let arrays) = port.reply(to: question), let mask = arrays.first,
          var cells = try? mask.booleans(), mask.shape[1] > 7
        else { return port.reply(to: question) }
        cells[cell(mask.shape[1])].toggle()
        return (try? NamedArray("mask", shape: mask.shape, booleans: cells)).map { .tensors([$0]) } ?? .tensors([])
      }.lines
    }
    // Rows 4 and 5 are the memory of the first chunk, row 6 its first repetition row.
    let one = try lines { 5 * $0 + 2 }
    #expect(one.count == 1 && one[0].hasPrefix("structure: in "), "\(one)")
    #expect(
      one[0].hasSuffix(" wrong masks memory 1 of chunk 0 does not see reading 2 of chunk 0, which MSK-4 shows it"))
    let several = try lines { 4 * $0 + $0 % 4 }
    let clause = " wrong masks a memory row does not see a row that MSK-4 shows it; in structure.mask.c2-t2-n"
    #expect(several.first?.contains(clause) == true, "\(several)")
  }

  @Test func `RUN-30 answers that are the right ones times a number say so`() throws {
    let port = PortInProcess(mutant: nil, models: cases.models)
    let results = try cases.results(asking: { $0.id.hasPrefix("training.gradients.gqa") }, traces: true) { question in
      question.op == .gradients
        ? port.reply(to: question).changing { _, values in values.map { $0 * 0.31 } } : port.reply(to: question)
    }
    #expect(results.allSatisfy { $0.diagnosis.contains("all 21 tensors are 0.31 x the right ones") })
    let lines = cases.conform.lines(results, threads: 2)
    let count = results.count
    #expect(
      lines == [
        "training: every stage of the forward pass is right in \(count) of \(count) cases: what is wrong comes behind it",
        "training: gradients: all 21 tensors are 0.31 x the right ones in \(count) of \(count) cases",
      ])
  }

  @Test func `RUN-30 the last wrong gradient in the order of the forward pass is named`() throws {
    let port = PortInProcess(mutant: nil, models: cases.models)
    let before = ["embed_tokens", "layers.0.", "layers.1.input_layernorm", "layers.1.self_attn.k_proj"]
    let results = try cases.results(asking: { $0.id.hasPrefix("training.gradients.gqa") }, traces: false) { question in
      port.reply(to: question).changing { name, values in
        before.contains { name.contains($0) } ? values.enumerated().map { $1 + 1 + Double($0 % 3) } : values
      }
    }
    let why =
      "gradients.model.layers.1.self_attn.k_proj.weight, the last in the order of the forward pass, and 11 more are wrong"
    #expect(results.allSatisfy { $0.why == why }, "\(results.map(\.why))")
    let count = results.count
    #expect(
      cases.conform.lines(results, threads: 2) == [
        "training: gradients: the last wrong one in the order of the forward pass is layers.1.self_attn.k_proj "
          + "in \(count) of \(count) cases"
      ])
  }

  @Test func `RUN-30 a profile that explains everything is proposed`() throws {
    let port = PortInProcess(mutant: "memory_context=own_chunk", models: cases.models)
    let lines = try said(port.reply).lines
    #expect(lines.first?.hasPrefix("most likely: the reference with memory_context = own_chunk") == true)
    #expect(
      lines.last?.hasPrefix("every wrong answer that was looked into follows the profile memory_context=own") == true)
  }
}
