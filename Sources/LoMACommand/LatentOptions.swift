// The options of commands that run latent attention (`--method latent`) on a model.

import LoMAModels
import LoMAPeers

/// The model of `--model DIR`, read from a command line.
enum LatentOptions {
  static let names = ["--model", "--threads"]

  static let help = """
      --model DIR              a DeepSeek-V3 whose layers are all dense, as transformers' save_pretrained writes it, with
                               or without the object latent of LAT-10; a Llama if that says entries=heads
      --threads N              default all processors; the result does not depend on it

    """

  /// A model in either order of rotated rows.
  static func load(_ arguments: Arguments) throws -> LatentCheckpoint {
    guard let directory = arguments["--model"] else { throw UsageError(line: "option --model is required") }
    return try LatentCheckpoint(directory: directory, accepting: Set(PairOrder.allCases))
  }
}
