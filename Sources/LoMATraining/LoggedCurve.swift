// A training curve as comma-separated values: the columns of a log by name, and a log read back.

/// A log of a run: a heading, then a line a step.
package enum LoggedCurve {
  /// What a step of LoMA tells besides its number: both losses, and the shares that are right.
  package static let ofLoMA = ["reading_loss", "repetition_loss", "token_accuracy", "chunk_accuracy"]
  /// What a step of compressed context memory tells.
  package static let ofContext = ["loss", "token_accuracy", "output_accuracy"]

  /// The points of a column, by step; nil if these are not the bytes of a log with such a column.
  ///
  /// Throws `damagedState` with the file and the line if a line is no step.
  package static func points(
    of column: String, in bytes: [UInt8], file: String
  ) throws(TrainingError) -> [(step: Int, value: Double)]? {
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    let heading = lines.first?.split(separator: ",") ?? []
    guard heading.first == "step", let place = heading.firstIndex(where: { $0 == column }) else { return nil }
    var points: [(step: Int, value: Double)] = []
    for (index, line) in lines.dropFirst().enumerated() {
      let cells = line.split(separator: ",", omittingEmptySubsequences: false)
      guard cells.count == heading.count, let step = Int(cells[0]), let value = Double(cells[place]), value.isFinite,
        value >= 0
      else { throw .damagedState("\(file): line \(index + 2) is no step") }
      points.append((step, value))
    }
    return points
  }
}
