// The catalogue of part II as a whole: ids, coverage of operations, profiles and rejections, and what is recorded of it.

import Foundation
import LoMAPeers
import LoMAVectors
import Testing

@testable import LoMAAnswers
@testable import LoMACatalogue
@testable import LoMAPeersCatalogue
@testable import LoMASuite

@Suite("Chapter 16: the catalogue")
struct PeerCatalogueTests {
  private static let vectors = projectRoot + "/Vectors/peers"

  /// The codes of a page below a heading, down to the next.
  func codes(_ page: String, below heading: String) throws -> [String] {
    try String(contentsOfFile: projectRoot + "/Spec/" + page, encoding: .utf8).split(separator: "\n")
      .drop { $0 != heading }.dropFirst().prefix { !$0.hasPrefix("## ") }
      .compactMap { $0.prefixMatch(of: #/\| `([a-z-]+)` \|/#).map { String($0.1) } }
  }

  private var ofContext: [Case] { PeerCatalogue.cases.filter { $0.request.operation.method == .context } }

  @Test func `CCM-30 ids are unique, name level and operation, and every case says what it hunts`() {
    var ids: Set<String> = []
    for item in PeerCatalogue.cases {
      #expect(ids.insert(item.id).inserted, "\(item.id)")
      let middle =
        if case .property(let property) = item.expectation { property.rawValue } else {
          item.request.operation.rawValue
        }
      #expect(item.id.hasPrefix("\(item.level.rawValue).\(middle)."))
      #expect(item.id.wholeMatch(of: #/[a-z]+\.[a-z_]+(\.[a-z0-9]+(-[a-z0-9]+)*)+/#) != nil, "\(item.id)")
      #expect(!item.hunts.isEmpty && !item.clauses.isEmpty)
      #expect(item.request.operation.part == .peers && item.since == Versions.peers)
      if case .tensors = item.expectation, case .peer(let operation) = item.request.operation {
        #expect(item.level == operation.level)
      }
    }
    #expect(ids.isDisjoint(with: Catalogue.cases.map(\.id)))
    #expect(Set(PeerCatalogue.cases.map(\.level)) == Set(Level.allCases))
    #expect(Set(PeerCatalogue.cases.map(\.request.operation)) == Set(Operation.all(of: .peers)))
  }

  @Test func `CCM-3 every profile is asked as a forward pass, online and as a property`() throws {
    for (level, operation) in [
      (Level.model, PeerOperation.ccmForward), (.generation, .ccmOnline), (.property, .ccmOnline),
    ] {
      var asked: Set<ContextProfile> = []
      for item in PeerCatalogue.cases where item.level == level && item.request.operation == .peer(operation) {
        asked.insert(try item.request.contextProfile())
      }
      #expect(asked == Set(ContextProfile.all), "\(level)")
    }
  }

  /// JSON cannot name an axis twice.
  @Test func `CCM-35 every rejection of the list that a request can have is asked`() throws {
    let codes = try codes("peers-rejections.md", below: "## Chapter 16")
    var asked: Set<String> = []
    for item in ofContext {
      if case .rejection(let code) = item.expectation { asked.insert(code) }
    }
    #expect(codes.count == 20 && asked == Set(codes).subtracting(["repeated-axis"]))
    let schema = try String(contentsOfFile: projectRoot + "/Spec/schemas/peers-manifest.schema.json", encoding: .utf8)
    for code in codes { #expect(schema.contains("\"\(code)\""), "\(code)") }
  }

  @Test func `CCM-36 every property of chapter 16 is asked`() {
    var asked: Set<Property> = []
    for item in ofContext {
      if case .property(let property) = item.expectation { asked.insert(property) }
    }
    #expect(asked == [.online, .inert, .interference, .gate, .batch, .repeat])
  }

  @Test func `CCM-14 a mask cites the clauses that decide one of its cells, and all of them are cited`() {
    let masks = PeerCatalogue.cases.filter { $0.request.operation == .peer(.ccmMask) && $0.level == .structure }
    #expect(Set(masks.flatMap(\.clauses)) == Set((8...16).map { "CCM-\($0)" }))
  }

  @Test func `CCM-30 the vectors are what the catalogue records, and small`() throws {
    let recording = try Corpus.record(.peers, trained: Self.vectors + "/models", threads: 2) { _, _ in }
    let verification = Verification(folder: Self.vectors, against: recording)
    #expect(verification.findings.isEmpty)
    #expect(verification.files == recording.files.count)
    #expect(recording.byteCount < 3 << 20)
    #expect(try StoredManifest.part(of: Self.vectors) == .peers)
    #expect(try StoredManifest.part(of: projectRoot + "/Vectors") == .loma)
  }

  @Test func `CCM-30 a corpus of part II in the folder of part I is no part of it`() throws {
    try withFolder { folder in
      let (small, disk) = (try SmallCorpus.record(), Disk.fast)
      _ = try Recorder(folder: folder, disk: disk).write(small)
      let own = folder + "/peers"
      try disk.makeFolder(own)
      try disk.create(own + "/spare.json", [1])
      #expect(
        Verification(folder: folder, against: small).findings == ["stray: peers/spare.json is not in the manifest"])
      try disk.create(own + "/manifest.json", [2])
      #expect(Verification(folder: folder, against: small).findings.isEmpty)
      #expect(try Recorder(folder: folder, disk: disk).write(small) == 0)
      #expect(try Files.contents(of: own + "/spare.json", byteLimit: 8) == [1])
    }
  }
}
