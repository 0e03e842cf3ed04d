// RUN-27: every request of a run in a folder, to be answered by any program anywhere, and the answers judged.

import Foundation
import LoMAJudgement
import LoMAProcess
import LoMAVectors

/// Requests that are answered elsewhere.
package struct OfflineRequests {
  /// The conversation as the runner would write it: hello, then every question.
  static let requestsName = "requests.jsonl"
  /// The replies, in any order: to hello with id 0, and to as many requests as were answered.
  static let answersName = "answers.jsonl"
  /// The largest file of answers, in bytes.
  static let answersLimit = 1 << 28

  private let corpus: CaseCorpus
  /// Every unit of the corpus with its questions; the id of a question counts all questions from 1.
  private let units: [(unit: Selection.Unit, firstID: Int, questions: [Question])]

  /// The requests of every case in every element type.
  package init(_ corpus: CaseCorpus) throws(CorpusError) {
    self.corpus = corpus
    var units: [(Selection.Unit, Int, [Question])] = []
    var id = 1
    for unit in Selection().units(of: corpus, declaredDtypes: NumberType.allWords) {
      let questions = try corpus.questions(of: corpus.cases[unit.caseIndex], dtype: unit.dtype)
      units.append((unit, id, questions))
      id += questions.count
    }
    self.units = units
  }

  /// Writes requests, inputs and models into a new folder, and nothing that is expected; returns how many requests.
  package func write(to folder: String) throws -> Int {
    // Else a second call would leave its inputs among those of the first before it fails.
    if Disk.files(in: folder).contains(Self.requestsName) {
      throw FileError.failed("open", path: folder + "/" + Self.requestsName, code: EEXIST)
    }
    try Disk.real.makeFolder(folder)
    let scratch = try Scratch(existing: folder)
    var lines = ProtocolRequest.hello(specification: corpus.specification).line(id: 0)
    var count = 0
    for (unit, firstID, questions) in units {
      for (place, question) in questions.enumerated() {
        let id = firstID + place
        let input = question.input.isEmpty ? nil : "\(id).input.safetensors"
        if let model = question.model { try scratch.copy(model: model, from: corpus) }
        if let input { try scratch.write(input, try ArrayFile(question.input, metadata: [:]).encoded()) }
        lines += ProtocolRequest.run(
          caseID: corpus.cases[unit.caseIndex].id, question, input: input, output: "\(id).output.safetensors"
        ).line(id: id)
        count += 1
      }
    }
    try scratch.write("README", Array(OfflineRequests.readme.utf8))
    // Last: where it stands, everything it names does.
    try scratch.write(OfflineRequests.requestsName, lines)
    return count
  }

  /// Judges the answers in a folder as a run would; an answer that is not there is `not-run`.
  package func judge(
    _ folder: String, bounds: CalibratedBounds
  ) throws -> (candidate: CandidateRecord, results: [CaseResult]) {
    let answers = try OfflineAnswers(folder: folder)
    let declaration = answers.declaration
    var results: [CaseResult] = []
    for (unit, firstID, questions) in units {
      let item = corpus.cases[unit.caseIndex]
      if unit.dtype != "i64", !declaration.dtypes.contains(unit.dtype) { continue }
      let refusals = questions.compactMap { declaration.refusal(of: $0, isRejection: item.level == .rejection) }
      if let why = refusals.first {
        results.append(CaseResult(item, dtype: unit.dtype, verdict: .unsupported, why: why))
        continue
      }
      var replies: [Reply] = []
      var room = OutputRoom(of: item)
      for place in questions.indices {
        let reply = answers.reply(to: firstID + place, outputLimit: room.next)
        replies.append(reply)
        guard case .tensors(let arrays) = reply else { break }
        room.take(arrays)
      }
      results.append(
        try corpus.judge(
          item, dtype: unit.dtype, replies: replies, bounds: bounds, captures: declaration.captures))
    }
    return (answers.candidate, results)
  }

  private static let readme = """
    Requests of the LoMA conformance suite, to be answered anywhere (Spec/13-protocol.md, Spec/14-reports.md).

    requests.jsonl holds a hello and one request a line. Answer each: write the tensors into the file that the request
    names as output, here in this folder, and one reply line into answers.jsonl, beside it. Then judge:

        loma judge DIR

    A program that speaks the protocol answers all of it with Tests/Candidates/answer_requests.py:

        python3 answer_requests.py DIR -- COMMAND ARG…

    """
}
