// PAR-2: adding rows for `<m>` and `<r>` to a checkpoint.

import LoMA
import LoMAVectors
import NaiveLlama

/// The content of the two new rows.
package enum NewRows: Hashable, Sendable {
  /// The mean of the existing rows, for both: each column summed from +0.0 by rising row, divided by V'.
  case mean
  /// The given rows of `<m>` and `<r>`, `hidden_size` values each, for the embedding and for a head that is not tied.
  case given(embedding: Tensor, head: Tensor?)
}

/// A model with two more rows in its embedding and its head.
package struct VocabularyExtension: Sendable {
  /// The configuration with V' + 2.
  package let configuration: Configuration
  /// The parameters with the rows appended.
  package let parameters: ParameterSet

  /// Appends a row for `<m>`, then one for `<r>`.
  package init(
    _ parameters: ParameterSet, configuration: Configuration, rows: NewRows
  ) throws(CheckpointError) {
    do throws(ModelError) {
      try parameters.check(against: configuration)
      var extended = parameters
      for name in Set([ParameterName.embedding, configuration.headName]).sorted() {
        guard let table = parameters.tensors[name] else { throw .missingTensor(name) }
        let added: Tensor
        switch rows {
        case .mean:
          let mean = Self.mean(table)
          added = Tensor(rows: [mean, mean], width: configuration.hiddenSize)
        case .given(let embedding, let head):
          guard let given = name == ParameterName.embedding ? embedding : head else { throw .missingTensor(name) }
          let expected = [2, configuration.hiddenSize]
          guard given.shape == expected else {
            throw .wrongShape(tensor: name, shape: given.shape, expected: expected)
          }
          added = given
        }
        extended.tensors[name] = table.appending(added)
      }
      self.parameters = extended
      self.configuration = try configuration.with(vocabularySize: configuration.vocabularySize + 2)
    } catch { throw .model(error) }
  }

  private static func mean(_ table: Tensor) -> [Double] {
    var sums = [Double](repeating: 0, count: table.columns)
    for row in 0..<table.rows {
      for column in sums.indices { sums[column] += table[row, column] }
    }
    return sums.map { $0 / Double(table.rows) }
  }
}

extension Checkpoint {
  /// Writes a copy of a checkpoint with mean rows for `<m>` = V and `<r>` = V + 1, V being its old vocabulary, in the
  /// widest element type it holds, with a `loma` object of the choices' c, t and profile. Needs memory for the whole
  /// model.
  package static func extend(
    _ directory: String, to output: String, choices: LoMAChoices
  ) throws(CheckpointError) -> Vocabulary {
    let checkpoint = try Checkpoint(directory: directory)
    let size = checkpoint.configuration.vocabularySize
    let vocabulary: Vocabulary
    let parameters: Parameters
    do throws(InputError) {
      vocabulary = try Vocabulary(textSize: size)
      parameters = try Parameters(c: choices.c ?? 1, t: choices.t ?? 1)
    } catch { throw .reference(.rejected(error)) }
    let extended = try VocabularyExtension(
      try checkpoint.parameters(), configuration: checkpoint.configuration, rows: .mean)
    let section = LoMASection(
      textVocabulary: size, memoryToken: vocabulary.memoryToken, repetitionToken: vocabulary.repetitionToken,
      c: parameters.c, t: parameters.t, profile: choices.profile ?? .base)
    try CheckpointWriter.write(
      extended.parameters, configuration: extended.configuration, loma: section, elementType: checkpoint.elementType,
      to: output)
    return vocabulary
  }

  /// The narrowest type that holds all values: the type of all tensors if they share one; otherwise F64 if one is F64,
  /// otherwise F32.
  package var elementType: ElementType {
    let types = Set(configuration.parameters.compactMap { entry($0.name)?.elementType })
    if types.count == 1, let type = types.first { return type }
    return types.contains(.f64) ? .f64 : .f32
  }
}
