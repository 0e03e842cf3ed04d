// `loma reconstruct`, and the mistakes that all commands on a model answer alike.

import Foundation
import LoMA
import LoMAReference
import Testing

@testable import LoMACommand

@Suite("Commands on a model")
struct ModelCommandTests {
  private let text = "Eleven byte"

  private func shown(_ tokens: [Int]) -> String { quoted(String(decoding: tokens.map { UInt8($0) }, as: UTF8.self)) }

  /// The greedy tokens of a chunk's repetition rows in the layout.
  private func reproduced(_ model: ByteModel, _ tokens: [Int], chunk: Int) throws -> [Int] {
    let logits = try model.layoutLogits(tokens)
    return try (0..<4).map { best(try #require(logits[.repetition(chunk: chunk, index: $0)])) }
  }

  @Test func `REC-1 REC-2 reconstruct shows every full chunk as the layout's repetition rows predict it`() throws {
    let model = try ByteModel()
    let tokens = bytes(text)
    let chunks = try (0..<2).map { try reproduced(model, tokens, chunk: $0) }
    let correct = zip(chunks.flatMap { $0 }, tokens).filter { $0 == $1 }.count
    let percent = Array("\(10_000 * correct / 8 + 10_000)".dropFirst())
    let expected = """
      chunk 0
        text           "Elev"
        reconstruction \(shown(chunks[0]))
      chunk 1
        text           "en b"
        reconstruction \(shown(chunks[1]))
      token repetition accuracy \(correct)/8 \(correct == 0 ? "0.00" : String(percent[0...1]) + "." + String(percent[2...]))%
      repetition accuracy 0/2 0.00%
      cache 7 entries (1792 bytes) for 11 text tokens fed

      """
    try model.onDisk { directory in
      for more in [[], ["--pass-length", "1"], ["--threads", "2"], ["--pass-length", "3"]] {
        #expect(command(["reconstruct", "--model", directory, "--string", text] + more).output == expected)
      }
      let one = command(["reconstruct", "--model", directory, "--string", text, "--chunk", "1"]).output
      #expect(one.hasPrefix("chunk 1\n  text           \"en b\"\n  reconstruction \(shown(chunks[1]))\n"))
      #expect(one.contains("token repetition accuracy ") && one.contains("/4 "))
      for chunk in [2, -1] {
        #expect(
          command(["reconstruct", "--model", directory, "--string", text, "--chunk", "\(chunk)"])
            == .rejected("no-such-chunk: chunk \(chunk) is not in 0..<2"))
      }
      #expect(
        command("reconstruct --model \(directory) --tokens 1,2,3").output == """
          token repetition accuracy none
          repetition accuracy none
          cache 3 entries (768 bytes) for 3 text tokens fed

          """)
    }
  }

  @Test func `REC-1 a chunk repeated without an error is counted`() throws {
    // Only the row of byte 120 of the head is not zero, and it scores above zero or below: both texts are tried.
    var model = try ByteModel()
    for id in 0..<260 where id != 120 {
      for i in 0..<8 { model.weights.tensors["lm_head.weight"]?[id, i] = 0 }
    }
    let tokens = [Int](repeating: 120, count: 4)
    let expected = try reproduced(model, tokens, chunk: 0)
    let correct = expected.filter { $0 == 120 }.count
    try model.onDisk { directory in
      let output = command("reconstruct --model \(directory) --string xxxx").output
      #expect(output.contains("token repetition accuracy \(correct)/4 "))
      #expect(output.contains("\nrepetition accuracy \(correct == 4 ? 1 : 0)/1 "))
    }
  }

  @Test(arguments: ["generate --generate 3", "reconstruct", "trace --output F"])
  func `every command on a model needs one, a text, and known options`(_ line: String) throws {
    let name = String(line.prefix { $0 != " " })
    func rejected(_ more: String, _ complaint: String) {
      // A mistyped word may get a suggestion behind it, and nothing else.
      let said = command(line + more).complaint?.replacing(#/ \(did you mean --[a-z-]+\?\)/#, with: "")
      #expect(said == "loma: \(name): \(complaint); see loma \(name) --help", "\(more)")
    }
    rejected(" --tokens 1", "option --model is required")
    rejected(" --modle x", "unknown option --modle")
    rejected(" --model", "option --model needs a value")
    rejected(" --model x --model y", "option --model is given twice")
    rejected(" --model x --c two", "option --c takes an integer, not 'two'")
    rejected(" x", "unexpected argument x")
    #expect(
      command(line + " --model /nowhere --tokens 1")
        == .rejected("file: \"/nowhere/config.json\": open: No such file or directory"))
    #expect(
      command(line + " --model /nowhere --tokens 1 --profile odd") == .rejected("unknown-axis: no axis is named odd"))
    try ByteModel().onDisk { directory in
      rejected(" --model \(directory)", "a text is required: --tokens, --string or --file")
      rejected(" --model \(directory) --tokens 1,,2", "option --tokens takes an integer, not ''")
      rejected(" --model \(directory) --tokens 1 --threads 0", "option --threads takes 1...1024, not 0")
      #expect(
        command(line + " --model \(directory) --tokens 1,256")
          == .rejected("text-token-out-of-range: token 256 at text index 1 is not in 0..<256"))
      #expect(
        command(line + " --model \(directory) --file /nowhere")
          == .rejected("file: \"/nowhere\": open: No such file or directory"))
      #expect(
        command(line + " --model \(directory) --string a --vocabulary 255 --memory-token 256 --repetition-token 255")
          == .rejected("not-a-byte-vocabulary: text as bytes needs V = 256, this model has V = 255; give token ids"))
    }
  }

  @Test func `GEN-5 an empty prompt and a negative number are refused before anything is fed`() throws {
    try ByteModel().onDisk { directory in
      let empty = ["generate", "--model", directory, "--tokens", "", "--generate"]
      #expect(command(empty + ["3"]) == .rejected("empty-prompt: 3 tokens asked for after an empty prompt"))
      #expect(command(empty + ["0"]).exitCode == .fine)
      let prompt = "generate --model \(directory) --tokens 1,2 --generate "
      #expect(
        command(prompt + "-1") == .rejected("negative-generation-length: -1 tokens asked for, must be at least 0"))
      #expect(command(prompt + "\(Int.max)").complaint?.hasPrefix("loma: text-too-long: ") == true)
      for (more, complaint) in [
        ("1 --temperature 0", "option --temperature takes more than 0, not 0.0"),
        ("1 --temperature warm", "option --temperature takes a finite number, not 'warm'"),
        ("1 --top-k 3", "option --top-k needs --temperature"), ("1 --seed 3", "option --seed needs --temperature"),
        ("1 --temperature 1 --top-k 0", "option --top-k takes at least 1, not 0"),
        ("1 --temperature 1 --top-p 1.5", "option --top-p takes more than 0 and at most 1, not 1.5"),
        ("1 --temperature 1 --seed -1", "option --seed takes 0...18446744073709551615, not '-1'"),
        ("1 --pass-length 0", "option --pass-length takes at least 1, not 0"),
        ("1 --string x", "one prompt only: --tokens, --string or --file"),
      ] {
        #expect(command(prompt + more) == .rejected("generate: \(complaint); see loma generate --help"))
      }
    }
  }

  @Test func `GEN-5 logits beyond binary64 end generation with a line that names the row`() throws {
    var model = try ByteModel()
    model.weights.tensors["model.norm.weight"]?.values = [Double](repeating: 1e300, count: 8)
    model.weights.tensors["lm_head.weight"]?.values[7] = 1e300
    try model.onDisk { directory in
      #expect(
        command("generate --model \(directory) --tokens 1,2 --generate 1")
          == .rejected("non-finite-logits: reading row 0 of chunk 0"))
    }
  }

  @Test(arguments: ["generate", "reconstruct", "trace", "extend", "compute"])
  func `help names the command and every option it takes`(_ name: String) {
    let help = command(name + " --help")
    #expect(help.exitCode == .fine && help.complaint == nil)
    #expect(help.output.hasPrefix("loma \(name) "))
    #expect(help == command("help " + name))
    #expect(help.output.split(separator: "\n", omittingEmptySubsequences: false).allSatisfy { $0.count <= 120 })
    let options: [String: String] = [
      "generate":
        "--model --c --t --vocabulary --memory-token --repetition-token --profile --threads --tokens --string "
        + "--file --generate --temperature --top-k --top-p --seed --stop --pass-length",
      "reconstruct": "--model --profile --threads --tokens --string --file --chunk --pass-length",
      "trace": "--model --profile --threads --tokens --string --file --output --gradients --steps --adamw",
      "extend": "--model --output --c --t --profile --tokens --rows",
      "compute": "--x --gain --epsilon --scores --visible --label",
    ]
    for option in options[name]?.split(separator: " ") ?? [] { #expect(help.output.contains(option), "\(option)") }
  }
}
