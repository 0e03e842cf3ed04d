// A LoMA candidate that can lay out texts: the place to start a port in Swift.
//
//     swiftc -O main.swift -o port && loma conform -- ./port
//
// It speaks protocol 1 (Spec/13-protocol.md): one JSON object a line comes in on standard input, one goes out on
// standard output, tensors travel in safetensors files of the working directory. It answers `layout` of the profile
// base in full, and says `unsupported` to everything else. Go on where it says NEXT. A Swift port may also build on
// the package's library LoMA, which has layout, mask and schedule.

import Foundation

let (name, version) = ("my-port", "0.1")
// NEXT: name an operation here and answer it in `answer`; "mask" comes next, then "schedule", "metrics" and "cost".
let operations = ["layout"]
// NEXT: the element types of your numbers: "f64", "f32", "bf16", "f16". None while there are only integers.
let elementTypes: [String] = []
// NEXT: a profile is the axes that differ from base; [:] is base itself. "any" instead of the list stands for all.
let profiles: [[String: String]] = [[:]]
// NEXT: what you compute beside a plain Llama: "linear", "dynamic", "llama3", "yarn" (types of rotation), "biases",
// "mistral", "qwen2", "qwen3". A model that needs what is not listed is not asked about, nor is your own.
let families: [String] = []
// NEXT: true once `forward` returns the tensors that a request names under "capture" (MOD-7).
let captures = false

/// Spec/registry.md: every axis and its values, the default first.
let axes = [
  "memory_positions": ["span_end", "span_start"],
  "numbering": ["text", "sequential", "generation", "compressed"],
  "memory_context": ["past_memories", "own_chunk"],
  "memory_attention": ["bidirectional", "causal"],
  "repetition_context": ["own_memory", "past_memories"],
  "repetition_attention": ["causal", "bidirectional", "self_only"],
  "repetition_labels": ["aligned", "shifted"],
]

/// How a request ends that is not answered.
enum Refusal: Error {
  /// Bad input, with a code of Spec/rejections.md.
  case rejection(String)
  /// Good input that this port does not do; it narrows the claim and is no failure.
  case unsupported(String)
  /// A request or a file that is not what the protocol says; the port ends.
  case broken(String)
}

// MARK: chapter 1: parameters, in the order of the list of rejections (OPS-6)

struct Parameters {
  let c: Int
  let t: Int
  let memory: Int
  let repetition: Int
  let isTraining: Bool

  /// Throws what PAR-1 to PAR-3 and the registry reject.
  init(_ request: [String: Any], texts: [[Int]]) throws {
    let params = request["params"] as? [String: Any] ?? [:]
    func integer(_ name: String) throws -> Int {
      guard let value = params[name] as? Int else { throw Refusal.broken("no parameter \(name)") }
      return value
    }
    (c, t) = (try integer("c"), try integer("t"))
    (memory, repetition) = (try integer("memory_token"), try integer("repetition_token"))
    isTraining = params["layout"] as? String == "training"
    let size = try integer("text_vocabulary")
    if c < 1 { throw Refusal.rejection("ratio-below-one") }
    if t < 1 { throw Refusal.rejection("memory-length-below-one") }
    if c.multipliedReportingOverflow(by: t).overflow { throw Refusal.rejection("chunk-too-long") }
    if size < 1 { throw Refusal.rejection("vocabulary-size-out-of-range") }
    if min(memory, repetition) < size { throw Refusal.rejection("special-token-in-text-vocabulary") }
    if memory == repetition { throw Refusal.rejection("equal-special-tokens") }
    if max(memory, repetition) >= (try integer("model_vocabulary")) {
      throw Refusal.rejection("no-room-for-special-token")
    }
    if texts.joined().contains(where: { !(0..<size).contains($0) }) {
      throw Refusal.rejection("text-token-out-of-range")
    }
    let profile = request["profile"] as? [String: String] ?? [:]
    if profile.keys.contains(where: { axes[$0] == nil }) { throw Refusal.rejection("unknown-axis") }
    if profile.contains(where: { axes[$0]?.contains($1) != true }) { throw Refusal.rejection("unknown-alternative") }
    if profile.contains(where: { axes[$0]?.first != $1 }) { throw Refusal.unsupported("the profile base alone") }
  }
}

// MARK: chapters 2, 3 and 5: rows, positions and labels of the profile base

/// A row's numbers in the order of the answer: token, zone, chunk, index, position, label; −1 stands for none.
typealias Row = [Int]

let rowNames = ["tokens", "zones", "chunks", "indices", "positions", "labels"]
let (reading, memory, repetition) = (0, 1, 2)
let padRow: Row = [0, 3, -1, -1, 0, -1]

/// The rows of a text.
func layout(_ text: [Int], _ parameters: Parameters) -> [Row] {
  let (c, t) = (parameters.c, parameters.t)
  let length = c * t  // L, PAR-1
  var rows: [Row] = []
  var start = 0
  while start < text.count {
    let chunk = start / length
    let count = min(length, text.count - start)
    for i in 0..<count {  // POS-1; the label is the next token of the text (LOS-1)
      let next = start + i + 1
      rows.append([text[start + i], reading, chunk, i, start + i, next < text.count ? text[next] : -1])
    }
    if count < length { break }  // The tail has reading rows only (LAY-2).
    for j in 0..<t {  // POS-2: a memory row stands at the end of its span.
      rows.append([parameters.memory, memory, chunk, j, start + (j + 1) * c - 1, -1])
    }
    if parameters.isTraining {  // LAY-5: the generation layout has none.
      for i in 0..<count {  // POS-3; the label is the token it reproduces (LOS-3)
        rows.append([parameters.repetition, repetition, chunk, i, start + i, text[start + i]])
      }
    }
    start += length
  }
  return rows
}

/// Integers with their shape.
struct Tensor {
  let name: String
  let shape: [Int]
  let values: [Int]
}

/// The tensors that answer a request.
func answer(_ request: [String: Any]) throws -> [Tensor] {
  guard let operation = request["op"] as? String, operations.contains(operation) else {
    throw Refusal.unsupported("not written yet")
  }
  let inputs = try readIntegers(request["input"] as? String ?? "")
  guard let tokens = inputs["tokens"], let lengths = inputs["lengths"] else { throw Refusal.broken("no texts") }
  var texts: [[Int]] = []
  var start = 0
  for length in lengths {
    guard length >= 0, length <= tokens.count - start else { throw Refusal.broken("lengths beyond the tokens") }
    texts.append(Array(tokens[start..<start + length]))
    start += length
  }
  let parameters = try Parameters(request, texts: texts)
  // NEXT: one branch for each operation. Where a `forward` brings `embeddings`, feed these rows and not those of the
  // tokens (OPS-4): that is how one layer of your own model is asked alone.
  // This is `layout`: six arrays [B, R], padded on the right (MSK-11).
  let batch = texts.map { layout($0, parameters) }
  let longest = batch.map { $0.count }.max() ?? 0
  let rows = batch.flatMap { $0 + Array(repeating: padRow, count: longest - $0.count) }
  return rowNames.enumerated().map { place, name in
    Tensor(name: name, shape: [batch.count, longest], values: rows.map { $0[place] })
  }
}

// MARK: files: safetensors, https://github.com/huggingface/safetensors

/// The I64 tensors of a file, each as a flat list.
func readIntegers(_ path: String) throws -> [String: [Int]] {
  let data = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
  guard data.count >= 8, let size = Int(exactly: word(data, 0)), size <= data.count - 8,
    let header = try JSONSerialization.jsonObject(with: Data(data[8..<8 + size])) as? [String: Any]
  else { throw Refusal.broken("\(path) is not a safetensors file") }
  var tensors: [String: [Int]] = [:]
  for case (let name, let entry as [String: Any]) in header where entry["dtype"] as? String == "I64" {
    guard let range = entry["data_offsets"] as? [Int], range.count == 2, 0 <= range[0], range[0] <= range[1],
      range[1] <= data.count - 8 - size
    else { throw Refusal.broken("\(name) has wrong offsets") }
    tensors[name] = stride(from: range[0], to: range[1], by: 8).map {
      Int(Int64(bitPattern: word(data, 8 + size + $0)))
    }
  }
  return tensors
}

/// A file of I64 tensors.
func write(_ tensors: [Tensor], to path: String) throws {
  var (entries, data): ([String], [UInt8]) = ([], [])
  for tensor in tensors {
    let begin = data.count
    for value in tensor.values { data += bytes(UInt64(bitPattern: Int64(value))) }
    entries.append(
      "\"\(tensor.name)\":{\"dtype\":\"I64\",\"shape\":\(tensor.shape),\"data_offsets\":[\(begin),\(data.count)]}")
  }
  var header = Array("{\(entries.joined(separator: ","))}".utf8)
  while header.count % 8 != 0 { header.append(UInt8(ascii: " ")) }
  try Data(bytes(UInt64(header.count)) + header + data).write(to: URL(fileURLWithPath: path))
}

func bytes(_ word: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }

/// Eight bytes, little-endian; zeros beyond the end.
func word(_ data: [UInt8], _ offset: Int) -> UInt64 {
  (0..<8).reduce(0) { $0 | (offset + $1 < data.count ? UInt64(data[offset + $1]) << (8 * $1) : 0) }
}

// MARK: the conversation

/// One line; it must begin with {"loma":1 to be told from whatever libraries print.
func reply(_ id: Int, _ outcome: String, _ members: [String: Any]) throws {
  let text = try JSONSerialization.data(withJSONObject: members, options: [.sortedKeys])
  let line = "{\"loma\":1,\"id\":\(id),\"\(outcome)\":" + String(decoding: text, as: UTF8.self) + "}\n"
  FileHandle.standardOutput.write(Data(line.utf8))
}

while let line = readLine() {
  guard let message = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
    let id = message["id"] as? Int, let command = message["cmd"] as? String
  else { throw Refusal.broken("a line that is not a request") }
  if command == "stop" { break }
  if command == "hello" {
    let capabilities: [String: Any] = [
      "protocol": 1, "name": name, "version": version, "ops": operations, "dtypes": elementTypes,
      "profiles": profiles, "families": families, "captures": captures,
    ]
    try reply(id, "ok", capabilities)
    continue
  }
  do {
    guard let output = message["output"] as? String else { throw Refusal.broken("no output") }
    try write(try answer(message), to: output)
    try reply(id, "ok", [:])
  } catch Refusal.rejection(let code) {
    try reply(id, "reject", ["code": code])
  } catch Refusal.unsupported(let why) {
    try reply(id, "unsupported", ["why": why])
  }
}
