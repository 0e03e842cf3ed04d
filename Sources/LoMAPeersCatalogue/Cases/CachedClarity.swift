// BAS-24: how clear the choices and codes are that a model makes under a method of chapter 19.

import LoMAAnswers
import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

/// The smallest distances of a pass from another choice.
package enum CachedClarity {
  /// The least share of the larger of two scores by which they differ, of a pass that is asked in f32.
  static let leastLead = 0x1p-12
  /// The least distance of a code's quotient from a border, as for latent attention.
  static let leastMargin = CodeMargin.least

  /// Whether no rounding of f32 changes what a request's method chooses or quantises; true if it does neither, or is
  /// rejected.
  package static func isClear(_ request: Request, _ answers: ReferenceAnswers) -> Bool {
    guard request.operation == .peer(.cachedForward), let baseline = try? request.baseline(),
      let asked = try? CachedAsked(request, answers), let pass = try? asked.pass()
    else { return true }
    let decoder = asked.decoder
    let seen = pass.prefill.layers.map { decoder.observation(of: $0) }
    func integer(_ name: String) -> Int { (try? request.integer(name)) ?? 0 }
    switch baseline {
    case .none, .kvSharer, .lorc, .noise: return true
    case .eviction:
      return seen.allSatisfy { isClear($0, window: integer("window"), budget: integer("budget")) }
    case .zigzag:
      let shares = try? ZigZagBudget(
        window: integer("window"), total: integer("total"), least: integer("least"), layers: seen.count,
        rows: asked.prefill)
      guard let shares, let first = seen.first,
        let made = try? ZigZagKV.share(
          seen.map { $0.probabilities }, heads: first.heads, budget: shares, rules: .spec)
      else { return false }
      // A share of attention that is nearly 0.9 must not decide a count.
      let counts = [0.9 - leastLead, 0.9 + leastLead].map { mass -> [[Int]]? in
        var rules = ZigZagRules.spec
        rules.mass = mass
        return try? ZigZagKV.share(
          seen.map { $0.probabilities }, heads: first.heads, budget: shares, rules: rules
        ).counts
      }
      return counts.allSatisfy { $0 == made.counts }
        && zip(seen, made.budgets).allSatisfy { isClear($0, window: shares.window, budget: $1) }
    case .think:
      return seen.allSatisfy { layer in
        let channels = try? ThinKChannels(
          window: integer("window"), pruned: integer("pruned"), recent: integer("recent"),
          dimension: layer.heads.dimension, rows: asked.prefill)
        guard let channels,
          let made = try? ThinK.prune(
            query: layer.query, key: layer.key, heads: layer.heads, channels: channels, forced: nil,
            functions: layer.functions, rules: .spec)
        else { return false }
        return isApart(made.scores, made.choice)
      }
    case .zipCache: return seen.allSatisfy { isClear($0, request) }
    case .pyramidInfer:
      guard let counts = try? request.integers("counts") else { return false }
      let recent = integer("recent")
      return zip(seen, counts).allSatisfy { layer, count in
        let step = PyramidInfer.step(
          layer.probabilities, recent: recent, count: count, forced: nil, rules: .spec)
        let free = step.scores.indices.dropFirst(4)
        let chosen = step.choice.filter { free.contains($0) }
        return isApart(
          Tensor(shape: [1, free.count], values: free.map { step.scores[$0] }), [chosen.map { $0 - 4 }])
      }
    case .dmc:
      let d = decoder.configuration.heads.dimension
      return pass.after.allSatisfy { cache in
        guard let key = cache.projected?.key else { return true }
        return stride(from: d - 1, to: key.values.count, by: d).allSatisfy {
          (key.values[$0] - 5).magnitude > 8 * leastLead
        }
      }
    case .csr:
      let steps = integer("steps")
      guard let keys = try? request.tensor("key_atoms"), let values = try? request.tensor("value_atoms") else {
        return false
      }
      return seen.enumerated().allSatisfy { place, layer in
        [(layer.unrotatedKey, keys), (layer.value, values)].allSatisfy { numbers, atoms in
          let (size, d) = (atoms.shape[1] * atoms.shape[2], atoms.shape[2])
          let own = Tensor(
            shape: [atoms.shape[1], d], values: Array(atoms.values[place * size..<(place + 1) * size]))
          let vectors = Tensor(shape: [numbers.values.count / d, d], values: numbers.values)
          return SparsePursuit.pursue(vectors, atoms: own, steps: steps, forced: nil, rules: .spec).allSatisfy { made in
            let size = made.vector.reduce(0) { max($0, $1.magnitude) }
            return made.margins.allSatisfy { $0 > leastLead * size }
          }
        }
      }
    }
  }

  private static func isClear(_ layer: Observation, window: Int, budget: Int) -> Bool {
    let rows = layer.positions.count
    guard let budget = try? EvictionBudget(window: window, budget: budget, rows: rows),
      let made = try? Eviction.choose(
        layer.probabilities, heads: layer.heads, budget: budget, forced: nil, functions: layer.functions, rules: .spec)
    else { return false }
    return isApart(made.scores, made.choice.map { $0.filter { $0 < rows - window } })
  }

  private static func isClear(_ layer: Observation, _ request: Request) -> Bool {
    let rows = layer.positions.count
    // What is not given is nil, and so is what cannot be read; the request was answered before.
    let bits = ((try? request.bits("low_bits")) ?? nil, (try? request.bits("high_bits")) ?? nil)
    let probe = (try? request.probe(rows: rows)) ?? nil
    guard let low = try? request.integer("low"),
      let classes = try? ZipClasses(low: low, lowBits: bits.0, highBits: bits.1, rows: rows),
      let made = try? ZipCache.store(
        key: layer.key, value: layer.value, probabilities: layer.probabilities, heads: layer.heads, classes: classes,
        probe: probe, forced: nil, functions: layer.functions, rules: .spec)
    else { return false }
    return isApart(made.saliency, made.choice)
      && made.groups.allSatisfy { group in
        group.stored.margins(of: group.numbers[...]).allSatisfy { $0 >= leastMargin }
      }
  }

  /// Whether the scores chosen and those left out are apart, line by line.
  private static func isApart(_ scores: Tensor, _ choice: [[Int]]) -> Bool {
    choice.enumerated().allSatisfy { line, chosen in
      let others = (0..<scores.columns).filter { !chosen.contains($0) }
      return chosen.allSatisfy { i in
        others.allSatisfy { j in
          let (a, b) = (scores[line, i], scores[line, j])
          return (a - b).magnitude > leastLead * max(a.magnitude, b.magnitude)
        }
      }
    }
  }
}
