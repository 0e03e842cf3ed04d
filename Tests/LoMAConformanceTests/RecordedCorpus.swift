// The vectors of this package, and replies made of them.

import Foundation
import LoMAVectors
@testable import LoMAJudgement

@testable import LoMAConformance

enum Recorded {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Vectors").standardized.path

  static let shared = Result { () throws(CorpusError) in try CaseCorpus(folder: folder) }

  static func corpus() throws -> CaseCorpus { try shared.get() }

  /// The recorded answer as a candidate of an element type would give it: rounded once.
  static func answer(_ item: StoredCase, _ dtype: String) throws -> [NamedArray] {
    guard case .tensors(_, let rules) = item.answer else { return [] }
    let names = Set(rules.map(\.name))
    return try corpus().expected(of: item).filter { names.contains($0.name) }.map { array in
      guard array.elementType == .f64, let type = ElementType(rawValue: dtype.uppercased()) else { return array }
      return try NamedArray(array.name, type, shape: array.shape, doubles: try array.doubles())
    }
  }

  static func item(_ id: String) throws -> StoredCase {
    guard let item = try corpus().cases.first(where: { $0.id == id }) else { throw CorpusError.manifest("no \(id)") }
    return item
  }

  static func result(_ id: String, _ dtype: String, _ replies: [Reply]) throws -> CaseResult {
    try corpus().judge(try item(id), dtype: dtype, replies: replies, bounds: .provisional)
  }
}

extension [NamedArray] {
  /// The same tensors, one of them with a number changed.
  func changing(_ name: String, at cell: Int, _ change: (Double) -> Double) throws -> [NamedArray] {
    try map { array in
      guard array.name == name else { return array }
      var values = try array.doubles()
      values[cell] = change(values[cell])
      return try NamedArray(name, array.elementType, shape: array.shape, doubles: values)
    }
  }

  /// The same tensors, one of them with an integer changed.
  func changing(_ name: String, at cell: Int, to value: Int) throws -> [NamedArray] {
    try map { array in
      guard array.name == name else { return array }
      var values = try array.integers()
      values[cell] = value
      return try NamedArray(name, array.elementType, shape: array.shape, integers: values)
    }
  }
}
