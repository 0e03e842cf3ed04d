// OPS-7: the reference has every property on the catalogue's inputs, as the runner asks and judges them.

import Foundation
import LoMAReference
import LoMAVectors
import Testing

@testable import LoMAAnswers
@testable import LoMAConformance
@testable import LoMAJudgement
@testable import LoMASuite

@Suite("Chapter 11: properties")
struct PropertyTests {
  private static let models = try? RecordedModels.seeded.get().models
  private static let corpus = try? CaseCorpus(
    folder: URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../Vectors")
      .standardized.path)

  private func request(_ question: Question) throws -> Request {
    var axes: [String: String] = [:]
    for member in question.profile.members { axes[member.key] = member.value.stringValue }
    var parameters: [String: RequestParameter] = [:]
    for member in question.parameters.members {
      switch member.value {
      case .integer(let value): parameters[member.key] = .integer(value)
      case .string(let text): parameters[member.key] = Double(text).map { .real($0) } ?? .word(text)
      case .null, .boolean, .number, .array, .object: Issue.record("\(member.key) is no parameter")
      }
    }
    return Request(
      question.op, axes: axes, parameters: parameters,
      model: question.model, input: try ArrayFile(question.input, metadata: [:]), captures: question.captures)
  }

  private func result(_ item: StoredCase) throws -> CaseResult {
    let (corpus, answers) = (
      try #require(Self.corpus), ReferenceAnswers(models: try #require(Self.models), workers: .single)
    )
    let replies = try corpus.questions(of: item, dtype: "f64").map { question in
      Reply.tensors(try answers.answer(try request(question)).filter { !$0.isBound }.map { try $0.array() })
    }
    return try corpus.judge(item, dtype: "f64", replies: replies, bounds: .provisional)
  }

  /// Those of OPS-7; `online`, `inert` and `gate` are CCM-36's.
  static let properties = Property.allCases.filter { ![.online, .inert, .gate].contains($0) }

  @Test(arguments: properties)
  func `OPS-7 the reference has every property`(_ property: Property) throws {
    var count = 0
    for item in try #require(Self.corpus).cases {
      guard case .property(property) = item.answer else { continue }
      let result = try result(item)
      #expect(result.verdict == .pass, "\(item.id): \(result.why) \(String(describing: result.finding))")
      // It repeats its own bits, so what is near is equal (GEN-7); `shift` alone moves the angles' last bits.
      if property != .shift {
        #expect(result.tensors.allSatisfy { $0.ratio == 0 }, "\(item.id)")
      }
      count += 1
    }
    #expect(count >= 2)
  }
}
