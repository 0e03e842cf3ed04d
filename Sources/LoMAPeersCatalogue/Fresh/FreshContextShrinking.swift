// RUN-18: the cases of chapter 16 that are smaller than a case in one respect.

import LoMACatalogue
import LoMAPeers

extension FreshContextCase {
  package var smaller: [FreshContextCase] {
    (fewerTexts + fewerSegments + smallerExtents + shorterSegments + plainer).filter { $0.isValid && $0 != self }
  }

  private func with(_ change: (inout FreshContextCase) -> Void) -> FreshContextCase {
    var other = self
    change(&other)
    if other[.generate] == 0 { other.isForced = false }
    for place in other.texts.indices {
      other.texts[place].output = min(other.texts[place].output, other.texts[place].final.length - 1)
    }
    return other
  }

  private var fewerTexts: [FreshContextCase] { texts.fewer.map { texts in with { $0.texts = texts } } }

  /// A text without context segments, or with one only, or with one less.
  private var fewerSegments: [FreshContextCase] {
    texts.indices.flatMap { place in
      let contexts = Array(texts[place].segments.dropLast())
      let fewer = (contexts.isEmpty ? [] : [[]]) + contexts.fewer
      return fewer.map { contexts in with { $0.texts[place].segments = contexts + [texts[place].final] } }
    }
  }

  private var smallerExtents: [FreshContextCase] {
    SizeParameter.allCases.filter { extents[$0] != nil }.flatMap { extent in
      extent.below(self[extent]).map { value in with { $0.extents[extent] = value } }
    }
  }

  /// Shorter segments, and shorter outputs.
  private var shorterSegments: [FreshContextCase] {
    texts.indices.flatMap { place in
      let text = texts[place]
      return text.segments.indices.flatMap { segment in
        SizeParameter.below(text.segments[segment].length, least: 1).map { length in
          with { $0.texts[place].segments[segment].length = length }
        }
      } + SizeParameter.below(text.output, least: 0).map { output in with { $0.texts[place].output = output } }
    }
  }

  /// Base, or one axis less; BOS at the start alone, no captures, nothing given; the model with one layer.
  private var plainer: [FreshContextCase] {
    var plainer: [FreshContextCase] = []
    let differing = ContextAxis.allCases.filter { profile[$0] != ContextProfile.base[$0] }
    if differing.count > 1 { plainer.append(with { $0.profile = .base }) }
    plainer += differing.compactMap { axis in
      profile.choosing(axis, ContextProfile.base[axis]).map { profile in with { $0.profile = profile.canonical } }
    }
    if beginning != .first { plainer.append(with { $0.beginning = .first }) }
    if hasEmbeddings { plainer.append(with { $0.hasEmbeddings = false }) }
    if isForced { plainer.append(with { $0.isForced = false }) }
    if fillsF32 { plainer.append(with { $0.fillsF32 = false }) }
    if faults.count > 1 { plainer += faults.map { fault in with { $0.faults = [fault] } } }
    if !captures.isEmpty { plainer.append(with { $0.captures = [] }) }
    if let model, model != ContextCaseModel.shallow.name, captures.isEmpty {
      plainer.append(with { $0.model = ContextCaseModel.shallow.name })
    }
    return plainer
  }
}
