// CCM-21, CCM-23: other labels and means, and gradients that are cut off.

import LoMAAnswers
import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

extension Mutant {
  private static let labelling: Set<PeerOperation> = [.ccmLayout, .ccmLoss, .ccmGradients]

  /// Other labels of a text's rows.
  private static func labels(
    _ id: String, _ sentence: String, _ relabelled: @escaping @Sendable ([ContextRow]) -> [ContextRow]
  ) -> Mutant {
    .context(id, .losses, sentence, on: labelling, where: { _ in true }) { answers, request in
      var answers = answers
      let right = answers.peers.layout
      answers.peers.layout = { layout in
        var layout = right(layout)
        layout.rows = relabelled(layout.rows)
        return layout
      }
      return (answers, request)
    }
  }

  /// Another loss: the weight of each labelled row, and further ids with logit 0 in its softmax.
  private static func loss(
    _ id: String, _ sentence: String,
    ids: @escaping @Sendable (Request) -> Int,
    weight: @escaping @Sendable (_ labelled: [Int], _ text: Int) -> Double
  ) -> Mutant {
    .context(id, .losses, sentence, on: [.ccmForward, .ccmLoss, .ccmGradients], where: { _ in true }) {
      answers, request in
      var answers = answers
      let none = Array(repeating: 0.0, count: ids(request))
      if request.operation == .peer(.ccmForward) {
        guard !none.isEmpty else { return nil }
        answers.finish = { $0.map { $0.name == "logits" ? widened($0, by: none) : $0 } }
        return (answers, request)
      }
      @Sendable func labelled(_ texts: [[ContextRow]]) -> [Int] { texts.map { $0.count { $0.label != nil } } }
      answers.peers.rules.loss = { texts, logits in
        let counts = labelled(texts)
        var mean = 0.0
        for (text, rows) in texts.enumerated() {
          for (r, row) in rows.enumerated() {
            guard let label = row.label else { continue }
            mean += weight(counts, text) * CrossEntropy.forward(logits[text].row(r) + none, label: label)
          }
        }
        return ContextLoss(mean: mean, labelledRows: counts.reduce(0, +))
      }
      answers.peers.rules.lossBackward = { texts, logits in
        let counts = labelled(texts)
        return zip(texts.indices, texts).map { text, rows in
          var gradient = Tensor(zeros: logits[text].shape)
          for (r, row) in rows.enumerated() {
            guard let label = row.label else { continue }
            let values = CrossEntropy.backward(
              weight(counts, text), logits: logits[text].row(r) + none, label: label)
            for column in 0..<gradient.columns { gradient[r, column] = values[column] }
          }
          return gradient
        }
      }
      return (answers, request)
    }
  }

  /// Numbers with some more at the end of every row.
  private static func widened(_ tensor: ResultTensor, by more: [Double]) -> ResultTensor {
    guard case .doubles(let values) = tensor.content, let width = tensor.shape.last, width > 0 else { return tensor }
    let rows = stride(from: 0, to: values.count, by: width).flatMap { values[$0..<$0 + width] + more }
    return .tensor(tensor.name, Tensor(shape: tensor.shape.dropLast() + [width + more.count], values: rows))
  }

  static var contextLosses: [Mutant] {
    [
      labels("C37a", "I labelled all text, not the output alone") { rows in
        let texts = rows.indices.filter { rows[$0].place.role == .text }
        let next = Dictionary(uniqueKeysWithValues: zip(texts, texts.dropFirst()))
        return rows.indices.map { index in
          next[index].map { rows[index].with(label: .some(rows[$0].token)) } ?? rows[index]
        }
      },
      loss(
        "C37b", "I took a mean per text, 0 without an output, and then the mean of those", ids: { _ in 0 },
        weight: { counts, text in 1 / Double(counts[text] * counts.count) }),
      labels("C37c", "I left the first token of the output unlabelled") { rows in
        guard let first = rows.firstIndex(where: { $0.label != nil }) else { return rows }
        var rows = rows
        rows[first] = rows[first].with(label: .some(nil))
        return rows
      },
      loss(
        "C37d", "I gave the memory tokens rows of zeros in the head, and so logits and a part in the softmax",
        ids: { request in
          let n = (try? request.integer("memory_tokens")) ?? 0
          return (try? request.contextProfile())?.memory == .merge ? 2 * n : n
        }, weight: { counts, _ in 1 / Double(counts.reduce(0, +)) }),
      loss(
        "C37e", "I took a mean per text with an output, and then the mean of those", ids: { _ in 0 },
        weight: { counts, text in 1 / Double(counts[text] * counts.count { $0 > 0 }) }),
    ]
  }

  static var contextGradients: [Mutant] {
    [
      contextRules(
        "C38a", .gradients, "I let no gradient through the mean", on: [.ccmGradients], where: { _ in true }
      ) { $0.mergeBackward = { dMeans, _, shape in dMeans.map { _ in Tensor(zeros: shape) } } },
      contextRules(
        "C38b", .gradients, "I let no gradient through the keys and values of memory", on: [.ccmGradients],
        where: { _ in true }
      ) { rules in
        rules.entryBackward = { gradient, rows in
          var cut = gradient
          for (r, row) in rows.enumerated() where row.place.role == .comp {
            for column in 0..<cut.columns { cut[r, column] = 0 }
          }
          return cut
        }
      },
    ]
  }
}
