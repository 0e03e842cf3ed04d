// A wrong reference whose mistake is not told: one of the catalogue, drawn by a number.

import LoMAAnswers
import LoMAMutants
import LoMAReference
import NaiveLlama

/// A hidden mistake.
package struct Mystery: Sendable {
  package let number: Int
  let mutant: Mutant

  /// The mistake of a number, 1 and on; nil if there are fewer.
  package init?(_ number: Int) {
    let order = Mystery.order
    guard order.indices.contains(number - 1) else { return nil }
    self.number = number
    mutant = order[number - 1]
  }

  /// How many there are.
  package static var count: Int { order.count }

  /// The name, and what one says who makes the mistake.
  package var sentence: String { mutant.id + ": " + mutant.sentence }

  /// What it breaks.
  package var clauses: [String] { mutant.clauses }

  /// The mistake as a candidate makes it, under a name that does not tell.
  package var deviation: Deviation { Deviation(id: "mystery-\(number)", apply: mutant.deviation.apply) }

  /// One who makes it in lessons.
  package func applied(to reference: LessonReference, asked ask: Ask) -> LessonReference {
    reference.making(mutant, asked: ask) ?? reference
  }

  /// Those that change positions, the mask or the cache of a short text, in an order that the catalogue's does not tell.
  private static let order: [Mutant] = {
    let right = LessonReference(nil)
    let asks: [Ask] = [
      .positions(Sizes((4, 2, 17))), .mask(Sizes((2, 1, 7))), .mask(Sizes((4, 2, 17))), .cache(Sizes((4, 2, 17))),
    ]
    let shown = Mutant.all.filter { mutant in
      asks.contains { ask in
        right.making(mutant, asked: ask).map { (try? $0.answer(ask)) != (try? right.answer(ask)) } ?? false
      }
    }
    var (numbers, rest, order): (SeededNumbers, [Mutant], [Mutant]) = (SeededNumbers(seed: 19), shown, [])
    while !rest.isEmpty { order.append(rest.remove(at: Int(numbers.next() % UInt64(rest.count)))) }
    return order
  }()
}
