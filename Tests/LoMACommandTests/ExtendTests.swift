// PAR-5: a checkpoint gets its two rows. Expected rows are computed here from the definition; that transformers loads what
// is written, with every old value unchanged, is checked by Tests/Candidates/check_reference.py.

import Foundation
import LoMA
import LoMAReference
import LoMASuite
import Testing

@testable import LoMACommand

@Suite("Chapter 1: extending a checkpoint")
struct ExtendTests {
  @Test(arguments: [true, false])
  func `PAR-5 the new rows are the mean of the old ones, in the embedding and in an untied head`(_ tied: Bool) throws {
    let configuration = try Configuration(
      vocabularySize: 3, hiddenSize: 4, intermediateSize: 2, layers: 1, queryHeads: 1, keyValueHeads: 1,
      headDimension: 2, epsilon: 0, theta: 1, tiesHead: tied)
    var numbers = SeededNumbers(seed: 2)
    let parameters = ParameterSet.lively(configuration, numbers: &numbers)
    let folder = FileManager.default.temporaryDirectory.appending(path: "extend-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try CheckpointWriter.write(
      parameters, configuration: configuration, loma: nil, elementType: .f64, to: folder + "/old")
    let arguments = ["extend", "--model", folder + "/old", "--output", folder + "/new", "--c", "2", "--t", "3"]
    let outcome = run(arguments, in: Surroundings(isTerminal: false, refusesColour: false))
    #expect(outcome.output == "<m> is 3, <r> is 4: written to \(folder)/new\n")
    let model = try LoadedModel(directory: folder + "/new", choices: LoMAChoices())
    #expect(model.vocabulary == (try Vocabulary(textSize: 3)))
    #expect((model.parameters.c, model.parameters.t) == (2, 3))
    for (name, tensor) in try model.checkpoint.parameters().tensors {
      let old = try #require(parameters.tensors[name])
      #expect(Array(tensor.values.prefix(old.values.count)) == old.values)
      guard old.shape != tensor.shape else { continue }
      #expect(["model.embed_tokens.weight", "lm_head.weight"].contains(name))
      for column in 0..<4 {
        let mean = (old[0, column] + old[1, column] + old[2, column]) / 3
        #expect(tensor[3, column] == mean)
        #expect(tensor[4, column] == mean)
      }
    }
    #expect(run(arguments, in: Surroundings(isTerminal: false, refusesColour: false)).exitCode == .rejected)
  }
}
