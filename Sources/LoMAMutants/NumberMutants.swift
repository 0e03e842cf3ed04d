// TOL-2, MSK-12: numbers that pass through a narrower type than the answer's, and softmaxes that leave the type's
// range.

import LoMA
import LoMAAnswers
import LoMAReference
import LoMAVectors
import NaiveLlama

extension Mutant {
  static var narrowNumbers: [Mutant] { tables + caches + sums + loads + ranges }

  /// The types in which rounding a number to bf16 or f16 exceeds what TOL-4 allows a stage.
  private static let wide: Set<ElementType> = [.f64, .f32]

  private static func table(_ id: String, _ sentence: String, on operations: Set<Operation>) -> Mutant {
    functions(id, .numbers, sentence, on: operations) { functions in
      let (right, narrow) = (functions.angles, ElementType.bf16.rounding)
      functions.angles = {
        let angles = right($0, $1)
        return RotaryAngles(cosines: narrow(angles.cosines), sines: narrow(angles.sines))
      }
    }.asked(in: wide)
  }

  private static var tables: [Mutant] {
    [
      table("M230", "I kept cosines and sines in bf16", on: .rotating),
      table("M231", "I kept cosines and sines in bf16, but where a rotation alone is asked for", on: .models),
      functions("M236", .numbers, "I computed the angles of the rotation in f32", on: .rotating) {
        $0.angles = { positions, rotation in
          let (frequencies, factor) = (rotation.frequencies.map { Float($0) }, rotation.attentionFactor)
          let angles = positions.flatMap { position in frequencies.map { Double(Float(position) * $0) } }
          let shape = [positions.count, frequencies.count]
          return RotaryAngles(
            cosines: Tensor(shape: shape, values: angles.map { Double(Float(factor * Elementary.cosine($0))) }),
            sines: Tensor(shape: shape, values: angles.map { Double(Float(factor * Elementary.sine($0))) }))
        }
      }.asked(in: [.f64]),
      functions("M240", .numbers, "I kept positions in bf16", on: .models) { functions in
        let right = functions.angles
        functions.angles = { positions, rotation in
          right(NarrowFloat.bfloat16.rounded(positions.map { Double($0) }).map { Int($0) }, rotation)
        }
      }.asked { answers, request in request.largestPosition(answers) > 256 },
    ]
  }

  /// Keys and values rounded to a narrower type, both where attention reads them and where they are returned.
  private static func cache(_ id: String, _ name: String, _ type: ElementType) -> Mutant {
    answers(id, .numbers, "I kept the cache in \(name)", on: .caches) { answers, _ in
      let (right, narrow) = (answers.functions.attend, type.rounding)
      answers.functions.attend = { right($0, narrow($1), narrow($2), $3, $4, $5) }
      answers.finish = { tensors in
        tensors.map { tensor in
          guard tensor.name.hasPrefix("cache.") || tensor.name.hasPrefix("appended."),
            case .doubles(let values) = tensor.content
          else { return tensor }
          return .tensor(tensor.name, narrow(Tensor(shape: tensor.shape, values: values)))
        }
      }
    }.asked(in: wide)
  }

  private static var caches: [Mutant] { [cache("M232", "f16", .f16), cache("M233", "bf16", .bf16)] }

  private static var sums: [Mutant] {
    [
      functions("M234", .numbers, "I attended in f32", on: .attending) { functions in
        let (right, narrow) = (functions.attend, ElementType.f32.rounding)
        functions.attend = {
          let output = right(narrow($0), narrow($1), narrow($2), $3, $4, $5)
          return AttentionOutput(context: narrow(output.context), probabilities: narrow(output.probabilities))
        }
      }.asked(in: [.f64]),
      weighing("M235", "I kept the sums of the softmax in f32") { weights in
        Double(Float(weights.reduce(0, +)))
      }.asked(in: [.f64]),
      answers("M237", .numbers, "I chose tokens from logits in f32", on: .caches) { answers, _ in
        let right = answers.rules.choose
        answers.rules.choose = { right($0, $1.map { Double(Float($0)) }) }
      }.asked(in: [.f64]),
      functions("M241", .numbers, "I scaled queries by 1.00001", on: .attending) { functions in
        let right = functions.attend
        functions.attend = { q, k, v, visible, heads, workers in
          right(Tensor(shape: q.shape, values: q.values.map { $0 * 1.00001 }), k, v, visible, heads, workers)
        }
      }.asked(in: wide),
    ]
  }

  /// Attention with another sum of weights.
  private static func weighing(
    _ id: String, _ sentence: String, _ sum: @escaping @Sendable (_ weights: [Double]) -> Double
  ) -> Mutant {
    functions(id, .numbers, sentence, on: .attending) {
      $0.attend = { q, k, v, visible, heads, _ in
        AttentionOutput(q, k, v, visible: visible, heads: heads) { scores in
          let largest = scores.reduce(-.infinity) { max($0, $1) }
          let weights = scores.map { Elementary.exponential($0 - largest) }
          let below = sum(weights)
          return weights.map { $0 / below }
        }
      }
    }
  }

  private static func loaded(_ id: String, _ name: String, _ type: ElementType) -> Mutant {
    Mutant(id, .numbers, "I loaded weights in \(name)", on: .models) { answers, request in
      guard let path = request.model, let model = answers.models[path] else { return nil }
      let narrow = ParameterSet(model.parameters.tensors.mapValues(type.rounding))
      guard narrow != model.parameters else { return nil }
      var answers = answers
      answers.models[path] = Model(
        configuration: model.configuration, parameters: narrow, stated: model.stated)
      return (answers, request)
    }.asked(in: wide)
  }

  private static var loads: [Mutant] { [loaded("M238", "bf16", .bf16), loaded("M239", "f16", .f16)] }

  private static var ranges: [Mutant] {
    [
      answers("M242", .numbers, "I took no maximum off the scores before the softmax", on: .attending) {
        answers, _ in
        let type = answers.type
        answers.functions.attend = { q, k, v, visible, heads, _ in
          AttentionOutput(q, k, v, visible: visible, heads: heads) { scores in
            let weights = scores.map { type.exponential($0) }
            let sum = weights.reduce(0, +)
            return weights.map { $0 / sum }
          }
        }
      },
      answers("M243", .numbers, "I took no maximum off the logits before the softmax of the loss", on: lossy) {
        answers, _ in
        let type = answers.type
        answers.judging { logits, label in
          let sum = logits.reduce(0) { $0 + type.exponential($1) }
          return Elementary.logarithm(sum) - logits[logits.startIndex + label]
        }
      },
    ]
  }

  private static let lossy: Set<Operation> = [.crossEntropy, .loss]
}

extension ElementType {
  /// e^x, infinite beyond the range of the type that sums are kept in, which is binary32 for narrower types (TOL-2).
  fileprivate func exponential(_ x: Double) -> Double {
    let value = Elementary.exponential(x)
    return self == .f64 ? value : Double(Float(value))
  }
}

extension ReferenceAnswers {
  /// Replaces the cross-entropy, in the stage and in both terms of a loss.
  mutating func judging(_ crossEntropy: @escaping @Sendable (ArraySlice<Double>, Int) -> Double) {
    functions.crossEntropy = crossEntropy
    rules.loss = { texts, logits in
      var (sums, counts): ([LossTerm: Double], [LossTerm: Double]) = ([:], [:])
      for (rows, logits) in zip(texts, logits) {
        for (r, row) in rows.enumerated() {
          guard let term = row.lossTerm, let label = row.label else { continue }
          sums[term, default: 0] += crossEntropy(logits.row(r), label)
          counts[term, default: 0] += 1
        }
      }
      func mean(_ term: LossTerm) -> Double { (sums[term] ?? 0) / (counts[term] ?? 1) }
      return Loss(languageModelling: mean(.languageModelling), repetition: mean(.repetition))
    }
  }
}

extension AttentionOutput {
  /// Attention with other weights, computed from the scores of the visible keys.
  init(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, visible: VisibleKeys, heads: AttentionHeads,
    _ softmax: (_ scores: [Double]) -> [Double]
  ) {
    let (d, scale) = (heads.dimension, heads.scale)
    var context = Tensor(zeros: q.shape)
    var probabilities = Tensor(zeros: [heads.query, q.rows, k.rows])
    for h in 0..<heads.query {
      let group = heads.keyValueHead(ofQuery: h) * d
      for (r, seen) in visible.lists.enumerated() {
        let scores = seen.map { j in
          var sum = 0.0
          for i in 0..<d { sum += q[r, h * d + i] * k[j, group + i] }
          return sum * scale
        }
        for (j, p) in zip(seen, softmax(scores)) {
          probabilities.values[(h * q.rows + r) * k.rows + j] = p
          for i in 0..<d { context[r, h * d + i] += p * v[j, group + i] }
        }
      }
    }
    self.init(context: context, probabilities: probabilities)
  }
}
