// `loma reference`: the reference as a candidate process.

import LoMASuite

let referenceHelp = """
  loma reference

  Speaks the protocol of loma conform as a candidate, on standard input and output: JSON lines, tensors by file in the
  working directory. All operations, all profiles, captures; dtypes f64 and f32. It computes in binary64: in f32 every
  number of an answer is the binary64 result, rounded once. It ends when it is told to stop or its input ends.

  """

/// Runs `loma reference`.
func reference(_ words: [String]) throws -> Outcome {
  _ = try Arguments(words, options: [])
  var session = CandidateSession(folder: ".")
  while let line = readLine(), let reply = session.reply(to: line), say(reply + "\n") {}
  return Outcome()
}
