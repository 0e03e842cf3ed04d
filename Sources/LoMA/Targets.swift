// LOS-1…LOS-4: the label of each row, and the loss term it counts in. Decisions D-7…D-9.

/// The two terms of the loss (LOS-4).
public enum LossTerm: String, CaseIterable, Hashable, Sendable {
  /// L_LM, the mean over labelled reading rows.
  case languageModelling
  /// L_rep, the mean over all other labelled rows.
  case repetition
}

/// The labels of one text's layout, by place.
public struct Targets: Hashable, Sendable {
  let text: [Int]
  let parameters: Parameters
  let profile: Profile

  /// The labels of a text under a profile's `repetition_labels`.
  public init(text: [Int], parameters: Parameters, profile: Profile) {
    self.text = text
    self.parameters = parameters
    self.profile = profile
  }

  /// The label of a row; nil if it has none.
  public subscript(place: Place) -> Int? {
    let length = parameters.chunkLength
    switch place {
    case .reading(let k, let i):
      let next = k * length + i + 1
      return next < text.count ? text[next] : nil  // LOS-1: across a chunk border too; the last token has none
    case .memory(let k, let j):
      switch profile.repetitionLabels {
      case .aligned: return nil  // LOS-2
      case .shifted: return j == parameters.t - 1 ? text[k * length] : nil  // D-8
      }
    case .repetition(let k, let i):
      switch profile.repetitionLabels {
      case .aligned: return text[k * length + i]  // LOS-3
      case .shifted: return i + 1 < length ? text[k * length + i + 1] : nil  // D-8
      }
    case .pad:
      return nil  // MSK-11
    }
  }
}

extension Row {
  /// The loss term this row counts in; nil if it has no label (LOS-4).
  public var lossTerm: LossTerm? {
    guard label != nil else { return nil }
    return place.zone == .reading ? .languageModelling : .repetition
  }
}
