// CCM-22: the PEFT directory `adapter` in the directory of its base, read whole and written whole.

import LoMAPeersReference
import LoMAVectors
import NaiveLlama

/// The adapter in the directory of a base.
package struct StoredAdapter: Sendable {
  /// The directory's name in that of the base.
  package static let directoryName = "adapter"
  /// The name of the file with the tensors.
  package static let tensorsName = "adapter_model.safetensors"

  /// r, α and the tensors.
  package let adapter: ContextAdapter

  /// Reads `adapter` in a model's directory and checks every tensor against the base's sizes and r.
  ///
  /// The embeddings may have any number of rows; `ContextCheckpoint` asks whether they fit n. Shapes are checked before
  /// values are read.
  package init(directory: String, configuration: Configuration) throws(AdapterError) {
    let folder = directory + "/" + Self.directoryName
    let text: [UInt8]
    do { text = try Files.contents(of: folder + "/" + AdapterConfigurationFile.name, byteLimit: 1 << 20) } catch {
      throw .file(error)
    }
    let settings = try AdapterConfigurationFile(parsing: text).settings
    let file: MappedArrayFile
    do { file = try MappedArrayFile(contentsOf: folder + "/" + Self.tensorsName) } catch { throw .container(error) }
    let shapes = try Self.check(file.header.entries, configuration: configuration, rank: settings.rank)
    var tensors: [String: Tensor] = [:]
    for (name, shape) in shapes {
      let values: [Double]
      do { values = try file.doubles(name) } catch { throw .container(error) }
      if let index = Elements.firstNonFinite(values) { throw .nonFinite(tensor: name, index: index) }
      tensors[name] = Tensor(shape: shape, values: values)
    }
    adapter = ContextAdapter(settings: settings, parameters: ParameterSet(tensors))
  }

  /// The adapter's tensors with their shapes, if a file has exactly these.
  private static func check(
    _ entries: [ContainerHeader.Entry], configuration: Configuration, rank: Int
  ) throws(AdapterError) -> [(name: String, shape: [Int])] {
    var found: [String: ContainerHeader.Entry] = [:]
    for entry in entries { found[entry.name] = entry }
    let embedding = AdapterParameterName.memoryEmbedding
    guard let rows = found[embedding] else { throw .missingTensor(embedding) }
    let shapes = ContextAdapter.shapes(configuration, memoryEmbeddings: rows.shape.first ?? 0, rank: rank)
    for (name, shape) in shapes {
      guard let entry = found[name] else { throw .missingTensor(name) }
      guard entry.shape == shape else { throw .wrongShape(tensor: name, shape: entry.shape, expected: shape) }
      guard entry.elementType.kind == .floating else {
        throw .notFloating(tensor: name, elementType: entry.elementType)
      }
    }
    let expected = Set(shapes.map { $0.name })
    for name in found.keys.sorted() where !expected.contains(name) { throw .unexpectedTensor(name) }
    return shapes
  }
}

extension StoredAdapter {
  /// Writes the directory `adapter` into a model's directory, whole or not at all; throws if it exists.
  ///
  /// Every value is rounded once to `elementType`; throws for one beyond its range, and for tensors that do not fit the
  /// base.
  package static func write(
    _ adapter: ContextAdapter, configuration: Configuration, elementType: ElementType, to directory: String
  ) throws(AdapterError) {
    let files = try files(adapter, configuration: configuration, elementType: elementType)
    do { try Files.createDirectory(directory + "/" + directoryName, containing: files) } catch { throw .file(error) }
  }

  /// The two files of the directory, in memory.
  package static func files(
    _ adapter: ContextAdapter, configuration: Configuration, elementType: ElementType
  ) throws(AdapterError) -> [(name: String, bytes: [UInt8])] {
    var arrays: [NamedArray] = []
    for (name, shape) in adapter.shapes(configuration) {
      guard let tensor = adapter.parameters.tensors[name] else { throw .missingTensor(name) }
      guard tensor.shape == shape else { throw .wrongShape(tensor: name, shape: tensor.shape, expected: shape) }
      if let index = Elements.firstNonFinite(tensor.values) { throw .nonFinite(tensor: name, index: index) }
      let rounded: [Double]
      do {
        let array = try NamedArray(name, elementType, shape: shape, doubles: tensor.values)
        arrays.append(array)
        rounded = try array.doubles()
      } catch { throw .container(error) }
      if let index = Elements.firstNonFinite(rounded) {
        throw .valueOutOfRange(tensor: name, index: index, elementType: elementType)
      }
    }
    let names = Set(arrays.map { $0.name })
    for name in adapter.parameters.names where !names.contains(name) { throw .unexpectedTensor(name) }
    let bytes: [UInt8]
    do { bytes = try ArrayFile(arrays, metadata: ["format": "pt"]).encoded() } catch { throw .container(error) }
    let text = AdapterConfigurationFile.text(adapter.settings)
    return [(tensorsName, bytes), (AdapterConfigurationFile.name, Array(text.utf8))]
  }
}
