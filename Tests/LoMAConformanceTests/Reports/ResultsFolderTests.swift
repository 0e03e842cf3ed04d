// RUN-13, RUN-28: a folder of reports and who may write there.

import Foundation
import LoMAVectors
import Testing

@testable import LoMAConformance

@Suite("Chapter 14: the folder of reports")
struct ResultsFolderTests {
  @Test func `RUN-28 results replace regular files only, and are never written through a link`() throws {
    let folder = try ReportFolder()
    let path = folder.path + "/results.jsonl"
    let precious = folder.path + "/precious"
    try Files.create(precious, with: Array("mine".utf8))
    #expect(symlink("precious", path) == 0)
    #expect(throws: FileError.notRegular(path: path)) {
      _ = try ResultsWriter(path, header: SampleRun.header(units: 1))
    }
    #expect(try Files.contents(of: precious, byteLimit: 9) == Array("mine".utf8))
    #expect(unlink(path) == 0 && mkfifo(path, 0o600) == 0)
    #expect(throws: FileError.notRegular(path: path)) {
      _ = try ResultsWriter(path, header: SampleRun.header(units: 1))
    }
    #expect(throws: FileError.failed("open", path: "/nowhere/r", code: ENOENT)) {
      _ = try ResultsWriter("/nowhere/r", header: SampleRun.header(units: 1))
    }
    // A link where the new file is prepared is removed, not followed.
    #expect(unlink(path) == 0 && symlink("precious", path + ".partial") == 0)
    _ = try ResultsWriter(path, header: SampleRun.header(units: 1))
    #expect(try Files.contents(of: precious, byteLimit: 9) == Array("mine".utf8))
  }

  @Test func `RUN-28 a second run is kept out of a folder of reports`() throws {
    let folder = try ReportFolder()
    let first = try GrowingReport(folder: folder.path)
    #expect(throws: GrowingReport.InUse(folder: folder.path)) { try GrowingReport(folder: folder.path) }
    withExtendedLifetime(first) {}
  }

  @Test func `RUN-13 a run that is over is not gone on with, nor one of another build`() throws {
    var run = SampleRun.run(units: 3)
    let path = "a.jsonl"
    #expect(throws: ReportError.finished(path: path)) { try SampleRun.file(run).reusable(for: run.header) }
    run.footer.interrupted = true
    run.footer.exit = 130
    #expect(try SampleRun.file(run).reusable(for: run.header).isEmpty == false)
    var other = run.header
    other.candidate.digests = [SampleRun.digest, nil]
    #expect(throws: ReportError.notThisRun(member: "candidate", path: path)) {
      try SampleRun.file(run).reusable(for: other)
    }
  }
}
