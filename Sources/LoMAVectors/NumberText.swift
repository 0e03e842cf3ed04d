// RUN-20: numbers for a person to read.

/// A ratio with three significant digits.
package func short(_ ratio: Double) -> String {
  guard ratio.isFinite else { return "infinite" }
  if ratio == 0 { return "0" }
  var exponent = 0
  var digits = ratio
  while digits >= 9.995 {
    digits /= 10
    exponent += 1
  }
  while digits < 0.9995 {
    digits *= 10
    exponent -= 1
  }
  let plain = decimals(digits, 2)
  return exponent == 0 ? plain : "\(plain)e\(exponent)"
}

/// A number with so many decimals, of which the last is rounded; a number beyond 10¹² as Swift writes it.
package func decimals(
  _ value: Double, _ places: Int, _ rule: FloatingPointRoundingRule = .toNearestOrAwayFromZero
) -> String {
  guard value.magnitude <= 1e12 else { return "\(value)" }
  let scale = (0..<places).reduce(1) { scale, _ in scale * 10 }
  let units = Int((value * Double(scale)).rounded(rule))
  let (whole, rest) = units.magnitude.quotientAndRemainder(dividingBy: UInt(scale))
  let sign = units < 0 ? "-" : ""
  guard places > 0 else { return "\(sign)\(whole)" }
  let digits = "\(rest)"
  return "\(sign)\(whole)." + String(repeating: "0", count: places - digits.count) + digits
}

/// A positive number with so many significant digits and no exponent; 0.001 for anything smaller.
package func significant(_ value: Double, _ digits: Int) -> String {
  guard value.isFinite, value > 0 else { return "\(value)" }
  var (size, places) = (max(value, 0.001), digits - 1)
  while size >= 10, places > 0 { (size, places) = (size / 10, places - 1) }
  while size < 1 { (size, places) = (size * 10, places + 1) }
  return decimals(max(value, 0.001), places)
}

/// A duration as a person says it, to a sixth of its length at worst: seconds, minutes from three minutes on, hours from an
/// hour and a half on.
package func duration(_ seconds: Double) -> String {
  guard seconds >= 180 else { return "\(max(1, Int(seconds.rounded(.up)))) s" }
  guard seconds >= 5400 else { return "\(decimals(seconds / 60, 0)) min" }
  return decimals(seconds / 3600, 1) + " h"
}

/// A number of bytes as a person says it, rounded up: KiB, MiB, and GiB from ten on.
package func size(_ bytes: Int) -> String {
  if bytes < 1 << 20 { return "\((bytes + 1023) >> 10) KiB" }
  if bytes < 10 << 30 { return "\((bytes + (1 << 20) - 1) >> 20) MiB" }
  return "\((bytes + (1 << 30) - 1) >> 30) GiB"
}
