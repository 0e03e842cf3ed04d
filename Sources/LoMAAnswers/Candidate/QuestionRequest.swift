// OPS-1: from a question in JSON to a request.

import LoMAVectors

extension Request {
  /// A request from an operation's name, axes and parameters as JSON has them, and tensors.
  ///
  /// A string in the form of a hexadecimal double becomes that number, any other string a word.
  package init(
    op: String, profile: JSONObject, parameters: JSONObject, model: String?, input: [NamedArray], captures: [String]
  ) throws(FieldError) {
    guard let operation = Operation(rawValue: op) else {
      throw FieldError(why: "no operation is called \(escaped(op))")
    }
    var axes: [String: String] = [:]
    for member in profile.members {
      guard let value = member.value.stringValue else {
        throw FieldError(why: "the value of axis \(escaped(member.key)) is no string")
      }
      axes[member.key] = value
    }
    var scalars: [String: RequestParameter] = [:]
    for member in parameters.members { scalars[member.key] = try RequestParameter(member) }
    let file: ArrayFile
    do { file = try ArrayFile(input, metadata: [:]) } catch { throw FieldError(why: "input: \(error)") }
    self.init(operation, axes: axes, parameters: scalars, model: model, input: file, captures: captures)
  }
}

extension RequestParameter {
  fileprivate init(_ member: JSONObject.Member) throws(FieldError) {
    if let integer = member.value.integerValue {
      self = .integer(integer)
    } else if let text = member.value.stringValue {
      if ["0x", "-0x"].contains(where: { text.hasPrefix($0) }) {
        guard let real = Double(text), real.isFinite else {
          throw FieldError(why: "parameter \(escaped(member.key)) is \(escaped(text)), which is no double")
        }
        self = .real(real)
      } else {
        self = .word(text)
      }
    } else {
      throw FieldError(why: "parameter \(escaped(member.key)) is neither an integer nor a string")
    }
  }
}
