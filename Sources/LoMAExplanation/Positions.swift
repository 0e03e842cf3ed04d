// Section positions: which rows share a position (POS-1…POS-3, CCM-7).

import LoMA
import LoMAVectors

/// The rows of a text by the position that they are fed.
struct PositionStacks {
  /// The rows of a kind that are the first, second, … at their positions.
  struct Lane: Hashable {
    let kind: RowKind
    let depth: Int
  }

  /// Every position from the least to the largest that occurs.
  let positions: [Int]
  /// By kind in the order of the Spec; a kind that has two rows at some position has two lanes.
  let lanes: [Lane]
  private let rows: [DrawnRow]
  private let indices: [RowKind: [Int: [Int]]]

  init(_ picture: MaskPicture) {
    rows = picture.rows
    var indices: [RowKind: [Int: [Int]]] = [:]
    for (index, row) in picture.rows.enumerated() {
      indices[row.kind, default: [:]][row.position, default: []].append(index)
    }
    self.indices = indices
    let all = picture.rows.map { $0.position }
    positions = all.isEmpty ? [] : Array((all.min() ?? 0)...(all.max() ?? 0))
    lanes = picture.kinds.flatMap { kind in
      let most = indices[kind]?.values.map { $0.count }.max() ?? 0
      return (0..<most).map { Lane(kind: kind, depth: $0) }
    }
  }

  /// The row of a lane at a position.
  func row(_ lane: Lane, at position: Int) -> Int? {
    guard let rows = indices[lane.kind]?[position], lane.depth < rows.count else { return nil }
    return rows[lane.depth]
  }

  /// The rows of a kind at a position.
  func rows(_ kind: RowKind, at position: Int) -> [Int] { indices[kind]?[position] ?? [] }

  /// A row's token; rows with equal inputs are told apart by their number.
  func name(of row: Int) -> String {
    let token = rows[row].token.name
    return token.hasPrefix("<") || token == "pad" ? "\(row) " + token : token
  }
}

extension MethodExplanation {
  /// Every position with the rows that are fed it.
  func positionsContent(_ pictures: [MaskPicture]?, limits: ExplanationLimits) -> SectionContent {
    guard let pictures, rowCount <= limits.lines else {
      return .tooLong(.positions, "\(rowCount) rows", limit: "\(limits.lines) rows")
    }
    let blocks = Self.titled(pictures) { picture in
      let stacks = PositionStacks(picture)
      let rows = stacks.positions.map { position in
        [ContentCell("\(position)")]
          + picture.kinds.map { kind in
            let names = stacks.rows(kind, at: position).map { stacks.name(of: $0) }
            return ContentCell(names.joined(separator: ", "), ink: .zone(kind.colour))
          }
      }
      let columns = [ContentColumn.number("position")] + picture.kinds.map { ContentColumn.words($0.name) }
      return [.table(ContentTable(columns: columns, rows: rows))]
    }
    return SectionContent(section: .positions, subtitle: layoutCaption, blocks: blocks)
  }
}

extension JSONValue {
  /// Every position of a text with the numbers of the rows that are fed it.
  static func positions(_ picture: MaskPicture) -> JSONValue {
    let stacks = PositionStacks(picture)
    return .array(
      stacks.positions.map { position in
        let rows = picture.kinds.flatMap { stacks.rows($0, at: position) }.sorted()
        return .members([
          .init("position", .integer(position)), .init("rows", .array(rows.map { .integer($0) })),
        ])
      })
  }
}
