// TRN-8: a run on disk: one file with everything that a later process needs to continue it, bit for bit.

import LoMA
import LoMAReference
import LoMAVectors
import NaiveLlama

/// The state of a run between two steps.
package struct TrainingState: Equatable, Sendable {
  /// Weights, moments and the number of steps.
  package var trainer: Trainer
  /// The random generator, before it draws the next batch.
  package var numbers: SeededNumbers
  /// The points measured so far.
  package var curve: [CurvePoint]

  /// The name of the state's file in the folder of a run.
  package static let fileName = "training.safetensors"

  /// The state before the first step.
  package init(_ recipe: Recipe) {
    (trainer, numbers) = recipe.start()
    curve = []
  }

  /// SHA-256 of the weights stored as an F64 container.
  package var weightsDigest: String {
    get throws(TrainingError) { SHA256.hexDigest(of: try Self.encoded(try Self.arrays("", trainer.parameters))) }
  }

  /// The bytes of the file: weights, moments and curve; steps, random generator and recipe in its metadata.
  func encoded(_ recipe: Recipe) throws(TrainingError) -> [UInt8] {
    var arrays = try Self.arrays("parameters.", trainer.parameters)
    arrays += try Self.arrays("first_moments.", trainer.optimiser.firstMoments)
    arrays += try Self.arrays("second_moments.", trainer.optimiser.secondMoments)
    do {
      arrays.append(
        try NamedArray("curve", .f64, shape: [curve.count, CurvePoint.width], doubles: curve.flatMap { $0.values }))
    } catch { throw .damagedState("\(error)") }
    return try Self.encoded(
      arrays,
      metadata: [
        "steps": "\(trainer.optimiser.steps)", "generator": "\(numbers.state)", "recipe_sha256": recipe.digest,
      ])
  }

  /// Reads what `encoded` wrote; throws `otherRecipe` or `damagedState`.
  init(decoding bytes: [UInt8], recipe: Recipe) throws(TrainingError) {
    let file: ArrayFile
    do { file = try ArrayFile(decoding: bytes) } catch { throw .damagedState("\(error)") }
    let digest = file.metadata["recipe_sha256"] ?? "none"
    guard digest == recipe.digest else { throw .otherRecipe(digest: digest, expected: recipe.digest) }
    guard let steps = file.metadata["steps"].flatMap({ Int($0) }),
      (0...recipe.settings.learningRate.steps).contains(steps)
    else { throw .damagedState("steps \(file.metadata["steps"] ?? "missing")") }
    guard let position = file.metadata["generator"].flatMap({ UInt64($0) }) else {
      throw .damagedState("generator \(file.metadata["generator"] ?? "missing")")
    }
    let shape = recipe.configuration
    trainer = Trainer(
      configuration: shape, parameters: try Self.set("parameters.", file, shape),
      optimiser: AdamW(
        resumingAfter: steps, firstMoments: try Self.set("first_moments.", file, shape),
        secondMoments: try Self.set("second_moments.", file, shape), settings: recipe.settings.optimiser),
      settings: recipe.settings)
    numbers = SeededNumbers(seed: position)
    let values: [Double]
    do { values = try file.array("curve").doubles() } catch { throw .damagedState("\(error)") }
    guard values.count % CurvePoint.width == 0 else { throw .damagedState("a curve of \(values.count) values") }
    curve = try stride(from: 0, to: values.count, by: CurvePoint.width).map { (start) throws(TrainingError) in
      guard let point = CurvePoint(values: Array(values[start..<start + CurvePoint.width])) else {
        throw .damagedState("point \(start / CurvePoint.width) of the curve")
      }
      return point
    }
  }

  /// The tensors of a set under a prefix, in binary64.
  static func arrays(_ prefix: String, _ set: ParameterSet) throws(TrainingError) -> [NamedArray] {
    var arrays: [NamedArray] = []
    for name in set.names {
      guard let tensor = set.tensors[name] else { continue }
      do { arrays.append(try NamedArray(prefix + name, .f64, shape: tensor.shape, doubles: tensor.values)) } catch {
        throw .damagedState("\(error)")
      }
    }
    return arrays
  }

  /// The bytes of a file of arrays.
  static func encoded(
    _ arrays: [NamedArray], metadata: [String: String] = [:]
  ) throws(TrainingError) -> [UInt8] {
    do { return try ArrayFile(arrays, metadata: metadata).encoded() } catch { throw .damagedState("\(error)") }
  }

  private static func set(
    _ prefix: String, _ file: ArrayFile, _ shape: Configuration
  ) throws(TrainingError) -> ParameterSet {
    var tensors: [String: Tensor] = [:]
    for (name, _) in shape.parameters {
      do {
        let array = try file.array(prefix + name)
        tensors[name] = Tensor(shape: array.shape, values: try array.doubles())
      } catch { throw .damagedState("\(error)") }
    }
    let set = ParameterSet(tensors)
    do { try set.check(against: shape) } catch { throw .damagedState("\(prefix): \(error)") }
    return set
  }
}
