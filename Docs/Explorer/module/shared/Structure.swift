// The rows of a text, the mask over them, and what they cost: chapters 2 to 6 and 9 without a model.

import LoMA

/// The training layout of the text and its mask.
///
/// `rows`: zone, chunk, index, position, label and token of each, −1 for none. `mask`: a character per cell, query first, 1
/// where it is visible. `clauses`: the number of the MSK clause that decides the cell, as the letter that far behind @.
/// `right`: the mask of the Spec, where a mistake changed it and the rows are still as many.
@_expose(wasm, "structure")
@_cdecl("structure")
public func structure() -> Int32 {
  JSON.answer { json throws(Fault) in
    let question = try Question()
    let structure = try TextStructure(question)
    json.list("rows") { list in
      for row in structure.rows {
        list.integers(Place.fields(row) + [row.label ?? -1, row.token])
      }
    }
    json.characters("mask", structure.cells.map { $0 ? 49 : 48 })
    let mask = Mask(rows: structure.rows, profile: question.profile)
    let indices = structure.rows.indices
    json.characters("clauses", indices.flatMap { q in indices.map { mask.letter(query: q, key: $0) } })
    json.list("sentences") { list in
      for sentence in MaskSentences(profile: question.profile).all {
        list.list { one in
          one.string(sentence.clause)
          one.string(sentence.sentence)
        }
      }
    }
    if question.mistake >= 0 {
      let right = mask.cells()
      json.characters("right", right.map { $0 ? 49 : 48 })
    }
  }
}

extension Mask {
  fileprivate func letter(query: Int, key: Int) -> UInt8 {
    var number: UInt8 = 0
    for byte in rule(query: query, key: key).clause.utf8 where (48...57).contains(byte) {
      number = number * 10 + (byte - 48)
    }
    return 64 + number
  }
}

extension Place {
  /// Zone, chunk, index and position of a row.
  static func fields(_ row: Row) -> [Int] {
    let zone =
      switch row.place.zone {
      case .reading: 0
      case .memory: 1
      case .repetition: 2
      case .pad: 3
      }
    return [zone, row.place.chunk ?? -1, row.place.index ?? -1, row.position]
  }
}

/// For each length given in the place of the text: entries cached afterwards and at most, scores of generation, of
/// training and of full attention (GEN-6, COST-2).
@_expose(wasm, "costs")
@_cdecl("costs")
public func costs() -> Int32 {
  JSON.answer { json throws(Fault) in
    let question = try Question()
    try json.list("costs") { list throws(Fault) in
      for n in question.tokens {
        let cost = try input { () throws(InputError) in
          try Cost(textLength: n, parameters: question.parameters, profile: question.profile)
        }
        let p = question.parameters
        list.integers([
          n, p.cacheSize(afterFeeding: n), p.cacheMaximum(whileFeeding: n), cost.generation, cost.training,
          cost.fullAttention,
        ])
      }
    }
  }
}
