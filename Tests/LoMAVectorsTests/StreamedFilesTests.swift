// Folders and containers that are written piece by piece.

import Foundation
import Testing

@testable import LoMAVectors

@Suite("Streamed files")
struct StreamedFilesTests {
  @Test func `a streamed container has the bytes of one written at once`() throws {
    let file = try ArrayFile(
      [
        NamedArray("b", .bf16, shape: [3, 2], bytes: Array(0..<12)), NamedArray("empty", .f32, shape: [0], bytes: []),
        NamedArray("a", .f64, shape: [], bytes: Array(repeating: 7, count: 8)),
      ], metadata: ["format": "pt"])
    try withFolder { folder in
      let stream = try ArrayStream(
        creating: folder + "/x", arrays: file.arrays.map { ($0.name, $0.elementType, $0.shape) },
        metadata: file.metadata)
      for byte in file.arrays.flatMap(\.bytes) { try stream.append([byte]) }
      try stream.finish()
      #expect(try Files.contents(of: folder + "/x", byteLimit: 1 << 20) == file.encoded())
      #expect(throws: ContainerError.file(.failed("open", path: folder + "/x", code: EEXIST))) {
        try ArrayStream(creating: folder + "/x", arrays: [], metadata: [:])
      }
      let mapped = try MappedArrayFile(contentsOf: folder + "/x")
      var pieces: [UInt8] = []
      try mapped.forEachPiece(of: mapped.entry("b")) { (piece) throws(FileError) in pieces += piece }
      #expect(pieces == Array(0..<12))
    }
  }

  @Test func `pieces of a large array are its bytes in order, and column sums those of a plain loop`() throws {
    let (rows, width) = (5_000, 260)
    let values = (0..<rows * width).map { Double(($0 &* 2_654_435_761) % 1_000_003) / 1024 }
    let array = try NamedArray("t", .f32, shape: [rows, width], doubles: values)
    try withFolder { folder in
      try ArrayFile([array], metadata: [:]).write(to: folder + "/t")
      let mapped = try MappedArrayFile(contentsOf: folder + "/t")
      var (pieces, count): ([UInt8], Int) = ([], 0)
      try mapped.forEachPiece(of: mapped.entry("t")) { (piece) throws(FileError) in
        pieces += piece
        count += 1
      }
      #expect(pieces == array.bytes && count == 2)
      let stored = try array.doubles()
      for range in [0..<rows, 7..<4_321, 3..<3] {
        var expected = [Double](repeating: 0, count: width)
        for row in range { for column in 0..<width { expected[column] += stored[row * width + column] } }
        #expect(try mapped.columnSums("t", rows: range).map(\.bitPattern) == expected.map(\.bitPattern))
      }
      #expect(throws: ContainerError.rowsOutOfRange(4_999..<5_001, rows: rows, name: "t")) {
        try mapped.columnSums("t", rows: 4_999..<5_001)
      }
    }
  }

  @Test func `a folder that cannot be filled leaves nothing`() throws {
    try withFolder { folder in
      let path = folder + "/new"
      let identity: (FileError) -> FileError = { $0 }
      #expect(throws: FileError.notRegular(path: "why")) {
        try Files.createFolder(path, failure: identity) { (place) throws(FileError) in
          try Files.create(place + "/a", with: [1])
          throw .notRegular(path: "why")
        }
      }
      #expect(Disk.files(in: folder).isEmpty)
      try Files.createFolder(path, failure: identity) { (place) throws(FileError) in
        #expect(!Disk.hasFolder(path))
        try Files.create(place + "/a", with: [1])
      }
      #expect(try Files.contents(of: path + "/a", byteLimit: 9) == [1])
      #expect(throws: FileError.failed("mkdir", path: path, code: EEXIST)) {
        try Files.createFolder(path, failure: identity) { (_) throws(FileError) in Issue.record("filled again") }
      }
      #expect(throws: FileError.failed("mkdir", path: folder + "/no/new", code: ENOENT)) {
        try Files.createFolder(folder + "/no/new", failure: identity) { (_) throws(FileError) in }
      }
    }
  }
}
