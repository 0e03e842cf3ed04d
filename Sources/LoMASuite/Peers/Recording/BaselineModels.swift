// BAS-21: the models of chapter 19: in memory for the reference, as Hugging Face directories for every port.

import LoMAModels
import LoMAReference
import LoMAVectors
import NaiveLlama

extension RecordedModels {
  mutating func add(_ model: BaselineCaseModel) throws(RecordingError) {
    do throws(ModelError) {
      let made = try model.inMemory()
      do throws(CheckpointError) {
        let files = try CheckpointWriter.files(
          made.parameters, configuration: made.configuration, loma: nil, elementType: .f32, form: .explicit)
        add(
          Entry(
            name: model.name, path: model.path, recipe: nil,
            files: files.map { Recording.File(path: model.path + "/" + $0.name, bytes: $0.bytes) }), model: made)
      } catch { throw ModelError.unreadable(tensor: model.name, reason: error.description) }
    } catch { throw .model(name: model.name, error) }
  }

  /// Adds a refused model: another model's files with a changed config.json.
  mutating func add(_ model: RefusedBaselineModel) {
    guard let right = entries.first(where: { $0.name == RefusedBaselineModel.spoilt.name }) else { return }
    var refusal: ReferenceError?
    let files = right.files.map { file in
      let name = String(file.path.dropFirst(right.path.utf8.count + 1))
      guard name == "config.json" else { return Recording.File(path: model.path + "/" + name, bytes: file.bytes) }
      let bytes = ModelChange.line(right: model.right, wrong: model.wrong).applied(to: file.bytes)
      do throws(CheckpointError) { _ = try ConfigurationFile(parsing: bytes) } catch { refusal = error.refusal }
      return Recording.File(path: model.path + "/" + name, bytes: bytes)
    }
    add(Entry(name: model.name, path: model.path, recipe: nil, files: files), model: nil, refusal: refusal)
  }
}
