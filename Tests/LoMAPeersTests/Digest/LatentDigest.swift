// One number over what latent attention computes: forward, loss, gradients and LoMA's cache of latent entries. The tests
// compute it, and so does Tests/WebAssembly/run, in WebAssembly under node.

import LoMA
import LoMAPeers
import LoMAPeersReference
import LoMAReference
import NaiveLlama

/// The last of `latentDigests`, whatever the machine, the number of threads and the optimisation.
let recordedLatentDigest = "c4d45dccd822c4e0"

/// The digest after each profile, each over everything before it too: the first line that differs names the profile.
func latentDigests(threads: Int) throws(ReferenceError) -> [(part: String, digest: String)] {
  var digest = NumberDigest()
  var parts: [(part: String, digest: String)] = []
  for (index, profile) in LatentProfile.all.enumerated() {
    let model = try latentModel(profile, seed: index, threads: threads)
    let vocabulary = try rejecting(try Vocabulary(textSize: 11, memoryToken: 12, repetitionToken: 11, modelSize: 13))
    let parameters = try rejecting(try Parameters(c: 2, t: 1))
    let text = [3, 1, 7, 2, 9]
    let layout = try rejecting(
      try Layout.training(text: text, vocabulary: vocabulary, parameters: parameters, profile: .base))
    let pass = try computing(try model.trainingPass(texts: [layout.rows], profile: .base, rules: .spec))
    for logits in pass.logits { digest.add(logits) }
    digest.add(pass.loss.total.bitPattern)
    digest.add(pass.gradients)
    var generator = LatentGenerator(model: model, vocabulary: vocabulary, parameters: parameters, profile: .base)
    try generator.feed(text, passLength: 2) { event in digest.add(event.logits) }
    for token in try generator.generate(3, observe: { _ in }) { digest.add(UInt64(token)) }
    digest.add(try generator.reconstruct(chunk: 0).logits)
    for entries in generator.cache.stored {
      digest.add(entries.contents)
      digest.add(entries.keys)
    }
    parts.append((profile.name, digest.text))
  }
  return parts
}

/// Two layers that share entries; every other model is quantised.
private func latentModel(
  _ profile: LatentProfile, seed: Int, threads: Int
) throws(ReferenceError) -> LatentModel {
  let isEven = seed % 2 == 0
  let form: LatentForm =
    switch profile.entries {
    case .heads: .heads(query: 4, keyValue: 2, dimension: 4)
    case .latent:
      .latent(
        LatentWidths(
          heads: 2, plain: 3, rotated: 4, value: 5, latent: 6, queryLatent: isEven ? 4 : nil, bits: isEven ? nil : 3,
          rotatedBits: isEven ? nil : 4, group: 3))
    }
  let attention: LatentParameters
  do {
    attention = try LatentParameters(profile: profile, stride: 2, form: form)
  } catch {
    preconditionFailure(error.description)
  }
  let configuration = try computing(
    try LatentConfiguration(
      shape: LatentShape(
        vocabularySize: 13, hiddenSize: 8, intermediateSize: 12, layers: 3, tiesHead: isEven, attention: attention),
      epsilon: 0x1p-10, latentEpsilon: LatentConfiguration.defaultLatentEpsilon, theta: 10_000))
  var numbers = SeededNumbers(seed: UInt64(seed))
  return LatentModel(
    configuration: configuration,
    weights: Weights(ParameterSet.highVariance(configuration, numbers: &numbers)),
    functions: .llama(workers: Workers(threads: threads)), rules: .spec)
}
