// RUN-30: what wrong answers share whose form is wrong.

import LoMAVectors
import Testing

@testable import LoMASuite

@Suite("Chapter 14: what wrong answers share")
struct ObservationTests {
  private func observation(_ id: String, entries: Int, leavingOut: Bool) throws -> Observation {
    let item = try #require(Catalogue.item("generation.generate.gqa.base"))
    let right = try [3, 4].map { try NamedArray("t\($0)", .i64, shape: [$0], integers: Array(0..<$0)) }
    let other = try NamedArray("t4", .i64, shape: [entries], integers: Array(0..<entries))
    return Observation(
      id: id, level: .generation, request: item.request, answer: leavingOut ? [right[0]] : [right[0], other],
      right: right,
      tensors: [], place: nil, bound: { _ in 0 })
  }

  @Test func `RUN-30 a tensor that most answers have in another shape, or not at all, is named`() throws {
    let all = [
      try observation("a", entries: 5, leavingOut: false), try observation("b", entries: 4, leavingOut: true),
      try observation("c", entries: 4, leavingOut: false),
    ]
    #expect(
      Observation.shared(all, at: .generation)
        == ["generation: generate: t4 is missing or has another shape in 2 of 3 cases"])
    #expect(Observation.shared([all[2]], at: .generation) == [])
  }
}
