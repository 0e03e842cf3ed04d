// BAS-1: one layer of the prefill: all that a method may look at.

import NaiveLlama

/// What some rows project to in one layer, before the rotation.
package struct ProjectedRows: Hashable, Sendable {
  /// [rows, H·d].
  package var query: Tensor
  /// [rows, G·d].
  package var key: Tensor
  /// [rows, G·d].
  package var value: Tensor
  /// Where the rows stand.
  package var positions: [Int]

  /// Projections of the same rows.
  package init(query: Tensor, key: Tensor, value: Tensor, positions: [Int]) {
    self.query = query
    self.key = key
    self.value = value
    self.positions = positions
  }

  /// These rows, then others.
  func appending(_ other: ProjectedRows) -> ProjectedRows {
    ProjectedRows(
      query: query.appending(other.query), key: key.appending(other.key), value: value.appending(other.value),
      positions: positions + other.positions)
  }
}

/// One layer of a finished prefill, in the rows that entered it.
package struct Observation: Sendable {
  /// Queries, rotated: [rows, H·d].
  package let query: Tensor
  /// Keys, rotated: [rows, G·d].
  package let key: Tensor
  /// Keys before the rotation: [rows, G·d].
  package let unrotatedKey: Tensor
  /// Values: [rows, G·d].
  package let value: Tensor
  /// Softmax weights, 0 where hidden: [H, rows, rows].
  package let probabilities: Tensor
  /// Where the rows stand.
  package let positions: [Int]
  /// The prefill's rows that entered this layer, ascending: all of them, but where rows are pruned between layers
  /// (BAS-13).
  package let rows: [Int]
  /// H, G and d.
  package let heads: AttentionHeads
  /// θ of the rotation.
  package let theta: Double
  /// How the model computes and rounds.
  package let functions: LayerFunctions

  /// One layer of a prefill, in any of its rows.
  package init(
    query: Tensor, key: Tensor, unrotatedKey: Tensor, value: Tensor, probabilities: Tensor, positions: [Int],
    rows: [Int], heads: AttentionHeads, theta: Double, functions: LayerFunctions
  ) {
    precondition(query.rows == positions.count && key.rows == positions.count && rows.count == positions.count)
    precondition(probabilities.shape == [heads.query, query.rows, key.rows], "a weight for each head, row and key")
    self.query = query
    self.key = key
    self.unrotatedKey = unrotatedKey
    self.value = value
    self.probabilities = probabilities
    self.positions = positions
    self.rows = rows
    self.heads = heads
    self.theta = theta
    self.functions = functions
  }

  /// Keys as they are before the rotation [rows, G·d], rotated to positions as the model does.
  package func rotated(_ keys: Tensor, to positions: [Int]) -> Tensor {
    functions.rotate(keys, by: functions.angles(positions, Rotation(headDimension: heads.dimension, theta: theta)))
  }
}
