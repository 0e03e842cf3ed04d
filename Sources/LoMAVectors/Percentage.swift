// Percentages shown beside counts, computed in integers without floating point.

/// One cost as a percentage of another (COST-2), two decimals, rounded half up.
package func percentage(_ part: Int, of whole: Int) -> String {
  percent(hundredths: (2 * Int128(part) * 10_000 + Int128(whole)) / (2 * Int128(whole)))
}

/// An accuracy as a percentage (REC-2), two decimals, rounded down: 100.00% only if everything is right.
package func accuracyPercentage(_ correct: Int, of total: Int) -> String {
  percent(hundredths: Int128(correct) * 10_000 / Int128(total))
}

/// Hundredths of a percent, with two decimals.
package func percent(hundredths: Int128) -> String {
  let decimals = hundredths % 100
  return "\(hundredths / 100)." + (decimals < 10 ? "0" : "") + "\(decimals)%"
}
