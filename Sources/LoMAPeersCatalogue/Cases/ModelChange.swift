// CCM-22, LAT-10: how a refused model of part II differs from the one it is made of.

import LoMACatalogue
import LoMAVectors

/// What is changed in one file of a model.
package enum ModelChange: Sendable {
  /// A piece of text, and its replacement.
  case line(right: String, wrong: String)
  /// A tensor of this name and shape is added, all zeros.
  case tensor(name: String, shape: [Int])
  /// A tensor of this name is taken away.
  case without(tensor: String)

  /// The changed file; traps if it has no such piece, which is our mistake.
  package func applied(to bytes: [UInt8]) -> [UInt8] {
    switch self {
    case .line(let line, let wrong):
      let right = Array(line.utf8)
      guard let start = bytes.indices.first(where: { bytes[$0...].starts(with: right) }) else {
        preconditionFailure("no line \(line)")
      }
      return Array(bytes[..<start]) + Array(wrong.utf8) + Array(bytes[(start + right.count)...])
    case .tensor(let name, let shape):
      let zeros = [Double](repeating: 0, count: shape.reduce(1, *))
      return Self.remade(bytes) { arrays throws(ContainerError) in
        arrays + [try NamedArray(name, .f32, shape: shape, doubles: zeros)]
      }
    case .without(let tensor):
      return Self.remade(bytes) { arrays throws(ContainerError) in arrays.filter { $0.name != tensor } }
    }
  }

  private static func remade(
    _ bytes: [UInt8], _ change: ([NamedArray]) throws(ContainerError) -> [NamedArray]
  ) -> [UInt8] {
    CaseInputs.make { () throws(ContainerError) in
      let file = try ArrayFile(decoding: bytes)
      return try ArrayFile(try change(file.arrays), metadata: file.metadata).encoded()
    }
  }
}
