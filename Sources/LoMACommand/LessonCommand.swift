// `loma lesson`: a learner's program asked what a step of Docs/Evening is about, and told what is wrong.

import LoMAConformance
import LoMALessons
import LoMAModels
import LoMASuite
import LoMAVectors

let lessonHelp = """
  loma lesson
  loma lesson N [--skeleton python|swift] [--complete yes]
  loma lesson N|N-M|all [option]… -- COMMAND ARG…

  Checks the programs of LoMA in an evening (Docs/Evening). Alone it lists the lessons, 0 to 12; with a number it says what
  a lesson asks. With a command it starts the program, asks it, compares each answer with the reference's, and says right
  or wrong: which row, which pair of rows and which clause. A wrong mask is drawn with its wrong cells ringed.

  The program reads requests from standard input, one on a line: a word and integers, such as rows 4 2 11. For each it
  prints one line at once: numbers and words between spaces. Brackets, commas, quotes and the names of NumPy's types do not
  count, and True is 1. So in Python, with a function for each word:

    from sys import stdin
    for line in stdin:
        name, *numbers = line.split()
        print(globals()[name](*map(int, numbers)), flush=True)

  Texts are the ids of their tokens. The model is that of LOMA_MODEL, which the program finds in its environment; its c is 4,
  its t is 2. Numbers are right within 2e-5 of the largest in their answer, which programs in float32 reach.

    --skeleton LANGUAGE      prints a program to begin the lesson with: earlier steps done, its own functions empty
    --complete yes           … with its own functions, too
    --hints no               says right or wrong, and not what
    --output FILE            draws the first wrong mask there as SVG; or writes the skeleton there
    --junit FILE             writes the results as JUnit XML: a suite a lesson, a test a question
    --timeout SECONDS        for each answer, default 60
    --model DIR              default text-c4 of the vectors
    --vectors DIR            default as for loma vectors
    --color WHEN             auto, always or never; auto: on a terminal, unless NO_COLOR is set

  Exit code 0 if everything is right, 1 if something is not, 3 if the program cannot be started.

  """

private let options = [
  "--skeleton", "--complete", "--hints", "--output", "--junit", "--timeout", "--model", "--vectors", "--color",
]

func lesson(_ words: [String], in environment: Environment) throws -> Outcome {
  guard let which = words.first else { return Outcome(output: LessonText.list) }
  let given = words.dropFirst().prefix { $0 != "--" }
  let command = Array(words.dropFirst(given.count + 2))
  let hasCommand = words.count > given.count + 1
  if hasCommand, command.isEmpty { throw UsageError(line: "a command is required after --") }
  let arguments = try Arguments(Array(given), options: options.map { .init(name: $0, repeats: false) })
  let lessons = try lessons(which)
  let complete: YesOrNo = try arguments.choice("--complete", otherwise: .no)
  if let language = arguments["--skeleton"] {
    guard lessons.count == 1, !hasCommand else {
      throw UsageError(line: "--skeleton is of one lesson, without a command")
    }
    let skeleton = Skeleton(try Arguments.choice(language, of: "--skeleton"))
    return Outcome(output: skeleton.text(of: lessons[0], isComplete: complete == .yes), path: arguments["--output"])
  }
  if arguments["--complete"] != nil { throw UsageError(line: "--complete needs --skeleton") }
  do {
    let model = try lessonModel(arguments, environment)
    let reference = LessonReference(try LoadedModel(directory: model, choices: LoMAChoices()))
    guard hasCommand else {
      guard lessons.count == 1 else { throw UsageError(line: "a command is required: loma lesson \(which) -- COMMAND") }
      return Outcome(output: try LessonText.description(lessons[0], reference), path: arguments["--output"])
    }
    let run = LessonRun(
      try CandidateCommand(words: command, startFolder: environment.folder, path: environment.path),
      reference: reference, model: model, seconds: try seconds(arguments))
    return try checked(lessons, by: run, arguments, environment)
  } catch let error as CandidateError {
    var outcome = Outcome.rejected("\(error)")
    outcome.exitCode = .candidateUnusable
    return outcome
  } catch let error as VectorsFolder.Problem {
    return .damaged("\(error)")
  }
}

private func checked(
  _ lessons: [Lesson], by run: LessonRun, _ arguments: Arguments, _ environment: Environment
) throws -> Outcome {
  let asking = lessons.filter { !$0.questions.isEmpty }
  guard !asking.isEmpty else { throw UsageError(line: "lesson \(lessons[0].rawValue) asks nothing") }
  let colour: Colour = try arguments.choice("--color", otherwise: .auto)
  let suits = environment.isTerminal && !environment.refusesColour
  let hints: YesOrNo = try arguments.choice("--hints", otherwise: .yes)
  let text = LessonText(hasColour: colour == .always || colour == .auto && suits, hasHints: hints == .yes)
  environment.listenForInterruption()
  var results: [LessonResult] = []
  for lesson in asking where !Interruption.isRequested { results.append(try run.result(of: lesson)) }
  var outcome = Outcome(output: results.map { text.draw($0) }.joined(separator: "\n"))
  outcome.exitCode = results.allSatisfy { $0.isRight } ? .fine : .notConformant
  if Interruption.isRequested { outcome.exitCode = .interrupted }
  if let path = arguments["--junit"], let reason = OutputFiles.write(LessonText.junit(results), to: path) {
    return .rejected("cannot write \(path): \(reason)")
  }
  if let path = arguments["--output"], let picture = LessonText.picture(results),
    let reason = OutputFiles.write(picture, to: path)
  {
    return .rejected("cannot write \(path): \(reason)")
  }
  return outcome
}

/// The folder of the model that lessons ask about.
func lessonModel(_ arguments: Arguments, _ environment: Environment) throws -> String {
  if let folder = arguments["--model"] { return absolute(folder, environment) }
  let vectors = try VectorsFolder.find(
    option: arguments["--vectors"], environment: environment.vectors, current: environment.folder,
    program: environment.program)
  return absolute(vectors + "/models/text-c4", environment)
}

private func absolute(_ path: String, _ environment: Environment) -> String {
  path.hasPrefix("/") ? path : environment.folder + "/" + path
}

private func lessons(_ word: String) throws(UsageError) -> [Lesson] {
  if word == "all" { return Lesson.allCases }
  let parts = word.split(separator: "-", omittingEmptySubsequences: false).map {
    Int($0).flatMap { Lesson(rawValue: $0) }
  }
  let numbers = parts.compactMap { $0?.rawValue }
  guard numbers.count == parts.count, (1...2).contains(numbers.count), numbers[0] <= numbers[numbers.count - 1] else {
    throw UsageError(line: "a lesson is 0 to 12, two as 1-6, or all, not '\(word)'")
  }
  return (numbers[0]...numbers[numbers.count - 1]).compactMap { Lesson(rawValue: $0) }
}

private func seconds(_ arguments: Arguments) throws -> Double {
  guard let text = arguments["--timeout"] else { return 60 }
  guard let seconds = Double(text), 0.01...86_400 ~= seconds else {
    throw UsageError(line: "option --timeout takes seconds, 0.01...86400, not '\(text)'")
  }
  return seconds
}

let revealHelp = """
  loma reveal N

  Says which mistake loma reference --mystery N makes, 1 to \(Mystery.count): its id, what its author would say, the clauses it breaks.

  """

func reveal(_ words: [String]) throws -> Outcome {
  guard words.count == 1 else { throw UsageError(line: "one number is required") }
  let mystery = try mystery(words[0])
  return Outcome(
    output: "mystery \(mystery.number) is \(mystery.sentence)\nit breaks \(mystery.clauses.joined(separator: ", "))\n")
}

/// The mystery of a number.
func mystery(_ text: String) throws(UsageError) -> Mystery {
  guard let number = Int(text), let mystery = Mystery(number) else {
    throw UsageError(line: "a mystery is 1 to \(Mystery.count), not '\(text)'")
  }
  return mystery
}
