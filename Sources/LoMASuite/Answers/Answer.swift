// Chapter 11: the reference's answer to a request; recording and `loma reference` both call this one function.

import LoMA
import LoMAReference
import LoMAVectors
import NaiveLlama

/// A named result tensor with, for a derived bound, what the bound is made of.
package struct ResultTensor: Sendable {
  /// Its name.
  package let name: String
  /// Its shape.
  package let shape: [Int]
  /// Its elements.
  package let content: Content

  /// Exact integers or booleans, or numbers.
  package enum Content: Sendable {
    /// I64.
    case integers([Int])
    /// BOOL.
    case booleans([Bool])
    /// F64.
    case doubles([Double])
  }

  /// A tensor whose content fits its shape.
  package init(name: String, shape: [Int], content: Content) {
    self.name = name
    self.shape = shape
    self.content = content
  }

  /// Exact integers.
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

  /// As the container holds it: I64, BOOL or F64.
  package func array() throws(ContainerError) -> NamedArray {
    switch content {
    case .integers(let values): try NamedArray(name, .i64, shape: shape, integers: values)
    case .booleans(let values): try NamedArray(name, shape: shape, booleans: values)
    case .doubles(let values): try NamedArray(name, .f64, shape: shape, doubles: values)
    }
  }
}

/// A model in memory.
package struct ModelInMemory: Sendable {
  /// Its shape.
  package let configuration: Configuration
  /// Its weights.
  package let parameters: ParameterSet
  /// What its files say of c, t, V and the special ids, under the names of a request; a request's own count (OPS-1).
  package var stated: [String: RequestParameter] = [:]

  /// A model, and what its files state.
  package init(configuration: Configuration, parameters: ParameterSet, stated: [String: RequestParameter] = [:]) {
    self.configuration = configuration
    self.parameters = parameters
    self.stated = stated
  }
}

/// What an optimiser step does to a value.
package typealias ValueUpdate = @Sendable (AdamWValue, Double, AdamWFactors) -> AdamWValue

/// Answers requests on the models they name.
package struct ReferenceAnswers: Sendable {
  /// The models that requests may name, by path.
  package var models: [String: ModelInMemory]
  /// Why models that requests may name are refused, by path (MOD-1, MOD-4).
  var refusals: [String: ReferenceError] = [:]
  /// How many threads share the work.
  package let workers: Workers
  /// The type of numbers that is asked for; the reference computes in binary64 whatever it is.
  package var type = ElementType.f64
  /// The layer functions: the Spec's Llama, or a deliberately wrong one.
  package var functions: LayerFunctions
  /// The rows of a text: those of chapters 2, 3 and 5, or deliberately wrong ones.
  package var rows: RowsOfText = RowsOfLayout.right
  /// What LoMA decides: what a row sees, the loss, and what a generator does.
  package var rules = LoMARules.spec
  /// What the optimiser is given of the gradients: all of them.
  package var trained: @Sendable (ParameterSet) -> ParameterSet = { $0 }
  /// What an optimiser step does to a value.
  package var update: ValueUpdate = AdamW.update
  /// An optimiser step on all parameters, from their gradients.
  package var step: @Sendable (inout AdamW, inout ParameterSet, ParameterSet, AdamWSettings, ValueUpdate) -> Void = {
    $0.step(&$1, gradients: $2, settings: $3, update: $4)
  }
  /// GEN-4: what is fed next, from what was chosen, what is forced, and how many tokens were fed.
  package var next: @Sendable (Int, Int?, Int) -> Int = { chosen, forced, _ in forced ?? chosen }
  /// What is done to an answer before it leaves: nothing.
  package var finish: @Sendable ([ResultTensor]) -> [ResultTensor] = { $0 }

  /// Answers of the Spec's Llama.
  package init(models: [String: ModelInMemory], workers: Workers) {
    self.models = models
    self.workers = workers
    self.functions = .llama(workers: workers)
  }

  /// The tensors that answer a request, in a fixed order; throws what is wrong with it.
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
    }
  }
}
