// LAT-10, LAT-15: the models with latent attention that recipes trained, and texts that they recite. A recipe's twin under
// sequential numbering is trained on ordinary causal texts: eight tokens, then as many `<r>`, at each of which the next
// of the eight is asked for. So what an entry lost, or a mistake moves, costs text here and not digits.

import LoMAAnswers
import LoMACatalogue
import LoMAPeers
import LoMAVectors

/// A model with latent attention that was trained by a recipe to recite a chunk from its entries.
package struct TrainedLatentModel: Sendable {
  /// The name of the folder below models.
  package let name: String
  /// The name of the recipe, Docs/Recipes/NAME.json.
  let recipeName: String
  let isQuantised: Bool
  /// SHA-256 of every file; tensors are BF16.
  package let files: [(name: String, sha256: String)]

  /// Tokens of a chunk, each of 0..<16.
  static let chunk = 8
  /// The id of `<r>`.
  static let repetition = 17

  package var path: String { "models/\(name)" }
  /// The recipe's path below the project.
  package var recipe: String { "Docs/Recipes/\(recipeName).json" }

  /// MLA with a query latent.
  static let mla = TrainedLatentModel(
    name: "trained-mla", recipeName: "latent-mla-recital", isQuantised: false,
    files: [
      ("config.json", "5391227378c2309e1cbfc4576ec9e666633f882edf2c632d3bf957cc7839842b"),
      ("model.safetensors", "7bd1a8cda4a26d08ba46cf36c83554eb96f8e1bf68487361ab95a976cbe9bb27"),
    ])
  /// Entries of 4 bits that both layers share.
  static let clla = TrainedLatentModel(
    name: "trained-clla", recipeName: "latent-clla-recital", isQuantised: true,
    files: [
      ("config.json", "14a96da09c2e4ce1699e154b77617eb3ed20672398596b84cdde77aaf3438ecc"),
      ("model.safetensors", "06cadcef2a3bd8b4dd92052ca98827d7e23d400fd56752030698b665e4bc27dc"),
    ])

  package static let all = [mla, clla]
}

/// Texts that a trained model recites from its entries.
enum LatentRecitalCases {
  /// Random tokens, in which some are twice.
  static let chunk = [11, 3, 14, 3, 0, 5, 15, 8]

  static var all: [Case] { TrainedLatentModel.all.flatMap { [forward(of: $0), recital(of: $0)].compactMap { $0 } } }

  private static func request(
    _ operation: PeerOperation, _ model: TrainedLatentModel, _ tokens: [Int],
    _ parameters: [String: RequestParameter] = [:], arrays: [NamedArray] = [], captures: [String] = []
  ) -> Request {
    Request(
      .peer(operation), axes: [:], parameters: parameters, model: model.path,
      input: CaseInputs.file(CaseInputs.batch([tokens]) + arrays), captures: captures)
  }

  private static func clauses(_ model: TrainedLatentModel) -> [String] {
    ["LAT-3", "LAT-4", "LAT-5", "LAT-6", "LAT-10"] + (model.isQuantised ? ["LAT-2", "QNT-1"] : [])
  }

  private static func types(_ model: TrainedLatentModel) -> [String] {
    model.isQuantised ? NumberType.preciseWords : NumberType.words
  }

  /// Each `<r>` is fed whatever was chosen, as it was in training.
  private static func recital(of model: TrainedLatentModel) -> Case? {
    let marks = Array(repeating: TrainedLatentModel.repetition, count: TrainedLatentModel.chunk)
    return Case.tensors(
      "generation.latent_generate.\(model.name).recites", .generation,
      hunts: "eight tokens that its entries no longer tell apart", clauses: clauses(model) + ["LAT-9", "LAT-15"],
      request(
        .latentGenerate, model, chunk + [marks[0]], ["generate": .integer(marks.count)],
        arrays: [CaseInputs.integers("forced", marks)])
    ).asked(in: types(model))
  }

  private static func forward(of model: TrainedLatentModel) -> Case? {
    let marks = Array(repeating: TrainedLatentModel.repetition, count: 4)
    func attention(_ layer: Int, _ names: [String]) -> [String] { names.map { "layers.\(layer).attention.\($0)" } }
    return Case.tensors(
      "model.latent_forward.\(model.name)", .model,
      hunts: "weights that are read wrongly from BF16, or entries, on the numbers of a trained model",
      clauses: clauses(model) + ["LAT-14"],
      request(
        .latentForward, model, chunk + marks,
        captures: model.isQuantised ? attention(0, ["latent", "stored_latent"]) : attention(1, ["rotated_key"]))
    ).asked(in: types(model))
  }
}
