// A small model on disk whose text vocabulary is the 256 bytes, for the commands that run one.

import Foundation
import LoMA
import LoMAExplanation
import LoMAProcess
import LoMAReference
import NaiveLlama

@testable import LoMACommand
@testable import LoMAModels

/// Runs a command line, split at spaces.
func command(_ line: String) -> Outcome { command(line.split(separator: " ").map(String.init)) }

/// Runs a command line in words.
func command(_ words: [String]) -> Outcome { run(words, in: Environment(isTerminal: false, refusesColour: true)) }

/// V = 256, `<r>` = 256, `<m>` = 258, V' = 260, c = 2, t = 2, two layers, seeded weights of high variance.
struct ByteModel {
  var configuration: Configuration
  var weights: ParameterSet
  let vocabulary: Vocabulary
  let parameters: Parameters
  var profile = Profile.base

  init() throws {
    configuration = try Configuration(
      vocabularySize: 260, hiddenSize: 8, intermediateSize: 12, layers: 2, queryHeads: 4, keyValueHeads: 2,
      headDimension: 4, epsilon: 1e-5, theta: 10_000, tiesHead: false)
    var numbers = SeededNumbers(seed: 99)
    weights = .highVariance(configuration, numbers: &numbers)
    vocabulary = try Vocabulary(textSize: 256, memoryToken: 258, repetitionToken: 256, modelSize: 260)
    parameters = try Parameters(c: 2, t: 2)
  }

  /// Runs a body with the path of the model, removed afterwards.
  func onDisk<Value>(_ body: (String) throws -> Value) throws -> Value {
    let folder = Scratch.parent + "/loma-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let section = LoMASection(
      textVocabulary: 256, memoryToken: 258, repetitionToken: 256, c: 2, t: 2, profile: profile)
    try CheckpointWriter.write(
      weights, configuration: configuration, loma: section, elementType: .f64, to: folder + "/model")
    return try body(folder + "/model")
  }

  /// The logits of every row of a text's training layout: no cache anywhere.
  func layoutLogits(_ text: [Int]) throws -> [Place: [Double]] {
    let layout = try Layout.training(text: text, vocabulary: vocabulary, parameters: parameters, profile: profile)
    let model = Transformer(
      configuration: configuration, weights: Weights(weights), functions: .llama(workers: .single))
    let logits = try model.forward(rows: layout.rows, profile: profile).logits
    var byPlace: [Place: [Double]] = [:]
    for (r, row) in layout.rows.enumerated() { byPlace[row.place] = Array(logits.row(r)) }
    return byPlace
  }

  /// m tokens after a prompt, each chosen from the logits of the layout of everything before it.
  func continued(_ prompt: [Int], _ m: Int, choosing choose: ([Double]) -> Int) throws -> [Int] {
    var text = prompt
    for _ in 0..<m {
      let last = text.count - 1
      let logits = try layoutLogits(text)[.reading(chunk: last / 4, index: last % 4)]
      text.append(choose(logits ?? []))
    }
    return Array(text[prompt.count...])
  }
}

/// The first of the largest of the text ids' scores.
func best(_ scores: [Double]) -> Int {
  var best = 0
  for id in 0..<256 where scores[id] > scores[best] { best = id }
  return best
}

func bytes(_ text: String) -> [Int] { text.utf8.map(Int.init) }

func joined(_ tokens: [Int]) -> String { tokens.map(String.init).joined(separator: ",") }
