// MSK-1…MSK-11: which of the clauses that a case of `mask` cites decide a cell of its mask.
//
// A case that cites a clause without a cell of it cannot fail it: any port that violates the clause passes the case.

import LoMA
import LoMAAnswers
import LoMAVectors

extension Case {
  /// The clauses that a right answer shows: those it cites, but of the mask's only those that decide a cell.
  package var shownClauses: [String] {
    let idle = idleClauses
    return clauses.filter { !idle.contains($0) }
  }

  /// The clauses it cites although none of its cells can violate them; empty if it asks for no mask.
  package var idleClauses: [String] {
    guard request.operation == .mask, case .tensors = expectation,
      let kind = try? request.layoutKind(), let profile = try? request.profile(),
      let batch = try? request.batch(kind, rows: RowsOfLayout.right)
    else { return [] }
    var deciding: Set<String> = []
    for rows in batch.texts { deciding.formUnion(Mask(rows: rows, profile: profile).decidingClauses) }
    return Self.clausesOfCells.filter { clauses.contains($0) && !deciding.contains($0) }
  }

  private static let clausesOfCells = (1...11).map { "MSK-\($0)" }
}

extension Mask {
  /// The clauses that decide at least one cell, and MSK-10 if there is a cell at all: each row's own.
  ///
  /// Which clause decides a pair is a matter of the two zones, so one row of each zone stands for all of them.
  fileprivate var decidingClauses: Set<String> {
    let examples = Zone.allCases.compactMap { zone in rows.firstIndex { $0.place.zone == zone } }
    var clauses: Set<String> = rows.isEmpty ? [] : ["MSK-10"]
    for query in examples {
      for key in examples { clauses.insert(rule(query: query, key: key).clause) }
    }
    return clauses
  }
}
