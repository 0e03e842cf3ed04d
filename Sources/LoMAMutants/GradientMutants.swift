// Gradients that are cut off, or that flow where they should not.

import LoMA
import LoMAReference
import LoMAVectors
import NaiveLlama

extension Mutant {
  private static let trainings: Set<Operation> = [.gradients, .trainStep]

  static var gradients: [Mutant] { detached + parameters + flows }

  /// Keeps the gradients of memory rows' keys and values from some query rows only.
  private static func detaching(
    _ id: String, _ sentence: String,
    _ counts: @escaping @Sendable (_ query: Place, _ memory: Place) -> Bool
  ) -> Mutant {
    answers(id, .gradients, sentence, on: trainings) { answers, request in
      guard let batch = try? request.batch(.training, rows: answers.rows), let profile = try? request.profile() else {
        return
      }
      // Attention is not given zones, only what each row sees; that identifies the text.
      var known: [VisibleKeys: [Place]] = [:]
      for rows in batch.texts {
        known[answers.rules.visible(Mask(rows: rows, profile: profile), rows.indices)] = rows.map { $0.place }
      }
      let (right, places) = (answers.functions.attendBackward, known)
      answers.functions.attendBackward = { dContext, q, k, v, p, visible, heads, workers in
        var gradients = right(dContext, q, k, v, p, visible, heads, workers)
        guard let rows = places[visible] else { return gradients }
        for (memory, place) in rows.enumerated() where place.zone == .memory {
          var part = dContext
          for (query, other) in rows.enumerated() where !counts(other, place) {
            for column in 0..<part.columns { part[query, column] = 0 }
          }
          let own = right(part, q, k, v, p, visible, heads, workers)
          for column in 0..<k.columns {
            gradients.key[memory, column] = own.key[memory, column]
            gradients.value[memory, column] = own.value[memory, column]
          }
        }
        return gradients
      }
    }
  }

  private static var detached: [Mutant] {
    [
      detaching("M130", "I detached memory, so that the repetition loss does not train compression") { query, _ in
        query.zone != .repetition
      },
      detaching("M131", "I detached the memories of earlier chunks") { $0.chunk == $1.chunk },
      detaching("M139", "I detached memory from whatever reads it, reading and memory rows too") { _, _ in false },
    ]
  }

  private static var parameters: [Mutant] {
    [
      answers("M138", .gradients, "I clipped gradients to norm 1", on: trainings) { answers, _ in
        answers.gradientFilter = { gradients in
          // PyTorch divides by the norm plus 10⁻⁶.
          let norm = gradients.names.reduce(0.0) { sum, name in
            (gradients.tensors[name]?.values ?? []).reduce(sum) { $0 + $1 * $1 }
          }.squareRoot()
          let factor = min(1, 1 / (norm + 1e-6))
          return ParameterSet(
            gradients.tensors.mapValues { Tensor(shape: $0.shape, values: $0.values.map { $0 * factor }) })
        }
      },
      answers("M132", .gradients, "I froze the embeddings of `<m>` and `<r>`", on: trainings) { answers, request in
        guard let vocabulary = try? request.vocabulary() else { return }
        answers.gradientFilter = { gradients in
          var gradients = gradients
          guard var table = gradients.tensors[ParameterName.embedding] else { return gradients }
          for id in [vocabulary.memoryToken, vocabulary.repetitionToken] {
            for column in 0..<table.columns { table[id, column] = 0 }
          }
          gradients.tensors[ParameterName.embedding] = table
          return gradients
        }
      },
      Mutant("M133", .gradients, "I counted a tied head's table as an embedding only", on: trainings) {
        answers, request in
        guard let path = request.model, let model = answers.models[path], model.configuration.tiesHead else {
          return nil
        }
        let shape = [model.configuration.vocabularySize, model.configuration.hiddenSize]
        var answers = answers
        let right = answers.functions.linearBackward
        answers.functions.linearBackward = { dy, x, weight, workers in
          let gradients = right(dy, x, weight, workers)
          return weight.shape == shape ? (gradients.input, Tensor(zeros: shape)) : gradients
        }
        return (answers, request)
      },
    ]
  }

  private static func attention(
    _ id: String, _ sentence: String, _ cut: @escaping @Sendable (inout AttentionGradients) -> Void
  ) -> Mutant {
    functions(id, .gradients, sentence, on: trainings) { functions in
      let right = functions.attendBackward
      functions.attendBackward = { dContext, q, k, v, p, visible, heads, workers in
        var gradients = right(dContext, q, k, v, p, visible, heads, workers)
        cut(&gradients)
        return gradients
      }
    }
  }

  private static var flows: [Mutant] {
    [
      attention("M134", "I let no gradient through keys") { $0.key = Tensor(zeros: $0.key.shape) },
      attention("M135", "I let no gradient through values") { $0.value = Tensor(zeros: $0.value.shape) },
      functions("M136", .gradients, "I took the root of RMSNorm for a constant", on: trainings) { functions in
        let right = functions.rmsNormBackward
        functions.rmsNormBackward = { dy, x, gain, epsilon in
          var dx = dy
          for r in 0..<x.rows {
            let mean = x.row(r).reduce(0) { $0 + $1 * $1 } / Double(x.columns)
            for i in 0..<x.columns { dx[r, i] = dy[r, i] * gain[i] / (mean + epsilon).squareRoot() }
          }
          return (dx, right(dy, x, gain, epsilon).gain)
        }
      },
      functions("M137", .gradients, "I turned the gradients of queries and keys the same way as them", on: trainings) {
        $0.rotateBackward = { RotaryPosition.forward($0, angles: $1) }
      },
    ]
  }
}
