// CCM-1…CCM-5, CCM-23, CCM-27, LAT-1, LAT-11, QNT-1, BAS-2…BAS-18: why an input to a peer is rejected. `code` is one of the
// Spec's rejection codes.

import LoMA

/// Why an input is rejected, with the offending value and the limit it breaks.
///
/// Cases stand in the order of the Spec's lists: of several faults of one chapter the first one is thrown.
package enum PeerError: Error, Hashable, Sendable {
  /// CCM-3, LAT-1: no axis has this name.
  case unknownAxis(String)
  /// CCM-3, LAT-1: the axis has no such value.
  case unknownAlternative(axis: String, value: String)
  /// CCM-3, LAT-1: a profile names one axis twice.
  case repeatedAxis(String)
  /// CCM-3: a is absent or not in 0 < a ≤ 1.
  case mergeRateOutOfRange
  /// CCM-1: n < 1.
  case memoryTokensOutOfRange(Int)
  /// CCM-2: V < 1, or more ids than this implementation counts.
  case vocabularySizeOutOfRange(Int, limit: Int)
  /// CCM-4: BOS is no text token.
  case beginningTokenOutOfRange(Int, textVocabulary: Int)
  /// CCM-1: a segment without a token.
  case segmentEmpty(segment: Int)
  /// CCM-30: a text without a segment.
  case noSegment
  /// CCM-30: the lengths of a text's segments do not add up to its tokens.
  case segmentsMismatch(tokens: Int, lengths: Int)
  /// CCM-5: n, or the rows of a layout, are more than this implementation accepts.
  case textTooLong(limit: Int)
  /// CCM-2: a text token outside 0..<V.
  case textTokenOutOfRange(token: Int, segment: Int, index: Int, textVocabulary: Int)
  /// CCM-23: an output is shorter than 0, or has no token of its segment before it.
  case outputLengthOutOfRange(Int, finalLength: Int)
  /// CCM-27: a negative number of tokens was asked for.
  case negativeGenerationLength(Int)
  /// CCM-2: V is not the model's.
  case vocabularyMismatch(textVocabulary: Int, modelVocabulary: Int)
  /// LAT-1: s < 1, or more than this implementation counts.
  case strideOutOfRange(Int, limit: Int)
  /// LAT-1: d_c or d_q < 1, or more than this implementation counts.
  case latentWidthOutOfRange(Int, limit: Int)
  /// LAT-1: d_r is negative or odd.
  case oddRotatedWidth(Int)
  /// LAT-1: a head without a key or without a value, or a width below 0 or above the limit.
  case headWidthOutOfRange(plain: Int, rotated: Int, value: Int)
  /// QNT-1: bits that no code has.
  case bitsOutOfRange(Int, least: Int, limit: Int)
  /// LAT-1: groups that do not fill the latent.
  case groupDoesNotDivide(group: Int, latent: Int)
  /// LAT-11: a number of bits beyond an `Int`.
  case cacheSizeOutOfRange
  /// MOD-4: numbers of heads that do not fit each other, or an odd dimension.
  case invalidHeads(query: Int, keyValue: Int, dimension: Int)
  /// BAS-2: numbers of heads that do not fit each other.
  case headsDoNotFit(query: Int, keyValue: Int)
  /// BAS-2: w, w_q or ρ below 1, R below 0, or more rows than there are.
  case windowOutOfRange(Int, limit: Int)
  /// BAS-12: B, or B_min, below w.
  case budgetBelowWindow(Int, window: Int)
  /// BAS-2: a count of channels or entries that are pruned, or kept in few bits, beyond those there are.
  case prunedOutOfRange(Int, limit: Int)
  /// BAS-12: ΣB that no budgets add up to.
  case budgetOutOfRange(Int)
  /// BAS-16: r outside 1...min(n, m).
  case rankOutOfRange(Int, limit: Int)
  /// BAS-17: s outside its range.
  case stepsOutOfRange(Int, limit: Int)
  /// BAS-17: an atom of another length than 1.
  case dictionaryNotUnit(atom: Int)
  /// BAS-4: a choice that is given has an index outside its range, or out of order.
  case choiceOutOfRange(Int, limit: Int)
  /// BAS-14: a layer would read a later one, or none.
  case shareOutOfRange(Int, layer: Int)
  /// BAS-1: T outside 1...N.
  case prefillOutOfRange(Int, limit: Int)
  /// BAS-18: σ is negative or no finite number.
  case sigmaOutOfRange
}

extension PeerError {
  /// The code in the Spec's list of rejections.
  package var code: String {
    switch self {
    case .unknownAxis: "unknown-axis"
    case .unknownAlternative: "unknown-alternative"
    case .repeatedAxis: "repeated-axis"
    case .mergeRateOutOfRange: "merge-rate-out-of-range"
    case .memoryTokensOutOfRange: "memory-tokens-out-of-range"
    case .vocabularySizeOutOfRange: "vocabulary-size-out-of-range"
    case .beginningTokenOutOfRange: "beginning-token-out-of-range"
    case .segmentEmpty: "segment-empty"
    case .noSegment, .segmentsMismatch: "segments-mismatch"
    case .textTooLong: "text-too-long"
    case .textTokenOutOfRange: "text-token-out-of-range"
    case .outputLengthOutOfRange: "output-length-out-of-range"
    case .negativeGenerationLength: "negative-generation-length"
    case .vocabularyMismatch: "vocabulary-mismatch"
    case .strideOutOfRange: "stride-out-of-range"
    case .latentWidthOutOfRange: "latent-width-out-of-range"
    case .oddRotatedWidth: "odd-rotated-width"
    case .headWidthOutOfRange: "head-width-out-of-range"
    case .bitsOutOfRange: "bits-out-of-range"
    case .groupDoesNotDivide: "group-does-not-divide"
    case .cacheSizeOutOfRange: "cache-size-out-of-range"
    case .invalidHeads: "invalid-configuration"
    case .headsDoNotFit: "invalid-heads"
    case .windowOutOfRange: "window-out-of-range"
    case .budgetBelowWindow: "budget-below-window"
    case .prunedOutOfRange: "pruned-out-of-range"
    case .budgetOutOfRange: "budget-out-of-range"
    case .rankOutOfRange: "rank-out-of-range"
    case .stepsOutOfRange: "steps-out-of-range"
    case .dictionaryNotUnit: "dictionary-not-unit"
    case .choiceOutOfRange: "choice-out-of-range"
    case .shareOutOfRange: "share-out-of-range"
    case .prefillOutOfRange: "prefill-out-of-range"
    case .sigmaOutOfRange: "sigma-out-of-range"
    }
  }
}

extension PeerError: CustomStringConvertible {
  /// The code and the numbers, on one line.
  package var description: String { code + ": " + numbers }

  private var numbers: String {
    switch self {
    case .unknownAxis(let axis): "no axis is named \(escaped(axis))"
    case .unknownAlternative(let axis, let value): "axis \(escaped(axis)) has no value \(escaped(value))"
    case .repeatedAxis(let axis): "axis \(escaped(axis)) is given twice"
    case .mergeRateOutOfRange: "the share of a segment must be above 0 and at most 1"
    case .memoryTokensOutOfRange(let count): "n is \(count), must be at least 1"
    case .vocabularySizeOutOfRange(let size, let limit): "vocabulary size is \(size), must be in 1...\(limit)"
    case .beginningTokenOutOfRange(let token, let size): "BOS is \(token), which is not in 0..<\(size)"
    case .segmentEmpty(let segment): "segment \(segment) has no token"
    case .noSegment: "a text has no segment"
    case .segmentsMismatch(let tokens, let lengths): "\(tokens) tokens, the segments have \(lengths)"
    case .textTooLong(let limit): "a text may have at most \(limit) rows"
    case .textTokenOutOfRange(let token, let segment, let index, let size):
      "token \(token) at index \(index) of segment \(segment) is not in 0..<\(size)"
    case .outputLengthOutOfRange(let length, let final): "an output of \(length) tokens, the final segment has \(final)"
    case .negativeGenerationLength(let length): "\(length) tokens asked for, must be at least 0"
    case .vocabularyMismatch(let size, let model): "V is \(size), the model's vocabulary size is \(model)"
    case .strideOutOfRange(let stride, let limit): "s is \(stride), must be in 1...\(limit)"
    case .latentWidthOutOfRange(let width, let limit): "a latent has \(width) channels, must be in 1...\(limit)"
    case .oddRotatedWidth(let width): "d_r is \(width), must be even and at least 0"
    case .headWidthOutOfRange(let plain, let rotated, let value):
      "a head has \(plain) plain, \(rotated) rotated and \(value) value channels"
    case .bitsOutOfRange(let bits, let least, let limit): "\(bits) bits, must be none or in \(least)...\(limit)"
    case .groupDoesNotDivide(let group, let latent): "groups of \(group) do not divide \(latent) channels"
    case .cacheSizeOutOfRange: "a number of bits that fits no integer"
    case .invalidHeads(let query, let keyValue, let dimension):
      "\(query) query heads, \(keyValue) KV heads of dimension \(dimension)"
    case .headsDoNotFit(let query, let keyValue): "\(query) query heads, \(keyValue) KV heads"
    case .windowOutOfRange(let rows, let limit): "a window of \(rows) rows, there are \(limit)"
    case .budgetBelowWindow(let budget, let window): "a budget of \(budget) entries, the window has \(window)"
    case .prunedOutOfRange(let count, let limit): "a count of \(count), must be in 0...\(limit)"
    case .budgetOutOfRange(let total): "no budgets add up to \(total) entries"
    case .rankOutOfRange(let rank, let limit): "r is \(rank), must be in 1...\(limit)"
    case .stepsOutOfRange(let steps, let limit): "s is \(steps), must be in 0...\(limit)"
    case .dictionaryNotUnit(let atom): "atom \(atom) has not the length 1"
    case .choiceOutOfRange(let index, let limit): "index \(index) is out of order, or not in 0..<\(limit)"
    case .shareOutOfRange(let share, let layer): "layer \(layer) is to read layer \(share), must be in 0...\(layer)"
    case .prefillOutOfRange(let rows, let limit): "a prefill of \(rows) rows, must be in 1...\(limit)"
    case .sigmaOutOfRange: "σ must be finite and at least 0"
    }
  }

  /// A name from the input with its control characters escaped, so that it stays on one line.
  private func escaped(_ name: String) -> String {
    name.unicodeScalars.reduce("") { $0 + $1.escaped(asASCII: true) }
  }
}
