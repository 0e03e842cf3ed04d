// The check of LoMAPeers: layouts, masks, schedules, producers and costs as text, and digests of the bits of every numeric
// part.

private func line(_ numbers: [Int]) -> String {
  var line = ""
  for number in numbers { line += " " + String(number) }
  return line
}

private func name(_ event: ContextEvent) -> String {
  switch event {
  case .read(let index): "read" + line([index])
  case .compress(let segment): "compress" + line([segment])
  case .drop(let segment): "drop" + line([segment])
  case .fold(let segment): "fold" + line([segment])
  }
}

private func describe(_ text: ContextText, _ parameters: ContextParameters, _ cells: inout Int) throws(PeerError) {
  let layout = try ContextLayout(text, parameters: parameters)
  let mask = layout.mask
  for (query, row) in layout.rows.enumerated() {
    let place = [row.place.segment ?? -1, row.place.index ?? -1, row.token, row.position, row.label ?? -1]
    var drawing = " "
    for key in 0...query {
      let rule = mask.rule(query: query, key: key)
      drawing += rule.isVisible ? "#" : "."
      if key == query { drawing += " " + rule.clause }
      cells += 1
    }
    write(row.place.role.rawValue + line(place) + drawing)
  }
  _ = try ContextSchedule(text, generating: 3, parameters: parameters, rule: .spec) { step, entries in
    write(name(step.event) + line([step.textEntries, step.memoryEntries]) + " |" + line(entries.numbers))
  }
  let cost = try ContextCost(text, parameters: parameters)
  write("cost" + line(cost.pairs + cost.sizes + cost.peaks + [cost.maximum, cost.finalSize, cost.fullAttention]))
}

/// Writes everything LoMAPeers says about texts of up to three segments.
func checkPeerIntegers() throws(PeerError) {
  var (layouts, cells) = (0, 0)
  for profile in ContextProfile.all {
    for n in 1...2 {
      let parameters = try ContextParameters(
        textSize: 13, memoryTokens: n, beginningToken: 1, profile: profile, rate: 0.5)
      for contexts in [[], [[1]], [[1, 3], [4, 1, 5]], [[2], [1, 6], [7]]] {
        write(profile.name + line([n]))
        try describe(
          ContextText(segments: contexts + [[8, 1, 9, 2]], outputLength: 2), parameters, &cells)
        layouts += 1
      }
    }
  }
  do throws(PeerError) {
    _ = try ContextProfile(name: "sink=o\nn")
  } catch {
    write(error.description)
  }
  write("LoMAPeers: " + String(layouts) + " layouts, " + String(cells) + " cells")
}

/// Writes the digests of what LoMAPeersReference computes.
func checkPeers() throws(PeerReferenceError) {
  var last = "none"
  for threads in 1...2 {
    for (part, digest) in try contextDigests(threads: threads) {
      write("digest " + digest + ", threads " + String(threads) + ", after " + part)
      last = digest
    }
  }
  if last != recordedContextDigest { write("rejected: the digest recorded is " + recordedContextDigest) }
  write("LoMAPeersReference: digest " + last)
}

/// Writes what LoMAPeers says of latent attention: producers, names and shapes of weights, and bits of a token.
func checkLatentIntegers() throws(PeerError) {
  var names = 0
  for profile in LatentProfile.all {
    let form: LatentForm =
      switch profile.entries {
      case .heads: .heads(query: 4, keyValue: 2, dimension: 6)
      case .latent:
        .latent(
          LatentWidths(
            heads: 2, plain: 3, rotated: 4, value: 5, latent: 12, queryLatent: 7, bits: 4, rotatedBits: 8, group: 6))
      }
    for stride in 1...3 {
      let attention = try LatentParameters(profile: profile, stride: stride, form: form)
      let shape = LatentShape(
        vocabularySize: 13, hiddenSize: 8, intermediateSize: 12, layers: 5, tiesHead: stride == 2,
        attention: attention)
      write(profile.name + line([stride]) + line((0..<5).map { attention.producer(ofLayer: $0) }))
      for (name, extents) in shape.parameters {
        write(name + line(extents))
        names += 1
      }
      let cost = try LatentCost(attention, layers: 5)
      write("bits" + line([cost.entryBits, cost.producers, cost.tokenBits]))
    }
  }
  do throws(PeerError) {
    _ = try LatentProfile(name: "quantiser=a\nb")
  } catch {
    write(error.description)
  }
  write("LoMAPeers: " + String(names) + " weights")
}

/// Writes the digests of what LoMAPeersReference computes of latent attention.
func checkLatent() throws(ReferenceError) {
  var last = "none"
  for threads in 1...2 {
    for (part, digest) in try latentDigests(threads: threads) {
      write("digest " + digest + ", threads " + String(threads) + ", after " + part)
      last = digest
    }
  }
  if last != recordedLatentDigest { write("rejected: the digest recorded is " + recordedLatentDigest) }
  write("LoMAPeersReference: digest " + last + " of latent attention")
}
