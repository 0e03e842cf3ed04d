// The texts of a batch, stored end to end as `tokens` and cut apart by `lengths`.

/// Which of the two tensors does not fit the other.
public enum TextsError: Error, Hashable, Sendable {
  /// A length is negative, or more than the tokens that are left.
  case lengths
  /// Tokens are left over.
  case tokens
}

/// The texts of a batch.
///
/// Throws `TextsError` unless the lengths are those of texts that are all of the tokens.
public func cutTexts(_ tokens: [Int], by lengths: [Int]) throws(TextsError) -> [[Int]] {
  var rest = tokens[...]
  var texts: [[Int]] = []
  for length in lengths {
    guard 0...rest.count ~= length else { throw .lengths }
    texts.append(Array(rest.prefix(length)))
    rest = rest.dropFirst(length)
  }
  guard rest.isEmpty else { throw .tokens }
  return texts
}
