// Lessons put to a program, question by question.

import LoMAConformance
import LoMAProcess

/// What became of a question.
package enum QuestionResult: Sendable {
  case right
  case wrong(LessonFinding)
  /// No answer, and what the program wrote last.
  case silent(Silence)

  package var isRight: Bool { if case .right = self { true } else { false } }
}

/// A lesson's questions with their results.
package struct LessonResult: Sendable {
  package let lesson: Lesson
  package var questions: [(ask: Ask, result: QuestionResult)] = []
  /// What is said below them.
  package var remark: String?

  package var rightCount: Int { questions.count { $0.result.isRight } }
  package var isRight: Bool { rightCount == questions.count }
}

/// A program, and how long it may think.
package struct LessonRun: Sendable {
  let command: CandidateCommand
  let reference: LessonReference
  /// The folder of the model, for LOMA_MODEL.
  let model: String
  let seconds: Double

  package init(_ command: CandidateCommand, reference: LessonReference, model: String, seconds: Double) {
    self.command = command
    self.reference = reference
    self.model = model
    self.seconds = seconds
  }

  /// Asks every question of a lesson. A program that was silent is started anew for the next one; one that is
  /// interrupted is asked nothing more.
  package func result(of lesson: Lesson) throws -> LessonResult {
    var result = LessonResult(lesson: lesson)
    var asks = lesson.questions[...]
    var numbers: [Ask: [Double]] = [:]
    while !asks.isEmpty, !Interruption.isRequested {
      var learner: Learner
      do { learner = try Learner(command, model: model) } catch {
        throw CandidateError.notStarted(command: command.executable, why: error.description)
      }
      var silence: Silence?
      while silence == nil, let ask = asks.popFirst() {
        do throws(Silence) {
          let words = LessonAnswer.words(ofLine: try learner.ask(ask.line, seconds: seconds))
          numbers[ask] = words.compactMap { Double($0) }
          do {
            let finding = try reference.finding(words, to: ask)
            result.questions.append((ask, finding.map { .wrong($0) } ?? .right))
          } catch { preconditionFailure("a lesson asks what the reference cannot answer: \(error)") }
        } catch {
          silence = error
          result.questions.append((ask, .silent(error)))
        }
      }
      let end = learner.end(politely: silence == nil)
      if case .ended? = silence {
        let told = Silence.ended(end.ending.description, errors: end.standardError)
        result.questions[result.questions.count - 1].result = .silent(told)
      }
    }
    if lesson == .theorem, result.isRight { result.remark = Self.theorem(numbers) }
    return result
  }

  /// How far a program's own two ways are apart.
  private static func theorem(_ numbers: [Ask: [Double]]) -> String? {
    for (ask, cached) in numbers {
      guard case .next(let text) = ask, let whole = numbers[.onePass(text)] else { continue }
      let distance = zip(cached, whole).map { ($0 - $1).magnitude }.max() ?? 0
      return "through the cache and in one pass: your \(cached.count) scores differ by at most \(distance)"
    }
    return nil
  }
}
