// LAT-10: the models that cases of chapter 17 share: small, seeded, with weights of high variance that are exact in bf16.
// Recorded below Vectors/peers/models.

import LoMAModels
import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

/// A decoder with latent attention and seeded weights.
package struct LatentCaseModel: Sendable {
  package let name: String
  let seed: UInt64
  let layers: Int
  let profile: LatentProfile
  let stride: Int
  let stores: LatentForm
  var tied = false
  /// ε of the norms of latents.
  var latentEpsilon = LatentConfiguration.defaultLatentEpsilon
  /// Whether config.json leaves out what `latent` has defaults for.
  var isSparse = false

  /// V of all models.
  static let vocabulary = 11
  static let hidden = 8

  package var path: String { "models/\(name)" }

  /// Whether entries have codes, whose borders a narrow type crosses.
  package var isQuantised: Bool {
    guard case .latent(let widths) = stores else { return false }
    return widths.bits != nil || widths.rotatedBits != nil && widths.rotated > 0
  }

  private init(
    _ name: String, _ seed: UInt64, layers: Int = 2, profile: LatentProfile = .base, stride: Int = 1,
    _ stores: LatentForm
  ) {
    self.name = "lat-" + name
    self.seed = seed
    self.layers = layers
    self.profile = profile
    self.stride = stride
    self.stores = stores
  }

  private func changed(_ change: (inout LatentCaseModel) -> Void) -> LatentCaseModel {
    var model = self
    change(&model)
    return model
  }

  private static func latent(
    heads: Int = 2, plain: Int = 4, rotated: Int = 4, value: Int = 6, width: Int = 6, query: Int? = nil,
    bits: Int? = nil,
    rotatedBits: Int? = nil, group: Int? = nil
  ) -> LatentForm {
    .latent(
      LatentWidths(
        heads: heads, plain: plain, rotated: rotated, value: value, latent: width, queryLatent: query, bits: bits,
        rotatedBits: rotatedBits, group: group))
  }

  private static let heads = LatentProfile.chosen([.entries: "heads"])

  // MARK: - Named points

  /// MLA with a query latent, and without the object `latent`: everything has its default.
  static let mla = LatentCaseModel("mla", 201, latent(query: 5)).changed { $0.isSparse = true }
  /// MLA without a query latent, with another ε and a tied head.
  static let direct = LatentCaseModel("mla-direct", 202, latent(heads: 4, plain: 2, rotated: 2, value: 3, width: 8))
    .changed { ($0.tied, $0.latentEpsilon) = (true, 0x1p-7) }
  /// CLA whose last group is shorter.
  static let cla = LatentCaseModel(
    "cla", 203, layers: 5, profile: heads, stride: 2, .heads(query: 4, keyValue: 2, dimension: 4))
  /// CLLA: four bits, two layers share, one group.
  static let clla = LatentCaseModel("clla", 204, layers: 4, stride: 2, latent(width: 8, bits: 4))

  // MARK: - Strides and widths

  /// Every layer of a group reads with its own up-projections, and the last group is shorter.
  static let stride2 = LatentCaseModel("stride-2", 311, layers: 3, stride: 2, latent(query: 5))
  static let shared = LatentCaseModel(
    "stride-2-shared", 212, layers: 4, profile: .chosen([.upProjection: "shared"]), stride: 2, latent())
  static let stride3 = LatentCaseModel(
    "stride-3", 313, layers: 4, profile: .chosen([.latentNorm: "off"]), stride: 3,
    latent(heads: 2, plain: 2, rotated: 2))
  static let stride4 = LatentCaseModel("stride-4", 214, layers: 4, stride: 4, latent(plain: 2, rotated: 2, value: 3))
  static let noRotated = LatentCaseModel("no-rotated", 215, latent(rotated: 0))
  static let noPlain = LatentCaseModel("no-plain", 216, stride: 2, latent(plain: 0, query: 3))
  /// CLA with s = 1, which is MOD-4 with one KV head.
  static let ordinary = LatentCaseModel("cla-1", 217, profile: heads, .heads(query: 4, keyValue: 1, dimension: 4))
    .changed { ($0.tied, $0.isSparse) = (true, true) }
  static let cla3 = LatentCaseModel(
    "cla-3", 218, layers: 4, profile: heads, stride: 3, .heads(query: 2, keyValue: 2, dimension: 4))
  /// With one layer, so that nothing is passed on from row to row to row.
  static let shallow = LatentCaseModel("shallow", 219, layers: 1, latent(plain: 2, rotated: 2, value: 3, query: 3))
  static let shallowHeads = LatentCaseModel(
    "shallow-cla", 220, layers: 1, profile: heads, .heads(query: 2, keyValue: 1, dimension: 4))

  // MARK: - Quantised

  /// Groups of three, and other bits for the rotated key.
  static let groups = LatentCaseModel(
    "groups", 221, stride: 2, latent(width: 6, bits: 3, rotatedBits: 5, group: 3))
  /// The rotated key alone is quantised.
  static let rotatedBits = LatentCaseModel("rotated-bits", 222, latent(rotatedBits: 4))
  /// Many bits, so that a code hardly shows and its scale does.
  static let fine = LatentCaseModel("fine", 223, latent(width: 4, query: 3, bits: 8, rotatedBits: 8))

  /// One model a profile of `entries = latent`, each with bits, groups and a stride, so that every axis has an effect.
  static let ofProfiles = LatentProfile.all.filter { $0.entries == .latent }.enumerated().map { place, profile in
    LatentCaseModel(
      "axes-" + profile.slug, 231 + UInt64(place), profile: profile, stride: 2,
      latent(plain: 2, rotated: 4, value: 3, width: 6, bits: 4, rotatedBits: 3, group: 3))
  }

  package static let all =
    [
      mla, direct, cla, clla, stride2, shared, stride3, stride4, noRotated, noPlain, ordinary, cla3, shallow,
      shallowHeads, groups, rotatedBits, fine,
    ] + ofProfiles

  /// The shape as config.json gives it; traps if it is none, which is our mistake.
  var configuration: LatentConfiguration {
    do {
      return try LatentConfiguration(
        shape: LatentShape(
          vocabularySize: Self.vocabulary, hiddenSize: Self.hidden, intermediateSize: 12, layers: layers,
          tiesHead: tied, attention: LatentParameters(profile: profile, stride: stride, form: stores)),
        epsilon: 0x1p-14, latentEpsilon: latentEpsilon, theta: 1000)
    } catch { preconditionFailure("\(name): \(error)") }
  }

  /// Its files, below its path.
  package func files() throws(LatentError) -> [(name: String, bytes: [UInt8])] {
    var numbers = SeededNumbers(seed: seed)
    let files = try LatentCheckpointWriter.files(
      .highVariance(configuration, numbers: &numbers), configuration: configuration, pairs: .halfSplit, loma: nil,
      elementType: .f32)
    return isSparse ? files.map { ($0.name, $0.name == "config.json" ? sparse($0.bytes) : $0.bytes) } : files
  }

  /// A config.json whose object `latent` holds the profile alone, or is not there if that is base.
  private func sparse(_ text: [UInt8]) -> [UInt8] {
    let lines = String(decoding: text, as: UTF8.self).split(separator: "\n").compactMap { line -> String? in
      guard line.hasPrefix("  \"latent\"") else { return String(line) }
      let axes = profile.axes.sorted { $0.key < $1.key }.map { "\"\($0.key)\": \"\($0.value)\"" }
      return axes.isEmpty ? nil : "  \"latent\": {\"profile\": {\(axes.joined(separator: ", "))}},"
    }
    return Array((lines.joined(separator: "\n") + "\n").utf8)
  }
}

extension LatentProfile {
  /// Traps if a value is none of its axis, which is our mistake.
  static func chosen(_ values: [LatentAxis: String]) -> LatentProfile {
    var profile = base
    for axis in LatentAxis.allCases {
      guard let value = values[axis] else { continue }
      guard let next = profile.choosing(axis, value) else { preconditionFailure("\(axis) has no \(value)") }
      profile = next
    }
    return profile.canonical
  }

  /// The axes that differ from base, in the form of a request.
  package var axes: [String: String] {
    var axes: [String: String] = [:]
    for axis in LatentAxis.allCases where self[axis] != LatentProfile.base[axis] { axes[axis.rawValue] = self[axis] }
    return axes
  }

  /// The profile in the form of ids: `base`, or its values joined by hyphens.
  var slug: String {
    let values = LatentAxis.allCases.filter { self[$0] != LatentProfile.base[$0] }.map { axis in
      switch axis {
      case .latentNorm: "no-norm"
      case .entries, .upProjection, .quantiser, .scaleRounding: self[axis]
      }
    }
    return values.isEmpty ? "base" : values.joined(separator: "-")
  }
}

/// A model of the corpus that every candidate must refuse: another model with one file changed.
package struct RefusedLatentModel: Sendable {
  package let name: String
  package let spoilt: LatentCaseModel
  package let change: ModelChange
  /// The rejection code that is the right answer, and the clause that says so.
  let code: String
  let clause: String
  /// What a port does wrong that answers.
  let hunts: String

  package var path: String { "models/\(name)" }

  private init(
    _ name: String, of spoilt: LatentCaseModel = .shallow, _ change: ModelChange, _ code: String, clause: String,
    hunts: String
  ) {
    self.name = "lat-refused-" + name
    self.spoilt = spoilt
    self.change = change
    self.code = code
    self.clause = clause
    self.hunts = hunts
  }

  /// The file that is changed.
  package var file: String {
    switch change {
    case .line: "config.json"
    case .tensor, .without: "model.safetensors"
    }
  }

  static let stride = RefusedLatentModel(
    "stride", .line(right: "\"stride\": 1", wrong: "\"stride\": 0"), "stride-out-of-range", clause: "LAT-1",
    hunts: "a stride of 0 divided by")
  static let width = RefusedLatentModel(
    "width", .line(right: "\"kv_lora_rank\": 6", wrong: "\"kv_lora_rank\": 0"), "latent-width-out-of-range",
    clause: "LAT-1", hunts: "a latent without a channel")
  static let rotated = RefusedLatentModel(
    "rotated", .line(right: "\"qk_rope_head_dim\": 2", wrong: "\"qk_rope_head_dim\": 3"), "odd-rotated-width",
    clause: "LAT-1", hunts: "an odd number of channels to pair")
  static let value = RefusedLatentModel(
    "value", .line(right: "\"v_head_dim\": 3", wrong: "\"v_head_dim\": 0"), "head-width-out-of-range",
    clause: "LAT-1", hunts: "a head without a value")
  static let bits = RefusedLatentModel(
    "bits", .line(right: "\"bits\": null", wrong: "\"bits\": 25"), "bits-out-of-range", clause: "QNT-1",
    hunts: "codes that no float32 counts")
  static let oneBit = RefusedLatentModel(
    "one-bit", of: LatentCaseModel.ofProfiles.first { $0.profile.quantiser == .symmetric } ?? .shallow,
    .line(right: "\"bits\": 4", wrong: "\"bits\": 1"), "bits-out-of-range", clause: "QNT-2",
    hunts: "a symmetric step divided by 0")
  static let group = RefusedLatentModel(
    "group", .line(right: "\"group\": 6", wrong: "\"group\": 4"), "group-does-not-divide", clause: "LAT-1",
    hunts: "a group that is cut off")
  static let interleaved = RefusedLatentModel(
    "interleaved", .line(right: "\"rope_interleave\": false", wrong: "\"rope_interleave\": true"),
    "unsupported-configuration", clause: "LAT-10", hunts: "neighbouring pairs taken for halves")
  static let unsaid = RefusedLatentModel(
    "unsaid", .line(right: "  \"rope_interleave\": false,\n", wrong: ""), "unsupported-configuration", clause: "LAT-10",
    hunts: "a pairing that is not given, whose default is the other one")
  static let scaled = RefusedLatentModel(
    "mscale",
    .line(
      right: "\"rope_theta\"",
      wrong: "\"rope_scaling\": {\"factor\": 2.0, \"mscale\": 1.0, \"type\": \"yarn\"},\n  \"rope_theta\""),
    "unsupported-configuration", clause: "LAT-6", hunts: "a factor for longer contexts left out")
  static let experts = RefusedLatentModel(
    "experts",
    .line(
      right: "\"first_k_dense_replace\": 1", wrong: "\"first_k_dense_replace\": 0,\n  \"n_routed_experts\": 4"),
    "unsupported-configuration", clause: "LAT-10", hunts: "experts left out")
  static let layers = RefusedLatentModel(
    "layers", .line(right: "\"intermediate_size\": 12", wrong: "\"intermediate_size\": 0"), "invalid-configuration",
    clause: "LAT-10", hunts: "a block without width")
  static let missing = RefusedLatentModel(
    "missing", .without(tensor: "model.layers.0.self_attn.kv_b_proj.weight"), "latent-shape-mismatch",
    clause: "LAT-10", hunts: "a layer that reads with nothing")
  static let extra = RefusedLatentModel(
    "extra", of: .stride4,
    .tensor(name: "model.layers.1.self_attn.kv_a_layernorm.weight", shape: [6]), "latent-shape-mismatch",
    clause: "LAT-10", hunts: "a consumer with weights to write with, of which the port makes nothing")
  static let shape = RefusedLatentModel(
    "shape", .line(right: "\"kv_lora_rank\": 6", wrong: "\"kv_lora_rank\": 12"), "latent-shape-mismatch",
    clause: "LAT-10", hunts: "tensors of another latent")

  package static let all = [
    stride, width, rotated, value, bits, oneBit, group, interleaved, unsaid, scaled, experts, layers, missing, extra,
    shape,
  ]
}
