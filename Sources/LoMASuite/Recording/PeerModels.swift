// CCM-22: the models of part II: in memory for the reference, as Hugging Face directories with an adapter in them for
// every port.

import LoMAAnswers
import LoMAModels
import LoMAPeersCatalogue
import LoMAPeersReference
import LoMAReference
import LoMAVectors
import NaiveLlama

extension RecordedModels {
  /// The models of part II, drawn from seeds; made once, since they never change.
  static let peers = Result { () throws(RecordingError) in
    var recorded = RecordedModels(empty: ())
    for model in ContextCaseModel.all {
      do throws(AdapterError) { try recorded.add(model) } catch {
        throw RecordingError.trainedModel(name: model.name, reason: error.description)
      }
    }
    for model in RefusedContextModel.all { recorded.add(model) }
    for model in LatentCaseModel.all {
      do throws(LatentError) { try recorded.add(model) } catch {
        throw RecordingError.trainedModel(name: model.name, reason: error.description)
      }
    }
    for model in RefusedLatentModel.all {
      do throws(LatentError) { try recorded.add(model) } catch {
        throw RecordingError.trainedModel(name: model.name, reason: error.description)
      }
    }
    for model in BaselineCaseModel.all { try recorded.add(model) }
    for model in RefusedBaselineModel.all { try recorded.add(model) }
    return recorded
  }

  /// All models of part II: those drawn from seeds, and the trained ones, each read from the folder of its name below
  /// `folder`.
  ///
  /// Throws `trainedModel` if a file is missing or its digest is not the pinned one.
  init(peersTrainedBelow folder: String) throws(RecordingError) {
    self = try Self.peers.get()
    for model in TrainedContextModel.all { try add(model, from: folder + "/" + model.name) }
    for model in TrainedLatentModel.all { try add(model, from: folder + "/" + model.name) }
  }

  private mutating func add(_ model: TrainedContextModel, from folder: String) throws(RecordingError) {
    let entry = try Self.pinned(
      Entry(name: model.name, path: model.path, recipe: model.recipe, files: []), model.files, from: folder)
    let base: Model
    do throws(CheckpointError) { base = try Checkpoint(directory: folder).inMemory() } catch {
      throw .trainedModel(name: model.name, reason: error.description)
    }
    do throws(AdapterError) {
      let stored = try StoredAdapter(directory: folder, configuration: base.configuration)
      add(entry, model: base, adapter: .success(stored.adapter))
    } catch { throw .trainedModel(name: model.name, reason: error.description) }
  }

  private mutating func add(_ model: ContextCaseModel) throws(AdapterError) {
    let base: Model
    let adapter: ContextAdapter
    do { (base, adapter) = try model.inMemory() } catch { throw .peer(error) }
    var files: [(name: String, bytes: [UInt8])]
    do {
      files = try CheckpointWriter.files(
        base.parameters, configuration: base.configuration, loma: nil, elementType: .f32, form: .explicit)
    } catch { throw .base(error) }
    files += try StoredAdapter.files(adapter, configuration: base.configuration, elementType: .f32)
      .map { (StoredAdapter.directoryName + "/" + $0.name, $0.bytes) }
    add(
      Entry(
        name: model.name, path: model.path, recipe: nil,
        files: files.map { Recording.File(path: model.path + "/" + $0.name, bytes: $0.bytes) }),
      model: base, adapter: .success(adapter))
  }

  /// Adds a refused model: another model's files with one of them changed.
  private mutating func add(_ model: RefusedContextModel) {
    guard let right = entries.first(where: { $0.name == model.spoilt.name }), let base = models[right.path],
      case .success(let adapter)? = adapters[right.path]
    else { return }
    var refusal: ReferenceError?
    var found = PeerAnswers.AdapterInModel.success(adapter)
    let files = right.files.map { file in
      let name = String(file.path.dropFirst(right.path.utf8.count + 1))
      let bytes = name == model.file ? model.change.applied(to: file.bytes) : file.bytes
      switch (name, model.change) {
      case (model.file, .tensor(let added, let shape)):
        var parameters = adapter.parameters
        parameters.tensors[added] = Tensor(zeros: shape)
        found = .success(ContextAdapter(settings: adapter.settings, parameters: parameters))
      case (model.file, _) where name == "config.json":
        do throws(CheckpointError) { _ = try ConfigurationFile(parsing: bytes) } catch { refusal = error.refusal }
      case (model.file, _):
        do throws(AdapterError) {
          let settings = try AdapterConfigurationFile(parsing: bytes).settings
          found = .success(ContextAdapter(settings: settings, parameters: adapter.parameters))
        } catch { found = .failure(PeerRefusal(error)) }
      default: break
      }
      return Recording.File(path: model.path + "/" + name, bytes: bytes)
    }
    add(
      Entry(name: model.name, path: model.path, recipe: nil, files: files), model: refusal == nil ? base : nil,
      refusal: refusal, adapter: found)
  }
}
