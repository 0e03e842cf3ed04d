// MOD-1, LOS-6, TRN-2: gradients that are lost, clipped, or applied to some parameters only.

import LoMA
import LoMAAnswers
import LoMAReference
import LoMAVectors
import NaiveLlama

extension Mutant {
  static var trained: [Mutant] { embeddings + heads + clipped + steps }

  private static var embeddings: [Mutant] {
    [
      functions(
        "M270", .gradients, "I overwrote the gradient of an embedding where its token comes again",
        on: .differentiating
      ) {
        $0.embedBackward = { dx, tokens, vocabularySize in
          var table = Tensor(zeros: [vocabularySize, dx.columns])
          for (r, token) in tokens.enumerated() {
            for column in 0..<dx.columns { table[token, column] = dx[r, column] }
          }
          return table
        }
      },
      answers(
        "M273", .gradients, "I let no gradient reach the embeddings of the last full chunk's memory rows",
        on: .differentiating
      ) { answers, request in
        guard let t = try? request.integer("t"), let memory = try? request.integer("memory_token") else { return }
        let right = answers.functions.embedBackward
        answers.functions.embedBackward = { dx, tokens, vocabularySize in
          var part = dx
          for row in tokens.indices.filter({ tokens[$0] == memory }).suffix(t) {
            for column in 0..<dx.columns { part[row, column] = 0 }
          }
          return right(part, tokens, vocabularySize)
        }
      }.asked { _, request in request.fullChunks > 0 },
    ]
  }

  /// A gradient of keys or values from only the last query head of each group.
  private static func lastHead(
    _ id: String, _ name: String, _ take: @escaping @Sendable (inout AttentionGradients, AttentionGradients) -> Void
  ) -> Mutant {
    functions(
      id, .gradients, "I took the gradient of \(name) from the last query head of a group", on: .differentiating
    ) { functions in
      let right = functions.attendBackward
      functions.attendBackward = { dContext, q, k, v, p, visible, heads, workers in
        var part = dContext
        let group = heads.query / heads.keyValue
        for h in 0..<heads.query where (h + 1) % group != 0 {
          for r in 0..<part.rows {
            for i in 0..<heads.dimension { part[r, h * heads.dimension + i] = 0 }
          }
        }
        var gradients = right(dContext, q, k, v, p, visible, heads, workers)
        take(&gradients, right(part, q, k, v, p, visible, heads, workers))
        return gradients
      }
    }.asked { answers, request in request.heads(answers).map { $0.query > $0.keyValue } ?? false }
  }

  private static var heads: [Mutant] {
    [
      lastHead("M271", "keys") { $0.key = $1.key },
      lastHead("M272", "values") { $0.value = $1.value },
    ]
  }

  private static func clipping(_ id: String, _ sentence: String, to limit: Double) -> Mutant {
    answers(id, .gradients, sentence, on: .differentiating) { answers, _ in
      answers.gradientFilter = { gradients in
        var gradients = gradients
        _ = gradients.clip(toGlobalNorm: limit)
        return gradients
      }
    }
  }

  private static var clipped: [Mutant] {
    [
      clipping("M275", "I clipped gradients to norm 1, as training does (TRN-2)", to: 1),
      clipping("M276", "I clipped gradients to norm 10", to: 10),
      clipping("M277", "I clipped gradients to norm 100", to: 100),
      answers("M278", .gradients, "I clipped every gradient to values from −1 to 1", on: .differentiating) {
        answers, _ in
        answers.gradientFilter = { gradients in
          ParameterSet(
            gradients.tensors.mapValues { tensor in
              Tensor(shape: tensor.shape, values: tensor.values.map { max(-1, min(1, $0)) })
            })
        }
      },
    ]
  }

  private static var steps: [Mutant] {
    [
      answers("M279", .optimiser, "I let no norm decay", on: [.trainStep]) { answers, _ in
        let right = answers.step
        answers.step = { optimiser, parameters, gradients, settings, update in
          let undecayed = AdamWSettings(
            learningRate: settings.learningRate, beta1: settings.beta1, beta2: settings.beta2,
            epsilon: settings.epsilon, weightDecay: 0)
          var (copy, others) = (optimiser, parameters)
          right(&copy, &others, gradients, undecayed, update)
          right(&optimiser, &parameters, gradients, settings, update)
          for name in parameters.names where parameters.tensors[name]?.shape.count == 1 {
            parameters.tensors[name] = others.tensors[name]
          }
        }
      }.asked { _, request in
        ((try? request.real("weight_decay")) ?? 0) != 0 && ((try? request.integer("steps")) ?? 0) > 0
      },
      Mutant("M274", .optimiser, "I left a tied head behind when the embedding was stepped", on: [.trainStep]) {
        answers, request in
        guard let path = request.model, let model = answers.models[path], model.configuration.tiesHead,
          ((try? request.integer("steps")) ?? 0) > 1, let untied = try? model.configuration.with(tiedHead: false)
        else { return nil }
        var (answers, parameters) = (answers, model.parameters)
        parameters.tensors[ParameterName.head] = parameters.tensors[ParameterName.embedding]
        answers.models[path] = Model(configuration: untied, parameters: parameters, stated: model.stated)
        answers.gradientFilter = { gradients in
          var gradients = gradients
          guard let head = gradients.tensors[ParameterName.head], let own = gradients.tensors[ParameterName.embedding]
          else { return gradients }
          gradients.tensors[ParameterName.embedding] = head + own
          return gradients
        }
        let right = answers.step
        answers.step = { optimiser, parameters, gradients, settings, update in
          let head = parameters.tensors[ParameterName.head]
          right(&optimiser, &parameters, gradients, settings, update)
          parameters.tensors[ParameterName.head] = head
        }
        answers.finish = { tensors in tensors.filter { !$0.name.hasSuffix("." + ParameterName.head) } }
        return (answers, request)
      },
    ]
  }
}
