// RUN-17: which clauses a fresh case of part II is about, by its operation.

import LoMAVectors

extension PeerOperation {
  /// The clauses whose mistakes its answers can show.
  var clauses: [String] {
    switch self {
    case .ccmLayout: ["CCM-1", "CCM-2", "CCM-5", "CCM-6", "CCM-7", "CCM-8", "CCM-23"]
    case .ccmMask: (8...16).map { "CCM-\($0)" }
    case .ccmSchedule: ["CCM-16", "CCM-24", "CCM-26", "CCM-27", "CCM-28"]
    case .ccmCost: ["CCM-28", "CCM-29", "COST-1"]
    case .merge: ["CCM-3", "CCM-17", "CCM-19", "CCM-37"]
    case .conditionalLinear: ["CCM-20", "CCM-37"]
    case .ccmForward: (9...20).map { "CCM-\($0)" }
    case .ccmLoss: ["CCM-2", "CCM-8", "CCM-23"]
    case .ccmGradients: ["CCM-17", "CCM-20", "CCM-21", "CCM-23"]
    case .latentCost: ["LAT-2", "LAT-11", "QNT-4"]
    case .quantise: ["QNT-1", "QNT-2", "QNT-3", "LAT-18"]
    case .latentAttention: ["LAT-5", "LAT-6", "LAT-18"]
    case .latentForward: ["LAT-2", "LAT-3", "LAT-4", "LAT-5", "LAT-6", "LAT-8", "LAT-12", "QNT-1", "QNT-2", "QNT-3"]
    case .latentGradients: ["LAT-2", "LAT-4", "LAT-5", "LAT-14"]
    case .latentGenerate: ["LAT-4", "LAT-9", "LAT-15"]
    case .ccmOnline: ["CCM-16", "CCM-17", "CCM-19", "CCM-24", "CCM-25", "CCM-26", "CCM-27"]
    case .evict, .zigzagBudgets: ["BAS-3", "BAS-6", "BAS-12"]
    case .think: ["BAS-3", "BAS-6", "BAS-10"]
    case .zipCache: ["BAS-3", "BAS-6", "BAS-11", "QNT-1"]
    case .pyramidStep: ["BAS-3", "BAS-13"]
    case .layerDistances: ["BAS-14"]
    case .dmc: ["BAS-6", "BAS-15"]
    case .truncateRank: ["BAS-16"]
    case .pursue: ["BAS-3", "BAS-6", "BAS-17"]
    case .storeNoise: ["BAS-18"]
    case .cachedForward: ["BAS-1", "BAS-5", "BAS-6", "BAS-8", "BAS-9"]
    }
  }
}
