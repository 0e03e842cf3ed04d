// LAT-2, LAT-4, LAT-14: gradients that do not reach what wrote an entry, or not from all that read it.

import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

extension Mutant {
  static var latentGradients: [Mutant] {
    func cut(
      _ id: String, _ sentence: String, where leavesRoom: @escaping @Sendable (AskedLatent) -> Bool,
      _ change: @escaping @Sendable (inout LatentRules) -> Void
    ) -> Mutant {
      latentRules(id, .gradients, sentence, on: [.latentGradients], where: leavesRoom, change)
    }
    return [
      cut("L36", "I let no gradient through the quantiser", where: { $0.isQuantised }) {
        $0.quantiserBackward = { Tensor(zeros: $0.shape) }
      },
      cut("L37", "I let no gradient from consumers to their producer", where: { $0.hasConsumers }) {
        $0.readersBackward = { _, reader in reader }
      },
      cut("L38", "I let a producer learn from the last layer alone that reads it", where: { $0.hasConsumers }) {
        $0.readersBackward = { later, _ in later }
      },
      cut(
        "L39", "I let the shared key learn from the first head alone",
        where: { $0.widths.map { $0.heads > 1 && $0.rotated > 0 } ?? false }
      ) { $0.rotatedKeyBackward = { $0.columns(0..<$0.columns / $1) } },
    ]
  }
}
