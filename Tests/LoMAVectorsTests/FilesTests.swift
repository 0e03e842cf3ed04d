// Files on disk: atomic writing, guarded reading, the mapped reader.

import Foundation
import LoMAVectors
import Testing

@Suite struct FilesTests {
  @Test func `a file is written whole and replaced whole`() throws {
    try withFolder { folder in
      let path = folder + "/a.safetensors"
      try ArrayFile([], metadata: [:]).write(to: path)
      try sampleFile().write(to: path)
      #expect(try ArrayFile(contentsOf: path, byteLimit: 1 << 20) == sampleFile())
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a.safetensors"])
    }
  }

  @Test func `after an error nothing new lies in the folder`() throws {
    try withFolder { folder in
      // A folder cannot be replaced by a file, so the last step of writing fails.
      try FileManager.default.createDirectory(atPath: folder + "/a", withIntermediateDirectories: false)
      let isFolder = ContainerError.file(.failed("rename", path: folder + "/a", code: EISDIR))
      #expect(throws: isFolder) { try sampleFile().write(to: folder + "/a") }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a"])
      let missing = ContainerError.file(.failed("open", path: folder + "/b/c", code: ENOENT))
      #expect(throws: missing) { try sampleFile().write(to: folder + "/b/c") }
      #expect(missing.description.hasSuffix("/b/c\": open: No such file or directory"))
    }
  }

  @Test func `a listing has what lies in a folder and follows no link but the folder itself`() throws {
    try withFolder { folder in
      try Disk.real.makeFolder(folder + "/real/b/.c")
      for name in ["a", ".hidden", "b/d", "b/.c/ü e"] { try Files.create(folder + "/real/" + name, with: [65]) }
      for (name, target) in [("b/up", ".."), ("gone", "nowhere"), ("same", "a")] {
        #expect(symlink(target, folder + "/real/" + name) == 0)
      }
      #expect(mkfifo(folder + "/real/pipe", 0o600) == 0)
      #expect(symlink("real", folder + "/link") == 0)
      for name in ["/real", "/real/", "/link"] {
        let listing = Disk.listing(below: folder + name)
        #expect(listing.files == [".hidden", "a", "b/.c/ü e", "b/d"])
        #expect(listing.folders == ["b", "b/.c"])
        #expect(listing.oddities == ["b/up", "gone", "pipe", "same"])
      }
      for name in ["/nowhere", "/real/a", "/real/b/.c/ü e"] {
        let listing = Disk.listing(below: folder + name)
        #expect(listing.files.isEmpty && listing.folders.isEmpty && listing.oddities.isEmpty)
      }
    }
  }

  @Test func `RUN-28 a folder that cannot be made is refused in the system's words`() throws {
    try withFolder { folder in
      try Files.create(folder + "/file", with: [])
      try Disk.real.makeFolder(folder + "/a/b/c")
      try Disk.real.makeFolder(folder + "/a/b/c/")
      try Disk.real.makeFolder(folder + "/d//e/")
      #expect(Disk.hasFolder(folder + "/a/b/c") && Disk.hasFolder(folder + "/d/e"))
      for (path, place, code) in [
        (folder + "/file", folder + "/file", EEXIST), (folder + "/file/a", folder + "/file/a", ENOTDIR),
        (folder + "/file/a/b", folder + "/file/a/b", ENOTDIR), ("", "", ENOENT),
      ] {
        #expect(throws: FileError.failed("mkdir", path: place, code: code)) { try Disk.real.makeFolder(path) }
      }
    }
  }

  @Test func `what is no file, or too long, is not read`() throws {
    try withFolder { folder in
      let path = folder + "/a"
      #expect(throws: ContainerError.file(.notRegular(path: folder))) {
        try ArrayFile(contentsOf: folder, byteLimit: 100)
      }
      #expect(throws: ContainerError.file(.failed("open", path: path, code: ENOENT))) {
        try MappedArrayFile(contentsOf: path)
      }
      #expect(mkfifo(path, 0o600) == 0)
      #expect(throws: ContainerError.file(.notRegular(path: path))) { try ArrayFile(contentsOf: path, byteLimit: 100) }
      #expect(throws: ContainerError.file(.notRegular(path: path))) { try MappedArrayFile(contentsOf: path) }
      try Files.replace(path, with: [1, 2, 3])
      #expect(throws: FileError.tooLarge(path: path, limit: 2)) { try Files.contents(of: path, byteLimit: 2) }
      #expect(try Files.contents(of: path, byteLimit: 3) == [1, 2, 3])
      try Files.replace(path, with: [])
      #expect(try Files.contents(of: path, byteLimit: 0) == [])
      #expect(throws: ContainerError.noHeaderLength(fileBytes: 0)) { try MappedArrayFile(contentsOf: path) }
    }
    for error: FileError in [.tooLarge(path: "a", limit: 1), .notRegular(path: "a")] {
      #expect(error.description.hasPrefix("\"a\": "))
    }
  }

  @Test func `a mapped file gives what a read one gives`() throws {
    try withFolder { folder in
      let path = folder + "/a"
      let file = try sampleFile()
      try file.write(to: path)
      let mapped = try MappedArrayFile(contentsOf: path)
      #expect(mapped.header.metadata == file.metadata)
      #expect(mapped.header.entries.map(\.name) == file.arrays.map(\.name))
      for array in file.arrays {
        #expect(try mapped.array(array.name) == array)
        #expect(try mapped.entry(array.name).shape == array.shape)
        if array.elementType.kind == .floating {
          #expect(try mapped.doubles(array.name).map(\.bitPattern) == array.doubles().map(\.bitPattern))
        }
      }
      #expect(throws: ContainerError.noSuchArray("z")) { try mapped.doubles("z") }
      #expect(throws: ContainerError.wrongKind(.u8, asked: .floating, name: "u8")) { try mapped.doubles("u8") }
    }
  }

  @Test func `rows of a mapped array`() throws {
    try withFolder { folder in
      let path = folder + "/a"
      let values = (0..<24).map(Double.init)
      let file = try ArrayFile(
        [
          NamedArray("x", .bf16, shape: [4, 3, 2], doubles: values),
          NamedArray("odd", .u8, shape: [1], integers: [1]),
          NamedArray("none", .f32, shape: [0, 3], doubles: []),
          NamedArray("scalar", .f32, shape: [], doubles: [1]),
        ], metadata: [:])
      try file.write(to: path)
      let mapped = try MappedArrayFile(contentsOf: path)
      for lower in 0...4 {
        for upper in lower...4 {
          #expect(try mapped.doubles("x", rows: lower..<upper) == Array(values[6 * lower..<6 * upper]))
        }
      }
      #expect(try mapped.doubles("none", rows: 0..<0) == [])
      for (name, rows, count) in [("x", 3..<5, 4), ("x", -1..<2, 4), ("scalar", 0..<0, 0), ("none", 0..<1, 0)] {
        let error = ContainerError.rowsOutOfRange(rows, rows: count, name: name)
        #expect(throws: error) { try mapped.doubles(name, rows: rows) }
        #expect(error.description.contains("of \(count)"))
      }
    }
  }

  @Test func `a mapped file at odd offsets, and a BOOL checked when asked for`() throws {
    try withFolder { folder in
      let path = folder + "/a"
      let header =
        #"{"b":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]},"#
        + #""x":{"dtype":"F64","shape":[1],"data_offsets":[1,9]}}"#
      try Files.replace(path, with: file(Array(header.utf8), data: [2, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]))
      let mapped = try MappedArrayFile(contentsOf: path)
      #expect(try mapped.doubles("x") == [1])
      #expect(throws: ContainerError.invalidBoolean(2, index: 0, name: "b")) { try mapped.array("b") }
    }
  }
}
