// A small corpus, folders to spoil, and a disk that stops.

import Foundation
import LoMAReference
import LoMAVectors
import NaiveLlama
import Synchronization

@testable import LoMACatalogue
@testable import LoMASuite

/// A dozen cases of all levels, recorded with every seeded model; and what it was in an older version.
enum SmallCorpus {
  static let ids = [
    "structure.layout.c2-t2-n5", "structure.mask.c2-t2-n4", "structure.schedule.c2-t2-n3", "structure.metrics.pooled",
    "stage.rms_norm.plain", "stage.rope.half-split", "model.loss.gqa.base", "model.forward.gqa.c2-t2-n3",
    "training.gradients.mha.no-full-chunk", "generation.reconstruct.mqa-tied.c1-t1", "rejection.layout.c0",
    "rejection.generate.empty-prompt", "property.repeat.mha",
  ]

  static let cases = Catalogue.cases.filter { ids.contains($0.id) }

  static func record(
    _ cases: [Case] = cases, threads: Int = 1, retired: [(id: String, reason: String)] = [], isPublished: Bool = false
  ) throws -> Recording {
    try Recording(
      cases: cases, models: RecordedModels.seeded.get(), workers: Workers(threads: threads), retired: retired,
      isPublished: isPublished,
      progress: { _, _ in })
  }

  /// The same id with the input and answer of another case.
  static func changed(_ item: Case, into other: Case) -> Case {
    Case(
      id: item.id, since: item.since, level: item.level, hunts: item.hunts, clauses: item.clauses,
      request: other.request, expectation: other.expectation, dtypes: item.dtypes)
  }

  /// Two cases changed, one spare, one missing.
  static func older() throws -> Recording {
    var cases = cases.filter { $0.id != "structure.metrics.pooled" }
    let donors = [
      "structure.layout.c2-t2-n5": "structure.layout.c2-t2-n8", "stage.rms_norm.plain": "stage.rms_norm.no-epsilon",
    ]
    for (index, item) in cases.enumerated() {
      if let donor = donors[item.id].flatMap({ Catalogue.item($0) }) { cases[index] = changed(item, into: donor) }
    }
    cases += [Catalogue.item("stage.feed_forward.plain")].compactMap { $0 }
    return try record(cases)
  }
}

/// Everything in a folder: bytes by path, folders as nothing.
func snapshot(_ folder: String) throws -> [String: [UInt8]] {
  let listing = Disk.listing(below: folder)
  var bytes: [String: [UInt8]] = [:]
  for path in listing.files { bytes[path] = try Files.contents(of: folder + "/" + path, byteLimit: 1 << 26) }
  for path in listing.oddities { bytes[path + " (odd)"] = [] }
  return bytes
}

extension Recording {
  /// As a snapshot has it.
  var snapshot: [String: [UInt8]] { Dictionary(uniqueKeysWithValues: files.map { ($0.path, $0.bytes) }) }
}

/// How a disk stops.
enum Stop: CaseIterable {
  /// The operation does not happen; that it happens and nothing after it is the next place to stop.
  case before
  /// A file is left half written; other operations do not happen.
  case halfway
}

extension Disk {
  /// The real disk up to the k-th operation, from 0, and nothing after it; `count` counts the operations asked for.
  static func stopping(at k: Int, _ stop: Stop, count: Counter) -> Disk {
    let real = Disk.fast
    @Sendable func step(_ name: String, _ operation: () throws(FileError) -> Void) throws(FileError) {
      let place = count.next()
      guard place < k else { throw .failed(name, path: "", code: EIO) }
      try operation()
    }
    return Disk(
      create: { (path, bytes) throws(FileError) in
        try step("create") { () throws(FileError) in try real.create(path, bytes) }
      },
      rename: { (from, to) throws(FileError) in
        try step("rename") { () throws(FileError) in try real.rename(from, to) }
      },
      remove: { (path) throws(FileError) in
        try step("remove") { () throws(FileError) in try real.remove(path) }
      },
      removeFolder: { (path) throws(FileError) in
        try step("removeFolder") { () throws(FileError) in try real.removeFolder(path) }
      },
      makeFolder: { (path) throws(FileError) in
        try step("makeFolder") { () throws(FileError) in try real.makeFolder(path) }
      }
    ).halfway(at: k, stop, count: count)
  }

  /// A creation at the k-th operation leaves half the file.
  private func halfway(at k: Int, _ stop: Stop, count: Counter) -> Disk {
    guard stop == .halfway else { return self }
    var disk = self
    let create = disk.create
    disk.create = { (path, bytes) throws(FileError) in
      if count.value == k { try Files.create(path, with: Array(bytes.prefix(bytes.count / 2))) }
      try create(path, bytes)
    }
    return disk
  }
}

/// Counts operations.
final class Counter: Sendable {
  private let counted = Atomic(0)
  var value: Int { counted.load(ordering: .relaxed) }
  func next() -> Int { counted.add(1, ordering: .relaxed).oldValue }
}

extension Disk {
  /// The real disk without waiting for the platter: thousands of files in a test.
  static var fast: Disk {
    var disk = Disk.real
    disk.create = { (path, bytes) throws(FileError) in
      let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o666)
      guard descriptor >= 0 else { throw .failed("open", path: path, code: errno) }
      defer { close(descriptor) }
      guard bytes.withUnsafeBytes({ write(descriptor, $0.baseAddress, $0.count) }) == bytes.count else {
        throw .failed("write", path: path, code: errno)
      }
    }
    return disk
  }
}

/// Makes a symbolic link.
func link(_ path: String, to target: String) throws {
  try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
}
