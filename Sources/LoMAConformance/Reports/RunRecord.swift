// RUN-20: what a results file says of its run: a header before the first unit, a footer after the last.

import LoMAJudgement
import LoMAVectors

/// A candidate: its command and its declaration.
package struct CandidateRecord: Equatable, Sendable {
  /// The words of its command; empty if requests were answered elsewhere.
  package var command: [String]
  /// SHA-256 of each of these words that names a file, to distinguish builds.
  package var digests: [String?]
  /// The name it declares.
  package var name: String
  /// The version it declares.
  package var version: String
  package var ops: [String]
  package var dtypes: [String]
  /// The profiles it declares: `any`, or a list of objects.
  package var profiles: JSONValue
  /// The families it declares; none in files of suite 1.1.
  package var families: [String]
  /// Whether it returns intermediates.
  package var captures: Bool

  package init(
    command: [String], digests: [String?] = [], name: String, version: String, ops: [String], dtypes: [String],
    profiles: JSONValue, families: [String] = [], captures: Bool
  ) {
    self.command = command
    self.digests = digests
    self.name = name
    self.version = version
    self.ops = ops
    self.dtypes = dtypes
    self.profiles = profiles
    self.families = families
    self.captures = captures
  }
}

/// The first line of a results file.
package struct RunHeader: Equatable, Sendable {
  package var suite: String
  package var specification: String
  /// SHA-256 of the manifest, 64 hexadecimal digits.
  package var manifestDigest: String
  /// SHA-256 of the calibrated bounds; nil if there are none.
  package var boundsDigest: String?
  package var candidate: CandidateRecord
  /// The filters that selected the units, by option.
  package var filters: JSONObject
  /// The part of the run: I of N.
  package var shard: (index: Int, count: Int)
  /// The number of units in the whole run; the shard holds every N-th from the I-th.
  package var units: Int
  /// The start of the run, UTC, to the second.
  package var started: String

  package init(
    suite: String, specification: String, manifestDigest: String, boundsDigest: String?, candidate: CandidateRecord,
    filters: JSONObject, shard: (index: Int, count: Int), units: Int, started: String
  ) {
    self.suite = suite
    self.specification = specification
    self.manifestDigest = manifestDigest
    self.boundsDigest = boundsDigest
    self.candidate = candidate
    self.filters = filters
    self.shard = shard
    self.units = units
    self.started = started
  }

  /// The units of this shard: those whose index is I − 1 modulo N.
  package var shardUnits: Int { max(0, (units - shard.index + shard.count) / shard.count) }

  /// Whether all members are equal.
  package static func == (a: RunHeader, b: RunHeader) -> Bool {
    a.difference(from: b) == nil && a.shard == b.shard && a.started == b.started
  }

  /// The first member in which the headers differ of two results that should be of one run; shard and time may differ.
  func difference(from other: RunHeader) -> String? {
    if suite != other.suite { return "suite" }
    if specification != other.specification { return "specification" }
    if manifestDigest != other.manifestDigest { return "manifest_sha256" }
    if boundsDigest != other.boundsDigest { return "bounds_sha256" }
    if candidate != other.candidate { return "candidate" }
    if filters != other.filters { return "filters" }
    return units == other.units ? nil : "units"
  }
}

/// The last line of a results file.
package struct RunFooter: Equatable, Sendable {
  /// The number of lines between header and footer.
  package var units: Int
  /// The end of the run, UTC, to the second.
  package var finished: String
  /// The duration in seconds.
  package var seconds: Double
  /// Whether it was ended before every unit was asked.
  package var interrupted: Bool
  /// The exit code of the process.
  package var exit: Int
  /// The diagnosis of all wrong answers together, line by line.
  package var diagnosis: [String]

  package init(
    units: Int, finished: String, seconds: Double, interrupted: Bool, exit: Int, diagnosis: [String]
  ) {
    self.diagnosis = diagnosis
    self.units = units
    self.finished = finished
    self.seconds = seconds
    self.interrupted = interrupted
    self.exit = exit
  }
}

/// A finished run, from which all reports are made.
package struct RunRecord: Equatable, Sendable {
  package var header: RunHeader
  /// In the order of the manifest.
  package var results: [CaseResult]
  package var footer: RunFooter

  package init(header: RunHeader, results: [CaseResult], footer: RunFooter) {
    self.header = header
    self.results = results
    self.footer = footer
  }

  /// The same run with all times set to zero: two runs of one candidate then agree byte for byte.
  package var withoutTimes: RunRecord {
    var record = self
    record.header.started = "1970-01-01T00:00:00Z"
    record.footer.finished = "1970-01-01T00:00:00Z"
    record.footer.seconds = 0
    for index in results.indices { record.results[index].seconds = 0 }
    return record
  }
}
