// step 0
var answers: [String: ([Int]) throws -> Any] = [:]  // What a line asks for, by its first word.
func entries(_ c: Int, _ t: Int, _ n: Int) -> Int {
  t * (n / (c * t)) + n % (c * t)
}
answers["entries"] = { entries($0[0], $0[1], $0[2]) }
// step 1
answers["rows"] = { rows($0[0], $0[1], $0[2]).map { "\($0.zone) \($0.chunk) \($0.index)" } }
// step 2
answers["positions"] = { given in rows(given[0], given[1], given[2]).map { position(given[0], given[1], $0) } }
// step 3
func mask(_ c: Int, _ t: Int, _ n: Int) -> [Bool] {
  let all = rows(c, t, n)
  return all.flatMap { query in all.map { sees(query, $0) } }
}
answers["mask"] = { mask($0[0], $0[1], $0[2]) }
// step 4
func whole(_ text: [Int]) throws -> ForwardTrace {
  let all = rows(c, t, text.count)
  var cache = Cache()
  let ids = all.map { $0.zone == "x" ? text[$0.chunk * c * t + $0.index] : $0.zone == "m" ? memory : recital }
  return try run(all, ids, &cache)
}
func first(_ token: Int, at position: Int) throws -> DecoderLayerTrace {
  let one = VisibleKeys(lists: [[0]], keyCount: 1)
  return try llama.forward(layer: 0, llama.embed([token]), positions: [position], visible: one)
}
func weights(_ layer: Int, _ text: [Int]) throws -> [Double] {
  let all = try whole(text).layers[layer].attention.probabilities
  let cells = all.values.count / 4
  return (0..<cells).map { cell in (0..<4).reduce(0) { $0 + all.values[$1 * cells + cell] } / 4 }
}
answers["norm"] = { try first($0[0], at: 0).attentionNorm.values }
answers["query"] = { try first($0[1], at: $0[0]).query.values }
answers["weights"] = { try weights($0[0], Array($0.dropFirst())) }
answers["layer"] = { try whole($0).layers[0].output.values }
// step 5
answers["cache"] = { given in
  var cache = Cache()
  let text = Array(repeating: 0, count: given[2])
  return try read(text, given[0], given[1], &cache) { new, _, cache in cache.rows += new }
}
answers["next"] = { text in
  var (cache, scores): (Cache, [Double]) = (Cache(), [])
  _ = try read(text, c, t, &cache) { new, ids, cache in
    let said = try run(new, ids, &cache).logits
    if new[0].zone == "x" { scores = Array(said.row(0)) }
  }
  return scores
}
// step 6
answers["recite"] = { try recall($0[0], Array($0.dropFirst())) }
// step 7
func onePass(_ text: [Int]) throws -> [Double] {
  let last = rows(c, t, text.count).lastIndex { $0.zone == "x" } ?? 0
  return Array(try whole(text).logits.row(last))
}
answers["onepass"] = { try onePass($0) }
// step 8
func looks(_ layer: Int, _ text: [Int]) throws -> [Int] {
  let (all, weights) = (rows(c, t, text.count), try weights(layer, text))
  return all.indices.filter { all[$0].zone == "m" }.map { row in
    all.indices.max { weights[row * all.count + $0] < weights[row * all.count + $1] } ?? 0
  }
}
answers["looks"] = { try looks($0[0], Array($0.dropFirst())) }
// step 9
func labels(_ text: [Int]) -> [Int] {
  rows(c, t, text.count).map { row in
    let place = position(c, t, row) + (row.zone == "x" ? 1 : 0)
    return row.zone == "m" || place == text.count ? -1 : text[place]
  }
}
func losses(_ text: [Int]) throws -> [Double] {
  let (all, scores, label) = (rows(c, t, text.count), try whole(text).logits, labels(text))
  return ["x", "r"].map { (zone: Character) in
    let taught = all.indices.filter { all[$0].zone == zone && label[$0] >= 0 }
    let sum = taught.reduce(0) { $0 + CrossEntropy.forward(scores.row($1), label: label[$1]) }
    return taught.isEmpty ? 0 : sum / Double(taught.count)
  }
}
answers["labels"] = { labels($0) }
answers["losses"] = { try losses($0) }
// step 10
func find(_ c: Int, _ t: Int, _ n: Int, _ cells: [Int]) -> [Int] {
  let (right, count) = (mask(c, t, n), rows(c, t, n).count)
  let wrong = right.indices.first { right[$0] != (cells[$0] == 1) } ?? 0
  return [wrong / count, wrong % count]
}
answers["find"] = { find($0[0], $0[1], $0[2], Array($0.dropFirst(3))) }
// step 11
func cost(_ c: Int, _ t: Int, _ n: Int) -> [Int] {
  let (size, full, tail) = (c * t, n / (c * t), n % (c * t))
  let earlier = full * (full - 1) / 2  // Pairs of a chunk and an earlier one.
  let inside = full * (size * (size + 1) / 2 + t * (size + t)) + tail * (tail + 1) / 2
  return [inside + earlier * t * (size + t) + tail * t * full, n * (n + 1) / 2, n + full * t, n]
}
answers["cost"] = { cost($0[0], $0[1], $0[2]) }
// last
while let line = readLine() {  // "rows 4 2 11" prints what answers["rows"] gives for 4, 2 and 11.
  let words = line.split(separator: " ")
  guard let answer = answers[String(words[0])] else { fatalError("nothing answers \(words[0])") }
  print(try answer(words.dropFirst().compactMap { Int($0) }))
  fflush(nil)
}
