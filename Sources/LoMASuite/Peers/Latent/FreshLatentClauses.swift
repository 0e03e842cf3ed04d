// RUN-17: the clauses whose mistakes the answers of chapter 17 can show.

import LoMAVectors

extension PeerOperation {
  /// The clauses whose mistakes an answer of latent attention can show; none for another method.
  var latentClauses: [String] {
    switch self {
    case .latentCost: ["LAT-2", "LAT-11", "QNT-4"]
    case .quantise: ["QNT-1", "QNT-2", "QNT-3", "LAT-18"]
    case .latentAttention: ["LAT-5", "LAT-6", "LAT-18"]
    case .latentForward: ["LAT-2", "LAT-3", "LAT-4", "LAT-5", "LAT-6", "LAT-8", "LAT-12", "QNT-1", "QNT-2", "QNT-3"]
    case .latentGradients: ["LAT-2", "LAT-4", "LAT-5", "LAT-14"]
    case .latentGenerate: ["LAT-4", "LAT-9", "LAT-15"]
    default: []
    }
  }
}
