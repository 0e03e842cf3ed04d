// TOL-12…TOL-14: the errors of right implementations relative to the bounds, as a page.

import LoMAVectors

/// Right implementations, with the worst error of each by level and element type.
package struct Scoreboard: Sendable {
  /// The calibration that set the bounds.
  package let calibration: Calibration
  /// The implementations that set them.
  package let calibrating: [Calibration.Implementation]
  /// Implementations that took no part in setting them.
  package let heldOut: [Calibration.Implementation]

  package init(
    _ calibration: Calibration, calibrating: [Calibration.Implementation], heldOut: [Calibration.Implementation]
  ) {
    self.calibration = calibration
    self.calibrating = calibrating
    self.heldOut = heldOut
  }

  /// The page in Markdown.
  package var text: String {
    EmbeddedText(PackageResources.scoreboard_template_md).filled([
      "worst": worst, "without": leaveOneOut, "gates": gates,
    ])
  }

  private static let levels = ["stage", "model", "training", "generation"]
  private static let dtypes = NumberType.words

  private func table(_ names: [String], cell: (_ index: Int, _ level: String, _ dtype: String) -> String) -> String {
    let columns = Self.levels.flatMap { level in Self.dtypes.map { (level, $0) } }.filter { column in
      names.indices.contains { cell($0, column.0, column.1) != "-" }
    }
    return MarkdownTable(
      head: ["implementation"] + columns.map { "\($0.0) \($0.1)" },
      rows: names.enumerated().map { index, name in
        [Self.plain(name)] + columns.map { cell(index, $0.0, $0.1) }
      }
    ).text
  }

  private var worst: String {
    let all = calibrating + heldOut
    let names =
      calibrating.map { "\($0.name) \($0.version)" } + heldOut.map { "\($0.name) \($0.version), set no bound" }
    return table(names) { index, level, dtype in
      let results = all[index].results.filter { $0.level == level && $0.dtype == dtype && $0.verdict == .pass }
      let ratios = results.flatMap { result in
        result.tensors.map { tensor in
          guard tensor.rule == Rule.calibrated.rawValue, let error = tensor.error else { return tensor.ratio }
          return error / calibration.bounds.bound(of: tensor.name, id: result.id, op: result.op, dtype: dtype)
        }
      }
      return ratios.max().map { "\(Self.digits($0)) of \(results.count)" } ?? "-"
    }
  }

  private var leaveOneOut: String {
    let names = calibrating.map(\.name)
    return table(names) { index, level, dtype in
      let shares = calibration.headroom.filter {
        $0.candidate == names[index] && $0.dtype == dtype && $0.id.hasPrefix(level + ".")
      }
      return shares.map(\.share).max().map { worst in
        "\(Self.digits(worst)), \(shares.count { $0.share < 0.5 })/\(shares.count) under ½"
      } ?? "-"
    }
  }

  private var gates: String {
    let counts = calibration.bounds.gateCounts
    let rows = Self.levels.flatMap { level in
      Self.dtypes.compactMap { dtype in
        counts["\(level) \(dtype)"].map { [level, dtype, "\($0.all)", "\($0.gating)"] }
      }
    }
    return MarkdownTable(head: ["level", "dtype", "tensors", "that gate"], rows: rows).text
  }

  /// A name given by a user as a table cell: on one line, with Markdown escaped.
  private static func plain(_ name: String) -> String {
    name.onOneLine.map { "\\`*_[]<>&|#!~".contains($0) ? "\\\($0)" : String($0) }.joined()
  }

  /// Two significant digits.
  private static func digits(_ value: Double) -> String {
    if value == 0 { return "0" }
    var (scale, places) = (value.magnitude, 0)
    while scale < 10, places < 6 { (scale, places) = (scale * 10, places + 1) }
    var power = 1.0
    for _ in 0..<places { power *= 10 }
    return "\((value * power).rounded() / power)"
  }
}

extension CalibratedBounds {
  /// The allowed error of a tensor.
  func bound(of tensor: String, id: String, op: String, dtype: String) -> Double {
    cases[Unit(id: id, dtype: dtype)]?[tensor]?.bound ?? generalBound(of: tensor, op: op, dtype: dtype)
  }

  /// By level and element type: the number of tensors with a bound, and of those whose bound gates.
  var gateCounts: [String: (all: Int, gating: Int)] {
    var counts: [String: (all: Int, gating: Int)] = [:]
    for (unit, tensors) in cases {
      let level = unit.id.prefix { $0 != "." }
      for allowed in tensors.values {
        counts["\(level) \(unit.dtype)", default: (0, 0)].all += 1
        if allowed.gates { counts["\(level) \(unit.dtype)", default: (0, 0)].gating += 1 }
      }
    }
    return counts
  }
}
