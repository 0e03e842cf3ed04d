// RUN-27: writes all requests of a run into a folder, for any program to answer anywhere, and judges the answers.

import Foundation
import LoMAJudgement
import LoMAProcess
import LoMAVectors

/// The requests of a run that is answered elsewhere.
package struct OfflineRequests {
  /// The conversation as the runner would write it: hello, then all questions.
  package static let requestsName = "requests.jsonl"
  /// The replies, in any order: one to hello with id 0, and one to each request that was answered.
  static let answersName = "answers.jsonl"
  /// The maximum size of the answers file, in bytes.
  static let answersLimit = 1 << 28

  private let corpus: CaseCorpus
  /// Every unit of the corpus with its questions; questions are numbered from 1 across all units.
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

  /// Writes requests, inputs and models into a new folder, without any expected value; returns the number of requests.
  package func write(to folder: String) throws -> Int {
    // Checked first: otherwise a second call would mix its inputs with those of the first before it fails.
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
    // Written last: when it exists, all files it names exist.
    try scratch.write(OfflineRequests.requestsName, lines)
    return count
  }

  /// Judges the answers in a folder as a run would; a missing answer is `not-run`.
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
    return (answers.candidate(corpus.part), results)
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
