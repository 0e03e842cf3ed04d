// The option --method of commands that run LoMA or what stands beside it.

/// What compresses the text of a command.
enum Method: String, CaseIterable {
  /// Part I.
  case loma
  /// Chapter 16: compressed context memory.
  case ccm
  /// Chapter 17: latent attention.
  case latent

  /// The method of `--method`, `loma` if it is not given, and the words without that option.
  static func chosen(in words: [String]) throws(UsageError) -> (method: Method, words: [String]) {
    var (method, others): (Method?, [String]) = (nil, [])
    var rest = words[...]
    while let word = rest.popFirst() {
      guard word == "--method" || word.hasPrefix("--method=") else {
        others.append(word)
        continue
      }
      guard method == nil else { throw UsageError(line: "option --method is given twice") }
      let value = word == "--method" ? rest.popFirst() : String(word.dropFirst("--method=".count))
      guard let value, !value.hasPrefix("--") else { throw UsageError(line: "option --method needs a value") }
      method = try Arguments.choice(value, of: "--method")
    }
    return (method ?? .loma, others)
  }
}
