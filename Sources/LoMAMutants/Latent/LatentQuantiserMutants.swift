// QNT-1…QNT-3, LAT-4: other codes, scales and groups, and numbers that are quantised at another place.

import LoMAAnswers
import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

extension Mutant {
  private static let quantising = Set<PeerOperation>.latentModels.union([.quantise])

  static var latentQuantisers: [Mutant] { places + codes + scales + axes }

  /// Other groups of every matrix that is quantised. The quantiser alone is asked only where they are others.
  private static func groups(
    _ id: String, _ sentence: String, on operations: Set<PeerOperation> = quantising,
    where leavesRoom: @escaping @Sendable (AskedLatent) -> Bool, _ groups: @escaping PeerAnswers.Quantising
  ) -> Mutant {
    .latent(id, .quantiser, sentence, on: operations, where: { $0.isQuantised && leavesRoom($0) }) { answers, request in
      if request.operation == .peer(.quantise) {
        guard let (quantiser, x) = request.asked, groups(quantiser, x) != quantiser.groups(of: x) else { return nil }
      }
      var answers = answers
      answers.peers.quantise = { quantiser, x in quantiser.bits == nil ? [] : groups(quantiser, x) }
      let unquantised = answers.peers.latentRules.unquantised
      answers.peers.latentRules.entries = { down, quantisers in
        let made = unquantised(down)
        func read(_ quantiser: Quantiser, _ x: Tensor) -> Tensor {
          guard quantiser.bits != nil, x.columns > 0 else { return x }
          return down.functions.round(
            Tensor(shape: x.shape, values: groups(quantiser, x).flatMap { $0.values }))
        }
        return StoredEntries(
          contents: read(quantisers.latent, made.contents), keys: read(quantisers.rotatedKey, made.keys))
      }
      return (answers, request)
    }
  }

  // MARK: - What is quantised, and with what

  private static var places: [Mutant] {
    [
      latentRules(
        "L03", .quantiser, "I quantised the latent before its norm", on: .latentPasses,
        where: { $0.normsLatent && $0.widths?.bits != nil }
      ) { rules in
        rules.unquantised = { StoredEntries(contents: $0.bareLatent, keys: $0.rotatedKey) }
        rules.entries = { down, quantisers in
          let functions = down.functions
          let coarse = functions.round(quantisers.latent.quantised(down.bareLatent))
          return StoredEntries(
            contents: down.gain.map { functions.rmsNorm(coarse, gain: $0, epsilon: down.epsilon) } ?? coarse,
            keys: functions.round(quantisers.rotatedKey.quantised(down.rotatedKey)))
        }
      },
      latentRules(
        "L34", .quantiser, "I quantised the shared key before its rotation", on: .latentPasses,
        where: { $0.widths.map { $0.rotated > 0 && $0.rotatedBits != nil } ?? false }
      ) { rules in
        rules.unquantised = { StoredEntries(contents: $0.latent, keys: $0.unrotatedKey) }
        rules.entries = { down, quantisers in
          let functions = down.functions
          let coarse = functions.round(quantisers.rotatedKey.quantised(down.unrotatedKey))
          return StoredEntries(
            contents: functions.round(quantisers.latent.quantised(down.latent)),
            keys: down.angles.map { functions.rotate(coarse, by: $0) } ?? coarse)
        }
      },
      latentRules(
        "L35", .quantiser, "I stored codes, and read the numbers they were made of", on: .latentModels,
        where: { $0.isQuantised }
      ) { rules in
        rules.entries = { down, _ in
          StoredEntries(contents: down.functions.round(down.latent), keys: down.functions.round(down.rotatedKey))
        }
      },
      latentConfiguration(
        "L19", .quantiser, "I gave the shared key the latent's bits",
        where: { $0.isQuantised && $0.widths.map { $0.rotated > 0 && $0.bits != $0.rotatedBits } ?? false }
      ) { $0.widths.rotatedBits = $0.widths.bits },
      // The quantiser alone is given rows of groups, so that it has no scale of a column to answer with.
      groups(
        "L14", "I quantised over tokens, a scale for each channel", on: .latentModels, where: { _ in true }
      ) { quantiser, x in
        let columns = quantiser.with(group: x.rows).groups(of: x.transposed())
        let values = columns.flatMap { $0.values }
        let codes = Tensor(shape: [x.columns, x.rows], values: columns.flatMap { $0.codes }).transposed()
        let read = Tensor(shape: [x.columns, x.rows], values: values).transposed()
        // Each cell for itself, since its neighbours have other scales.
        return zip(codes.values, read.values).map { code, value in
          QuantisedGroup(least: value, step: 0, codes: [code])
        }
      },
      groups(
        "L15", "I took the whole row for one group", where: { $0.widths.map { $0.group < $0.latent } ?? false }
      ) { quantiser, x in
        quantiser.with(group: x.columns).groups(of: x).flatMap { $0.cut(by: quantiser.group) }
      },
      groups("L33", "I quantised all rows with one scale", where: { _ in true }) { quantiser, x in
        quantiser.with(group: x.values.count).groups(of: Tensor(shape: [1, x.values.count], values: x.values))
          .flatMap { $0.cut(by: quantiser.group) }
      },
    ]
  }

  // MARK: - Codes

  private static var codes: [Mutant] {
    func coded(
      _ id: String, _ sentence: String, on operations: Set<PeerOperation> = quantising,
      where leavesRoom: @escaping @Sendable (AskedLatent) -> Bool = { _ in true }, _ arithmetic: CodeArithmetic
    ) -> Mutant {
      groups(id, sentence, on: operations, where: leavesRoom) { arithmetic.groups($0, $1) }
    }
    return [
      coded("L16", "I took 2^b steps for 2^b − 1", CodeArithmetic(moreSteps: 1)),
      coded("L17", "I truncated the codes", CodeArithmetic(rounded: { $0.rounded(.towardZero) })),
      // Nothing but exact halves shows it.
      coded(
        "L20", "I rounded halves away from zero", on: [.quantise],
        CodeArithmetic(rounded: { $0.rounded(.toNearestOrAwayFromZero) })),
      coded("L31", "I did not keep codes in their range", on: [.quantise], CodeArithmetic(clamps: false)),
      coded(
        "L32", "I took the largest number for the largest magnitude",
        where: { $0.parameters.profile.quantiser == .symmetric }, CodeArithmetic(takesMagnitudes: false)),
    ]
  }

  // MARK: - Scales

  private static var scales: [Mutant] {
    [
      groups(
        "L28", "I rounded lo and Δ when the codes were made of the exact ones",
        where: { $0.parameters.profile.scaleRounding == .bf16 }
      ) { quantiser, x in
        zip(quantiser.with(scaleRounding: ScaleRounding.none).groups(of: x), quantiser.groups(of: x)).map {
          exact, rounded in
          QuantisedGroup(least: rounded.least, step: rounded.step, codes: exact.codes)
        }
      }
    ]
  }

  // MARK: - Axes

  /// A mutant that takes an axis of the quantiser to have a value, whatever is asked.
  private static func axis(
    _ id: String, _ sentence: String, _ axis: LatentAxis, _ value: String
  ) -> Mutant {
    .latent(
      id, .quantiser, sentence, on: quantising,
      where: { asked in asked.isQuantised && asked.parameters.profile[axis] != value }
    ) { answers, request in
      if request.model == nil {
        var axes = request.axes
        axes[axis.rawValue] = value
        let other = request.with(axes: axes)
        // One bit has no symmetric form.
        return AskedLatent(other, answers).map { _ in (answers, other) }
      }
      return answers.taking({ $0.profile = $0.profile.choosing(axis, value) ?? $0.profile }, in: request)
        .map { ($0, request) }
    }
  }

  private static var axes: [Mutant] {
    [
      axis("L18", "I took the symmetric form for the asymmetric one", .quantiser, "symmetric"),
      axis("L27", "I took the asymmetric form for the symmetric one", .quantiser, "asymmetric"),
      // In narrow types Δ of a right port errs by as much.
      axis("L29", "I rounded lo and Δ to bf16 where they are kept as they are", .scaleRounding, "bf16")
        .asked(in: [.f64, .f32]),
      axis("L30", "I kept lo and Δ as they are where they are rounded", .scaleRounding, "none")
        .asked(in: [.f64, .f32]),
    ]
  }
}

/// QNT-1, QNT-2 with other steps, another rounding or another range.
private struct CodeArithmetic: Sendable {
  /// Added to the number of steps from one end to the other.
  var moreSteps = 0.0
  var rounded: @Sendable (Double) -> Double = { Quantiser.roundedHalfEven($0) }
  var clamps = true
  /// Whether Δ of the symmetric form is made of the largest magnitude.
  var takesMagnitudes = true

  func groups(_ quantiser: Quantiser, _ x: Tensor) -> [QuantisedGroup] {
    guard let bits = quantiser.bits else { return [] }
    return stride(from: 0, to: x.values.count, by: quantiser.group).map { start in
      group(Array(x.values[start..<start + quantiser.group]), bits, quantiser)
    }
  }

  private func group(_ x: [Double], _ bits: Int, _ quantiser: Quantiser) -> QuantisedGroup {
    func kept(_ scale: Double) -> Double {
      quantiser.scaleRounding == .bf16 ? SeededNumbers.roundedToEightBits(scale) : scale
    }
    let (lowest, highest) = (x.min() ?? 0, x.max() ?? 0)
    let (range, least, step): (ClosedRange<Double>, Double, Double)
    switch quantiser.form {
    case .asymmetric:
      let last = Double((1 << bits) - 1)
      (range, least, step) = (0...last, kept(lowest), kept((highest - lowest) / (last + moreSteps)))
    case .symmetric:
      let most = Double((1 << (bits - 1)) - 1)
      let largest = takesMagnitudes ? max(-lowest, highest) : highest
      (range, least, step) = (-most...most, 0, kept(largest / (most + moreSteps)))
    }
    let codes = x.map { number in
      guard step != 0 else { return 0.0 }
      let code = rounded((number - least) / step)
      return clamps ? min(max(code, range.lowerBound), range.upperBound) : code
    }
    return QuantisedGroup(least: least, step: step, codes: codes)
  }
}

extension Quantiser {
  /// The same quantiser with another group or rounding; this one if it cannot be.
  fileprivate func with(group: Int? = nil, scaleRounding: ScaleRounding? = nil) -> Quantiser {
    (try? Quantiser(
      form: form, bits: bits, group: group ?? self.group, scaleRounding: scaleRounding ?? self.scaleRounding)) ?? self
  }
}

extension QuantisedGroup {
  /// Groups of the same scale, so many numbers each.
  fileprivate func cut(by width: Int) -> [QuantisedGroup] {
    stride(from: 0, to: codes.count, by: width).map {
      QuantisedGroup(least: least, step: step, codes: Array(codes[$0..<$0 + width]))
    }
  }
}

extension Request {
  /// The quantiser that is asked for alone, and what it is given; nil if the request is bad.
  fileprivate var asked: (Quantiser, Tensor)? {
    guard let profile = try? latentProfile(), let bits = try? integer("bits"), let group = try? integer("group"),
      let x = input["x"], x.shape.count == 2, let numbers = try? x.doubles(), group >= 1, x.shape[1] % group == 0,
      let quantiser = try? Quantiser(
        form: profile.quantiser, bits: bits, group: group, scaleRounding: profile.scaleRounding)
    else { return nil }
    return (quantiser, Tensor(shape: x.shape, values: numbers))
  }
}
