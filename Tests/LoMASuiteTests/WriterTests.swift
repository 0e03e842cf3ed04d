// Checkpoints written and read again, and what an interrupted or refused writing leaves behind: nothing.

import Foundation
import LoMA
import LoMAModels
import LoMAReference
import LoMAVectors
import NaiveLlama
import Testing

@Suite("Chapter 8: writing checkpoints")
struct WriterTests {
  private func section(_ profile: Profile = .base) -> LoMASection {
    LoMASection(textVocabulary: 11, memoryToken: 12, repetitionToken: 11, c: 2, t: 1, profile: profile)
  }

  private func write(
    _ checkpoint: TinyCheckpoint, _ type: ElementType, to directory: String, loma: LoMASection? = nil
  ) throws {
    try CheckpointWriter.write(
      checkpoint.parameters, configuration: checkpoint.configuration, loma: loma, elementType: type, to: directory)
  }

  @Test(arguments: [ElementType.f64, .f32, .bf16, .f16], [false, true])
  func `MOD-1 MOD-6 what is written is read again, each value rounded once`(_ type: ElementType, tiesHead: Bool) throws
  {
    var checkpoint = try TinyCheckpoint(tiesHead: tiesHead)
    // Values that no narrow type holds: a tie under rounding to F32, a value just beyond a tie of BF16.
    checkpoint.parameters.tensors["model.norm.weight"]?.values = [
      1 + 0x1p-24, 1 + 0x1p-8 + 0x1p-40, -0.0, 0.1, 1 / 3, 65_504, 0x1p-24, -1e-40,
    ]
    try withFolder { folder in
      try write(checkpoint, type, to: folder + "/model", loma: section())
      #expect(try contents(folder) == ["model"])
      #expect(try contents(folder + "/model") == ["config.json", "model.safetensors"])
      let read = try Checkpoint(directory: folder + "/model")
      #expect(read.configuration == checkpoint.configuration)
      #expect(read.file.loma == section())
      #expect(read.configuration.parameters.allSatisfy { read.entry($0.name)?.elementType == type })
      let parameters = try read.parameters()
      #expect(parameters.names == checkpoint.parameters.names)
      for name in parameters.names {
        let written = try #require(checkpoint.parameters.tensors[name])
        let tensor = try #require(parameters.tensors[name])
        #expect(tensor.shape == written.shape)
        let expected = written.values.map { value in
          switch type {
          case .f32: Double(Float(value))
          case .bf16: NarrowFloat.bfloat16.widened(NarrowFloat.bfloat16.narrowed(value))
          case .f16: NarrowFloat.float16.widened(NarrowFloat.float16.narrowed(value))
          default: value
          }
        }
        #expect(tensor.values.map(\.bitPattern) == expected.map(\.bitPattern))
      }
    }
  }

  @Test func `PAR-2 every profile is written and read again`() throws {
    try withFolder { folder in
      for (number, profile) in Profile.all.enumerated() where number % 11 == 0 {
        try write(TinyCheckpoint(), .bf16, to: folder + "/\(number)", loma: section(profile))
        #expect(try Checkpoint(directory: folder + "/\(number)").file.loma == section(profile))
        #expect(loadingError(folder + "/\(number)") == nil)
      }
      try write(TinyCheckpoint(), .bf16, to: folder + "/none")
      #expect(try Checkpoint(directory: folder + "/none").file.loma == nil)
    }
  }

  @Test func `MOD-1 a directory or file that exists is refused and stays as it is`() throws {
    try withFolder { folder in
      try write(TinyCheckpoint(), .f64, to: folder + "/model")
      let before = try Files.contents(of: folder + "/model/model.safetensors", byteLimit: 1 << 20)
      #expect(throws: CheckpointError.file(.failed("mkdir", path: folder + "/model", code: EEXIST))) {
        try write(TinyCheckpoint(), .bf16, to: folder + "/model")
      }
      #expect(try Files.contents(of: folder + "/model/model.safetensors", byteLimit: 1 << 20) == before)
      try Files.replace(folder + "/file", with: [1])
      #expect(throws: CheckpointError.file(.failed("mkdir", path: folder + "/file", code: EEXIST))) {
        try write(TinyCheckpoint(), .f64, to: folder + "/file")
      }
      #expect(try contents(folder) == ["file", "model"])
    }
  }

  @Test func `MOD-1 a writing that fails leaves nothing behind`() throws {
    try withFolder { folder in
      guard case .file(.failed("mkdir", _, ENOENT)) = writingError(folder + "/absent/model") else {
        Issue.record("no parent folder")
        return
      }
      try Files.replace(folder + "/file", with: [])
      guard case .file(.failed(_, _, ENOTDIR)) = writingError(folder + "/file/model") else {
        Issue.record("the parent is a file")
        return
      }
      // The name of the directory has room for a suffix no more: the folder beside it cannot be made.
      let long = String(repeating: "x", count: 250)
      guard case .file(.failed("mkdir", _, ENAMETOOLONG)) = writingError(folder + "/" + long) else {
        Issue.record("a name too long")
        return
      }
      #expect(try contents(folder) == ["file"])
    }
    if geteuid() != 0 {
      try withFolder { folder in
        #expect(chmod(folder, 0o500) == 0)
        guard case .file(.failed("mkdir", _, EACCES)) = writingError(folder + "/model") else {
          Issue.record("a folder that may not be written")
          return
        }
        let left = try contents(folder)
        #expect(left == [])
      }
    }
  }

  private func writingError(_ directory: String) -> CheckpointError? {
    do {
      try write(TinyCheckpoint(), .f64, to: directory)
      return nil
    } catch { return error as? CheckpointError }
  }

  @Test func `MOD-1 parameters that do not fit are refused before anything is written`() throws {
    try withFolder { folder in
      func error(_ type: ElementType = .f64, _ change: (inout [String: Tensor]) -> Void) throws -> CheckpointError? {
        var checkpoint = try TinyCheckpoint()
        change(&checkpoint.parameters.tensors)
        do {
          try write(checkpoint, type, to: folder + "/model")
          return nil
        } catch { return error as? CheckpointError }
      }
      let norm = "model.norm.weight"
      #expect(try error { $0[norm] = nil } == .model(.missingTensor(norm)))
      #expect(try error { $0["more"] = Tensor(zeros: [1]) } == .model(.unexpectedTensor("more")))
      #expect(
        try error { $0[norm] = Tensor(zeros: [2, 4]) }
          == .model(.wrongShape(tensor: norm, shape: [2, 4], expected: [8])))
      #expect(try error { $0[norm]?.values[5] = .nan } == .model(.nonFiniteWeight(tensor: norm, index: 5)))
      #expect(
        try error(.f16) { $0[norm]?.values[5] = 65_520 } == .valueOutOfRange(tensor: norm, index: 5, elementType: .f16))
      #expect(
        try error(.f32) { $0[norm]?.values[6] = -1e39 } == .valueOutOfRange(tensor: norm, index: 6, elementType: .f32))
      guard case .container("model.safetensors", .wrongKind(.i64, .floating, _)) = try error(.i64, { _ in }) else {
        Issue.record("written as integers")
        return
      }
      #expect(try contents(folder) == [])
    }
  }
}
