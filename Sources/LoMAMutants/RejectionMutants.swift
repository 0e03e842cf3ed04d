// OPS-6: bad input that is answered, or rejected for another fault than the first.

import LoMA
import LoMAAnswers
import LoMAReference
import LoMAVectors

extension Mutant {
  private static let tokenised = Set.texts.union(Set.caches)

  static var rejections: [Mutant] {
    [
      Mutant("M292", .rejections, "I did not check forced ids", on: [.generate]) { answers, request in
        guard let forced = try? request.integers("forced"), let vocabulary = try? request.vocabulary(),
          forced.contains(where: { $0 < 0 || $0 >= vocabulary.textSize })
        else { return nil }
        var answers = answers
        answers.rules.check = { _, _ in }
        return (answers, request)
      },
      retokenised("M294", "I clamped tokens into the text vocabulary") { tokens, size in
        tokens.map { max(0, min($0, size - 1)) }
      },
      retokenised("M295", "I took a token beyond the text vocabulary modulo V") { tokens, size in
        tokens.map { ($0 % size + size) % size }
      },
      Mutant("M296", .rejections, "I checked tokens before c and t", on: tokenised) { answers, request in
        guard (try? request.lomaParameters()) == nil else { return nil }
        let checked = request.with(parameters: request.parameters.adding(["c": .integer(1), "t": .integer(1)]))
        return (try? checked.checksTokens()) == nil ? (answers, checked) : nil
      },
    ]
  }

  /// Other tokens, if some are not below V.
  private static func retokenised(
    _ id: String, _ sentence: String, _ change: @escaping @Sendable (_ tokens: [Int], _ textSize: Int) -> [Int]
  ) -> Mutant {
    Mutant(id, .rejections, sentence, on: tokenised) { answers, request in
      guard let tokens = try? request.integers("tokens"), let size = try? request.integer("text_vocabulary"), size > 0
      else { return nil }
      let other = change(tokens, size)
      guard other != tokens, let input = try? request.input.replacing("tokens", by: other) else { return nil }
      return (
        answers,
        Request(
          request.operation, axes: request.axes, parameters: request.parameters, model: request.model, input: input,
          captures: request.captures)
      )
    }
  }
}

extension Request {
  /// Checks the ids and tokens; throws the first fault.
  fileprivate func checksTokens() throws(RequestError) {
    let vocabulary = try vocabulary()
    for text in try texts() { try input { () throws(InputError) in try vocabulary.check(text: text) } }
  }
}

extension ArrayFile {
  /// The request's input with other integers in a flat array.
  fileprivate func replacing(_ name: String, by values: [Int]) throws(ContainerError) -> ArrayFile {
    var arrays = self.arrays.filter { $0.name != name }
    arrays.append(try NamedArray(name, .i64, shape: [values.count], integers: values))
    return try ArrayFile(arrays, metadata: [:])
  }
}
