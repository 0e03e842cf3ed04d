// RUN-27, OWN-8: the questions of a run on a model as files, to be answered on a machine without Swift, and judged later.

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import LoMAConformance
import LoMAJudgement
import LoMAOwnModel
import LoMAProcess
import LoMAVectors

/// What a folder of requests on a model was made with.
package struct OwnSettings: Equatable, Sendable {
  package static let name = "own.json"
  private static let byteLimit = 16 << 20

  /// The options that decide what is asked, with their values.
  package let options: [String]
  /// The digest of plan and model, without times.
  package let digest: String
  /// The deadline of a question in seconds, for whoever puts the requests to a port; nil in older folders.
  package let seconds: Int?

  package init(options: [String], digest: String, seconds: Int?) {
    self.options = options
    self.digest = digest
    self.seconds = seconds
  }

  /// Why a folder's settings cannot be used.
  package enum Problem: Error, Equatable, CustomStringConvertible {
    case file(FileError)
    case content(path: String, why: String)
    case otherModel(path: String)

    package var description: String {
      switch self {
      case .file(let error): "\(error)"
      case .content(let path, let why): "\(path): \(why)"
      case .otherModel(let path): "\(path): these are requests about another model, or files of it have changed"
      }
    }
  }

  /// Whether a folder holds requests on a model.
  package static func isThere(in folder: String) -> Bool { Disk.files(in: folder).contains(name) }

  /// Reads an untrusted folder.
  package init(in folder: String) throws(Problem) {
    let path = folder + "/" + Self.name
    let bytes: [UInt8]
    do { bytes = try Files.contents(of: path, byteLimit: Self.byteLimit) } catch { throw .file(error) }
    let value: JSONValue
    do { value = try StrictJSON.parse(bytes, sizeLimit: Self.byteLimit, depthLimit: 3) } catch {
      throw .content(path: path, why: error.description)
    }
    guard let object = value.objectValue, object["loma_own"] == .integer(1),
      let words = object["options"]?.arrayValue, let digest = object["sha256"]?.stringValue
    else { throw .content(path: path, why: "these are no settings of requests on a model") }
    let options = words.compactMap(\.stringValue)
    let seconds = object["seconds"]?.integerValue
    guard options.count == words.count, object.members.count == (object["seconds"] == nil ? 3 : 4), digest.isHexDigest,
      object["seconds"] == nil || (seconds ?? 0) > 0
    else { throw .content(path: path, why: "options are words, sha256 is a digest and seconds a number of at least 1") }
    self.init(options: options, digest: digest, seconds: seconds)
  }

  fileprivate var bytes: [UInt8] {
    JSONValue.members(
      [
        .init("loma_own", .integer(1)), .init("options", .array(options.map { .string($0) })),
        .init("sha256", .string(digest)),
      ] + (seconds.map { [.init("seconds", .integer($0))] } ?? [])
    ).lineBytes + [UInt8(ascii: "\n")]
  }
}

/// The requests of a run on a model.
package struct OwnRequests {
  private let computation: OwnComputation
  private let places: [(name: String, places: [OwnPlace])]

  package init(_ computation: OwnComputation, _ places: [(name: String, places: [OwnPlace])]) {
    self.computation = computation
    self.places = places
  }

  /// Writes requests, inputs and a link to the model into a folder that holds none yet, and no expected value; the
  /// checkpoints of layers are written by the computation's own folder. Returns the number of requests.
  package func write(to folder: String, model: String, settings: OwnSettings, specification: String) throws -> Int {
    let scratch = try Scratch(existing: folder)
    try scratch.link(folder: OwnPlace.wholeModel, to: model)
    var lines = ProtocolRequest.hello(specification: specification).line(id: 0)
    var id = 0
    for step in computation.steps(places, capturing: true, isWanted: { _ in true }) {
      for (place, dtype) in step.units {
        id += 1
        let question = try step.make(place, dtype).unit.question
        let input = "\(id).input.safetensors"
        try scratch.write(input, try ArrayFile(question.input, metadata: [:]).encoded())
        lines += ProtocolRequest.run(
          caseID: place.id, question, input: input, output: "\(id).output.safetensors"
        ).line(id: id)
      }
    }
    try scratch.write(OwnSettings.name, settings.bytes)
    try scratch.write("README", Array(Self.readme.utf8))
    // Written last: when it exists, all files it names exist.
    try scratch.write(OfflineRequests.requestsName, lines)
    return id
  }

  /// Makes the folder, unless it exists; throws `FileError` if it holds requests already.
  package static func begin(_ folder: String) throws(FileError) {
    if Disk.files(in: folder).contains(OfflineRequests.requestsName) {
      throw .failed("open", path: folder + "/" + OfflineRequests.requestsName, code: EEXIST)
    }
    try Disk.real.makeFolder(folder)
  }

  /// Judges the answers in a folder. Element types that the candidate does not declare are left out; a missing answer is
  /// `not-run`.
  package func judged(_ answers: OfflineAnswers) throws -> [JudgedOwnUnit] {
    let declaration = answers.declaration
    var units: [JudgedOwnUnit] = []
    var id = 0
    for step in computation.steps(places, capturing: declaration.captures, isWanted: { _ in true }) {
      for (place, dtype) in step.units {
        id += 1
        guard declaration.dtypes.contains(dtype) else { continue }
        let prepared = try step.make(place, dtype)
        if let why = declaration.refusal(of: prepared.unit.question, isRejection: false) {
          units.append(JudgedOwnUnit(result: prepared.unit.result(.unsupported, why), findings: nil))
        } else {
          units.append(try prepared.judged(answers.reply(to: id, outputLimit: prepared.unit.outputLimit)))
        }
      }
    }
    return units
  }

  private static let readme = """
    Requests about a model, to be answered anywhere (chapters 13, 14 and 21 of the Spec). requests.jsonl holds a hello and
    one request a line: write the tensors into the file that a request names as output, here, and one reply line into
    answers.jsonl. models/own is a link to the model; on another machine, put the model there. models/layerN are
    checkpoints of one layer. Tests/Candidates/answer_requests.py asks a program that speaks the protocol; then judge:

        python3 answer_requests.py DIR -- COMMAND ARG…
        loma judge DIR --model MODEL --report REPORTS

    "seconds" of own.json is the deadline of a question, three times that of the first after a start. answer_requests.py
    keeps it; --time SECONDS sets another.

    """
}
