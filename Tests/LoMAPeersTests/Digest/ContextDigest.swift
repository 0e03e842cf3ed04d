// One number over everything that compressed context memory computes: forward, loss, gradients and reading. The
// tests compute it, and so does Tests/WebAssembly/run, in WebAssembly under node.

import LoMAPeers
import LoMAPeersReference
import NaiveLlama

/// The last of `contextDigests`, whatever the machine, the number of threads and the optimisation.
let recordedContextDigest = "fa4f31fe7938f7e8"

/// FNV-1a over the bits of numbers, least significant byte first.
struct NumberDigest {
  private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

  mutating func add(_ tensor: Tensor) {
    for extent in tensor.shape { add(UInt64(extent)) }
    for number in tensor.values { add(number.bitPattern) }
  }

  mutating func add(_ set: ParameterSet) {
    for name in set.names {
      for byte in name.utf8 { add(UInt64(byte)) }
      if let tensor = set.tensors[name] { add(tensor) }
    }
  }

  mutating func add(_ word: UInt64) {
    for shift in stride(from: UInt64(0), to: 64, by: 8) {
      value = (value ^ (word >> shift & 0xFF)) &* 0x100_0000_01B3
    }
  }

  /// Sixteen hexadecimal digits.
  var text: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// A value of the model, its error as a `PeerReferenceError`.
private func computed<Value>(_ body: () throws(ModelError) -> Value) throws(PeerReferenceError) -> Value {
  do { return try body() } catch { throw .model(error) }
}

/// A value of the integers, its error as a `PeerReferenceError`.
private func checked<Value>(_ body: () throws(PeerError) -> Value) throws(PeerReferenceError) -> Value {
  do { return try body() } catch { throw .rejected(error) }
}

/// The digest after each profile, each over everything before it too: the first line that differs names the profile.
func contextDigests(threads: Int) throws(PeerReferenceError) -> [(part: String, digest: String)] {
  var digest = NumberDigest()
  var parts: [(part: String, digest: String)] = []
  for (index, profile) in ContextProfile.all.enumerated() {
    let parameters = try checked { () throws(PeerError) in
      try ContextParameters(textSize: 13, memoryTokens: 2, beginningToken: 1, profile: profile, rate: 0.375)
    }
    let configuration = try computed { () throws(ModelError) in
      try Configuration(
        vocabularySize: 13, hiddenSize: 8, intermediateSize: 12, layers: 2, queryHeads: 4, keyValueHeads: 2,
        headDimension: 4, epsilon: 0x1p-10, theta: 10_000, tiesHead: index % 2 == 0)
    }
    var numbers = SeededNumbers(seed: UInt64(index))
    let base = ParameterSet.highVariance(configuration, numbers: &numbers)
    let settings = try AdapterSettings(rank: 2, alpha: 3)
    let first = try ContextAdapter.initial(
      base: Weights(base), configuration: configuration, memoryEmbeddings: parameters.memoryIds, settings: settings,
      numbers: &numbers)
    digest.add(first.parameters)
    let adapter = ContextAdapter.highVariance(
      configuration, memoryEmbeddings: parameters.memoryIds, settings: settings, numbers: &numbers)
    let model = ContextModel(
      configuration: configuration, weights: Weights(base), adapter: adapter, parameters: parameters,
      functions: .llama(workers: Workers(threads: threads)), rules: .spec)
    var layouts: [ContextLayout] = []
    let texts = [
      ContextText(segments: [[1, 5, 7], [9, 2], [3, 12, 1, 4], [6, 8, 10, 2]], outputLength: 2),
      ContextText(segments: [[1, 4], [3, 11]], outputLength: 1),
    ]
    for text in texts {
      layouts.append(
        try checked { () throws(PeerError) in try ContextLayout(text, parameters: parameters) })
    }
    let batch = ContextBatch(layouts, parameters: parameters)
    let pass = try computed { () throws(ModelError) in try model.trainingPass(batch, training: .everything) }
    for logits in pass.logits { digest.add(logits) }
    digest.add(pass.loss.mean.bitPattern)
    digest.add(pass.gradients.adapter)
    if let gradients = pass.gradients.base { digest.add(gradients) }
    var reader = ContextReader(model: model)
    for tokens in texts[0].contexts {
      try reader.read(context: tokens, passLength: 2) { reading in digest.add(reading.logits) }
    }
    try reader.read(final: texts[0].final, passLength: 2) { reading in digest.add(reading.logits) }
    for token in try reader.generate(4, forced: nil, stopToken: nil, observe: { _ in }) { digest.add(UInt64(token)) }
    for layer in reader.layers {
      digest.add(layer.keys)
      digest.add(layer.values)
    }
    parts.append((profile.name, digest.text))
  }
  return parts
}
