// RUN-2, RUN-3, RUN-8, RUN-9: a conversation with a candidate: one process, restarted after it ends, one question at a
// time.

import Foundation
import LoMAJudgement
import LoMAProcess
import LoMAVectors

/// One process at a time, with its scratch folder.
package final class Candidate {
  let command: CandidateCommand
  let limits: CandidateLimits
  /// The version of the Spec that hello names.
  let specification: String
  let models: ModelSource
  let isInterrupted: () -> Bool
  private(set) var declaration: Declaration?
  /// The number of processes that ended, or had to be ended, other than by `stop`.
  private(set) var deaths = 0
  /// The lines on standard output besides replies, since the unit began.
  private(set) var strayLines = StrayLines()
  private var process: ChildProcess?
  private var scratch: Scratch?
  private var nextID = 0
  private var lastErrors = ""

  init(
    _ command: CandidateCommand, limits: CandidateLimits, specification: String, models: ModelSource,
    isInterrupted: @escaping () -> Bool
  ) {
    self.command = command
    self.limits = limits
    self.specification = specification
    self.models = models
    self.isInterrupted = isInterrupted
  }

  deinit { stop() }

  /// Discards stray lines and standard error of the previous unit.
  func beginUnit() {
    strayLines = StrayLines()
    lastErrors = ""
    process?.pipes.standardError = HeadAndTail(limit: ChildPipes.errorLimit)
  }

  /// The standard error since the unit began.
  var standardError: String { lastErrors + (process?.pipes.standardError.text ?? "") }

  /// Starts the process if it is not running, and has it introduce itself.
  func start() throws(CandidateError) {
    if process != nil { return }
    let folder: Scratch
    do { folder = try Scratch(keep: limits.keep) } catch { throw .scratch(error) }
    scratch = folder
    do {
      process = try ChildProcess(
        command.executable, command.arguments,
        variables: [(CandidateCommand.startFolderVariable, command.startFolder)], folder: folder.path,
        memoryLimit: limits.memoryLimit, lineLimit: ConversationProtocol.lineLimit)
    } catch {
      removeScratch()
      throw .notStarted(command: command.executable, why: error.description)
    }
    if let id = process?.id { Watchman.watches(id) }
    nextID = 0
    let failure: (Verdict, String)
    switch exchange(.hello(specification: specification), time: CandidateLimits.helloTime) {
    case .success(.ok(let object)):
      do throws(ReplyError) {
        let declared = try Declaration(object)
        guard let declaration, declaration != declared else {
          declaration = declared
          return
        }
        failure = (.protocolError, "it declares something else than when it was started first")
      } catch { failure = (.protocolError, error.description) }
    case .success(.reject(let code)): failure = (.protocolError, "hello was rejected: \(code)")
    case .success(.unsupported(let why, _)): failure = (.protocolError, "hello is unsupported: \(why)")
    case .failure(let lost): failure = (lost.verdict, lost.detail)
    }
    let why = bury(failure.0, failure.1) + strayLines.hint
    throw .noHello(verdict: failure.0, why: why, standardError: lastErrors)
  }

  /// Asks one question and returns the reply; starts the process if it is not running.
  func ask(_ question: Question, caseID: String, outputLimit: Int) -> Reply {
    do { try start() } catch {
      if case .noHello(let verdict, let why, _) = error { return .failed(verdict, detail: "after a restart: \(why)") }
      // The candidate could be started before; if it cannot be now, that counts as its own failure.
      if case .notStarted(_, let why) = error, declaration != nil, !command.isThere {
        deaths += 1
        return .failed(.crash, detail: "it cannot be started again: \(why)")
      }
      return .failed(.runnerError, detail: error.description)
    }
    guard let scratch else { return .failed(.runnerError, detail: "no scratch folder") }
    let input = question.input.isEmpty ? nil : "\(nextID).input.safetensors"
    let output = "\(nextID).output.safetensors"
    defer { scratch.remove([input, output].compactMap { $0 }) }
    do {
      if let model = question.model { try models.put(model, scratch) }
      if let input { try scratch.write(input, try ArrayFile(question.input, metadata: [:]).encoded()) }
    } catch {
      // If no file can be written to the folder, the candidate changed it, unless the system is out of resources.
      guard let error = error as? FileError, !error.isExhaustion else {
        return .failed(.runnerError, detail: "\(error)")
      }
      return .failed(.protocolError, detail: bury(.protocolError, "its scratch folder was changed: \(error)"))
    }
    // Hello was request 0.
    let time = CandidateLimits.questionTime * (nextID == 1 ? limits.firstFactor : 1)
    switch exchange(.run(caseID: caseID, question, input: input, output: output), time: time) {
    case .success(.reject(let code)): return .rejection(code: code)
    case .success(.unsupported(let why, let issue)): return .unsupported(why: why, issue: issue)
    case .success(.ok):
      do throws(OutputError) {
        let bytes = try scratch.contents(output, limit: outputLimit)
        do { return .tensors(try ArrayFile(decoding: bytes).arrays) } catch {
          return .failed(.invalidOutput, detail: "\(error)")
        }
      } catch { return .failed(.invalidOutput, detail: error.description) }
    case .failure(let lost):
      // A line that was read says more than a longer wait.
      let longer = strayLines.hint.isEmpty ? "; --timeout-factor sets another deadline" : strayLines.hint
      let hint = lost.verdict == .timeout ? longer : ""
      return .failed(lost.verdict, detail: bury(lost.verdict, lost.detail) + hint)
    }
  }

  /// Asks the process to end, and makes sure that it does.
  func stop() {
    guard var process = process.take() else { return }
    process.pipes.send(ProtocolRequest.stop.line(id: nextID))
    let id = process.id
    _ = process.end(politely: true)
    removeScratch()
    Watchman.forgets(id)
  }

  /// Writes a request and waits for its reply.
  private func exchange(_ request: ProtocolRequest, time: Duration) -> Result<ReplyLine, NoReply> {
    let id = nextID
    nextID += 1
    let deadline = SuspendingClock.now + time * limits.timeFactor
    // Lines that arrived before the request is written cannot answer it.
    _ = process?.pipes.exchange(atMost: .zero)
    while let line = process?.pipes.line() {
      if let lost = hear(line) { return .failure(lost) }
    }
    process?.pipes.send(request.line(id: id))
    while true {
      guard let event = process?.next(until: deadline, isInterrupted: isInterrupted) else {
        return .failure(NoReply(.runnerError, "no process"))
      }
      guard case .line(let line) = event else { return .failure(lost(event, after: time * limits.timeFactor)) }
      guard ReplyLine.isReply(line) else {
        if let lost = hear(line) { return .failure(lost) }
        // Nothing else will come, so that waiting for the deadline tells nobody anything.
        if ReplyLine.isMisbegun(line, to: id) {
          return .failure(NoReply(misbegun: line))
        }
        continue
      }
      do throws(ReplyError) {
        let reply = try ReplyLine(line, to: id)
        while let line = process?.pipes.line() {
          if let lost = hear(line) { return .failure(lost) }
        }
        return .success(reply)
      } catch { return .failure(NoReply(.protocolError, error.description)) }
    }
  }

  /// Handles a line that is not the awaited reply.
  private func hear(_ line: [UInt8]) -> NoReply? {
    if ReplyLine.isReply(line) { return NoReply(.protocolError, "a reply that no request asked for") }
    strayLines.append(line)
    return limits.isStrict ? NoReply(.protocolError, "a line on standard output that is not a reply") : nil
  }

  private func lost(_ event: ChildEvent, after time: Duration) -> NoReply {
    switch event {
    case .line: NoReply(.runnerError, "a line is not a lost reply")
    case .lineTooLong:
      NoReply(.protocolError, "a line of more than \(ConversationProtocol.lineLimit) bytes on standard output")
    case .ended: NoReply(.crash, "")
    case .outputClosed: NoReply(.protocolError, "it closed its standard output")
    case .deadline: NoReply(.timeout, "no reply within \(time)")
    case .memory(let bytes):
      NoReply(.memory, "\(bytes >> 20) MiB resident, the limit is \(limits.memoryLimit >> 20) MiB")
    case .interrupted: NoReply(.notRun, "interrupted")
    }
  }

  /// Ends a process that can no longer be asked; returns the reason, with the way it ended if it ended by itself.
  private func bury(_ verdict: Verdict, _ detail: String) -> String {
    deaths += 1
    guard let process = process.take() else { return detail }
    let id = process.id
    let end = process.end(politely: false)
    lastErrors += end.standardError
    removeScratch()
    Watchman.forgets(id)
    if case .lost = end.ending { return (detail.isEmpty ? "" : detail + "; ") + end.ending.description }
    return verdict == .crash ? end.ending.description : detail
  }

  private func removeScratch() {
    _ = scratch?.removeAll()
    scratch = nil
  }
}

extension FileError {
  /// Whether the system has run out of a resource: space, descriptors or memory.
  fileprivate var isExhaustion: Bool {
    guard case .failed(_, _, let code) = self else { return false }
    return [ENOSPC, EDQUOT, EMFILE, ENFILE, ENOMEM].contains(code)
  }
}
