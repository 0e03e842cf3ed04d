// A JSON value as the strict reader returns it.

/// A JSON value.
///
/// A number written without fraction and exponent is an `integer`, except `-0`, which is the `number` −0.0.
public enum JSONValue: Equatable, Sendable {
  /// The JSON value `null`.
  case null
  /// `true` or `false`.
  case boolean(Bool)
  /// A number written without fraction and exponent, except `-0`.
  case integer(Int)
  /// Any other number.
  case number(Double)
  /// A string, with its escapes decoded.
  case string(String)
  /// An array with its elements.
  case array([JSONValue])
  /// An object with its members.
  case object(JSONObject)

  /// The boolean; nil if the value is not `true` or `false`.
  public var booleanValue: Bool? {
    if case .boolean(let value) = self { value } else { nil }
  }

  /// The integer; nil if the value was not written as one.
  public var integerValue: Int? {
    if case .integer(let value) = self { value } else { nil }
  }

  /// The number, an integer beyond 2⁵³ rounded; nil if the value is not a number.
  public var doubleValue: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    case .null, .boolean, .string, .array, .object: nil
    }
  }

  /// The string; nil if the value is not one.
  public var stringValue: String? {
    if case .string(let value) = self { value } else { nil }
  }

  /// The elements; nil if the value is not an array.
  public var arrayValue: [JSONValue]? {
    if case .array(let value) = self { value } else { nil }
  }

  /// The members; nil if the value is not an object.
  public var objectValue: JSONObject? {
    if case .object(let value) = self { value } else { nil }
  }
}

/// The members of a JSON object in the order they were written; no key occurs twice.
public struct JSONObject: Equatable, Sendable {
  /// One member of an object.
  public struct Member: Equatable, Sendable {
    /// The key, with its escapes decoded.
    public let key: String
    /// The value of the member.
    public let value: JSONValue

    /// A member with the given key and value.
    public init(_ key: String, _ value: JSONValue) {
      self.key = key
      self.value = value
    }
  }

  /// The members in the order they were written.
  public private(set) var members: [Member] = []
  private var places: [String: Int] = [:]

  init() {}

  /// An object with the given members; traps if two have the same key.
  public init(_ members: [Member]) {
    for member in members {
      precondition(!contains(member.key), "no key twice")
      append(member.key, member.value)
    }
  }

  /// The value of a key; nil if there is none.
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
