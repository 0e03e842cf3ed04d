// A tiny checkpoint, whole in memory and as files that a test may spoil before it writes them.

import Foundation
import LoMA
import LoMAModels
import LoMAProcess
import LoMAReference
import LoMAVectors
import NaiveLlama

/// A checkpoint of two layers: V = 11, V' = 13, hidden size 8, two query heads on one KV head of dimension 4.
struct TinyCheckpoint {
  var configuration: Configuration
  var parameters: ParameterSet
  /// The members of config.json, values as JSON.
  var members: [(key: String, json: String)]

  init(tiesHead: Bool = false) throws {
    configuration = try Configuration(
      vocabularySize: 13, hiddenSize: 8, intermediateSize: 12, layers: 2, queryHeads: 2, keyValueHeads: 1,
      headDimension: 4, epsilon: 1e-5, theta: 10_000, tiesHead: tiesHead)
    var numbers = SeededNumbers(seed: 1)
    parameters = .highVariance(configuration, numbers: &numbers)
    members = [
      ("model_type", "\"llama\""), ("vocab_size", "13"), ("hidden_size", "8"), ("intermediate_size", "12"),
      ("num_hidden_layers", "2"), ("num_attention_heads", "2"), ("num_key_value_heads", "1"), ("head_dim", "4"),
      ("rms_norm_eps", "1e-05"), ("rope_theta", "10000.0"), ("tie_word_embeddings", "\(tiesHead)"),
      ("loma", #"{"text_vocabulary": 11, "compression_ratio": 2, "memory_length": 1}"#),
    ]
  }

  /// config.json with some members replaced, added, or removed where the JSON is nil.
  func configText(_ changes: [(key: String, json: String?)] = []) -> String {
    var members = members
    for (key, json) in changes {
      members.removeAll { $0.key == key }
      if let json { members.append((key, json)) }
    }
    return "{" + members.map { "\"\($0.key)\": \($0.json)" }.joined(separator: ", ") + "}"
  }

  /// Every parameter as an array of a type, which may depend on its name.
  func arrays(_ type: (String) -> ElementType = { _ in .f64 }) throws -> [NamedArray] {
    try configuration.parameters.map { name, shape in
      try NamedArray(name, type(name), shape: shape, doubles: parameters.tensors[name]?.values ?? [])
    }
  }

  /// Writes config.json and files of arrays, in a new directory.
  func write(
    to directory: String, config: String? = nil, files: [(name: String, arrays: [NamedArray])]
  ) throws {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    try Files.replace(directory + "/config.json", with: Array((config ?? configText()).utf8))
    for file in files { try ArrayFile(file.arrays, metadata: ["format": "pt"]).write(to: directory + "/" + file.name) }
  }

  /// Writes config.json and model.safetensors.
  func write(to directory: String, arrays: [NamedArray]) throws {
    try write(to: directory, files: [("model.safetensors", arrays)])
  }
}

/// The error of loading a directory, none if it loads.
func loadingError(_ directory: String, choices: LoMAChoices = LoMAChoices()) -> CheckpointError? {
  do {
    _ = try LoadedModel(directory: directory, choices: choices)
    return nil
  } catch { return error }
}

/// The logits of a few text tokens, or the error of computing them.
func logits(_ directory: String, tokens: [Int] = [1, 2, 10, 0]) throws -> [UInt64] {
  let model = try LoadedModel(directory: directory, choices: LoMAChoices())
  let layout = try Layout.training(
    text: tokens, vocabulary: model.vocabulary, parameters: model.parameters, profile: model.profile)
  let trace = try model.transformer(workers: .single).forward(rows: layout.rows, profile: model.profile)
  return trace.logits.values.map(\.bitPattern)
}

/// Runs a body with the path of a new folder that is removed afterwards.
func withFolder<Value>(_ body: (String) throws -> Value) throws -> Value {
  let folder = URL(fileURLWithPath: Scratch.parent).appendingPathComponent("loma-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder.path)
}

func contents(_ directory: String) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
}
