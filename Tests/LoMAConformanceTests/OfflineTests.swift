// Requests written to a folder, answered there, and judged.

import Foundation
import LoMAVectors
import Testing
@testable import LoMAJudgement
@testable import LoMAProcess

@testable import LoMAConformance

@Suite("Chapter 14: requests answered elsewhere") struct OfflineTests {
  private static let hello = """
    {"loma":1,"id":0,"ok":{"protocol":1,"name":"far","version":"1","ops":["layout","rope"],\
    "dtypes":["f32"],"profiles":"any","families":["linear","llama3","yarn"]}}

    """

  @Test func `RUN-27 requests are answered elsewhere and judged as a run is`() throws {
    let folder = try ReportFolder()
    let corpus = try Recorded.corpus()
    let offline = try OfflineRequests(corpus)
    let count = try offline.write(to: folder.path)
    let text = try Files.contents(of: folder.path + "/requests.jsonl", byteLimit: 1 << 26)
    let requests = try text.split(separator: UInt8(ascii: "\n")).map {
      try #require(StrictJSON.parse(Array($0), sizeLimit: 1 << 20, depthLimit: 8).objectValue)
    }
    #expect(requests.count == count + 1 && requests[0]["cmd"] == .string("hello"))
    #expect(requests.enumerated().allSatisfy { $1["id"] == .integer($0) })
    let files = Disk.listing(below: folder.path).files
    #expect(!files.contains { $0.contains("expected") || $0.contains("output") })

    // Recorded answers for what is declared; one file is missing, one reply, one answer is wrong.
    var answers = Self.hello
    var (missingFile, missingReply, wrong): (String?, String?, String?) = (nil, nil, nil)
    for request in requests.dropFirst() {
      let (id, op) = (try #require(request["id"]?.integerValue), try #require(request["op"]?.stringValue))
      let dtype = try #require(request["dtype"]?.stringValue)
      guard ["layout", "rope"].contains(op), ["i64", "f32"].contains(dtype) else { continue }
      let item = try Recorded.item(try #require(request["case"]?.stringValue))
      if case .rejection(let code) = item.answer {
        answers += "{\"loma\":1,\"id\":\(id),\"reject\":{\"code\":\"\(code)\"}}\n"
        continue
      }
      var tensors = try Recorded.answer(item, dtype)
      if missingReply == nil {
        missingReply = item.id
        continue
      }
      answers += "{\"loma\":1,\"id\":\(id),\"ok\":{}}\n"
      if missingFile == nil {
        missingFile = item.id
        continue
      }
      if wrong == nil, op == "rope" {
        wrong = item.id
        tensors = try tensors.changing("y", at: 0) { $0 + 1 }
      }
      try ArrayFile(tensors, metadata: [:]).write(to: "\(folder.path)/\(id).output.safetensors")
    }
    try Files.replace(folder.path + "/answers.jsonl", with: Array(answers.utf8))
    let (candidate, results) = try offline.judge(folder.path, bounds: .provisional)
    #expect(candidate.name == "far" && candidate.command.isEmpty && candidate.profiles == .string("any"))
    #expect(Set(results.map { $0.dtype }) == ["i64", "f32"])
    for result in results {
      let expected: Verdict =
        switch result.id {
        case missingReply: .notRun
        case missingFile: .invalidOutput
        case wrong: .fail
        case _: ["layout", "rope"].contains(result.op) ? .pass : .unsupported
        }
      #expect(result.verdict == expected, "\(result.id): \(result.why)")
    }
    #expect(results.count { $0.verdict == .pass } > 40)
  }

  @Test func `RUN-27 a folder that holds requests is refused before anything is written`() throws {
    let folder = try ReportFolder()
    try Files.create(folder.path + "/requests.jsonl", with: [])
    let taken = FileError.failed("open", path: folder.path + "/requests.jsonl", code: EEXIST)
    #expect(throws: taken) { try OfflineRequests(Recorded.corpus()).write(to: folder.path) }
    #expect(folder.contents == ["requests.jsonl"])
  }

  @Test func `RUN-7 an answer with a second name is not taken, wherever it was answered`() throws {
    let folder = try ReportFolder()
    try Files.create(folder.path + "/a", with: [1])
    let scratch = try Scratch(existing: folder.path)
    #expect(try scratch.contents("a", limit: 9) == [1])
    #expect(Foundation.link(folder.path + "/a", folder.path + "/b") == 0)
    #expect(throws: OutputError.severalNames(2)) { try scratch.contents("a", limit: 9) }
  }

  @Test func `RUN-27 answers that are none are refused, and existing requests kept`() throws {
    let folder = try ReportFolder()
    func refusal(_ answers: String?) throws -> String {
      if let answers { try Files.replace(folder.path + "/answers.jsonl", with: Array(answers.utf8)) }
      do {
        _ = try OfflineAnswers(folder: folder.path)
        return "accepted"
      } catch { return "\(error)" }
    }
    #expect(try refusal(nil).contains("No such file"))
    #expect(try refusal("") == "answers.jsonl: no answer to hello: no reply with id 0")
    #expect(try refusal(Self.hello) == "accepted")
    #expect(try refusal(Self.hello + Self.hello) == "answers.jsonl: a second reply to request 0")
    #expect(try refusal(Self.hello + "noise\n").hasPrefix("answers.jsonl: line 2: "))
    #expect(try refusal(Self.hello + "{\"loma\":1}\n") == "answers.jsonl: line 2: no id")
    #expect(throws: (any Error).self) {
      let offline = try OfflineRequests(try Recorded.corpus())
      try Files.replace(folder.path + "/1.input.safetensors", with: [1])
      _ = try offline.write(to: folder.path)
    }
    #expect(!folder.contents.contains("requests.jsonl"))
  }
}
