// LAY-1…LAY-6: from the tokens of a text to its rows. Paper §3.2.

/// Which zones a layout has.
public enum LayoutKind: String, CaseIterable, Hashable, Sendable {
  /// LAY-2: reading, memory and repetition rows.
  case training
  /// LAY-5: reading and memory rows, no repetition rows.
  case generation
}

/// The rows of one text, in the order in which every output lists them (LAY-6).
public struct Layout: Hashable, Sendable {
  /// Compression ratio, memory length and chunk length.
  public let parameters: Parameters
  /// The decisions; they set the positions and labels of the rows.
  public let profile: Profile
  /// n, the number of text tokens.
  public let textLength: Int
  /// All rows in layout order.
  public let rows: [Row]

  /// The training layout of a text: reading, memory and repetition rows (LAY-2, LAY-4).
  public static func training(
    text: [Int], vocabulary: Vocabulary, parameters: Parameters, profile: Profile
  ) throws(InputError) -> Layout {
    try vocabulary.check(text: text)
    let places = trainingPlaces(textLength: text.count, parameters: parameters)
    return Layout(places: places, text: text, vocabulary: vocabulary, parameters: parameters, profile: profile)
  }

  /// The generation layout of a text: the training layout without its repetition rows (LAY-5).
  public static func generation(
    text: [Int], vocabulary: Vocabulary, parameters: Parameters, profile: Profile
  ) throws(InputError) -> Layout {
    try vocabulary.check(text: text)
    let places = trainingPlaces(textLength: text.count, parameters: parameters).filter { $0.zone != .repetition }
    return Layout(places: places, text: text, vocabulary: vocabulary, parameters: parameters, profile: profile)
  }

  /// LAY-2: a full chunk is [L reading][t memory][L repetition]; the tail is reading rows only.
  private static func trainingPlaces(textLength: Int, parameters: Parameters) -> [Place] {
    let length = parameters.chunkLength
    let fullChunks = parameters.fullChunks(textLength)
    var places: [Place] = []
    for chunk in 0..<fullChunks {
      for index in 0..<length { places.append(.reading(chunk: chunk, index: index)) }
      for index in 0..<parameters.t { places.append(.memory(chunk: chunk, index: index)) }
      for index in 0..<length { places.append(.repetition(chunk: chunk, index: index)) }
    }
    for index in 0..<parameters.tailLength(textLength) {
      places.append(.reading(chunk: fullChunks, index: index))
    }
    return places
  }

  private init(places: [Place], text: [Int], vocabulary: Vocabulary, parameters: Parameters, profile: Profile) {
    let positions = Positions(parameters: parameters, profile: profile)
    let targets = Targets(text: text, parameters: parameters, profile: profile)
    self.parameters = parameters
    self.profile = profile
    self.textLength = text.count
    self.rows = places.map { place in
      let token =
        switch place {
        case .reading(let chunk, let index): text[chunk * parameters.chunkLength + index]
        case .memory: vocabulary.memoryToken
        case .repetition: vocabulary.repetitionToken
        case .pad: 0
        }
      return Row(token: token, place: place, position: positions[place], label: targets[place])
    }
  }
}
