// REC-5: how a trained model's repetition rows attend to the memory rows of their chunk.

import LoMA
import LoMAModels
import LoMAReference
import NaiveLlama

/// The attention weights from repetition rows to memory rows, averaged over texts, as lines of text.
package struct AttentionPicture: Sendable {
  /// One block of lines per layer, with the heads side by side.
  package let lines: [String]

  /// The picture of the first chunk of `count` fresh random texts.
  package init(_ model: LoadedModel, texts count: Int) throws(TrainingError) {
    let (parameters, profile) = (model.parameters, model.profile)
    let texts = TrainingTexts.fresh(
      count, length: parameters.chunkLength, alphabet: model.vocabulary.textSize, seed: Sweep.freshSeed)
    let weights: ParameterSet
    do { weights = try model.checkpoint.parameters() } catch { throw .checkpoint(error) }
    let transformer = Transformer(
      configuration: model.checkpoint.configuration, weights: Weights(weights), functions: .llama(workers: .single))
    let heads = model.checkpoint.configuration.heads.query
    var sums = [Int: [Double]]()
    var rows: [Row] = []
    do throws(ReferenceError) {
      for text in texts {
        rows = try rejecting(
          try Layout.training(text: text, vocabulary: model.vocabulary, parameters: parameters, profile: profile).rows)
        let trace = try computing(try transformer.forward(rows: rows, profile: profile))
        for (index, layer) in trace.layers.enumerated() {
          let values = layer.attention.probabilities.values
          sums[index] = sums[index].map { zip($0, values).map(+) } ?? values
        }
      }
    } catch { throw .model(error) }
    let (memory, repeating) = (
      rows.indices.filter { rows[$0].place.zone == .memory },
      rows.indices.filter { rows[$0].place.zone == .repetition }
    )
    var lines: [String] = []
    for (layer, values) in sums.sorted(by: { $0.key < $1.key }) {
      lines.append("layers.\(layer), heads 0 to \(heads - 1); columns are memory rows")
      for (index, r) in repeating.enumerated() {
        let cells = (0..<heads).map { head in
          memory.map { m in
            Self.percent(values[(head * rows.count + r) * rows.count + m] / Double(texts.count))
          }.joined(separator: " ")
        }
        lines.append("  r\(index)  " + cells.joined(separator: "  |"))
      }
    }
    self.lines = lines
  }

  private static func percent(_ probability: Double) -> String {
    let text = "\(Int((probability * 100).rounded()))"
    return String(repeating: " ", count: max(0, 3 - text.count)) + text
  }
}
