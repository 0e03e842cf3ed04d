// OWN-8: what a judgement costs on this side, said before it begins; the port's own time is not in it.

import LoMA
import LoMAModels
import LoMAVectors
import NaiveLlama

/// The cost of the reference's side of a judgement.
package struct OwnCost: Hashable, Sendable {
  /// Passes of a text through the whole model, all texts together; without layers asked alone.
  package let passes: Int
  /// Layers asked alone, over all texts and types.
  package let slices: Int
  /// The rows of all texts.
  package let rows: Int
  /// The parameters of the model.
  package let parameters: Int
  /// Multiplications with a weight.
  package let products: Double
  /// The most memory, in bytes, beside the mapped files.
  package let bytes: Int
  /// The files of the yardsticks.
  package let diskBytes: Int
}

extension OwnPlan {
  /// The share of the alternatives that is taken to be undecided by the free run, and computed again for layers asked alone.
  private static let undecidedShare = 0.2

  /// The parameters of a layer and of the head.
  private var sizes: (layer: Int, head: Int, all: Int) {
    let counts = configuration.parameters.map { ($0.name, $0.shape.reduce(1, *)) }
    let layer = counts.filter { $0.0.hasPrefix("model.layers.0.") }.reduce(0) { $0 + $1.1 }
    return (layer, configuration.vocabularySize * configuration.hiddenSize, counts.reduce(0) { $0 + $1.1 })
  }

  private var sampledHead: Int { min(Self.logitColumns, configuration.vocabularySize) * configuration.hiddenSize }

  /// What is computed for one row of a text, in passes through a layer by kind, and in products of the head.
  private func work(_ text: OwnText) -> (layers: [PassKind: Double], head: Double) {
    var layers: [PassKind: Double] = [:]
    var head = 0.0
    for (kind, count) in passes(text) {
      layers[kind, default: 0] += Double(count * configuration.layers)
      let columns = kind == .reference ? sizes.head : sampledHead
      head += Double(count) * Double(columns) * (kind == .noisy ? 4.0 / 3 : 1)
    }
    let again = Self.undecidedShare * Double(alternatives.count)
    for type in types {
      let slices = Double(sliceLayers.count)
      layers[.reference, default: 0] += slices
      layers[.alternative, default: 0] += slices * again
      layers[type == .f32 ? .noisy : .narrow, default: 0] += slices * Double(Self.simulations)
      head += slices * (1 + again + Double(Self.simulations)) * Double(sampledHead)
    }
    return (layers, head)
  }

  /// Passes, products, memory and disk.
  package var cost: OwnCost {
    let sizes = sizes
    var (count, rows, products, disk, most) = (0, 0, 0.0, 0, 0)
    let heads = configuration.heads
    let captured = configuration.hiddenSize + (heads.query + 2 * heads.keyValue) * heads.dimension
    for text in texts {
      let work = work(text)
      let own = passes(text).values.reduce(0, +)
      count += own
      rows += text.rowCount
      products += Double(text.rowCount) * (work.head + work.layers.values.reduce(0, +) * Double(sizes.layer))
      let references = 1 + roundedTypes.count
      disk += text.rowCount * references * 8 * (captured * configuration.layers + configuration.vocabularySize)
      disk +=
        text.rowCount * alternatives.count * 4
        * (Self.contextColumns * configuration.layers + min(Self.logitColumns, configuration.vocabularySize))
      // Rows between layers, a stack within a layer, logits, and blocks of weights.
      let between = text.rowCount * own * 8 * (2 * configuration.hiddenSize + captured)
      let logits = text.rowCount * 8 * (2 * references * configuration.vocabularySize + own * Self.logitColumns)
      most = max(most, between + max(512 << 20, logits))
    }
    return OwnCost(
      passes: count, slices: texts.count * types.count * sliceLayers.count, rows: rows, parameters: sizes.all,
      products: products, bytes: most, diskBytes: disk)
  }

  /// Seconds, from timing one layer with each kind of pass.
  ///
  /// The layer is the first, on the text with the fewest rows. Throws why the model cannot be computed.
  package func estimate(workers: Workers) throws(OwnError) -> Double {
    guard let text = texts.min(by: { $0.rowCount < $1.rowCount }) else { return 0 }
    let stream = LayerStream(plan: self, workers: workers)
    let right = try PassForm(self, text, workers: workers)
    var rates: [PassKind: Double] = [:]
    let kinds = [(PassKind.reference, ElementType?.none)] + types.map { ($0 == .f32 ? .noisy : .narrow, $0) }
    for (kind, type) in kinds where rates[kind] == nil {
      var form = right
      if let type, let port = SimulatedPort(type, copies: Self.simulations, seed: seed) {
        form.functions = port.functions(workers: workers)
      }
      let pass = StreamedPass(
        form: form, copies: type == nil ? 1 : Self.simulations,
        weightType: type.flatMap { roundedTypes.contains($0) ? $0 : nil })
      let hidden = try stream.embedded(pass)
      // The first pass also brings the layer's bytes from the disk.
      if type == nil { _ = try stream.advance([pass], [hidden], layer: 0, as: 0, of: configuration.layers) }
      let clock = ContinuousClock()
      let start = clock.now
      _ = try stream.advance([pass], [hidden], layer: 0, as: 0, of: configuration.layers)
      let (seconds, attoseconds) = start.duration(to: clock.now).components
      rates[kind] = (Double(seconds) + Double(attoseconds) * 1e-18) / Double(pass.copies * text.rowCount)
    }
    let plain = rates[.reference] ?? 0
    rates[.alternative] = plain
    let product = plain / Double(max(sizes.layer, 1))
    return texts.reduce(0) { sum, text in
      let work = work(text)
      let layers = work.layers.reduce(0) { $0 + $1.value * (rates[$1.key] ?? plain) }
      return sum + Double(text.rowCount) * (layers + work.head * product)
    }
  }
}
