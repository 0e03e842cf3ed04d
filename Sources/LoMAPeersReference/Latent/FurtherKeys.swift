// EQB-10: keys of a pass that stand for no row. They are made of the keys and values of the rows fed, layer by layer, and
// later rows read them.

import NaiveLlama

/// What is made of the rows' keys and values, and the way of its gradient.
package struct FurtherKeys: Sendable {
  /// The further keys and values, given those of all rows fed; of `entries = heads`, where the two are of one shape.
  let made: @Sendable (KeyValues) -> KeyValues
  /// The gradient of the rows' keys, or values, given that of the further ones followed by the rows'.
  let backward: @Sendable (Tensor) -> Tensor

  /// Further keys by a function and its inverse way.
  package init(
    made: @escaping @Sendable (KeyValues) -> KeyValues, backward: @escaping @Sendable (Tensor) -> Tensor
  ) {
    (self.made, self.backward) = (made, backward)
  }

  /// The further entries and those of the rows behind them.
  func before(_ rows: StoredEntries, _ functions: LayerFunctions) -> StoredEntries {
    let made = made(KeyValues(keys: rows.keys, values: rows.contents))
    return StoredEntries(contents: functions.round(made.values), keys: functions.round(made.keys)).appending(rows)
  }

  /// The gradient of the rows' entries, given that of both.
  func backward(_ d: StoredEntries) -> StoredEntries {
    StoredEntries(contents: backward(d.contents), keys: backward(d.keys))
  }
}
