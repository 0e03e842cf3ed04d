// PAR-5: adding rows for `<m>` and `<r>` to a model in memory.

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
