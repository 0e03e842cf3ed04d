// LAT-3…LAT-6: queries, entries, scores and what is read, each otherwise.

import LoMAAnswers
import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

extension Mutant {
  private static let attending: Set<PeerOperation> = [.latentAttention, .latentForward, .latentGenerate]

  static var latentEntries: [Mutant] { norms + epsilons + heads + rotations }

  private static var norms: [Mutant] {
    [
      latentRules(
        "L01", .entries, "I did not normalise the latent", on: .latentPasses, where: { $0.normsLatent }
      ) { $0.make { StoredEntries(contents: $0.bareLatent, keys: $0.rotatedKey) } },
      latentRules(
        "L02", .entries, "I normalised the latent and the shared key together", on: .latentPasses,
        where: { $0.normsLatent && $0.widths?.rotated ?? 0 > 0 }
      ) { rules in
        rules.make { down in
          let gain = (down.gain ?? []) + Array(repeating: 1, count: down.widths.rotated)
          let normed = down.functions.rmsNorm(down.projected, gain: gain, epsilon: down.epsilon)
          let key = normed.columns(down.widths.latent..<normed.columns)
          return StoredEntries(
            contents: normed.columns(0..<down.widths.latent),
            keys: down.angles.map { down.functions.rotate(key, by: $0) } ?? key)
        }
      },
      latentRules(
        "L04", .entries, "I did not normalise the query latent", on: .latentPasses,
        where: { $0.widths?.queryLatent != nil }
      ) { $0.queryLatent = { down, _, _, _ in down } },
      // Without a quantiser nothing but the cache shows it.
      latentRules(
        "L22", .entries, "I cached the latent before its norm, and normalised it when it was read", on: .latentPasses,
        where: { $0.normsLatent }
      ) { rules in
        rules.make { StoredEntries(contents: $0.bareLatent, keys: $0.rotatedKey) }
        rules.read = { stored, gain, epsilon, functions in
          gain.map { functions.rmsNorm(stored, gain: $0, epsilon: epsilon) } ?? stored
        }
      },
      latentRules(
        "L25", .entries, "I normalised a latent whose norm is off", on: .latentPasses,
        where: { $0.widths != nil && !$0.normsLatent }
      ) { rules in
        rules.make { down in
          let gain = Array(repeating: 1.0, count: down.widths.latent)
          return StoredEntries(
            contents: down.functions.rmsNorm(down.bareLatent, gain: gain, epsilon: down.epsilon), keys: down.rotatedKey)
        }
      },
    ]
  }

  private static var epsilons: [Mutant] {
    @Sendable func norms(_ asked: AskedLatent) -> Bool { asked.normsLatent || asked.widths?.queryLatent != nil }
    return [
      // 2⁻¹⁴ for 10⁻⁶ is below the rounding of narrow types.
      latentConfiguration(
        "L23", .entries, "I took rms_norm_eps for ε of the latents' norms",
        where: { asked in norms(asked) && asked.configuration.map { $0.epsilon != $0.latentEpsilon } ?? false }
      ) { $0.latentEpsilon = $0.epsilon }
      .asked(in: [.f64, .f32]),
      latentConfiguration(
        "L24", .entries, "I took 1e-6 for ε of the latents' norms, whatever is given",
        where: { asked in
          norms(asked)
            && asked.configuration.map { $0.latentEpsilon != LatentConfiguration.defaultLatentEpsilon } ?? false
        }
      ) { $0.latentEpsilon = LatentConfiguration.defaultLatentEpsilon }
      .asked(in: [.f64, .f32]),
    ]
  }

  /// Whether heads have both parts.
  @Sendable private static func hasBothParts(_ asked: AskedLatent) -> Bool {
    asked.widths.map { $0.plain > 0 && $0.rotated > 0 } ?? false
  }

  private static var heads: [Mutant] {
    [
      latentRules(
        "L05", .entries, "I scaled scores by d_n alone", on: attending.union([.latentGradients]), where: hasBothParts
      ) { $0.scale = { 1 / Double($0.plain).squareRoot() } },
      latentRules(
        "L06", .entries, "I scaled scores by d_c + d_r, the width of a query in the absorbed form",
        on: attending.union([.latentGradients]), where: { $0.widths.map { $0.plain != $0.latent } ?? false }
      ) { $0.scale = { 1 / Double($0.latent + $0.rotated).squareRoot() } },
      latent(
        "L09", .entries, "I took the first d_r channels of a head for its rotated part", on: attending,
        where: hasBothParts
      ) { answers, request in
        if let query = request.input["query"], let widths = AskedLatent(request, answers)?.widths {
          return request.turningHeads(query, widths).map { (answers, $0) }
        }
        var answers = answers
        answers.peers.latentRules.rotateQuery = { query, angles, widths, functions in
          let parts = query.splitHeads(widths.heads, left: widths.rotated)
          let rotated = angles.map { functions.rotate(parts.left, by: $0) } ?? parts.left
          return Tensor.joinHeads(widths.heads, left: parts.right, right: rotated)
        }
        return (answers, request)
      },
      latentRules(
        "L21", .entries, "I took each head's first rows of kv_b_proj for its values", on: attending,
        where: { $0.widths.map { $0.plain > 0 } ?? false }
      ) { rules in
        rules.split = { up, widths in
          let parts = up.splitHeads(widths.heads, left: widths.value)
          return (plainKeys: parts.right, values: parts.left)
        }
      },
    ]
  }

  private static var rotations: [Mutant] {
    [
      latent(
        "L45", .entries, "I let query head h read KV head h mod H_kv", on: .latentPasses,
        where: { asked in
          guard case .heads(let query, let keyValue, _) = asked.parameters.form else { return false }
          return keyValue > 1 && query > keyValue
        }
      ) { answers, request in
        var answers = answers
        answers.functions.attend = { q, k, v, visible, heads, workers in
          reading(q, k, v, visible, heads, workers) { _, head in head % heads.keyValue }
        }
        return (answers, request)
      },
      latentRules(
        "L07", .entries, "I did not rotate the shared key", on: .latentPasses,
        where: { $0.widths?.rotated ?? 0 > 0 }
      ) { $0.make { StoredEntries(contents: $0.latent, keys: $0.unrotatedKey) } },
      // The angles of d_r channels fit no other width.
      latentRules(
        "L08", .entries, "I rotated the plain part of queries too", on: .latentPasses,
        where: { $0.widths.map { $0.plain == $0.rotated } ?? false }
      ) { rules in
        rules.rotateQuery = { query, angles, _, functions in angles.map { functions.rotate(query, by: $0) } ?? query }
      },
      // Two channels are neighbours and halves.
      latent(
        "L10", .entries, "I rotated neighbours, not halves", on: .latentModels,
        where: { $0.configuration.map { $0.rotatedWidth > 2 } ?? false }
      ) { answers, request in
        var answers = answers
        answers.functions.rotate = { x, angles in interleaved(x, angles) }
        answers.functions.rotateBackward = { dy, angles in interleaved(dy, angles.reversed) }
        return (answers, request)
      },
    ]
  }
}

extension RotaryAngles {
  /// The angles with the other sign.
  fileprivate var reversed: RotaryAngles {
    RotaryAngles(cosines: cosines, sines: Tensor(shape: sines.shape, values: sines.values.map { -$0 }))
  }
}

extension Request {
  /// The stage as it is asked of a port that looks for the rotated part of every head first.
  fileprivate func turningHeads(_ query: NamedArray, _ widths: LatentWidths) -> Request? {
    guard let numbers = try? query.doubles(), query.shape.count == 2,
      query.shape[1] == widths.heads * widths.key
    else { return nil }
    let parts = Tensor(shape: query.shape, values: numbers).splitHeads(widths.heads, left: widths.rotated)
    let turned = Tensor.joinHeads(widths.heads, left: parts.right, right: parts.left)
    guard let array = try? NamedArray("query", query.elementType, shape: query.shape, doubles: turned.values),
      let file = try? ArrayFile(input.arrays.map { $0.name == "query" ? array : $0 }, metadata: [:])
    else { return nil }
    return Request(
      operation, axes: axes, parameters: parameters, model: model, input: file, captures: captures)
  }
}
