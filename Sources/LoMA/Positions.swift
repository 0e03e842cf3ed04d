// POS-1…POS-6: the position of each row, the number that the rotary embedding is fed. Decision D-2.

/// The position of every row of one text's training layout (POS-4).
public struct Positions: Hashable, Sendable {
  let parameters: Parameters
  let profile: Profile

  /// The positions under a profile's `numbering` and `memory_positions`.
  public init(parameters: Parameters, profile: Profile) {
    self.parameters = parameters
    self.profile = profile
  }

  /// The position of a row, 0 for a pad (MSK-11).
  public subscript(place: Place) -> Int {
    switch profile.numbering {
    case .text: textPosition(place)
    case .sequential: trainingRow(place)
    case .generation: generationRow(place)
    case .compressed: cacheIndex(place)
    }
  }

  /// `numbering = text`: only text tokens count.
  private func textPosition(_ place: Place) -> Int {
    let (c, length) = (parameters.c, parameters.chunkLength)
    switch place {
    case .reading(let k, let i):
      return k * length + i  // POS-1
    case .memory(let k, let j):
      switch profile.memoryPositions {
      case .spanEnd: return k * length + (j + 1) * c - 1  // POS-2
      case .spanStart: return k * length + j * c  // POS-2 under span_start
      }
    case .repetition(let k, let i):
      return k * length + i  // POS-3
    case .pad:
      return 0  // MSK-11
    }
  }

  /// `numbering = sequential`: the row's index in the training layout, also in generation (POS-4).
  private func trainingRow(_ place: Place) -> Int {
    let (t, length) = (parameters.t, parameters.chunkLength)
    let rowsPerChunk = length + t + length
    switch place {
    case .reading(let k, let i): return k * rowsPerChunk + i
    case .memory(let k, let j): return k * rowsPerChunk + length + j
    case .repetition(let k, let i): return k * rowsPerChunk + length + t + i
    case .pad: return 0
    }
  }

  /// `numbering = generation`: the row's index in the generation layout (POS-5).
  private func generationRow(_ place: Place) -> Int {
    let (t, length) = (parameters.t, parameters.chunkLength)
    let rowsPerChunk = length + t
    switch place {
    case .reading(let k, let i), .repetition(let k, let i): return k * rowsPerChunk + i
    case .memory(let k, let j): return k * rowsPerChunk + length + j
    case .pad: return 0
    }
  }

  /// `numbering = compressed`: t per earlier chunk, whose memory rows the cache keeps, plus the row's index (POS-6).
  private func cacheIndex(_ place: Place) -> Int {
    switch place {
    case .reading(let k, let index), .memory(let k, let index), .repetition(let k, let index):
      return k * parameters.t + index
    case .pad: return 0
    }
  }
}
