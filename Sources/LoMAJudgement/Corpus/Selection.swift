// Which cases of a corpus are asked, in which element types, in what order.

import LoMA
import LoMAVectors

/// Filters that must all hold, and the share of a run that is split.
package struct Selection: Sendable {
  /// A part of a run: the first of two is (index: 1, count: 2).
  package struct Shard: Hashable, Sendable {
    /// From 1 to `count`.
    package let index: Int
    /// How many parts there are.
    package let count: Int

    /// None where the index is not in 1…count, or there are more than 10,000.
    package init?(index: Int, count: Int) {
      guard 1...10_000 ~= count, 1...count ~= index else { return nil }
      self.index = index
      self.count = count
    }

    /// Everything.
    package static let whole = Shard(index: 1)

    private init(index: Int) {
      self.index = index
      self.count = 1
    }
  }

  /// A case in one element type.
  package struct Unit: Hashable, Sendable {
    /// The index in `CaseCorpus.cases`.
    package let caseIndex: Int
    /// f64, f32, bf16 or f16; i64 where the case has no numbers.
    package let dtype: String
  }

  /// Levels asked for; none asks for all.
  package var levels: Set<String>
  /// Operations asked for; none asks for all.
  package var ops: Set<String>
  /// Element types of numbers asked for; none asks for all that are declared. Cases without numbers are asked whatever it says.
  package var dtypes: Set<String>
  /// Axes a case must decide so, beside whatever else it decides; `base` asks for cases without any.
  package var profile: Profile?
  /// A pattern of ids.
  package var idGlob: Glob?
  /// The part of the run.
  package var shard: Shard

  /// A selection of these filters.
  package init(
    levels: Set<String> = [], ops: Set<String> = [], dtypes: Set<String> = [], profile: Profile? = nil,
    idGlob: Glob? = nil, shard: Shard = .whole
  ) {
    self.levels = levels
    self.ops = ops
    self.dtypes = dtypes
    self.profile = profile
    self.idGlob = idGlob
    self.shard = shard
  }

  /// Whether a case of this id may be wanted, as far as its id tells: LEVEL.OP.WHAT of all but properties.
  package func mayWant(_ id: String) -> Bool {
    let words = id.split(separator: ".")
    return words.count >= 3 && (levels.isEmpty || levels.contains(String(words[0])))
      && (ops.isEmpty || words[0] == "property" || ops.contains(String(words[1]))) && (idGlob?.matches(id) ?? true)
  }

  /// Only cases that decide as this profile, given by name; throws `InputError` where it has none.
  package mutating func choose(profile name: String) throws(InputError) { profile = try Profile(name: name) }

  /// Only cases whose ids have this pattern: `*` is any text, `?` one character.
  package mutating func choose(ids pattern: String) { idGlob = Glob(pattern) }

  /// Whether a case passes all filters.
  package func passes(_ item: StoredCase) -> Bool {
    (levels.isEmpty || levels.contains(item.level.rawValue)) && (ops.isEmpty || ops.contains(item.op.rawValue))
      && (profile?.isAskedFor(in: item.axes) ?? true) && (idGlob?.matches(item.id) ?? true)
  }

  /// The units of a run in the manifest's order, element types in theirs; a shard takes every `count`-th of them.
  ///
  /// `declaredDtypes` are those the candidate computes in. Structure and rejection cases are asked once, as i64. An element
  /// type that is asked for and not declared has its units all the same, and a case of which no type is declared has one in
  /// its first: they are unsupported, and so nothing vanishes.
  package func units(of corpus: CaseCorpus, declaredDtypes: [String]) -> [Unit] {
    let asked = Set(dtypes.isEmpty ? declaredDtypes : Array(dtypes))
    let all = corpus.cases.enumerated().filter { passes($1) }.flatMap { index, item in
      var types = item.dtypes.filter { $0 == "i64" || asked.contains($0) }
      if types.isEmpty, dtypes.isEmpty { types = Array(item.dtypes.prefix(1)) }
      return types.map { Unit(caseIndex: index, dtype: $0) }
    }
    return all.enumerated().filter { $0.offset % shard.count == shard.index - 1 }.map(\.element)
  }
}
