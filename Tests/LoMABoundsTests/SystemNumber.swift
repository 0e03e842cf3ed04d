// What a candidate of the tests is made of: a number type with the system's functions, an order and a manner.

import Foundation

/// A type with elementary functions of the system's mathematics library.
protocol SystemNumber: BinaryFloatingPoint, Sendable {
  static func exponential(_ x: Self) -> Self
  static func logarithm(_ x: Self) -> Self
  static func cosine(_ x: Self) -> Self
  static func sine(_ x: Self) -> Self
  static func power(_ x: Self, _ y: Self) -> Self
}

extension Float: SystemNumber {
  static func exponential(_ x: Float) -> Float { exp(x) }
  static func logarithm(_ x: Float) -> Float { log(x) }
  static func cosine(_ x: Float) -> Float { cos(x) }
  static func sine(_ x: Float) -> Float { sin(x) }
  static func power(_ x: Float, _ y: Float) -> Float { pow(x, y) }
}

extension Double: SystemNumber {
  static func exponential(_ x: Double) -> Double { exp(x) }
  static func logarithm(_ x: Double) -> Double { log(x) }
  static func cosine(_ x: Double) -> Double { cos(x) }
  static func sine(_ x: Double) -> Double { sin(x) }
  static func power(_ x: Double, _ y: Double) -> Double { pow(x, y) }
}

/// The order of a sum.
enum Order: CaseIterable {
  case rising
  case falling
  case pairwise
}

/// How attention and rotation go about it.
enum Manner: CaseIterable {
  /// Scores, then weights, then context.
  case plain
  /// Queries and keys scaled by the root of the scale first; the frequency as e to a logarithm.
  case prescaled
  /// Keys in blocks of six with a running maximum, base 2, divided at the end.
  case online
}

/// A matrix of rows.
typealias Rows<Number> = [[Number]]
