// Vectors that are damaged, results that are none, and words that somebody else chose, through the commands.

import Foundation
import LoMAVectors
import Testing

@testable import LoMACommand

@Suite("Command: damaged vectors and foreign words")
struct DamagedVectorsTests {
  private let folder: TemporaryFolder
  private let binary: Binary

  /// A copy of the vectors, to be damaged.
  init() throws {
    folder = try TemporaryFolder()
    binary = try Binary()
    try FileManager.default.copyItem(atPath: projectVectors, toPath: folder.path + "/V")
  }

  private func shell(_ line: String) throws -> (output: String, errors: String, exitCode: Int32) {
    try binary.shell("cd '\(folder.path)' && export LOMA_VECTORS=V && \(line)")
  }

  @Test func `RUN-16 a damaged model, an interrupted recording and bounds that are missing are damaged vectors`() throws
  {
    let line = "loma conform --only 'structure.metrics*'"
    #expect(try shell(line).exitCode == 0)
    try Files.create(folder.path + "/V/INCOMPLETE", with: [])
    for command in [line, "loma requests asked", "loma vectors verify --digests-only yes"] {
      let run = try shell(command)
      #expect(run.exitCode == 4 && (run.errors + run.output).contains("a recording was interrupted"), "\(run)")
    }
    try Disk.real.remove(folder.path + "/V/INCOMPLETE")
    try Disk.real.remove(folder.path + "/V/bounds.json")
    for command in [line, "loma vectors verify --digests-only yes"] {
      let run = try shell(command)
      #expect(run.exitCode == 4 && (run.errors + run.output).contains("bounds.json: missing"), "\(run)")
    }
    try Files.create(
      folder.path + "/V/bounds.json", with: Files.contents(of: projectVectors + "/bounds.json", byteLimit: 1 << 24))
    try Files.replace(folder.path + "/V/models/gqa/model.safetensors", with: [1, 2, 3])
    let run = try shell(line)
    #expect(run.exitCode == 4 && run.errors.hasPrefix("loma: vectors damaged: models: malformed-container: "), "\(run)")
  }

  @Test(arguments: [
    (#""id": "structure.metrics.exact""#, #""id": "structure.metrics.\u001b[31m""#, "id holds a control character"),
    (#""id": "structure.metrics.exact""#, #""id": "../../metrics.exact.x""#, "the id "),
    (#""path": "models/gqa","#, #""path": "models","#, "its model models/gqa is not listed"),
    (#""path": "models/gqa","#, #""path": "../gqa","#, "are not below it"),
    (#""hunts": ""#, #""hunts": "\u009b"#, "hunts holds a control character"),
  ])
  func `OPS-1 verify reads ids, paths of models and words as a run does`(_ good: String, _ bad: String, _ why: String)
    throws
  {
    let path = folder.path + "/V/manifest.json"
    let text = String(decoding: try Files.contents(of: path, byteLimit: 1 << 24), as: UTF8.self)
    let changed = text.replacing(good, with: bad, maxReplacements: 1)
    #expect(changed != text)
    try Files.replace(path, with: Array(changed.utf8))
    let run = try shell("loma vectors verify --digests-only yes")
    // What every reader of a manifest refuses is a finding of its own; the rest is what a run would say.
    let saysManifest = ["vectors damaged: manifest.json: ", "manifest: "].contains { run.output.contains($0) }
    #expect(run.exitCode == 4 && saysManifest, "\(run)")
    #expect(
      run.output.contains(why) && !run.output.unicodeScalars.contains { $0 == "\u{1B}" || $0 == "\u{9B}" }, "\(run)")
  }

  @Test func `TOL-12 one implementation given twice, or an error that cannot have passed, calibrates nothing`() throws {
    let bounds = try Files.contents(of: folder.path + "/V/bounds.json", byteLimit: 1 << 24)
    #expect(try shell("loma conform --only 'model.forward.mha.c2-t1' --report a >&2").exitCode == 0)
    let twice = try shell("loma calibrate a/results.jsonl a/results.jsonl")
    #expect(twice.exitCode == 2 && twice.errors.contains("is given twice"), "\(twice)")
    let text = try String(contentsOfFile: folder.path + "/a/results.jsonl", encoding: .utf8)
    let changed = text.replacing(/"rule":"calibrated","error":[^,]*,/) { _ in #""rule":"calibrated","error":1e300,"# }
      .replacing(#""version":""#, with: #""version":"other "#)
    #expect(changed != text)
    try Files.create(folder.path + "/b.jsonl", with: Array(changed.utf8))
    let large = try shell("loma calibrate a/results.jsonl b.jsonl")
    #expect(large.exitCode == 2 && large.errors.contains("cannot have passed under"), "\(large)")
    #expect(try Files.contents(of: folder.path + "/V/bounds.json", byteLimit: 1 << 24) == bounds)
  }

  @Test func `RUN-8 what a candidate says before it ends without hello is printed without control characters`() throws {
    let run = try shell(#"loma conform -- sh -c 'printf "\033[2Jbad\tnews\r\nmore" >&2; exit 1'"#)
    #expect(run.exitCode == 3 && run.output == "\\u{1B}[2Jbad\tnews\\r\nmore\n", "\(run)")
  }

  @Test func `RUN-27 judge prints claims and verdicts, and requests leave a full folder alone`() throws {
    #expect(try shell("loma requests asked").exitCode == 0)
    let hello = #"{"loma":1,"id":0,"ok":{"protocol":1,"name":"n","version":"1","ops":["cost"],"dtypes":[]}}"#
    try Files.create(folder.path + "/asked/answers.jsonl", with: Array((hello + "\n").utf8))
    let judged = try shell("loma judge asked --report judged")
    #expect(judged.exitCode == 1 && judged.output.contains(" claims met, "), "\(judged)")
    #expect(judged.output.contains(" open ") && judged.output.contains("not-run"))
    try Disk.real.makeFolder(folder.path + "/full")
    try Files.create(folder.path + "/full/requests.jsonl", with: [])
    #expect(try shell("loma requests full").exitCode == 2)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/full") == ["requests.jsonl"])
  }
}
