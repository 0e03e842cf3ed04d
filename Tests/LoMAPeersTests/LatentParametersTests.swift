// Spec chapter 17, the integers: LAT-1, LAT-2, LAT-10 and LAT-11.

import LoMAPeers
import LoMAPeersReference
import Testing

@Suite("17 LAT: parameters, producers, names and cost") struct LatentParametersTests {
  private let widths = LatentSample().widths

  private func code(_ stride: Int = 1, _ profile: LatentProfile = .base, _ change: (inout LatentWidths) -> Void)
    -> String?
  {
    var widths = widths
    change(&widths)
    do throws(PeerError) {
      _ = try LatentParameters(profile: profile, stride: stride, form: .latent(widths))
      return nil
    } catch {
      #expect(error.description.hasPrefix(error.code + ": "))
      return error.code
    }
  }

  @Test func `LAT-1 five axes make 17 profiles, each written and read back`() throws {
    #expect(LatentProfile.all.count == 17 && LatentProfile.all.first == .base)
    #expect(Set(LatentProfile.all).count == 17)
    for profile in LatentProfile.all { #expect(try LatentProfile(name: profile.name) == profile) }
    #expect(try LatentProfile(name: "entries=heads,up_projection=shared").name == "entries=heads")
    for (name, code) in [
      ("norm=off", "unknown-axis"), ("entries=both", "unknown-alternative"),
      ("latent_norm=off,latent_norm=off", "repeated-axis"),
    ] {
      do throws(PeerError) {
        _ = try LatentProfile(name: name)
        Issue.record("\(name) is no profile")
      } catch {
        #expect(error.code == code)
      }
    }
  }

  @Test func `LAT-1 three points have names, and clla is decided here`() throws {
    #expect(LatentPoint.mla.profile == .base && LatentPoint.mla.stride == 1 && LatentPoint.mla.bits == nil)
    #expect(LatentPoint.cla.profile.entries == .heads && LatentPoint.cla.stride == nil && LatentPoint.cla.bits == nil)
    #expect(LatentPoint.clla.profile == .base && LatentPoint.clla.stride == 2 && LatentPoint.clla.bits == 4)
    #expect(LatentPoint.clla.profile.upProjection == .own && LatentPoint.clla.profile.latentNorm == .on)
  }

  @Test func `LAT-1 sizes that do not fit are refused, the first fault of the list first`() throws {
    let symmetric = try LatentProfile(name: "quantiser=symmetric")
    #expect(code { _ in } == nil)
    #expect(code(0) { $0.latent = 0 } == "stride-out-of-range")
    #expect(code(LatentParameters.limit + 1) { _ in } == "stride-out-of-range")
    #expect(code { ($0.latent, $0.rotated) = (0, 3) } == "latent-width-out-of-range")
    #expect(code { $0.queryLatent = 0 } == "latent-width-out-of-range")
    #expect(code { ($0.rotated, $0.value) = (3, 0) } == "odd-rotated-width")
    #expect(code { $0.rotated = -2 } == "odd-rotated-width")
    #expect(code { ($0.plain, $0.rotated, $0.bits) = (0, 0, 30) } == "head-width-out-of-range")
    #expect(code { $0.plain = -1 } == "head-width-out-of-range")
    #expect(code { $0.value = 0 } == "head-width-out-of-range")
    #expect(code { ($0.bits, $0.group) = (25, 4) } == "bits-out-of-range")
    #expect(code { $0.rotatedBits = 0 } == "bits-out-of-range")
    #expect(code(1, symmetric) { $0.bits = 1 } == "bits-out-of-range")
    #expect(code { $0.bits = 1 } == nil)
    #expect(code { $0.group = 4 } == "group-does-not-divide")
    #expect(code { $0.group = 0 } == "group-does-not-divide")
    #expect(code { $0.heads = 0 } == "invalid-configuration")
    #expect(code { ($0.plain, $0.rotated) = (0, 2) } == nil)
    #expect(code { ($0.plain, $0.rotated) = (1, 0) } == nil)
    for (query, keyValue, dimension) in [(4, 3, 2), (0, 1, 2), (4, 2, 3)] {
      #expect(throws: PeerError.invalidHeads(query: query, keyValue: keyValue, dimension: dimension)) {
        try LatentParameters(
          profile: .base, stride: 1, form: .heads(query: query, keyValue: keyValue, dimension: dimension))
      }
    }
  }

  @Test func `LAT-2 the first layer of each group writes, and all of the group read it`() throws {
    for layers in 1...8 {
      for stride in 1...5 {
        let parameters = try LatentParameters(profile: .base, stride: stride, form: .latent(widths))
        // By walking through the layers: a new group begins after every s of them.
        var (producer, inGroup, producers): (Int, Int, [Int]) = (0, 0, [])
        for layer in 0..<layers {
          if inGroup == stride || layer == 0 { (producer, inGroup) = (layer, 0) }
          inGroup += 1
          if layer == producer { producers.append(layer) }
          #expect(parameters.producer(ofLayer: layer) == producer)
          #expect(parameters.isProducer(layer) == (layer == producer))
          #expect(parameters.place(ofLayer: layer) == producers.count - 1)
        }
        #expect(parameters.producers(layers: layers) == producers)
        #expect(
          producers.flatMap { Array(parameters.readers(ofProducer: $0, layers: layers)) } == Array(0..<layers))
      }
    }
  }

  @Test func `LAT-10 a producer has the names of DeepseekV3, a consumer only those it uses`() throws {
    let sample = LatentSample(layers: 3, stride: 2).with { $0.widths.queryLatent = 4 }
    let shapes = Dictionary(
      uniqueKeysWithValues: try sample.configuration().shape.parameters.map { ($0.name, $0.shape) })
    let producer = "model.layers.0.self_attn."
    let of0: [String: [Int]] = [
      "q_a_proj.weight": [4, 8], "q_a_layernorm.weight": [4], "q_b_proj.weight": [14, 4],
      "kv_a_proj_with_mqa.weight": [10, 8], "kv_a_layernorm.weight": [6], "kv_b_proj.weight": [16, 6],
      "o_proj.weight": [8, 10],
    ]
    for (name, shape) in of0 { #expect(shapes[producer + name] == shape, "\(name)") }
    func names(_ sample: LatentSample, layer: Int) throws -> Set<String> {
      let prefix = "model.layers.\(layer).self_attn."
      return Set(
        try sample.configuration().shape.parameters.filter { $0.name.hasPrefix(prefix) }
          .map { String($0.name.dropFirst(prefix.count)) })
    }
    #expect(try names(sample, layer: 0) == Set(of0.keys))
    #expect(try names(sample, layer: 2) == Set(of0.keys))
    let queries: Set<String> = ["q_a_proj.weight", "q_a_layernorm.weight", "q_b_proj.weight", "o_proj.weight"]
    #expect(try names(sample, layer: 1) == queries.union(["kv_b_proj.weight"]))
    let shared = try sample.with { $0.latentProfile = try LatentProfile(name: "up_projection=shared,latent_norm=off") }
    #expect(try names(shared, layer: 1) == queries)
    #expect(try names(shared, layer: 0) == Set(of0.keys).subtracting(["kv_a_layernorm.weight"]))
    let cla = sample.with { $0.latentProfile = LatentPoint.cla.profile }
    #expect(try names(cla, layer: 0) == ["q_proj.weight", "k_proj.weight", "v_proj.weight", "o_proj.weight"])
    #expect(try names(cla, layer: 1) == ["q_proj.weight", "o_proj.weight"])
    #expect(try sample.with { $0.widths.queryLatent = nil }.weights().names.contains(producer + "q_proj.weight"))
    try sample.weights().check(against: sample.configuration())
  }

  @Test func `LAT-10 keys that would make attention another one are refused by name`() {
    #expect(LatentKeys.refuses("rope_interleave", nil) && LatentKeys.refuses("rope_interleave", .other))
    #expect(!LatentKeys.refuses("rope_interleave", .no))
    for key in ["attention_bias", "mlp_bias", "use_qk_norm", "use_cla"] {
      #expect(LatentKeys.refuses(key, .other), "\(key)")
      for value in [nil, .null, .no] as [LatentKeys.Value?] { #expect(!LatentKeys.refuses(key, value), "\(key)") }
    }
    #expect(LatentKeys.refuses("sliding_window", .integer(4096)) && !LatentKeys.refuses("sliding_window", .null))
    #expect(LatentKeys.refuses("hidden_act", .word("gelu")) && !LatentKeys.refuses("hidden_act", .word("silu")))
    #expect(LatentKeys.refuses("cla_share_factor", .integer(2)) && !LatentKeys.refuses("cla_share_factor", .integer(1)))
    #expect(!LatentKeys.refuses("torch_dtype", .other))
    #expect(!LatentKeys.refusesRotation(type: nil, members: ["rope_theta"]))
    #expect(!LatentKeys.refusesRotation(type: "default", members: ["rope_type", "partial_rotary_factor"]))
    #expect(LatentKeys.refusesRotation(type: "yarn", members: ["rope_type"]))
    for member in ["mscale", "mscale_all_dim", "factor"] {
      #expect(LatentKeys.refusesRotation(type: "default", members: ["rope_type", member]))
    }
    #expect(!LatentKeys.refusesExperts(routed: nil, firstDense: 3, layers: 61))
    #expect(LatentKeys.refusesExperts(routed: 256, firstDense: 3, layers: 61))
    #expect(LatentKeys.refusesExperts(routed: 256, firstDense: nil, layers: 2))
    #expect(!LatentKeys.refusesExperts(routed: 256, firstDense: 2, layers: 2))
    #expect(LatentKeys.refusesKeyValueHeads(2, heads: 4) && !LatentKeys.refusesKeyValueHeads(nil, heads: 4))
  }

  @Test func `LAT-11 the bits of a token are what is counted producer by producer`() throws {
    for sample in someLatents() {
      for layers in 1...5 {
        let (parameters, profile) = (try sample.attention(), sample.latentProfile)
        var counted = 0
        for layer in 0..<layers where parameters.isProducer(layer) {
          switch parameters.form {
          case .heads(_, let keyValue, let dimension): for _ in 0..<2 * keyValue * dimension { counted += 16 }
          case .latent(let widths):
            for channel in 0..<widths.latent {
              counted += widths.bits ?? 16
              if widths.bits != nil && channel % widths.group == 0 {
                counted += profile.quantiser == .asymmetric ? 32 : 16
              }
            }
            for _ in 0..<widths.rotated { counted += widths.rotatedBits ?? 16 }
            if widths.rotatedBits != nil { counted += profile.quantiser == .asymmetric ? 32 : 16 }
          }
        }
        #expect(try LatentCost(parameters, layers: layers).tokenBits == counted, "\(sample)")
      }
    }
  }

  @Test func `LAT-11 clla with a latent of 512 and a rotated key of 64 in 32 layers`() throws {
    var large = widths
    (large.heads, large.plain, large.rotated, large.value) = (32, 128, 64, 128)
    (large.latent, large.bits, large.group) = (512, LatentPoint.clla.bits, 512)
    let parameters = try LatentParameters(profile: LatentPoint.clla.profile, stride: 2, form: .latent(large))
    let cost = try LatentCost(parameters, layers: 32)
    #expect(cost.producers == 16 && cost.entryBits == 512 * 4 + 32 + 64 * 16 && cost.tokenBits == 16 * 3104)
    let none = try LatentParameters(
      profile: LatentPoint.cla.profile, stride: 1, form: .heads(query: 32, keyValue: 32, dimension: 128))
    #expect(try LatentCost(none, layers: 32).tokenBits == 32 * 2 * 32 * 128 * 16)
    #expect(throws: PeerError.cacheSizeOutOfRange) {
      try LatentCost(none, layers: .max)
    }
  }
}
