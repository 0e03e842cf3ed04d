// LAT-2, LAT-5, LAT-11: other layers that write, other up-projections that read, and other counts of them.

import LoMAAnswers
import LoMAPeers
import LoMAPeersReference
import LoMAVectors

extension Mutant {
  static var latentSharing: [Mutant] {
    [
      latentRules(
        "L11", .sharing, "I let a consumer read with its producer's up-projections", on: .latentModels,
        where: { $0.widths != nil && $0.hasConsumers && $0.parameters.profile.upProjection == .own }
      ) { $0.upProjection = { _, producer, _ in producer } },
      // Of a checkpoint it could compute nothing: the first layer of such a group has no weights to write with.
      cost("L12", .sharing, "I counted the stride from layer 1, layer 0 being a group of its own") { asked in
        (asked.layers - 2 + asked.stride) / asked.stride + 1
      } producer: { layer, stride in
        layer == 0 ? 0 : (layer - 1) / stride * stride + 1
      },
      // Where a cache is read, such a port has one for every layer.
      latentRules(
        "L13", .sharing, "I let a consumer make entries of its own input, with its producer's weights",
        on: [.latentForward], where: { $0.hasConsumers }
      ) { $0.remakesEntries = true },
      oneProducer,
    ]
  }

  /// The models and the cost of it.
  private static var oneProducer: Mutant {
    let (id, sentence) = ("L26", "I let all layers read the entries of the first")
    let counted = cost(id, .sharing, sentence, writers: { _ in 1 }, producer: { _, _ in 0 })
    let read = latentRules(
      id, .sharing, sentence, on: .latentModels, where: { $0.hasConsumers && $0.layers > $0.parameters.stride }
    ) { $0.producer = { _, _ in 0 } }
    return Mutant(id, .sharing, sentence, on: Set(Operation.allCases)) { answers, request in
      counted.apply(answers, request) ?? read.apply(answers, request)
    }
  }

  static var latentCosts: [Mutant] {
    [
      cost("L40", .cost, "I counted entries for consumers too") { $0.layers },
      Mutant("L46", .cost, "I counted bytes", on: [.peer(.latentCost)]) { answers, request in
        var answers = answers
        answers.finish = { $0.map { $0.withBits { $0 / 8 } } }
        return (answers, request)
      },
      cost("L41", .cost, "I rounded layers divided by the stride down") { $0.layers / $0.stride },
      payload("L42", "I did not count scales") { widths, form in
        let scales = StoredBits.ofNumber * (form == .asymmetric ? 2 : 1)
        let ofLatent = widths.bits == nil ? 0 : widths.latent / widths.group
        let ofKey = widths.rotatedBits == nil || widths.rotated == 0 ? 0 : 1
        return -(ofLatent + ofKey) * scales
      },
      payload("L43", "I counted a lower end in the symmetric form too") { widths, form in
        guard form == .symmetric else { return 0 }
        let ofLatent = widths.bits == nil ? 0 : widths.latent / widths.group
        let ofKey = widths.rotatedBits == nil || widths.rotated == 0 ? 0 : 1
        return (ofLatent + ofKey) * StoredBits.ofNumber
      },
      payload("L44", "I counted the rotated key with the latent's bits") { widths, form in
        var taken = widths
        taken.rotatedBits = widths.bits
        func bits(_ widths: LatentWidths) -> Int {
          (try? StoredBits.payload(count: widths.rotated, bits: widths.rotatedBits, groups: 1, form: form)) ?? 0
        }
        return bits(taken) - bits(widths)
      },
    ]
  }

  static var latentGeneration: [Mutant] {
    [
      latent(
        "L47", .generation, "I fed the token that I chose where another was given", on: [.latentGenerate],
        where: { _ in true }
      ) { answers, request in
        guard request.input["forced"] != nil else { return nil }
        var answers = answers
        answers.next = { chosen, _, _ in chosen }
        return (answers, request)
      }
    ]
  }

  /// The sizes of a cost.
  private struct AskedCost: Sendable {
    let layers: Int
    let stride: Int

    init?(_ request: Request) {
      guard let layers = try? request.integer("layers"), let stride = try? request.integer("stride"), layers >= 1,
        stride >= 1
      else { return nil }
      (self.layers, self.stride) = (layers, stride)
    }

    var producers: Int { (layers - 1) / stride + 1 }
  }

  /// Another number of layers that write, and other producers.
  private static func cost(
    _ id: String, _ family: Family, _ sentence: String, writers: @escaping @Sendable (AskedCost) -> Int,
    producer: (@Sendable (_ layer: Int, _ stride: Int) -> Int)? = nil
  ) -> Mutant {
    Mutant(id, family, sentence, on: [.peer(.latentCost)]) { answers, request in
      guard let asked = AskedCost(request), asked.stride > 1, asked.layers > 1 else { return nil }
      var answers = answers
      if let producer { answers.peers.latentRules.producer = producer }
      answers.finish = { $0.map { $0.withBits { $0 / asked.producers * writers(asked) } } }
      return (answers, request)
    }
  }

  /// Other bits of an entry, by so many more.
  private static func payload(
    _ id: String, _ sentence: String, _ more: @escaping @Sendable (LatentWidths, QuantiserForm) -> Int
  ) -> Mutant {
    Mutant(id, .cost, sentence, on: [.peer(.latentCost)]) { answers, request in
      guard let asked = AskedCost(request), let profile = try? request.latentProfile(),
        let widths = request.costWidths, case let bits = more(widths, profile.quantiser), bits != 0
      else { return nil }
      var answers = answers
      answers.finish = { $0.map { $0.withBits { $0 + asked.producers * bits } } }
      return (answers, request)
    }
  }
}

extension Request {
  /// The widths that a cost is asked for; nil under `entries = heads`, or if the request is bad.
  fileprivate var costWidths: LatentWidths? {
    func bits(_ name: String) -> Int? { (try? integer(name)).flatMap { $0 == 0 ? nil : $0 } }
    guard let latent = try? integer("latent_width"), let rotated = try? integer("rotated_width") else { return nil }
    let widths = LatentWidths(
      heads: 1, plain: 1, rotated: rotated, value: 1, latent: latent, queryLatent: nil, bits: bits("bits"),
      rotatedBits: bits("rotated_bits"), group: try? integer("group"))
    guard let profile = try? latentProfile(),
      (try? LatentParameters(profile: profile, stride: 1, form: .latent(widths))) != nil
    else { return nil }
    return widths
  }
}

extension ResultTensor {
  /// The bits of a token as something makes them of the right ones; any other tensor as it is.
  fileprivate func withBits(_ change: (Int) -> Int) -> ResultTensor {
    guard name == "bits", case .integers(let bits) = content, let right = bits.first else { return self }
    return .integer("bits", change(right))
  }
}
