// CCM-1…CCM-5, CCM-23, CCM-27: why an input to a peer is rejected. `code` is one of the Spec's rejection codes.

import LoMA

/// Why an input is rejected, with the offending value and the limit it breaks.
package enum PeerError: Error, Hashable, Sendable {
  /// CCM-1: a context segment without a token.
  case segmentEmpty(segment: Int)
  /// CCM-1: n < 1.
  case memoryTokensBelowOne(Int)
  /// CCM-1: the rows of a layout are more than this implementation accepts.
  case layoutTooLong(limit: Int)
  /// CCM-2: V < 1, or ids that this implementation cannot count.
  case vocabularySizeOutOfRange(Int, limit: Int)
  /// CCM-2: a text token outside 0..<V.
  case textTokenOutOfRange(token: Int, segment: Int, index: Int, textVocabulary: Int)
  /// CCM-3: no axis has this name.
  case unknownAxis(String)
  /// CCM-3: the axis has no such value.
  case unknownAlternative(axis: String, value: String)
  /// CCM-3: a profile names one axis twice.
  case repeatedAxis(String)
  /// CCM-4: BOS is no text token.
  case beginTokenOutOfRange(token: Int, textVocabulary: Int)
  /// CCM-23, CCM-27: tokens follow an input that has none.
  case emptyInput(outputLength: Int)
  /// CCM-27: a negative number of tokens was asked for.
  case negativeGenerationLength(Int)
}

extension PeerError {
  /// The code in the Spec's list of rejections.
  package var code: String {
    switch self {
    case .segmentEmpty: "segment-empty"
    case .memoryTokensBelowOne: "memory-tokens-out-of-range"
    case .layoutTooLong: "text-too-long"
    case .vocabularySizeOutOfRange: "vocabulary-size-out-of-range"
    case .textTokenOutOfRange: "text-token-out-of-range"
    case .unknownAxis: "unknown-axis"
    case .unknownAlternative: "unknown-alternative"
    case .repeatedAxis: "repeated-axis"
    case .beginTokenOutOfRange: "beginning-token-out-of-range"
    case .emptyInput: "output-length-out-of-range"
    case .negativeGenerationLength: "negative-generation-length"
    }
  }
}

extension PeerError: CustomStringConvertible {
  /// The code and the numbers, on one line.
  package var description: String { code + ": " + numbers }

  private var numbers: String {
    switch self {
    case .segmentEmpty(let segment): "segment \(segment) has no token"
    case .memoryTokensBelowOne(let count): "n is \(count), must be at least 1"
    case .layoutTooLong(let limit): "a layout may have at most \(limit) rows"
    case .vocabularySizeOutOfRange(let size, let limit): "vocabulary size is \(size), must be in 1...\(limit)"
    case .textTokenOutOfRange(let token, let segment, let index, let size):
      "token \(token) at index \(index) of segment \(segment) is not in 0..<\(size)"
    case .unknownAxis(let axis): "no axis is named \(escaped(axis))"
    case .unknownAlternative(let axis, let value): "axis \(escaped(axis)) has no value \(escaped(value))"
    case .repeatedAxis(let axis): "axis \(escaped(axis)) is given twice"
    case .beginTokenOutOfRange(let token, let size): "BOS is \(token), which is not in 0..<\(size)"
    case .emptyInput(let length): "\(length) tokens after an empty input"
    case .negativeGenerationLength(let length): "\(length) tokens asked for, must be at least 0"
    }
  }

  /// A name from the input with its control characters escaped, so that it stays on one line.
  private func escaped(_ name: String) -> String {
    name.unicodeScalars.reduce("") { $0 + $1.escaped(asASCII: true) }
  }
}
