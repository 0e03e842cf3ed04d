// RUN-20: what a results file says of its run: a header before the first unit, a footer behind the last.

import LoMAJudgement
import LoMAVectors

/// A candidate, as it was started and as it introduced itself.
package struct CandidateRecord: Equatable, Sendable {
  /// The words that started it; none where requests were answered elsewhere.
  package var command: [String]
  /// SHA-256 of each of these words that names a file, so that another build is told from this one.
  package var digests: [String?]
  /// What it calls itself.
  package var name: String
  /// What it calls its version.
  package var version: String
  /// The operations it declares.
  package var ops: [String]
  /// The element types it declares.
  package var dtypes: [String]
  /// The profiles it declares: `any`, or a list of objects.
  package var profiles: JSONValue
  /// Whether it returns intermediates.
  package var captures: Bool

  /// A candidate of these parts.
  package init(
    command: [String], digests: [String?] = [], name: String, version: String, ops: [String], dtypes: [String],
    profiles: JSONValue, captures: Bool
  ) {
    self.command = command
    self.digests = digests
    self.name = name
    self.version = version
    self.ops = ops
    self.dtypes = dtypes
    self.profiles = profiles
    self.captures = captures
  }
}

/// The first line of a results file.
package struct RunHeader: Equatable, Sendable {
  /// The suite's version.
  package var suite: String
  /// The specification's version.
  package var specification: String
  /// SHA-256 of the manifest, 64 hexadecimal digits.
  package var manifestDigest: String
  /// SHA-256 of the calibrated bounds; none where there are none.
  package var boundsDigest: String?
  /// Who was asked.
  package var candidate: CandidateRecord
  /// The filters that selected the units, by option.
  package var filters: JSONObject
  /// This part of the run: I of N.
  package var shard: (index: Int, count: Int)
  /// The units of the whole run, of which the shard holds every N-th from the I-th.
  package var units: Int
  /// When it began, UTC, to the second.
  package var started: String

  /// A header of these parts.
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

  /// Equal in every member.
  package static func == (a: RunHeader, b: RunHeader) -> Bool {
    a.difference(from: b) == nil && a.shard == b.shard && a.started == b.started
  }

  /// The first member in which two headers of one run differ; shard and time may.
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
  /// The lines between header and footer.
  package var units: Int
  /// When it ended, UTC, to the second.
  package var finished: String
  /// How long it took.
  package var seconds: Double
  /// Whether it was ended before every unit was asked.
  package var interrupted: Bool
  /// What the process returned.
  package var exit: Int
  /// What is said of all wrong answers together, line by line.
  package var diagnosis: [String]

  /// A footer of these parts.
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

/// A finished run: what every report is made of.
package struct RunRecord: Equatable, Sendable {
  /// Before the units.
  package var header: RunHeader
  /// In the order of the manifest.
  package var results: [CaseResult]
  /// Behind the units.
  package var footer: RunFooter

  /// A run of these parts.
  package init(header: RunHeader, results: [CaseResult], footer: RunFooter) {
    self.header = header
    self.results = results
    self.footer = footer
  }

  /// The same run with every time at zero: two runs of one candidate then agree to the byte.
  package var withoutTimes: RunRecord {
    var record = self
    record.header.started = "1970-01-01T00:00:00Z"
    record.footer.finished = "1970-01-01T00:00:00Z"
    record.footer.seconds = 0
    for index in results.indices { record.results[index].seconds = 0 }
    return record
  }
}
