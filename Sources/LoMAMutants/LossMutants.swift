// LOS: wrong labels and wrong means.

import LoMA
import LoMAReference
import LoMAVectors
import NaiveLlama

extension Mutant {
  static var losses: [Mutant] { labels + means + batches }

  /// Other labels, made from the right rows of a text.
  private static func labelled(
    _ id: String, _ sentence: String,
    _ wrong: @escaping @Sendable (_ rows: [Row], _ index: Int, _ text: [Int], _ parameters: Parameters) -> Int?
  ) -> Mutant {
    .answers(id, .losses, sentence, on: [.layout, .loss, .gradients, .trainStep]) { answers, _ in
      let right = answers.rows
      answers.rows = { (kind, text, vocabulary, parameters, profile) throws(InputError) in
        let rows = try right(kind, text, vocabulary, parameters, profile)
        return rows.indices.map { rows[$0].with(label: .some(wrong(rows, $0, text, parameters))) }
      }
    }
  }

  /// Whether a row is the last reading row of a full chunk.
  private static func isBorder(_ row: Row, _ parameters: Parameters) -> Bool {
    row.place.zone == .reading && row.place.index == parameters.chunkLength - 1
  }

  private static var labels: [Mutant] {
    [
      labelled("M110", "I labelled the last row of a chunk with the next row, `<m>`") { rows, index, _, parameters in
        isBorder(rows[index], parameters) && index + 1 < rows.count ? rows[index + 1].token : rows[index].label
      },
      labelled("M111", "I gave the last row of a chunk no label") { rows, index, _, parameters in
        isBorder(rows[index], parameters) ? nil : rows[index].label
      },
      labelled("M112", "I rolled the labels, so that the last token is labelled with the first") {
        rows, index, text, _ in
        rows[index].place.zone == .reading ? rows[index].label ?? text.first : rows[index].label
      },
      labelled("M113", "I labelled memory rows with the last token of their spans") { rows, index, text, parameters in
        guard case .memory(let chunk, let j) = rows[index].place else { return rows[index].label }
        let last = chunk * parameters.chunkLength + (j + 1) * parameters.c - 1
        // Another mutant may have made other rows, for which there is no such token.
        return text.indices.contains(last) ? text[last] : rows[index].label
      },
      Mutant(
        "M114", .losses, "I shifted the labels of repetition rows as those of reading rows",
        on: [.layout, .loss, .gradients, .trainStep]
      ) { answers, request in
        guard request.axes.isEmpty else { return nil }
        return (answers, request.with(axes: ["repetition_labels": "shifted"]))
      },
    ]
  }

  /// Other weights of the rows' cross-entropies, made from the row counts of the batch.
  static func weighted(
    _ id: String, _ sentence: String, _ weight: @escaping @Sendable (LossTerm, LabelledRows, _ text: Int) -> Double
  ) -> Mutant {
    rules(id, .losses, sentence, on: [.loss, .gradients, .trainStep]) { rules in
      rules.loss = { texts, logits in
        var sums: [LossTerm: Double] = [:]
        let counts = LabelledRows(texts)
        for (text, rows) in texts.enumerated() {
          for (r, row) in rows.enumerated() {
            guard let term = row.lossTerm, let label = row.label else { continue }
            sums[term, default: 0] +=
              weight(term, counts, text) * CrossEntropy.forward(logits[text].row(r), label: label)
          }
        }
        return Loss(languageModelling: sums[.languageModelling] ?? 0, repetition: sums[.repetition] ?? 0)
      }
      rules.lossBackward = { texts, logits in
        Self.gradients(texts, logits) { weight($0, LabelledRows(texts), $1) }
      }
    }
  }

  private static func gradients(
    _ texts: [[Row]], _ logits: [Tensor], _ weight: (LossTerm, _ text: Int) -> Double
  ) -> [Tensor] {
    texts.enumerated().map { text, rows in
      var gradient = Tensor(zeros: logits[text].shape)
      for (r, row) in rows.enumerated() {
        guard let term = row.lossTerm, let label = row.label else { continue }
        let values = CrossEntropy.backward(weight(term, text), logits: logits[text].row(r), label: label)
        for (j, value) in values.enumerated() { gradient[r, j] = value }
      }
      return gradient
    }
  }

  private static var means: [Mutant] {
    [
      weighted("M115", "I summed, and took no mean") { _, _, _ in 1 },
      weighted("M116", "I took one mean over the rows of both terms") { _, counts, _ in 1 / Double(counts.all) },
      weighted("M117", "I took a mean per text and then the mean of those") { term, counts, text in
        1 / Double((counts.perText[text][term] ?? 1) * counts.texts(with: term))
      },
      rules("M118", .losses, "I weighted the repetition loss with ½", on: [.gradients, .trainStep]) { rules in
        rules.lossBackward = { texts, logits in
          let counts = LabelledRows(texts)
          return gradients(texts, logits) { term, _ in
            (term == .repetition ? 0.5 : 1) / Double(counts.perText.reduce(0) { $0 + ($1[term] ?? 0) })
          }
        }
      },
      rules("M120", .losses, "I divided by the number of labelled rows where there are none", on: [.loss]) {
        $0.loss = { texts, logits in
          let (loss, counts) = (Loss(texts: texts, logits: logits), LabelledRows(texts))
          return Loss(
            languageModelling: counts.texts(with: .languageModelling) == 0 ? .nan : loss.languageModelling,
            repetition: counts.texts(with: .repetition) == 0 ? .nan : loss.repetition)
        }
      },
      answers("M121", .losses, "I took logarithms to base 2", on: [.loss, .crossEntropy]) { answers, _ in
        answers.finish = { tensors in
          tensors.map { tensor in
            guard case .doubles(let values) = tensor.content, !tensor.isBound else { return tensor }
            let binary = values.map { $0 / Elementary.logarithm(2) }
            return .tensor(tensor.name, Tensor(shape: tensor.shape, values: binary))
          }
        }
      },
      answers("M119", .losses, "I left the special ids out of the softmax of the loss", on: [.loss]) {
        answers, request in
        guard case .integer(let size)? = request.parameters["text_vocabulary"] else { return }
        answers.rules.loss = { texts, logits in
          // Beside a mistake that makes a special id a label, its share is 0.
          guard texts.joined().allSatisfy({ ($0.label ?? 0) < size }) else {
            return Loss(languageModelling: .infinity, repetition: .infinity)
          }
          return Loss(texts: texts, logits: logits.map { $0.columns(0..<size) })
        }
      },
    ]
  }
}

extension Mutant {
  /// Other labels of a batch, where its losses are computed.
  static func relabelled(
    _ id: String, _ sentence: String, _ wrong: @escaping @Sendable (_ texts: [[Row]], Parameters) -> [[Row]]
  ) -> Mutant {
    answers(id, .losses, sentence, on: [.loss, .gradients, .trainStep]) { answers, request in
      guard let parameters = try? request.lomaParameters() else { return }
      let (loss, backward) = (answers.rules.loss, answers.rules.lossBackward)
      answers.rules.loss = { loss(wrong($0, parameters), $1) }
      answers.rules.lossBackward = { backward(wrong($0, parameters), $1) }
    }
  }

  private static var batches: [Mutant] {
    [
      relabelled("M122", "I labelled pads with their token, 0") { texts, _ in
        texts.map { rows in rows.map { $0.place == .pad ? $0.with(label: .some($0.token)) : $0 } }
      },
      relabelled("M123", "I took the repetition labels of every text from the first text of the batch") {
        texts, parameters in
        let first = (texts.first ?? []).filter { $0.place.zone == .reading }.map { $0.token }
        return texts.map { rows in
          rows.map { row in
            guard case .repetition(let chunk, let index) = row.place, row.label != nil else { return row }
            let place = chunk * parameters.chunkLength + index
            return place < first.count ? row.with(label: .some(first[place])) : row
          }
        }
      },
      rules(
        "M124", .losses, "I accumulated gradients text by text, each with its own means", on: [.gradients, .trainStep]
      ) { rules in
        rules.lossBackward = { texts, logits in
          let counts = LabelledRows(texts)
          return gradients(texts, logits) { 1 / Double((counts.perText[$1][$0] ?? 1) * texts.count) }
        }
      },
      weighted("M125", "I divided by all rows of a kind, labelled or not") { term, counts, _ in
        1 / Double(counts.ofKind[term] ?? 1)
      },
    ]
  }
}

/// The number of labelled rows of each text.
struct LabelledRows: Sendable {
  /// For every text, the number of labelled rows by term.
  let perText: [[LossTerm: Int]]
  /// The number of all reading rows, and of all other rows with pads, labelled or not.
  let ofKind: [LossTerm: Int]
  /// The number of pads in all texts.
  let pads: Int

  init(_ texts: [[Row]]) {
    perText = texts.map { rows in
      rows.reduce(into: [:]) { counts, row in
        if let term = row.lossTerm { counts[term, default: 0] += 1 }
      }
    }
    let reading = texts.reduce(0) { $0 + $1.filter { $0.place.zone == .reading }.count }
    pads = texts.reduce(0) { $0 + $1.filter { $0.place == .pad }.count }
    ofKind = [.languageModelling: reading, .repetition: texts.reduce(0) { $0 + $1.count } - reading]
  }

  /// The number of labelled rows of both terms in all texts.
  var all: Int { perText.reduce(0) { $0 + $1.values.reduce(0, +) } }

  /// The number of labelled rows of one term in all texts.
  func pooled(_ term: LossTerm) -> Int { perText.reduce(0) { $0 + ($1[term] ?? 0) } }

  func texts(with term: LossTerm) -> Int { perText.filter { $0[term] != nil }.count }
}
