// Chapter 11: the reference's answer to a request; recording and `loma reference` both call `ReferenceAnswers.answer`.

import LoMA
import LoMAReference
import LoMAVectors
import NaiveLlama

/// A result tensor by name, with the units of its bound if that is a derived one (TOL-3).
package struct ResultTensor: Sendable {
  package let name: String
  package let shape: [Int]
  package let content: Content

  /// The elements: exact integers or booleans, or numbers.
  package enum Content: Sendable {
    /// I64.
    case integers([Int])
    /// BOOL.
    case booleans([Bool])
    /// F64.
    case doubles([Double])
  }

  /// Traps if the number of elements is not that of the shape.
  package init(name: String, shape: [Int], content: Content) {
    self.name = name
    self.shape = shape
    self.content = content
  }

  package static func integers(_ name: String, shape: [Int], _ values: [Int]) -> ResultTensor {
    ResultTensor(name: name, shape: shape, content: .integers(values))
  }

  package static func integer(_ name: String, _ value: Int) -> ResultTensor { integers(name, shape: [], [value]) }

  package static func booleans(_ name: String, shape: [Int], _ values: [Bool]) -> ResultTensor {
    ResultTensor(name: name, shape: shape, content: .booleans(values))
  }

  package static func tensor(_ name: String, _ tensor: Tensor) -> ResultTensor {
    ResultTensor(name: name, shape: tensor.shape, content: .doubles(tensor.values))
  }

  /// The tensor as the container holds it: I64, BOOL or F64.
  package func array() throws(ContainerError) -> NamedArray {
    switch content {
    case .integers(let values): try NamedArray(name, .i64, shape: shape, integers: values)
    case .booleans(let values): try NamedArray(name, shape: shape, booleans: values)
    case .doubles(let values): try NamedArray(name, .f64, shape: shape, doubles: values)
    }
  }
}

package struct Model: Sendable {
  package let configuration: Configuration
  package let parameters: ParameterSet
  /// c, t, V and the special ids as the model's files state them; what a request says wins (OPS-1).
  package var stated: [String: RequestParameter] = [:]

  package init(configuration: Configuration, parameters: ParameterSet, stated: [String: RequestParameter] = [:]) {
    self.configuration = configuration
    self.parameters = parameters
    self.stated = stated
  }
}

/// How an optimiser step changes one value.
package typealias ValueUpdate = @Sendable (AdamWValue, Double, AdamWFactors) -> AdamWValue

/// The reference's answers to requests, with every function that a mutant may replace.
package struct ReferenceAnswers: Sendable {
  /// The models that requests may name, by path.
  package var models: [String: Model]
  /// Why other models are refused, by path (MOD-1, MOD-4).
  package var refusals: [String: ReferenceError] = [:]
  /// How many threads share the work.
  package let workers: Workers
  /// The element type that is asked for; the reference itself computes in binary64 in any case.
  package var type = ElementType.f64
  /// The layer functions of the Spec's Llama, or deliberately wrong ones.
  package var functions: LayerFunctions
  /// The rows of a text as chapters 2, 3 and 5 define them, or deliberately wrong ones.
  package var rows: RowsOfText = RowsOfLayout.right
  /// The rules of generation (chapter 6), or deliberately wrong ones.
  package var rules = LoMARules.spec
  /// Which gradients the optimiser gets; all by default.
  package var gradientFilter: @Sendable (ParameterSet) -> ParameterSet = { $0 }
  /// How an optimiser step changes one value; AdamW by default.
  package var update: ValueUpdate = AdamW.update
  /// An optimiser step on all parameters, given their gradients.
  package var step: @Sendable (inout AdamW, inout ParameterSet, ParameterSet, AdamWSettings, ValueUpdate) -> Void = {
    $0.step(&$1, gradients: $2, settings: $3, update: $4)
  }
  /// GEN-4: the token to feed next, given the chosen one, the forced one if any, and the number of tokens fed.
  package var next: @Sendable (Int, Int?, Int) -> Int = { chosen, forced, _ in forced ?? chosen }
  /// What the methods of part II compute with beside the models.
  package var peers = PeerAnswers()
  /// The last change of an answer before it is returned; none by default.
  package var finish: @Sendable ([ResultTensor]) -> [ResultTensor] = { $0 }

  /// The answers of the Spec's Llama.
  package init(models: [String: Model], workers: Workers) {
    self.models = models
    self.workers = workers
    self.functions = .llama(workers: workers)
  }

  /// The result tensors of a request, in a fixed order; throws if the request is bad.
  package func answer(_ request: Request) throws(RequestError) -> [ResultTensor] {
    finish(try computed(request))
  }

  private func computed(_ request: Request) throws(RequestError) -> [ResultTensor] {
    switch request.operation {
    case .layout: try layout(request)
    case .mask: try mask(request)
    case .schedule: try request.scheduleAnswer()
    case .metrics: try request.metricsAnswer()
    case .cost: try request.costAnswer()
    case .rmsNorm: try rmsNorm(request)
    case .rope: try rope(request)
    case .attention: try attention(request)
    case .feedForward: try feedForward(request)
    case .decoderLayer: try decoderLayer(request)
    case .crossEntropy: try crossEntropy(request)
    case .forward: try forward(request)
    case .loss: try loss(request)
    case .gradients: try gradients(request)
    case .trainStep: try trainStep(request)
    case .generate: try generate(request)
    case .reconstruct: try reconstruct(request)
    case .peer(let operation): try answer(operation, request)
    }
  }
}

extension ResultTensor {
  /// What is added to the name of codes for the tensor of their margins (LAT-18).
  static let marginSuffix = ".margin"

  /// Whether the tensor holds units of a derived bound, or margins of codes, and is not an output.
  package var isBound: Bool {
    [".accumulation", ".rounding", Self.marginSuffix].contains { name.hasSuffix($0) }
  }
}
