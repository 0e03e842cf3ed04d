// Chapter 11: a double as text that any language reads back exactly.

/// Hexadecimal floating-point notation, as C's `%a` writes it.
public enum HexFloat {
  /// The text of a finite number, with the shortest fraction: `0x1.8p+1` for 3, `0x0p+0` for zero.
  public static func text(_ value: Double) -> String {
    precondition(value.isFinite, "a finite parameter")
    let sign = value.sign == .minus ? "-" : ""
    guard value != 0 else { return sign + "0x0p+0" }
    var fraction = value.significandBitPattern
    var exponent = value.isSubnormal ? -1022 : Int(value.exponent)
    var lead = value.isSubnormal ? "0" : "1"
    if value.isSubnormal {
      // Normalised, so that each number has exactly one spelling.
      let shift = fraction.leadingZeroBitCount - 11
      fraction = (fraction << UInt64(shift)) & ((1 << 52) - 1)
      exponent -= shift
      lead = "1"
    }
    var digits = String(fraction, radix: 16)
    digits = String(repeating: "0", count: 13 - digits.count) + digits
    while digits.utf8.last == UInt8(ascii: "0") { digits.removeLast() }
    return "\(sign)0x\(lead)\(digits.isEmpty ? "" : ".")\(digits)p\(exponent < 0 ? "" : "+")\(exponent)"
  }
}
