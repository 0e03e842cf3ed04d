// GEN-2, GEN-3: a cache whose entries are taken for those of other rows.

import LoMA
import LoMAReference
import LoMAVectors
import NaiveLlama

extension Mutant {
  static var rooms: [Mutant] {
    [
      answers("M152", .generation, "I padded the cache to a multiple of 4 with zeros, and showed them", on: .caches) {
        answers, _ in
        let (right, attend) = (answers.rules.visible, answers.functions.attend)
        answers.rules.visible = { mask, queries in
          let visible = right(mask, queries)
          let lists = zip(queries, visible.lists).map { query, keys in
            // A text token is fed alone, so nothing after it is cached yet.
            let cached = mask.rows[query].place.zone == .reading ? query + 1 : visible.keyCount
            return keys + (0..<(4 - cached % 4) % 4).map { visible.keyCount + $0 }
          }
          return VisibleKeys(lists: lists, keyCount: visible.keyCount + 3)
        }
        answers.functions.attend = { q, k, v, visible, heads, workers in
          let zeros = Tensor(zeros: [visible.keyCount - k.rows, k.columns])
          return attend(q, k.appending(zeros), v.appending(zeros), visible, heads, workers)
        }
      }.last(),
      answers("M154", .generation, "I took the rows fed last for the rows in the cache", on: .caches) {
        answers, request in
        guard let parameters = try? request.lomaParameters(), let profile = try? request.profile() else { return }
        let (right, order) = (answers.rules.visible, FedRows(parameters))
        answers.rules.visible = { mask, queries in
          let cached = mask.rows[..<queries.lowerBound]
          guard let next = mask.rows[queries].first else { return right(mask, queries) }
          let memory = cached.filter { $0.place.zone == .memory }.count
          let fed = order.index(of: next.place) ?? order.count(memory: memory, reading: cached.count - memory)
          let rows = cached.enumerated().map { $1.with(place: order.place(fed - cached.count + $0)) }
          return right(Mask(rows: rows + mask.rows[queries], profile: profile), queries)
        }
      },
    ]
  }
}

/// Rows in the order in which they are fed: L reading and t memory rows of each chunk, then the tail.
struct FedRows: Sendable {
  private let t: Int
  private let length: Int

  init(_ parameters: Parameters) { (t, length) = (parameters.t, parameters.chunkLength) }

  /// The number of rows fed before one; nil for a row that is not kept.
  func index(of place: Place) -> Int? {
    switch place {
    case .reading(let chunk, let index): chunk * (length + t) + index
    case .memory(let chunk, let index): chunk * (length + t) + length + index
    case .repetition, .pad: nil
    }
  }

  /// The row before which `index` rows are fed.
  func place(_ index: Int) -> Place {
    let (chunk, rest) = index.quotientAndRemainder(dividingBy: length + t)
    return rest < length ? .reading(chunk: chunk, index: rest) : .memory(chunk: chunk, index: rest - length)
  }

  /// The number of rows fed, if the cache holds the memory rows of all chunks and the reading rows of the tail.
  func count(memory: Int, reading: Int) -> Int { memory / t * (length + t) + reading }
}
