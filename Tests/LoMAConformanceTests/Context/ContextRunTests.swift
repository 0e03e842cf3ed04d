// CCM-30, RUN-20…RUN-25: the recorded vectors of part II as the runner reads them, and what a run on them leaves behind.

import Foundation
import LoMAPeers
import LoMAProcess
import LoMAVectors
import Testing
@testable import LoMAJudgement

@testable import LoMAConformance

@Suite("Chapter 16: runs on the vectors of part II")
struct ContextRunTests {
  private static let shared = Result { () throws(CorpusError) in try CaseCorpus(folder: Recorded.folder + "/peers") }

  @Test func `CCM-30 every recorded answer of part II, rounded once to what is asked, is right`() throws {
    let corpus = try Self.shared.get()
    let bounds = try CalibratedBounds(of: corpus)
    #expect(corpus.part == .peers && corpus.cases.count > 200)
    for item in corpus.cases {
      guard case .tensors(_, let rules) = item.answer else { continue }
      let recorded = try corpus.expected(of: item)
      for dtype in item.dtypes {
        let answer = try rules.map { rule in
          let array = try #require(recorded.first { $0.name == rule.name })
          guard array.elementType == .f64, let type = ElementType(rawValue: dtype.uppercased()) else { return array }
          return try NamedArray(array.name, type, shape: array.shape, doubles: try array.doubles())
        }
        let result = try corpus.judge(item, dtype: dtype, replies: [.tensors(answer)], bounds: bounds)
        #expect(result.verdict == .pass, "\(item.id) \(dtype): \(result.why) \(String(describing: result.finding))")
        #expect(result.tensors.map(\.name) == rules.map(\.name))
      }
    }
    for file in corpus.models.flatMap(\.files) { _ = try corpus.contents(of: file) }
  }

  @Test func `CCM-36 every property case holds for a candidate that has it`() throws {
    let corpus = try Self.shared.get()
    var seen: Set<Property> = []
    for item in corpus.cases where item.op.method == .context {
      guard case .property(let property) = item.answer else { continue }
      seen.insert(property)
      let candidate = ContextMeanCandidate(dtype: "f64", elsewhere: { _ in 0 })
      let replies = try corpus.questions(of: item, dtype: "f64").enumerated().map { place, question in
        Reply.tensors(try candidate.answer(question, of: item, place))
      }
      let result = try corpus.judge(item, dtype: "f64", replies: replies, bounds: .provisional)
      #expect(result.verdict == .pass, "\(item.id): \(result.why) \(String(describing: result.finding))")
    }
    #expect(seen == [.online, .inert, .interference, .gate, .batch, .repeat])
  }

  @Test func `RUN-20 a run on part II says so, and lists no operation of part I`() throws {
    let hello = JSONObject([
      .init("protocol", .integer(1)), .init("name", .string("port")), .init("version", .string("1")),
      .init("ops", .strings(["layout", "ccm_mask", "merge", "of-its-own"])), .init("dtypes", .strings(["f32"])),
    ])
    let declaration = try Declaration(hello)
    #expect(CandidateRecord(declaration, part: .peers, command: []).ops == ["ccm_mask", "merge", "of-its-own"])
    #expect(CandidateRecord(declaration, part: .loma, command: []).ops == ["layout", "of-its-own"])
    var run = SampleRun.run(units: 3)
    #expect(run.header.part == .loma && RunHeader.filters(of: .loma).isEmpty)
    #expect(run.header.replay(run.results[0]).hasPrefix("loma conform --only "))
    #expect(Badge().draw(run).contains(#""LoMA 0.1""#))
    run.header.filters = JSONObject(RunHeader.filters(of: .peers).map { .init($0.name, .string($0.value)) })
    #expect(run.header.part == .peers)
    #expect(run.header.replay(run.results[0]).hasPrefix("loma conform --vectors Vectors/peers --only "))
    #expect(Badge().draw(run).contains(#""LoMA peers 0.1""#))
    // What is written is read again.
    let again = try ResultsFile(decoding: Array(run.lines.utf8), path: "results.jsonl")
    #expect(again.header == run.header)
  }

  @Test func `RUN-5 a port that declares one part is asked nothing of the other`() throws {
    let hello = JSONObject([
      .init("protocol", .integer(1)), .init("name", .string("port")), .init("version", .string("1")),
      .init("ops", .strings(PeerOperation.allCases.map(\.rawValue))), .init("dtypes", .strings(NumberType.words)),
      .init("profiles", .string("any")),
    ])
    let declaration = try Declaration(hello)
    for (corpus, isAsked) in [(try Self.shared.get(), true), (try Recorded.corpus(), false)] {
      for item in corpus.cases {
        for question in try corpus.questions(of: item, dtype: item.dtypes[0]) {
          let why = declaration.refusal(of: question, isRejection: item.level == .rejection)
          #expect((why == nil) == isAsked, "\(item.id): \(why ?? "")")
        }
      }
    }
  }

  @Test func `RUN-7 a model with an adapter in it is copied with its folder`() throws {
    let corpus = try Self.shared.get()
    let scratch = try Scratch(keep: nil)
    defer { _ = scratch.removeAll() }
    let model = try #require(corpus.models.first)
    try scratch.copy(model: model.path, from: corpus)
    #expect(model.files.contains { $0.path.hasSuffix("/adapter/adapter_model.safetensors") })
    for file in model.files {
      let bytes = try Data(contentsOf: URL(fileURLWithPath: scratch.path + "/" + file.path))
      #expect(SHA256.hexDigest(of: Array(bytes)) == file.sha256)
    }
  }
}
