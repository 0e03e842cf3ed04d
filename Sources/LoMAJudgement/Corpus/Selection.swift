// Which cases of a corpus are asked, in which element types, in what order.

import LoMA
import LoMAVectors

/// Filters that must all match, and the part of a sharded run.
package struct Selection: Sendable {
  /// A part of a run: the first of two is (index: 1, count: 2).
  package struct Shard: Hashable, Sendable {
    /// From 1 to `count`.
    package let index: Int
    /// The number of parts.
    package let count: Int

    /// Nil if the index is not in 1…count, or count is above 10,000.
    package init?(index: Int, count: Int) {
      guard 1...10_000 ~= count, 1...count ~= index else { return nil }
      self.index = index
      self.count = count
    }

    /// The whole run.
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
    /// f64, f32, bf16 or f16; i64 if the case has no numbers.
    package let dtype: String
  }

  /// The levels to ask; empty for all.
  package var levels: Set<String>
  /// The operations to ask; empty for all.
  package var ops: Set<String>
  /// The element types to ask numbers in; empty for all declared ones. Cases without numbers are always asked.
  package var dtypes: Set<String>
  /// Axes that a case must set, whatever else it sets; `base` selects cases that set none.
  package var profile: Profile?
  /// The same for the cases of each method of part II; none for a method whose profile is not asked for.
  package private(set) var peerAxes: [PeerMethod: [String: String]]?
  /// A pattern that ids must match.
  package var idGlob: Glob?
  package var shard: Shard

  package init(
    levels: Set<String> = [], ops: Set<String> = [], dtypes: Set<String> = [], profile: Profile? = nil,
    idGlob: Glob? = nil, shard: Shard = .whole
  ) {
    self.levels = levels
    self.ops = ops
    self.dtypes = dtypes
    self.profile = profile
    peerAxes = profile == .base ? Dictionary(uniqueKeysWithValues: PeerMethod.allCases.map { ($0, [:]) }) : nil
    self.idGlob = idGlob
    self.shard = shard
  }

  /// Whether a case with this id may be selected, judging by the id alone: LEVEL.OP.WHAT, except for properties.
  package func mayWant(_ id: String) -> Bool {
    let words = id.split(separator: ".")
    return words.count >= 3 && (levels.isEmpty || levels.contains(String(words[0])))
      && (ops.isEmpty || words[0] == "property" || ops.contains(String(words[1]))) && (idGlob?.matches(id) ?? true)
  }

  /// Selects cases whose profile sets these axes, given as text; throws `InputError` if it is a profile of no part.
  package mutating func choose(profile name: String) throws(InputError) {
    var axes: [PeerMethod: [String: String]] = [:]
    for method in PeerMethod.allCases { axes[method] = method.axes(named: name) }
    peerAxes = axes
    do { profile = try Profile(name: name) } catch {
      profile = nil
      if axes.isEmpty { throw error }
    }
  }

  /// Selects cases whose id matches this pattern: `*` is any text, `?` one character.
  package mutating func choose(ids pattern: String) { idGlob = Glob(pattern) }

  /// Whether a case passes all filters.
  package func passes(_ item: StoredCase) -> Bool {
    (levels.isEmpty || levels.contains(item.level.rawValue)) && (ops.isEmpty || ops.contains(item.op.rawValue))
      && hasProfile(item) && (idGlob?.matches(item.id) ?? true)
  }

  /// Whether a case has the profile asked for, or none is.
  private func hasProfile(_ item: StoredCase) -> Bool {
    if profile == nil && peerAxes == nil { return true }
    guard let method = item.op.method else { return profile?.isAskedFor(in: item.axes) ?? false }
    return peerAxes?[method].map { method.isAskedFor($0, in: item.axes) } ?? false
  }

  /// The units of a run, by case in the manifest's order and then by element type; a shard takes every `count`-th of
  /// them.
  ///
  /// `declaredDtypes` are the types the candidate computes in. Structure and rejection cases are asked once, as i64. A
  /// type that is asked for but not declared keeps its units, and a case none of whose types is declared keeps one in
  /// its first: they become `unsupported`, so that no case vanishes from the report.
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
