// MOD-1, REC-5: token ids to rows of the embedding table.

/// The embedding table E [V', hidden].
public enum Embedding {
  /// x[r] = E[token r]: [rows, hidden].
  public static func forward(_ tokens: [Int], table: Tensor) -> Tensor { table.selecting(rows: tokens) }

  /// dE[token] = Σ dx[r] over the rows r that were fed that token, by rising r: [V', hidden].
  ///
  /// From `x[r] = E[token r]`.
  public static func backward(_ dx: Tensor, tokens: [Int], vocabularySize: Int) -> Tensor {
    var dTable = Tensor(zeros: [vocabularySize, dx.columns])
    for (r, token) in tokens.enumerated() {
      for column in 0..<dx.columns { dTable[token, column] += dx[r, column] }
    }
    return dTable
  }
}
