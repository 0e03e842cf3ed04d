// OWN-8, RUN-9: how long a port of one's own may take, and what else follows from timing one layer.

import Foundation
import LoMAConformance
import LoMAJudgement
import LoMAModels
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMAOwnModel
@testable import LoMAOwnRun

@Suite("OWN: limits and estimates")
struct DeadlineTests {
  private func choices(_ types: [ElementType]?, _ naming: OwnNaming = .axes) -> OwnChoices {
    OwnChoices(types: types, naming: naming, text: nil, crossesTiles: false, allLayers: false, seed: 1)
  }

  private func model() throws -> LoadedModel {
    try LoadedModel(directory: RunBench.models + "/text-c4", choices: LoMAChoices())
  }

  @Test func `OWN-8 a question has five minutes and twenty passes of the reference, the first one three times as long`()
    throws
  {
    #expect(OwnEstimate.deadline(passSeconds: 0) == 300)
    #expect(OwnEstimate.deadline(passSeconds: 40) == 1100)
    let estimate = try OwnEstimate(try model(), choices(nil), workers: Workers(threads: 2))
    let usual = estimate.limits(timeFactor: nil, memoryLimit: nil, isStrict: false, keep: nil)
    // This model has 193,216 parameters and is passed through in less than a minute on any machine.
    #expect((10.0...50).contains(usual.timeFactor) && usual.firstFactor == 3)
    #expect(usual.memoryLimit == (8 << 30) + 8 * 193_216)
    let chosen = estimate.limits(timeFactor: 2, memoryLimit: 1 << 20, isStrict: true, keep: nil)
    #expect(chosen.timeFactor == 2 && chosen.memoryLimit == 1 << 20 && chosen.isStrict)
    let plan = try estimate.plan(declaring: ["f32"])
    let words = try estimate.words(plan, limits: chosen)
    #expect(
      words.contains("the port has 60 s for a question, 180 s for the first one, and 1 MiB of memory"), "\(words)")
    #expect(words.contains("a mistake that gets a name is looked for in smaller texts: at most "))
    #expect(try !estimate.words(plan, limits: nil).contains("the port has"))
  }

  @Test func `OWN-1 a port that has f64 only is refused, with the reason and what to do`() throws {
    let estimate = try OwnEstimate(try model(), choices(nil), workers: .single)
    #expect(throws: OwnError.noJudgedType(declared: ["f64"])) { try estimate.plan(declaring: ["f64"]) }
    let words = OwnError.noJudgedType(declared: ["f64"]).description
    #expect(words.contains("the reference itself computes in f64") && words.contains("ask the port in f32"))
    #expect(try estimate.plan(declaring: ["f64", "f16", "f32"]).types == [.f32, .f16])
    // A type that is named is taken, whatever is declared.
    #expect(try choices([.bf16]).plan(try model(), declaring: ["f64"]).types == [.bf16])
  }

  @Test func `RUN-9 the first question after hello has the longer deadline, after a restart again`() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "own-\(UUID().uuidString)").path()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Disk.real.makeFolder(folder)
    // It sleeps 4 s before each reply; a question has 3 s, the first one 60 s.
    let script = """
      n=0
      while read -r line; do case $line in
        *hello*) echo '{"loma":1,"id":0,"ok":{"protocol":1,"name":"slow","version":"1","ops":["loss"],"dtypes":["f32"]}}';;
        *stop*) exit 0;;
        *) n=$((n+1)); sleep 4; echo '{"loma":1,"id":'$n',"unsupported":{"why":"not now"}}';;
      esac; done

      """
    try Files.create(folder + "/slow.sh", with: Array(script.utf8))
    var limits = CandidateLimits(timeFactor: 0.1, memoryLimit: 1 << 30, isStrict: false, keep: nil)
    limits.firstFactor = 20
    let conversation = CandidateConversation(
      try CandidateCommand(words: ["sh", folder + "/slow.sh"], startFolder: folder, path: "/usr/bin:/bin"),
      limits: limits, specification: "1", models: .folders { _ in nil }, isInterrupted: { false })
    defer { conversation.end() }
    _ = try conversation.declaration()
    let question = Question(
      op: .loss, dtype: "f32", profile: JSONObject([]), parameters: JSONObject([]), model: nil, input: [], captures: [])
    let replies = (0..<3).map { _ in conversation.ask(question, unit: "slow", outputLimit: 1 << 20).reply }
    for (index, reply) in replies.enumerated() {
      switch (index, reply) {
      case (0, .unsupported), (2, .unsupported), (1, .failed(.timeout, _)): break
      default: Issue.record("question \(index): \(reply)")
      }
    }
  }
}
