// Many elements at once: rounded as an array that stores them rounds, and the first that is not finite.

import LoMAVectors
import Testing

@Suite struct ElementsTests {
  @Test(arguments: [ElementType.f64, .f32, .bf16, .f16])
  func `values are rounded as an array of the type stores them`(type: ElementType) throws {
    var numbers = Seeded(3)
    let patterns = (0..<20_000).map { _ in Double(bitPattern: numbers.next()) }
    let near = patterns.map { $0.sign == .minus ? -1 - $0.significand : $0.significand * 0x1p-20 }
    let edges = [0, -0.0, 65_504, 65_520, 0x1p-25, 3.5e38, .infinity, -.infinity]
    let values = (patterns + near + edges).filter { !$0.isNaN }
    let stored = try NamedArray("x", type, shape: [values.count], doubles: values).doubles()
    #expect(Elements.rounded(values, type).map(\.bitPattern) == stored.map(\.bitPattern))
  }

  @Test func `the first value that is not finite is found wherever it stands`() {
    let values = [0, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude, -.greatestFiniteMagnitude]
    #expect(Elements.firstNonFinite([]) == nil && Elements.firstNonFinite(values) == nil)
    for odd in [Double.infinity, -.infinity, .nan, .signalingNaN] {
      for place in values.indices {
        var spoiled = values
        spoiled[place] = odd
        #expect(Elements.firstNonFinite(spoiled) == place)
        #expect(Elements.firstNonFinite(spoiled + [.nan]) == place)
      }
    }
  }
}
