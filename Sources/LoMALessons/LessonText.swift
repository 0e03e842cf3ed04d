// The results of lessons as text and as JUnit XML, and what the lessons are.

import LoMAConformance
import LoMAExplanation
import LoMAVectors

/// Draws lessons and their results.
package struct LessonText: Sendable {
  let hasColour: Bool
  /// Whether it is said what is wrong, and not only that something is.
  let hasHints: Bool

  package init(hasColour: Bool, hasHints: Bool) { (self.hasColour, self.hasHints) = (hasColour, hasHints) }

  /// All lessons, a line each.
  package static var list: String {
    let lines = Lesson.allCases.map { lesson in
      let forms = lesson.forms.map { String($0.form.prefix { $0 != " " }) }.joined(separator: ", ")
      return padded("\(lesson.rawValue)", 4, right: true) + "  " + padded(lesson.title, 24)
        + padded("\(lesson.minutes) min", 9) + (forms.isEmpty ? "-" : forms) + "\n"
    }
    return "lesson  step                  time     your program answers\n" + lines.joined()
      + "\nloma lesson N says what is asked, loma lesson N -- COMMAND checks your program.\n"
  }

  /// What a lesson asks, with the first question and its answer.
  package static func description(_ lesson: Lesson, _ reference: LessonReference) throws -> String {
    var lines = ["lesson \(lesson.rawValue): \(lesson.title)"]
    if lesson.forms.isEmpty { lines.append("  nothing is asked: Docs/Evening says what to do") }
    for (form, meaning) in lesson.forms { lines.append("  " + padded(form, 18) + meaning) }
    if let ask = lesson.questions.first, case .words = try reference.answer(ask) {
      lines += ["", "  for example, asked", "    " + shortened(ask.line), "  the answer is"]
      lines.append("    " + shortened(try reference.answer(ask).line))
    }
    return lines.map { $0 + "\n" }.joined()
  }

  private static func shortened(_ line: String) -> String { line.count <= 160 ? line : line.prefix(150) + " …" }

  private static func padded(_ text: String, _ width: Int, right: Bool = false) -> String {
    let space = String(repeating: " ", count: max(0, width - text.count))
    return right ? space + text : text + space
  }

  /// A lesson's results; the first wrong mask is drawn.
  package func draw(_ result: LessonResult) -> String {
    var lines = ["lesson \(result.lesson.rawValue): \(result.lesson.title)"]
    var drawn: MarkedMask?
    for (ask, outcome) in result.questions {
      switch outcome {
      case .right: lines.append("  right  " + ask.shown)
      case .wrong where !hasHints: lines.append("  WRONG  " + ask.shown)
      case .wrong(let finding):
        lines += ["  WRONG  " + ask.shown, "         " + finding.sentence]
        lines += finding.notes.map { "         " + $0 }
        if drawn == nil { drawn = finding.mask }
      case .silent(let silence):
        lines += ["  WRONG  " + ask.shown, "         \(silence)"]
        lines += silence.lastErrors.map { "         | " + $0 }
      }
    }
    if let drawn { lines += drawn.lines(hasColour: hasColour) + [""] }
    if let remark = result.remark { lines.append("  " + remark) }
    lines.append("\(result.rightCount) of \(result.questions.count) right")
    return lines.map { $0 + "\n" }.joined()
  }

  /// The first wrong mask as one SVG file; nil if every mask is right.
  package static func picture(_ results: [LessonResult]) -> String? {
    for result in results {
      for (ask, outcome) in result.questions {
        if case .wrong(let finding) = outcome, let mask = finding.mask { return mask.svg(title: "Your " + ask.shown) }
      }
    }
    return nil
  }

  /// The results for programs that collect them: a suite a lesson, a test a question.
  package static func junit(_ results: [LessonResult]) -> String {
    let suites = results.map { result in
      let silent = result.questions.count { if case .silent = $0.result { true } else { false } }
      let wrong = result.questions.count - result.rightCount - silent
      let tests = result.questions.map { test($0.ask, $0.result, result.lesson) }
      return Markup(
        "testsuite",
        [
          "id": "\(result.lesson.rawValue)", "name": "lesson \(result.lesson.rawValue): \(result.lesson.title)",
          "package": "loma", "hostname": "localhost", "timestamp": String(Timestamp.now.prefix(19)),
          "tests": "\(result.questions.count)", "failures": "\(wrong)", "errors": "\(silent)", "skipped": "0",
          "time": "0.000",
        ],
        indented: [Markup(empty: "properties")] + tests + [Markup(empty: "system-out"), Markup(empty: "system-err")])
    }
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + Markup("testsuites", indented: suites).source + "\n"
  }

  private static func test(_ ask: Ask, _ result: QuestionResult, _ lesson: Lesson) -> Markup {
    let attributes: Markup.Attributes = [
      "classname": "loma.lesson\(lesson.rawValue)", "name": ask.shown, "time": "0.000",
    ]
    switch result {
    case .right: return Markup(empty: "testcase", attributes)
    case .wrong(let finding):
      let reason: Markup.Attributes = ["type": finding.clause, "message": finding.sentence]
      let notes = [Markup(onOneLine: finding.notes.joined(separator: "\n"))]
      return Markup("testcase", attributes, indented: [Markup("failure", reason, notes)])
    case .silent(let silence):
      let reason: Markup.Attributes = ["type": "no-answer", "message": "\(silence)"]
      let errors = [Markup(onOneLine: silence.lastErrors.joined(separator: "\n"))]
      return Markup("testcase", attributes, indented: [Markup("error", reason, errors)])
    }
  }
}
