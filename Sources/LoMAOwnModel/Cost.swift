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

  /// What the free run computes for one row of a text, in passes through a layer by kind, and in products of the head.
  private func freeWork(_ text: OwnText) -> (layers: [PassKind: Double], head: Double) {
    var layers: [PassKind: Double] = [:]
    var head = 0.0
    for (kind, count) in passes(text) {
      layers[kind, default: 0] += Double(count * configuration.layers)
      let columns = kind == .reference ? sizes.head : sampledHead
      head += Double(count) * Double(columns) * (kind == .noisy ? 4.0 / 3 : 1)
    }
    return (layers, head)
  }

  /// The same with the layers asked alone.
  private func work(_ text: OwnText) -> (layers: [PassKind: Double], head: Double) {
    var (layers, head) = freeWork(text)
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

  /// Times the first layer with each kind of pass that this plan has and `known` lacks, on the text with the most rows: the
  /// mean of so many passes as take a fifth of a second. Throws why the model cannot be computed.
  package func rates(beside known: OwnRates = OwnRates(), workers: Workers) throws(OwnError) -> OwnRates {
    var rates = known
    guard let most = texts.max(by: { $0.rowCount < $1.rowCount }),
      let least = texts.min(by: { $0.rowCount < $1.rowCount })
    else { return rates }
    let stream = LayerStream(plan: self, workers: workers)
    let right = try PassForm(self, most, workers: workers)
    if rates.layer[.reference] == nil {
      // The first pass brings the layer's bytes from the disk, which is not timed.
      let warming = StreamedPass(form: try PassForm(self, least, workers: workers), copies: 1, weightType: nil)
      _ = try stream.advance([warming], [try stream.embedded(warming)], layer: 0, as: 0, of: configuration.layers)
      let seconds = try seconds(StreamedPass(form: right, copies: 1, weightType: nil), stream)
      rates.layer[.reference] = seconds
      rates.layer[.alternative] = seconds
      rates.product = seconds / Double(max(sizes.layer, 1))
    }
    for type in types {
      let kind = type == .f32 ? PassKind.noisy : .narrow
      guard rates.layer[kind] == nil, let port = SimulatedPort(type, copies: Self.simulations, seed: seed) else {
        continue
      }
      var form = right
      form.functions = port.functions(workers: workers)
      rates.layer[kind] = try seconds(
        StreamedPass(form: form, copies: Self.simulations, weightType: roundedTypes.contains(type) ? type : nil), stream
      )
    }
    return rates
  }

  /// Seconds for a row of a pass through the first layer.
  private func seconds(_ pass: StreamedPass, _ stream: LayerStream) throws(OwnError) -> Double {
    let hidden = try stream.embedded(pass)
    let clock = ContinuousClock()
    let start = clock.now
    var count = 0
    var passed = Duration.zero
    repeat {
      _ = try stream.advance([pass], [hidden], layer: 0, as: 0, of: configuration.layers)
      count += 1
      passed = start.duration(to: clock.now)
    } while passed < .milliseconds(200)
    return passed / .seconds(1) / Double(count * hidden.rows)
  }

  /// Seconds of all that is computed before and while a port is asked.
  package func seconds(_ rates: OwnRates) -> Double {
    texts.reduce(0) { $0 + seconds(of: $1, rates, work($1)) }
  }

  private func seconds(of text: OwnText, _ rates: OwnRates, _ work: (layers: [PassKind: Double], head: Double))
    -> Double
  {
    let layers = work.layers.reduce(0) { $0 + $1.value * (rates.layer[$1.key] ?? 0) }
    return Double(text.rowCount) * (layers + work.head * rates.product)
  }

  /// Seconds of one pass of the reference over the text with the most rows.
  package func passSeconds(_ rates: OwnRates) -> Double {
    texts.map { seconds(of: $0, rates, ([.reference: Double(configuration.layers)], Double(sizes.head))) }.max() ?? 0
  }

  /// The most seconds in which one mistake is looked for in smaller texts (OWN-9), in the slowest type; 0 if none has a name.
  package func smallerSeconds(_ rates: OwnRates) -> Double {
    guard let alternative = alternatives.first, let text = texts.max(by: { $0.rowCount < $1.rowCount }) else {
      return 0
    }
    let each = types.map { type in
      let plan = narrowed(to: text, alternative, type)
      return plan.seconds(of: text, rates, plan.freeWork(text))
    }
    return Double(SmallerTexts.rowLimit) * (each.max() ?? 0)
  }
}

/// How long passes take on this machine.
package struct OwnRates: Sendable {
  /// Seconds for a row through a layer.
  fileprivate(set) var layer: [PassKind: Double] = [:]
  /// Seconds for a row and a weight of the head.
  fileprivate(set) var product = 0.0

  package init() {}
}
