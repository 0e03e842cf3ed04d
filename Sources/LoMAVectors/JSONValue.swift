// A JSON value as the strict reader returns it.

/// A JSON value.
///
/// A number written without fraction and exponent is an `integer`, except `-0`, which is the `number` −0.0.
public enum JSONValue: Equatable, Sendable {
  /// `null`.
  case null
  /// `true` or `false`.
  case boolean(Bool)
  /// A number written as an integer.
  case integer(Int)
  /// Any other number.
  case number(Double)
  /// A string.
  case string(String)
  /// An array.
  case array([JSONValue])
  /// An object.
  case object(JSONObject)

  /// The value if it is `true` or `false`.
  public var booleanValue: Bool? {
    if case .boolean(let value) = self { value } else { nil }
  }

  /// The value if it was written as an integer.
  public var integerValue: Int? {
    if case .integer(let value) = self { value } else { nil }
  }

  /// The value if it is a number; an integer beyond 2⁵³ is rounded.
  public var doubleValue: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    case .null, .boolean, .string, .array, .object: nil
    }
  }

  /// The value if it is a string.
  public var stringValue: String? {
    if case .string(let value) = self { value } else { nil }
  }

  /// The elements if the value is an array.
  public var arrayValue: [JSONValue]? {
    if case .array(let value) = self { value } else { nil }
  }

  /// The members if the value is an object.
  public var objectValue: JSONObject? {
    if case .object(let value) = self { value } else { nil }
  }
}

/// The members of a JSON object, in the order they were written, no key twice.
public struct JSONObject: Equatable, Sendable {
  /// A key and its value.
  public struct Member: Equatable, Sendable {
    /// The key, with its escapes decoded.
    public let key: String
    /// The value.
    public let value: JSONValue

    /// A key and its value.
    public init(_ key: String, _ value: JSONValue) {
      self.key = key
      self.value = value
    }
  }

  /// The members in the order they were written.
  public private(set) var members: [Member] = []
  private var places: [String: Int] = [:]

  init() {}

  /// These members; traps where two have one key.
  public init(_ members: [Member]) {
    for member in members {
      precondition(!contains(member.key), "no key twice")
      append(member.key, member.value)
    }
  }

  /// The value of a key, or nil.
  public subscript(key: String) -> JSONValue? {
    places[key].map { members[$0].value }
  }

  func contains(_ key: String) -> Bool {
    places[key] != nil
  }

  mutating func append(_ key: String, _ value: JSONValue) {
    places[key] = members.count
    members.append(Member(key, value))
  }
}
