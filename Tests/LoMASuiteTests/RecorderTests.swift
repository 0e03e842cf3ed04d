// The recorder: stopped at every operation, run again, and refused what would change published cases.

import LoMAVectors
import Testing

@testable import LoMASuite

@Suite("Recording: the recorder")
struct RecorderTests {
  /// Stops a recording over a folder at every operation in turn and looks at what is left; returns how many there were.
  private func stopEverywhere(
    _ stop: Stop, over old: Recording?, new: Recording
  ) throws -> Int {
    var k = 0
    while true {
      let isDone = try withFolder { (parent: String) throws -> Bool in
        let folder = parent + "/Vectors"
        if let old { _ = try Recorder(folder: folder, disk: .fast).write(old) }
        let count = Counter()
        do {
          _ = try Recorder(folder: folder, disk: .stopping(at: k, stop, count: count)).write(new)
          #expect(count.value == k, "every operation has had its turn")
          return true
        } catch RecordingError.file(.failed) {
          // Stopped, as it should be.
        }
        try look(at: folder, old: old, new: new, "stopped \(stop) \(k)")
        return false
      }
      if isDone { return k }
      k += 1
    }
  }

  /// A folder is the old corpus, the new one, or named incomplete; and recording again completes it.
  private func look(at folder: String, old: Recording?, new: Recording, _ name: String) throws {
    let held = try snapshot(folder)
    let findings = Verification(folder: folder, against: nil).findings
    let wholes = [old, new].compactMap { $0?.snapshot }
    #expect(findings.isEmpty == wholes.contains(held), "\(name): \(findings)")
    if !findings.isEmpty {
      #expect(findings.contains { $0.hasPrefix("incomplete: ") }, "\(name): \(findings)")
    }
    #expect(Verification(folder: folder, against: new).findings.isEmpty == (held == new.snapshot), "\(name)")
    // The manifest promises more than the mark: the new one stands only over the whole new corpus.
    if held["manifest.json"] == new.snapshot["manifest.json"],
      new.snapshot["manifest.json"] != old?.snapshot["manifest.json"]
    {
      #expect(held.filter { $0.key != StoredManifest.mark } == new.snapshot, "\(name)")
    }
    _ = try Recorder(folder: folder, disk: .fast).write(new)
    #expect(try snapshot(folder) == new.snapshot, "\(name): again")
    #expect(Verification(folder: folder, against: new).findings.isEmpty, "\(name): again")
  }

  @Test(arguments: Stop.allCases)
  func `stopping at any operation on a fresh folder leaves nothing or names it incomplete`(_ stop: Stop) throws {
    let new = try SmallCorpus.record()
    let operations = try stopEverywhere(stop, over: nil, new: new)
    // A file takes two, the mark two, folders the rest.
    #expect(operations > 2 * new.files.count + 2)
  }

  @Test(arguments: Stop.allCases)
  func `stopping at any operation over an older corpus leaves old, new or a named remainder`(_ stop: Stop) throws {
    let (old, new) = (try SmallCorpus.older(), try SmallCorpus.record())
    let operations = try stopEverywhere(stop, over: old, new: new)
    // Mark and its removal; two files and an emptied folder go; inputs and answers of three cases, structure.json and the
    // manifest come.
    #expect(operations >= 2 + 3 + 2 * 8)
  }

  @Test func `recording twice writes nothing the second time, and leaves no folder of what is gone`() throws {
    try withFolder { folder in
      let (old, new) = (try SmallCorpus.older(), try SmallCorpus.record())
      #expect(try Recorder(folder: folder, disk: .fast).write(old) == old.files.count)
      #expect(Disk.hasFolder(folder + "/stage/feed_forward.plain"))
      #expect(try Recorder(folder: folder, disk: .fast).write(new) > 0)
      #expect(!Disk.hasFolder(folder + "/stage/feed_forward.plain"))
      let count = Counter()
      #expect(try Recorder(folder: folder, disk: .stopping(at: .max, .before, count: count)).write(new) == 0)
      #expect(count.value == 1, "only the folder itself is made sure of")
    }
  }

  @Test func `links and folders in the place of files are replaced, not followed`() throws {
    try withFolder { parent in
      let (folder, elsewhere) = (parent + "/Vectors", parent + "/elsewhere")
      let new = try SmallCorpus.record()
      _ = try Recorder(folder: folder, disk: .fast).write(new)
      try Disk.real.rename(folder + "/stage", elsewhere)
      try link(folder + "/stage", to: elsewhere)
      try Disk.real.remove(folder + "/structure.json")
      try Disk.real.makeFolder(folder + "/structure.json")
      let untouched = try snapshot(elsewhere)
      #expect(Verification(folder: folder, against: nil).findings.count == 2)
      _ = try Recorder(folder: folder, disk: .fast).write(new)
      #expect(try snapshot(folder) == new.snapshot)
      #expect(try snapshot(elsewhere) == untouched)
    }
  }

  @Test func `a folder of someone else's files is left alone`() throws {
    try withFolder { folder in
      try Files.create(folder + "/notes.txt", with: [65])
      let before = try snapshot(folder)
      let count = Counter()
      let refusal = problem(folder, try SmallCorpus.record(), .stopping(at: .max, .before, count: count))
      #expect(refusal?.hasPrefix("not-a-corpus: ") == true)
      #expect(count.value == 0)
      #expect(try snapshot(folder) == before)
    }
  }

  @Test func `a file that is called as the mark is makes no corpus of someone else's files`() throws {
    let new = try SmallCorpus.record()
    func refusal(_ mark: String, beside files: [String]) throws -> String? {
      try withFolder { folder in
        try Files.create(folder + "/" + StoredManifest.mark, with: Array(mark.utf8))
        for file in files {
          let above = file.split(separator: "/").dropLast().joined(separator: "/")
          try Disk.real.makeFolder(folder + "/" + above)
          try Files.create(folder + "/" + file, with: [65])
        }
        let before = try snapshot(folder)
        let refusal = problem(folder, new)
        #expect(try snapshot(folder) == (refusal == nil ? new.snapshot : before))
        return refusal.map { String($0.prefix { $0 != ":" }) }
      }
    }
    let path = try #require(new.files.first?.path)
    #expect(try refusal("notes", beside: []) == "not-a-corpus")
    #expect(try refusal("notes", beside: ["thesis.txt", "sub/photo.jpg"]) == "not-a-corpus")
    #expect(try refusal("notes", beside: [path]) == "not-a-corpus")
    #expect(try refusal(Recorder.markText, beside: ["thesis.txt"]) == "not-a-corpus")
    #expect(try refusal(Recorder.markText, beside: [path, "sub/photo.jpg"]) == "not-a-corpus")
    // What a first recording leaves when it is stopped.
    #expect(try refusal(Recorder.markText, beside: [path, "structure.json.partial"]) == nil)
    #expect(try refusal("a recording", beside: []) == nil)
  }

  @Test(arguments: [1, 2, 5])
  func `NUM-4 a corpus has the same bytes on any number of threads`(_ threads: Int) throws {
    let one = try SmallCorpus.record().snapshot
    #expect(try SmallCorpus.record(threads: threads).snapshot == one)
  }
}

/// What the recorder refuses with, none if it writes.
func problem(_ folder: String, _ recording: Recording, _ disk: Disk = .fast) -> String? {
  do {
    _ = try Recorder(folder: folder, disk: disk).write(recording)
    return nil
  } catch { return error.description }
}
