// OWN-3, OWN-4: mistakes that the catalogue of mutants does not have, since they show only in a whole model.

import LoMA
import LoMAReference
import LoMAVectors
import NaiveLlama

extension OwnAlternative {
  /// OM01…OM14; an id is never used again.
  static var own: [OwnAlternative] { pairs + places + layers + rotations + numbers }

  // MARK: - Cells of the mask

  /// A mask with some cells changed; a row still sees itself.
  private static func masked(
    _ id: String, _ sentence: String, shown: Bool,
    _ concerns: @escaping @Sendable (_ rows: [Row], _ query: Int, _ key: Int) -> Bool
  ) -> OwnAlternative {
    OwnAlternative(id: id, sentence: sentence, types: allTypes) { form, _, _ in
      let before = form.rules.visible
      form.rules.visible = { mask, queries in
        let lists = zip(queries, before(mask, queries).lists).map { query, seen in
          let visible = Set(seen)
          return mask.rows.indices.filter { key in
            key == query || (concerns(mask.rows, query, key) ? shown : visible.contains(key))
          }
        }
        return VisibleKeys(lists: lists, keyCount: mask.rows.count)
      }
      return form.rows.indices.contains { query in
        form.rows.indices.contains { $0 != query && concerns(form.rows, query, $0) }
      }
    }
  }

  private static var pairs: [OwnAlternative] {
    [
      masked("OM01", "I hid from the last memory row of chunk 1 the first token of its chunk", shown: false) {
        rows, query, key in
        guard case .memory(1, let index) = rows[query].place, rows[key].place == .reading(chunk: 1, index: 0) else {
          return false
        }
        return !rows.contains { $0.place == .memory(chunk: 1, index: index + 1) }
      },
      masked("OM05", "I skipped key row 127 of every 128", shown: false) { _, _, key in key % 128 == 127 },
      masked("OM06", "I skipped the last key of every tile of 16", shown: false) { _, _, key in key % 16 == 15 },
      masked("OM07", "I let the first row of a chunk see the last text row before it", shown: true) {
        rows, query, key in
        guard case .reading(let chunk, 0) = rows[query].place, case .reading(let other, let index) = rows[key].place,
          other == chunk - 1
        else { return false }
        return !rows.contains { $0.place == .reading(chunk: other, index: index + 1) }
      },
    ]
  }

  // MARK: - Positions

  private static func placed(
    _ id: String, _ sentence: String, _ position: @escaping @Sendable (Row) -> Int
  ) -> OwnAlternative {
    OwnAlternative(id: id, sentence: sentence, types: allTypes) { form, _, _ in
      let moved = form.rows.map {
        Row(token: $0.token, place: $0.place, position: position($0), label: $0.label)
      }
      defer { form.rows = moved }
      return moved != form.rows
    }
  }

  private static var places: [OwnAlternative] {
    [
      placed("OM02", "I put repetition rows one behind their tokens") {
        $0.place.zone == .repetition ? $0.position + 1 : $0.position
      },
      placed("OM03", "I had a table of 64 positions and took its last entry beyond") { min($0.position, 63) },
    ]
  }

  // MARK: - One layer

  private static func inLayer(
    _ id: String, _ sentence: String,
    _ change: @escaping @Sendable (inout LayerFunctions, _ layer: Int, _ layers: Int) -> Void
  ) -> OwnAlternative {
    OwnAlternative(id: id, sentence: sentence, types: allTypes) { form, _, _ in
      form.inLayer = { functions, layer, layers in
        var functions = functions
        change(&functions, layer, layers)
        return functions
      }
      return true
    }
  }

  /// Every row sees itself and all before it.
  private static func causal(_ visible: VisibleKeys) -> VisibleKeys {
    VisibleKeys(lists: visible.lists.indices.map { Array(0...$0) }, keyCount: visible.keyCount)
  }

  private static var layers: [OwnAlternative] {
    [
      inLayer("OM04", "I used a plain causal mask in the last layer") { functions, layer, layers in
        guard layer == layers - 1 else { return }
        functions.visibleInLayer = { visible, _ in causal(visible) }
      },
      inLayer("OM08", "I used a plain causal mask in one head of the middle layer") { functions, layer, layers in
        guard layer == layers / 2 else { return }
        let right = functions.attend
        functions.attend = { q, k, v, visible, heads, workers in
          var context = right(q, k, v, visible, heads, workers).context
          let (d, h) = (heads.dimension, heads.query / 2)
          let group = heads.keyValueHead(ofQuery: h) * d
          let one = Attention.forward(
            q.columns(h * d..<(h + 1) * d), k.columns(group..<group + d), v.columns(group..<group + d),
            visible: causal(visible), heads: AttentionHeads(query: 1, keyValue: 1, dimension: d), workers: workers)
          for r in 0..<q.rows {
            for i in 0..<d { context[r, h * d + i] = one.context[r, i] }
          }
          return AttentionOutput(context: context, probabilities: Tensor(zeros: [0]))
        }
      },
    ]
  }

  // MARK: - Functions

  private static func functions(
    _ id: String, _ sentence: String, in types: Set<ElementType>,
    _ change: @escaping @Sendable (inout LayerFunctions) -> Void
  ) -> OwnAlternative {
    OwnAlternative(id: id, sentence: sentence, types: types) { form, _, _ in
      change(&form.functions)
      return true
    }
  }

  private static func turned(_ id: String, _ sentence: String, by factor: Double) -> OwnAlternative {
    functions(id, sentence, in: allTypes) { functions in
      let right = functions.angles
      functions.angles = { positions, rotation in right(positions, rotation.with(theta: rotation.theta * factor)) }
    }
  }

  private static var rotations: [OwnAlternative] {
    [
      turned("OM09", "I took 50 times the base of the rotation", by: 50),
      turned("OM10", "I took a base of the rotation that is 1% off", by: 1.01),
    ]
  }

  /// Keys and values in a narrower format, where attention reads them.
  private static func cached(
    _ id: String, _ sentence: String, _ format: NumberFormat, in types: Set<ElementType>
  ) -> OwnAlternative {
    functions(id, sentence, in: types) { functions in
      let right = functions.attend
      functions.attend = { q, k, v, visible, heads, workers in
        right(
          q, format.nearest(k, saturating: true), format.nearest(v, saturating: true), visible, heads, workers)
      }
    }
  }

  private static var numbers: [OwnAlternative] {
    [
      functions("OM11", "I gave hidden keys a score of −10", in: allTypes) { functions in
        functions.attend = { q, k, v, visible, heads, workers in
          let d = heads.dimension
          let contexts = workers.map(heads.query) { h in
            let group = heads.keyValueHead(ofQuery: h) * d
            let products = Linear.forward(
              q.columns(h * d..<(h + 1) * d), weight: k.columns(group..<group + d), workers: .single)
            var weights: [Double] = []
            for (r, seen) in visible.lists.enumerated() {
              var scores = [Double](repeating: -10, count: k.rows)
              for j in seen { scores[j] = products[r, j] * heads.scale }
              weights += Attention.softmax(scores)
            }
            return Linear.forward(
              Tensor(shape: [q.rows, k.rows], values: weights), weight: v.columns(group..<group + d).transposed(),
              workers: .single)
          }
          return AttentionOutput(
            context: Tensor(sideBySide: contexts, rows: q.rows), probabilities: Tensor(zeros: [0]))
        }
      },
      cached("OM12", "I kept the cache in f16", .f16, in: [.f32]),
      cached("OM13", "I kept the cache in fp8", .fp8, in: [.bf16, .f16]),
      functions("OM14", "I made products of inputs of 11 bits, as TF32 does", in: [.f32]) { functions in
        let right = functions.linear
        functions.linear = { x, weight, workers in
          right(
            NumberFormat.tf32.nearest(x, saturating: false), NumberFormat.tf32.nearest(weight, saturating: false),
            workers)
        }
      },
    ]
  }
}
