// Spec chapter 18: the quantiser.

import LoMAPeers
import LoMAPeersReference
import NaiveLlama
import Testing

@Suite("18 QNT: the quantiser") struct QuantiserTests {
  private func quantiser(
    _ form: QuantiserForm = .asymmetric, bits: Int?, group: Int, scaleRounding: ScaleRounding = .none
  ) throws -> Quantiser {
    try Quantiser(form: form, bits: bits, group: group, scaleRounding: scaleRounding)
  }

  private func drawn(_ rows: Int, _ columns: Int, seed: UInt64) -> Tensor {
    var numbers = SeededNumbers(seed: seed)
    return Tensor(
      shape: [rows, columns],
      values: (0..<rows * columns).map { _ in numbers.unitInterval() * 6 - 3 + numbers.unitInterval() / 1024 })
  }

  @Test func `QNT-1 QNT-5 exact halves go to the even code`() throws {
    let x = Tensor(rows: [[0, 0.5, 1.5, 2.5, 3]], width: 5)
    let quantiser = try quantiser(bits: 2, group: 5)
    let group = try #require(quantiser.groups(of: x).first)
    #expect(group.least == 0 && group.step == 1 && group.codes == [0, 0, 2, 2, 3])
    #expect(quantiser.quantised(x).values == [0, 0, 2, 2, 3])
    // The same two steps higher and a quarter as large: ties again, and codes as before.
    let moved = Tensor(rows: [[2, 2.125, 2.375, 2.625, 2.75]], width: 5)
    #expect(quantiser.groups(of: moved).first?.codes == [0, 0, 2, 2, 3])
  }

  @Test func `QNT-2 QNT-5 exact halves of the symmetric form go to the even code, on both sides`() throws {
    let x = Tensor(rows: [[-3, -2.5, -1.5, -0.5, 0, 0.5, 1.5, 2.5, 3]], width: 9)
    let quantiser = try quantiser(.symmetric, bits: 3, group: 9)
    let group = try #require(quantiser.groups(of: x).first)
    #expect(group.least == 0 && group.step == 1 && group.codes == [-3, -2, -2, 0, 0, 0, 2, 2, 3])
  }

  @Test func `QNT-1 rounding is half to even for every whole and half number near 0`() {
    for twice in -4096...4096 {
      let x = Double(twice) / 2
      #expect(Quantiser.roundedHalfEven(x) == x.rounded(.toNearestOrEven))
      #expect(Quantiser.roundedHalfEven(x.nextUp) == x.nextUp.rounded(.toNearestOrEven))
      #expect(Quantiser.roundedHalfEven(x.nextDown) == x.nextDown.rounded(.toNearestOrEven))
    }
  }

  @Test func `QNT-1 QNT-2 with Δ = 0 equal numbers stay, and zeros`() throws {
    for bits in [2, 4, 24] {
      let same = Tensor(rows: [[0.1, 0.1, 0.1]], width: 3)
      #expect(try quantiser(bits: bits, group: 3).quantised(same) == same)
      let zero = Tensor(zeros: [2, 3])
      for form in QuantiserForm.allCases { #expect(try quantiser(form, bits: bits, group: 3).quantised(zero) == zero) }
    }
    #expect(try quantiser(bits: 1, group: 1).quantised(drawn(3, 4, seed: 1)) == drawn(3, 4, seed: 1))
  }

  @Test func `QNT-1 one bit keeps the least and the largest number, each taking what is nearer`() throws {
    let x = Tensor(rows: [[-1, 3, 0.9, 1.1]], width: 4)
    #expect(try quantiser(bits: 1, group: 4).quantised(x).values == [-1, 3, -1, 3])
  }

  @Test func `QNT-5 a number moves by at most half a step, and the least one and 0 stay`() throws {
    for (seed, bits) in [2, 3, 4, 8, 16, 24].enumerated() {
      for form in QuantiserForm.allCases {
        for group in [1, 2, 3, 6, 12] {
          var x = drawn(5, 12, seed: UInt64(seed))
          if form == .symmetric { x[0, 0] = 0 }
          let quantiser = try quantiser(form, bits: bits, group: group)
          let read = quantiser.quantised(x)
          for (index, stored) in quantiser.groups(of: x).enumerated() {
            let range = index * group..<(index + 1) * group
            for i in range {
              // Three roundings of numbers below 4, beside the half step.
              #expect((read.values[i] - x.values[i]).magnitude <= stored.step / 2 + 0x1p-49)
            }
            if form == .asymmetric {
              #expect(read.values[range].min() == x.values[range].min())
            }
          }
          if form == .symmetric { #expect(read[0, 0] == 0) }
        }
      }
    }
  }

  @Test func `QNT-5 quantising again changes nothing but by rounding, and without bits nothing changes`() throws {
    let x = drawn(7, 12, seed: 3)
    for form in QuantiserForm.allCases {
      for bits in [2, 4, 8, 16] {
        let quantiser = try quantiser(form, bits: bits, group: 4)
        let (once, twice) = (quantiser.quantised(x), quantiser.quantised(quantiser.quantised(x)))
        for (a, b) in zip(once.values, twice.values) { #expect((a - b).magnitude <= 0x1p-48) }
        #expect(zip(quantiser.groups(of: x), quantiser.groups(of: once)).allSatisfy { $0.codes == $1.codes })
      }
      #expect(try quantiser(form, bits: nil, group: 5).quantised(x) == x)
      #expect(try quantiser(form, bits: nil, group: 4).groups(of: x).isEmpty)
    }
  }

  @Test func `QNT-1 QNT-2 every number is the nearest one that its group can say`() throws {
    let x = drawn(6, 8, seed: 4)
    for form in QuantiserForm.allCases {
      for bits in [2, 3, 5] {
        let quantiser = try quantiser(form, bits: bits, group: 4)
        for (index, stored) in quantiser.groups(of: x).enumerated() {
          let numbers = x.values[index * 4..<index * 4 + 4]
          let codes =
            switch form {
            case .asymmetric: Array(0..<1 << bits)
            case .symmetric: Array(-(1 << (bits - 1)) + 1..<1 << (bits - 1))
            }
          let said = codes.map { stored.least + Double($0) * stored.step }
          for (number, code) in zip(numbers, stored.codes) {
            #expect(codes.contains(Int(code)))
            let nearest = said.map { ($0 - number).magnitude }.min() ?? 0
            #expect((stored.least + code * stored.step - number).magnitude <= nearest + 0x1p-50)
          }
        }
      }
    }
  }

  @Test func `QNT-1 a row's numbers depend on no other row, and a group's on no other group`() throws {
    let x = drawn(4, 6, seed: 5)
    let quantiser = try quantiser(bits: 3, group: 3)
    let all = quantiser.quantised(x)
    for r in 0..<4 { #expect(quantiser.quantised(x.selecting(rows: [r])) == all.selecting(rows: [r])) }
    #expect(try self.quantiser(bits: 3, group: 3).quantised(x.columns(0..<3)) == all.columns(0..<3))
  }

  @Test func `QNT-3 bf16 rounds lo and Δ before any code, and codes stay in range`() throws {
    let x = Tensor(rows: [[1000.25, 1000.5, 1003.75, 1001]], width: 4)
    let group = try #require(quantiser(bits: 4, group: 4, scaleRounding: .bf16).groups(of: x).first)
    #expect(group.least == 1000 && group.step == SeededNumbers.roundedToEightBits(3.5 / 15))
    // (x − 1000)/Δ is up to 16.05, and the largest code 15.
    #expect(group.codes == [1, 2, 15, 4])
    for form in QuantiserForm.allCases {
      for bits in [2, 8, 24] {
        for stored in try quantiser(form, bits: bits, group: 6, scaleRounding: .bf16).groups(of: drawn(9, 6, seed: 6)) {
          #expect(SeededNumbers.roundedToEightBits(stored.least) == stored.least)
          #expect(SeededNumbers.roundedToEightBits(stored.step) == stored.step)
          let last = Double(form == .asymmetric ? (1 << bits) - 1 : (1 << (bits - 1)) - 1)
          #expect(stored.codes.allSatisfy { $0 <= last && $0 >= (form == .asymmetric ? 0 : -last) })
        }
      }
    }
    // Numbers that 8 bits hold are kept as without rounding.
    let exact = Tensor(rows: [[0, 0.5, 1.5, 2.5, 3]], width: 5)
    #expect(
      try quantiser(bits: 2, group: 5, scaleRounding: .bf16).quantised(exact)
        == quantiser(bits: 2, group: 5).quantised(exact))
  }

  @Test func `QNT-1 QNT-2 bits are in range or refused`() throws {
    for (form, bits, isRight) in [
      (QuantiserForm.asymmetric, 0, false), (.asymmetric, 1, true), (.asymmetric, 24, true), (.asymmetric, 25, false),
      (.symmetric, 1, false), (.symmetric, 2, true), (.symmetric, 24, true), (.symmetric, -4, false),
    ] {
      do throws(PeerError) {
        try StoredBits.check(bits, form)
        #expect(isRight)
      } catch {
        #expect(!isRight && error.code == "bits-out-of-range")
      }
    }
  }

  @Test func `QNT-4 the payload is what is counted number by number`() throws {
    for form in QuantiserForm.allCases {
      for (count, groups, bits) in [(12, 1, 4), (12, 3, 4), (512, 4, 2), (7, 7, 24)] {
        var counted = 0
        for _ in 0..<count { for _ in 0..<bits { counted += 1 } }
        for _ in 0..<groups { counted += form == .asymmetric ? 16 + 16 : 16 }
        #expect(try StoredBits.payload(count: count, bits: bits, groups: groups, form: form) == counted)
      }
      #expect(try StoredBits.payload(count: 512, bits: nil, groups: 3, form: form) == 512 * 16)
      #expect(try StoredBits.payload(count: 0, bits: 4, groups: 1, form: form) == 0)
    }
    #expect(throws: PeerError.cacheSizeOutOfRange) {
      try StoredBits.payload(count: .max / 2, bits: 4, groups: 1, form: .symmetric)
    }
  }
}
