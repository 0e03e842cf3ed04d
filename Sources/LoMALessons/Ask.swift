// One request of a lesson as a line, and the line read again.

/// c, t and the length of a text.
package struct Sizes: Hashable, Sendable {
  package let c: Int
  package let t: Int
  /// n, the number of text tokens.
  package let length: Int

  init(_ sizes: (c: Int, t: Int, length: Int)) { (c, t, length) = sizes }

  var words: String { "\(c) \(t) \(length)" }
}

/// What a program is asked. A text is the ids of its tokens.
package enum Ask: Hashable, Sendable {
  case entries(Sizes)
  case rows(Sizes)
  case positions(Sizes)
  case mask(Sizes)
  case norm(Int)
  case query(position: Int, Int)
  case weights(layer: Int, [Int])
  case layer([Int])
  case cache(Sizes)
  case next([Int])
  case recite(chunk: Int, [Int])
  case onePass([Int])
  case looks(layer: Int, [Int])
  case labels([Int])
  case losses([Int])
  /// A mask of the sizes with a mistake, row by row.
  case find(Sizes, [Bool])
  case cost(Sizes)

  /// The request as a program reads it, without the line's end.
  package var line: String {
    func words(_ numbers: [Int]) -> String { numbers.map { " \($0)" }.joined() }
    switch self {
    case .entries(let sizes): return "entries " + sizes.words
    case .rows(let sizes): return "rows " + sizes.words
    case .positions(let sizes): return "positions " + sizes.words
    case .mask(let sizes): return "mask " + sizes.words
    case .norm(let token): return "norm \(token)"
    case .query(let position, let token): return "query \(position) \(token)"
    case .weights(let layer, let text): return "weights \(layer)" + words(text)
    case .layer(let text): return "layer" + words(text)
    case .cache(let sizes): return "cache " + sizes.words
    case .next(let text): return "next" + words(text)
    case .recite(let chunk, let text): return "recite \(chunk)" + words(text)
    case .onePass(let text): return "onepass" + words(text)
    case .looks(let layer, let text): return "looks \(layer)" + words(text)
    case .labels(let text): return "labels" + words(text)
    case .losses(let text): return "losses" + words(text)
    case .find(let sizes, let cells): return "find " + sizes.words + words(cells.map { $0 ? 1 : 0 })
    case .cost(let sizes): return "cost " + sizes.words
    }
  }

  /// The request on a line of words; nil if it is none of these.
  package init?(line: String) {
    let words = line.split(separator: " ")
    let numbers = words.dropFirst().map { Int($0) }
    guard let name = words.first, !numbers.contains(nil) else { return nil }
    let given = numbers.compactMap { $0 }
    let sizes = given.count == 3 ? Sizes((given[0], given[1], given[2])) : nil
    let text = Array(given.dropFirst())
    switch name {
    case "next": self = .next(given)
    case "layer": self = .layer(given)
    case "onepass": self = .onePass(given)
    case "labels": self = .labels(given)
    case "losses": self = .losses(given)
    case "norm" where given.count == 1: self = .norm(given[0])
    case "query" where given.count == 2: self = .query(position: given[0], given[1])
    case "weights" where !given.isEmpty: self = .weights(layer: given[0], text)
    case "looks" where !given.isEmpty: self = .looks(layer: given[0], text)
    case "recite" where !given.isEmpty: self = .recite(chunk: given[0], text)
    case "find" where given.count > 3:
      self = .find(Sizes((given[0], given[1], given[2])), given[3...].map { $0 != 0 })
    default:
      guard let sizes else { return nil }
      switch name {
      case "entries": self = .entries(sizes)
      case "rows": self = .rows(sizes)
      case "positions": self = .positions(sizes)
      case "mask": self = .mask(sizes)
      case "cache": self = .cache(sizes)
      case "cost": self = .cost(sizes)
      default: return nil
      }
    }
  }

  /// The request as a report shows it: the text as characters, a mask by its size.
  package var shown: String {
    switch self {
    case .weights(let layer, let text): "weights \(layer) " + Ask.quoted(text)
    case .layer(let text): "layer " + Ask.quoted(text)
    case .next(let text): "next " + Ask.quoted(text)
    case .recite(let chunk, let text): "recite \(chunk) " + Ask.quoted(text)
    case .onePass(let text): "onepass " + Ask.quoted(text)
    case .looks(let layer, let text): "looks \(layer) " + Ask.quoted(text)
    case .labels(let text): "labels " + Ask.quoted(text)
    case .losses(let text): "losses " + Ask.quoted(text)
    case .find(let sizes, let cells): "find " + sizes.words + " (\(cells.count) cells)"
    case .entries, .rows, .positions, .mask, .norm, .query, .cache, .cost: line
    }
  }

  static func quoted(_ text: [Int]) -> String {
    "\"" + String(decoding: text.map { UInt8(truncatingIfNeeded: $0) }, as: UTF8.self) + "\""
  }
}
