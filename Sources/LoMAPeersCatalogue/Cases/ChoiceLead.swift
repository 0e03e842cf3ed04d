// BAS-4, BAS-24: how clear the choices of a stage of chapter 19 are, and thus in which element types it can be asked.

import LoMAAnswers
import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

/// How far apart the scores of something chosen and something left out are, and how far each may be off.
package struct ChoiceLead: Sendable {
  let distance: Double
  /// The units of both scores together (TOL-3).
  let accumulation: Double
  let rounding: Double

  /// Whether no right rounding changes the choice. Equal scores stay equal only where they are computed exactly.
  func isClear(in precision: Precision) -> Bool {
    if distance == 0 { return precision == .f64 || precision == .f32 }
    return distance > 2 * precision.bound(accumulation: accumulation, rounding: rounding)
  }

  /// The element types, as words, in which every choice of a stage is clear; all if it makes none, or is rejected.
  package static func types(of request: Request) -> [String] {
    let answers = ReferenceAnswers(models: [:], workers: .single)
    let leads = leads(of: request, answers)
    let room = codeRoom(of: request)
    return NumberType.allCases.filter { type in
      guard let precision = ElementType(word: type.rawValue).flatMap({ Precision.of($0) }) else { return false }
      // Roundings that move a quotient by half a code could move a code by more than one.
      return leads.allSatisfy { $0.isClear(in: precision) } && 4 * precision.output * room <= 0.5
    }.map { $0.rawValue }
  }

  /// One for every choice between scores that the reference makes.
  static func leads(of request: Request, _ answers: ReferenceAnswers) -> [ChoiceLead] {
    guard case .peer(let operation) = request.operation, request.input["forced_choice"] == nil,
      let answer = try? answers.answer(request)
    else { return [] }
    let numbers = Numbers(answer)
    switch operation {
    case .evict:
      let window = (try? request.integer("window")) ?? 0
      return numbers.lines("scores", "choice", highest: true) { line in line.dropLast(window) }
    case .think: return numbers.lines("scores", "choice", highest: false) { $0[...] }
    case .zipCache: return numbers.lines("saliency", "choice", highest: false) { $0[...] }
    case .pyramidStep:
      let recent = (try? request.integer("recent")) ?? 0
      return numbers.lines("scores", "choice", highest: true, above: 4) { line in line.dropLast(recent) }
    case .layerDistances: return numbers.neighbours("distances", "pairs")
    case .pursue: return pursuits(request)
    case .zigzagBudgets: return masses(request)
    default: return []
    }
  }

  /// The largest |code| + 1 of a group of keys, |code| + 1 + 3m of one of values (BAS-24); 0 for another operation.
  private static func codeRoom(of request: Request) -> Double {
    guard request.operation == .peer(.zipCache), let key = try? request.matrix("key"),
      let value = try? request.tensor("value"), let probabilities = try? request.tensor("probabilities"),
      let heads = try? request.cacheHeads(of: key, named: "key"), let low = try? request.integer("low")
    else { return 0 }
    let bits = ((try? request.bits("low_bits")) ?? nil, (try? request.bits("high_bits")) ?? nil)
    let forced = (try? request.forcedChoice(lines: heads.keyValue, count: low, below: key.rows, ascending: true)) ?? nil
    guard let classes = try? ZipClasses(low: low, lowBits: bits.0, highBits: bits.1, rows: key.rows),
      let made = try? ZipCache.store(
        key: key, value: value, probabilities: probabilities, heads: heads, classes: classes,
        probe: (try? request.probe(rows: key.rows)) ?? nil, forced: forced, functions: .llama(workers: .single),
        rules: .spec)
    else { return 0 }
    return made.groups.reduce(0) { most, group in
      guard group.stored.step != 0 else { return most }
      let largest = group.numbers.reduce(0) { max($0, $1.magnitude) }
      let code = (group.stored.codes.max() ?? 0) + 1
      return max(most, code + (group.isOfKeys ? 0 : 3 * largest / group.stored.step))
    }
  }

  /// The product of every step's atom and that of each other one.
  private static func pursuits(_ request: Request) -> [ChoiceLead] {
    guard let vectors = try? request.matrix("vectors"), let atoms = try? request.matrix("atoms"),
      let steps = try? request.integer("steps")
    else { return [] }
    return PursuitUnits.leads(vectors, atoms: atoms, steps: steps)
  }

  /// Sums of attention beside 0.9 of all, in descending order.
  private static func masses(_ request: Request) -> [ChoiceLead] {
    guard let tensor = try? request.tensor("probabilities"), tensor.shape.count == 4,
      let window = try? request.integer("window")
    else { return [] }
    let rows = tensor.shape[3]
    let size = rows * rows
    return (0..<tensor.shape[0] * tensor.shape[1]).flatMap { head -> [ChoiceLead] in
      let means = (0..<rows).map { i in
        (rows - window..<rows).reduce(0.0) { $0 + tensor.values[head * size + $1 * rows + i] } / Double(window)
      }
      let whole = 0.9 * means.reduce(0, +)
      var sum = 0.0
      return means.sorted(by: >).map { mean in
        sum += mean
        return ChoiceLead(
          distance: (sum - whole).magnitude, accumulation: Double(4 * rows + 8) * whole, rounding: 2 * whole)
      }
    }
  }
}

/// The tensors of an answer as numbers and indices.
private struct Numbers {
  private let tensors: [String: ResultTensor]

  init(_ answer: [ResultTensor]) { tensors = Dictionary(answer.map { ($0.name, $0) }) { first, _ in first } }

  private func doubles(_ name: String) -> [Double] {
    guard case .doubles(let values)? = tensors[name]?.content else { return [] }
    return values
  }

  private func integers(_ name: String) -> [Int] {
    guard case .integers(let values)? = tensors[name]?.content else { return [] }
    return values
  }

  /// Of each line of scores, those chosen beside the others: the nearest two. Indices below `above` rank first whatever
  /// their scores; `own` takes from a choice what was chosen by score.
  func lines(
    _ scores: String, _ choice: String, highest: Bool, above: Int = 0, own: ([Int]) -> ArraySlice<Int>
  ) -> [ChoiceLead] {
    guard let scored = tensors[scores], let chosen = tensors[choice] else { return [] }
    let (values, a, r) = (doubles(scores), doubles(scores + ".accumulation"), doubles(scores + ".rounding"))
    let (width, count) = (scored.shape.last ?? 0, chosen.shape.last ?? 0)
    guard width > 0, count > 0 else { return [] }
    return (0..<values.count / width).compactMap { line in
      let mine = own(Array(integers(choice)[line * count..<(line + 1) * count])).filter { $0 >= above }
      let others = (above..<max(above, width)).filter { !mine.contains($0) }
      guard !mine.isEmpty, !others.isEmpty else { return nil }
      func score(_ index: Int) -> Double { values[line * width + index] }
      let pair =
        highest
        ? (mine.min { score($0) < score($1) }, others.max { score($0) < score($1) })
        : (mine.max { score($0) < score($1) }, others.min { score($0) < score($1) })
      guard let last = pair.0, let first = pair.1 else { return nil }
      let (i, j) = (line * width + last, line * width + first)
      return ChoiceLead(
        distance: (values[i] - values[j]).magnitude, accumulation: a[i] + a[j], rounding: r[i] + r[j])
    }
  }

  /// Every two pairs that follow each other.
  func neighbours(_ scores: String, _ order: String) -> [ChoiceLead] {
    guard let size = tensors[scores]?.shape.last else { return [] }
    let (values, a, r) = (doubles(scores), doubles(scores + ".accumulation"), doubles(scores + ".rounding"))
    let pairs = integers(order)
    let cells = stride(from: 0, to: pairs.count, by: 2).map { pairs[$0] * size + pairs[$0 + 1] }
    return zip(cells, cells.dropFirst()).map { i, j in
      ChoiceLead(distance: (values[i] - values[j]).magnitude, accumulation: a[i] + a[j], rounding: r[i] + r[j])
    }
  }
}

extension PursuitUnits {
  /// How far the product of each step's atom leads before that of every other.
  static func leads(_ vectors: Tensor, atoms: Tensor, steps: Int) -> [ChoiceLead] {
    let pursuits = SparsePursuit.pursue(vectors, atoms: atoms, steps: steps, forced: nil, rules: .spec)
    return pursuits.flatMap { pursuit -> [ChoiceLead] in
      let units = PursuitUnits(pursuit, atoms: atoms)
      var residual = pursuit.vector
      var leads: [ChoiceLead] = []
      for (step, atom) in pursuit.choice.enumerated() {
        func size(_ other: Int) -> Double { zip(atoms.row(other), residual).reduce(0) { $0 + $1.0 * $1.1 }.magnitude }
        let own = size(atom)
        for other in 0..<atoms.rows where other != atom {
          let (mine, its) = (units.products[step][atom], units.products[step][other])
          leads.append(
            ChoiceLead(distance: own - size(other), accumulation: mine.a + its.a, rounding: mine.r + its.r))
        }
        for (i, channel) in atoms.row(atom).enumerated() { residual[i] -= pursuit.weights[step] * channel }
      }
      return leads
    }
  }
}
