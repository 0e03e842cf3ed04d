// Vectors/structure.json: the structure level as plain JSON, for languages without a safetensors reader.

import LoMA
import LoMAAnswers
import LoMAReference
import LoMAVectors

/// Every structure case with its inputs and its answer as JSON numbers; a row of booleans is a string of 0 and 1.
enum StructureText {
  static let name = "structure.json"

  static func bytes(of results: [Recording.RecordedCase]) -> [UInt8] {
    let cases = results.filter { $0.recorded.level == .structure }.map { result in
      JSONValue.members([
        .init("id", .string(result.recorded.id)), .init("op", .string(result.recorded.request.operation.rawValue)),
        .init("profile", Manifest.profile(result.recorded.request)),
        .init("params", Manifest.parameters(result.recorded.request)),
        .init(
          "input",
          .members(
            result.recorded.request.input.arrays.map { array in
              .init(array.name, nested((try? array.integers()) ?? [], array.shape[...]))
            })),
        .init("expected", .members(result.tensors.map { .init($0.name, value($0)) })),
      ])
    }
    return Array((JSONValue.members([.init("cases", .array(cases))]).text() + "\n").utf8)
  }

  private static func value(_ tensor: ResultTensor) -> JSONValue {
    switch tensor.content {
    case .integers(let values): nested(values, tensor.shape[...])
    case .booleans(let values): lines(values, tensor.shape[...])
    case .doubles: .null  // no structure answer holds numbers
    }
  }

  private static func nested(_ values: [Int], _ shape: ArraySlice<Int>) -> JSONValue {
    guard let count = shape.first else { return .integer(values.first ?? 0) }
    let size = values.count / max(count, 1)
    return .array(
      (0..<count).map { nested(Array(values[$0 * size..<($0 + 1) * size]), shape.dropFirst()) })
  }

  private static func lines(_ values: [Bool], _ shape: ArraySlice<Int>) -> JSONValue {
    guard let count = shape.first, shape.count > 1 else { return .string(values.map { $0 ? "1" : "0" }.joined()) }
    let size = values.count / max(count, 1)
    return .array((0..<count).map { lines(Array(values[$0 * size..<($0 + 1) * size]), shape.dropFirst()) })
  }
}
