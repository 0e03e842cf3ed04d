// Draws where rows stand: a line of positions, and below each the rows that are fed it.

import LoMA
import LoMAVectors

/// The positions of a text's rows.
struct SVGPositions {
  let picture: MaskPicture
  private let lane = 20
  private let top = 56

  init(picture: MaskPicture) { self.picture = picture }

  /// A lane for the rows of each kind, more where several of one kind share a position.
  var part: SVGPart {
    let stacks = PositionStacks(picture)
    let names = picture.rows.indices.map { stacks.name(of: $0) }
    let column = max(names.map { $0.count }.max() ?? 0, 2) * 6 + 8
    let left = 36 + max(8, stacks.lanes.map { $0.kind.name.count }.max() ?? 0) * 7
    let bottom = top + stacks.lanes.count * lane
    var lines = [
      SVGStyle.text("positions: " + picture.caption, x: 24, y: 20, dim: true),
      SVGStyle.text("position", x: left - 12, y: top - 8, size: 9, dim: true, anchor: "end"),
    ]
    for (place, position) in stacks.positions.enumerated() {
      let middle = left + place * column + column / 2
      lines.append(SVGStyle.line(middle, top - 3, middle, bottom))
      lines.append(SVGStyle.text("\(position)", x: middle, y: top - 8, size: 9, anchor: "middle"))
    }
    for (number, lane) in stacks.lanes.enumerated() {
      let y = top + number * self.lane
      if lane.depth == 0 {
        lines.append(SVGStyle.text(lane.kind.name, x: left - 12, y: y + 13, anchor: "end"))
      }
      for (place, position) in stacks.positions.enumerated() {
        guard let row = stacks.row(lane, at: position) else { continue }
        lines.append(
          .joined(
            SVGStyle.tile(
              lane.kind, names[row], x: left + place * column + 1, y: y + 2, width: column - 2, height: self.lane - 4)))
      }
    }
    return SVGPart(lines: lines, width: left + stacks.positions.count * column + 24, height: bottom + 28)
  }
}
