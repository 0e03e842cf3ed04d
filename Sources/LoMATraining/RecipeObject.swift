// TRN-5: the members of a recipe, with types and ranges checked; an unknown key is an error.

import LoMAModels
import LoMAVectors

/// A JSON object in a recipe.
struct RecipeObject {
  private let object: JSONObject
  private let prefix: String

  /// Throws if the object has a key that is not in `keys`.
  init(_ value: JSONValue, prefix: String, keys: Set<String>) throws(TrainingError) {
    guard let object = value.objectValue else {
      throw .invalidValue(
        key: prefix.isEmpty ? "the recipe" : prefix, value: ConfigurationKeys.text(value), requirement: "an object")
    }
    self.object = object
    self.prefix = prefix.isEmpty ? "" : prefix + "."
    for member in object.members where !keys.contains(member.key) { throw .unknownKey(self.prefix + member.key) }
  }

  func value(_ key: String) throws(TrainingError) -> JSONValue {
    guard let value = object[key] else { throw .missingKey(prefix + key) }
    return value
  }

  func object(_ key: String, keys: Set<String>) throws(TrainingError) -> RecipeObject {
    try RecipeObject(try value(key), prefix: prefix + key, keys: keys)
  }

  func integer(_ key: String, in range: ClosedRange<Int>) throws(TrainingError) -> Int {
    let value = try value(key)
    guard let integer = value.integerValue, range.contains(integer) else {
      throw invalid(key, value, "an integer in \(range.lowerBound)...\(range.upperBound)")
    }
    return integer
  }

  /// An integer, or null.
  func optionalInteger(_ key: String, in range: ClosedRange<Int>) throws(TrainingError) -> Int? {
    try value(key) == .null ? nil : try integer(key, in: range)
  }

  func number(_ key: String, from least: Double, below bound: Double) throws(TrainingError) -> Double {
    let value = try value(key)
    guard let number = value.doubleValue, number >= least, number < bound else {
      throw invalid(key, value, "a number from \(least) and below \(bound)")
    }
    return number
  }

  func boolean(_ key: String) throws(TrainingError) -> Bool {
    let value = try value(key)
    guard let boolean = value.booleanValue else { throw invalid(key, value, "true or false") }
    return boolean
  }

  func string(_ key: String) throws(TrainingError) -> String {
    let value = try value(key)
    guard let string = value.stringValue else { throw invalid(key, value, "a string") }
    return string
  }

  /// A string that must be the raw value of a `Choice`.
  func choice<Choice: RawRepresentable & CaseIterable>(_ key: String, of: Choice.Type) throws(TrainingError) -> Choice
  where Choice.RawValue == String {
    let word = try string(key)
    guard let choice = Choice(rawValue: word) else {
      let words = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw invalid(key, .string(word), "one of \(words)")
    }
    return choice
  }

  func invalid(_ key: String, _ value: JSONValue, _ requirement: String) -> TrainingError {
    .invalidValue(key: prefix + key, value: ConfigurationKeys.text(value), requirement: requirement)
  }
}
