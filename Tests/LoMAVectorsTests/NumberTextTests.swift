// RUN-20: numbers as people read them, beside Foundation's formatting of the same numbers.

import Foundation
import Testing

@testable import LoMAVectors

@Suite("Numbers for a person")
struct NumberTextTests {
  @Test func `decimals are those of printf, whatever the number of places`() {
    for places in 0...6 {
      for value in [0, 0.125, 1, 1.995, 9.996, 123.456, 99_999.5, 0.000_31, -0.4, -1.26, -123.456, 7.0 / 3] {
        // printf rounds a half to the even digit of the stored number: such values are left out where they occur.
        let scaled = value.magnitude * (0..<places).reduce(1.0) { product, _ in product * 10 }
        guard (scaled - scaled.rounded(.down) - 0.5).magnitude > 1e-9 else { continue }
        let expected = String(format: "%.\(places)f", value)
        let zero = expected.allSatisfy { "-0.".contains($0) }
        #expect(decimals(value, places) == (zero ? expected.filter { $0 != "-" } : expected), "\(value), \(places)")
      }
    }
    #expect(decimals(0.5, 0) == "1" && decimals(0.129, 2, .down) == "0.12" && decimals(0.121, 2, .up) == "0.13")
    #expect(decimals(1e15, 2) == "\(1e15)" && decimals(.infinity, 2) == "inf")
  }

  @Test func `significant digits have no exponent`() {
    for (value, text) in [
      (0.18, "0.18"), (0.053, "0.053"), (0.0012, "0.0012"), (0.000_01, "0.0010"), (1.26, "1.3"), (12.6, "13"),
      (126, "126"), (46279.2, "46279"),
    ] { #expect(significant(value, 2) == text, "\(value)") }
    #expect(significant(0, 2) == "0.0" && significant(.infinity, 2) == "inf")
  }

  @Test func `durations and sizes are in a unit that a person uses`() {
    for (seconds, text) in [
      (0.0, "1 s"), (0.2, "1 s"), (59.5, "60 s"), (179.2, "180 s"), (180, "3 min"), (211, "4 min"),
    ] {
      #expect(duration(seconds) == text, "\(seconds)")
    }
    #expect(duration(5399) == "90 min" && duration(5400) == "1.5 h" && duration(36_000) == "10.0 h")
    // What is said is within a sixth of what is meant.
    for seconds in stride(from: 1.0, to: 20_000, by: 7) {
      let words = duration(seconds).split(separator: " ")
      let said = (Double(words[0]) ?? 0) * (["s": 1, "min": 60, "h": 3600][String(words[1])] ?? 0)
      #expect((said / seconds - 1).magnitude <= 1.0 / 6, "\(seconds)")
    }
    for (bytes, text) in [
      (0, "0 KiB"), (1, "1 KiB"), (1 << 20, "1 MiB"), ((1 << 20) + 1, "2 MiB"), (10 << 30, "10 GiB"),
      ((10 << 30) - 1, "10240 MiB"),
    ] { #expect(size(bytes) == text, "\(bytes)") }
  }
}
