// BAS-11: all entries stay, those that were attended to less in fewer bits: keys by channel, values by entry.

import LoMAPeers
import NaiveLlama

/// A place of a matrix.
package struct ZipCell: Hashable, Sendable {
  /// The entry.
  package let row: Int
  /// The channel of its KV head.
  package let channel: Int
}

/// What ZipCache decides, as one value; a wrong one is another instance.
package struct ZipRules: Sendable {
  /// What the attention to an entry is divided by, given T: the rows that could see it.
  package var divisor: @Sendable (_ entry: Int, _ rows: Int) -> Int = { entry, rows in rows - entry }
  /// The rows whose attention is summed, of those asked for.
  package var probed: @Sendable ([Int]) -> [Int] = { $0 }
  /// The entries that take the low bits, so many, given their saliency: the lowest.
  package var low: @Sendable (_ count: Int, _ saliency: [Double]) -> [Int] = { Scores.lowest($0, of: $1) }
  /// The entries that share ranges with those of a class, given it and T: itself.
  package var ranged: @Sendable (_ entries: [Int], _ rows: Int) -> [Int] = { entries, _ in entries }
  /// Which numbers of keys share lo and Δ, given the entries and d: those of a channel.
  package var keyGroups: @Sendable (_ entries: [Int], _ dimension: Int) -> [[ZipCell]] = { ZipCache.byChannel($0, $1) }
  /// Which numbers of values do: those of an entry.
  package var valueGroups: @Sendable (_ entries: [Int], _ dimension: Int) -> [[ZipCell]] = { ZipCache.byEntry($0, $1) }
  /// What a channel of values is divided by first, given its largest magnitude: the root, or 1 where that is 0.
  package var channelScale: @Sendable (_ largest: Double) -> Double = { $0 == 0 ? 1 : $0.squareRoot() }
  /// A group of numbers in some bits (QNT-1).
  package var quantise: @Sendable ([Double], _ bits: Int) throws(PeerError) -> QuantisedGroup = {
    (numbers, bits) throws(PeerError) in try ZipCache.quantised(numbers, bits)
  }

  /// The Spec's.
  package static let spec = ZipRules()
}

/// Numbers that share lo and Δ.
package struct ZipGroup: Hashable, Sendable {
  /// The KV head.
  package let head: Int
  /// Whether they are of keys, not of values.
  package let isOfKeys: Bool
  /// Where they stand, in the order of the codes.
  package let cells: [ZipCell]
  /// What was quantised: keys, or values over the scales of their channels.
  package let numbers: [Double]
  /// lo, Δ and codes.
  package let stored: QuantisedGroup
}

/// A layer's entries in two classes.
package struct ZipCache: Sendable {
  /// Of every entry: [G, T].
  package let saliency: Tensor
  /// By KV head, the entries of low bits, ascending.
  package let choice: [[Int]]
  /// What a channel of values was divided by: [G, d].
  package let channelScales: Tensor
  /// What was quantised, by KV head: low bits first, keys first.
  package let groups: [ZipGroup]
  /// Codes of keys, 0 where none is quantised: [T, G·d].
  package let keyCodes: Tensor
  /// Codes of values: [T, G·d].
  package let valueCodes: Tensor
  /// Keys as they are read: [T, G·d].
  package let keys: Tensor
  /// Values as they are read: [T, G·d].
  package let values: Tensor

  /// saliency_i = (Σ A[h, r, i] by rising head h of the group, then by rising probe row r, from +0.0)/(T − i); the n_low
  /// entries of the lowest take the low bits.
  ///
  /// Rotated keys and values [T, G·d], A [H, T, T]. `probe` are rising rows, nil all; `forced`, if not nil, is the
  /// choice. Throws `choiceOutOfRange` for either.
  package static func store(
    key: Tensor, value: Tensor, probabilities: Tensor, heads: AttentionHeads, classes: ZipClasses, probe: [Int]?,
    forced: [[Int]]?, functions: LayerFunctions, rules: ZipRules
  ) throws(PeerError) -> ZipCache {
    let rows = key.rows
    precondition(key.columns == heads.keyValue * heads.dimension && value.shape == key.shape, "a key and a value a row")
    precondition(probabilities.shape == [heads.query, rows, rows], "a weight for each head, row and key")
    if let probe { try CacheChecks.ascending(probe, below: rows) }
    if let forced {
      precondition(
        forced.count == heads.keyValue && forced.allSatisfy { $0.count == classes.low }, "n_low entries per KV head")
      for head in forced { try CacheChecks.ascending(head, below: rows) }
    }
    let saliency = functions.round(
      saliency(probabilities, heads, probe: rules.probed(probe ?? Array(0..<rows)), rules: rules))
    let choice = forced ?? (0..<heads.keyValue).map { rules.low(classes.low, Array(saliency.row($0))) }
    var writing = ZipWriting(key: key, value: value, heads: heads, functions: functions, rules: rules)
    for (g, low) in choice.enumerated() {
      let isLow = Set(low)
      try writing.write(low, head: g, bits: classes.lowBits)
      try writing.write((0..<rows).filter { !isLow.contains($0) }, head: g, bits: classes.highBits)
    }
    return ZipCache(
      saliency: saliency, choice: choice, channelScales: writing.channelScales, groups: writing.groups,
      keyCodes: writing.keyCodes, valueCodes: writing.valueCodes, keys: functions.round(writing.key),
      values: functions.round(writing.value))
  }

  private static func saliency(
    _ probabilities: Tensor, _ heads: AttentionHeads, probe: [Int], rules: ZipRules
  ) -> Tensor {
    let rows = probabilities.columns
    var values: [Double] = []
    for g in 0..<heads.keyValue {
      for i in 0..<rows {
        var sum = 0.0
        for h in heads.group(of: g) {
          for r in probe { sum += probabilities[h * rows + r, i] }
        }
        values.append(sum / Double(rules.divisor(i, rows)))
      }
    }
    return Tensor(shape: [heads.keyValue, rows], values: values)
  }

  /// A group for every channel.
  package static func byChannel(_ entries: [Int], _ dimension: Int) -> [[ZipCell]] {
    (0..<dimension).map { channel in entries.map { ZipCell(row: $0, channel: channel) } }
  }

  /// A group for every entry.
  package static func byEntry(_ entries: [Int], _ dimension: Int) -> [[ZipCell]] {
    entries.map { row in (0..<dimension).map { ZipCell(row: row, channel: $0) } }
  }

  /// One asymmetric group (QNT-1).
  package static func quantised(_ numbers: [Double], _ bits: Int) throws(PeerError) -> QuantisedGroup {
    let quantiser = try Quantiser(form: .asymmetric, bits: bits, group: numbers.count, scaleRounding: .none)
    return quantiser.groups(of: Tensor(shape: [1, numbers.count], values: numbers))[0]
  }

  /// The same counts in every layer; probe rows are given, or all. The policy throws `prunedOutOfRange`, `bitsOutOfRange` or
  /// `choiceOutOfRange` for those that do not fit.
  package static func policy(
    low: Int, lowBits: Int?, highBits: Int?, probe: [Int]?, rules: ZipRules
  ) -> CachePolicy {
    CachePolicy(name: Baseline.zipCache.rawValue) { (_, seen) throws(PeerError) in
      let (rows, heads) = (seen.positions.count, seen.heads)
      let classes = try ZipClasses(low: low, lowBits: lowBits, highBits: highBits, rows: rows)
      let stored = try store(
        key: seen.key, value: seen.value, probabilities: seen.probabilities, heads: heads, classes: classes,
        probe: probe, forced: nil, functions: seen.functions, rules: rules)
      return LayerCache(
        keys: stored.keys, values: stored.values, positions: seen.positions,
        alive: Array(repeating: Array(0..<rows), count: heads.keyValue),
        bits: try classes.bits(rows: rows, heads: heads.keyValue, dimension: heads.dimension))
    }
  }
}

/// Keys and values being replaced, class by class, by what is read of them.
private struct ZipWriting {
  private let written: (key: Tensor, value: Tensor)
  var key: Tensor
  var value: Tensor
  var keyCodes: Tensor
  var valueCodes: Tensor
  let channelScales: Tensor
  var groups: [ZipGroup] = []
  private let heads: AttentionHeads
  private let functions: LayerFunctions
  private let rules: ZipRules

  init(key: Tensor, value: Tensor, heads: AttentionHeads, functions: LayerFunctions, rules: ZipRules) {
    self.written = (key, value)
    self.key = key
    self.value = value
    self.keyCodes = Tensor(zeros: key.shape)
    self.valueCodes = Tensor(zeros: key.shape)
    self.heads = heads
    self.functions = functions
    self.rules = rules
    let scales = (0..<value.columns).map { column in
      rules.channelScale((0..<value.rows).reduce(0) { max($0, value[$1, column].magnitude) })
    }
    self.channelScales = functions.round(Tensor(shape: [heads.keyValue, heads.dimension], values: scales))
  }

  /// The entries of one class of a KV head; the same without bits.
  mutating func write(_ entries: [Int], head g: Int, bits: Int?) throws(PeerError) {
    guard let bits, !entries.isEmpty else { return }
    let (d, members) = (heads.dimension, Set(entries))
    let ranged = rules.ranged(entries, key.rows)
    for cells in rules.keyGroups(ranged, d) {
      let numbers = cells.map { written.key[$0.row, g * d + $0.channel] }
      let stored = try rules.quantise(numbers, bits)
      groups.append(ZipGroup(head: g, isOfKeys: true, cells: cells, numbers: numbers, stored: stored))
      for (index, cell) in cells.enumerated() where members.contains(cell.row) {
        keyCodes[cell.row, g * d + cell.channel] = stored.codes[index]
        key[cell.row, g * d + cell.channel] = stored.values[index]
      }
    }
    for cells in rules.valueGroups(ranged, d) {
      let scales = cells.map { channelScales[g, $0.channel] }
      let numbers = functions.round(
        Tensor(
          shape: [1, cells.count],
          values: zip(cells, scales).map { written.value[$0.row, g * d + $0.channel] / $1 })
      ).values
      let stored = try rules.quantise(numbers, bits)
      groups.append(ZipGroup(head: g, isOfKeys: false, cells: cells, numbers: numbers, stored: stored))
      let read = functions.round(Tensor(shape: [1, cells.count], values: stored.values)).values
      for (index, cell) in cells.enumerated() where members.contains(cell.row) {
        valueCodes[cell.row, g * d + cell.channel] = stored.codes[index]
        value[cell.row, g * d + cell.channel] = read[index] * scales[index]
      }
    }
  }
}
