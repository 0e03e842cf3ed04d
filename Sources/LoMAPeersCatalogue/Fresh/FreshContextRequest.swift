// RUN-17, CCM-30: the request of a fresh case of chapter 16.

import LoMAAnswers
import LoMACatalogue
import LoMAPeers
import LoMAVectors
import NaiveLlama

extension FreshContextCase {
  package var good: Request {
    switch operation {
    case .ccmLayout, .ccmMask: onTexts()
    case .ccmSchedule: onTexts(["generate": .integer(self[.generate])])
    case .ccmCost:
      onTexts([
        "layers": .integer(self[.layers]), "kv_heads": .integer(self[.keyValueHeads]),
        "head_dim": .integer(2 * self[.pairs]), "bytes_per_element": .integer(2),
      ])
    case .merge: merge
    case .conditionalLinear: linear
    case .ccmForward, .ccmLoss, .ccmGradients: onTexts(arrays: embeddings)
    case .ccmOnline:
      onTexts(["generate": .integer(self[.generate])], arrays: isForced ? [CaseInputs.integers("forced", forced)] : [])
    default: preconditionFailure("\(operation.rawValue) is none of chapter 16")
    }
  }

  // MARK: - Texts

  private func onTexts(_ more: [String: RequestParameter] = [:], arrays: [NamedArray] = []) -> Request {
    drawnTexts.request(operation, model: caseModel, more, arrays: arrays, captures: captures)
  }

  /// V: that of the model, or one in 1...40.
  private var textSize: Int {
    var lots = SeededNumbers(seed: seed(1))
    return caseModel == nil ? 1 + lots.integer(below: 40) : ContextCaseModel.vocabulary
  }

  /// BOS, whether or not a text holds it.
  private var beginningToken: Int {
    var lots = SeededNumbers(seed: seed(2))
    return beginning == .none ? -1 : lots.integer(below: textSize)
  }

  private var drawnTexts: ContextTexts {
    let (size, first) = (textSize, beginningToken)
    let tokens = texts.map { text in
      text.segments.enumerated().map { place, segment in
        var tokens = stream(segment.stream, segment.length, below: size, beginning: first)
        if beginning == .first, place == 0 { tokens[0] = first }
        return tokens
      }
    }
    return ContextTexts(
      of: tokens, outputs: texts.map { $0.output }, n: memoryTokens, beginning: first, textSize: size, profile,
      rate: rate)
  }

  /// A prefix of a stream of tokens: where BOS may stand anywhere, it is every fourth on average, else none if there is
  /// another token.
  private func stream(_ number: Int, _ count: Int, below size: Int, beginning first: Int) -> [Int] {
    var numbers = SeededNumbers(seed: seed(1000 + number))
    return (0..<count).map { _ in
      let (isFirst, drawn) = (numbers.integer(below: 4) == 0, numbers.integer(below: size))
      switch beginning {
      case .none: return drawn
      case .anywhere: return isFirst ? first : drawn
      case .first: return drawn == first ? (drawn + 1) % size : drawn
      }
    }
  }

  /// a: much, little, all, or the mean's share of the second segment.
  private var rate: Double {
    var lots = SeededNumbers(seed: seed(3))
    return lots.one(of: [0.5, 0.375, 0.8125, 0.0625, 1])
  }

  private var forced: [Int] {
    CaseInputs.text(self[.generate], below: textSize, seed: seed(4))
  }

  /// Rows of numbers for each row of the batch, if they are given instead of tokens, and what a property replaces them
  /// by.
  private var embeddings: [NamedArray] {
    switch property {
    case .inert, .interference:
      [drawnTexts.embeddings(seed: seed(5)), drawnTexts.replacements(seed: seed(7))]
    case nil, .batch, .repeat, .online, .gate, .poison, .prefix, .cache, .shift:
      hasEmbeddings ? [drawnTexts.embeddings(seed: seed(5))] : []
    }
  }

  // MARK: - Stages

  private var merge: Request {
    var lots = SeededNumbers(seed: seed(8))
    let (deviation, mean) = (lots.one(of: [0.5, 1, 2]), lots.one(of: [0.0, 0, 1]))
    let shape = [self[.segments], self[.memoryTokens], self[.width]]
    return Request(
      .peer(.merge), axes: profile.axes,
      parameters: profile.mergeRate == .exponential ? ["rate": .real(rate)] : [:], model: nil,
      input: CaseInputs.file(
        ["keys", "values"].enumerated().map { place, name in
          CaseInputs.normal(
            name, shape: shape, deviation: deviation, mean: mean, seed: seed(10 + place), fills: fillsF32)
        }), captures: [])
  }

  private var linear: Request {
    var lots = SeededNumbers(seed: seed(9))
    let alpha = lots.one(of: [0.75, 1, 3, 16, -1.5])
    let gate = (0..<self[.rows]).map { _ in lots.integer(below: 2) == 0 ? "0" : "1" }.joined()
    let (width, out, rank) = (self[.width], self[.out], self[.rank])
    func other(_ name: String, _ shape: [Int], _ purpose: Int) -> NamedArray {
      CaseInputs.normal(name + ".replacement", shape: shape, deviation: 1, mean: 0, seed: seed(purpose))
    }
    return ContextStageCases.linear(
      gate, width: width, out: out, rank: rank, alpha: .real(alpha), seed: seed(20), fills: fillsF32,
      more: property == .gate ? [other("lora_a", [rank, width], 30), other("lora_b", [out, rank], 31)] : [])
  }
}
