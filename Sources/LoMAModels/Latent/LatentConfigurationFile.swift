// LAT-10: config.json of a decoder with latent attention: DeepSeek's keys, or Llama's under entries = heads, and the
// object `latent`. Keys that change the arithmetic are read strictly.

import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

/// The content of a config.json of chapter 17.
package struct LatentConfigurationFile: Sendable {
  /// Sizes, decisions, ε and θ.
  package let configuration: LatentConfiguration
  /// How the file's weights have the rows that are rotated.
  package let pairs: PairOrder
  /// The `loma` object; nil if there is none.
  package let loma: LoMASection?

  /// Reads config.json in a directory; `pairs` are the orders of rotated rows that are taken.
  package init(directory: String, accepting pairs: Set<PairOrder>) throws(LatentError) {
    try self.init(parsing: try reading(try ConfigurationFile.text(in: directory)), accepting: pairs)
  }

  /// Parses the text of a config.json; `pairs` are the orders of rotated rows that are taken.
  ///
  /// Of several faults the first in the Spec's list is thrown: widths, bits and groups, then a key that would change
  /// the arithmetic, then other sizes. Keys for training, tokens or software are ignored.
  package init(parsing text: [UInt8], accepting pairs: Set<PairOrder>) throws(LatentError) {
    let object = try reading(try ConfigurationFile.object(text))
    let section = try LatentSection(object[LatentKeys.object])
    let attention = Result { () throws(LatentError) in try Self.attention(object, section) }
    if case .failure(.peer(let error)) = attention, error.code != "invalid-configuration" { throw .peer(error) }
    try LatentRefusals.check(object, entries: section.profile.entries, accepting: pairs)
    let parameters = try attention.get()
    let keys = ConfigurationKeys(object: object)
    do throws(ModelError) {
      let shape = LatentShape(
        vocabularySize: try keys.integer("vocab_size"), hiddenSize: try keys.integer("hidden_size"),
        intermediateSize: try keys.integer("intermediate_size"), layers: try keys.integer("num_hidden_layers"),
        tiesHead: try keys.boolean("tie_word_embeddings", default: false), attention: parameters)
      configuration = try LatentConfiguration(
        shape: shape, epsilon: try keys.number("rms_norm_eps", default: 1e-6), latentEpsilon: section.epsilon,
        theta: try ConfigurationFile.theta(object))
    } catch { throw .checkpoint(.model(error)) }
    self.pairs = object["rope_interleave"] == .boolean(true) ? .neighbours : .halfSplit
    loma = try reading(try object["loma"].map { (value) throws(CheckpointError) in try LoMASection(value) })
  }

  /// s, the decisions and the widths.
  private static func attention(_ object: JSONObject, _ section: LatentSection) throws(LatentError) -> LatentParameters
  {
    let keys = ConfigurationKeys(object: object)
    let form: LatentForm
    do throws(ModelError) {
      let heads = try keys.integer("num_attention_heads")
      switch section.profile.entries {
      case .latent:
        let queryLatent = try keys.optionalInteger(LatentKeys.queryLatent)
        form = .latent(
          LatentWidths(
            heads: heads, plain: try keys.integer(LatentKeys.plain), rotated: try keys.integer(LatentKeys.rotated),
            value: try keys.integer(LatentKeys.value), latent: try keys.integer(LatentKeys.latent),
            queryLatent: queryLatent == 0 ? nil : queryLatent, bits: section.bits, rotatedBits: section.rotatedBits,
            group: section.group))
      case .heads:
        let hidden = try keys.integer("hidden_size")
        guard heads >= 1, try keys.optionalInteger("head_dim") != nil || hidden % heads == 0 else {
          throw .invalidConfiguration(
            key: "num_attention_heads", value: "\(heads)", requirement: "a divisor of hidden_size \(hidden)")
        }
        form = .heads(
          query: heads, keyValue: try keys.integer("num_key_value_heads", default: heads),
          dimension: try keys.optionalInteger("head_dim") ?? hidden / heads)
      }
    } catch { throw .checkpoint(.model(error)) }
    do { return try LatentParameters(profile: section.profile, stride: section.stride, form: form) } catch {
      throw .peer(error)
    }
  }
}

/// The object `latent` of a config.json; an absent member has the value of `mla`.
struct LatentSection {
  private(set) var stride = 1
  private(set) var bits: Int?
  private(set) var rotatedBits: Int?
  private(set) var group: Int?
  private(set) var epsilon = LatentConfiguration.defaultLatentEpsilon
  private(set) var profile = LatentProfile.base

  /// Reads the object; nil and null are an empty one. Bits of 0 are none.
  init(_ value: JSONValue?) throws(LatentError) {
    guard let value, value != .null else { return }
    guard let object = value.objectValue else { throw Self.invalid("", value, "an object") }
    for member in object.members where !LatentKeys.ofObject.contains(member.key) {
      throw .unsupported(
        key: LatentKeys.object + "." + member.key, value: ConfigurationKeys.text(member.value),
        reason: "the object has no such key")
    }
    profile = try Self.profile(object["profile"])
    let keys = ConfigurationKeys(object: object, prefix: LatentKeys.object + ".")
    do throws(ModelError) {
      stride = try keys.integer("stride", default: 1)
      bits = try keys.optionalInteger("bits").flatMap { $0 == 0 ? nil : $0 }
      rotatedBits = try keys.optionalInteger("rotated_bits").flatMap { $0 == 0 ? nil : $0 }
      group = try keys.optionalInteger("group")
      epsilon = try keys.number("rms_norm_eps", default: LatentConfiguration.defaultLatentEpsilon)
    } catch { throw .checkpoint(.model(error)) }
  }

  private static func profile(_ value: JSONValue?) throws(LatentError) -> LatentProfile {
    guard let value, value != .null else { return .base }
    guard let members = value.objectValue?.members else {
      throw invalid(".profile", value, "an object of axis and value")
    }
    do { return try LatentProfile(members.map { ($0.key, ConfigurationKeys.text($0.value)) }) } catch {
      throw .peer(error)
    }
  }

  private static func invalid(_ key: String, _ value: JSONValue, _ requirement: String) -> LatentError {
    .checkpoint(
      .model(
        .invalidConfiguration(
          key: LatentKeys.object + key, value: ConfigurationKeys.text(value), requirement: requirement)))
  }
}
