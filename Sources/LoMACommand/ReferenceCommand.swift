// `loma reference`: runs the reference as a candidate process.

import LoMADiagnosis
import LoMASuite
import LoMAVectors

let referenceHelp = """
  loma reference [--part PART] [--mutant ID,…] [--dtypes DTYPE,…]

  Speaks the protocol of loma conform as a candidate, on standard input and output: JSON lines, tensors by file in the
  working directory. All operations, all profiles, captures; dtypes f64 and f32. It computes in binary64: in f32 every
  number of an answer is the binary64 result, rounded once. It ends when it is told to stop or its input ends.

  With --mutant or --dtypes it answers as a port would: the output of every stage is rounded to the type.

    --part PART              declares the operations of loma, part I, or of peers, part II; default loma
    --mutant ID,…            makes one mistake, M001, C01 or L01 and on, or several; loma sensitivity lists
                             them. axis=value,…: sets these axes, whatever the request says
    --dtypes DTYPE,…         of f64, f32, bf16 and f16; default f64,f32

  """

func reference(_ words: [String]) throws -> Outcome {
  let options = ["--part", "--mutant", "--dtypes"].map { Arguments.Option(name: $0, repeats: false) }
  var session = try session(try Arguments(words, options: options))
  while let line = readLine(), let reply = session.reply(to: line), say(reply + "\n") {}
  return Outcome()
}

private func session(_ arguments: Arguments) throws -> CandidateSession {
  let (mutant, dtypes) = (arguments["--mutant"], arguments["--dtypes"])
  let part: Part = try arguments.choice("--part", otherwise: .loma)
  if mutant == nil, dtypes == nil { return CandidateSession(folder: ".", declaring: part) }
  let types = (dtypes ?? "f64,f32").split(separator: ",", omittingEmptySubsequences: false).map(String.init)
  let deviation = try mutant.map { (id) throws(UsageError) in
    guard let mutant = Mutant.named(id) else { throw UsageError(line: "no mutant is called '\(id)'") }
    return mutant.deviation
  }
  guard let session = CandidateSession(folder: ".", deviation: deviation, types: types, declaring: part) else {
    throw UsageError(line: "option --dtypes takes some of f64, f32, bf16 and f16, not '\(dtypes ?? "")'")
  }
  return session
}
