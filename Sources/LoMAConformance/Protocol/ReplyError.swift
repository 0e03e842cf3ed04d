// RUN-4: why a line is no reply.

import LoMAVectors

/// Why a line that begins as a reply is none, or not the one that was asked for.
package enum ReplyError: Error, Equatable, Sendable {
  /// It is not the JSON that is accepted.
  case json(JSONError)
  /// It answers another request.
  case wrongID(expected: Int, found: Int)
  /// It has none of ok, reject and unsupported, or several.
  case outcomes([String])
  /// A member is missing or holds something else than it must.
  case member(String, must: String)
  /// A member holds a word too much.
  case tooLong(String, limit: Int)
}

extension ReplyError: CustomStringConvertible {
  /// One line for a person.
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
