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
  let hundredths = Int(digits * 100 + 0.5)
  let tail = String(hundredths % 100)
  let plain = "\(hundredths / 100).\(tail.count == 1 ? "0" + tail : tail)"
  return exponent == 0 ? plain : "\(plain)e\(exponent)"
}
