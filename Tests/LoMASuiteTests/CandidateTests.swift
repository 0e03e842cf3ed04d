// OPS-1, OPS-6: the reference as a candidate gives the recorded answers over the protocol, and ends on no line.

import Foundation
import LoMAVectors
import Testing

@testable import LoMAAnswers
@testable import LoMACatalogue
@testable import LoMASuite

@Suite("Chapter 11: the reference as a candidate")
struct CandidateTests {
  private static let vectors = projectRoot + "/Vectors"

  /// A line that asks a request; the input lies in `folder`.
  static func line(_ request: Request, dtype: String, in folder: String) throws -> String {
    func one(_ value: JSONValue) -> String { value.text().split(separator: "\n").joined() }
    let captures = request.captures.map { "\"\($0)\"" }.joined(separator: ",")
    var files = #""output":"out.safetensors","capture":[\#(captures)]"#
    if !request.input.arrays.isEmpty {
      try Disk.fast.create(folder + "/in.safetensors", try request.input.encoded())
      files += #","input":"in.safetensors""#
    }
    return #"{"loma":1,"id":7,"cmd":"run","case":"x","op":"\#(request.operation.rawValue)","dtype":"\#(dtype)","#
      + #""model":\#(request.model.map { "\"\($0)\"" } ?? "null"),\#(files),"#
      + #""profile":\#(one(Manifest.profile(request))),"params":\#(one(Manifest.parameters(request)))}"#
  }

  /// Asks a session whose folder holds the models, and compares the answer with the one recorded below `vectors`.
  static func check(
    _ item: Case, _ type: ElementType, _ session: inout CandidateSession, _ folder: String, vectors: String
  ) throws {
    let reply = session.reply(to: try Self.line(item.request, dtype: type.word, in: folder))
    defer { for name in ["in", "out"] { try? Disk.real.remove(folder + "/\(name).safetensors") } }
    if case .rejection(let code) = item.expectation {
      #expect(reply == #"{"loma":1,"id":7,"reject":{"code":"\#(code)"}}"#, "\(item.id)")
      return
    }
    #expect(reply == #"{"loma":1,"id":7,"ok":{}}"#, "\(item.id)")
    guard case .tensors = item.expectation else { return }
    let path = item.id.split(separator: ".", maxSplits: 1).joined(separator: "/")
    let expected = try ArrayFile(
      contentsOf: vectors + "/\(path)/expected.safetensors", byteLimit: 1 << 26)
    let outputs = try expected.arrays
      .filter { array in ![".accumulation", ".rounding", ".margin"].contains { array.name.hasSuffix($0) } }
      .map { array in
        guard array.elementType == .f64 else { return array }
        return try NamedArray(array.name, type, shape: array.shape, doubles: try array.doubles())
      }
    let answer = try ArrayFile(contentsOf: folder + "/out.safetensors", byteLimit: 1 << 26)
    #expect(answer == (try ArrayFile(outputs, metadata: [:])), "\(item.id)")
  }

  @Test func `OPS-1 the reference as a candidate gives every recorded answer, rounded once`() throws {
    try withFolder { folder in
      try FileManager.default.createSymbolicLink(
        atPath: folder + "/models", withDestinationPath: Self.vectors + "/models")
      var session = CandidateSession(folder: folder)
      for item in Catalogue.cases {
        // One type after the other, as a run asks: what is kept from the first must be right for the second.
        for type in item.dtypes == ["i64"] ? [ElementType.i64] : [.f64, .f32] {
          try Self.check(item, type, &session, folder, vectors: Self.vectors)
        }
      }
    }
  }

  @Test func `OPS-1 the reference says what it can`() {
    var session = CandidateSession(folder: "/nowhere")
    let reply = session.reply(to: #"{"loma":1,"id":0,"cmd":"hello","protocols":[1],"specification":"0.1"}"#)
    #expect(
      reply
        == #"{"loma":1,"id":0,"ok":{"protocol":1,"name":"loma-reference","version":"1.2","ops":["layout","mask","#
        + #""schedule","metrics","cost","rms_norm","rope","attention","feed_forward","decoder_layer","#
        + #""cross_entropy","forward","loss","gradients","train_step","generate","reconstruct"],"#
        + #""dtypes":["f64","f32"],"profiles":"any","#
        + #""families":["linear","dynamic","llama3","yarn","biases","mistral","qwen2","qwen3"],"captures":true}}"#)
    #expect(session.reply(to: #"{"loma":1,"id":99,"cmd":"stop"}"#) == nil)
  }

  /// A line to run something, members replaced or, where the JSON is nil, left out.
  private func run(_ changes: [String: String?]) -> String {
    var members: [String: String?] = [
      "loma": "1", "id": "3", "cmd": "\"run\"", "op": "\"schedule\"", "dtype": "\"i64\"", "profile": "{}",
      "params": #"{"c":2,"t":2,"prompt_length":5,"generate":0}"#, "output": "\"out.safetensors\"",
    ]
    for (key, json) in changes { members[key] = json }
    let present = members.compactMap { key, json in json.map { "\"\(key)\":\($0)" } }
    return "{" + present.sorted().joined(separator: ",") + "}"
  }

  @Test func `OPS-6 a line that cannot be answered is answered with the reason`() throws {
    try withFolder { folder in
      try FileManager.default.createSymbolicLink(
        atPath: folder + "/models", withDestinationPath: Self.vectors + "/models")
      try FileManager.default.createDirectory(atPath: folder + "/models2", withIntermediateDirectories: false)
      try Disk.fast.create(folder + "/junk.safetensors", Array("junk".utf8))
      var session = CandidateSession(folder: folder)
      #expect(session.reply(to: run([:])) == #"{"loma":1,"id":3,"ok":{}}"#)
      let onModel = #"{"c":2,"t":2,"text_vocabulary":11,"memory_token":13,"repetition_token":11,"generate":1,"#
      let lines: [(line: String, id: Int, why: String)] = [
        ("", -1, "the line is no JSON"), ("{", -1, "the line is no JSON"), ("[1]", -1, "the line is no object"),
        (#"{"loma":1,"loma":1}"#, -1, "the line is no JSON: "),
        (String(repeating: " ", count: 1 << 20 + 1), -1, "no JSON"),
        (run(["loma": "2"]), 3, "loma is not 1"), (run(["id": "\"3\""]), -1, "id is no integer"),
        (run(["cmd": "\"walk\""]), 3, "no command is called walk"), (run(["cmd": nil]), 3, "cmd is no string"),
        (#"{"loma":1,"id":4,"cmd":"hello","protocols":[2]}"#, 4, "do not hold 1"),
        (run(["op": "\"dance\""]), 3, "no operation is called dance"),
        (run(["dtype": "\"bf16\""]), 3, "no dtype of this candidate is called bf16"),
        (run(["params": "[]"]), 3, "params is no object"), (run(["params": "{}"]), 3, "missing-parameter: c"),
        (run(["params": #"{"c":2.5}"#]), 3, "parameter c is neither"),
        (run(["params": #"{"c":"0xq"}"#]), 3, "parameter c is 0xq, which is no double"),
        (run(["profile": #"{"numbering":1}"#]), 3, "the value of axis numbering is no string"),
        (run(["output": nil]), 3, "output is missing"), (run(["output": "\"../out\""]), 3, "not below the working"),
        (run(["output": "\"/tmp/out\""]), 3, "not below the working"), (run(["output": "\"\""]), 3, "not below"),
        (run(["output": "\"none/out\""]), 3, "output none/out: "),
        (run(["input": "\"none.safetensors\""]), 3, "input none.safetensors: "),
        (run(["input": "\"junk.safetensors\""]), 3, "input junk.safetensors: "),
        (run(["model": "\"models/..\""]), 3, "not below the working"),
        (run(["model": "\"models2/x\""]), 3, "is not models/"),
        (run(["model": "\"models\""]), 3, "is not models/NAME"),
        (run(["model": "\"models/none\""]), 3, "model models/none: "),
        (run(["model": "7"]), 3, "model is no string"), (run(["capture": "[1]"]), 3, "capture is no array of strings"),
        (run(["op": "\"rope\""]), 3, "bad-tensor: "),
        (run(["op": "\"generate\""]), 3, "missing-parameter: text_vocabulary"),
      ]
      for (line, id, why) in lines {
        let reply = session.reply(to: line) ?? "no reply"
        #expect(reply.hasPrefix(#"{"loma":1,"id":\#(id),"unsupported":{"why":""#), "\(reply)")
        #expect(reply.contains(why), "\(reply)")
        let isOneLine = !reply.contains("\n")
        #expect(isOneLine && (try? StrictJSON.parse(Array(reply.utf8), sizeLimit: 4096, depthLimit: 8)) != nil)
      }
      let text = CaseInputs.file(CaseInputs.batch([[1, 2, 3]]))
      try Disk.fast.create(folder + "/text.safetensors", try text.encoded())
      for (op, more, why) in [
        ("generate", #""model_vocabulary":99}"#, "missing-parameter: model_vocabulary"),
        (
          "train_step",
          #""model_vocabulary":16,"steps":-1,"learning_rate":1,"beta1":0,"beta2":0,"adam_epsilon":1,"#
            + #""weight_decay":0}"#, "missing-parameter: steps"
        ),
      ] {
        let line = run([
          "op": "\"\(op)\"", "dtype": "\"f64\"", "model": "\"models/gqa\"", "input": "\"text.safetensors\"",
          "params": onModel + more,
        ])
        #expect(session.reply(to: line) == #"{"loma":1,"id":3,"unsupported":{"why":"\#(why)"}}"#)
      }
      let bad = run(["params": #"{"c":0,"t":2,"prompt_length":5,"generate":0}"#])
      #expect(session.reply(to: bad) == #"{"loma":1,"id":3,"reject":{"code":"ratio-below-one"}}"#)
    }
  }
}
