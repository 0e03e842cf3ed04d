// Two tensor files side by side, and files that are written for a person.

import Foundation
import LoMA
import LoMAVectors
import Testing
@testable import LoMAExplanation
@testable import LoMAJudgement

@testable import LoMAConformance

@Suite("Comparison of files") struct FileComparisonTests {
  private func text(_ a: [NamedArray], _ b: [NamedArray], _ text: ComparisonText = ComparisonText()) throws -> String {
    text.draw(try FileComparison(try ArrayFile(a, metadata: [:]), try ArrayFile(b, metadata: [:])))
  }

  @Test func `equal files are equal`() throws {
    let arrays = [try NamedArray("x", .f32, shape: [2], doubles: [.nan, 1])]
    #expect(try text(arrays, arrays) == "1 tensor is equal, 0 differ\n")
  }

  @Test func `RUN-8 a tensor's name is printed without its control characters`() throws {
    let name = "a\u{1B}[31m\nb"
    #expect(
      try text([NamedArray(name, .i64, shape: [1], integers: [1])], [])
        == "a\\u{1B}[31m\\nb: only in the first file\n0 tensors are equal, 1 differs\n")
  }

  @Test func `what differs is named, with the worst element`() throws {
    let a = [
      try NamedArray("a", .i64, shape: [1], integers: [1]),
      try NamedArray("type", .f32, shape: [1], doubles: [1]),
      try NamedArray("shape", .f32, shape: [1], doubles: [1]),
      try NamedArray("numbers", .f64, shape: [2, 3], doubles: [0, 1, 2, 3, 4, 5]),
      try NamedArray("whole", .i64, shape: [2], integers: [1, 2]),
      try NamedArray("flags", shape: [2], booleans: [true, false]),
      try NamedArray("nan", .f64, shape: [2], doubles: [.nan, 1]),
      try NamedArray("zero", .f64, shape: [1], doubles: [0]),
    ]
    let b = [
      try NamedArray("b", .i64, shape: [1], integers: [1]),
      try NamedArray("type", .f64, shape: [1], doubles: [1]),
      try NamedArray("shape", .f32, shape: [1, 1], doubles: [1]),
      try NamedArray("numbers", .f64, shape: [2, 3], doubles: [0, 1, 2.5, 3, 4, 10]),
      try NamedArray("whole", .i64, shape: [2], integers: [1, 5]),
      try NamedArray("flags", shape: [2], booleans: [true, true]),
      try NamedArray("nan", .f64, shape: [2], doubles: [2, 1]),
      try NamedArray("zero", .f64, shape: [1], doubles: [-0.0]),
    ]
    #expect(
      try text(a, b) == """
        a: only in the first file
        b: only in the second file
        flags: 1 of 2 elements differ; the largest difference is 1.0, relative 1.00, at [1]: false, and true
        nan: 1 of 2 elements differ; the largest difference is inf, relative infinite, at [0]: nan, and 2.0
        numbers: 2 of 6 elements differ; the largest difference is 5.0, relative 5.00e-1, at [1, 2]: 5.0, and 10.0
        shape: shape [1], and [1, 1]
        type: element type F32, and F64
        whole: 1 of 2 elements differ; the largest difference is 3.0, relative 6.00e-1, at [1]: 2, and 5
        zero: 1 of 1 elements differ; the largest difference is 0.0, relative 0, at [0]: 0.0, and -0.0
        0 tensors are equal, 9 differ

        """)
  }

  @Test func `rows of a layout are named in the first or second dimension`() throws {
    // c = 2, t = 1, n = 5: 11 rows, row 7 is memory row 0 of chunk 1.
    let names = try ComparisonText(c: 2, t: 1, textLength: 5, layout: .training)
    for (shape, index) in [([11, 2], "[7, 1]"), ([1, 11, 2], "[0, 7, 1]")] {
      var values = [Double](repeating: 0, count: 22)
      let a = [try NamedArray("y", .f32, shape: shape, doubles: values)]
      values[15] = 1
      let b = [try NamedArray("y", .f32, shape: shape, doubles: values)]
      #expect(try text(a, b, names).contains("at \(index), row 7: memory 0, chunk 1: 0.0, and 1.0"))
      #expect(try text(a, b).contains("at \(index): 0.0, and 1.0"))
    }
    #expect(throws: InputError.self) { try ComparisonText(c: 0, t: 1, textLength: 5, layout: .training) }
  }

  @Test func `damaged files are typed errors`() throws {
    let folder = try ReportFolder()
    let path = folder.path + "/x.safetensors"
    try Files.replace(path, with: [1, 2, 3])
    #expect(throws: FileComparisonError(path: path, reason: .noHeaderLength(fileBytes: 3))) {
      try FileComparison(path, path)
    }
    #expect(throws: FileComparisonError.self) { try FileComparison(folder.path, folder.path) }
  }

  @Test func `RUN-28 reports appear together or not at all`() throws {
    let folder = try ReportFolder()
    let target = folder.path + "/a/b"
    let files = [("x", Array("1".utf8)), ("y", Array("2".utf8))]
    #expect(OutputFiles.write(files, into: target) == nil)
    #expect(Disk.listing(below: folder.path).files == ["a/b/x", "a/b/y"])
    #expect(OutputFiles.write([("x", Array("3".utf8))], into: target) == nil)
    #expect(try Files.contents(of: target + "/x", byteLimit: 9) == Array("3".utf8))
    #expect(Disk.listing(below: folder.path).files == ["a/b/x", "a/b/y"])
    // A file where the folder should be; a folder where a file should be.
    let blocked = OutputFiles.write(files, into: target + "/x")
    #expect(blocked?.path == target + "/x" && blocked?.reason == "File exists")
    try Disk.real.makeFolder(target + "/z")
    let failure = OutputFiles.write([("new", [1]), ("z", [1])], into: target)
    #expect(failure?.path == target + "/z" && failure?.reason == "not a regular file")
    #expect(Disk.listing(below: target).files.contains { $0.hasSuffix(".partial") } == false)
    #expect(OutputFiles.write("text", to: folder.path + "/none/x") == "No such file or directory")
    #expect(OutputFiles.create("x", "again", in: target)?.reason == "File exists")
    #expect(try Files.contents(of: target + "/x", byteLimit: 9) == Array("3".utf8))
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
  func `RUN-28 a full device is a reason, and stays a device`() {
    #expect(OutputFiles.write("text", to: "/dev/full") == "No space left on device")
    #expect(OutputFiles.write("text", to: "/dev/null") == nil)
    #expect(FileManager.default.fileExists(atPath: "/dev/full"))
  }
}
