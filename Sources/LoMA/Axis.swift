// Registry of decisions: the axes by name, so that a profile can be written and read as axis=value pairs.

/// One question that the paper leaves open, or that ports often answer wrongly (Spec: the registry of decisions).
public enum Axis: String, CaseIterable, Hashable, Sendable {
  /// D-2: at which text position of its span a memory row stands.
  case memoryPositions = "memory_positions"
  /// D-2: which rows or tokens positions count.
  case numbering = "numbering"
  /// D-3: which memory rows of other chunks a memory row sees.
  case memoryContext = "memory_context"
  /// The paper's own rule, an axis because ports get it wrong: which memory rows of its chunk a memory row sees.
  case memoryAttention = "memory_attention"
  /// D-4: the memory rows of which chunks a repetition row sees.
  case repetitionContext = "repetition_context"
  /// D-5: which repetition rows of its chunk a repetition row sees.
  case repetitionAttention = "repetition_attention"
  /// D-8: the label of a repetition row.
  case repetitionLabels = "repetition_labels"

  /// The possible values as written in a profile; the default comes first.
  public var values: [String] {
    switch self {
    case .memoryPositions: Profile.MemoryPositions.allCases.map { $0.rawValue }
    case .numbering: Profile.Numbering.allCases.map { $0.rawValue }
    case .memoryContext: Profile.MemoryContext.allCases.map { $0.rawValue }
    case .memoryAttention: Profile.MemoryAttention.allCases.map { $0.rawValue }
    case .repetitionContext: Profile.RepetitionContext.allCases.map { $0.rawValue }
    case .repetitionAttention: Profile.RepetitionAttention.allCases.map { $0.rawValue }
    case .repetitionLabels: Profile.RepetitionLabels.allCases.map { $0.rawValue }
    }
  }

  /// The entry of the registry; the paper's own word has none.
  public var decision: String {
    switch self {
    case .memoryPositions, .numbering: "D-2"
    case .memoryContext: "D-3"
    case .memoryAttention: "paper"
    case .repetitionContext: "D-4"
    case .repetitionAttention: "D-5"
    case .repetitionLabels: "D-8"
    }
  }
}

extension Profile {
  /// The profile's value on an axis, as written in `Axis.values`.
  public subscript(axis: Axis) -> String {
    switch axis {
    case .memoryPositions: memoryPositions.rawValue
    case .numbering: numbering.rawValue
    case .memoryContext: memoryContext.rawValue
    case .memoryAttention: memoryAttention.rawValue
    case .repetitionContext: repetitionContext.rawValue
    case .repetitionAttention: repetitionAttention.rawValue
    case .repetitionLabels: repetitionLabels.rawValue
    }
  }

  /// A copy of this profile with another value on one axis, given by its index in `Axis.values`.
  public func choosing(_ axis: Axis, valueAt index: Int) -> Profile {
    var profile = self
    switch axis {
    case .memoryPositions: profile.memoryPositions = MemoryPositions.allCases[index]
    case .numbering: profile.numbering = Numbering.allCases[index]
    case .memoryContext: profile.memoryContext = MemoryContext.allCases[index]
    case .memoryAttention: profile.memoryAttention = MemoryAttention.allCases[index]
    case .repetitionContext: profile.repetitionContext = RepetitionContext.allCases[index]
    case .repetitionAttention: profile.repetitionAttention = RepetitionAttention.allCases[index]
    case .repetitionLabels: profile.repetitionLabels = RepetitionLabels.allCases[index]
    }
    return profile
  }

  /// Reads axis=value pairs; an axis not named keeps its value of `base`. The result is canonical.
  ///
  /// Throws `unknownAxis`, `unknownAlternative` or `repeatedAxis`.
  public init(_ pairs: [(axis: String, value: String)]) throws(InputError) {
    var profile = Profile.base
    var named: Set<Axis> = []
    for (name, value) in pairs {
      guard let axis = Axis(rawValue: name) else { throw .unknownAxis(name) }
      guard named.insert(axis).inserted else { throw .repeatedAxis(name) }
      guard let index = axis.values.firstIndex(of: value) else { throw .unknownAlternative(axis: name, value: value) }
      profile = profile.choosing(axis, valueAt: index)
    }
    self = profile.canonical
  }

  /// Reads a profile in the form of `name`: `base`, or axis=value pairs joined by commas.
  public init(name: String) throws(InputError) {
    try self.init(Self.pairs(inName: name))
  }

  /// The axis=value pairs of a profile's name in any part of the Spec; none for `base`.
  package static func pairs(inName name: String) -> [(axis: String, value: String)] {
    guard name != "base" else { return [] }
    return name.split(separator: ",", omittingEmptySubsequences: false).map { pair in
      let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return (axis: String(halves[0]), value: halves.count == 2 ? String(halves[1]) : "")
    }
  }

  /// The name of a profile that differs from `base` by these pairs, in any part of the Spec.
  package static func name(ofPairs pairs: [(axis: String, value: String)]) -> String {
    pairs.isEmpty ? "base" : pairs.map { $0.axis + "=" + $0.value }.joined(separator: ",")
  }

  /// The axes on which this profile differs from `base`, with its values, in the registry's order.
  public var differences: [(axis: Axis, value: String)] {
    Axis.allCases.filter { self[$0] != Profile.base[$0] }.map { ($0, self[$0]) }
  }

  /// The profile as text: `base`, or axis=value pairs joined by commas.
  public var name: String {
    Self.name(ofPairs: differences.map { (axis: $0.axis.rawValue, value: $0.value) })
  }

  /// Whether `axes` has every value in which this profile differs from `base`; for `base`, whether `axes` is empty.
  public func isAskedFor(in axes: [String: String]) -> Bool {
    let asked = differences
    return asked.isEmpty ? axes.isEmpty : asked.allSatisfy { axes[$0.axis.rawValue] == $0.value }
  }
}
