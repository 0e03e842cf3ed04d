// The runner's protocol from a candidate's side: reading a line. A faulty line is answered with its fault; none ends
// the program.

import LoMAVectors

/// One line of the runner.
enum CandidateMessage {
  /// Asks for the candidate's declaration, and gives the protocol versions that the runner speaks.
  case hello(id: Int, protocols: [Int])
  /// Asks a question.
  case run(id: Int, RunMessage)
  /// Ends the conversation.
  case stop

  /// The most bytes of a line.
  static let lineLimit = 1 << 20

  /// Reads a line, given without its line feed.
  init(line: String) throws(MessageError) {
    let value: JSONValue
    do { value = try StrictJSON.parse(Array(line.utf8), sizeLimit: Self.lineLimit, depthLimit: 8) } catch {
      throw MessageError(id: nil, why: "the line is no JSON: \(error)")
    }
    guard let object = value.objectValue else { throw MessageError(id: nil, why: "the line is no object") }
    let id = object["id"]?.integerValue
    guard object["loma"]?.integerValue == 1 else { throw MessageError(id: id, why: "loma is not 1") }
    guard let id else { throw MessageError(id: nil, why: "id is no integer") }
    do throws(FieldError) { self = try Self.message(object, id: id) } catch {
      throw MessageError(id: id, why: error.why)
    }
  }

  private static func message(_ object: JSONObject, id: Int) throws(FieldError) -> CandidateMessage {
    switch try object.string("cmd") {
    case "hello":
      guard let protocols = object["protocols"]?.arrayValue else { throw FieldError(why: "protocols is no array") }
      return .hello(id: id, protocols: protocols.compactMap { $0.integerValue })
    case "run": return .run(id: id, try RunMessage(object))
    case "stop": return .stop
    case let other: throw FieldError(why: "no command is called \(escaped(other))")
    }
  }
}

/// A faulty line.
struct MessageError: Error {
  /// The line's id; nil if it could not be read.
  let id: Int?
  let why: String
}

/// A member of a line or a question is missing or has the wrong type.
package struct FieldError: Error {
  package let why: String
}

/// A question as a line carries it.
struct RunMessage {
  let op: String
  let dtype: String
  let profile: JSONObject
  let parameters: JSONObject
  /// The directory of the model; nil if the question has none.
  let model: String?
  /// The file of the input; nil if the question has none.
  let input: String?
  /// The file to write the answer to.
  let output: String
  let captures: [String]

  init(_ object: JSONObject) throws(FieldError) {
    op = try object.string("op")
    dtype = try object.string("dtype")
    profile = try object.object("profile")
    parameters = try object.object("params")
    model = try object.path("model")
    input = try object.path("input")
    guard let output = try object.path("output") else { throw FieldError(why: "output is missing") }
    self.output = output
    captures = try object.strings("capture")
  }
}

extension JSONObject {
  fileprivate func string(_ key: String) throws(FieldError) -> String {
    guard let value = self[key]?.stringValue else { throw FieldError(why: "\(key) is no string") }
    return value
  }

  fileprivate func object(_ key: String) throws(FieldError) -> JSONObject {
    guard let value = self[key]?.objectValue else { throw FieldError(why: "\(key) is no object") }
    return value
  }

  /// An array of strings; empty if the key is absent.
  fileprivate func strings(_ key: String) throws(FieldError) -> [String] {
    guard let value = self[key] else { return [] }
    let strings = value.arrayValue?.compactMap { $0.stringValue }
    guard let strings, strings.count == value.arrayValue?.count else {
      throw FieldError(why: "\(key) is no array of strings")
    }
    return strings
  }

  /// A path that stays below the working directory; nil if it is null or absent.
  fileprivate func path(_ key: String) throws(FieldError) -> String? {
    guard let value = self[key], value != .null else { return nil }
    guard let path = value.stringValue else { throw FieldError(why: "\(key) is no string") }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.allSatisfy({ !["", ".", ".."].contains($0) }), !path.utf8.contains(0) else {
      throw FieldError(why: "\(key) is \(escaped(path)), which is not below the working directory")
    }
    return path
  }
}

/// The runner's text, made safe for a message: escaped to stay on one line, and shortened if long.
func escaped(_ text: String) -> String {
  text.unicodeScalars.prefix(100).reduce("") { $0 + $1.escaped(asASCII: true) }
}
