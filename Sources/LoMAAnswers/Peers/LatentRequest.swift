// LAT-12, LAT-16: a request of chapter 17. Faults are looked for in the order of the list of rejections: profile, the
// model's sizes, texts, then the rest of the model.

import LoMA
import LoMAModels
import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

/// A model with latent attention as its files have it; it may be refused and still be asked of (LAT-16).
package struct StoredLatent: Sendable {
  package let vocabularySize: Int
  /// The decisions that config.json states.
  package let profile: LatentProfile
  package private(set) var content: Result<Content, LatentError>

  /// What a model is that is not refused.
  package struct Content: Sendable {
    package let configuration: LatentConfiguration
    package let parameters: ParameterSet
  }

  /// What the files of a model say.
  init(vocabularySize: Int, profile: LatentProfile, content: Result<Content, LatentError>) {
    (self.vocabularySize, self.profile, self.content) = (vocabularySize, profile, content)
  }

  /// The same weights under another configuration, which a port took theirs for.
  package func taken(for configuration: LatentConfiguration) -> StoredLatent {
    var stored = self
    stored.content = content.map { Content(configuration: configuration, parameters: $0.parameters) }
    return stored
  }
}

extension Request {
  package func latentProfile() throws(RequestError) -> LatentProfile {
    let sorted = axes.sorted { $0.key < $1.key }.map { (axis: $0.key, value: $0.value) }
    // An unknown axis comes before an unknown value.
    let pairs =
      sorted.filter { LatentAxis(rawValue: $0.axis) == nil } + sorted.filter { LatentAxis(rawValue: $0.axis) != nil }
    return try peer { () throws(PeerError) in try LatentProfile(pairs) }
  }

  /// An integer parameter, nil if it is not given.
  func optionalInteger(_ name: String) throws(RequestError) -> Int? {
    parameters[name] == nil ? nil : try integer(name)
  }

  /// Bits, nil for 0, which is none (LAT-1).
  package func bits(_ name: String) throws(RequestError) -> Int? {
    let bits = try optionalInteger(name)
    return bits == 0 ? nil : bits
  }

  /// `tokens`, cut by `lengths`; each text has a token, and each token is below V'.
  fileprivate func latentTexts(vocabulary: Int, forced: [Int]) throws(RequestError) -> [[Int]] {
    let (tokens, lengths) = (try integers("tokens"), try integers("lengths"))
    guard !lengths.isEmpty else { throw .peer(.textEmpty(text: nil)) }
    if let text = lengths.firstIndex(where: { $0 < 1 }) { throw .peer(.textEmpty(text: text)) }
    guard let texts = try? cutTexts(tokens, by: lengths) else {
      throw .peer(.textsMismatch(lengths: lengths, tokens: tokens.count))
    }
    // Forced tokens follow those of the last text.
    for (text, tokens) in (texts.dropLast() + [(texts.last ?? []) + forced]).enumerated() {
      for (index, token) in tokens.enumerated() where token < 0 || token >= vocabulary {
        throw .peer(
          .reference(
            .rejected(
              .textTokenOutOfRange(token: token, segment: text, index: index, textVocabulary: vocabulary))))
      }
    }
    return texts
  }
}

extension PeerRefusal {
  /// The refusal of a model with latent attention.
  init(_ error: LatentError) { self.init(code: error.code, description: error.description) }
}

/// The model and the texts of a request.
package struct LatentRequest {
  package let model: LatentModel
  /// At least one, each of at least one token.
  package let texts: [[Int]]
  /// m; 0 for an operation that generates nothing.
  package let generationLength: Int
  /// The tokens that are fed in the place of those chosen; nil if they are not given.
  package let forced: [Int]?

  package init(_ request: Request, _ answers: ReferenceAnswers) throws(RequestError) {
    let profile = try request.latentProfile()
    guard let stored = request.model.flatMap({ answers.peers.latents[$0] }) else { throw .parameter("model") }
    if case .failure(let error) = stored.content, error.isOfSizes { throw .peer(.latentModel(PeerRefusal(error))) }
    let generates = request.operation == .peer(.latentGenerate)
    forced = generates ? try request.forcedTokens() : nil
    texts = try request.latentTexts(vocabulary: stored.vocabularySize, forced: forced ?? [])
    generationLength = generates ? try request.integer("generate") : 0
    if generationLength < 0 { throw .peer(.reference(.rejected(.negativeGenerationLength(generationLength)))) }
    // A shape that is wrong comes after a profile that is.
    if case .failure(let error) = stored.content, error.code != LatentError.shapeMismatch {
      throw .peer(.latentModel(PeerRefusal(error)))
    }
    guard profile == stored.profile else {
      throw .peer(.profileMismatch(asked: profile.name, model: stored.profile.name))
    }
    let content: StoredLatent.Content
    do { content = try stored.content.get() } catch { throw .peer(.latentModel(PeerRefusal(error))) }
    if let forced, forced.count != generationLength { throw .shape(tensor: "forced") }
    model = LatentModel(
      configuration: content.configuration, weights: Weights(content.parameters), functions: answers.functions,
      rules: answers.peers.latentRules)
  }

  /// The only text of an operation that takes one.
  func onlyText() throws(RequestError) -> [Int] {
    guard let text = texts.first, texts.count == 1 else { throw .shape(tensor: "lengths") }
    return text
  }

  /// The texts as rows of part I that nothing is compressed of: causal, at positions 0, 1, …, each labelled with the next
  /// token; padded on the right (LAT-12).
  var batch: Batch {
    Batch(
      rows: texts.map { tokens in
        tokens.indices.map { index in
          Row(
            token: tokens[index], place: .reading(chunk: 0, index: index), position: index,
            label: index + 1 < tokens.count ? tokens[index + 1] : nil)
        }
      })
  }
}
