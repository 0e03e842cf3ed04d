// CCM-36: which row reaches which text row in a model of one layer.

import LoMAPeers

/// Row r reaches text row q if q = r, if q sees r, or if r is COMP_j and q sees a SUM_j into whose mean r enters with a
/// weight that is not 0.
struct ContextReach {
  private let mask: ContextMask

  init(_ mask: ContextMask) { self.mask = mask }

  /// Whether row r reaches text row q; r is no SUM row.
  func reaches(_ r: Int, _ q: Int) -> Bool { q == r || mask.allows(query: q, key: r) || mean(of: r, seenBy: q) != nil }

  /// Why row r reaches text row q, or does not, with the clause that says so.
  func explain(_ r: Int, _ q: Int) -> String {
    let sentences = ContextMaskSentences(profile: mask.parameters.profile)
    guard !mask.allows(query: q, key: r), let sum = mean(of: r, seenBy: q) else {
      let pair = sentences.explain(query: q, key: r, in: mask)
      let isMerged = mask.rows[r].place.role == .comp && mask.parameters.profile.memory == .merge
      return isMerged && !reaches(r, q) ? pair + ", and no mean that it sees holds it (CCM-17)" : pair
    }
    return "\(mask.describe(row: q)) sees \(mask.describe(row: sum)), whose mean holds "
      + "\(mask.describe(row: r)) (CCM-13, CCM-17)"
  }

  /// A SUM row that q sees and whose mean holds r; nil if there is none.
  private func mean(of r: Int, seenBy q: Int) -> Int? {
    guard case .comp(let segment, let slot) = mask.rows[r].place else { return nil }
    return mask.rows.indices.first { row in
      guard case .sum(_, slot) = mask.rows[row].place, r < row, mask.allows(query: q, key: row) else { return false }
      return hasWeight(segment, inMeanAt: row)
    }
  }

  /// Whether a segment's entry enters the running mean of a SUM row with a weight that is not 0.
  ///
  /// The mean of a SUM row is over the segments whose COMP rows stand before it (CCM-17).
  private func hasWeight(_ segment: Int, inMeanAt row: Int) -> Bool {
    switch mask.parameters.mergeRate {
    case .mean: return true
    case .exponential(let a):
      let last = mask.rows[..<row].compactMap { $0.place.role == .comp ? $0.place.segment : nil }.max() ?? segment
      // With a = 1 every earlier segment is forgotten; its weight has a factor 1 − a.
      return a < 1 || segment == last
    }
  }
}
