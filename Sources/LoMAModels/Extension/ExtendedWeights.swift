// PAR-5: the shards of an extended checkpoint: embedding and head with two other rows, all other tensors byte for byte.

import LoMA
import LoMAVectors
import NaiveLlama

/// The tensors of a checkpoint, with rows for `<m>` and `<r>` in its embedding and its head.
struct ExtendedWeights {
  /// The files as they are.
  let tensors: StoredTensors
  /// The index beside them; nil if there is none.
  let index: JSONSource?
  /// The number of rows that are kept: V.
  let textSize: Int
  /// The number of rows of the new tables: V'.
  let modelSize: Int
  /// The two new rows, end to end, by table.
  let rows: [String: [UInt8]]

  /// Finds the tables and their new rows: those of two text tokens, or else the mean of all, twice.
  ///
  /// Every table has `oldSize` rows of `width` values.
  init(
    directory: String, tiesHead: Bool, oldSize: Int, width: Int, textSize: Int, modelSize: Int, copying: [Int]?
  ) throws(ExtensionError) {
    do throws(CheckpointError) {
      tensors = try StoredTensors(directory: directory)
      index = try ShardIndex.source(in: directory)
    } catch { throw .checkpoint(error) }
    self.textSize = textSize
    self.modelSize = modelSize
    var rows: [String: [UInt8]] = [:]
    for name in [ParameterName.embedding, ParameterName.head] {
      guard let entry = tensors.entry(name) else {
        // Tied models seldom store the head.
        if name == ParameterName.head && tiesHead { continue }
        throw ExtensionError(.missingTensor(name))
      }
      guard entry.shape == [oldSize, width] else {
        throw ExtensionError(.wrongShape(tensor: name, shape: entry.shape, expected: [oldSize, width]))
      }
      guard entry.elementType.kind == .floating else {
        throw ExtensionError(
          .unreadable(tensor: name, reason: "\(entry.elementType.rawValue) is not a floating-point type"))
      }
      if let copying {
        rows[name] = try Self.bytes(tensors, entry, rows: copying)
      } else {
        let mean = try Self.mean(tensors, entry, rows: textSize)
        rows[name] = mean + mean
      }
    }
    self.rows = rows
  }

  /// Some rows of a table, as they are; throws for a value that is not finite.
  private static func bytes(
    _ tensors: StoredTensors, _ entry: ContainerHeader.Entry, rows: [Int]
  ) throws(ExtensionError) -> [UInt8] {
    do throws(ModelError) {
      let read = try tensors.weights.rows(rows, of: entry.name)
      do { return try NamedArray(entry.name, entry.elementType, shape: read.shape, doubles: read.values).bytes } catch {
        throw .unreadable(tensor: entry.name, reason: "\(error)")
      }
    } catch { throw ExtensionError(error) }
  }

  /// The mean of the first rows, each column summed from +0.0 by rising row, rounded once to the table's type.
  private static func mean(
    _ tensors: StoredTensors, _ entry: ContainerHeader.Entry, rows: Int
  ) throws(ExtensionError) -> [UInt8] {
    let name = entry.name
    guard let file = tensors.shardOfTensor[name], let shard = tensors.shards[file] else {
      throw ExtensionError(.missingTensor(name))
    }
    let mean: [Double]
    let row: NamedArray
    let rounded: [Double]
    do throws(ContainerError) {
      mean = try shard.columnSums(name, rows: 0..<rows).map { $0 / Double(rows) }
      row = try NamedArray(name, entry.elementType, shape: [mean.count], doubles: mean)
      rounded = try row.doubles()
    } catch { throw .checkpoint(.container(file: file, error)) }
    guard let column = Elements.firstNonFinite(rounded) else { return row.bytes }
    // A value that is no number, which reading names with its place; or a sum beyond the type's range.
    for index in 0..<rows {
      do { _ = try tensors.weights.rows([index], of: name) } catch { throw ExtensionError(error) }
    }
    throw .checkpoint(
      .valueOutOfRange(tensor: name, index: rows * mean.count + column, elementType: entry.elementType))
  }

  /// Writes every shard under its own name, one piece of a tensor at a time, and the index if there was one.
  func write(to directory: String) throws(ExtensionError) {
    for (file, shard) in tensors.shards.sorted(by: { $0.key < $1.key }) {
      do throws(ContainerError) { try write(shard, to: directory + "/" + file) } catch {
        throw .checkpoint(.container(file: file, error))
      }
    }
    guard let index else { return }
    let text: [UInt8]
    do { text = try self.text(of: index) } catch { throw .checkpoint(.json(file: ShardIndex.name, error)) }
    do { try Files.create(directory + "/" + ShardIndex.name, with: text) } catch { throw ExtensionError(error) }
  }

  private func write(_ shard: MappedArrayFile, to path: String) throws(ContainerError) {
    let stream = try ArrayStream(
      creating: path, arrays: shard.header.entries.map { ($0.name, $0.elementType, shape(of: $0)) },
      metadata: ["format": "pt"])
    do throws(FileError) {
      for entry in shard.header.entries {
        guard let two = rows[entry.name] else {
          try shard.forEachPiece(of: entry) { (piece) throws(FileError) in try stream.append(piece) }
          continue
        }
        // The rows below V, the two, and those of a padded table that remain.
        let kept = textSize * (two.count / 2)
        let end = kept + two.count
        var offset = 0
        try shard.forEachPiece(of: entry) { (piece) throws(FileError) in
          try stream.append(Array(piece.prefix(max(0, kept - offset))))
          // The new rows come once, where the kept ones end.
          if offset < kept && offset + piece.count >= kept { try stream.append(two) }
          try stream.append(Array(piece.dropFirst(max(0, end - offset))))
          offset += piece.count
        }
      }
      try stream.finish()
    } catch { throw .file(error) }
  }

  /// The shape of an entry in the new file.
  func shape(of entry: ContainerHeader.Entry) -> [Int] {
    rows[entry.name] == nil ? entry.shape : [modelSize] + entry.shape.dropFirst()
  }

  /// The index with the file of each tensor and what its metadata says of sizes; other metadata keep their text.
  private func text(of index: JSONSource) throws(JSONError) -> [UInt8] {
    let entries = tensors.shards.values.flatMap(\.header.entries)
    let bytes = entries.reduce(0) { $0 + shape(of: $1).reduce($1.elementType.width, *) }
    let added = entries.reduce(0) { $0 + shape(of: $1).reduce(1, *) - $1.shape.reduce(1, *) }
    let files = tensors.shardOfTensor.sorted { $0.key < $1.key }
      .map { "    \(JSONSource.quoted($0.key)): \(JSONSource.quoted($0.value))" }
    let map = "{\n\(files.joined(separator: ",\n"))\n  }"
    let size = "\"total_size\": \(bytes)"
    var changes: [(place: Range<Int>, text: String)] = []
    let parts = try index.members(index.root) ?? []
    if let place = parts.first(where: { $0.key == "weight_map" })?.value { changes.append((place, map)) }
    guard let metadata = parts.first(where: { $0.key == "metadata" })?.value,
      let members = try index.members(metadata)
    else { return index.replacing(changes + [try index.appending(["\"metadata\": {\(size)}"], to: index.root)]) }
    if let place = members.first(where: { $0.key == "total_size" })?.value {
      changes.append((place, "\(bytes)"))
    } else {
      changes.append(try index.appending([size], to: metadata))
    }
    if let place = members.first(where: { $0.key == "total_parameters" })?.value,
      let count = try index.value(place).integerValue
    {
      let (sum, overflows) = count.addingReportingOverflow(added)
      if !overflows { changes.append((place, "\(sum)")) }
    }
    return index.replacing(changes)
  }

  /// Reads the written files and compares names, types and shapes, and the two rows of every table.
  func check(_ directory: String) throws(ExtensionError) {
    let written: StoredTensors
    do { written = try StoredTensors(directory: directory) } catch { throw .checkpoint(error) }
    guard written.shardOfTensor == tensors.shardOfTensor else { throw .notAsWritten("the tensors of the shards") }
    for name in tensors.shardOfTensor.keys.sorted() {
      guard let old = tensors.entry(name), let new = written.entry(name), new.elementType == old.elementType,
        new.shape == shape(of: old)
      else { throw .notAsWritten("the type or the shape of \(name)") }
      guard let two = rows[name] else { continue }
      let read = try Self.bytes(written, new, rows: [textSize, textSize + 1])
      guard read == two else { throw .notAsWritten("the two rows of \(name)") }
    }
  }
}
