// Parts of requests that the catalogue shares: texts, vocabularies and dyadic numbers, all from seeds.

import LoMA
import LoMAAnswers
import LoMAVectors
import NaiveLlama

/// Text vocabulary and special ids of a case. `<m>` and `<r>` are neither V and V + 1 nor the last two ids.
package struct CaseVocabulary {
  package let text: Int
  package let memory: Int
  package let repetition: Int
  let model: Int

  /// The vocabulary of all small models of the catalogue.
  static let small = CaseVocabulary(text: 11, memory: 13, repetition: 11, model: 16)
  /// The 256 bytes, with the default special ids of PAR-2.
  static let bytes = CaseVocabulary(text: 256, memory: 256, repetition: 257, model: 258)

  var parameters: [String: RequestParameter] {
    [
      "text_vocabulary": .integer(text), "memory_token": .integer(memory),
      "repetition_token": .integer(repetition), "model_vocabulary": .integer(model),
    ]
  }
}

/// Parts of requests.
package enum CaseInputs {
  /// A text of n tokens drawn from 0..<vocabulary.
  package static func text(_ n: Int, below vocabulary: Int, seed: UInt64) -> [Int] {
    var numbers = SeededNumbers(seed: seed)
    return (0..<n).map { _ in numbers.integer(below: vocabulary) }
  }

  /// One text per length, each with a seed of its own.
  package static func texts(_ lengths: [Int], below vocabulary: Int, seed: UInt64) -> [[Int]] {
    lengths.enumerated().map { text($1, below: vocabulary, seed: seed &* 1000 &+ UInt64($0)) }
  }

  /// The tensors `tokens` and `lengths` of a batch.
  package static func batch(_ texts: [[Int]]) -> [NamedArray] {
    [integers("tokens", texts.flatMap { $0 }), integers("lengths", texts.map { $0.count })]
  }

  /// A flat I64 tensor.
  package static func integers(_ name: String, _ values: [Int]) -> NamedArray {
    make { () throws(ContainerError) in try NamedArray(name, .i64, shape: [values.count], integers: values) }
  }

  /// An F32 tensor of numbers that F32 represents exactly.
  package static func numbers(_ name: String, shape: [Int], _ values: [Double]) -> NamedArray {
    precondition(values.allSatisfy { Double(Float($0)) == $0 }, "inputs are exact in every dtype")
    return make { () throws(ContainerError) in try NamedArray(name, .f32, shape: shape, doubles: values) }
  }

  /// An F32 tensor of seeded normal numbers, exact in bf16.
  package static func normal(
    _ name: String, shape: [Int], deviation: Double, mean: Double, seed: UInt64
  ) -> NamedArray {
    var source = SeededNumbers(seed: seed)
    let count = shape.reduce(1, *)
    return numbers(name, shape: shape, source.deviates(count, mean: mean, standardDeviation: deviation))
  }

  /// A bf16 number with the lower bits of an F32 drawn too, so that all 24 bits are in use; other numbers are exact in
  /// bf16.
  static func filled(_ value: Double, numbers: inout SeededNumbers) -> Double {
    Double(Float(value * (1 + (numbers.unitInterval() - 0.5) * 0x1p-8)))
  }

  /// An F32 tensor of seeded normal numbers that use all 24 bits.
  static func filledNormal(_ name: String, shape: [Int], deviation: Double, mean: Double, seed: UInt64) -> NamedArray {
    var source = SeededNumbers(seed: seed)
    let count = shape.reduce(1, *)
    return numbers(
      name, shape: shape,
      (0..<count).map { _ in
        let value = source.deviate(mean: mean, standardDeviation: deviation)
        return filled(value, numbers: &source)
      })
  }

  /// An F32 tensor of seeded normal numbers that use all 24 bits or are exact in bf16.
  package static func normal(
    _ name: String, shape: [Int], deviation: Double, mean: Double, seed: UInt64, fills: Bool
  ) -> NamedArray {
    fills
      ? filledNormal(name, shape: shape, deviation: deviation, mean: mean, seed: seed)
      : normal(name, shape: shape, deviation: deviation, mean: mean, seed: seed)
  }

  /// A BOOL matrix.
  static func mask(_ name: String, _ cells: [Bool], rows: Int) -> NamedArray {
    make { () throws(ContainerError) in try NamedArray(name, shape: [rows, rows], booleans: cells) }
  }

  /// A file of arrays of the catalogue itself, which cannot fail.
  package static func file(_ arrays: [NamedArray]) -> ArrayFile {
    make { () throws(ContainerError) in try ArrayFile(arrays, metadata: [:]) }
  }

  /// Traps on an error: an input of the catalogue itself is wrong, which is our mistake.
  package static func make<Value>(_ body: () throws(ContainerError) -> Value) -> Value {
    do { return try body() } catch { preconditionFailure("a case with a bad input: \(error)") }
  }
}

extension Profile {
  /// The axes that differ from base, in the form of a request.
  package var axes: [String: String] {
    Dictionary(uniqueKeysWithValues: differences.map { ($0.axis.rawValue, $0.value) })
  }

  /// The profile in the form of ids: `base`, or `axis-value` with hyphens.
  var slug: String {
    let pairs = differences.map { $0.axis.rawValue + "-" + $0.value }
    return pairs.isEmpty ? "base" : pairs.joined(separator: ".").split(separator: "_").joined(separator: "-")
  }

  /// The single alternatives of suite 1.0, whose cases stay as they are; values added later have cases of their own.
  static var firstAlternatives: [Profile] {
    singleAlternatives.filter { profile in
      switch profile.numbering {
      case .text, .sequential: true
      case .generation, .compressed: false
      }
    }
  }
}
