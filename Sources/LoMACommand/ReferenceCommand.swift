// `loma reference`: runs the reference as a candidate process.

import LoMAAnswers
import LoMALessons
import LoMAModels
import LoMAMutants
import LoMAVectors

let referenceHelp = """
  loma reference [--part PART] [--mutant ID,… | --mystery N] [--dtypes DTYPE,…]
  loma reference --lesson yes [--mystery N]

  Speaks the protocol of loma conform as a candidate, on standard input and output: JSON lines, tensors by file in the
  working directory. All operations, all profiles, captures; dtypes f64 and f32. It computes in binary64: in f32 every
  number of an answer is the binary64 result, rounded once. It ends when it is told to stop or its input ends.

  With --mutant or --dtypes it answers as a port would: the output of every stage is rounded to the type.

    --part PART              declares the operations of loma, part I, or of peers, part II; default loma
    --mutant ID,…            makes one mistake, M001, C01, L01 or B01 and on, or several; loma sensitivity
                             lists them. axis=value,…: sets these axes, whatever the request says
    --mystery N              makes one mistake, 1 to \(Mystery.count), which loma reveal N tells
    --lesson yes             answers the requests of loma lesson instead, on the model of LOMA_MODEL
    --dtypes DTYPE,…         of f64, f32, bf16 and f16; default f64,f32

  """

func reference(_ words: [String], in environment: Environment) throws -> Outcome {
  let options = ["--part", "--mutant", "--mystery", "--lesson", "--dtypes"].map {
    Arguments.Option(name: $0, repeats: false)
  }
  let arguments = try Arguments(words, options: options)
  let isLesson: YesOrNo = try arguments.choice("--lesson", otherwise: .no)
  if isLesson == .yes { return try answerLessons(arguments, environment) }
  var session = try session(arguments)
  while let line = readLine(), let reply = session.reply(to: line), say(reply + "\n") {}
  return Outcome()
}

private func session(_ arguments: Arguments) throws -> CandidateSession {
  let (mutant, dtypes) = (arguments["--mutant"], arguments["--dtypes"])
  let part: Part = try arguments.choice("--part", otherwise: .loma)
  if mutant != nil, arguments["--mystery"] != nil {
    throw UsageError(line: "--mutant and --mystery exclude each other")
  }
  let hidden = try arguments["--mystery"].map { (number) throws(UsageError) in try mystery(number).deviation }
  if mutant == nil, hidden == nil, dtypes == nil { return CandidateSession(folder: ".", declaring: part) }
  let types = (dtypes ?? "f64,f32").split(separator: ",", omittingEmptySubsequences: false).map(String.init)
  let deviation = try mutant.map { (id) throws(UsageError) in
    guard let mutant = Mutant.named(id) else { throw UsageError(line: "no mutant is called '\(id)'") }
    return mutant.deviation
  }
  guard let session = CandidateSession(folder: ".", deviation: deviation ?? hidden, types: types, declaring: part)
  else {
    throw UsageError(line: "option --dtypes takes some of f64, f32, bf16 and f16, not '\(dtypes ?? "")'")
  }
  return session
}

/// Answers requests of lessons until the input ends; with a mystery, as one who makes its mistake.
private func answerLessons(_ arguments: Arguments, _ environment: Environment) throws -> Outcome {
  if let other = ["--part", "--mutant", "--dtypes"].first(where: { arguments[$0] != nil }) {
    throw UsageError(line: "--lesson excludes \(other)")
  }
  let hidden = try arguments["--mystery"].map { (number) throws(UsageError) in try mystery(number) }
  let folder = try environment.lessonModel ?? lessonModel(arguments, environment)
  let right = LessonReference(try LoadedModel(directory: folder, choices: LoMAChoices()))
  while let line = readLine() {
    guard let ask = Ask(line: line) else { throw LessonError.notARequest(line) }
    let reference = hidden?.applied(to: right, asked: ask) ?? right
    guard say(try reference.answer(ask).line + "\n") else { break }
  }
  return Outcome()
}
