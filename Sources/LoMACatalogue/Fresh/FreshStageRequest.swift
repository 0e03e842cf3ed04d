// RUN-17: the request of a fresh case on a single stage.

import LoMA
import LoMAAnswers
import LoMAVectors
import NaiveLlama

extension FreshCase {
  /// A stage on drawn numbers, with sizes like those of the catalogue's, as a plain Llama has it.
  var plainStage: Request {
    var lots = SeededNumbers(seed: seed(4))
    let deviation = [0.5, 1, 2][lots.integer(below: 3)]
    let (rows, width) = (self[.rows], self[.width])
    switch operation {
    case .rmsNorm:
      // With small rows ε matters; with ε = 0 rows are not small, since nothing would be left of them in f16.
      let (small, epsilon) = [(false, 0), (false, 0x1p-14), (true, 1e-5), (true, 1e-6)][lots.integer(below: 4)]
      return stage(
        ["epsilon": .real(epsilon)],
        [
          normal("x", [rows, width], deviation: small ? 0x1.8p-9 : deviation, 1),
          normal("gain", [width], deviation: 0.5, mean: 1, 2),
        ])
    case .rope:
      let furthest = [8, 4096, 32_768][lots.integer(below: 3)]
      let theta = [1000.0, 10_000, 500_000, 12_345.5][lots.integer(below: 4)]
      let positions = (0..<rows).map { _ in lots.integer(below: furthest) }
      return stage(
        ["head_dim": .integer(2 * self[.pairs]), "theta": .real(theta)],
        [
          normal("x", [rows, 2 * self[.pairs] * self[.keyValueHeads]], deviation: 1, 1),
          CaseInputs.integers("positions", positions),
        ])
    case .feedForward:
      func weight(_ name: String, _ out: Int, _ fanIn: Int, _ purpose: Int) -> NamedArray {
        normal(name, [out, fanIn], deviation: 1.5 / Double(fanIn).squareRoot(), purpose)
      }
      return stage(
        [:],
        [
          normal("x", [rows, width], deviation: deviation, 1), weight("gate", self[.middle], width, 2),
          weight("up", self[.middle], width, 3), weight("down", width, self[.middle], 4),
        ])
    case .crossEntropy:
      // Scores with little spread if there are many, and sometimes beyond 100.
      let scores = width > 1000 ? 0.25 : [2.0, 4, 8, 96][lots.integer(below: 4)]
      return stage(
        [:],
        [
          normal("logits", [rows, width], deviation: scores, 1),
          CaseInputs.integers("labels", CaseInputs.text(rows, below: width, seed: seed(12))),
        ])
    case .attention:
      return StageRequests.attention(
        heads: self[.keyValueHeads] * self[.sharing], keyValueHeads: self[.keyValueHeads], d: 2 * self[.pairs],
        c: self[.c], t: self[.t], n: lengths.first ?? 1, profile: profile, deviation: deviation, seed: seed(10))
    default:
      return StageRequests.decoderLayer(
        heads: self[.keyValueHeads] * self[.sharing], keyValueHeads: self[.keyValueHeads], d: 2 * self[.pairs],
        c: self[.c], t: self[.t], n: lengths.first ?? 1, profile: profile, seed: seed(10))
    }
  }

  private func stage(_ parameters: [String: RequestParameter], _ arrays: [NamedArray]) -> Request {
    Request(operation, axes: [:], parameters: parameters, model: nil, input: CaseInputs.file(arrays), captures: [])
  }

  private func normal(
    _ name: String, _ shape: [Int], deviation: Double, mean: Double = 0, _ purpose: Int
  ) -> NamedArray {
    CaseInputs.normal(
      name, shape: shape, deviation: deviation, mean: mean, seed: seed(10 + purpose), fills: fillsF32)
  }
}
