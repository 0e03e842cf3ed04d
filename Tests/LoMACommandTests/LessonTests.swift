// `loma lesson`, `loma reveal` and `loma reference --lesson`: a right program, wrong ones, and programs that misbehave.

import Foundation
import LoMA
import LoMAExplanation
import LoMAModels
import LoMAProcess
import Testing

@testable import LoMACommand
@testable import LoMALessons

/// Runs a command with the project's vectors.
private func lesson(_ words: String...) -> Outcome { lesson(words) }

private func lesson(_ words: [String]) -> Outcome {
  run(
    ["lesson"] + words,
    in: Environment(isTerminal: false, refusesColour: false, vectors: projectVectors, path: "/usr/bin:/bin"))
}

/// The reference on the model of the lessons.
private func reference() throws -> LessonReference {
  LessonReference(try LoadedModel(directory: projectVectors + "/models/text-c4", choices: LoMAChoices()))
}

@Suite("Lessons") struct LessonTests {
  @Test func `the lessons are listed and described`() throws {
    let list = lesson()
    #expect(list.exitCode == .fine && Lesson.allCases.count == 13)
    for one in Lesson.allCases {
      #expect(list.output.contains("  \(one.title) "))
      let described = lesson("\(one.rawValue)")
      #expect(described.exitCode == .fine && described.output.hasPrefix("lesson \(one.rawValue): \(one.title)\n"))
      for form in one.forms { #expect(described.output.contains("  " + form.form)) }
      #expect(Set(one.questions.map { String($0.line.prefix { $0 != " " }) }).isSubset(of: words(of: one)))
    }
  }

  /// The words that a lesson asks; the theorem asks the cache again.
  private func words(of one: Lesson) -> Set<String> {
    Set(one.forms.map { String($0.form.prefix { $0 != " " }) } + (one == .theorem ? ["next"] : []))
  }

  @Test func `a line is read as the request that wrote it`() throws {
    for ask in Lesson.allCases.flatMap({ $0.questions }) { #expect(Ask(line: ask.line) == ask) }
    for line in ["", "rows", "rows 1 2", "rows 1 2 x", "norm", "hello 1 2 3", "query 1"] {
      #expect(Ask(line: line) == nil)
    }
    #expect(throws: LessonError.self) { try reference().answer(.rows(Sizes((0, 1, 3)))) }
    #expect(throws: LessonError.self) {
      try reference().answer(.recite(chunk: 2, Array("the cat sat".utf8).map { Int($0) }))
    }
  }

  @Test(arguments: [
    ["13"], ["-1"], ["one"], ["3-1"], ["1-2-3"], ["1-2"], ["3", "--"], ["12", "--", "true"], ["1", "--skeleton", "c"],
    ["1", "--complete", "yes"], ["1-2", "--skeleton", "python"], ["1", "--timeout", "0", "--", "true"],
    ["1", "--skeleton", "python", "--", "true"], ["1", "--colour", "x"],
  ]) func `wrong usage is one line and exit code 2`(words: [String]) {
    let outcome = lesson(words)
    #expect(outcome.exitCode == .rejected && outcome.complaint?.hasPrefix("loma: lesson: ") == true, "\(outcome)")
  }

  @Test func `a program that is not there gets exit code 3, vectors that are not there 4`() {
    #expect(lesson("1", "--", "./no-such-program").exitCode == .candidateUnusable)
    #expect(lesson("1", "--", "no-such-program").exitCode == .candidateUnusable)
    #expect(lesson("1", "--vectors", "/no/such/folder").exitCode == .vectorsDamaged)
  }

  @Test func `the reference passes every lesson`() throws {
    let folder = try TemporaryFolder()
    let outcome = lesson(
      "all", "--junit", folder.path + "/junit.xml", "--", try Binary().path, "reference", "--lesson", "yes")
    #expect(outcome.exitCode == .fine && !outcome.output.contains("WRONG"), "\(outcome.output)")
    #expect(outcome.output.contains("your 258 scores differ by at most 0.0"))
    let suites = try Tree.parse(try String(contentsOfFile: folder.path + "/junit.xml", encoding: .utf8)).children
    #expect(suites.count == 12)
    let tests = suites.flatMap { $0.children.filter { $0.name == "testcase" } }
    #expect(tests.count == Lesson.allCases.reduce(0) { $0 + $1.questions.count })
  }

  @Test func `a mystery is wrong, its mask is ringed, and hints may be withheld`() throws {
    let folder = try TemporaryFolder()
    let binary = try Binary().path
    let number = try #require((1...Mystery.count).first { Mystery($0)?.sentence.hasPrefix("M054") == true })
    let words = ["--", binary, "reference", "--lesson", "yes", "--mystery", "\(number)"]
    let outcome = lesson(
      ["3", "--output", folder.path + "/mask.svg", "--junit", folder.path + "/junit.xml"] + words)
    #expect(outcome.exitCode == .notConformant && outcome.output.contains("WRONG"))
    #expect(outcome.output.contains("ringed are wrong cells") && outcome.output.contains("wrong cells: "))
    let picture = try String(contentsOfFile: folder.path + "/mask.svg", encoding: .utf8)
    #expect(picture.contains("class=\"ring\"") && picture.contains("ringed: wrong cells"))
    #expect(try String(contentsOfFile: folder.path + "/junit.xml", encoding: .utf8).contains("<failure type=\"MSK-"))
    let silent = lesson(["3", "--hints", "no"] + words)
    #expect(silent.exitCode == .notConformant && silent.output.contains("  WRONG  mask"))
    #expect(!silent.output.contains("MSK-") && !silent.output.contains("ringed"))
  }

  @Test(arguments: [
    ("sleep 60", "no answer within"), ("echo oops >&2; exit 3", "| oops"),
    ("echo hello; cat", "a line that nobody asked for"),
    ("while read line; do echo no; done", "row 0 is 'no', it must be reading, chunk 0, index 0"),
    ("while read line; do echo; done", "row 0 is missing"), ("kill -9 $$", "signal 9"),
  ]) func `a program that misbehaves is told so, and leaves nothing behind`(script: String, said: String) {
    let outcome = lesson("1", "--timeout", "2", "--", "/bin/sh", "-c", "sleep 0.1; " + script)
    #expect(outcome.exitCode == .notConformant && outcome.output.contains("0 of 4 right"), "\(outcome)")
    #expect(outcome.output.contains(said), "\(outcome.output)")
  }

  @Test func `what any print writes is read`() {
    let line = "[('x', 0, 1), {\"a\": np.float64(0.5)}, [True, False], np.True_]\r"
    #expect(LessonAnswer.words(ofLine: Array(line.utf8)) == ["x", "0", "1", "a", ":", "0.5", "1", "0", "1"])
    #expect(LessonAnswer.agree([1, 100], [1.001, 100]) && !LessonAnswer.agree([1, 100], [1.01, 100]))
    #expect(!LessonAnswer.agree([1], [.nan]) && !LessonAnswer.agree([1], [1, 2]))
  }
}

@Suite("Wrong answers of lessons") struct WrongAnswerTests {
  /// Three ways to spoil the words of an answer.
  static let changes: [(name: String, change: @Sendable ([String]) -> [String])] = [
    ("the first word", { ["7777"] + $0.dropFirst() }), ("the last word", { $0.dropLast() + ["7777"] }),
    ("a word too few", { $0.dropLast() }),
  ]

  @Test(arguments: Lesson.allCases) func `three wrong answers to every question are each refused by a clause`(
    lesson: Lesson
  ) throws {
    var reference = try reference()
    reference.namesMistakes = false
    for ask in lesson.questions {
      let right = LessonAnswer.words(ofLine: Array(try reference.answer(ask).line.utf8))
      #expect(try reference.finding(right, to: ask) == nil)
      for (name, change) in Self.changes {
        let finding = try #require(try reference.finding(change(right), to: ask), "\(ask.shown): \(name)")
        #expect(finding.sentence.contains(finding.clause + " "), "\(finding.sentence)")
      }
    }
  }

  /// A request, its answer under another profile, and what is said.
  @Test func `another profile is named, with the row and the pair`() throws {
    let reference = try reference()
    for (axis, ask, clause, said) in [
      ("memory_positions=span_start", Ask.positions(Sizes((4, 2, 11))), "POS-2", "row 8 (memory, chunk 0, index 0)"),
      ("memory_attention=causal", .mask(Sizes((4, 2, 11))), "MSK-5", "does not see row 9 (memory, chunk 0, index 1)"),
      ("repetition_context=past_memories", .mask(Sizes((2, 1, 5))), "MSK-8", "sees row 2 (memory, chunk 0, index 0)"),
      ("repetition_labels=shifted", .labels(Array(0..<11)), "LOS-2", "row 9 (memory, chunk 0, index 1)"),
      ("memory_attention=causal", .weights(layer: 0, Array(0..<8)), "MOD-4", "gives row 0 (reading, chunk 0, index 0)"),
    ] {
      var other = reference
      other.profile = try Profile(name: axis)
      let words = LessonAnswer.words(ofLine: Array(try other.answer(ask).line.utf8))
      let finding = try #require(try reference.finding(words, to: ask))
      #expect(finding.clause == clause && finding.sentence.contains(said), "\(finding.sentence)")
      #expect(finding.notes.first == "this is what one gets under the profile \(axis)")
    }
  }

  @Test func `a mask turned round, inverted or too short is named`() throws {
    let (reference, ask) = (try reference(), Ask.mask(Sizes((2, 1, 5))))
    let right = LessonAnswer.words(ofLine: Array(try reference.answer(ask).line.utf8))
    let turned = right.indices.map { right[$0 % 11 * 11 + $0 / 11] }
    let notes = try [turned, right.map { $0 == "1" ? "0" : "1" }].map { try reference.finding($0, to: ask)?.notes[0] }
    #expect(
      notes
        == ["where a line is a key and a column a query", "where 1 means hidden"].map { "this is what one gets " + $0 })
    #expect(try reference.finding(Array(right.dropLast()), to: ask)?.clause == "LAY-4")
    let drawn = try #require(try reference.finding(turned, to: ask)?.mask)
    let wrong = right.indices.count { right[$0] != turned[$0] }
    #expect(drawn.lines(hasColour: false).dropLast(3).joined().count { "○◉".contains($0) } == wrong)
    let rings = try #require(drawn.svg(title: "x")).components(separatedBy: "class=\"ring\"").count - 1
    #expect(rings == wrong)
  }
}

@Suite("Mysteries and skeletons") struct MysteryTests {
  @Test func `every mystery is another mistake, and only reveal tells`() throws {
    let sentences = (1...Mystery.count).compactMap { Mystery($0)?.sentence }
    #expect(sentences.count == Mystery.count && Set(sentences).count == Mystery.count && Mystery.count >= 40)
    #expect(Mystery(0) == nil && Mystery(Mystery.count + 1) == nil)
    #expect(Mystery(7)?.deviation.id == "mystery-7")
    let revealed = loma("reveal 7")
    #expect(revealed.output.hasPrefix("mystery 7 is M") && revealed.output.contains("\nit breaks "))
    for line in [
      "reveal", "reveal 0", "reveal x", "reveal 1 2", "reference --mystery 0", "reference --mystery 1 --mutant M001",
    ] {
      #expect(loma(line).exitCode == .rejected, "\(line)")
    }
  }

  @Test func `the candidate of a mystery does not say its name`() throws {
    let hello = #"{"loma":1,"id":0,"cmd":"hello","protocols":[1]}"#
    let said = try Binary().shell("echo '\(hello)' | loma reference --mystery 7")
    #expect(said.output.contains("mystery-7") && said.output.firstMatch(of: /M\d\d\d/) == nil)
  }

  @Test func `a skeleton is the program with blanks`() throws {
    for language in LessonLanguage.allCases {
      let skeleton = Skeleton(language)
      for lesson in Lesson.allCases where !lesson.questions.isEmpty {
        let (blank, complete) = (
          skeleton.text(of: lesson, isComplete: false), skeleton.text(of: lesson, isComplete: true)
        )
        let word =
          language == .python
          ? "raise NotImplementedError(\"lesson \(lesson.rawValue)\")" : "fatalError(\"lesson \(lesson.rawValue)\")"
        #expect(blank.contains(word) && !complete.contains(word), "\(language) \(lesson)")
        #expect(complete.count > blank.count || lesson == .bet)
      }
    }
  }

  @Test func `Docs/Evening/evening.py is the program without its marks, in less than 100 lines`() throws {
    let root = SpecExamples.root.path
    let source = try String(contentsOfFile: root + "/Sources/LoMALessons/Programs/evening.py", encoding: .utf8)
    let shown = try String(contentsOfFile: root + "/Docs/Evening/evening.py", encoding: .utf8)
    let lines = source.split(separator: "\n", omittingEmptySubsequences: false).filter { !$0.hasPrefix("# step ") }
    #expect(shown == lines.joined(separator: "\n") && lines.count <= 100)
  }
}
