// `loma compute` of part II: the quantiser, and who writes what and what it costs in latent attention.

import LoMAPeers
import LoMAPeersReference
import NaiveLlama

let latentForms: [PeerForm] = [
  PeerForm(
    name: "quantise", usage: "--x N,N,… --bits B [--profile PROFILE] [--group G]",
    options: ["--x", "--bits", "--profile", "--group"]
  ) { arguments in
    let (x, groups, quantiser) = try quantised(arguments)
    return quantiser.bits == nil ? "\(x)" : "\(groups.flatMap { $0.values })"
  },
  PeerForm(
    name: "quantiser_codes", usage: "--x N,N,… --bits B [--profile PROFILE] [--group G]",
    options: ["--x", "--bits", "--profile", "--group"]
  ) { arguments in
    let groups = try quantised(arguments).groups
    return groups.map { "lo \($0.least) step \($0.step) codes \($0.codes.map { Int($0) })" }.joined(separator: "; ")
  },
  PeerForm(name: "latent_producers", usage: "--layers N --stride S", options: ["--layers", "--stride"]) { arguments in
    let (layers, stride) = (try arguments.layers(), try arguments.required("--stride"))
    let parameters = try LatentParameters(
      profile: .base, stride: stride, form: .heads(query: 1, keyValue: 1, dimension: 2))
    return "\((0..<layers).map { parameters.producer(ofLayer: $0) })"
  },
  PeerForm(
    name: "latent_bits",
    usage: "--layers N --stride S --latent N --rotated N [--bits B] [--rotated-bits B] [--group G]\n"
      + "    [--profile PROFILE]",
    options: ["--layers", "--stride", "--latent", "--rotated", "--bits", "--rotated-bits", "--group", "--profile"]
  ) { arguments in
    let profile = try LatentProfile(name: arguments["--profile"] ?? "base")
    let widths = LatentWidths(
      heads: 1, plain: 1, rotated: try arguments.required("--rotated"), value: 1,
      latent: try arguments.required("--latent"), queryLatent: nil, bits: try arguments.bits("--bits"),
      rotatedBits: try arguments.bits("--rotated-bits"), group: try arguments.integer("--group"))
    let parameters = try LatentParameters(
      profile: profile, stride: try arguments.required("--stride"), form: .latent(widths))
    return "\(try LatentCost(parameters, layers: arguments.layers()).tokenBits)"
  },
]

/// The numbers of a command line, and the groups that a quantiser makes of them.
private func quantised(
  _ arguments: Arguments
) throws -> (x: [Double], groups: [QuantisedGroup], quantiser: Quantiser) {
  let x = try arguments.numbers("--x")
  let profile = try LatentProfile(name: arguments["--profile"] ?? "base")
  let group = try arguments.integer("--group") ?? x.count
  let bits = try arguments.bits("--bits")
  try StoredBits.check(bits, profile.quantiser)
  guard group >= 1, x.count % group == 0 else { throw PeerError.groupDoesNotDivide(group: group, latent: x.count) }
  let quantiser = try Quantiser(
    form: profile.quantiser, bits: bits, group: group, scaleRounding: profile.scaleRounding)
  return (x, quantiser.groups(of: Tensor(shape: [1, x.count], values: x)), quantiser)
}

extension Arguments {
  /// The bits given for an option; nil if it is absent or 0, which is none.
  fileprivate func bits(_ name: String) throws(UsageError) -> Int? {
    let bits = try integer(name)
    return bits == 0 ? nil : bits
  }

  /// The number of layers.
  fileprivate func layers() throws(UsageError) -> Int {
    let layers = try required("--layers")
    guard (1...1_000_000).contains(layers) else { throw UsageError(line: "option --layers must be in 1...1000000") }
    return layers
  }
}
