// NUM-1, NUM-3, NUM-4: one number over everything the reference computes: forward, losses, gradients, optimiser steps,
// generation and reconstruction. The tests compute it, and so does Tests/WebAssembly/run, in WebAssembly under node.

import LoMA
import LoMAReference
import NaiveLlama

/// The last of `referenceDigests`, whatever the machine, the number of threads and the optimisation.
let recordedReferenceDigest = "860f3d6150c0b672"

/// FNV-1a over 64-bit words, least significant byte first.
struct BitDigest {
  private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

  mutating func add(_ word: UInt64) {
    for shift in stride(from: UInt64(0), to: 64, by: 8) {
      value = (value ^ (word >> shift & 0xFF)) &* 0x100_0000_01B3
    }
  }

  mutating func add(_ integers: [Int]) {
    add(UInt64(integers.count))
    for integer in integers { add(UInt64(bitPattern: Int64(integer))) }
  }

  mutating func add(_ values: [Double]) {
    add(UInt64(values.count))
    for value in values { add(value.bitPattern) }
  }

  mutating func add(_ tensor: Tensor) {
    add(tensor.shape)
    add(tensor.values)
  }

  mutating func add(_ set: ParameterSet) {
    for name in set.names {
      for byte in name.utf8 { add(UInt64(byte)) }
      if let tensor = set.tensors[name] { add(tensor) }
    }
  }

  mutating func add(_ trace: ForwardTrace) {
    for layer in trace.layers {
      for tensor in [
        layer.input, layer.attentionNorm, layer.query, layer.own.keys, layer.own.values, layer.attention.context,
        layer.attention.probabilities, layer.attentionOutput, layer.attentionResidual, layer.feedForwardNorm,
        layer.gate, layer.up,
        layer.activation, layer.feedForwardOutput, layer.output,
      ] {
        add(tensor)
      }
    }
    for tensor in [trace.hidden, trace.finalNorm, trace.logits] { add(tensor) }
  }

  /// Sixteen hexadecimal digits.
  var text: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// The digests after each part of the run, each over everything before it too: the first line that differs names the part.
func referenceDigests(threads: Int) throws(ReferenceError) -> [(part: String, digest: String)] {
  var digest = BitDigest()
  var parts: [(part: String, digest: String)] = []
  for model in try DigestModel.all(workers: Workers(threads: threads)) {
    let layouts = try model.layouts()
    for layout in layouts {
      digest.add(layout.rows.map { $0.position })
      digest.add(try computing(try model.transformer().forward(rows: layout.rows, profile: model.profile)))
    }
    parts.append((model.name + ", forward", digest.text))
    if model.trains {
      try model.addTraining(Batch(layouts).texts, to: &digest)
      parts.append((model.name + ", loss, gradients and AdamW", digest.text))
    }
    try model.addGeneration(.greedy, to: &digest)
    try model.addGeneration(.random(temperature: 0.75, topK: 9, topP: 0.875), to: &digest)
    parts.append((model.name + ", generation and reconstruction", digest.text))
  }
  return parts
}
