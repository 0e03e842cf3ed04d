// `loma compute` of part II: its functions, one file a group of them.

/// A function of part II: its arguments, and what it prints for them.
struct PeerForm: Sendable {
  let name: String
  let usage: String
  let options: [String]
  let result: @Sendable (Arguments) throws -> String
}

/// All of them, in the order of the chapters.
let peerForms: [PeerForm] =
  latentForms
  + entryForms
  + layerForms
  + budgetForms
