// EQB-9: what each method throws away, in one sentence, and what became of every system that was to be compared.

/// The sentences of the page.
package enum MethodWords {
  /// What a method throws away: a statement about its definition, not about a result.
  package static func lost(_ method: String) -> String {
    if let storage = method.firstRange(of: " ∘ ") {
      return "what \(method[storage.upperBound...]) throws away, and the lower bits of what that keeps"
    }
    return sentences[method] ?? ""
  }

  private static let sentences: [String: String] = [
    "last": "every entry but the last ones",
    "uniform": "the lower bits of every number, alike for all tokens",
    "evict": "entries that the last rows looked at least, so those tokens are gone for good",
    "zigzag": "what `evict` throws away, more of it in layers that look at few entries",
    "think": "whole channels of keys, never of values, so half the cache always stays",
    "zipcache": "the lower bits of every number, more of them in entries that rows looked at least",
    "pyramid": "rows between layers, so that deeper layers hold fewer tokens",
    "kvsharer": "whole layers' keys and values, for which another layer's stand in",
    "lorc": "the directions of keys and values that the weights use least, of every token",
    "quantised-lorc": "the directions that `lorc` drops, and the lower bits of what is left",
    "csr": "what few atoms of a dictionary cannot express of each vector",
    "loma-c4": "the text's entries, for t memory entries a chunk that training shaped to be recited from",
    "loma-c8": "the text's entries, for half as many memory entries as `loma-c4` has",
    "ccm-concat": "the text's entries, for t memory entries a chunk that all later rows share",
    "ccm-merge": "the text's entries, and which chunk is which: t entries in all are the mean of every chunk's",
    "mla-4": "what does not pass through a latent of a quarter of the numbers, which training shaped",
    "mla-8": "what does not pass through a latent of an eighth of the numbers, which training shaped",
    "clla": "what does not pass through a latent of 4-bit numbers that two layers share, which training shaped",
    "dmc": "what tells tokens of one entry apart: it holds their weighted mean, and training chose who shares one",
    "cla": "the keys and values of all layers but the first, which training did without",
  ]

  /// A system of the founding list: the methods that stand for it, and what else is to be said.
  package struct System: Sendable {
    package let name: String
    package let methods: [String]
    package let words: String
  }

  /// Every system that this project set out to compare.
  package static let systems = [
    System(
      name: "ThinK (2407.21018)", methods: ["think"],
      words: "BAS-10; no recent keys are spared, which is our choice: the release spares 32."),
    System(
      name: "ZipCache (2405.14256)", methods: ["zipcache"],
      words: "BAS-11; all rows are probes, and each KV head is quantised by itself."),
    System(
      name: "PyramidInfer (2405.12532)", methods: ["pyramid"],
      words: "BAS-13, at the prefill alone; the rows that go on are a geometric list of ours, not the release's cosine."
    ),
    System(
      name: "KVSharer (2410.18517)", methods: ["kvsharer"],
      words: "BAS-14; with three layers at most two can share another's cache."),
    System(
      name: "DMC (2403.09636)", methods: ["dmc"],
      words: "BAS-15, on models that learn to decide by BAS-26: from nothing, not from a finished model as in the "
        + "release. What is held depends on the text: the bits are the most of any text, the mean stands beside them. The "
        + "target is one for all heads together, so training may keep a few heads whole and empty the others."),
    System(
      name: "LoRC (2410.03111)", methods: ["lorc", "quantised-lorc"],
      words: "BAS-16, from summaries; one rank for keys and values of all layers."),
    System(
      name: "ZigZagKV (2412.09036)", methods: ["zigzag"],
      words: "BAS-12, from a pull request by others; beside it `evict`, the same with one budget for all layers."),
    System(
      name: "CSR (2412.11741)", methods: ["csr"],
      words:
        "BAS-17, from summaries; its dictionary is not public, ours is of farthest calibration vectors, and of such "
        + "short texts it is as large as a good part of a cache, or larger: see the side bits."),
    System(
      name: "Neural Network Compression for Noisy Storage Devices (2102.07725)", methods: [],
      words: "No cache method: it protects stored weights by codes. Its question is the section on noise."),
  ]
}
