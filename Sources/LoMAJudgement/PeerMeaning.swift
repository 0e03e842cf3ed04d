// The meaning of the outputs of part II, whose methods have rows of their own.

import LoMAVectors

/// The meaning of a case's output tensors, for an operation of one method of part II.
protocol PeerMeaning: Sendable {
  /// The dimensions of an operation's output; empty if they have no special meaning.
  static func dimensions(_ operation: PeerOperation, tensor: String) -> [TensorMeaning.Dimension]

  /// For each cell of a tensor of numbers, whether it is not compared; nil if all are.
  func ignored(of tensor: String, shape: [Int]) -> [Bool]?

  /// The place of a cell in words.
  func words(of tensor: String, index: [Int]) -> String
}

extension PeerOperation {
  /// The meaning of the operation's outputs in a case.
  func meaning(_ item: StoredCase, input: [NamedArray], expected: [NamedArray]) -> any PeerMeaning {
    switch method {
    case .context: ContextMeaning(self, item, input: input, expected: expected)
    case .latent: LatentMeaning(self, item, input: input)
    case .cache: BaselineMeaning(self, item)
    }
  }

  /// The dimensions of an output; empty if they have no special meaning.
  func dimensions(of tensor: String) -> [TensorMeaning.Dimension] {
    switch method {
    case .context: ContextMeaning.dimensions(self, tensor: tensor)
    case .latent: LatentMeaning.dimensions(self, tensor: tensor)
    case .cache: BaselineMeaning.dimensions(self, tensor: tensor)
    }
  }
}
