// TOL-1, OPS-6: the verdict on the replies to a case's questions.

import LoMAVectors

extension CaseCorpus {
  /// The verdict on a case from the replies to its questions, in their order.
  /// The replies may end early, after one that is not an answer. Without `captures` the case was asked without captured
  /// intermediates, and none are expected. Throws if the case's own files are damaged.
  package func judge(
    _ item: StoredCase, dtype: String, replies: [Reply], bounds: CalibratedBounds, captures: Bool = true
  ) throws(CorpusError) -> CaseResult {
    try judge(item, dtype: dtype, bounds: bounds, captures: captures)(replies)
  }

  /// The same for several sets of replies to one case; the case's files are read once.
  package func judge(
    _ item: StoredCase, dtype: String, bounds: CalibratedBounds, captures: Bool = true
  ) throws(CorpusError) -> @Sendable ([Reply]) throws(CorpusError) -> CaseResult {
    let judge = Judge(
      item: item, dtype: dtype, bounds: bounds, captures: captures, input: try input(of: item),
      expected: try expected(of: item))
    return { (replies) throws(CorpusError) in try judge.result(of: replies) }
  }
}

extension CaseResult {
  /// The result of a case that was not judged: not asked, or not answered.
  package init(_ item: StoredCase, dtype: String, verdict: Verdict, why: String) {
    self.init(
      id: item.id, dtype: dtype, level: item.level.rawValue, op: item.op.rawValue, profile: item.profileName,
      hunts: item.hunts,
      clauses: item.clauses, verdict: verdict, why: why, tensors: [], finding: nil)
  }
}

/// The data needed to judge a case in one element type.
struct Judge {
  let item: StoredCase
  let dtype: String
  let bounds: CalibratedBounds
  let captures: Bool
  let input: [NamedArray]
  let expected: [NamedArray]

  /// The element type in which numbers are asked for.
  var numbers: ElementType? { dtype == "i64" ? nil : ElementType(word: dtype) }

  func result(of replies: [Reply]) throws(CorpusError) -> CaseResult {
    if case .rejection(let code) = item.answer { return judge(replies, rejectionWith: code) }
    var answers: [[NamedArray]] = []
    for reply in replies {
      switch reply {
      case .tensors(let tensors): answers.append(tensors)
      case .rejection(let code): return verdict(.wrongRejection, "rejected with \(code.onOneLine), the input is good")
      case .unsupported, .failed: return unanswered(reply)
      }
    }
    switch item.answer {
    case .tensors(let file, let rules):
      guard answers.count == 1, let answer = answers.first else {
        return verdict(.runnerError, "\(answers.count) answers to one question")
      }
      return try judge(answer, file: file, rules: rules)
    case .property(let property): return try PropertyJudge(self, property).result(of: answers)
    case .rejection: return verdict(.runnerError, "a rejection that was judged before")
    }
  }

  /// The verdict if the right answer is a rejection.
  private func judge(_ replies: [Reply], rejectionWith code: String) -> CaseResult {
    guard let reply = replies.first, replies.count == 1 else {
      return verdict(.runnerError, "\(replies.count) replies to one question")
    }
    switch reply {
    case .rejection(code): return verdict(.pass, "")
    case .rejection(let other):
      return verdict(.wrongRejection, "rejected with \(other.onOneLine), right is \(code)")
    case .tensors: return verdict(.wrongRejection, "answered with tensors, right is the rejection \(code)")
    case .unsupported, .failed: return unanswered(reply)
    }
  }

  /// The verdict on a reply that is neither tensors nor a rejection.
  private func unanswered(_ reply: Reply) -> CaseResult {
    switch reply {
    case .unsupported(let why, let issue):
      return verdict(.unsupported, (why + (issue.map { " (\($0))" } ?? "")).onOneLine)
    case .failed(let verdict, let detail): return self.verdict(verdict, detail.onOneLine)
    case .tensors, .rejection: return verdict(.runnerError, "a reply was judged in the wrong place")
    }
  }

  /// A verdict with the comparisons it rests on.
  func verdict(
    _ verdict: Verdict, _ why: String, tensors: [TensorResult] = [], finding: Finding? = nil,
    divergence: Divergence? = nil
  ) -> CaseResult {
    var result = CaseResult(item, dtype: dtype, verdict: verdict, why: why)
    result.tensors = tensors
    result.finding = finding
    result.divergence = divergence
    return result
  }

  /// The verdict that the comparisons add up to.
  func verdict(of comparisons: [Comparison]) -> CaseResult {
    let tensors = comparisons.map(\.result)
    if let broken = comparisons.first(where: \.isNonFinite) {
      return verdict(
        .invalidOutput, "non-finite: \(broken.result.name)", tensors: tensors, finding: broken.finding,
        divergence: broken.divergence)
    }
    let all = comparisons.filter { $0.finding != nil }
    guard let first = all.first else { return verdict(.pass, "", tensors: tensors) }
    let last = ForwardOrder.last(of: all)
    let wrong = last ?? first
    let place = last == nil ? "" : ", the last in the order of the forward pass,"
    let why = wrong.result.name + (all.count == 1 ? " is wrong" : "\(place) and \(all.count - 1) more are wrong")
    return verdict(.fail, why, tensors: tensors, finding: wrong.finding, divergence: wrong.divergence)
  }
}

extension Judge {
  /// The answer compared with the recorded one.
  private func judge(
    _ answer: [NamedArray], file: ListedFile, rules: [(name: String, rule: Rule)]
  ) throws(CorpusError) -> CaseResult {
    if let fault = formFault(in: answer, rules: rules) { return verdict(.invalidOutput, fault) }
    return verdict(of: try comparisons(of: answer, file: file, rules: rules))
  }

  /// The worst error/bound among the tensors that decide the verdict; nil if the answer has another form.
  func excess(of answer: [NamedArray]) -> Double? {
    guard case .tensors(let file, let rules) = item.answer, formFault(in: answer, rules: rules) == nil,
      let comparisons = try? comparisons(of: answer, file: file, rules: rules)
    else { return nil }
    return comparisons.reduce(0) { $1.finding == nil ? $0 : max($0, $1.result.ratio) }
  }

  private func formFault(in answer: [NamedArray], rules: [(name: String, rule: Rule)]) -> String? {
    let recorded = Dictionary(uniqueKeysWithValues: expected.map { ($0.name, $0) })
    return AnswerForm(
      tensors: asked(rules).compactMap { name, _ in
        recorded[name].map { .init(name: name, shape: $0.shape, kind: $0.elementType.kind) }
      }, numbers: numbers
    ).fault(in: answer)
  }

  private func asked(_ rules: [(name: String, rule: Rule)]) -> [(name: String, rule: Rule)] {
    rules.filter { captures || !item.captures.contains($0.name) }
  }

  /// Compares an answer of the right form, tensor by tensor.
  private func comparisons(
    of answer: [NamedArray], file: ListedFile, rules: [(name: String, rule: Rule)]
  ) throws(CorpusError) -> [Comparison] {
    let recorded = Dictionary(uniqueKeysWithValues: expected.map { ($0.name, $0) })
    let meaning = TensorMeaning(item, input: input, expected: expected)
    let answered = Dictionary(uniqueKeysWithValues: answer.map { ($0.name, $0) })
    let choices = CloseChoices(
      item, input: input, recorded: recorded, answer: answered["chosen"] ?? answered["tokens"],
      bound: bounds.allowed("logits", of: item, dtype: dtype).bound)
    let codes = QuantisedCodes(
      item, recorded: recorded, answer: answered, precision: numbers.flatMap { Precision.of($0) })
    let cached = CachedCodes(
      item, recorded: recorded, answer: answered, precision: numbers.flatMap { Precision.of($0) })
    var comparisons: [Comparison] = []
    for (name, rule) in asked(rules) {
      guard let got = answered[name], let want = recorded[name] else { continue }
      do {
        comparisons.append(
          try compare(
            got, want, rule, recorded, meaning, codes,
            ignored: choices?.ignored(name, shape: want.shape) ?? codes?.ignored(name)
              ?? cached?.ignored(name, shape: want.shape)))
      } catch { throw .damaged(file: file.path, reason: "\(name) does not fit its rule: \(error.description)") }
    }
    return comparisons
  }

  private func compare(
    _ got: NamedArray, _ want: NamedArray, _ rule: Rule, _ recorded: [String: NamedArray], _ meaning: TensorMeaning,
    _ codes: QuantisedCodes?, ignored: [Bool]?
  ) throws(ContainerError) -> Comparison {
    let words = { (index: [Int]) in meaning.words(of: want.name, index: index) }
    let bound: Comparison.Bound
    switch rule {
    case .exact:
      return .exact(want.name, got.words, want.words, shape: want.shape, ignored: ignored, words: words)
    case .derived:
      let accumulation = try recorded[want.name + ".accumulation"]?.doubles() ?? []
      let rounding = try recorded[want.name + ".rounding"]?.doubles() ?? []
      let count = want.shape.reduce(1, *)
      guard let precision = numbers.flatMap({ Precision.of($0) }) else {
        throw .wrongKind(want.elementType, asked: .floating, name: want.name)
      }
      for units in [accumulation, rounding] where units.count != count {
        throw .countMismatch(expected: count, found: units.count, name: want.name)
      }
      bound = .derived(
        precision, accumulation: accumulation, rounding: rounding,
        measured: bounds.measured(want.name, of: item, dtype: dtype))
    case .calibrated: bound = .calibrated(bounds.allowed(want.name, of: item, dtype: dtype))
    }
    let right = try want.doubles()
    return .numbers(
      want.name, try got.doubles(), codes?.expected(want.name, right) ?? right, shape: want.shape,
      ignored: ignored ?? meaning.pads(of: want.name, shape: want.shape), bound: bound, words: words)
  }
}
