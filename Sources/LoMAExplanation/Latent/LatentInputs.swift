// The inputs of `loma explain --method latent` before they are checked (LAT-1, LAT-11).

import LoMA
import LoMAPeers

/// The sizes of a model with latent attention, and what it is compared with.
package struct LatentInputs: Hashable, Sendable {
  /// The point of LAT-1 that was named; nil if none was.
  package var point: LatentPoint?
  /// The decisions.
  package var profile: LatentProfile
  /// s.
  package var stride: Int
  /// What is stored.
  package var form: LatentForm
  /// The number of layers.
  package var layers: Int
  /// D.
  package var hiddenSize: Int
  /// KV heads of grouped-query attention with heads of the same widths, to compare with; nil means none is compared.
  package var groups: Int?
  /// c, t and L of LoMA, to compare with.
  package var loma: Parameters?
  /// The number of text tokens in the cache; nil means a chunk of LoMA, or one token.
  package var textLength: Int?

  /// A model of these sizes, compared with multi-head attention alone.
  package init(
    point: LatentPoint?, profile: LatentProfile, stride: Int, form: LatentForm, layers: Int, hiddenSize: Int
  ) {
    self.point = point
    self.profile = profile
    self.stride = stride
    self.form = form
    self.layers = layers
    self.hiddenSize = hiddenSize
  }
}
