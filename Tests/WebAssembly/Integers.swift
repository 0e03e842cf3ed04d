// The check of LoMA: every mask with its rows, positions, labels, schedule and cost as text, for small c, t and n. The
// same lines come out of a native build and of a WebAssembly build, and are compared byte for byte.

/// Base, every axis at another value alone, and every axis but one at its last value.
private func integerProfiles() -> [Profile] {
  var profiles = [Profile.base]
  for axis in Axis.allCases {
    for index in axis.values.indices.dropFirst() { profiles.append(Profile.base.choosing(axis, valueAt: index)) }
  }
  for kept in Axis.allCases {
    var profile = Profile.base
    for axis in Axis.allCases where axis != kept { profile = profile.choosing(axis, valueAt: axis.values.count - 1) }
    if !profiles.contains(profile.canonical) { profiles.append(profile.canonical) }
  }
  return profiles
}

private func line(_ numbers: [Int]) -> String {
  var line = ""
  for number in numbers { line += " " + String(number) }
  return line
}

private func describe(_ layout: Layout, _ counts: inout (masks: Int, cells: Int)) {
  for row in layout.rows {
    let place = [row.place.chunk ?? -1, row.place.index ?? -1]
    write(row.place.zone.rawValue + line(place + [row.token, row.position, row.label ?? -1]))
  }
  let cells = Mask(rows: layout.rows, profile: layout.profile).cells()
  for query in layout.rows.indices {
    var drawing = ""
    for key in layout.rows.indices { drawing += cells[query * layout.rows.count + key] ? "#" : "." }
    write(drawing)
  }
  counts.masks += 1
  counts.cells += cells.count
}

private func describe(_ schedule: CacheSchedule) {
  for step in schedule.steps {
    let event =
      switch step.event {
      case .read(let textIndex): "read " + String(textIndex)
      case .compress(let chunk): "compress " + String(chunk)
      case .drop(let chunk): "drop " + String(chunk)
      }
    let numbers = [step.fedRows.lowerBound, step.fedRows.upperBound, step.memoryEntries, step.readingEntries]
    write(event + line(numbers) + " |" + line(schedule.entries(after: step)))
  }
}

/// Writes everything LoMA says about texts of up to 3L + 1 tokens.
func checkIntegers() throws(InputError) {
  var counts = (masks: 0, cells: 0)
  let vocabulary = try Vocabulary(textSize: 100)
  for profile in integerProfiles() {
    for c in 1...3 {
      for t in 1...3 {
        let parameters = try Parameters(c: c, t: t)
        for n in 0...3 * parameters.chunkLength + 1 {
          write(profile.name + line([c, t, n]))
          let text = Array((0..<n).reversed())
          try describe(
            Layout.training(text: text, vocabulary: vocabulary, parameters: parameters, profile: profile), &counts)
          try describe(
            Layout.generation(text: text, vocabulary: vocabulary, parameters: parameters, profile: profile), &counts)
          describe(try CacheSchedule(fedLength: n, parameters: parameters))
          let cost = try Cost(textLength: n, parameters: parameters, profile: profile)
          var numbers = [cost.generation, cost.training, cost.fullAttention]
          for chunk in 0..<parameters.fullChunks(n) { numbers.append(try cost.reconstruction(chunk: chunk)) }
          write("cost" + line(numbers))
        }
      }
    }
  }
  do {
    _ = try Profile([("numbering", "back\nwards")])
  } catch {
    write(error.description)
  }
  write("LoMA: " + String(counts.masks) + " masks, " + String(counts.cells) + " cells")
}
