// MSK-11, LOS-4, OPS-4: texts of a batch that are confused with each other, and pads that count.

import LoMA
import LoMAReference
import LoMAVectors
import NaiveLlama

extension Mutant {
  static var batched: [Mutant] { firstText + padded + pooled }

  private static var firstText: [Mutant] {
    [
      answers("M201", .positions, "I gave every text of a batch the positions of the first", on: .training) {
        answers, request in
        guard let first = request.rows(answers).first else { return }
        let right = answers.rows
        answers.rows = { (kind, text, vocabulary, parameters, profile) throws(InputError) in
          try right(kind, text, vocabulary, parameters, profile).enumerated().map { index, row in
            row.with(position: index < first.count ? first[index].position : 0)
          }
        }
      }.asked { answers, request in
        let texts = request.rows(answers)
        return texts.dropFirst().contains { rows in
          zip(rows, texts[0]).contains { $0.place != .pad && $0.position != $1.position }
        }
      },
      answers("M202", .mask, "I gave every text of a batch the mask of the first", on: .training) {
        answers, request in
        guard let first = request.rows(answers).first else { return }
        let right = answers.rules.visible
        // Another mutant may have made other rows: a row that the first text lacks then belongs to its own text.
        answers.rules.visible = { mask, queries in
          let rows = first.prefix(mask.rows.count) + mask.rows.dropFirst(first.count)
          return right(Mask(rows: Array(rows), profile: mask.profile), queries)
        }
      }.asked { answers, request in
        let texts = request.rows(answers)
        guard let profile = try? request.profile(), let first = texts.first else { return false }
        let mask = Mask(rows: first, profile: profile)
        return texts.dropFirst().contains { rows in
          let own = Mask(rows: rows, profile: profile)
          return rows.indices.contains { rows[$0].place != .pad && own.visibleKeys(of: $0) != mask.visibleKeys(of: $0) }
        }
      },
    ]
  }

  private static var padded: [Mutant] {
    [
      answers("M200", .layout, "I cut a batch into chunks by its padded length", on: .training) { answers, request in
        let (right, longest) = (answers.rows, request.longest)
        answers.rows = { (kind, text, vocabulary, parameters, profile) throws(InputError) in
          let filled = text + Array(repeating: 0, count: max(longest - text.count, 0))
          return try right(kind, filled, vocabulary, parameters, profile).map { row in
            unfilled(row, n: text.count, parameters, profile)
          }
        }
      }.asked { _, request in
        guard let parameters = try? request.lomaParameters() else { return false }
        return request.lengths.contains { parameters.fullChunks($0) < request.fullChunks }
      },
      answers("M206", .mask, "I let memory rows see pads", on: .training) { answers, _ in
        answers.rules.visible = { mask, queries in
          VisibleKeys(mask, queries: queries) { query, key in
            mask.rows[query].place.zone == .memory && mask.rows[key].place == .pad
              || mask.allows(query: query, key: key)
          }
        }
      }.asked { answers, request in
        request.rows(answers).contains { rows in
          rows.contains { $0.place == .pad } && rows.contains { $0.place.zone == .memory }
        }
      },
      answers("M207", .mask, "I let pads see nothing, not even themselves", on: [.mask]) { answers, request in
        guard let kind = try? request.layoutKind(), let batch = try? request.batch(kind, rows: answers.rows) else {
          return
        }
        let places = batch.texts.flatMap { $0 }.map { $0.place }
        answers.finish = { tensors in
          tensors.map { tensor in
            // Beside a mistake that adds or loses rows the cells are not those of these places.
            guard case .booleans(let cells) = tensor.content, cells.count == places.count * batch.rowCount else {
              return tensor
            }
            let shown = cells.enumerated().map { $1 && places[$0 / batch.rowCount] != .pad }
            return .booleans(tensor.name, shape: tensor.shape, shown)
          }
        }
      }.asked { answers, request in
        (try? request.batch(request.layoutKind(), rows: answers.rows))?.texts.havePads ?? false
      },
    ]
  }

  /// A row of a text that was filled up to the longest: beyond its n tokens it is a pad and has no label.
  private static func unfilled(_ row: Row, n: Int, _ parameters: Parameters, _ profile: Profile) -> Row {
    let length = parameters.chunkLength
    let labelled =
      switch row.place {
      case .reading(let chunk, let index): chunk * length + index + 1
      case .memory(let chunk, _): chunk * length
      case .repetition(let chunk, let index):
        chunk * length + (profile.repetitionLabels == .aligned ? index : index + 1)
      case .pad: n
      }
    if case .reading(let chunk, let index) = row.place, chunk * length + index >= n {
      return Row(token: 0, place: .pad, position: 0, label: nil)
    }
    return labelled < n ? row : row.with(label: .some(nil))
  }

  private static var pooled: [Mutant] {
    [
      relabelled("M203", "I labelled the last token of a text with the first of the next text") { texts, _ in
        texts.enumerated().map { text, rows in
          guard let last = rows.lastIndex(where: { $0.place.zone == .reading }), text + 1 < texts.count,
            let next = texts[text + 1].first, next.place.zone == .reading
          else { return rows }
          var rows = rows
          rows[last] = rows[last].with(label: .some(next.token))
          return rows
        }
      }.asked { _, request in zip(request.lengths, request.lengths.dropFirst()).contains { $0 > 0 && $1 > 0 } },
      weighted("M204", "I counted pads in the means") { term, counts, _ in
        1 / Double(counts.pooled(term) + counts.pads)
      }.asked { answers, request in request.rows(answers).havePads },
      answers("M205", .gradients, "I divided the gradients of norms by the number of texts", on: .differentiating) {
        answers, request in
        let texts = Double(request.lengths.count)
        answers.gradientFilter = { gradients in
          var gradients = gradients
          for name in gradients.names where gradients.tensors[name]?.shape.count == 1 {
            gradients.tensors[name] = gradients.tensors[name].map { tensor in
              Tensor(shape: tensor.shape, values: tensor.values.map { $0 / texts })
            }
          }
          return gradients
        }
      }.asked { _, request in request.lengths.count > 1 },
    ]
  }
}

extension VisibleKeys {
  /// Some rows of a mask with the keys that another rule shows them; every row sees at least one key.
  init(_ mask: Mask, queries: Range<Int>, _ allows: (_ query: Int, _ key: Int) -> Bool) {
    self.init(
      lists: queries.map { query in mask.rows.indices.filter { allows(query, $0) } }, keyCount: mask.rows.count)
  }
}
