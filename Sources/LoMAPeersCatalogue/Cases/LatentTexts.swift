// LAT-12: texts of chapter 17 and the requests that hold them, all from seeds.

import LoMAAnswers
import LoMACatalogue
import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

/// Texts of a case.
struct LatentTexts: Sendable {
  /// Tokens by text.
  let texts: [[Int]]

  /// Texts of drawn tokens.
  init(_ lengths: [Int], seed: UInt64) {
    texts = CaseInputs.texts(lengths, below: LatentCaseModel.vocabulary, seed: seed)
  }

  /// Given texts.
  init(of texts: [[Int]]) { self.texts = texts }

  /// The request of an operation on these texts, with the profile of the model.
  func request(
    _ operation: PeerOperation, _ model: LatentCaseModel, _ more: [String: RequestParameter] = [:],
    arrays: [NamedArray] = [], captures: [String] = []
  ) -> Request {
    Request(
      .peer(operation), axes: model.profile.axes, parameters: more, model: model.path,
      input: CaseInputs.file(CaseInputs.batch(texts) + arrays), captures: captures)
  }

  /// Seeded numbers in place of the rows' embeddings, [texts, rows, D].
  func embeddings(seed: UInt64) -> NamedArray {
    CaseInputs.normal(
      "embeddings", shape: [texts.count, rowCount, LatentCaseModel.hidden], deviation: 1, mean: 0, seed: seed)
  }

  /// Other numbers for the rows of a single text, [rows, D].
  func replacements(seed: UInt64) -> NamedArray {
    CaseInputs.normal(
      "replacements", shape: [rowCount, LatentCaseModel.hidden], deviation: 1, mean: 0, seed: seed)
  }

  private var rowCount: Int { texts.map { $0.count }.max() ?? 0 }
}

/// LAT-18: how far the codes of a pass are from their borders.
package enum CodeMargin {
  /// The least margin of a case that is asked in f32, whose roundings move a quotient by far less.
  package static let least = 0x1p-10

  /// The smallest margin among the codes of all passes that a request makes; nil if it has none, or is rejected.
  ///
  /// Of `quantise` the codes have margins of their own, and those of scales in bf16 count: how far, as a share of itself,
  /// Δ is from the middle between two such numbers, where a type's rounding would choose another one.
  package static func margin(of request: Request, _ answers: ReferenceAnswers) -> Double? {
    if request.operation == .peer(.quantise) { return scaleMargin(of: request) }
    guard let asked = try? LatentRequest(request, answers),
      case .latent(let widths) = asked.model.configuration.attention.form
    else { return nil }
    var texts = asked.texts
    if asked.generationLength > 1, let answer = try? answers.answer(request),
      case .integers(let chosen)? = answer.first(where: { $0.name == "chosen" })?.content
    {
      texts[0] += (asked.forced ?? chosen).dropLast()
    }
    let quantisers = asked.model.quantisers(widths)
    var margins: [Double] = []
    for (index, text) in texts.enumerated() {
      guard let entries = try? unquantised(asked.model, text, embeddings: embeddings(of: request, text: index)) else {
        continue
      }
      for made in entries {
        margins += Self.margins(quantisers.latent, made.contents)
        if widths.rotated > 0 { margins += Self.margins(quantisers.rotatedKey, made.keys) }
      }
    }
    return margins.min()
  }

  private static func scaleMargin(of request: Request) -> Double? {
    guard let profile = try? request.latentProfile(), profile.scaleRounding == .bf16,
      let x = try? request.matrix("x"), let bits = try? request.integer("bits"),
      let group = try? request.integer("group"),
      let quantiser = try? Quantiser(form: profile.quantiser, bits: bits, group: group, scaleRounding: .none)
    else { return nil }
    let distances = quantiser.groups(of: x).map { made in
      // In units of the last of eight bits; a step that is exactly in the middle is so in every type.
      let place = made.step.significand * 0x1p7
      let distance = (place - place.rounded(.down) - 0.5).magnitude
      return distance == 0 || made.step == 0 ? 1 : distance * 0x1p4
    }
    return distances.min()
  }

  private static func embeddings(of request: Request, text: Int) -> Tensor? {
    guard let given = try? request.tensor("embeddings"), given.shape.count == 3 else { return nil }
    let rows = given.shape[1]
    return given.selecting(rows: Array(text * rows..<(text + 1) * rows))
  }

  /// What every producer makes of a text before its quantiser.
  private static func unquantised(
    _ model: LatentModel, _ text: [Int], embeddings: Tensor?
  ) throws(ModelError) -> [StoredEntries] {
    let positions = Array(0..<(embeddings?.rows ?? text.count))
    func rows() throws(ModelError) -> Tensor {
      if let embeddings { return embeddings }
      return try model.embed(text)
    }
    let trace = try model.forward(
      embeddings: try rows(), positions: positions,
      visible: VisibleKeys(lists: positions.map { Array(0...$0) }, keyCount: positions.count), past: model.noPast)
    var entries: [StoredEntries] = []
    for producer in model.producers {
      if let made = try model.unquantised(layer: producer, trace: trace.layers[producer], positions: positions) {
        entries.append(made)
      }
    }
    return entries
  }

  private static func margins(_ quantiser: Quantiser, _ x: Tensor) -> [Double] {
    let groups = quantiser.groups(of: x)
    return groups.indices.flatMap { place in
      groups[place].margins(of: x.values[place * quantiser.group..<(place + 1) * quantiser.group])
    }
  }
}
