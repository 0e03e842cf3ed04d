// CCM-21, CCM-23: the models of part II that recipes trained. Recording does not train: it takes their files if they
// have the digests given here.

import LoMAPeers
import LoMAVectors

/// A base with its adapter that was trained by a recipe to recite a segment from the compressed memory alone.
package struct TrainedContextModel: Sendable {
  /// The name of the folder below models.
  package let name: String
  /// The name of the recipe, Docs/Recipes/NAME.json.
  let recipeName: String
  let profile: ContextProfile
  /// SHA-256 of every file, whose tensors are BF16.
  package let files: [(name: String, sha256: String)]

  /// Ids of the recipe's contexts; id `alphabet` + k asks for context segment k.
  static let alphabet = 8
  static let contexts = 2
  /// Tokens of a context segment.
  static let segment = 3
  /// n.
  static let memoryTokens = 2

  package var path: String { "models/\(name)" }
  /// The recipe's path below the project.
  package var recipe: String { "Docs/Recipes/\(recipeName).json" }

  private static let configuration = ("config.json", "f906c092ba0e8517a9e78fa561634e2f257b3e073a897d1f43d97e8086bfd723")
  private static let adapter = (
    "adapter/adapter_config.json", "d60bd8b76f84e423bc430c683d5fcd95f0c12f40a8f9e81965780bc91e18a2a5"
  )

  /// All weights trained, with one memory after the other.
  static let concat = TrainedContextModel(
    name: "trained-concat", recipeName: "ccm-concat", profile: .base,
    files: [
      configuration,
      ("model.safetensors", "fc944a4702c35a13b38f5427f538ebf44ad64657d8a37cc96dc4b7ee615086fd"),
      adapter,
      ("adapter/adapter_model.safetensors", "434b08894729d63ac38385db64e90902dd603b1ffde9346a8e12c102cd24f9b2"),
    ])
  /// All weights trained, with a running mean.
  static let merge = TrainedContextModel(
    name: "trained-merge", recipeName: "ccm-merge", profile: .merge,
    files: [
      configuration,
      ("model.safetensors", "aa080697f1cc5fd7c889259452f655de3f20294cc223d59673bdb599b96f5080"),
      adapter,
      ("adapter/adapter_model.safetensors", "730433dfee91cd749bbdd44fa336acd8309238102571a7916326c0c3eb2c8189"),
    ])
  /// Conditional LoRA and embeddings trained alone, on a base that never saw a memory.
  static let frozenBase = TrainedContextModel(
    name: "trained-adapter", recipeName: "ccm-concat-adapter", profile: .base,
    files: [
      configuration,
      ("model.safetensors", "4a449882a89fbdb0fbf86a96ea6654e7fad4983784cfd9679abb86c7abcb0e8d"),
      ("adapter/adapter_config.json", "8f13db8a5a754efe6758878105e4fa98487e5bd73843b9f3b236fdfd988fc546"),
      ("adapter/adapter_model.safetensors", "9a32f7d657b27e3c6a389dcd5322ec72a7266fb41b034b3157de1e491d9d4e30"),
    ])

  package static let all = [concat, merge, frozenBase]
}
