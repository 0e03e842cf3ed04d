// The options of commands that run latent attention (`--method latent`) on a model.

import LoMA
import LoMAExplanation
import LoMAModels
import LoMAPeers

/// The model of `--model DIR`, read from a command line.
enum LatentOptions {
  static let names = ["--model", "--threads"]

  /// The orders of rotated rows that every command takes (LAT-10).
  static let pairs = Set(PairOrder.allCases)

  static let help = """
      --model DIR              a DeepSeek-V3 whose layers are all dense, as transformers' save_pretrained writes it, with
                               or without the object latent of LAT-10; a Llama if that says entries=heads
      --threads N              default all processors; the result does not depend on it

    """

  /// A model in either order of rotated rows.
  static func load(_ arguments: Arguments) throws -> LatentCheckpoint {
    guard let directory = arguments["--model"] else { throw UsageError(line: "option --model is required") }
    return try LatentCheckpoint(directory: directory, accepting: pairs)
  }
}

// MARK: - loma explain

extension LatentOptions {
  /// The options that `loma explain --method latent` alone takes.
  static let explanationNames = [
    "--model", "--point", "--stride", "--hidden", "--heads", "--plain", "--rotated", "--value", "--latent",
    "--query-latent", "--bits", "--rotated-bits", "--group", "--text", "--c", "--t",
  ]

  /// The sizes that a config.json says, and that options of the same meaning would contradict.
  private static let sizeNames = Set(explanationNames).subtracting(["--model", "--text", "--c", "--t"])
    .union(["--layers", "--head-dim", "--profile"])

  /// The inputs of `loma explain --method latent`; for `--show profiles` any valid sizes will do.
  static func inputs(_ arguments: Arguments, _ sections: [ExplanationSection]) throws -> LatentInputs {
    var inputs: LatentInputs
    if let directory = arguments["--model"] {
      if let name = arguments.given.map({ $0.0 }).first(where: sizeNames.contains) {
        throw UsageError(line: "option \(name) says what the model of --model says")
      }
      let shape = try LatentConfigurationFile(directory: directory, accepting: pairs)
        .configuration.shape
      inputs = LatentInputs(
        point: nil, profile: shape.attention.profile, stride: shape.attention.stride, form: shape.attention.form,
        layers: shape.layers, hiddenSize: shape.hiddenSize)
    } else {
      inputs = try sizes(arguments, isNeeded: sections.contains { $0 != .profiles })
    }
    switch inputs.form {
    case .latent:
      inputs.groups = try arguments.integer("--kv-heads")
      if let groups = inputs.groups, groups < 1 {
        throw UsageError(line: "option --kv-heads takes at least 1, not \(groups)")
      }
    case .heads:
      if arguments["--model"] != nil, arguments["--kv-heads"] != nil {
        throw UsageError(line: "option --kv-heads says what the model of --model says")
      }
    }
    inputs.textLength = try arguments.integer("--text")
    if let c = try arguments.integer("--c") {
      inputs.loma = try Parameters(c: c, t: try arguments.integer("--t") ?? 1)
    } else if arguments["--t"] != nil {
      throw UsageError(line: "option --t needs --c")
    }
    return inputs
  }

  /// A point with its choices, and the sizes given; an option beside the point wins.
  private static func sizes(_ arguments: Arguments, isNeeded: Bool) throws -> LatentInputs {
    func size(_ name: String) throws -> Int {
      if let value = try arguments.integer(name) { return value }
      guard !isNeeded else { throw UsageError(line: "option \(name) is needed, or --model DIR") }
      return 2
    }
    let point: LatentPoint? = arguments["--point"] == nil ? nil : try arguments.choice("--point", otherwise: .mla)
    let profile = try arguments["--profile"].map { try LatentProfile(name: $0) } ?? point?.profile ?? .base
    let stride = try arguments.integer("--stride") ?? (point ?? .mla).stride ?? size("--stride")
    let form: LatentForm
    switch profile.entries {
    case .latent:
      for name in ["--head-dim"] where arguments[name] != nil { throw onlyOf(.heads, name) }
      form = .latent(
        LatentWidths(
          heads: try size("--heads"), plain: try size("--plain"), rotated: try size("--rotated"),
          value: try size("--value"), latent: try size("--latent"),
          queryLatent: try arguments.integer("--query-latent"),
          bits: try bits("--bits", arguments) ?? (arguments["--bits"] == nil ? point?.bits : nil),
          rotatedBits: try bits("--rotated-bits", arguments), group: try arguments.integer("--group")))
    case .heads:
      let names = [
        "--plain", "--rotated", "--value", "--latent", "--query-latent", "--bits", "--rotated-bits", "--group",
      ]
      for name in names where arguments[name] != nil { throw onlyOf(.latent, name) }
      form = .heads(
        query: try size("--heads"), keyValue: try arguments.integer("--kv-heads") ?? size("--heads"),
        dimension: try size("--head-dim"))
    }
    let (layers, hidden) = (try size("--layers"), try size("--hidden"))
    for (name, value, limit) in [
      ("--layers", layers, LatentExplanation.layerLimit), ("--hidden", hidden, LatentParameters.limit),
    ] where !(1...limit).contains(value) {
      throw UsageError(line: "option \(name) takes 1...\(limit), not \(value)")
    }
    return LatentInputs(
      point: point, profile: profile, stride: stride, form: form, layers: layers, hiddenSize: hidden)
  }

  private static func onlyOf(_ entries: LatentProfile.Entries, _ name: String) -> UsageError {
    UsageError(line: "option \(name) is about entries=\(entries.rawValue)")
  }

  /// The bits given for an option; nil if it is absent or 0, which is none.
  private static func bits(_ name: String, _ arguments: Arguments) throws -> Int? {
    let bits = try arguments.integer(name)
    return bits == 0 ? nil : bits
  }
}
