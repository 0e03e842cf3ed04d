// OPS-1: the tensors an answer must hold, with their names, shapes and element types; extra tensors are errors.

import LoMAVectors

package struct AnswerForm: Sendable {
  /// The requirements on one tensor.
  package struct ExpectedTensor: Sendable {
    package let name: String
    /// Nil if any shape is allowed.
    package let shape: [Int]?
    package let kind: ElementType.Kind

    package init(name: String, shape: [Int]?, kind: ElementType.Kind) {
      self.name = name
      self.shape = shape
      self.kind = kind
    }
  }

  let tensors: [ExpectedTensor]
  /// The element type numbers are asked in; nil if there are none.
  let numbers: ElementType?

  /// A form of these tensors, in which numbers have one type.
  package init(tensors: [ExpectedTensor], numbers: ElementType?) {
    self.tensors = tensors
    self.numbers = numbers
  }

  /// What is wrong with an answer's form; nil if it is right.
  package func fault(in answer: [NamedArray]) -> String? {
    if Set(answer.map(\.name)).count != answer.count { return "a tensor is there twice" }
    let known = Set(tensors.map(\.name))
    if let extra = answer.first(where: { !known.contains($0.name) }) { return "extra tensor \(extra.name.onOneLine)" }
    for tensor in tensors {
      guard let array = answer.first(where: { $0.name == tensor.name }) else { return "missing tensor \(tensor.name)" }
      let allowed: [ElementType?] =
        switch tensor.kind {
        case .integer: [.i64, .i32]
        case .boolean: [.bool]
        case .floating: [numbers]
        }
      guard allowed.contains(array.elementType) else {
        let wanted = allowed.compactMap { $0?.rawValue }.joined(separator: " or ")
        return "wrong type: \(tensor.name) is \(array.elementType.rawValue), not \(wanted)"
      }
      if let shape = tensor.shape, array.shape != shape {
        return "wrong shape: \(tensor.name) is \(array.shape), not \(shape)"
      }
    }
    return nil
  }
}
