// The corpus in memory: every file of Vectors with its bytes, the manifest last. Deterministic, so that recording again
// can be compared.

import LoMA
import LoMAAnswers
import LoMACatalogue
import LoMAReference
import LoMAVectors
import NaiveLlama

/// The files of the corpus, by path below Vectors, in the order in which they are written.
package struct Recording: Sendable {
  package struct File: Sendable {
    /// The path below Vectors, with `/`.
    package let path: String
    package let bytes: [UInt8]
  }

  /// Every file; the manifest is last.
  package let files: [File]

  /// The measured bounds. They name the manifest they were measured on and are not listed in it (TOL-12).
  static let boundsName = "bounds.json"

  /// Records cases and models; `progress` gets the number of cases done.
  ///
  /// `suite` is its version; `retired` are the retired ids; `isPublished` says that all others are frozen. Throws `wrongAnswer` if the
  /// reference does not give the right answer to a case: our mistake, not one of the input.
  init(
    cases: [Case], models: RecordedModels, workers: Workers, suite: String = Versions.suite,
    retired: [(id: String, reason: String)] = Catalogue.retired,
    isPublished: Bool = Versions.isPublished, progress: @escaping @Sendable (_ done: Int, _ of: Int) -> Void
  ) throws(RecordingError) {
    let results = try Self.record(cases, models: models, workers: workers, progress: progress)
    var files = models.entries.flatMap(\.files)
    for result in results {
      files += [result.input, result.expected].compactMap { $0 }
    }
    files.append(File(path: StructureText.name, bytes: StructureText.bytes(of: results)))
    let manifest = Manifest(
      suite: suite, models: models.entries, cases: results, files: files, retired: retired, isPublished: isPublished)
    files.append(File(path: StoredManifest.name, bytes: Array(manifest.text.utf8)))
    self.files = files
  }

  struct RecordedCase: Sendable {
    let recorded: Case
    let input: File?
    let expected: File?
    let tensors: [ResultTensor]
  }

  private static func record(
    _ cases: [Case], models: RecordedModels, workers: Workers,
    progress: @escaping @Sendable (Int, Int) -> Void
  ) throws(RecordingError) -> [RecordedCase] {
    let answers = models.answers
    // Cases are independent and recorded in parallel; the results are in the order of the catalogue.
    let results = workers.map(cases.count) { index in
      let result = Result { () throws(RecordingError) in try record(cases[index], answers) }
      progress(index + 1, cases.count)
      return result
    }
    var recorded: [RecordedCase] = []
    for result in results { recorded.append(try result.get()) }
    return recorded
  }

  private static func record(_ item: Case, _ answers: ReferenceAnswers) throws(RecordingError) -> RecordedCase {
    let input = item.request.input.arrays.isEmpty ? nil : try file(item.inputPath, item.request.input)
    let tensors: [ResultTensor]
    do throws(RequestError) {
      tensors = try answers.answer(item.request)
    } catch {
      guard case .rejection(let code) = item.expectation, error.rejectionCode == code else {
        throw .wrongAnswer(id: item.id, answer: error.description)
      }
      return RecordedCase(recorded: item, input: input, expected: nil, tensors: [])
    }
    switch item.expectation {
    case .rejection(let code): throw .wrongAnswer(id: item.id, answer: "tensors instead of \(code)")
    case .property: return RecordedCase(recorded: item, input: input, expected: nil, tensors: [])
    case .tensors:
      let expected: ArrayFile
      do throws(ContainerError) {
        var arrays: [NamedArray] = []
        for tensor in tensors { arrays.append(try tensor.array()) }
        expected = try ArrayFile(arrays, metadata: [:])
      } catch { throw .container(id: item.id, error) }
      return RecordedCase(
        recorded: item, input: input, expected: try file(item.expectedPath, expected), tensors: tensors)
    }
  }

  private static func file(_ path: String, _ arrays: ArrayFile) throws(RecordingError) -> File {
    do { return File(path: path, bytes: try arrays.encoded()) } catch { throw .container(id: path, error) }
  }
}

extension Case {
  /// The path of its input below the folder of the vectors.
  var inputPath: String { folder + "/input.safetensors" }
  /// The path of its answer below the folder of the vectors.
  var expectedPath: String { folder + "/expected.safetensors" }

  private var folder: String { id.split(separator: ".", maxSplits: 1).joined(separator: "/") }
}

/// Why a corpus could not be recorded or written, or is not intact.
package enum RecordingError: Error, Sendable {
  /// The reference's answer differs from the right answer of the case.
  case wrongAnswer(id: String, answer: String)
  /// A tensor cannot be written.
  case container(id: String, ContainerError)
  /// A model cannot be made.
  case model(name: String, ModelError)
  /// The files of a trained model do not have the pinned digests.
  case trainedModel(name: String, reason: String)
  /// A file could not be read, written or renamed.
  case file(FileError)
  /// The manifest on disk is malformed.
  case manifest(String)
  /// These published ids would change their meaning.
  case publishedWouldChange([String])
  /// The manifest on disk is published, and the recording is not.
  case wouldUnpublish(folder: String)
  /// The folder holds files that no recording wrote.
  case notACorpus(folder: String)
}

extension RecordingError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .wrongAnswer(let id, let answer): "wrong-answer: \(id): \(answer)"
    case .container(let id, let error): "container: \(id): \(error)"
    case .model(let name, let error): "model: \(name): \(error)"
    case .trainedModel(let name, let reason): "trained-model: \(name): \(reason)"
    case .file(let error): "file: \(error)"
    case .manifest(let reason): "manifest: \(reason)"
    case .publishedWouldChange(let ids):
      "published-would-change: \(ids.count) published: \(ids.prefix(5).joined(separator: ", "))"
    case .wouldUnpublish(let folder): "would-unpublish: \(folder): its manifest is published, this recording is not"
    case .notACorpus(let folder):
      "not-a-corpus: \(folder): it holds files that no recording wrote; name an empty folder"
    }
  }
}
