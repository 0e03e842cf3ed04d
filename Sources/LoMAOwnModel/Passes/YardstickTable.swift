// OWN-8: the small numbers of a yardstick as one file, written last: a folder with it is complete.

import LoMA
import LoMAModels
import LoMAVectors
import NaiveLlama

extension OwnYardstick {
  /// What the numbers belong to: text, profile, types, alternatives and seed.
  private static func identity(_ plan: OwnPlan, _ text: OwnText) -> [String: String] {
    let configuration = plan.configuration
    return [
      "text": text.tokens.map { "\($0)" }.joined(separator: ","),
      "parameters": "c=\(text.parameters.c),t=\(text.parameters.t)", "profile": plan.model.profile.name,
      "types": plan.types.map { $0.word }.joined(separator: ","),
      "alternatives": plan.alternatives.map { $0.id }.joined(separator: " "), "seed": "\(plan.seed)",
      "model":
        "\(configuration.layers) layers of \(configuration.hiddenSize), \(configuration.vocabularySize) ids, "
        + "special ids \(plan.model.vocabulary.memoryToken) and \(plan.model.vocabulary.repetitionToken)",
    ]
  }

  /// A row for each alternative, a column for each captured tensor and the logits: 1 where the alternative changes it.
  private static let changes = "changes"

  func writeTable() throws(OwnError) {
    var arrays: [NamedArray] = []
    for type in plan.types {
      for (name, spread) in spreads[type] ?? [:] {
        let tensor = Tensor(
          shape: [spread.meanSquares.count, spread.rows], values: spread.meanSquares.flatMap { $0 })
        arrays.append(try YardstickFiles.array("\(type.word).spread.\(name)", .f64, tensor))
      }
      for (evidence, sums) in projections[type] ?? [:] {
        let values = sums.flatMap { $0.numerators + [$0.denominator] }
        let tensor = Tensor(shape: [sums.count, OwnPlan.simulations + 1], values: values)
        arrays.append(try YardstickFiles.array("\(type.word).projected.\(evidence.rawValue)", .f64, tensor))
      }
    }
    let names = captures + ["logits"]
    let flags = Tensor(
      shape: [changed.count, names.count],
      values: changed.flatMap { changed in names.map { changed.contains($0) ? 1 : 0 } })
    arrays.append(try YardstickFiles.array(Self.changes, .f32, flags))
    try files.write(YardstickFiles.table, arrays, metadata: Self.identity(plan, text))
  }

  /// Reads a yardstick that was computed before; throws `otherYardstick` if it is not complete, or of another plan or text.
  package init(reading folder: String, plan: OwnPlan, text: OwnText) throws(OwnError) {
    let files = YardstickFiles(folder: folder)
    let table = try files.read(YardstickFiles.table)
    let expected = Self.identity(plan, text)
    for (key, value) in expected.sorted(by: { $0.key < $1.key }) where table.header.metadata[key] != value {
      throw .otherYardstick(folder: folder, reason: "its \(key) is another")
    }
    var spreads: [ElementType: [String: Spread]] = [:]
    var projections: [ElementType: [OwnEvidence: [Projected]]] = [:]
    for entry in table.header.entries where entry.name != Self.changes {
      let parts = entry.name.split(separator: ".", maxSplits: 2).map { String($0) }
      guard parts.count == 3, let type = ElementType(word: parts[0]), entry.shape.count == 2 else {
        throw .otherYardstick(folder: folder, reason: "\(entry.name) is unknown")
      }
      let tensor = try files.tensor(entry.name, in: YardstickFiles.table)
      if parts[1] == "spread" {
        spreads[type, default: [:]][parts[2]] = Spread(
          meanSquares: (0..<tensor.rows).map { Array(tensor.row($0)) })
      } else if let evidence = OwnEvidence(rawValue: parts[2]) {
        projections[type, default: [:]][evidence] = (0..<tensor.rows).map { row in
          let sums = Array(tensor.row(row))
          return Projected(numerators: Array(sums.dropLast()), denominator: sums.last ?? 0)
        }
      }
    }
    let form = try PassForm(plan, text, workers: .single)
    let names = Self.captures(of: plan) + ["logits"]
    let flags = try files.tensor(Self.changes, in: YardstickFiles.table)
    guard flags.shape == [plan.alternatives.count, names.count] else {
      throw .otherYardstick(folder: folder, reason: "its \(Self.changes) are those of another model")
    }
    let changed = (0..<flags.rows).map { row in Set(names.indices.filter { flags[row, $0] != 0 }.map { names[$0] }) }
    self.init(
      plan: plan, text: text, rows: form.rows, files: files, spreads: spreads, projections: projections,
      changed: changed)
  }
}
