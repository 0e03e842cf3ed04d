// TRN-8: the state of a run of a peer's recipe on disk.

import LoMAVectors
import NaiveLlama

/// What a run goes on from.
struct StoredRun {
  /// The steps taken.
  let steps: Int
  /// The random generator, before it draws the next batch.
  let numbers: SeededNumbers
  /// Everything that is trained.
  let weights: ParameterSet
  /// AdamW's first moments.
  let firstMoments: ParameterSet
  /// AdamW's second moments.
  let secondMoments: ParameterSet

  /// Reads a state of the recipe of this digest, whose tensors have the shapes of `weights`; throws `otherRecipe` or
  /// `damagedState`.
  init(
    _ bytes: [UInt8], recipeDigest: String, allSteps: Int, like shapes: ParameterSet
  ) throws(TrainingError) {
    let file: ArrayFile
    do { file = try ArrayFile(decoding: bytes) } catch { throw .damagedState("\(error)") }
    let digest = file.metadata["recipe_sha256"] ?? "none"
    guard digest == recipeDigest else { throw .otherRecipe(digest: digest, expected: recipeDigest) }
    guard let steps = file.metadata["steps"].flatMap({ Int($0) }), (0...allSteps).contains(steps) else {
      throw .damagedState("steps \(file.metadata["steps"] ?? "missing")")
    }
    guard let position = file.metadata["generator"].flatMap({ UInt64($0) }) else {
      throw .damagedState("generator \(file.metadata["generator"] ?? "missing")")
    }
    self.steps = steps
    numbers = SeededNumbers(seed: position)
    weights = try Self.set("parameters.", file, like: shapes)
    firstMoments = try Self.set("first_moments.", file, like: shapes)
    secondMoments = try Self.set("second_moments.", file, like: shapes)
  }

  /// Stores in a run's folder what `init` reads, whole or not at all; until then the previous one stays.
  static func save(
    _ weights: ParameterSet, optimiser: AdamW, numbers: SeededNumbers, recipeDigest: String, in folder: String
  ) throws(TrainingError) {
    var arrays = try TrainingState.arrays("parameters.", weights)
    arrays += try TrainingState.arrays("first_moments.", optimiser.firstMoments)
    arrays += try TrainingState.arrays("second_moments.", optimiser.secondMoments)
    let bytes = try TrainingState.encoded(
      arrays,
      metadata: ["steps": "\(optimiser.steps)", "generator": "\(numbers.state)", "recipe_sha256": recipeDigest])
    do { try Files.replace(folder + "/" + TrainingState.fileName, with: bytes) } catch { throw .file(error) }
  }

  /// The bytes of the checkpoint in a folder, which is made if it does not exist; nil if it holds no run.
  ///
  /// Throws `runExists` if there is a run and `resumes` is false.
  static func bytes(in folder: String, resumes: Bool) throws(TrainingError) -> [UInt8]? {
    guard Disk.files(in: folder).contains(TrainingState.fileName) else {
      do { try Disk.real.makeFolder(folder) } catch { throw .file(error) }
      return nil
    }
    guard resumes else { throw .runExists(folder: folder) }
    do { return try Files.contents(of: folder + "/" + TrainingState.fileName, byteLimit: 1 << 30) } catch {
      throw .file(error)
    }
  }

  /// AdamW as it was, under these settings.
  func optimiser(_ settings: AdamWSettings) -> AdamW {
    AdamW(resumingAfter: steps, firstMoments: firstMoments, secondMoments: secondMoments, settings: settings)
  }

  /// The tensors of a prefix, finite and in the shapes of another set.
  private static func set(
    _ prefix: String, _ file: ArrayFile, like shapes: ParameterSet
  ) throws(TrainingError) -> ParameterSet {
    var tensors: [String: Tensor] = [:]
    for name in shapes.names {
      do {
        let array = try file.array(prefix + name)
        tensors[name] = Tensor(shape: array.shape, values: try array.doubles())
      } catch { throw .damagedState("\(error)") }
      guard tensors[name]?.shape == shapes.tensors[name]?.shape,
        tensors[name]?.values.allSatisfy({ $0.isFinite }) == true
      else { throw .damagedState(prefix + name) }
    }
    return ParameterSet(tensors)
  }
}
