// `loma trace` and `loma extend`: the files they write.

import Foundation
import LoMA
import LoMAReference
import LoMAVectors
import Testing

@testable import LoMACommand
@testable import LoMAModels

@Suite("loma trace and loma extend")
struct FileCommandTests {
  private func traceNames(gradients: Bool, steps: Int, texts: Int, model: ByteModel) -> Set<String> {
    var names: Set = ["loss.language_modelling", "loss.repetition"]
    let perLayer = [
      "attention.norm", "attention.query", "attention.key", "attention.value", "attention.probabilities",
      "attention.context", "attention.output", "middle", "feed_forward.norm", "feed_forward.gate", "feed_forward.up",
      "feed_forward.activation", "feed_forward.output",
    ]
    for text in 0..<texts {
      let parts =
        ["tokens", "positions", "labels", "mask", "hidden.0", "hidden.1", "hidden.2", "final_norm", "logits"]
        + ["layers.0.", "layers.1."].flatMap { layer in perLayer.map { layer + $0 } }
      names.formUnion(parts.map { "texts.\(text)." + $0 })
    }
    for name in model.weights.names {
      if gradients { names.insert("gradients." + name) }
      for step in 0..<steps {
        for kind in ["parameters", "first_moments", "second_moments"] {
          names.insert("steps.\(step + 1).\(kind).\(name)")
        }
      }
    }
    return names
  }

  @Test func `LOS-4 a trace holds every array, of a padded batch, with the reference's bits`() throws {
    let model = try ByteModel()
    try model.onDisk { directory in
      let output = directory + "/trace.safetensors"
      for (gradients, steps) in [(false, 0), (true, 0), (true, 2), (false, 1)] {
        let adamW = steps == 0 ? "" : " --steps \(steps) --adamw 0.01,0.9,0.95,1e-8,0.1"
        let outcome = command(
          "trace --model \(directory) --tokens 1,2,3,4,5 --string abc --output \(output)"
            + (gradients ? " --gradients yes" : "") + adamW)
        let file = try ArrayFile(contentsOf: output, byteLimit: 1 << 26)
        #expect(outcome.output == "\(file.arrays.count) arrays written to \(output)\n")
        #expect(Set(file.arrays.map(\.name)) == traceNames(gradients: gradients, steps: steps, texts: 2, model: model))
        // Text 0 has 11 rows, text 1 is filled up with pads.
        #expect(try file.array("texts.1.tokens").integers() == [97, 98, 99, 0, 0, 0, 0, 0, 0, 0, 0])
        #expect(try file.array("texts.1.labels").integers() == [98, 99, -1] + [Int](repeating: -1, count: 8))
        #expect(
          try file.array("texts.0.tokens").integers() == [1, 2, 3, 4, 258, 258, 256, 256, 256, 256, 5])
        #expect(try file.array("texts.0.mask").shape == [11, 11])
        let logits = try file.array("texts.0.logits").doubles()
        let expected = try model.layoutLogits([1, 2, 3, 4, 5])
        #expect(Array(logits[0..<260]) == expected[.reading(chunk: 0, index: 0)])
        #expect(Array(logits[(10 * 260)...]) == expected[.reading(chunk: 1, index: 0)])
      }
    }
  }

  @Test func `MOD-7 a trace that would not fit is refused with its rows before anything is computed`() throws {
    try ByteModel().onDisk { directory in
      let text = directory + "-text"
      try Files.create(text, with: [UInt8](repeating: 97, count: 60_000))
      let outcome = command("trace --model \(directory) --file \(text) --output \(directory)-trace")
      #expect(
        outcome
          == .rejected(
            "trace-too-large: 1 text of 150000 rows: probabilities, masks and logits would be more than 2048 MiB"))
      #expect(!FileManager.default.fileExists(atPath: directory + "-trace"))
    }
  }

  @Test(arguments: [
    ("", "option --output is required"), ("--output F --steps 1", "option --adamw is required"),
    ("--output F --steps 1001", "option --steps takes 0...1000, not 1001"),
    ("--output F --gradients perhaps", "option --gradients takes one of yes, no, not 'perhaps'"),
    (
      "--output F --steps 1 --adamw 1,1,0,0,0",
      "option --adamw takes five numbers η,β1,β2,ε,λ, none negative, β1 and β2 below 1"
    ),
    (
      "--output F --steps 1 --adamw 1,0,0,0",
      "option --adamw takes five numbers η,β1,β2,ε,λ, none negative, β1 and β2 below 1"
    ),
  ])
  func `trace names a mistake on one line`(_ more: String, _ complaint: String) {
    #expect(
      command("trace --model nowhere --tokens 1 " + more) == .rejected("trace: \(complaint); see loma trace --help"))
  }

  @Test func `PAR-2 extend gives a checkpoint its two rows, and the result runs`() throws {
    try ByteModel().onDisk { directory in
      let output = directory + "-extended"
      let line = "extend --model \(directory) --output \(output) --c 3 --t 1 --profile repetition_labels=shifted"
      let lines = """
        <m> is 260, <r> is 261: written to \(output)
        there is no tokenizer: ids from V = 260 on are taken for free
        vocab_size grows from 260 to 262
        both rows are the mean of rows 0..<260: the model cannot tell <m> from <r> until training changes one,
        and no test can tell a port that swaps them; a copy made with --rows ID,ID shows it

        """
      #expect(command(line) == Outcome(output: lines))
      let section = try Checkpoint(directory: output).file.loma
      #expect(
        section
          == LoMASection(
            textVocabulary: 260, memoryToken: 260, repetitionToken: 261, c: 3, t: 1,
            profile: try Profile(name: "repetition_labels=shifted")))
      #expect(
        command("generate --model \(output) --tokens 1,2,259 --generate 2").output.hasSuffix(" 4 text tokens fed\n"))
      #expect(command(line) == .rejected("file: \"\(output)\": mkdir: File exists"))
      #expect(
        command("extend --model \(directory) --output \(output)2 --c 3 --t 1 --tokens <m>,<r>")
          == .rejected("no-tokenizer: \(directory) has no file of a tokenizer that could hold the tokens"))
      #expect(
        command("extend --model \(directory) --output \(output)2 --c 3 --t 1 --rows 4,7").output
          .hasSuffix("\nthe rows are those of ids 4 and 7\n"))
      #expect(
        command("extend --model \(directory) --output \(output)3 --c 3 --t 1 --rows 4,4")
          == .rejected("rows: 4,4 is not two different ids"))
      #expect(
        command(line + " --tokens <m>")
          == .rejected("token-contents: \"<m>\" is not two different contents, such as <m>,<r>, without white space"))
    }
  }
}
