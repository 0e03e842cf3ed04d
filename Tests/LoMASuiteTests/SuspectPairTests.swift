// RUN-30: two suspects at once answer or refuse; a run is never ended by the look for who made its mistakes.

import Foundation
import LoMA
import LoMAJudgement
import LoMAReference
import LoMAVectors
import Testing

@testable import LoMAAnswers
@testable import LoMACatalogue
@testable import LoMADiagnosis

@Suite("Chapter 14: two mistakes together")
struct SuspectPairTests {
  private static let batches = [[1, 13, 4], [5, 0, 9]].map { $0.map { CaseInputs.text($0, below: 11, seed: 1) } }
  /// Intermediates that mutants take elsewhere, or change.
  private static let captured = ModelCases.request(
    .forward, .mha, c: 2, t: 2, batches[0], .base,
    captures: ["final_norm", "hidden.1", "layers.0.attention.key", "layers.0.middle"])

  /// Batches whose first text is the shortest or empty, and a generation and a reconstruction through chunk borders.
  private static let requests: [Request] = {
    let training = batches.flatMap { texts in
      [Operation.layout, .mask, .forward, .gradients].map { operation in
        ModelCases.request(operation, .mha, c: 2, t: 2, texts, .base)
      }
    }
    let text = [CaseInputs.text(9, below: 11, seed: 1)]
    return training + [
      captured,
      ModelCases.request(.generate, .mha, c: 2, t: 2, text, .base, parameters: ["generate": .integer(5)]),
      ModelCases.request(.reconstruct, .mha, c: 2, t: 2, text, .base, parameters: ["chunk": .integer(1)]),
    ]
  }()

  private static var answers: ReferenceAnswers {
    get throws {
      ReferenceAnswers(models: try StoredModels(vectors: projectRoot + "/Vectors").models, workers: .single)
    }
  }

  /// Every pair with LOMA_EVERY_PAIR set, some minutes; otherwise one of a hundred.
  @Test func `RUN-30 two mutants together answer or refuse`() throws {
    let step = ProcessInfo.processInfo.environment["LOMA_EVERY_PAIR"] == nil ? 101 : 1
    let (answers, suspects) = (try Self.answers, Suspect.mutants(of: .loma))
    var place = 0
    for first in suspects {
      for second in suspects {
        place += 1
        guard place % step == 0 else { continue }
        let both = second.beside([first])
        for request in Self.requests where !both.answersRightly(request, answers) {
          // What matters is that this returns; tensors that it gives have their shape's size.
          let tensors = both.answer(to: request, answers) ?? []
          #expect(tensors.allSatisfy { $0.shape.allSatisfy { $0 >= 0 } })
        }
      }
    }
  }

  /// A run ended here once: keys were rotated back by positions of the rows that there were before another mistake.
  @Test(arguments: ["M263", "M264"])
  func `RUN-30 a mutant that changes intermediates answers beside any other`(_ id: String) throws {
    let (answers, suspects) = (try Self.answers, Suspect.mutants(of: .loma))
    let one = try #require(suspects.first { $0.words.hasPrefix(id) })
    for other in suspects {
      for both in [one.beside([other]), other.beside([one])] {
        let tensors = both.answer(to: Self.captured, answers) ?? []
        #expect(tensors.allSatisfy { $0.shape.allSatisfy { $0 >= 0 } })
      }
    }
  }

  /// Every pair with LOMA_EVERY_PAIR set, otherwise one of a hundred; each about one case that both mistakes change.
  @Test(arguments: [Part.loma, .peers])
  func `RUN-30 two mutants together answer a case that both change, or refuse`(_ part: Part) throws {
    let step = ProcessInfo.processInfo.environment["LOMA_EVERY_PAIR"] == nil ? 101 : 1
    let folder = projectRoot + "/Vectors" + (part == .loma ? "" : "/" + part.rawValue)
    let corpus = try CaseCorpus(folder: folder)
    let answers = ReferenceAnswers(models: try StoredModels(vectors: folder), workers: .single)
    var requests: [Request] = []
    for item in corpus.cases {
      guard case .tensors = item.answer, let dtype = item.dtypes.first,
        let question = try corpus.questions(of: item, dtype: dtype).first
      else { continue }
      let request = try Request(question)
      let length = request.input["tokens"]?.shape.reduce(1, *) ?? 0
      if length <= 512 { requests.append(request) }
    }
    let suspects = Suspect.mutants(of: part)
    let changed: [[Int]] = suspects.map { suspect in
      requests.indices.filter { !suspect.answersRightly(requests[$0], answers) }
    }
    var asked = 0
    for place in stride(from: 0, to: suspects.count * suspects.count, by: step) {
      let (first, second) = place.quotientAndRemainder(dividingBy: suspects.count)
      let shared = Set(changed[first]).intersection(changed[second]).sorted()
      if shared.isEmpty { continue }
      let request = requests[shared[place % shared.count]]
      let tensors = suspects[second].beside([suspects[first]]).answer(to: request, answers) ?? []
      #expect(tensors.allSatisfy { $0.shape.allSatisfy { $0 >= 0 } })
      asked += 1
    }
    #expect(asked > suspects.count * suspects.count / step / 8, "\(asked)")
  }
}
