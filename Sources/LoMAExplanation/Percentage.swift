// Shares shown beside counts: integers in, text out, no floating point.

/// A part of a whole in percent with two decimals, rounded half up, computed in integers.
package func percentage(_ part: Int, of whole: Int) -> String {
  let doubledWhole = 2 * Int128(whole)
  let hundredths = (2 * Int128(part) * 10_000 + Int128(whole)) / doubledWhole
  let decimals = hundredths % 100
  return "\(hundredths / 100)." + (decimals < 10 ? "0" : "") + "\(decimals)%"
}
