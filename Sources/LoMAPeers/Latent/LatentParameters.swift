// LAT-1, LAT-2: the widths of latent attention, the stride, and which layer writes what which layer reads.

/// The widths of one layer's attention under `entries = latent`, as given.
package struct LatentWidths: Hashable, Sendable {
  /// H.
  package var heads: Int
  /// d_n, the plain channels of a head's query and key.
  package var plain: Int
  /// d_r, the rotated ones, an even number.
  package var rotated: Int
  /// d_v, the channels of a head's value.
  package var value: Int
  /// d_c, the channels of the latent.
  package var latent: Int
  /// d_q, the channels of the query latent; nil if queries are made from y.
  package var queryLatent: Int?
  /// b of the latent; nil if it is not quantised.
  package var bits: Int?
  /// b_r of the rotated key; nil if it is not quantised.
  package var rotatedBits: Int?
  /// g, how many channels of the latent share lo and Δ.
  package var group: Int

  /// Widths with g = d_c unless it is given; `LatentParameters` checks them.
  package init(
    heads: Int, plain: Int, rotated: Int, value: Int, latent: Int, queryLatent: Int?, bits: Int?, rotatedBits: Int?,
    group: Int?
  ) {
    self.heads = heads
    self.plain = plain
    self.rotated = rotated
    self.value = value
    self.latent = latent
    self.queryLatent = queryLatent
    self.bits = bits
    self.rotatedBits = rotatedBits
    self.group = group ?? latent
  }

  /// d_n + d_r, the width that scores are scaled by (LAT-6).
  package var key: Int { plain + rotated }
}

/// What a producer stores, with the sizes that it takes (LAT-1).
package enum LatentForm: Hashable, Sendable {
  /// A latent and one rotated key.
  case latent(LatentWidths)
  /// Keys and values of H_kv heads of dimension d, which H query heads read (MOD-4).
  case heads(query: Int, keyValue: Int, dimension: Int)
}

/// The decisions, s and the widths; who writes, who reads, and every count follow.
package struct LatentParameters: Hashable, Sendable {
  /// The largest width, number of heads, and stride; a product of two then fits an `Int`.
  package static let limit = 1 << min(24, Int.bitWidth / 2 - 3)

  /// The decisions.
  package let profile: LatentProfile
  /// s, how many layers read the entries of one.
  package let stride: Int
  /// What is stored.
  package let form: LatentForm

  /// Throws `PeerError` for the first fault in the order of the Spec's list; `profile.entries` is that of the form.
  package init(profile: LatentProfile, stride: Int, form: LatentForm) throws(PeerError) {
    var profile = profile
    guard stride >= 1, stride <= Self.limit else { throw .strideOutOfRange(stride, limit: Self.limit) }
    switch form {
    case .latent(let widths):
      profile.entries = .latent
      try Self.check(widths, profile.quantiser)
    case .heads(let query, let keyValue, let dimension):
      profile.entries = .heads
      let limits = 1...Self.limit
      guard limits.contains(query), limits.contains(keyValue), query % keyValue == 0, limits.contains(dimension),
        dimension % 2 == 0
      else { throw .invalidHeads(query: query, keyValue: keyValue, dimension: dimension) }
    }
    self.profile = profile.canonical
    self.stride = stride
    self.form = form
  }

  private static func check(_ widths: LatentWidths, _ form: QuantiserForm) throws(PeerError) {
    for width in [widths.latent, widths.queryLatent ?? 1] where width < 1 || width > limit {
      throw .latentWidthOutOfRange(width, limit: limit)
    }
    guard widths.rotated >= 0, widths.rotated % 2 == 0 else { throw .oddRotatedWidth(widths.rotated) }
    guard widths.plain >= 0, widths.plain <= limit, widths.rotated <= limit, widths.value >= 1, widths.value <= limit,
      widths.plain + widths.rotated >= 1
    else { throw .headWidthOutOfRange(plain: widths.plain, rotated: widths.rotated, value: widths.value) }
    for bits in [widths.bits, widths.rotatedBits] { try StoredBits.check(bits, form) }
    guard widths.group >= 1, widths.latent % widths.group == 0 else {
      throw .groupDoesNotDivide(group: widths.group, latent: widths.latent)
    }
    guard widths.heads >= 1, widths.heads <= limit else {
      throw .invalidHeads(query: widths.heads, keyValue: widths.heads, dimension: widths.key)
    }
  }

  // MARK: - Who writes, who reads (LAT-2)

  /// p(l), whose entries layer l reads: s·⌊l/s⌋.
  package func producer(ofLayer layer: Int) -> Int { layer / stride * stride }

  /// Whether a layer writes entries.
  package func isProducer(_ layer: Int) -> Bool { producer(ofLayer: layer) == layer }

  /// The producers of so many layers, ⌈layers/s⌉ of them, by rising number.
  package func producers(layers: Int) -> [Int] { (0..<layers).filter { isProducer($0) } }

  /// The layers that read the entries of a producer, itself first.
  package func readers(ofProducer producer: Int, layers: Int) -> Range<Int> {
    precondition(isProducer(producer) && producer < layers, "a producer")
    return producer..<min(layers, producer + stride)
  }

  /// The place of a layer's producer among all producers, by which a cache numbers its entries (LAT-9).
  package func place(ofLayer layer: Int) -> Int { layer / stride }
}
