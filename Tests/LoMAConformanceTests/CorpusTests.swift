// The corpus is read strictly, and no byte is believed without its digest.

import LoMAProcess
import Foundation
import LoMAVectors
import Testing
@testable import LoMAJudgement

@testable import LoMAConformance

@Suite("Chapter 11: the corpus as the runner reads it")
struct CorpusTests {
  private static let digest = String(repeating: "0", count: 64)
  private static let manifest = """
    {"loma_vectors": 1, "suite": "0.1", "specification": "0.1", "published": false,
     "models": [{"name": "m", "path": "models/m", "files": [
       {"path": "models/m/config.json", "bytes": 1, "sha256": "\(digest)"}]}],
     "structure_json": null,
     "cases": [
       {"id": "model.forward.a", "since": "0.1", "level": "model", "op": "forward", "hunts": "h", "clauses": ["LAY-1"],
        "profile": {"numbering": "sequential"}, "params": {"c": 2, "theta": "0x1p+3"}, "model": "models/m",
        "captures": [], "dtypes": ["f32", "f64"],
        "input": {"path": "a/input.safetensors", "bytes": 9, "sha256": "\(digest)"},
        "expected": {"path": "a/expected.safetensors", "bytes": 9, "sha256": "\(digest)"},
        "rules": {"logits": "calibrated"}},
       {"id": "rejection.layout.b", "since": "0.1", "level": "rejection", "op": "layout", "hunts": "h", "clauses": [],
        "profile": {"no_axis": "x"}, "params": {}, "model": null, "captures": [], "dtypes": ["f64"], "input": null,
        "rejection": "unknown-axis"},
       {"id": "property.forward.c", "since": "0.1", "level": "property", "op": "forward", "hunts": "h", "clauses": [],
        "profile": {}, "params": {}, "model": "models/m", "captures": [], "dtypes": ["bf16"], "input": null,
        "property": "repeat"}],
     "retired": [{"id": "model.forward.old", "reason": "r"}]}
    """

  @Test func `OPS-1 a manifest's cases are read with all they say`() throws {
    let corpus = try CaseCorpus(folder: "/nowhere", manifest: Array(Self.manifest.utf8))
    #expect(corpus.cases.map(\.id) == ["model.forward.a", "rejection.layout.b", "property.forward.c"])
    #expect(corpus.cases.map(\.dtypes) == [["f64", "f32"], ["i64"], ["bf16"]])
    #expect(corpus.cases.map(\.profileName) == ["numbering=sequential", "no_axis=x", "base"])
    #expect(corpus.models.map(\.path) == ["models/m"])
    #expect(corpus.manifestDigest == SHA256.hexDigest(of: Array(Self.manifest.utf8)))
    #expect(throws: CorpusError.self) { try corpus.expected(of: corpus.cases[0]) }
  }

  @Test(arguments: [
    (#""loma_vectors": 1"#, #""loma_vectors": 2"#), (#""suite": "0.1", "#, ""),
    (#""published": false"#, #""published": 0"#),
    (#""retired": [{"id""#, #""retired": [{"x""#), (#""id": "model.forward.old""#, #""id": "model.forward.a""#),
    (#""path": "models/m", "#, ""), ("models/m/config.json", "models/n/config.json"), ("a/input", "../input"),
    ("a/input", "/a/input"), ("a/input", "a/.input"), ("a/input.safetensors", "manifest.json"),
    ("a/input", "a/expected"), (#""bytes": 9"#, #""bytes": -1"#), (#""bytes": 9"#, #""bytes": 1000000000"#),
    (digest, "0123"), (digest, String(repeating: "A", count: 64)),
    (#""id": "model.forward.a""#, #""id": "model forward.a""#),
    (#""id": "rejection.layout.b""#, #""id": "model.forward.a""#), (#""level": "model""#, #""level": "unit""#),
    (#""op": "forward""#, #""op": "backward""#), (#""dtypes": ["f32", "f64"]"#, #""dtypes": []"#),
    (#""dtypes": ["f32", "f64"]"#, #""dtypes": ["f8"]"#), (#""dtypes": ["f32", "f64"]"#, #""dtypes": ["i64"]"#),
    (#""logits": "calibrated""#, #""logits": "close""#), (#"{"logits": "calibrated"}"#, "{}"),
    (#""property": "repeat""#, #""property": "beauty""#), (#""rejection": "unknown-axis""#, #""property": "repeat""#),
    (#""model": "models/m""#, #""model": "models/x""#), (#""theta": "0x1p+3""#, #""theta": 8.5"#),
    (#""numbering": "sequential""#, #""numbering": "backwards""#), (#""clauses": ["LAY-1"]"#, #""clauses": "LAY-1""#),
    (#""since": "0.1", "level": "model""#, #""since": "0.1", "more": 1, "level": "model""#), ("]}\n", "]"),
    (#""hunts": "h""#, #""hunts": "\u001b[31mh""#), (#""clauses": ["LAY-1"]"#, #""clauses": ["LAY-1\n"]"#),
    (#""captures": []"#, #""captures": ["\u009b"]"#), (#""hunts": "h""#, #""hunts": 1"#),
    (#""input": null"#, #""inputs": null"#),
  ])
  func `OPS-1 a manifest with a fault is refused, and the fault named`(_ good: String, _ bad: String) throws {
    let text = (Self.manifest + "\n").replacing(good, with: bad, maxReplacements: 1)
    #expect(text != Self.manifest + "\n")
    let error = #expect(throws: CorpusError.self) {
      try CaseCorpus(folder: "/nowhere", manifest: Array(text.utf8))
    }
    if case .manifest(let reason)? = error {
      #expect(!reason.isEmpty)
    } else {
      Issue.record("\(String(describing: error))")
    }
  }

  @Test func `OPS-1 every file of the recorded vectors is what the manifest says`() throws {
    let corpus = try Recorded.corpus()
    #expect(corpus.cases.count > 300)
    for item in corpus.cases {
      _ = try corpus.input(of: item)
      _ = try corpus.expected(of: item)
    }
    for file in corpus.models.flatMap(\.files) { _ = try corpus.contents(of: file) }
  }

  @Test func `RUN-16 vectors into which a recording was interrupted are damaged`() throws {
    let folder = try ReportFolder()
    try Files.create(folder.path + "/manifest.json", with: Array(Self.manifest.utf8))
    #expect(try CaseCorpus(folder: folder.path).cases.count == 3)
    try Files.create(folder.path + "/INCOMPLETE", with: [])
    let error = #expect(throws: CorpusError.self) { try CaseCorpus(folder: folder.path) }
    #expect(error?.description == "vectors damaged: INCOMPLETE: a recording was interrupted; record again")
  }

  @Test func `OPS-1 a changed, shortened, lengthened or missing file is damage, and is named`() throws {
    let folder = URL(fileURLWithPath: Scratch.parent).appending(path: "corpus-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let item = try Recorded.item("structure.metrics.exact")
    guard case .tensors(let file, _) = item.answer else { return }
    let good = try Recorded.corpus().contents(of: file)
    let path = folder.appending(path: file.path)
    try FileManager.default.createDirectory(at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
    let manifest = try Files.contents(of: Recorded.folder + "/manifest.json", byteLimit: 1 << 24)
    try Data(manifest).write(to: folder.appending(path: "manifest.json"))
    let corpus = try CaseCorpus(folder: folder.path)
    var flipped = good
    flipped[good.count - 1] ^= 1
    for bytes in [flipped, Array(good.dropLast()), good + [0], nil] {
      if let bytes { try Data(bytes).write(to: path) } else { try FileManager.default.removeItem(at: path) }
      let error = #expect(throws: CorpusError.self) { try corpus.expected(of: item) }
      #expect(error?.description.hasPrefix("vectors damaged: " + file.path) == true)
    }
    try Data(good).write(to: path)
    #expect(try corpus.expected(of: item).count == 1)
    #expect(throws: CorpusError.self) { try CaseCorpus(folder: folder.path + "/none") }
  }
}
