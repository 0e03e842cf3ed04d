// MOD-8…MOD-13: rotations that are scaled wrongly, biases and norms that are left out or stand elsewhere.

import LoMA
import LoMAAnswers
import LoMAReference
import LoMAVectors
import NaiveLlama

extension Mutant {
  static var ofFamilies: [Mutant] { scaledFrequencies + ramps + biasesAndNorms + limitless }

  /// A mutant that rotates by another rotation; not asked where that one is the same.
  private static func rotation(
    _ id: String, _ sentence: String, _ wrong: @escaping @Sendable (Rotation) -> Rotation
  ) -> Mutant {
    functions(id, .families, sentence, on: .rotating) { functions in
      let right = functions.angles
      functions.angles = { right($0, wrong($1)) }
    }.asked { answers, request in
      request.rotation(answers).map { wrong($0) != $0 } ?? false
    }
  }

  /// A mutant whose frequencies are made otherwise; nil where they are right.
  private static func frequencies(
    _ id: String, _ sentence: String, _ wrong: @escaping @Sendable (Rotation) -> [Double]?
  ) -> Mutant {
    functions(id, .families, sentence, on: .rotating) { functions in
      let right = functions.angles
      functions.angles = { positions, rotation in
        guard let frequencies = wrong(rotation) else { return right(positions, rotation) }
        let factor = rotation.attentionFactor
        let angles = positions.flatMap { position in frequencies.map { Double(position) * $0 } }
        let shape = [positions.count, frequencies.count]
        return RotaryAngles(
          cosines: Tensor(shape: shape, values: angles.map { factor * Elementary.cosine($0) }),
          sines: Tensor(shape: shape, values: angles.map { factor * Elementary.sine($0) }))
      }
    }.asked { answers, request in
      request.rotation(answers).map { rotation in wrong(rotation).map { $0 != rotation.frequencies } ?? false } ?? false
    }
  }

  private static var scaledFrequencies: [Mutant] {
    [
      rotation("M300", "I did not read rope_scaling") { $0.with(scaling: .none) },
      rotation("M301", "I divided all frequencies by the factor, whatever the type says") { rotation in
        guard case .llama3(let scaling) = rotation.scaling else { return rotation }
        return rotation.with(scaling: .linear(factor: scaling.factor))
      },
      Mutant("M302", .families, "I took max_position_embeddings for the original length", on: .models) {
        answers, request in
        guard let configuration = request.configuration(answers), let maximum = configuration.maximumPositions,
          let scaling = configuration.rotation.scaling.over(Double(maximum))
        else { return nil }
        var answers = answers
        let right = answers.functions.angles
        answers.functions.angles = { right($0, $1.with(scaling: scaling)) }
        return (answers, request)
      },
      frequencies("M303", "I did not smooth between kept and divided frequencies") { rotation in
        guard case .llama3(let scaling) = rotation.scaling else { return nil }
        return rotation.plainFrequencies.map { f in
          2 * Double.pi / f < scaling.originalPositions / scaling.highFrequencyFactor ? f : f / scaling.factor
        }
      },
      frequencies("M304", "I mixed kept and divided frequencies the other way round") { rotation in
        guard case .llama3(let scaling) = rotation.scaling else { return nil }
        return rotation.plainFrequencies.map { f in
          let right = scaling.scaled(f)
          return right == f || right == f / scaling.factor ? right : f + f / scaling.factor - right
        }
      },
      rotation("M305", "I multiplied θ with the factor") { rotation in
        guard case .linear(let factor) = rotation.scaling else { return rotation }
        return rotation.with(scaling: .none).with(theta: rotation.theta * factor)
      },
      rotation("M306", "I changed dynamic frequencies from the first position on") { rotation in
        guard case .dynamic(let factor) = rotation.scaling else { return rotation }
        let d = Double(rotation.headDimension)
        return rotation.with(theta: rotation.theta * Elementary.power(factor, d / (d - 2)))
      },
    ]
  }

  /// A mutant of yarn's numbers.
  private static func yarn(
    _ id: String, _ sentence: String, _ wrong: @escaping @Sendable (inout YarnScaling) -> Void
  ) -> Mutant {
    rotation(id, sentence) { rotation in
      guard case .yarn(var scaling) = rotation.scaling else { return rotation }
      wrong(&scaling)
      return rotation.with(scaling: .yarn(scaling))
    }
  }

  private static var ramps: [Mutant] {
    [
      yarn("M307", "I left out the factor on cosines and sines") { $0.givenAttentionFactor = 1 },
      yarn("M308", "I did not round the ends of the ramp") { $0.truncates = false },
      yarn("M309", "I rounded the ends of the ramp, whatever truncate says") { $0.truncates = true },
      yarn("M310", "I swapped beta_fast and beta_slow") { ($0.betaFast, $0.betaSlow) = ($0.betaSlow, $0.betaFast) },
      yarn("M311", "I computed attention_factor although it was given") { $0.givenAttentionFactor = nil },
      yarn("M312", "I did not read mscale and mscale_all_dim") { ($0.scale, $0.scaleOfAllDimensions) = (nil, nil) },
      yarn("M313", "I took 32 and 1 for the betas") { ($0.betaFast, $0.betaSlow) = (32, 1) },
      frequencies("M314", "I ended the ramp at d/2 − 1") { rotation in
        guard case .yarn(let scaling) = rotation.scaling else { return nil }
        let plain = rotation.plainFrequencies
        let ends = scaling.ramp(headDimension: rotation.headDimension, theta: rotation.theta)
        let last = min(ends.last, Double(plain.count - 1))
        let length = last == ends.first ? 0.001 : last - ends.first
        return plain.enumerated().map { i, f in
          let share = min(max((Double(i) - ends.first) / length, 0), 1)
          return f / scaling.factor * share + f * (1 - share)
        }
      },
      Mutant("M315", .families, "I put the factor on queries alone", on: Set.models.union([.decoderLayer])) {
        answers, request in
        guard let factor = request.rotation(answers)?.attentionFactor, factor != 1,
          let heads = request.heads(answers), heads.query != heads.keyValue
        else { return nil }
        var answers = answers
        let right = answers.functions.rotate
        let width = heads.keyValue * heads.dimension
        answers.functions.rotate = { x, angles in
          let y = right(x, angles)
          return x.columns == width ? Tensor(shape: y.shape, values: y.values.map { $0 / factor }) : y
        }
        return (answers, request)
      },
    ]
  }

  /// A mutant of the steps from a product to what attention reads, where a step is there.
  private static func steps(
    _ id: String, _ sentence: String, where isThere: @escaping @Sendable (Configuration) -> Bool,
    _ wrong: @escaping @Sendable (HeadProjection, LayerFunctions) -> Tensor
  ) -> Mutant {
    functions(id, .families, sentence, on: Set.models.union([.decoderLayer])) { $0.turnHeads = wrong }
      .asked { answers, request in request.shape(answers).map(isThere) ?? false }
  }

  private static var biasesAndNorms: [Mutant] {
    [
      functions("M320", .families, "I left out biases", on: .biased) { $0.addBias = { x, _ in x } }
        .asked { answers, request in request.shape(answers).map { !$0.biases.isEmpty } ?? request.hasBiases },
      steps("M321", "I added the biases of queries and keys after the rotation", where: { !$0.biases.isEmpty }) {
        heads, f in
        let turned = f.rotate(f.normHeads(heads.product, heads.gain, epsilon: heads.epsilon), by: heads.angles)
        return f.addBias(turned, heads.bias)
      },
      steps("M322", "I left out the biases of queries and keys", where: { !$0.biases.isEmpty }) { heads, f in
        f.rotate(f.normHeads(heads.product, heads.gain, epsilon: heads.epsilon), by: heads.angles)
      },
      steps("M323", "I left out the norms of queries and keys", where: { $0.normalisesQueriesAndKeys }) { heads, f in
        f.rotate(f.addBias(heads.product, heads.bias), by: heads.angles)
      },
      steps(
        "M324", "I normalised queries and keys after the rotation", where: { $0.normalisesQueriesAndKeys }
      ) { heads, f in
        f.normHeads(
          f.rotate(f.addBias(heads.product, heads.bias), by: heads.angles), heads.gain, epsilon: heads.epsilon)
      },
      functions("M325", .families, "I normalised queries and keys over all heads at once", on: .normed) {
        $0.normHeads = { x, gain, epsilon in
          let heads = x.columns / gain.count
          return RMSNorm.forward(x, gain: (0..<heads).flatMap { _ in gain }, epsilon: epsilon)
        }
      }.asked { answers, request in request.shape(answers)?.normalisesQueriesAndKeys ?? false },
      functions("M326", .families, "I multiplied normalised queries and keys with 1 + gain", on: .normed) {
        $0.normHeads = { x, gain, epsilon in HeadNorm.forward(x, gain: gain.map { 1 + $0 }, epsilon: epsilon) }
      }.asked { answers, request in request.shape(answers)?.normalisesQueriesAndKeys ?? false },
    ]
  }

  /// A text beyond what a model can be asked for, answered as if there were no limit.
  private static var limitless: [Mutant] {
    [
      Mutant("M327", .rejections, "I went on beyond the last position of a model", on: .models) { answers, request in
        guard let path = request.model, let model = answers.models[path], let limit = model.configuration.positionLimit,
          request.largestPosition(answers) >= limit.count, let other = try? model.configuration.limitless()
        else { return nil }
        var answers = answers
        answers.models[path] = Model(configuration: other, parameters: model.parameters, stated: model.stated)
        return (answers, request)
      }
    ]
  }
}

extension Set where Element == Operation {
  /// The operations with biases.
  fileprivate static let biased: Self = models.union([.decoderLayer, .feedForward])
  /// The operations with norms of queries and keys.
  fileprivate static let normed: Self = models.union([.decoderLayer])
}

extension RotationScaling {
  /// The same with another original length; nil where there is none, or it is the same.
  fileprivate func over(_ positions: Double) -> RotationScaling? {
    switch self {
    case .none, .linear, .dynamic: return nil
    case .llama3(var scaling):
      scaling.originalPositions = positions
      return .llama3(scaling) == self ? nil : .llama3(scaling)
    case .yarn(var scaling):
      scaling.originalPositions = positions
      return .yarn(scaling) == self ? nil : .yarn(scaling)
    }
  }
}

extension Configuration {
  /// The same model without a window, and with frequencies that stay plain.
  fileprivate func limitless() throws(ModelError) -> Configuration {
    try Configuration(
      vocabularySize: vocabularySize, hiddenSize: hiddenSize, intermediateSize: intermediateSize, layers: layers,
      queryHeads: heads.query, keyValueHeads: heads.keyValue, headDimension: heads.dimension, epsilon: epsilon,
      theta: theta, tiesHead: tiesHead, biases: biases, normalisesQueriesAndKeys: normalisesQueriesAndKeys)
  }
}

extension Request {
  /// The configuration of the model, or of the one layer that is asked.
  fileprivate func shape(_ answers: ReferenceAnswers) -> Configuration? {
    if let configuration = configuration(answers) { return configuration }
    guard operation == .decoderLayer, let width = try? matrix("x").columns else { return nil }
    return try? singleLayer(hidden: width).0
  }

  /// The rotation of the model or of the stage.
  fileprivate func rotation(_ answers: ReferenceAnswers) -> Rotation? {
    if let shape = shape(answers) { return shape.rotation }
    guard operation == .rope, let d = try? integer("head_dim"), let theta = try? theta(),
      let scaling = try? rotationScaling()
    else { return nil }
    return Rotation(headDimension: d, theta: theta, scaling: scaling)
  }

  /// Whether a feed-forward block has biases.
  fileprivate var hasBiases: Bool { input.has("gate_bias") }
}
