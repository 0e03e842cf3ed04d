// OPS-1, OPS-7, RUN-2, TOL-1, CCM-30, CCM-36, LAT-12…LAT-17, BAS-19…BAS-23: the vocabulary of a case, in the words of manifests
// and the protocol: level, operation, rule and property.

/// A part of the Spec; each has operations, axes, rejections and a manifest of its own.
public enum Part: String, CaseIterable, Sendable {
  /// Part I, chapters 1 to 15: LoMA itself.
  case loma
  /// Part II, from chapter 16 on: systems that stand beside LoMA.
  case peers
}

/// The level of a case: what is compared, and how strictly.
public enum Level: String, CaseIterable, Sendable {
  /// Integers, compared exactly.
  case structure
  /// One stage of the model, with a derived bound per element.
  case stage
  /// A forward pass, with a calibrated bound per tensor.
  case model
  /// Gradients and optimiser steps, with a calibrated bound per tensor.
  case training
  /// Generation and reconstruction, with a calibrated bound per tensor.
  case generation
  /// Bad input; the right answer is a rejection with a code.
  case rejection
  /// Several answers, compared with each other instead of with a recorded one.
  case property
}

/// An operation of the protocol.
public enum Operation: Hashable, Sendable {
  /// Rows with positions and labels (chapters 2, 3, 5).
  case layout
  /// Which rows see which (chapter 4).
  case mask
  /// The events of the cache (chapter 6).
  case schedule
  /// Both accuracies of reconstruction, as counts (chapter 7).
  case metrics
  /// Visible pairs and bytes of the cache (chapter 9).
  case cost
  /// RMSNorm (MOD-2).
  case rmsNorm
  /// Rotary embedding (MOD-3).
  case rope
  /// Attention on given queries, keys, values and mask (MOD-4).
  case attention
  /// The feed-forward block with its three linear layers (MOD-5).
  case feedForward
  /// One decoder layer (MOD-6).
  case decoderLayer
  /// Cross-entropy of each row (LOS-5).
  case crossEntropy
  /// Logits of the training layout, and intermediates that the request names.
  case forward
  /// Both terms of the loss (LOS-4).
  case loss
  /// The gradient of the loss by every parameter.
  case gradients
  /// Parameters and moments after AdamW steps (LOS-6).
  case trainStep
  /// Generation: text through the compressed cache (chapter 6).
  case generate
  /// Reconstruction of a chunk from its memory (chapter 7).
  case reconstruct
  /// An operation of part II.
  case peer(PeerOperation)
}

/// An operation of part II; those of one chapter stand together.
public enum PeerOperation: String, CaseIterable, Sendable {
  /// Rows of the parallel layout with positions and labels (CCM-31).
  case ccmLayout = "ccm_layout"
  /// Which rows of it see which (CCM-31).
  case ccmMask = "ccm_mask"
  /// The events of the compressed context (CCM-31).
  case ccmSchedule = "ccm_schedule"
  /// Visible pairs, and entries held (CCM-31).
  case ccmCost = "ccm_cost"
  /// Running means of keys and values (CCM-32).
  case merge
  /// A linear layer with an adapter on some rows (CCM-32).
  case conditionalLinear = "conditional_linear"
  /// Logits of the parallel layout, and intermediates that the request names (CCM-33).
  case ccmForward = "ccm_forward"
  /// The loss over the outputs of a batch (CCM-33).
  case ccmLoss = "ccm_loss"
  /// The gradient of the loss by every tensor of the adapter (CCM-33).
  case ccmGradients = "ccm_gradients"
  /// A text fed segment by segment, and tokens generated after it (CCM-34).
  case ccmOnline = "ccm_online"
  /// Who writes entries in latent attention, and what a token costs (LAT-13).
  case latentCost = "latent_cost"
  /// Rows of numbers as codes of a few bits (LAT-13).
  case quantise
  /// Attention over a producer's entries (LAT-13).
  case latentAttention = "latent_attention"
  /// Logits of texts, and intermediates that the request names (LAT-14).
  case latentForward = "latent_forward"
  /// The loss of texts and its gradient by every tensor of the model (LAT-14).
  case latentGradients = "latent_gradients"
  /// A text fed to a cache of entries, and tokens generated after it (LAT-15).
  case latentGenerate = "latent_generate"
  /// The entries that a KV head keeps (BAS-20).
  case evict
  /// How many entries each layer keeps (BAS-20).
  case zigzagBudgets = "zigzag_budgets"
  /// Key channels that are pruned (BAS-20).
  case think
  /// Entries in few bits, by saliency (BAS-20).
  case zipCache = "zip_cache"
  /// Rows that go on to the next layer (BAS-20).
  case pyramidStep = "pyramid_step"
  /// How far layers' caches are apart (BAS-20).
  case layerDistances = "layer_distances"
  /// Tokens appended to a cache or accumulated in its last entry (BAS-20).
  case dmc
  /// A weight of lower rank (BAS-20).
  case truncateRank = "truncate_rank"
  /// Vectors as a few weighted atoms (BAS-20).
  case pursue
  /// Stored numbers that are disturbed (BAS-20).
  case storeNoise = "store_noise"
  /// A prefill whose cache a method changes, and the rows fed after it (BAS-21).
  case cachedForward = "cached_forward"
}

/// A method of part II, to which its chapter's operations, axes and models belong.
public enum PeerMethod: String, CaseIterable, Sendable {
  /// Compressed context memory, chapter 16.
  case context
  /// Latent attention and its quantiser, chapters 17 and 18.
  case latent
  /// Baselines that change what a cache holds, chapter 19.
  case cache
}

extension PeerOperation {
  /// The method that it is an operation of.
  public var method: PeerMethod {
    switch self {
    case .ccmLayout, .ccmMask, .ccmSchedule, .ccmCost, .merge, .conditionalLinear, .ccmForward, .ccmLoss, .ccmGradients,
      .ccmOnline:
      .context
    case .latentCost, .quantise, .latentAttention, .latentForward, .latentGradients, .latentGenerate: .latent
    case .evict, .zigzagBudgets, .think, .zipCache, .pyramidStep, .layerDistances, .dmc, .truncateRank, .pursue,
      .storeNoise, .cachedForward:
      .cache
    }
  }

  /// The operations of a method, in the order of its chapter.
  public static func all(of method: PeerMethod) -> [PeerOperation] { allCases.filter { $0.method == method } }
}

extension Operation: RawRepresentable, CaseIterable {
  /// The operations of part I, in the order of chapter 11.
  private static let ofLoMA: [Operation] = [
    .layout, .mask, .schedule, .metrics, .cost, .rmsNorm, .rope, .attention, .feedForward, .decoderLayer, .crossEntropy,
    .forward, .loss, .gradients, .trainStep, .generate, .reconstruct,
  ]
  /// Every operation, part after part.
  public static let allCases = ofLoMA + PeerOperation.allCases.map { Operation.peer($0) }
  private static let named = Dictionary(uniqueKeysWithValues: allCases.map { ($0.rawValue, $0) })

  /// The operations of a part; each part has words of its own.
  public static func all(of part: Part) -> [Operation] { allCases.filter { $0.part == part } }

  /// The part whose Spec defines it.
  public var part: Part {
    switch self {
    case .layout, .mask, .schedule, .metrics, .cost, .rmsNorm, .rope, .attention, .feedForward, .decoderLayer,
      .crossEntropy, .forward, .loss, .gradients, .trainStep, .generate, .reconstruct:
      .loma
    case .peer: .peers
    }
  }

  /// The method of part II whose operation it is; nil for one of part I.
  public var method: PeerMethod? {
    guard case .peer(let operation) = self else { return nil }
    return operation.method
  }

  /// The operation of a word of the protocol; nil if there is none.
  public init?(rawValue: String) {
    guard let operation = Self.named[rawValue] else { return nil }
    self = operation
  }

  /// The word of the protocol.
  public var rawValue: String {
    switch self {
    case .layout: "layout"
    case .mask: "mask"
    case .schedule: "schedule"
    case .metrics: "metrics"
    case .cost: "cost"
    case .rmsNorm: "rms_norm"
    case .rope: "rope"
    case .attention: "attention"
    case .feedForward: "feed_forward"
    case .decoderLayer: "decoder_layer"
    case .crossEntropy: "cross_entropy"
    case .forward: "forward"
    case .loss: "loss"
    case .gradients: "gradients"
    case .trainStep: "train_step"
    case .generate: "generate"
    case .reconstruct: "reconstruct"
    case .peer(let operation): operation.rawValue
    }
  }
}

extension Set where Element == Operation {
  /// The operations that run a whole model.
  package static let models: Self = [.forward, .loss, .gradients, .trainStep, .generate, .reconstruct]
  /// The operations on training layouts of texts.
  package static let training: Self = [.forward, .loss, .gradients, .trainStep]
  /// The operations on texts that are laid out as rows.
  package static let texts: Self = [.layout, .mask, .forward, .loss, .gradients, .trainStep]
  /// The operations with a compressed cache.
  package static let caches: Self = [.generate, .reconstruct]
}

/// What a model needs beyond the plain Llama of MOD-1 to MOD-6; a case of a family is asked only of those who declare it.
public enum CaseFamily: String, CaseIterable, Sendable {
  /// Frequencies divided by one number (MOD-8).
  case linear
  /// Frequencies that grow with the text, below the length from which they do (MOD-8).
  case dynamic
  /// Slow frequencies divided, as Llama 3.1 does (MOD-8).
  case llama3
  /// A ramp over the frequencies, and a factor on cosines and sines (MOD-9).
  case yarn
  /// Biases in all seven linear layers of a Llama (MOD-10).
  case biases
  /// Mistral's config.json (MOD-13).
  case mistral
  /// Biases of q, k and v that no key mentions (MOD-10).
  case qwen2
  /// Norms of queries and keys (MOD-11).
  case qwen3

  /// The words for all of them, as a hello lists them.
  public static let words = allCases.map { $0.rawValue }
}

/// A type of numbers that a candidate may be asked in; an answer of integers alone is asked for as `i64`.
public enum NumberType: String, CaseIterable, Sendable {
  /// IEEE 754 binary64.
  case f64
  /// IEEE 754 binary32.
  case f32
  /// bfloat16.
  case bf16
  /// IEEE 754 binary16.
  case f16

  /// The words of the protocol for all of them, the widest first.
  public static let words = allCases.map { $0.rawValue }
  /// The words for those with at least 24 bits of precision.
  public static let preciseWords = [f64, f32].map { $0.rawValue }
  /// The word for answers without numbers.
  public static let integerWord = "i64"
  /// Every word that a case may be asked in, in the order of a run.
  public static let allWords = [integerWord] + words
}

/// How an output tensor is compared (chapter 12).
public enum Rule: String, CaseIterable, Sendable {
  /// Integers or booleans, which must be equal.
  case exact
  /// A bound per element, from recorded accumulation and rounding units.
  case derived
  /// A bound per tensor, from the measured errors of right implementations.
  case calibrated
}

/// A property that several answers must have together; nothing recorded is compared (OPS-7).
public enum Property: String, CaseIterable, Sendable {
  /// A change of an invisible row changes nothing, of a visible one something; one layer.
  case interference
  /// Huge keys and values of hidden rows change nothing.
  case poison
  /// The forward pass of a prefix of a text has the same reading rows.
  case prefix
  /// The logits of generation equal those of the reading rows of the forward pass.
  case cache
  /// Each text of a batch gets the same results as alone.
  case batch
  /// Attention stays the same if every position moves by the same amount.
  case shift
  /// The same request twice gives the same bytes.
  case `repeat`
  /// The logits of a text fed segment by segment equal those of the parallel layout (CCM-36).
  case online
  /// What SUM rows hold changes nothing (CCM-36).
  case inert
  /// An adapter changes the rows it acts on and no other (CCM-36).
  case gate
}
