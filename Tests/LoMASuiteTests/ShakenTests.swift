// TOL-16: the shaken reference errs as a port may: a little everywhere, always alike, and a lot where roundings are carried far.

import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMAAnswers
@testable import LoMACatalogue
@testable import LoMAConformance
@testable import LoMAMutants
@testable import LoMASuite

@Suite("Chapter 12: the shaken reference")
struct ShakenTests {
  private static let models = Result { () throws(RecordingError) in try RecordedModels.seeded.get().models }

  /// The largest error of a kind of tensors, relative to each one's largest number.
  private static func error(_ port: ReferenceCandidate, _ request: Request, _ type: ElementType, _ prefix: String)
    throws
    -> Double
  {
    let right = try ReferenceAnswers(models: models.get(), workers: .single).answer(request)
    guard case .tensors(let arrays) = port.respond(to: request, in: type) else { return .infinity }
    var worst = 0.0
    for tensor in right where tensor.name.hasPrefix(prefix) {
      guard case .doubles(let want) = tensor.content,
        let got = try arrays.first(where: { $0.name == tensor.name })?.doubles()
      else { continue }
      let largest = want.reduce(0) { max($0, $1.magnitude) }
      for (a, b) in zip(got, want) where largest > 0 { worst = max(worst, (a - b).magnitude / largest) }
    }
    return worst
  }

  @Test(arguments: [(ElementType.f64, 0x1p-53), (.f32, 0x1p-24)])
  func `TOL-16 it errs by tens of roundings, in its gradients too, and by the same ones again`(
    _ type: ElementType, _ unit: Double
  ) throws {
    let item = try #require(Catalogue.item("training.gradients.gqa.base"))
    let ports = ReferenceCandidate.shaken(models: try Self.models.get(), times: 2)
    let errors = try ports.map { try Self.error($0, item.request, type, "gradients.") }
    for error in errors { #expect(error > 2 * unit && error < 200 * unit, "\(error / unit)") }
    #expect(errors[0] != errors[1], "two seeds are two ports")
    #expect(try Self.error(ports[0], item.request, type, "gradients.") == errors[0])
  }

  @Test func `TOL-16 what is 0 stays 0: a hidden key has no weight`() throws {
    let item = try #require(Catalogue.item("model.forward.gqa.captures-attention"))
    let right = try ReferenceAnswers(models: Self.models.get(), workers: .single).answer(item.request)
    let port = try #require(ReferenceCandidate.shaken(models: try Self.models.get(), times: 2).first)
    guard case .tensors(let arrays) = port.respond(to: item.request, in: .f64) else {
      Issue.record("no answer")
      return
    }
    let name = "layers.1.attention.probabilities"
    guard case .doubles(let want)? = right.first(where: { $0.name == name })?.content else { return }
    let got = try #require(try arrays.first { $0.name == name }?.doubles())
    #expect(want.indices.allSatisfy { (want[$0] == 0) == (got[$0] == 0) } && got != want)
  }

  @Test func `TOL-16 where gradients are moved, a weight moves by the step over epsilon, and a zero stays`() throws {
    let item = try #require(Catalogue.item("training.train_step.mha.steps1"))
    let port = ReferenceCandidate.movingGradients(models: try Self.models.get())
    func error(_ epsilon: Double) throws -> Double {
      let request = item.request.with(parameters: item.request.parameters.adding(["adam_epsilon": .real(epsilon)]))
      return try Self.error(port, request, .f64, "parameters.")
    }
    // Moments are off by what gradients are off.
    let moments = try Self.error(port, item.request, .f64, "first_moments.")
    #expect(moments > 0x1p-44 && moments < 0x1p-42)
    #expect(try error(0x1p-12) > 16 * error(0x1p-3))
    let still = ParameterSet(["x": Tensor(shape: [3], values: [0, 1, -4])]).moved(by: 0.25)
    let values = try #require(still.tensors["x"]).values
    #expect(values[0] == 0 && [0, 2].contains(values[1]) && [-5, -3].contains(values[2]))
  }

  /// A weight whose gradient is below ε moves by η/ε times what is rounded of the gradient.
  @Test func `TOL-16 a small epsilon of AdamW carries roundings far, a larger one does not`() throws {
    let item = try #require(Catalogue.item("training.train_step.mha.tiny-epsilon"))
    let port = try #require(ReferenceCandidate.shaken(models: try Self.models.get(), times: 2).first)
    func error(_ epsilon: Double, rate: Double) throws -> Double {
      let parameters: [String: RequestParameter] = ["adam_epsilon": .real(epsilon), "learning_rate": .real(rate)]
      let request = item.request.with(parameters: item.request.parameters.adding(parameters))
      return try Self.error(port, request, .f64, "parameters.")
    }
    #expect(try error(0x1p-27, rate: 0x1p-4) > 4 * error(0x1p-3, rate: 0x1p-4))
  }
}
