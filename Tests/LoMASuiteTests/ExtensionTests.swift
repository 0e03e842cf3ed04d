// PAR-2: rows for <m> and <r>, checked by a computation of its own.

import Foundation
import LoMA
import LoMAModels
import LoMAReference
import LoMAVectors
import NaiveLlama
import Testing

@Suite("Chapter 1: extending a vocabulary")
struct ExtensionTests {
  private let embedding = "model.embed_tokens.weight"
  private let head = "lm_head.weight"

  private func extended(_ checkpoint: TinyCheckpoint, _ rows: NewRows) throws(CheckpointError) -> VocabularyExtension {
    try VocabularyExtension(checkpoint.parameters, configuration: checkpoint.configuration, rows: rows)
  }

  /// The old values, then twice the mean of every column: Σ from +0.0 by rising row, then ÷ 13.
  private func expectedMean(_ values: [Double]) -> [UInt64] {
    let mean = (0..<8).map { column in
      stride(from: column, to: values.count, by: 8).reduce(0.0) { $0 + values[$1] } / 13
    }
    return (values + mean + mean).map(\.bitPattern)
  }

  @Test(arguments: [false, true])
  func `PAR-5 mean rows are the column means, appended to table and head`(tiesHead: Bool) throws {
    var checkpoint = try TinyCheckpoint(tiesHead: tiesHead)
    for row in 0..<13 { checkpoint.parameters.tensors[embedding]?[row, 0] = 0.1 * Double(row) }
    let result = try extended(checkpoint, .mean)
    #expect(result.configuration.vocabularySize == 15)
    #expect(result.parameters.names == checkpoint.parameters.names)
    for name in result.parameters.names {
      let old = try #require(checkpoint.parameters.tensors[name])
      let new = try #require(result.parameters.tensors[name])
      if name == embedding || name == head {
        #expect(new.shape == [15, 8])
        #expect(new.values.map(\.bitPattern) == expectedMean(old.values))
      } else {
        #expect(new == old)
      }
    }
    #expect((result.parameters.tensors[head] == nil) == tiesHead)
  }

  @Test func `PAR-5 given rows are appended as they are`() throws {
    let rows = Tensor(shape: [2, 8], values: (0..<16).map { Double($0) / 7 })
    let other = Tensor(shape: [2, 8], values: (0..<16).map { -Double($0) })
    let untied = try extended(TinyCheckpoint(), .given(embedding: rows, head: other)).parameters
    #expect(untied.tensors[embedding]?.selecting(rows: [13, 14]) == rows)
    #expect(untied.tensors[head]?.selecting(rows: [13, 14]) == other)
    let tied = try extended(TinyCheckpoint(tiesHead: true), .given(embedding: rows, head: nil)).parameters
    #expect(tied.tensors[embedding]?.selecting(rows: [13, 14]) == rows)
    #expect(tied.tensors[head] == nil)
  }

  @Test func `PAR-5 given rows of another shape, or none for the head, are refused`() throws {
    let rows = Tensor(zeros: [2, 8])
    #expect(throws: CheckpointError.model(.missingTensor(head))) {
      try extended(TinyCheckpoint(), .given(embedding: rows, head: nil))
    }
    for shape in [[1, 8], [3, 8], [2, 7], [16]] {
      #expect(throws: CheckpointError.model(.wrongShape(tensor: embedding, shape: shape, expected: [2, 8]))) {
        try extended(TinyCheckpoint(tiesHead: true), .given(embedding: Tensor(zeros: shape), head: nil))
      }
      #expect(throws: CheckpointError.model(.wrongShape(tensor: head, shape: shape, expected: [2, 8]))) {
        try extended(TinyCheckpoint(), .given(embedding: rows, head: Tensor(zeros: shape)))
      }
    }
  }
}
