// BAS-11, BAS-16, BAS-17, BAS-18, BAS-20: how what stays is stored; numbers with their units, codes with margins (BAS-24).

import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

extension ReferenceAnswers {
  /// `saliency` [G, T]; `choice` [G, n_low]; `key_codes`, `value_codes`, `keys`, `values` [T, G·d]; `bits` [].
  func zipCache(_ request: Request) throws(RequestError) -> [ResultTensor] {
    try request.check(.zipCache)
    let key = try request.matrix("key")
    let heads = try request.cacheHeads(of: key, named: "key")
    let value = try request.tensor("value", shape: key.shape)
    let (probabilities, rows) = try request.prefillProbabilities(heads: heads.query)
    guard rows == key.rows else { throw .shape(tensor: "key") }
    let low = try request.integer("low")
    let bits = (low: try request.bits("low_bits"), high: try request.bits("high_bits"))
    let classes = try request.peer { () throws(PeerError) in
      try ZipClasses(low: low, lowBits: bits.low, highBits: bits.high, rows: rows)
    }
    let probe = try request.probe(rows: rows)
    let forced = try request.forcedChoice(lines: heads.keyValue, count: low, below: rows, ascending: true)
    let made = try request.peer { () throws(PeerError) in
      try ZipCache.store(
        key: key, value: value, probabilities: probabilities, heads: heads, classes: classes, probe: probe,
        forced: forced, functions: functions, rules: peers.baselines.zip)
    }
    let total = try request.peer { () throws(PeerError) in
      try classes.bits(rows: rows, heads: heads.keyValue, dimension: heads.dimension)
    }
    let terms = Double((probe?.count ?? rows) * heads.query / heads.keyValue + 3)
    let units = ZipUnits(made, heads: heads)
    func codes(_ name: String, _ tensor: Tensor, _ margins: Tensor) -> [ResultTensor] {
      [
        .integers(name, shape: tensor.shape, tensor.values.map { Int($0) }),
        .tensor(name + ResultTensor.marginSuffix, margins),
      ]
    }
    return ResultTensor.bounded("saliency", made.saliency, functions) { cell in
      let saliency = made.saliency.values[cell].magnitude
      return (terms * saliency, 3 * saliency)
    } + [.choice(made.choice, count: low)] + codes("key_codes", made.keyCodes, units.keyMargins)
      + codes("value_codes", made.valueCodes, units.valueMargins)
      + ResultTensor.bounded("keys", made.keys, functions) { (units.keys.values[$0], units.keys.values[$0]) }
      + ResultTensor.bounded("values", made.values, functions) { (units.values.values[$0], units.values.values[$0]) }
      + [.integer("bits", total)]
  }

  /// `numbers` [T, G·d].
  func storeNoise(_ request: Request) throws(RequestError) -> [ResultTensor] {
    try request.check(.noise)
    let numbers = try request.matrix("numbers")
    let (heads, dimension) = try request.cacheWidth(of: numbers, named: "numbers")
    let (sigma, seed) = (try request.real("sigma"), UInt64(bitPattern: Int64(try request.integer("seed"))))
    let noise = try request.peer { () throws(PeerError) in
      try StoredNoise(sigma: sigma, rules: peers.baselines.noise)
    }
    var source = SeededNumbers(seed: noise.rules.seed(seed, 0))
    let read = noise.disturbed(numbers, heads: heads, stored: nil, numbers: &source, functions: functions)
    let terms = Double(numbers.rows * dimension) / 2 + 16
    return ResultTensor.bounded("numbers", read, functions) { cell in
      let (added, number) = (
        (read.values[cell] - numbers.values[cell]).magnitude, read.values[cell].magnitude
      )
      return added == 0 ? (0, 0) : (terms * added + number, 4 * added + number)
    }
  }
}

/// The units of what ZipCache reads, and how far its codes are from borders (BAS-24).
private struct ZipUnits {
  private(set) var keys: Tensor
  private(set) var values: Tensor
  private(set) var keyMargins: Tensor
  private(set) var valueMargins: Tensor

  init(_ made: ZipCache, heads: AttentionHeads) {
    (keys, values) = (Tensor(zeros: made.keys.shape), Tensor(zeros: made.keys.shape))
    // What is not quantised has no border.
    let far = Tensor(shape: made.keys.shape, values: made.keys.values.map { _ in 0.5 })
    (keyMargins, valueMargins) = (far, far)
    for group in made.groups {
      let stored = group.stored
      let numbers = ZipUnits.quantised(stored)
      let largest = group.numbers.reduce(0) { max($0, $1.magnitude) }
      let margins = stored.margins(of: group.numbers[...])
      for (index, cell) in group.cells.enumerated() {
        let column = group.head * heads.dimension + cell.channel
        let code = stored.codes[index].magnitude + 1
        if group.isOfKeys {
          keys[cell.row, column] = numbers[index]
          keyMargins[cell.row, column] = margins[index]
        } else {
          let scale = made.channelScales[group.head, cell.channel]
          values[cell.row, column] = scale * (4 * code * stored.step + 10 * largest)
          let room = stored.step == 0 ? 0 : 3 * largest / stored.step
          valueMargins[cell.row, column] = max(margins[index], .leastNormalMagnitude) * code / (code + room)
        }
      }
    }
  }

  /// LAT-18: the units of a group's numbers.
  private static func quantised(_ group: QuantisedGroup) -> [Double] {
    group.boundedValues.map { $0.rounding }
  }
}
