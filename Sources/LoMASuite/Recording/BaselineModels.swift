// BAS-21: the models of chapter 19: in memory for the reference, as Hugging Face directories for every port.

import LoMAModels
import LoMAPeersCatalogue
import LoMAReference
import LoMAVectors
import NaiveLlama

extension RecordedModels {
  mutating func add(_ model: BaselineCaseModel) throws(RecordingError) {
    do throws(ModelError) {
      add(Self.entry(model.name, model.path, try model.files()), model: try model.inMemory())
    } catch { throw .model(name: model.name, error) }
  }

  /// Adds a refused model: the files of a right one with a changed config.json.
  mutating func add(_ model: RefusedBaselineModel) throws(RecordingError) {
    var files: [(name: String, bytes: [UInt8])]
    do throws(ModelError) { files = try RefusedBaselineModel.spoilt.files() } catch {
      throw .model(name: model.name, error)
    }
    var refusal: ReferenceError?
    for place in files.indices where files[place].name == "config.json" {
      files[place].bytes = ModelChange.line(right: model.right, wrong: model.wrong).applied(to: files[place].bytes)
      do throws(CheckpointError) { _ = try ConfigurationFile(parsing: files[place].bytes) } catch {
        refusal = error.refusal
      }
    }
    add(Self.entry(model.name, model.path, files), model: nil, refusal: refusal)
  }
}

extension BaselineCaseModel {
  /// Its files, below its path; the weights in BF16, in which they are exact.
  func files() throws(ModelError) -> [(name: String, bytes: [UInt8])] {
    let made = try inMemory()
    do throws(CheckpointError) {
      return try CheckpointWriter.files(
        made.parameters, configuration: made.configuration, loma: nil, elementType: .bf16, form: .explicit)
    } catch { throw ModelError.unreadable(tensor: name, reason: error.description) }
  }
}
