// LAT-11: the bits that a token occupies in the cache.

/// What one token costs, in bits.
package struct LatentCost: Hashable, Sendable {
  /// The bits of what one producer stores for a token.
  package let entryBits: Int
  /// ⌈layers/s⌉.
  package let producers: Int
  /// The bits of a token: those of an entry, once for each producer.
  package let tokenBits: Int

  /// The cost in a model of so many layers; throws `cacheSizeOutOfRange` if it fits no `Int`.
  package init(_ parameters: LatentParameters, layers: Int) throws(PeerError) {
    precondition(layers >= 1, "at least one layer")
    switch parameters.form {
    case .latent(let widths):
      let form = parameters.profile.quantiser
      let (sum, overflow) = try StoredBits.payload(
        count: widths.latent, bits: widths.bits, groups: widths.latent / widths.group, form: form
      ).addingReportingOverflow(
        StoredBits.payload(count: widths.rotated, bits: widths.rotatedBits, groups: 1, form: form))
      guard !overflow else { throw .cacheSizeOutOfRange }
      entryBits = sum
    case .heads(_, let keyValue, let dimension):
      entryBits = try StoredBits.product(2 * StoredBits.ofNumber, StoredBits.product(keyValue, dimension))
    }
    producers = (layers - 1) / parameters.stride + 1
    tokenBits = try StoredBits.product(producers, entryBits)
  }
}
