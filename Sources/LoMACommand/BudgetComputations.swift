// `loma compute` of chapter 20: what a full cache holds at a moment, and which setting stands at a point.

import LoMAPeers
import LoMAVectors

let budgetForms: [PeerForm] = [
  PeerForm(
    name: "budget_full", usage: "--layers N --kv-heads N --head-dim N --length N",
    options: ["--layers", "--kv-heads", "--head-dim", "--length"]
  ) { arguments in
    func size(_ name: String) throws -> Int {
      let size = try arguments.required(name)
      guard size >= 1 else { throw UsageError(line: "option \(name) takes at least 1, not \(size)") }
      return size
    }
    let moment = BudgetMoment(chunks: 1, chunkLength: try size("--length"))
    let (layers, heads) = (try size("--layers"), try size("--kv-heads"))
    return "\(try moment.fullBits(layers: layers, keyValueHeads: heads, dimension: size("--head-dim")))"
  },
  PeerForm(name: "budget_points", usage: "--bits N,N,… --full N", options: ["--bits", "--full"]) { arguments in
    guard let list = arguments["--bits"] else { throw UsageError(line: "option --bits is required") }
    let bits = try Arguments.integers(list, of: "--bits")
    let full = try arguments.required("--full")
    guard full >= 1, bits.allSatisfy({ $0 >= 0 }) else { throw UsageError(line: "bits are at least 0, a full cache 1") }
    return columns(
      BudgetPoint.all.map { point in
        [point.name, point.standing(bits, ofFull: full).map { "\(bits[$0])" } ?? "–"]
      }
    ).joined(separator: "\n")
  },
]
