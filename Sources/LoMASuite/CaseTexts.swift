// Cases as text: the list, and everything about one case except its pictures.

import LoMA
import LoMAAnswers
import LoMACatalogue
import LoMAReference
import LoMAVectors

/// Cases as text for a person.
package enum CaseTexts {
  /// One line per case (id, operation, profile, clauses), then the number of cases.
  package static func list(_ cases: [Case]) -> String {
    let lines = cases.map { [$0.id, $0.request.operation.rawValue, $0.request.profileText, $0.clauseText] }
    return table([["id", "op", "profile", "clauses"]] + lines) + "\(cases.count) case\(cases.count == 1 ? "" : "s")\n"
  }

  /// What one case asks, hunts and expects; the answer is computed now, with the models of a folder of vectors.
  package static func text(of item: Case, models: StoredModels) throws(RecordingError) -> String {
    let request = item.request
    var lines = [
      ["level", item.level.rawValue], ["op", request.operation.rawValue], ["since", item.since], ["hunts", item.hunts],
      ["clauses", item.clauseText], ["profile", request.profileText], ["model", request.model ?? "none"],
      ["dtypes", item.dtypes.joined(separator: " ")],
    ]
    if !request.captures.isEmpty { lines.append(["captures", request.captures.joined(separator: " ")]) }
    var text = item.id + "\n" + table(lines, indented: true)
    if FreshCases.named(item.id) == nil {
      let part = request.operation.part
      text += section("files below \(VectorsFolder.name)\(part == .loma ? "" : "/" + part.rawValue)", files(of: item))
    }
    text += section(
      "parameters", request.parameters.sorted { $0.key < $1.key }.map { [$0.key, $0.value.text] })
    text += section("input", request.input.arrays.map { [$0.name, $0.typeText, Self.shape($0.shape), $0.firstValues] })
    switch item.expectation {
    case .rejection(let code): text += section("expected", [["rejection", code]])
    case .property(let property): text += section("expected", [["property", property.rawValue]])
    case .tensors: text += section("expected", try answer(item, models))
    }
    return text
  }

  /// The files that recording wrote for a case.
  private static func files(of item: Case) -> [[String]] {
    var lines: [[String]] = []
    if !item.request.input.arrays.isEmpty { lines.append(["input", item.inputPath]) }
    if case .tensors = item.expectation { lines.append(["expected", item.expectedPath]) }
    if let model = item.request.model { lines.append(["model", model + "/"]) }
    return lines
  }

  private static func answer(_ item: Case, _ models: StoredModels) throws(RecordingError) -> [[String]] {
    let answers = ReferenceAnswers(models: models, workers: .single)
    let tensors: [ResultTensor]
    do { tensors = try answers.answer(item.request) } catch {
      throw .wrongAnswer(id: item.id, answer: error.description)
    }
    var lines: [[String]] = []
    for tensor in tensors {
      let array: NamedArray
      do { array = try tensor.array() } catch { throw .container(id: item.id, error) }
      let rule = tensor.isBound ? "unit" : item.rule(of: tensor).rawValue
      lines.append([array.name, array.typeText, shape(array.shape), rule, array.firstValues])
    }
    return lines
  }

  private static func shape(_ sizes: [Int]) -> String { "[" + sizes.map(String.init).joined(separator: ", ") + "]" }

  private static func section(_ title: String, _ lines: [[String]]) -> String {
    "\n" + title + "\n" + (lines.isEmpty ? "  none\n" : table(lines, indented: true))
  }

  /// Columns, separated by two spaces, without spaces at line ends.
  private static func table(_ lines: [[String]], indented: Bool = false) -> String {
    columns(lines).map { (indented ? "  " : "") + $0 + "\n" }.joined()
  }
}

extension Case {
  /// The clauses by chapter and number, consecutive ones as a range.
  fileprivate var clauseText: String { ClauseOrder.text(clauses) }
}

extension Request {
  /// `base`, or the axis=value pairs as the request gives them.
  fileprivate var profileText: String {
    axes.isEmpty ? "base" : axes.sorted { $0.key < $1.key }.map { $0.key + "=" + $0.value }.joined(separator: ",")
  }
}

extension RequestParameter {
  fileprivate var text: String {
    switch self {
    case .integer(let value): "\(value)"
    case .real(let value): "\(value)"
    case .word(let word): word
    }
  }
}

extension NamedArray {
  fileprivate var typeText: String { elementType.rawValue }

  /// The first elements, as many as fit on a line.
  fileprivate var firstValues: String {
    let count = elementType == .f64 ? 4 : 8
    let size = bytes.count / elementType.width
    let values: [String]
    if let numbers = try? doubles() {
      values = numbers.prefix(count).map { "\($0)" }
    } else if let integers = try? integers() {
      values = integers.prefix(count).map { "\($0)" }
    } else {
      values = bytes.prefix(count).map { "\($0)" }
    }
    return values.joined(separator: " ") + (size > count ? " …" : "")
  }
}
