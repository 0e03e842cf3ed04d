// `loma vectors`: where it looks, what it says and what it returns.

import Foundation
import LoMAVectors
import Testing

@testable import LoMACatalogue
@testable import LoMACommand

@Suite("loma vectors")
struct VectorsCommandTests {
  private static let trained = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Vectors/models").path

  private func vectors(_ line: String, in folder: String, variable: String? = nil) -> Outcome {
    let words = ("vectors " + line).split(separator: " ").map { String($0) }
    let environment = Environment(
      isTerminal: false, refusesColour: false, vectors: variable, folder: folder, program: folder)
    return run(words, in: environment)
  }

  @Test func `vectors are recorded here, found from below and by the environment, and verified`() throws {
    let folder = try TemporaryFolder()
    // Trained models are taken from where they are; they are not trained again.
    let without = vectors("record", in: folder.path)
    #expect(without.exitCode == .rejected && without.complaint?.hasPrefix("loma: trained-model: random-c4: ") == true)
    #expect(folder.contents.isEmpty)
    let first = vectors("record --trained \(Self.trained)", in: folder.path)
    #expect(first.exitCode == .fine && first.output.hasPrefix("\(Catalogue.cases.count) cases in "))
    let vectorsFolder = folder.path.split(separator: "/").map { "/" + $0 }.joined() + "/Vectors"
    #expect(vectors("record", in: folder.path).output.hasSuffix(": 0 files changed in \(vectorsFolder)\n"))
    let manifest = try Files.contents(of: vectorsFolder + "/manifest.json", byteLimit: 1 << 24)
    let digest = SHA256.hexDigest(of: manifest)
    let bare = vectors("verify --digests-only yes", in: folder.path)
    #expect(bare.exitCode == .vectorsDamaged && bare.output.hasPrefix("vectors damaged: bounds.json: missing; "))
    let bounds = try Files.contents(of: Self.trained + "/../bounds.json", byteLimit: 1 << 24)
    try Files.create(vectorsFolder + "/bounds.json", with: bounds)
    let digests = "manifest SHA-256 \(digest)\nbounds SHA-256 \(SHA256.hexDigest(of: bounds))\n"
    let whole = vectors("verify --threads 1", in: vectorsFolder + "/stage")
    #expect(whole.exitCode == .fine)
    #expect(whole.output.hasSuffix(" and the same when recorded again\n" + digests))
    let quick = vectors("verify --digests-only yes", in: "/", variable: vectorsFolder)
    #expect(quick.output.hasSuffix(" are whole\n" + digests))
    let loose = String(decoding: bounds, as: UTF8.self).replacing(/"bound": "[^"]*"/) { _ in #""bound": "0x1p+996""# }
    try Files.replace(vectorsFolder + "/bounds.json", with: Array(loose.utf8))
    let loosened = vectors("verify --digests-only yes", in: folder.path)
    #expect(loosened.exitCode == .vectorsDamaged && loosened.output.contains("its measured errors make it"))
    try Files.replace(vectorsFolder + "/bounds.json", with: bounds)

    try Disk.real.remove(vectorsFolder + "/structure.json")
    for line in ["verify", "verify --digests-only yes"] {
      let damaged = vectors(line, in: folder.path)
      #expect(damaged.exitCode == .vectorsDamaged)
      #expect(damaged.output.hasPrefix("missing: structure.json\n"))
      #expect(damaged.complaint?.hasSuffix(" in \(vectorsFolder)") == true)
    }
    #expect(vectors("record", in: folder.path).output.hasSuffix(": 1 files changed in \(vectorsFolder)\n"))
  }

  @Test func `without vectors a line says how to name them`() throws {
    let folder = try TemporaryFolder()
    let nowhere = vectors("verify --digests-only yes", in: folder.path)
    #expect(nowhere.exitCode == .rejected)
    #expect(nowhere.complaint?.hasPrefix("loma: no-vectors: no folder Vectors with a manifest in ") == true)
    let wrong = vectors("verify", in: folder.path, variable: folder.path + "/none")
    #expect(wrong.complaint == "loma: no-vectors: LOMA_VECTORS names \(folder.path)/none, which is no folder")
  }

  @Test func `recording into a folder of other files is refused`() throws {
    let folder = try TemporaryFolder()
    try Files.create(folder.path + "/notes", with: [1])
    let outcome = vectors("record --vectors \(folder.path) --trained \(Self.trained)", in: folder.path)
    #expect(outcome.exitCode == .rejected && outcome.complaint?.hasPrefix("loma: not-a-corpus: ") == true)
    #expect(folder.contents == ["notes"])
  }
}
