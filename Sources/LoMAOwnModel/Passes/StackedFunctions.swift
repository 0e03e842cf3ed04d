// OWN-8: several passes through one layer as one pass over more rows, so that each weight is read once for all of them.

import NaiveLlama

/// One of the passes that share a stack: its layer functions and how many copies of the text's rows it has.
struct StackedPart: Sendable {
  let functions: LayerFunctions
  /// M for simulated ports, otherwise 1.
  let copies: Int
}

/// Layer functions that give every part its own rows; the parts' rows lie one after the other.
///
/// Every layer function of a decoder works row by row, but attention, whose keys are the part's own. So a part computes what
/// it would alone, to the bit.
struct StackedFunctions: Sendable {
  let parts: [StackedPart]
  let workers: Workers

  /// The layer functions of the whole stack.
  var functions: LayerFunctions {
    if parts.count == 1 { return parts[0].functions }
    var functions = LayerFunctions.llama(workers: workers)
    functions.round = { x in each(x) { part, x, _ in part.functions.round(x) } }
    functions.rmsNorm = { x, gain, epsilon in each(x) { part, x, _ in part.functions.rmsNorm(x, gain, epsilon) } }
    functions.linear = { x, weight, workers in
      stacked(parts.indices.map { parts[$0].functions.linear(x.rows(rows($0, of: x.rows)), weight, workers) })
    }
    functions.addBias = { x, bias in each(x) { part, x, _ in part.functions.addBias(x, bias) } }
    // Everything that a part does to queries and keys, rounding included, it does to its own rows.
    functions.turnHeads = { heads, _ in
      each(heads.product) { part, product, range in
        part.functions.turn(
          HeadProjection(
            product: product, bias: heads.bias, gain: heads.gain, epsilon: heads.epsilon,
            angles: heads.angles.rows(range)))
      }
    }
    functions.rotateValues = { x, angles in
      each(x) { part, x, range in part.functions.rotateValues(x, angles.rows(range)) }
    }
    functions.angles = { positions, rotation in
      let own = parts.indices.map { index in
        parts[index].functions.angles(Array(positions[rows(index, of: positions.count)]), rotation)
      }
      return RotaryAngles(cosines: stacked(own.map { $0.cosines }), sines: stacked(own.map { $0.sines }))
    }
    functions.visibleInLayer = { visible, layer in
      let own = parts.indices.map { parts[$0].functions.visibleInLayer(keys(visible, of: $0), layer) }
      return VisibleKeys.stacked(own)
    }
    functions.attend = { q, k, v, visible, heads, workers in
      let contexts = parts.indices.map { index in
        let range = rows(index, of: q.rows)
        return parts[index].functions.attend(
          q.rows(range), k.rows(range), v.rows(range), keys(visible, of: index), heads, workers
        ).context
      }
      return AttentionOutput(context: stacked(contexts), probabilities: Tensor(zeros: [0]))
    }
    functions.activate = { gate, up, workers in
      stacked(
        parts.indices.map { index in
          let range = rows(index, of: gate.rows)
          return parts[index].functions.activate(gate.rows(range), up.rows(range), workers)
        })
    }
    return functions
  }

  /// The rows of a part among `count` rows of the stack; a tensor may have several rows for each row of the text.
  func rows(_ index: Int, of count: Int) -> Range<Int> {
    let all = parts.reduce(0) { $0 + $1.copies }
    let before = parts[..<index].reduce(0) { $0 + $1.copies }
    return count / all * before..<count / all * (before + parts[index].copies)
  }

  /// What a part's rows see, by the part's own key indices.
  private func keys(_ visible: VisibleKeys, of index: Int) -> VisibleKeys {
    let range = rows(index, of: visible.keyCount)
    return VisibleKeys(
      lists: visible.lists[range].map { seen in seen.map { $0 - range.lowerBound } }, keyCount: range.count)
  }

  /// A function of rows, part by part and in parallel.
  private func each(
    _ x: Tensor, _ body: @escaping @Sendable (StackedPart, Tensor, Range<Int>) -> Tensor
  ) -> Tensor {
    guard !x.values.isEmpty else { return x }
    return stacked(
      workers.map(parts.count) { index in
        let range = rows(index, of: x.rows)
        return body(parts[index], x.rows(range), range)
      })
  }
}

/// Matrices of one width, one below the other.
func stacked(_ tensors: [Tensor]) -> Tensor {
  var values: [Double] = []
  values.reserveCapacity(tensors.reduce(0) { $0 + $1.values.count })
  for tensor in tensors { values += tensor.values }
  return Tensor(shape: [tensors.reduce(0) { $0 + $1.rows }, tensors.first?.columns ?? 0], values: values)
}

extension VisibleKeys {
  /// What the rows of several texts see when they lie one after the other: each only rows of its own text.
  static func stacked(_ parts: [VisibleKeys]) -> VisibleKeys {
    var lists: [[Int]] = []
    var offset = 0
    for part in parts {
      lists += part.lists.map { seen in seen.map { $0 + offset } }
      offset += part.keyCount
    }
    return VisibleKeys(lists: lists, keyCount: offset)
  }
}

extension RotaryAngles {
  /// The angles of some rows.
  func rows(_ range: Range<Int>) -> RotaryAngles {
    RotaryAngles(cosines: cosines.rows(range), sines: sines.rows(range))
  }
}
