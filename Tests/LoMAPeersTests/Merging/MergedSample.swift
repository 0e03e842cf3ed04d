// A small random model whose memory is merged, and LoMA's texts in the rows that it is fed.

import LoMA
import LoMAPeers
import LoMAPeersReference
import LoMAReference
import NaiveLlama

/// Keys and values of heads; V = 10, chunks of 4 tokens and 2 memory rows, `<r>` behind their ids.
struct MergedSample {
  var seed: UInt64 = 1
  var layers = 2
  /// Layers that share the entries of one.
  var stride = 1
  var heads = AttentionHeads(query: 4, keyValue: 2, dimension: 4)
  var rate = MergeRate.mean

  static let (textSize, memory, length) = (10, 2, 4)

  func configuration() throws -> LatentConfiguration {
    try LatentConfiguration(
      shape: LatentShape(
        vocabularySize: Self.textSize + Self.memory + 1, hiddenSize: 8, intermediateSize: 12, layers: layers,
        tiesHead: false,
        attention: LatentParameters(
          profile: LatentPoint.cla.profile, stride: stride,
          form: .heads(query: heads.query, keyValue: heads.keyValue, dimension: heads.dimension))),
      epsilon: 0x1p-10, latentEpsilon: 1e-6, theta: 100)
  }

  func weights() throws -> ParameterSet {
    var numbers = SeededNumbers(seed: seed)
    return .highVariance(try configuration(), numbers: &numbers)
  }

  func model(_ weights: ParameterSet? = nil) throws -> LatentModel {
    LatentModel(
      configuration: try configuration(), weights: Weights(try weights ?? self.weights()),
      functions: .llama(workers: .single), rules: .spec)
  }

  func tokens(_ count: Int) -> [Int] {
    var numbers = SeededNumbers(seed: seed &+ 1)
    return (0..<count).map { _ in numbers.integer(below: Self.textSize) }
  }

  /// The rows of a text: chunk by chunk its tokens and memory rows, the tail, then every chunk's repetition rows.
  static func rows(_ text: [Int]) throws -> [Row] {
    let chunks = text.count / length
    func reading(_ index: Int) -> Row {
      Row(
        token: text[index], place: .reading(chunk: index / length, index: index % length), position: index,
        label: index + 1 < text.count ? text[index + 1] : nil)
    }
    var rows: [Row] = []
    for chunk in 0..<chunks {
      rows += (chunk * length..<(chunk + 1) * length).map(reading)
      rows += (0..<memory).map {
        Row(
          token: textSize + $0, place: .memory(chunk: chunk, index: $0), position: (chunk + 1) * length + $0,
          label: nil)
      }
    }
    rows += (chunks * length..<text.count).map(reading)
    return rows
      + (0..<chunks * length).map {
        Row(
          token: textSize + memory, place: .repetition(chunk: $0 / length, index: $0 % length), position: $0,
          label: text[$0])
      }
  }

  /// The running means as keys.
  private func further(_ rows: [Row]) -> FurtherKeys? {
    let blocks = MergedBlocks(of: rows, rate: rate)
    return FurtherKeys(made: blocks.means, backward: blocks.backward)
  }

  func forward(_ rows: [Row], _ weights: ParameterSet? = nil) throws -> LatentTrace {
    try model(weights).forward(rows: rows, profile: .base, rules: MergedRecital.rules, further: further)
  }

  func pass(_ texts: [[Row]], _ weights: ParameterSet? = nil) throws -> LatentTrainingPass {
    try model(weights).trainingPass(texts: texts, profile: .base, rules: MergedRecital.rules, further: further)
  }
}
