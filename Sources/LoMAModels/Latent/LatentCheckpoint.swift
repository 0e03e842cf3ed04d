// LAT-10: a Hugging Face directory of a decoder with latent attention, mapped; rows in neighbouring pairs are renamed when
// they are read (LAT-3).

import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

/// A directory with config.json and model.safetensors, or the shards that its index names.
package struct LatentCheckpoint: Sendable {
  /// The content of config.json.
  package let file: LatentConfigurationFile
  private let tensors: StoredTensors
  /// Of the weights whose rows stand in another order in the file: for each row here, its row there.
  private let fileRows: [String: [Int]]

  /// Sizes, decisions, ε and θ.
  package var configuration: LatentConfiguration { file.configuration }

  /// Maps a directory and checks the name, shape and element type of every tensor against config.json.
  ///
  /// `pairs` are the orders of rotated rows that are taken. Values are checked when they are read.
  package init(directory: String, accepting pairs: Set<PairOrder>) throws(LatentError) {
    file = try LatentConfigurationFile(directory: directory, accepting: pairs)
    tensors = try reading(try StoredTensors(directory: directory))
    let shape = file.configuration.shape
    try modelling(try tensors.checkLayers(shape.layers) { LatentLayerNames(index: $0).attentionNorm })
    try modelling(
      try tensors.check(shape.parameters) { name in
        name.hasSuffix(".rotary_emb.inv_freq") || name == ParameterName.head && shape.tiesHead
      })
    if shape.tiesHead { try modelling(try tensors.checkTiedHead()) }
    var rows: [String: [Int]] = [:]
    if file.pairs == .neighbours {
      for weight in shape.neighbouringRows { rows[weight.name] = weight.rows }
    }
    fileRows = rows
  }

  /// The weights in half-split order, read on demand; none is kept in memory.
  package var weights: Weights {
    let (stored, fileRows) = (tensors.weights, fileRows)
    return Weights(
      load: { (name) throws(ModelError) in
        let tensor = try stored.tensor(name)
        return fileRows[name].map { tensor.selecting(rows: $0) } ?? tensor
      },
      loadRows: { (name, rows) throws(ModelError) in
        try stored.rows(fileRows[name].map { order in rows.map { order[$0] } } ?? rows, of: name)
      })
  }

  /// All weights in half-split order, read into memory.
  package func parameters() throws(LatentError) -> ParameterSet {
    var set: [String: Tensor] = [:]
    for (name, _) in configuration.shape.parameters { set[name] = try modelling(try weights.tensor(name)) }
    return ParameterSet(set)
  }

  /// The type of all tensors if they share one; otherwise F64 if one is F64, otherwise F32.
  package var elementType: ElementType {
    let types = Set(configuration.shape.parameters.compactMap { tensors.entry($0.name)?.elementType })
    if types.count == 1, let type = types.first { return type }
    return types.contains(.f64) ? .f64 : .f32
  }

  /// The reference on this model; it reads one tensor at a time from the mapped files.
  package func model(workers: Workers) -> LatentModel {
    LatentModel(
      configuration: configuration, weights: weights, functions: .llama(workers: workers), rules: .spec)
  }
}

/// The value of an expression over files and tensors, its error as a `LatentError`.
func reading<Value>(_ value: @autoclosure () throws(CheckpointError) -> Value) throws(LatentError) -> Value {
  do { return try value() } catch { throw .checkpoint(error) }
}

/// The value of an expression of the model, its error as a `LatentError`.
func modelling<Value>(_ value: @autoclosure () throws(ModelError) -> Value) throws(LatentError) -> Value {
  do { return try value() } catch { throw .checkpoint(.model(error)) }
}
