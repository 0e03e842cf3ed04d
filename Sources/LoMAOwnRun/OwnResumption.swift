// RUN-13: which results a run on a model goes on with, and in words what keeps it from others.

import LoMAConformance
import LoMAVectors

/// Why a run on a model cannot go on with a file of results.
package enum OwnResumption: Error, Equatable, CustomStringConvertible {
  /// There is no such file.
  case nothing(path: String)
  /// The other run had other options: each with its name and its two values, nil where it was not given.
  case otherOptions([Option], path: String)
  /// The same options, but another model, or a port that declares something else.
  case otherModel(path: String)

  package struct Option: Equatable, Sendable {
    let name: String
    let then: String?
    let now: String?
  }

  /// Reads the results to go on with.
  package static func file(_ path: String) throws -> ResultsFile {
    do throws(ReportError) { return try ResultsFile(contentsOf: path) } catch {
      guard case .file(.failed("open", _, let code)) = error, code == 2 else { throw error }  // ENOENT
      throw OwnResumption.nothing(path: path)
    }
  }

  /// Throws unless a run with these options, about what has this digest, is the one that wrote the results.
  package static func check(
    _ file: ResultsFile, filters: [(name: String, value: String)], digest: String
  ) throws(OwnResumption) {
    var differences: [Option] = []
    for member in file.header.filters.members where !filters.contains(where: { $0.name == member.key }) {
      differences.append(Option(name: member.key, then: member.value.stringValue, now: nil))
    }
    for (name, value) in filters where file.header.filters[name]?.stringValue != value {
      differences.append(Option(name: name, then: file.header.filters[name]?.stringValue, now: value))
    }
    if !differences.isEmpty { throw .otherOptions(differences, path: file.path) }
    if file.header.manifestDigest != digest { throw .otherModel(path: file.path) }
  }

  package var description: String {
    switch self {
    case .nothing(let path):
      "\(path.onOneLine): no such file; a run that was interrupted before it asked anything goes on with the same command "
        + "and its --report, without --resume"
    case .otherOptions(let options, let path):
      "\(path.onOneLine): results of another run: that one was asked "
        + options.map { Self.words($0.name, $0.then) }.joined(separator: " and ") + ", this one "
        + options.map { Self.words($0.name, $0.now) }.joined(separator: " and ")
    case .otherModel(let path):
      "\(path.onOneLine): results of another run: the options are the same, but files of the model have changed, or the "
        + "candidate declares other element types"
    }
  }

  private static func words(_ name: String, _ value: String?) -> String {
    value.map { "with --\(name) \(String($0.prefix(100)).onOneLine.shellWord)" } ?? "without --\(name)"
  }
}
