// EQB-1, EQB-5…EQB-8: what one trained model's caches gave back, as a small JSON file.

import LoMA
import LoMAVectors

/// One setting of one method at one moment.
package struct BudgetLine: Hashable, Sendable {
  /// The method's name: a group, a method on the twin, or a composition `A ∘ B`.
  package let method: String
  /// Its parameters, as `bits=4`; empty where it has none.
  package let parameters: String
  /// n.
  package let length: Int
  /// The bits held at the moment.
  package let bits: Int
  /// The most bits held until then.
  package let peak: Int
  /// Bits beside the cache that all texts share.
  package let side: Int
  /// What was given back.
  package let measured: Measured
  /// What calibration found; empty where there is none.
  package let found: String

  /// The width of a stored line.
  static let width = 13

  var value: JSONValue {
    let recited = measured.recited
    return .array([
      .string(method), .string(parameters), .integer(length), .integer(bits), .integer(peak), .integer(side),
      .integer(recited.correctTokens), .integer(recited.tokens), .integer(recited.correctChunks),
      .integer(recited.chunks), .number(measured.lossSum), .integer(measured.lossCount), .string(found),
    ])
  }

  /// The line stored as a value; nil if it forms none.
  init?(_ value: JSONValue) {
    guard let items = value.arrayValue, items.count == Self.width, let method = items[0].stringValue,
      let parameters = items[1].stringValue, let lossSum = items[10].doubleValue, lossSum.isFinite,
      let found = items[12].stringValue
    else { return nil }
    let numbers = ([2, 3, 4, 5, 6, 7, 8, 9, 11]).compactMap { items[$0].integerValue }
    guard numbers.count == 9, numbers.allSatisfy({ $0 >= 0 && $0 < 1 << 40 }), numbers[0] >= 1,
      numbers[4] <= numbers[5],
      numbers[6] <= numbers[7], numbers[5] >= 1, numbers[7] >= 1
    else { return nil }
    self.init(
      method: method, parameters: parameters, length: numbers[0], bits: numbers[1], peak: numbers[2],
      side: numbers[3],
      measured: Measured(
        recited: RepetitionCount(
          correctTokens: numbers[4], tokens: numbers[5], correctChunks: numbers[6], chunks: numbers[7]),
        lossSum: lossSum, lossCount: numbers[8]), found: found)
  }

  init(
    method: String, parameters: String, length: Int, bits: Int, peak: Int, side: Int, measured: Measured,
    found: String
  ) {
    (self.method, self.parameters, self.length) = (method, parameters, length)
    (self.bits, self.peak, self.side) = (bits, peak, side)
    (self.measured, self.found) = (measured, found)
  }
}

/// Recitation from stored numbers with noise (BAS-18).
package struct NoiseLine: Hashable, Sendable {
  /// n.
  package let length: Int
  /// σ in hundredths.
  package let hundredths: Int
  /// Tokens and chunks recited.
  package let recited: RepetitionCount
}

/// The measurements of one trained model.
package struct BudgetResult: Hashable, Sendable {
  /// The name of the run.
  package let name: String
  /// The digest of the run's recipe, including what the run replaces in it.
  package let recipe: String
  /// The digest of the model's model.safetensors.
  package let model: String
  /// Every setting at every moment.
  package let lines: [BudgetLine]
  /// Noise on what is held.
  package let noise: [NoiseLine]
  /// The calibration texts, of bytes or of hexadecimal digits; empty where nothing was calibrated.
  package let calibration: [String]

  /// The content of the result's file.
  package var text: String {
    JSONValue.members([
      .init("name", .string(name)), .init("recipe_sha256", .string(recipe)), .init("model_sha256", .string(model)),
      .init("lines", .array(lines.map { $0.value })),
      .init(
        "noise",
        .array(
          noise.map { line in
            .array(
              [
                line.length, line.hundredths, line.recited.correctTokens, line.recited.tokens,
                line.recited.correctChunks, line.recited.chunks,
              ].map { .integer($0) })
          })),
      .init("calibration", .array(calibration.map { .string($0) })),
    ]).text() + "\n"
  }

  init(
    name: String, recipe: String, model: String, lines: [BudgetLine], noise: [NoiseLine], calibration: [String]
  ) {
    (self.name, self.recipe, self.model) = (name, recipe, model)
    (self.lines, self.noise, self.calibration) = (lines, noise, calibration)
  }

  /// Reads what `text` wrote; throws `damagedState` with the name of the file.
  package init(parsing text: [UInt8], file: String) throws(TrainingError) {
    let value: JSONValue
    do { value = try StrictJSON.parse(text, sizeLimit: 1 << 20, depthLimit: 8) } catch {
      throw .json(file: file, error)
    }
    let object = try RecipeObject(
      value, prefix: "", keys: ["name", "recipe_sha256", "model_sha256", "lines", "noise", "calibration"])
    name = try object.string("name")
    recipe = try object.string("recipe_sha256")
    model = try object.string("model_sha256")
    lines = try (try object.value("lines").arrayValue ?? []).enumerated().map { (place, item) throws(TrainingError) in
      guard let line = BudgetLine(item) else { throw .damagedState("\(file): line \(place)") }
      return line
    }
    noise = try (try object.value("noise").arrayValue ?? []).enumerated().map { (place, item) throws(TrainingError) in
      let numbers = item.arrayValue?.compactMap { $0.integerValue } ?? []
      guard numbers.count == 6, numbers.allSatisfy({ $0 >= 0 && $0 < 1 << 40 }), numbers[2] <= numbers[3],
        numbers[4] <= numbers[5], numbers[3] >= 1
      else { throw .damagedState("\(file): noise \(place)") }
      return NoiseLine(
        length: numbers[0], hundredths: numbers[1],
        recited: RepetitionCount(
          correctTokens: numbers[2], tokens: numbers[3], correctChunks: numbers[4], chunks: numbers[5]))
    }
    calibration = (try object.value("calibration").arrayValue ?? []).compactMap { $0.stringValue }
    guard !lines.isEmpty else { throw .damagedState("\(file): no lines") }
  }
}

extension BudgetPlan {
  /// The results in a folder, by name; other files are ignored, and a result of another recipe is an error.
  package func results(in folder: String) throws(TrainingError) -> [String: BudgetResult] {
    let present = Set(Disk.files(in: folder))
    var results: [String: BudgetResult] = [:]
    for run in runs where present.contains(run.name + ".json") {
      let file = run.name + ".json"
      let bytes: [UInt8]
      do { bytes = try Files.contents(of: folder + "/" + file, byteLimit: 1 << 20) } catch { throw .file(error) }
      let result = try BudgetResult(parsing: bytes, file: file)
      guard result.recipe == run.recipe.digest else {
        throw .otherRecipe(digest: result.recipe, expected: run.recipe.digest)
      }
      results[run.name] = result
    }
    return results
  }

  /// Stores a result, whole or not at all.
  package func store(_ result: BudgetResult, in folder: String) throws(TrainingError) {
    try storeResult(named: result.name, text: result.text, in: folder)
  }
}

/// Stores the file of a result, whole or not at all.
func storeResult(named name: String, text: String, in folder: String) throws(TrainingError) {
  do throws(FileError) {
    try Disk.real.makeFolder(folder)
    // Removes what a killed run left of the same result.
    for file in Disk.files(in: folder) where file.hasPrefix(name + ".json.") && file.hasSuffix(".partial") {
      try Disk.real.remove(folder + "/" + file)
    }
    try Files.replace(folder + "/" + name + ".json", with: Array(text.utf8))
  } catch { throw .file(error) }
}

extension BudgetPlan {
  /// Copies the results of this plan from other folders into one; answers how many are there then.
  ///
  /// Throws `otherRecipe` for a result of another recipe, and `damagedState` if two of one name differ.
  package func merge(_ folders: [String], into folder: String) throws(TrainingError) -> Int {
    var all = try results(in: folder)
    for source in folders {
      for (name, result) in try results(in: source).sorted(by: { $0.key < $1.key }) {
        if let other = all[name] {
          guard other == result else { throw .damagedState("\(name): \(folder) and \(source) differ") }
          continue
        }
        try store(result, in: folder)
        all[name] = result
      }
    }
    return all.count
  }
}
