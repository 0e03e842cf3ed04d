// MOD-1: the tensors of a Hugging Face directory, mapped; each is widened to binary64 when it is asked for.

import LoMAVectors
import NaiveLlama

/// The tensors of model.safetensors, or of the shards that its index names.
package struct StoredTensors: Sendable {
  /// The mapped files by name.
  let shards: [String: MappedArrayFile]
  /// The file that holds each tensor.
  let shardOfTensor: [String: String]

  /// Maps the files of a directory.
  package init(directory: String) throws(CheckpointError) {
    let names = try ShardIndex.files(in: directory)
    var shards: [String: MappedArrayFile] = [:]
    var shardOfTensor: [String: String] = [:]
    for name in names.files {
      let shard: MappedArrayFile
      do { shard = try MappedArrayFile(contentsOf: directory + "/" + name) } catch {
        if case .file(.failed(_, _, let code)) = error, code == 2, !names.index.isEmpty {  // ENOENT
          throw .missingShard(file: name)
        }
        if LargeFilePointer.isThere(directory + "/" + name) { throw .largeFilePointer(file: name) }
        throw .container(file: name, error)
      }
      for entry in shard.header.entries {
        if let other = shardOfTensor.updateValue(name, forKey: entry.name) {
          throw .tensorInTwoShards(tensor: entry.name, files: [other, name])
        }
      }
      shards[name] = shard
    }
    for (tensor, file) in names.index.sorted(by: { $0.key < $1.key }) where shardOfTensor[tensor] != file {
      throw .tensorNotInShard(tensor: tensor, file: file)
    }
    self.shards = shards
    self.shardOfTensor = shardOfTensor
  }

  /// Checks that every parameter is there as a floating-point array of its shape, and no other tensor but derived ones.
  func check(
    _ parameters: [(name: String, shape: [Int])], isDerived: (String) -> Bool
  ) throws(ModelError) {
    for (name, shape) in parameters {
      guard let entry = entry(name) else { throw .missingTensor(name) }
      guard entry.shape == shape else { throw .wrongShape(tensor: name, shape: entry.shape, expected: shape) }
      guard entry.elementType.kind == .floating else {
        throw .unreadable(tensor: name, reason: "\(entry.elementType.rawValue) is not a floating-point type")
      }
    }
    let expected = Set(parameters.map(\.name))
    for name in shardOfTensor.keys.sorted() where !expected.contains(name) && !isDerived(name) {
      throw .unexpectedTensor(name)
    }
  }

  /// Throws `unsupportedConfiguration` if a tied head is stored beside its embedding as another matrix: one program would read
  /// it, another would not (MOD-6).
  func checkTiedHead() throws(ModelError) {
    guard let head = entry(ParameterName.head), let table = entry(ParameterName.embedding),
      let headFile = shardOfTensor[head.name].flatMap({ shards[$0] }),
      let tableFile = shardOfTensor[table.name].flatMap({ shards[$0] })
    else { return }
    func refusal(_ difference: String) -> ModelError {
      .unsupportedConfiguration(
        key: "tie_word_embeddings", value: "true",
        reason: "\(head.name) is stored and is not \(table.name): \(difference)")
    }
    guard head.shape == table.shape else { throw refusal("its shape is \(head.shape), not \(table.shape)") }
    guard head.elementType == table.elementType else {
      throw refusal("it is \(head.elementType.rawValue), not \(table.elementType.rawValue)")
    }
    let difference: Int?
    do { difference = try headFile.firstDifference(of: head.name, from: tableFile, table.name) } catch {
      throw .unreadable(tensor: head.name, reason: "\(error)")
    }
    guard let difference else { return }
    throw refusal("row \(difference / max(1, head.bytes.count / max(1, head.shape.first ?? 1))) differs")
  }

  /// Throws `missingTensor` if there are fewer tensors than layers, so that no list of millions of names is made.
  func checkLayers(_ count: Int, name: (Int) -> String) throws(ModelError) {
    guard count > shardOfTensor.count else { return }
    for layer in 0..<count where entry(name(layer)) == nil { throw .missingTensor(name(layer)) }
  }

  /// The header's entry of a tensor; nil if there is none.
  package func entry(_ name: String) -> ContainerHeader.Entry? {
    guard let shard = shardOfTensor[name] else { return nil }
    return try? shards[shard]?.entry(name)
  }

  /// A tensor as it is stored: its element type and bytes.
  func stored(_ name: String) throws(CheckpointError) -> NamedArray {
    guard let file = shardOfTensor[name], let shard = shards[file] else { throw .model(.missingTensor(name)) }
    do { return try shard.array(name) } catch { throw .container(file: file, error) }
  }

  /// The tensors, read on demand; none is kept in memory.
  package var weights: Weights {
    Weights(
      load: { (name) throws(ModelError) in
        try read(name) { (shard) throws(ContainerError) in try shard.doubles(name) }
      },
      loadRows: { (name, rows) throws(ModelError) in
        try read(name, rows: rows) { (shard) throws(ContainerError) in
          if let first = rows.first, let last = rows.last, last - first + 1 == rows.count,
            zip(rows, rows.dropFirst()).allSatisfy({ $0 + 1 == $1 })
          {
            return try shard.doubles(name, rows: first..<last + 1)
          }
          var values: [Double] = []
          for row in rows { values += try shard.doubles(name, rows: row..<row + 1) }
          return values
        }
      },
      find: { (name) throws(ModelError) in
        guard let file = shardOfTensor[name], let shard = shards[file], let entry = entry(name) else {
          throw .missingTensor(name)
        }
        guard let type = entry.elementType.narrow, entry.shape.count == 2 else { return nil }
        return NarrowMatrix(type: type, rows: entry.shape[0], columns: entry.shape[1]) { rows, body in
          do { return try shard.withBytes(of: name, rows: rows, body) } catch {
            preconditionFailure("rows of a matrix in the file: \(error)")
          }
        }
      })
  }

  private func read(
    _ name: String, rows: [Int]? = nil, _ values: (MappedArrayFile) throws(ContainerError) -> [Double]
  ) throws(ModelError) -> Tensor {
    guard let file = shardOfTensor[name], let shard = shards[file], let entry = entry(name) else {
      throw .missingTensor(name)
    }
    let read: [Double]
    do { read = try values(shard) } catch { throw .unreadable(tensor: name, reason: "\(file): \(error)") }
    if let index = Elements.firstNonFinite(read) {
      let (row, column) = index.quotientAndRemainder(dividingBy: entry.shape.last ?? 1)
      throw .nonFiniteWeight(tensor: name, index: rows.map { $0[row] * (entry.shape.last ?? 1) + column } ?? index)
    }
    let shape = rows.map { [$0.count] + entry.shape.dropFirst() } ?? entry.shape
    return Tensor(shape: shape, values: read)
  }
}

extension ElementType {
  /// The type as a product widens it; nil for one that is not floating-point, and for binary64.
  fileprivate var narrow: NarrowType? {
    switch self {
    case .bf16: .bf16
    case .f16: .f16
    case .f32: .f32
    case .f64, .i64, .i32, .u8, .bool: nil
    }
  }
}
