// The skeletons, built with the toolchain at hand and asked every case of `layout`. Python's is asked in `.ci/run`.

import Foundation
import LoMAVectors
import Testing
@testable import LoMAExplanation
@testable import LoMAJudgement

@testable import LoMAConformance

@Suite("Chapter 14: skeletons") struct SkeletonTests {
  @Test func `RUN-29 a skeleton is one file whose lines fit a screen`() {
    #expect(StarterPort.allCases.map { $0.fileName } == ["port.py", "main.swift", "port.c"])
    for skeleton in StarterPort.allCases {
      #expect(skeleton.text.contains("NEXT") && skeleton.text.hasSuffix("\n") && !skeleton.text.contains("\t"))
      #expect(skeleton.text.split(separator: "\n").allSatisfy { $0.count <= 118 })
    }
  }

  @Test(arguments: [StarterPort.swift, .c])
  func `RUN-29 a built skeleton answers layout`(_ skeleton: StarterPort) throws {
    let folder = try ReportFolder()
    try Files.replace(folder.path + "/" + skeleton.fileName, with: Array(skeleton.text.utf8))
    guard let building = skeleton.building, let tool = Self.tool(building) else { return }
    // Unoptimised: what is built here is asked for small answers. A skeleton builds without a warning.
    let strict = skeleton == .c ? ["-Wall", "-Wextra", "-Werror"] : ["-warnings-as-errors"]
    let arguments = strict + building.split(separator: " ").dropFirst().map(String.init).filter { !$0.hasPrefix("-O") }
    let built = try Self.run(tool, arguments, in: folder.path, input: "")
    try #require(built.status == 0, "\(built.errors)")
    try check(folder: folder.path, executable: folder.path + "/port")
  }

  /// Asks every case of `layout`, and a few others, in one conversation.
  private func check(folder: String, executable: String) throws {
    let vectors = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../Vectors")
    let corpus = try CaseCorpus(folder: vectors.standardized.path)
    let cases = corpus.cases.filter { $0.op == .layout || $0.id == "structure.mask.c2-t1-batch" }
    #expect(cases.count > 40)
    var lines = [#"{"loma":1,"id":0,"cmd":"hello","protocols":[1],"specification":"0.1"}"#]
    for (place, item) in cases.enumerated() {
      let input = "\(place + 1).input.safetensors"
      try Files.replace("\(folder)/\(input)", with: try ArrayFile(try corpus.input(of: item), metadata: [:]).encoded())
      lines.append(
        JSONValue.members([
          .init("loma", .integer(1)), .init("id", .integer(place + 1)), .init("cmd", .string("run")),
          .init("case", .string(item.id)), .init("op", .string(item.op.rawValue)), .init("dtype", .string("i64")),
          .init("profile", .object(item.profile)), .init("params", .object(item.parameters)), .init("model", .null),
          .init("input", .string(input)), .init("output", .string("\(place + 1).output.safetensors")),
          .init("capture", .array([])),
        ]).line)
    }
    lines.append(#"{"loma":1,"id":999,"cmd":"stop"}"#)
    let talk = try Self.run(executable, [], in: folder, input: lines.map { $0 + "\n" }.joined())
    #expect(talk.status == 0 && talk.errors.isEmpty, "\(talk.errors)")
    let replies = talk.output.split(separator: "\n").map(String.init)
    try #require(replies.count == cases.count + 1)
    #expect(replies[0].hasPrefix(#"{"loma":1,"id":0,"ok":{"#) && replies[0].contains(#""ops":["layout"]"#))
    #expect(replies[0].contains(#""families":[]"#) && replies[0].contains(#""captures":false"#), "\(replies[0])")
    var right = 0
    for (place, item) in cases.enumerated() {
      let reply = replies[place + 1]
      let start = #"{"loma":1,"id":\#(place + 1),"#
      switch item.answer {
      case .rejection(let code): #expect(reply == start + #""reject":{"code":"\#(code)"}}"#, "\(item.id)")
      case .tensors where item.op == .layout && item.profile.members.isEmpty:
        #expect(reply == start + #""ok":{}}"#, "\(item.id)")
        let path = "\(folder)/\(place + 1).output.safetensors"
        let answer = try ArrayFile(contentsOf: path, byteLimit: 1 << 20)
        #expect(try answer == ArrayFile(try corpus.expected(of: item), metadata: [:]), "\(item.id)")
        right += 1
      case .tensors, .property: #expect(reply.hasPrefix(start + #""unsupported":{"why":"#), "\(item.id)")
      }
    }
    #expect(right > 20)
  }

  /// The compiler that a command line begins with; of the toolchain where the system has none.
  private static func tool(_ line: String) -> String? {
    let name = line.prefix { $0 != " " }
    let names = name == "cc" ? ["cc", "clang"] : [String(name)]
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    return folders.flatMap { folder in names.map { "\(folder)/\($0)" } }.first {
      FileManager.default.isExecutableFile(atPath: $0)
    }
  }

  private static func run(
    _ executable: String, _ arguments: [String], in folder: String, input: String
  ) throws -> (status: Int32, output: String, errors: String) {
    let process = Process()
    let (incoming, outgoing, errors) = (folder + "/.in", folder + "/.out", folder + "/.errors")
    try Files.replace(incoming, with: Array(input.utf8))
    for path in [outgoing, errors] { try Files.replace(path, with: []) }
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.standardInput = FileHandle(forReadingAtPath: incoming)
    process.standardOutput = FileHandle(forWritingAtPath: outgoing)
    process.standardError = FileHandle(forWritingAtPath: errors)
    try process.run()
    process.waitUntilExit()
    let text = { (path: String) in String(decoding: try Files.contents(of: path, byteLimit: 1 << 24), as: UTF8.self) }
    return (process.terminationStatus, try text(outgoing), try text(errors))
  }
}
