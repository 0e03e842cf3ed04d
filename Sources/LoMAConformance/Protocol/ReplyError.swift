// RUN-4: why a line is not a valid reply.

import LoMAVectors

/// Why a reply line is malformed or answers another request.
package enum ReplyError: Error, Equatable, Sendable {
  /// It is not valid JSON of the accepted subset.
  case json(JSONError)
  /// It answers another request.
  case wrongID(expected: Int, found: Int)
  /// It has none of ok, reject and unsupported, or more than one.
  case outcomes([String])
  /// A member is missing or has an invalid value.
  case member(String, must: String)
  /// A string member exceeds its length limit.
  case tooLong(String, limit: Int)
}

extension ReplyError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .json(let error): "\(error)"
    case .wrongID(let expected, let found): "a reply to request \(found), asked was \(expected)"
    case .outcomes(let names):
      names.isEmpty
        ? "a reply with none of ok, reject and unsupported" : "a reply with \(names.joined(separator: " and "))"
    case .member(let name, let must): "\(name) of a reply must be \(must)"
    case .tooLong(let name, let limit): "\(name) of a reply is longer than \(limit) characters"
    }
  }
}
