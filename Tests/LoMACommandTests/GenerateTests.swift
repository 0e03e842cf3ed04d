// `loma generate` against the training layout, which knows no cache, and against a sampling written another way.

import Foundation
import LoMA
import NaiveLlama
import Testing

@testable import LoMACommand

@Suite("loma generate")
struct GenerateTests {
  private let prompt = "Hello, LoMA!"

  /// What the command says of tokens chosen after the prompt; c = t = 2, two layers, two KV heads of dimension 4, F64.
  private func said(_ chosen: [Int], fed: Int) -> Outcome {
    let entries = fed / 4 * 2 + fed % 4
    return Outcome(
      output: """
        tokens \(joined(chosen))
        text   \(quoted(String(decoding: chosen.map { UInt8($0) }, as: UTF8.self)))
        cache  \(entries) entries (\(entries * 2 * 2 * 2 * 4 * 8) bytes) for \(fed) text tokens fed

        """)
  }

  private func generate(_ directory: String, _ more: String, prompt: String? = nil) -> Outcome {
    command(
      ["generate", "--model", directory, "--string", prompt ?? self.prompt]
        + more.split(separator: " ").map(String.init))
  }

  @Test func `GEN-5 GEN-7 the greedy text is the layout's, whatever pass length and threads`() throws {
    let model = try ByteModel()
    let expected = try model.continued(bytes(prompt), 14, choosing: best)
    #expect(Set(expected).count > 3)
    try model.onDisk { directory in
      for more in ["", " --threads 1", " --threads 2", " --pass-length 1", " --pass-length 3", " --pass-length 1000"] {
        #expect(generate(directory, "--generate 14" + more) == said(expected, fed: 25))
      }
      let ids = command("generate --model \(directory) --generate 14 --tokens \(joined(bytes(prompt)))")
      #expect(ids == said(expected, fed: 25))
      try Data(prompt.utf8).write(to: URL(fileURLWithPath: directory + ".txt"))
      defer { try? FileManager.default.removeItem(atPath: directory + ".txt") }
      #expect(command("generate --model \(directory) --generate 14 --file \(directory).txt") == said(expected, fed: 25))
      #expect(generate(directory, "--generate 0") == said([], fed: 12))
      #expect(generate(directory, "--generate 1") == said(Array(expected.prefix(1)), fed: 12))
    }
  }

  @Test func `GEN-5 c, t and the profile given on the command line take the place of the checkpoint's`() throws {
    var model = try ByteModel()
    model.profile = try Profile(name: "numbering=sequential,memory_context=own_chunk")
    let expected = try model.continued(bytes(prompt), 9, choosing: best)
    try ByteModel().onDisk { directory in
      #expect(generate(directory, "--generate 9 --profile \(model.profile.name)") == said(expected, fed: 20))
      let other = generate(directory, "--generate 9 --c 3 --t 1")
      #expect(other.output.hasSuffix("for 20 text tokens fed\n"))
      #expect(other.output.contains("cache  8 entries"))
    }
  }

  /// The ranking by repeated search for the best, the cuts and the draw, as the doc comment of `Sampling` says.
  private func drawn(
    _ scores: [Double], _ numbers: inout SeededNumbers, temperature: Double, topK: Int, topP: Double
  ) -> Int {
    var left = Array(0..<256)
    var ranked: [(id: Int, weight: Double)] = []
    let largest = scores[best(scores)]
    for _ in 0..<min(topK, 256) {
      let next = left.reduce(left[0]) { scores[$1] > scores[$0] ? $1 : $0 }
      left.removeAll { $0 == next }
      ranked.append((next, Elementary.exponential((scores[next] - largest) / temperature)))
    }
    let whole = ranked.reduce(0.0) { $0 + $1.weight }
    var kept = 1
    while ranked[..<kept].reduce(0.0, { $0 + $1.weight }) < topP * whole { kept += 1 }
    let target = numbers.unitInterval() * ranked[..<kept].reduce(0.0) { $0 + $1.weight }
    let place = (1...kept).first { count in ranked[..<count].reduce(0.0) { $0 + $1.weight } > target }
    return ranked[(place ?? kept) - 1].id
  }

  @Test(arguments: [
    (1.0, 256, 1.0, 0), (0.7, 5, 1.0, 7), (1.5, 256, 0.5, 7), (2.0, 20, 0.8, 12_345), (0.01, 256, 1.0, 3),
  ])
  func `GEN-5 sampling is reproducible and obeys temperature, top-k and top-p`(
    temperature: Double, topK: Int, topP: Double, seed: Int
  ) throws {
    let model = try ByteModel()
    var numbers = SeededNumbers(seed: UInt64(seed))
    let expected = try model.continued(bytes(prompt), 9) {
      drawn($0, &numbers, temperature: temperature, topK: topK, topP: topP)
    }
    try model.onDisk { directory in
      var more = "--generate 9 --temperature \(temperature) --seed \(seed)"
      if topK < 256 { more += " --top-k \(topK)" }
      if topP < 1 { more += " --top-p \(topP)" }
      #expect(generate(directory, more) == said(expected, fed: 20))
      #expect(generate(directory, more + " --pass-length 1 --threads 2") == said(expected, fed: 20))
      if temperature > 1 {
        #expect(generate(directory, more.replacing("--seed \(seed)", with: "--seed 1")) != said(expected, fed: 20))
      }
    }
  }

  @Test func `GEN-5 top-k 1 is greedy, and without a seed the seed is 0`() throws {
    let model = try ByteModel()
    try model.onDisk { directory in
      let greedy = generate(directory, "--generate 9")
      #expect(generate(directory, "--generate 9 --temperature 3 --top-k 1 --seed 8") == greedy)
      #expect(
        generate(directory, "--generate 9 --temperature 3")
          == generate(directory, "--generate 9 --temperature 3 --seed 0"))
    }
  }

  @Test func `GEN-5 the stop token ends the text and is its last`() throws {
    let model = try ByteModel()
    let greedy = try model.continued(bytes(prompt), 14, choosing: best)
    let stop = greedy[5]
    let place = try #require(greedy.firstIndex(of: stop))
    try model.onDisk { directory in
      #expect(
        generate(directory, "--generate 14 --stop \(stop)") == said(Array(greedy[...place]), fed: 12 + place))
      let never = try #require((0..<256).first { !greedy.contains($0) })
      #expect(generate(directory, "--generate 14 --stop \(never)") == said(greedy, fed: 25))
      for id in [256, 258, -1] {
        #expect(
          generate(directory, "--generate 1 --stop \(id)").complaint
            == "loma: generate: option --stop takes a text token in 0..<256, not \(id); see loma generate --help")
      }
    }
  }

  @Test func `GEN-5 special and reserved ids are never chosen, however high they score`() throws {
    var model = try ByteModel()
    let text = bytes(prompt)
    let head = "lm_head.weight"
    // Ids from 256 on score a hundred times what the best text ids do, and their opposites likewise.
    for id in 256..<260 {
      for i in 0..<8 { model.weights.tensors[head]?[id, i] = (id % 2 == 0 ? 100 : -100) * (i == 0 ? 1 : 0) }
    }
    var suppressed = 0
    let expected = try model.continued(text, 12) { scores in
      if (scores[256...].max() ?? 0) > scores[best(scores)] { suppressed += 1 }
      return best(scores)
    }
    #expect(suppressed >= 11)
    try model.onDisk { directory in
      #expect(generate(directory, "--generate 12") == said(expected, fed: 23))
      for seed in 0..<5 {
        let output = generate(directory, "--generate 12 --temperature 50 --seed \(seed)").output
        let ids = output.split(separator: "\n")[0].dropFirst(7).split(separator: ",").compactMap { Int($0) }
        #expect(ids.count == 12)
        #expect(ids.allSatisfy { $0 < 256 })
      }
    }
  }

  @Test func `GEN-5 D-11 of equal scores the lowest id is chosen`() throws {
    var model = try ByteModel()
    let rows = try #require(model.weights.tensors["lm_head.weight"])
    // Every second id shares its row with the one before it; then all of them share one.
    for id in 0..<256 {
      for i in 0..<8 { model.weights.tensors["lm_head.weight"]?[id, i] = rows[id / 2 * 2, i] }
    }
    let expected = try model.continued(bytes(prompt), 12, choosing: best)
    #expect(expected.allSatisfy { $0 % 2 == 0 })
    try model.onDisk { #expect(generate($0, "--generate 12") == said(expected, fed: 23)) }
    for id in 0..<256 {
      for i in 0..<8 { model.weights.tensors["lm_head.weight"]?[id, i] = rows[0, i] }
    }
    try model.onDisk { directory in
      #expect(generate(directory, "--generate 3") == said([0, 0, 0], fed: 14))
      // Equal scores are ranked by rising id, so two ranks are ids 0 and 1.
      let drawn = generate(directory, "--generate 40 --temperature 1 --top-k 2 --seed 4").output
      let ids = drawn.split(separator: "\n")[0].dropFirst(7).split(separator: ",").compactMap { Int($0) }
      #expect(Set(ids) == [0, 1])
    }
  }
}
