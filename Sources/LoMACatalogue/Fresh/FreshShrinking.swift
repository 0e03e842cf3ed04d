// RUN-18: the cases that are smaller than a case in one respect.

import LoMA

extension FreshCase {
  package var smaller: [FreshCase] {
    (fewerTexts + smallerExtents + shorterTexts + plainer).filter { $0.isValid && $0 != self }
  }

  private func with(_ change: (inout FreshCase) -> Void) -> FreshCase {
    var other = self
    change(&other)
    if other[.generate] == 0 { other.isForced = false }
    return other
  }

  /// One text only, or one text less.
  private var fewerTexts: [FreshCase] { texts.fewer.map { texts in with { $0.texts = texts } } }

  /// Smaller c or t, with the same texts or with the same number of full chunks; any other size smaller.
  private var smallerExtents: [FreshCase] {
    SizeParameter.allCases.filter { extents[$0] != nil }.flatMap { extent in
      extent.below(self[extent]).flatMap { value in
        let plain = with { $0.extents[extent] = value }
        guard extent == .c || extent == .t else { return [plain] }
        let (old, new) = (chunkLength, plain.chunkLength)
        func scaled(_ length: Int) -> Int { length / old * new + min(length % old, new - 1) }
        let together = plain.with { other in
          for place in texts.indices { other.texts[place].length = scaled(texts[place].length) }
          if let length = extents[.length] { other.extents[.length] = scaled(length) }
        }
        return together == plain ? [plain] : [together, plain]
      }
    }
  }

  private var shorterTexts: [FreshCase] {
    texts.indices.flatMap { place in
      SizeParameter.below(texts[place].length, least: 0).map { length in with { $0.texts[place].length = length } }
    }
  }

  /// Base, or one axis less; the training layout, no captures, nothing given; the model with one layer.
  private var plainer: [FreshCase] {
    var plainer: [FreshCase] = []
    let differing = Axis.allCases.filter { profile[$0] != Profile.base[$0] }
    if differing.count > 1 { plainer.append(with { $0.profile = .base }) }
    plainer += differing.map { axis in with { $0.profile = profile.choosing(axis, valueAt: 0) } }
    if layout == .generation { plainer.append(with { $0.layout = .training }) }
    if hasEmbeddings { plainer.append(with { $0.hasEmbeddings = false }) }
    if isForced { plainer.append(with { $0.isForced = false }) }
    if fillsF32 { plainer.append(with { $0.fillsF32 = false }) }
    if hasOwnIDs { plainer.append(with { $0.hasOwnIDs = false }) }
    if faults.count > 1 { plainer += faults.map { fault in with { $0.faults = [fault] } } }
    if !captures.isEmpty { plainer.append(with { $0.captures = [] }) }
    if let model, model != CaseModel.shallow.name, captures.isEmpty {
      plainer.append(with { ($0.model, $0.family) = (CaseModel.shallow.name, nil) })
    }
    if model == nil, family != nil { plainer.append(with { $0.family = nil }) }
    return plainer
  }
}
