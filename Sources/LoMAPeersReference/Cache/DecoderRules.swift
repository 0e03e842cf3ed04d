// BAS-1, BAS-5, BAS-8, BAS-9: what a decoder over cached entries does beside a Llama, as one value. The Llama's is the one
// instance here; a method, or a wrong one, is another.

import LoMAPeers
import NaiveLlama

/// The projections of an attention layer.
package enum Projection: CaseIterable, Hashable, Sendable {
  /// Wq.
  case query
  /// Wk.
  case key
  /// Wv.
  case value
  /// Wo.
  case output

  /// The parameter of a layer.
  package func name(_ layer: LayerParameterNames) -> String {
    switch self {
    case .query: layer.query
    case .key: layer.key
    case .value: layer.value
    case .output: layer.attentionOutput
    }
  }
}

/// What a layer reads where a rule writes otherwise than one entry a row (BAS-15).
package struct WrittenRows: Sendable {
  /// The queries of the rows fed now, rotated: [fed, H·d].
  package let query: Tensor
  /// Keys of all rows so far, as they are read after this pass: [rows, G·d].
  package let keys: Tensor
  /// Values of all rows so far: [rows, G·d].
  package let values: Tensor
  /// By KV head, for every row fed now: the rows whose keys it sees, ascending, before the mask is asked.
  package let visible: [[[Int]]]
  /// By KV head, the rows whose entries stay for the next pass, ascending.
  package let alive: [[Int]]
  /// What stays would occupy this.
  package let bits: Int

  /// What is written of all rows so far, and read by those fed now.
  package init(query: Tensor, keys: Tensor, values: Tensor, visible: [[[Int]]], alive: [[Int]], bits: Int) {
    self.query = query
    self.keys = keys
    self.values = values
    self.visible = visible
    self.alive = alive
    self.bits = bits
  }
}

/// All rows of one layer, projected, of which some are fed now; for a rule that writes otherwise.
package struct RowsToWrite: Sendable {
  /// The layer's number.
  package let layer: Int
  /// Every row so far, before the rotation.
  package let all: ProjectedRows
  /// Those fed now.
  package let fed: Range<Int>
  /// H, G and d.
  package let heads: AttentionHeads
  /// θ of the rotation.
  package let theta: Double
  /// How the model computes and rounds.
  package let functions: LayerFunctions

  /// Queries or keys before the rotation [rows, heads·d], rotated to positions as the model does.
  package func rotated(_ x: Tensor, to positions: [Int]) -> Tensor {
    functions.rotate(x, by: functions.angles(positions, Rotation(headDimension: heads.dimension, theta: theta)))
  }
}

/// Who projects, writes, reads and goes on.
package struct DecoderRules: Sendable {
  /// The layer whose entries a layer reads, at most itself (BAS-14).
  package var source: @Sendable (_ layer: Int) -> Int = { $0 }
  /// In a prefill, which rows of a layer the next one computes, by their place in the layer's observation, ascending
  /// (BAS-13), given those of all layers so far, this one's last; nil: all. Not asked after the last layer.
  package var goOn: (@Sendable (_ layer: Int, _ soFar: [Observation]) throws(PeerError) -> [Int])?
  /// The positions of the rows that go on, given those that they have; the same (BAS-5).
  package var positionsGoingOn: @Sendable ([Int]) -> [Int] = { $0 }
  /// x·Wᵀ of a projection, rounded: x [rows, in], W [out, in] → [rows, out] (BAS-16).
  package var project: @Sendable (_ layer: Int, Projection, _ x: Tensor, _ weight: Tensor, LayerFunctions) -> Tensor = {
    _, _, x, weight, functions in functions.linear(x, weight: weight)
  }
  /// What is written and read of projected rows (BAS-15); nil: an entry a row, its key rotated, its value as it is.
  package var write: (@Sendable (RowsToWrite) throws(PeerError) -> WrittenRows)?
  /// The position of the first row behind a prefill of T rows, given what it left: T (BAS-5).
  package var nextPosition: @Sendable (_ prefill: Int, [LayerCache]) -> Int = { prefill, _ in prefill }

  /// The Llama's.
  package static let spec = DecoderRules()
}
