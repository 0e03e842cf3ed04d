// Verification: one flipped bit anywhere, files that are not what they should be, and the first difference.

import Foundation
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMASuite

@Suite("Recording: verification")
struct VerificationTests {
  /// Where to flip bits of a file: every byte of a header's length, and a seeded choice.
  private func places(in path: String, count: Int, _ numbers: inout SeededNumbers) -> [Int] {
    guard count > 0 else { return [] }
    let chosen = path == StoredManifest.name ? 60 : path == "structure.json" ? 30 : 3
    let header = path.hasSuffix(".safetensors") ? Array(0..<8) : []
    return header + [count - 1] + (0..<chosen).map { _ in numbers.integer(below: count) }
  }

  @Test func `one flipped bit anywhere is found and its file named`() throws {
    try withFolder { folder in
      let recording = try SmallCorpus.record()
      _ = try Recorder(folder: folder, disk: .fast).write(recording)
      let digest = Verification(folder: folder, against: nil).manifestDigest
      var numbers = SeededNumbers(seed: 12)
      var flips = 0
      for file in recording.files {
        for place in places(in: file.path, count: file.bytes.count, &numbers) {
          let bit = numbers.integer(below: 8)
          var bytes = file.bytes
          bytes[place] ^= 1 << UInt8(bit)
          try spoil(folder, file.path) { _ in bytes }
          flips += 1
          let name: Comment = "\(file.path), byte \(place), bit \(bit)"
          let compared = Verification(folder: folder, against: recording).findings
          #expect(compared.contains { $0.hasPrefix("differs: \(file.path)") }, name)
          let digests = Verification(folder: folder, against: nil)
          if file.path == StoredManifest.name {
            // Nothing else says what the manifest's prose should be; its digest does.
            #expect(digests.manifestDigest != digest, name)
          } else {
            #expect(digests.findings.count == 1, name)
            #expect(digests.findings.allSatisfy { $0.hasPrefix("damaged: \(file.path) has SHA-256 ") }, name)
            #expect(compared.allSatisfy { $0.contains(file.path) }, name)
          }
        }
        try spoil(folder, file.path) { _ in file.bytes }
      }
      #expect(flips > 400)
      #expect(Verification(folder: folder, against: recording).findings.isEmpty)
    }
  }

  /// What is done to a corpus, and how the finding begins.
  static let spoiled: [(what: String, finding: String, spoil: @Sendable (String) throws -> Void)] = [
    ("a missing file", "missing: \(path)", { try Disk.real.remove($0 + "/" + path) }),
    ("an extra file", "stray: stage/notes.txt ", { try Files.create($0 + "/stage/notes.txt", with: [1]) }),
    ("an extra file with an odd name", "stray: a\\nb ", { try Files.create($0 + "/a\nb", with: [1]) }),
    ("an extra link", "stray: more ", { try link($0 + "/more", to: "manifest.json") }),
    (
      "a link to the same bytes", "damaged: \(path) is a link",
      { folder in
        try Disk.real.rename(folder + "/" + path, folder + ".kept")
        try link(folder + "/" + path, to: folder + ".kept")
      }
    ),
    (
      "a folder in its place", "damaged: \(path) is a folder",
      { folder in
        try Disk.real.remove(folder + "/" + path)
        try Disk.real.makeFolder(folder + "/" + path)
      }
    ),
    ("a truncated file", "damaged: \(path) has ", { try spoil($0, path) { Array($0.dropLast()) } }),
    ("an empty file", "damaged: \(path) has 0 bytes", { try spoil($0, path) { _ in [] } }),
    ("a longer file", "damaged: \(path): ", { try spoil($0, path) { $0 + [0] } }),
    ("a mark", "incomplete: a recording", { try Files.create($0 + "/INCOMPLETE", with: []) }),
    ("no manifest", "incomplete: there is no manifest.json", { try Disk.real.remove($0 + "/manifest.json") }),
    ("a truncated manifest", "manifest: ", { try spoil($0, "manifest.json") { Array($0.dropLast(3)) } }),
    (
      "a manifest that is a link", "damaged: manifest.json is a link",
      { folder in
        try Disk.real.rename(folder + "/manifest.json", folder + ".kept")
        try link(folder + "/manifest.json", to: folder + ".kept")
      }
    ),
    ("another version", "manifest: not a manifest", { try edit($0, #""loma_vectors": 1"#, #""loma_vectors": 2"#) }),
    ("a path that leaves the folder", "manifest: …: the path ../", { try edit($0, "\"\(path)", "\"../\(path)") }),
    ("an absolute path", "manifest: …: the path /", { try edit($0, "\"\(path)", "\"/\(path)") }),
    ("a path of dots inside", "manifest: …: the path stage/../", { try edit($0, "\"stage/", "\"stage/../stage/") }),
    ("a path with a line break", "manifest: …: the path st", { try edit($0, "\"stage/", "\"st\\nage/") }),
    (
      "a path twice", "manifest: the path stage/rms_norm.plain/input.safetensors is listed twice",
      { try edit($0, "rms_norm.plain/expected.", "rms_norm.plain/input.") }
    ),
    (
      "a manifest of itself", "manifest: the path manifest.json is listed twice, or is the manifest's",
      { try edit($0, "\"structure.json", "\"manifest.json") }
    ),
    ("a size out of range", "manifest: …the path", { try edit($0, "\"bytes\": ", "\"bytes\": -") }),
  ]

  static let path = "stage/rms_norm.plain/expected.safetensors"

  @Test(arguments: spoiled.indices)
  func `what is not as it should be is named`(_ index: Int) throws {
    let (what, finding, spoil) = Self.spoiled[index]
    try withFolder { parent in
      let folder = parent + "/Vectors"
      let recording = try SmallCorpus.record()
      _ = try Recorder(folder: folder, disk: .fast).write(recording)
      try spoil(folder)
      for against in [nil, recording] {
        let findings = Verification(folder: folder, against: against).findings
        // `…` stands for any text.
        let parts = finding.split(separator: "…")
        #expect(
          findings.contains { found in found.hasPrefix(parts[0]) && parts.allSatisfy { found.contains($0) } },
          "\(what): \(findings)")
        #expect(findings.allSatisfy { !$0.contains("\n") }, "\(what)")
      }
    }
  }

  @Test func `OPS-3 the first difference is told by tensor and index`() throws {
    try withFolder { folder in
      let recording = try SmallCorpus.record()
      _ = try Recorder(folder: folder, disk: .fast).write(recording)
      func finding(_ change: ([NamedArray]) throws -> [NamedArray]) throws -> String? {
        try spoil(folder, Self.path) { bytes in
          try ArrayFile(change(ArrayFile(decoding: bytes).arrays), metadata: [:]).encoded()
        }
        defer { try? spoil(folder, Self.path) { _ in recording.snapshot[Self.path] ?? [] } }
        return Verification(folder: folder, against: recording).findings.last
      }
      let y = try finding { arrays in
        try arrays.map { array in
          guard array.name == "y" else { return array }
          var values = try array.doubles()
          values[3] = 0.5
          values[5] = 7
          return try NamedArray("y", .f64, shape: array.shape, doubles: values)
        }
      }
      let start = "differs: \(Self.path): "
      #expect(y?.hasPrefix(start + "y[3] is 0.5, recorded ") == true, "\(y ?? "")")
      #expect(try finding { $0.filter { $0.name != "y" } } == start + "y is missing")
      let flat = try finding { try $0.map { try NamedArray($0.name, .f64, shape: [48], doubles: $0.doubles()) } }
      #expect(flat?.hasSuffix(" has another shape or type") == true)
      let more = try finding { try $0 + [NamedArray("z", .f64, shape: [], doubles: [1])] }
      #expect(more == start + "its header")
    }
  }
}

/// Gives a file of a folder other bytes, in place.
func spoil(_ folder: String, _ path: String, _ change: ([UInt8]) throws -> [UInt8]) throws {
  let bytes = try change(Files.contents(of: folder + "/" + path, byteLimit: 1 << 26))
  try Disk.real.remove(folder + "/" + path)
  try Disk.fast.create(folder + "/" + path, bytes)
}

/// Replaces a text of the manifest.
func edit(_ folder: String, _ old: String, _ new: String) throws {
  try spoil(folder, StoredManifest.name) { bytes in
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(text.contains(old))
    return Array(text.replacingOccurrences(of: old, with: new).utf8)
  }
}
