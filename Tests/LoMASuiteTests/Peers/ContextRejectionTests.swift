// CCM-35: which fault is found first, for every pair of faults that a request can have.

import LoMAPeersReference
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMAAnswers
@testable import LoMACatalogue
@testable import LoMAPeersCatalogue

@Suite("Chapter 16: rejections")
struct ContextRejectionTests {
  /// A fault as a change of a request, in the order of the list.
  private struct Fault {
    let code: String
    var axes: [String: String] = [:]
    var parameters: [String: RequestParameter] = [:]
    var integers: [String: [Int]] = [:]
    var model: String?
  }

  private static let exponential = ["memory": "merge", "merge_rate": "exponential"]

  private static let shared = [
    Fault(code: "unknown-axis", axes: ["colour": "red"]),
    Fault(code: "unknown-alternative", axes: ["recurrence": "sometimes"]),
    Fault(code: "merge-rate-out-of-range", axes: exponential, parameters: ["rate": .real(.nan)]),
    Fault(code: "memory-tokens-out-of-range", parameters: ["memory_tokens": .integer(0)]),
    Fault(code: "vocabulary-size-out-of-range", parameters: ["text_vocabulary": .integer(0)]),
    Fault(code: "beginning-token-out-of-range", parameters: ["beginning_token": .integer(1000)]),
    Fault(code: "segment-empty", integers: ["lengths": [2, 0, 6]]),
    Fault(code: "segments-mismatch", integers: ["segments": [5]]),
    Fault(code: "text-too-long", parameters: ["memory_tokens": .integer(.max)]),
    Fault(code: "text-token-out-of-range", integers: ["tokens": [1, 2, 3, 1000, 5, 6, 7, 8]]),
  ]
  private static let outputs = [Fault(code: "output-length-out-of-range", integers: ["output_lengths": [3]])]
  private static let generated = [Fault(code: "negative-generation-length", parameters: ["generate": .integer(-1)])]
  private static let cost = [Fault(code: "cache-size-out-of-range", parameters: ["kv_heads": .integer(0)])]
  private static let models = [
    Fault(code: "unsupported-configuration", model: RefusedContextModel.scaledRotation.path),
    Fault(code: "vocabulary-mismatch", parameters: ["text_vocabulary": .integer(12)]),
    Fault(code: "adapter-shape-mismatch", parameters: ["memory_tokens": .integer(1)], model: ContextCaseModel.mqa.path),
  ]

  private func request(_ operation: PeerOperation, _ faults: [Fault]) -> Request {
    let right = ContextTexts([[2, 3, 3]], outputs: [1], .base, seed: 1).request(operation)
    let factors = ["layers", "kv_heads", "head_dim", "bytes_per_element", "generate"]
    var (axes, parameters) = (right.axes, right.parameters)
    for name in factors { parameters[name] = .integer(2) }
    var (integers, model): ([String: [Int]], String?) = ([:], ContextCaseModel.gqa.path)
    for fault in faults {
      axes.merge(fault.axes) { $1 }
      parameters.merge(fault.parameters) { $1 }
      integers.merge(fault.integers) { $1 }
      model = fault.model ?? model
    }
    let arrays = right.input.arrays.filter { integers[$0.name] == nil }
    return Request(
      .peer(operation), axes: axes, parameters: parameters, model: model,
      input: CaseInputs.file(arrays + integers.map { CaseInputs.integers($0.key, $0.value) }), captures: [])
  }

  private func code(_ request: Request) throws -> String? {
    let answers = try peerAnswers()
    do {
      _ = try answers.answer(request)
      return nil
    } catch { return error.rejectionCode ?? error.description }
  }

  @Test func `CCM-35 of two faults the first in the list is answered`() throws {
    let all: [(PeerOperation, [Fault])] = [
      (.ccmLayout, Self.shared + Self.outputs), (.ccmMask, Self.shared),
      (.ccmSchedule, Self.shared + Self.generated), (.ccmCost, Self.shared + Self.cost),
      (.ccmForward, Self.shared + Self.models), (.ccmLoss, Self.shared + Self.outputs + Self.models),
      (.ccmGradients, Self.shared + Self.outputs + Self.models),
      (.ccmOnline, Self.shared + Self.generated + Self.models),
    ]
    for (operation, faults) in all {
      #expect(try code(request(operation, [])) == nil, "\(operation)")
      for (place, first) in faults.enumerated() {
        #expect(try code(request(operation, [first])) == first.code, "\(operation): \(first.code)")
        for second in faults[(place + 1)...] {
          // The first fault's changes win where both change the same.
          let both = request(operation, [second, first])
          #expect(try code(both) == first.code, "\(operation): \(first.code) and \(second.code)")
        }
      }
    }
  }

  @Test func `CCM-35 every recorded rejection is answered with its code`() throws {
    for item in PeerCatalogue.cases {
      guard case .rejection(let wanted) = item.expectation else { continue }
      #expect(try code(item.request) == wanted, "\(item.id)")
    }
  }

  @Test func `CCM-30 a parameter or tensor that an operation does not name is ignored`() throws {
    let spare: [(PeerOperation, Fault)] = [
      (.ccmMask, Self.outputs[0]), (.ccmForward, Self.outputs[0]), (.ccmOnline, Self.outputs[0]),
      (.ccmLayout, Self.generated[0]), (.ccmCost, Self.generated[0]), (.ccmSchedule, Self.cost[0]),
      (.ccmLayout, Fault(code: "", parameters: ["rate": .real(7)])),
      (.ccmForward, Fault(code: "", integers: ["forced": [1000]])),
    ]
    for (operation, fault) in spare {
      #expect(try code(request(operation, [fault])) == nil, "\(operation): \(fault)")
    }
  }

  /// What is no fault of the list is not answered with a code.
  @Test func `CCM-35 a missing tensor or a wrong shape has no code`() throws {
    func without(_ name: String, _ operation: PeerOperation) -> Request {
      let right = request(operation, [])
      return Request(
        right.operation, axes: right.axes, parameters: right.parameters.filter { $0.key != name }, model: right.model,
        input: CaseInputs.file(right.input.arrays.filter { $0.name != name }), captures: [])
    }
    for (name, operation) in [
      ("lengths", PeerOperation.ccmMask), ("memory_tokens", .ccmLayout), ("generate", .ccmOnline),
    ] {
      let found = try code(without(name, operation))
      #expect(found?.hasPrefix("bad-tensor") == true || found == "missing-parameter: \(name)", "\(name)")
    }
    #expect(
      try code(request(.ccmLoss, [Fault(code: "", integers: ["output_lengths": [0, 0]])]))
        == "bad-shape: output_lengths")
    #expect(try code(request(.ccmOnline, [Fault(code: "", integers: ["forced": [1]])])) == "bad-shape: forced")
    #expect(
      try code(request(.ccmMask, [Fault(code: "", integers: ["tokens": [], "lengths": [], "segments": []])]))
        == "bad-shape: segments")
  }
}
