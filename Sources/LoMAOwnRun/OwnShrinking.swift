// OWN-9: a port is asked about smaller texts, for each mistake that has a name.

import LoMA
import LoMAJudgement
import LoMAOwnModel
import LoMAProcess
import LoMAVectors

extension OwnRun {
  /// The mistakes to look for in smaller texts: the first name of each element type, once, in the first type that has it.
  private var named: [(alternative: OwnAlternative, type: ElementType)] {
    var found: [(alternative: OwnAlternative, type: ElementType)] = []
    for conclusion in conclusions {
      guard let name = conclusion.verdict.names.first, let type = ElementType(word: conclusion.dtype),
        !found.contains(where: { $0.alternative == name })
      else { continue }
      found.append((name, type))
    }
    return found
  }

  /// The text with the fewest rows whose answer to `forward` shows an alternative.
  private func shown(_ alternative: OwnAlternative, _ type: ElementType) -> OwnSmallest.Shown? {
    let texts = computation.yardsticks.compactMap { yardstick -> OwnSmallest.Shown? in
      let id = OwnPlace(.forward, text: yardstick.text.name).id
      guard yardstick.isChaotic(type) == nil,
        let findings = units.first(where: { $0.result.id == id && $0.result.dtype == type.word })?.findings,
        let beta = findings.share(of: alternative)
      else { return nil }
      return OwnSmallest.Shown(
        text: yardstick.text, beta: beta, first: findings.measurements.first { $0.isWrong }, isSmaller: false)
    }
    return texts.min { $0.text.rowCount < $1.text.rowCount }
  }

  /// The run with the smallest text of each name, found by asking the port again; without `search` it can be asked nothing.
  ///
  /// Throws `OwnError.interrupted`, and nothing else: whatever prevents a smaller text leaves the larger one.
  package func shrunk(_ search: OwnSearch?) throws(OwnError) -> OwnRun {
    var run = self
    for (alternative, type) in named {
      let start = shown(alternative, type)
      var smallest = OwnSmallest(alternative, dtype: type.word, shown: start, end: .cannotAsk)
      if let start, let search { smallest = try search.smallest(alternative, type, from: start) }
      run.smallest.append(smallest)
    }
    return run
  }
}

/// Looks into smaller texts with a port that can be asked.
package struct OwnSearch {
  let computation: OwnComputation
  /// Whether the port returns captures.
  let capturing: Bool
  /// Findings of smaller texts of an earlier part of this run, by `FindingsFile.key`.
  let known: [String: OwnFindings]
  /// Asks; nil if the port ended at the question.
  let ask: (PreparedOwnUnit) throws -> JudgedOwnUnit?
  /// Receives what was found in a smaller text as soon as it is known.
  let store: (JudgedOwnUnit) -> Void

  package init(
    _ computation: OwnComputation, capturing: Bool, known: [String: OwnFindings],
    ask: @escaping (PreparedOwnUnit) throws -> JudgedOwnUnit?, store: @escaping (JudgedOwnUnit) -> Void
  ) {
    self.computation = computation
    self.capturing = capturing
    self.known = known
    self.ask = ask
    self.store = store
  }

  /// The smallest text that shows an alternative which `start` shows.
  func smallest(
    _ alternative: OwnAlternative, _ type: ElementType, from start: OwnSmallest.Shown
  ) throws(OwnError) -> OwnSmallest {
    var texts = SmallerTexts(than: start.text, for: alternative.id)
    var best = start
    func result(_ end: OwnSmallest.End) -> OwnSmallest {
      OwnSmallest(alternative, dtype: type.word, shown: best, end: end)
    }
    while let text = texts.next() {
      let findings: OwnFindings
      do {
        guard let found = try self.findings(text, alternative, type) else {
          return result(.stopped(why: "the candidate ended, or had to be, at one"))
        }
        findings = found
      } catch OwnError.interrupted { throw .interrupted } catch { return result(.stopped(why: "\(error)".onOneLine)) }
      let beta = findings.share(of: alternative)
      texts.hear(shows: beta != nil)
      if let beta {
        best = OwnSmallest.Shown(
          text: text, beta: beta, first: findings.measurements.first { $0.isWrong }, isSmaller: true)
      }
    }
    return result(.complete(texts: texts.count))
  }

  /// What an answer about a smaller text comes to; nothing where a right port's roundings hide the alternative, and the port
  /// need not be asked, and nothing for a text that the port refuses. Nil if it ended.
  private func findings(_ text: OwnText, _ alternative: OwnAlternative, _ type: ElementType) throws -> OwnFindings? {
    let place = OwnPlace(.forward, text: text.name)
    if let findings = known[FindingsFile.key(place.id, type.word)] { return findings }
    let judged: JudgedOwnUnit? = try computation.withSmaller(
      text, alternative, type, capturing: capturing
    ) { prepared in
      if let prepared { return try ask(prepared) }
      return JudgedOwnUnit(
        result: place.result(
          type.word, profile: computation.profile, .indeterminate, "\(alternative.id) is hidden here"),
        findings: OwnFindings())
    }
    guard let judged else { return nil }
    let findings = judged.findings ?? OwnFindings()
    store(JudgedOwnUnit(result: judged.result, findings: findings))
    return findings
  }
}

extension OwnComputation {
  /// Computes the yardstick of a smaller text for one alternative in one type, in files that are removed afterwards, and
  /// gives the question about it to `body`; nil if the alternative is not decidable in it.
  fileprivate func withSmaller<Value>(
    _ text: OwnText, _ alternative: OwnAlternative, _ type: ElementType, capturing: Bool,
    _ body: (PreparedOwnUnit?) throws -> Value
  ) throws -> Value {
    let path = folder.yardstick(of: text)
    defer { _ = FolderRemoval.remove(path) }
    let yardstick = try OwnYardstick(
      computing: plan.narrowed(to: text, alternative, type), text: text, workers: workers, into: path,
      progress: progress)
    let isDecidable =
      yardstick.isChaotic(type) == nil
      && yardstick.decidability(type).contains { $0.isDecidable(capturing: capturing) }
    return try body(
      isDecidable
        ? prepared(OwnPlace(.forward, text: text.name), type, text, yardstick, capturing: capturing) : nil)
  }
}
