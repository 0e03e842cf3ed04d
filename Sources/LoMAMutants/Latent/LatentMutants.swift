// Chapters 17 and 18: what their mutants are made of: a change of the rules of latent attention, of what a port takes a
// model's configuration for, or of the quantiser.

import LoMAAnswers
import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

extension Set where Element == PeerOperation {
  /// The operations that compute a whole model with latent attention.
  static let latentModels: Self = [.latentForward, .latentGradients, .latentGenerate]
  /// Those without gradients: of a wrong step forward the reference has no step backward.
  static let latentPasses: Self = [.latentForward, .latentGenerate]
}

/// What a request of chapter 17 or 18 is computed with.
struct AskedLatent {
  /// The decisions, s and the widths; of a stage, those that it is given.
  let parameters: LatentParameters
  /// The number of layers; 1 for a stage.
  let layers: Int
  /// The configuration of the model; nil for a stage.
  let configuration: LatentConfiguration?

  init?(_ request: Request, _ answers: ReferenceAnswers) {
    if let configuration = request.latentConfiguration(answers) {
      (parameters, layers) = (configuration.attention, configuration.shape.layers)
      self.configuration = configuration
      return
    }
    guard let profile = try? request.latentProfile(), let widths = request.latentStage,
      let parameters = try? LatentParameters(profile: profile, stride: 1, form: .latent(widths))
    else { return nil }
    (self.parameters, layers, configuration) = (parameters, 1, nil)
  }

  /// The widths; nil under `entries = heads`.
  var widths: LatentWidths? {
    guard case .latent(let widths) = parameters.form else { return nil }
    return widths
  }

  /// Whether every layer's latent passes a norm.
  var normsLatent: Bool { widths != nil && parameters.profile.latentNorm == .on }

  /// Whether anything is quantised.
  var isQuantised: Bool { widths.map { $0.bits != nil || $0.rotatedBits != nil && $0.rotated > 0 } ?? false }

  /// Whether some layer reads entries that it did not write.
  var hasConsumers: Bool { parameters.stride > 1 && layers > 1 }
}

extension Request {
  /// The configuration of a model that is asked for; nil for a stage, or if the model is refused.
  fileprivate func latentConfiguration(_ answers: ReferenceAnswers) -> LatentConfiguration? {
    model.flatMap { try? answers.peers.latents[$0]?.content.get().configuration }
  }

  /// The widths of a stage; of the quantiser, its row as a latent.
  fileprivate var latentStage: LatentWidths? {
    switch operation {
    case .peer(.latentAttention):
      guard let heads = try? integer("heads"), let plain = try? integer("plain_width"),
        let rotated = try? integer("rotated_width"), let value = try? integer("value_width"),
        let latent = input["latent"]?.shape.last
      else { return nil }
      return LatentWidths(
        heads: heads, plain: plain, rotated: rotated, value: value, latent: latent, queryLatent: nil, bits: nil,
        rotatedBits: nil, group: nil)
    case .peer(.quantise):
      guard let bits = try? integer("bits"), let group = try? integer("group"), let width = input["x"]?.shape.last
      else { return nil }
      return LatentWidths(
        heads: 1, plain: 1, rotated: 0, value: 1, latent: width, queryLatent: nil, bits: bits, rotatedBits: nil,
        group: group)
    default: return nil
    }
  }
}

extension Mutant {
  /// A mutant of chapter 17 or 18, asked where its clause says something.
  ///
  /// `change` returns what a port with the mistake computes with and is asked, nil if the request cannot show it.
  static func latent(
    _ id: String, _ family: Family, _ sentence: String, on operations: Set<PeerOperation>,
    where leavesRoom: @escaping @Sendable (AskedLatent) -> Bool,
    _ change: @escaping @Sendable (ReferenceAnswers, Request) -> (ReferenceAnswers, Request)?
  ) -> Mutant {
    Mutant(id, family, sentence, on: Set<Operation>(operations.map { .peer($0) })) { answers, request in
      guard let asked = AskedLatent(request, answers), leavesRoom(asked) else { return nil }
      return change(answers, request)
    }
  }

  /// A mutant with other rules.
  static func latentRules(
    _ id: String, _ family: Family, _ sentence: String, on operations: Set<PeerOperation>,
    where leavesRoom: @escaping @Sendable (AskedLatent) -> Bool,
    _ change: @escaping @Sendable (inout LatentRules) -> Void
  ) -> Mutant {
    .latent(id, family, sentence, on: operations, where: leavesRoom) { answers, request in
      var answers = answers
      change(&answers.peers.latentRules)
      return (answers, request)
    }
  }

  /// A mutant that takes a model's configuration for another.
  static func latentConfiguration(
    _ id: String, _ family: Family, _ sentence: String, on operations: Set<PeerOperation> = .latentModels,
    where leavesRoom: @escaping @Sendable (AskedLatent) -> Bool,
    _ taken: @escaping @Sendable (inout TakenConfiguration) -> Void
  ) -> Mutant {
    .latent(id, family, sentence, on: operations, where: leavesRoom) { answers, request in
      answers.taking(taken, in: request).map { ($0, request) }
    }
  }
}

/// The parts of a configuration that a port may take for others while its weights still fit.
struct TakenConfiguration {
  var profile: LatentProfile
  var widths: LatentWidths
  var latentEpsilon: Double
  /// `rms_norm_eps` of the other norms.
  let epsilon: Double
}

extension ReferenceAnswers {
  /// The answers with the model of a request taken for another; nil if no port could compute with that.
  func taking(_ change: (inout TakenConfiguration) -> Void, in request: Request) -> ReferenceAnswers? {
    guard let path = request.model, let stored = peers.latents[path], let right = request.latentConfiguration(self),
      case .latent(let widths) = right.attention.form
    else { return nil }
    var taken = TakenConfiguration(
      profile: right.attention.profile, widths: widths, latentEpsilon: right.latentEpsilon, epsilon: right.epsilon)
    change(&taken)
    guard
      let attention = try? LatentParameters(
        profile: taken.profile, stride: right.attention.stride, form: .latent(taken.widths)),
      let configuration = try? LatentConfiguration(
        shape: LatentShape(
          vocabularySize: right.shape.vocabularySize, hiddenSize: right.shape.hiddenSize,
          intermediateSize: right.shape.intermediateSize, layers: right.shape.layers, tiesHead: right.shape.tiesHead,
          attention: attention), epsilon: right.epsilon, latentEpsilon: taken.latentEpsilon, theta: right.theta)
    else { return nil }
    var answers = self
    answers.peers.latents[path] = stored.taken(for: configuration)
    return answers
  }
}

extension LatentRules {
  /// Other numbers in the place of c and k^R, quantised as they should be.
  mutating func make(_ unquantised: @escaping @Sendable (LatentDown) -> StoredEntries) {
    self.unquantised = unquantised
    entries = { down, quantisers in
      let made = unquantised(down)
      return StoredEntries(
        contents: down.functions.round(quantisers.latent.quantised(made.contents)),
        keys: down.functions.round(quantisers.rotatedKey.quantised(made.keys)))
    }
  }
}

extension LatentDown {
  /// W_DKV y: [rows, d_c].
  var bareLatent: Tensor { projected.columns(0..<widths.latent) }
  /// W_KR y: [rows, d_r].
  var unrotatedKey: Tensor { projected.columns(widths.latent..<widths.latent + widths.rotated) }
}
