// The models of the corpus: in memory for the reference, as Hugging Face directories for every port.

import LoMA
import LoMAAnswers
import LoMACatalogue
import LoMAModels
import LoMAReference
import LoMAVectors
import NaiveLlama

struct RecordedModels: Sendable {
  /// A model as the manifest lists it.
  struct Entry: Sendable {
    let name: String
    let path: String
    /// The recipe that trained it; nil if its weights are drawn from a seed.
    let recipe: String?
    let files: [Recording.File]
  }

  /// The models, by path below Vectors.
  private(set) var models: [String: Model] = [:]
  /// Why the other models are refused, by path below Vectors (MOD-1, MOD-4).
  private(set) var refusals: [String: ReferenceError] = [:]
  /// The adapters in models of part II, by the path of the model.
  private(set) var adapters: [String: PeerAnswers.AdapterInModel] = [:]
  /// The models with latent attention, refused ones among them, by path.
  private(set) var latents: [String: StoredLatent] = [:]
  /// All models in the manifest's order.
  private(set) var entries: [Entry] = []

  /// The models drawn from seeds; made once, since they never change.
  static let seeded = Result { () throws(RecordingError) in try RecordedModels() }

  private init() throws(RecordingError) {
    for model in CaseModel.all {
      do throws(ModelError) { try add(model) } catch { throw .model(name: model.name, error) }
    }
    for model in RefusedModel.all {
      do throws(ModelError) { try add(model) } catch { throw .model(name: model.name, error) }
    }
  }

  /// No models.
  init(empty: Void) {}

  /// Adds a model with an adapter; nil for a base that is refused.
  mutating func add(
    _ entry: Entry, model: Model?, refusal: ReferenceError? = nil, adapter: PeerAnswers.AdapterInModel
  ) {
    entries.append(entry)
    models[entry.path] = model
    refusals[entry.path] = refusal
    adapters[entry.path] = adapter
  }

  /// Adds a model without an adapter; nil for one that is refused.
  mutating func add(_ entry: Entry, model: Model?, refusal: ReferenceError? = nil) {
    entries.append(entry)
    models[entry.path] = model
    refusals[entry.path] = refusal
  }

  /// Adds a model with latent attention, as its files have it.
  mutating func add(latent entry: Entry) throws(LatentError) {
    func bytes(_ name: String) -> [UInt8] { entry.files.first { $0.path == entry.path + "/" + name }?.bytes ?? [] }
    latents[entry.path] = try StoredLatent(configuration: bytes("config.json"), tensors: bytes("model.safetensors"))
    entries.append(entry)
  }

  /// All models: those drawn from seeds, and the trained ones, each read from the folder of its name below `folder`.
  ///
  /// Throws `trainedModel` if a file is missing or its digest is not the pinned one.
  init(trainedBelow folder: String) throws(RecordingError) {
    self = try Self.seeded.get()
    for model in TrainedModel.all { try add(model, from: folder + "/" + model.name) }
  }

  private mutating func add(_ model: CaseModel) throws(ModelError) {
    let inMemory = try model.inMemory()
    let section = LoMASection(
      textVocabulary: model.vocabulary.text, memoryToken: model.vocabulary.memory,
      repetitionToken: model.vocabulary.repetition, c: 2, t: 2, profile: .base)
    do throws(CheckpointError) {
      let files = try CheckpointWriter.files(
        inMemory.parameters, configuration: inMemory.configuration, loma: section, elementType: .f32,
        form: model.form)
      entries.append(
        Entry(
          name: model.name, path: model.path, recipe: nil,
          files: files.map { Recording.File(path: model.path + "/" + $0.name, bytes: $0.bytes) }))
    } catch { throw ModelError.unreadable(tensor: model.name, reason: error.description) }
    models[model.path] = inMemory
  }

  /// Adds a refused model: another model's files with a changed config.json.
  private mutating func add(_ model: RefusedModel) throws(ModelError) {
    guard let files = entries.first(where: { $0.name == model.spoilt.name })?.files else { return }
    var spoilt: [Recording.File] = []
    for file in files {
      let name = file.path.split(separator: "/").last.map { String($0) } ?? ""
      let bytes = name == "config.json" ? model.spoil(file.bytes) : file.bytes
      spoilt.append(Recording.File(path: model.path + "/" + name, bytes: bytes))
      guard name == "config.json" else { continue }
      do throws(CheckpointError) {
        let configuration = try ConfigurationFile(parsing: bytes).configuration
        let tensors = models[model.spoilt.path]?.parameters.tensors ?? [:]
        do { try configuration.checkBiases { tensors[$0] != nil } } catch { throw .model(error) }
      } catch {
        if let refusal = error.refusal { refusals[model.path] = refusal }
      }
    }
    entries.append(Entry(name: model.name, path: model.path, recipe: nil, files: spoilt))
  }

  private mutating func add(_ model: TrainedModel, from folder: String) throws(RecordingError) {
    let entry = try Self.pinned(
      Entry(name: model.name, path: model.path, recipe: model.recipe, files: []), model.files, from: folder)
    do throws(CheckpointError) { models[model.path] = try Checkpoint(directory: folder).inMemory() } catch {
      throw .trainedModel(name: model.name, reason: error.description)
    }
    entries.append(entry)
  }

  /// An entry with the files in a folder, each of which must have its digest.
  static func pinned(
    _ entry: Entry, _ files: [(name: String, sha256: String)], from folder: String
  ) throws(RecordingError) -> Entry {
    func failure(_ reason: String) -> RecordingError { .trainedModel(name: entry.name, reason: reason) }
    var found: [Recording.File] = []
    for file in files {
      let bytes: [UInt8]
      do { bytes = try Files.contents(of: folder + "/" + file.name, byteLimit: 600 << 10) } catch {
        throw failure("\(error)")
      }
      let digest = SHA256.hexDigest(of: bytes)
      guard digest == file.sha256 else {
        throw failure(
          "\(folder.onOneLine)/\(file.name) has SHA-256 \(digest), \(entry.recipe ?? "") leads to \(file.sha256)")
      }
      found.append(Recording.File(path: entry.path + "/" + file.name, bytes: bytes))
    }
    return Entry(name: entry.name, path: entry.path, recipe: entry.recipe, files: found)
  }
}

extension StoredModels {
  /// The model that the answer to a case needs, computed from its seed; nil if it was trained and must be read.
  package init?(computedFor item: Case) throws(ModelError) {
    var models: [String: Model] = [:]
    var adapters: [String: PeerAnswers.AdapterInModel] = [:]
    var latents: [String: StoredLatent] = [:]
    if let path = item.request.model, case .tensors = item.expectation {
      switch item.request.operation.part {
      case .loma:
        guard let model = CaseModel.all.first(where: { $0.path == path }) else { return nil }
        models[path] = try model.inMemory()
      case .peers:
        guard let recorded = try? RecordedModels.peers.get() else { return nil }
        if let latent = recorded.latents[path] {
          latents[path] = latent
        } else {
          guard let model = recorded.models[path] else { return nil }
          (models[path], adapters[path]) = (model, recorded.adapters[path])
        }
      }
    }
    self.init(models: models, adapters: adapters, latents: latents)
  }
}
