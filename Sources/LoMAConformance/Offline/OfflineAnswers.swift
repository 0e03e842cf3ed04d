// RUN-27: the answers put beside requests, read as strictly as in a conversation.

import LoMAJudgement
import LoMAProcess
import LoMAVectors

/// Why answers cannot be judged.
package enum OfflineError: Error, Equatable, Sendable {
  case file(FileError)
  /// A line is not a valid reply.
  case line(Int, why: String)
  /// Two replies to one request.
  case repeated(id: Int)
  /// There is no reply to hello with a declaration.
  case noHello(why: String)
}

extension OfflineError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .file(let error): "\(error)"
    case .line(let line, let why): "\(OfflineRequests.answersName): line \(line): \(why)"
    case .repeated(let id): "\(OfflineRequests.answersName): a second reply to request \(id)"
    case .noHello(let why): "\(OfflineRequests.answersName): no answer to hello: \(why)"
    }
  }
}

/// The answers in a folder.
package struct OfflineAnswers {
  package let declaration: Declaration
  private let scratch: Scratch
  private let lines: [Int: [UInt8]]

  /// Reads the replies; files of answers are read when they are needed.
  package init(folder: String) throws(OfflineError) {
    let bytes: [UInt8]
    do throws(FileError) {
      scratch = try Scratch(existing: folder)
      bytes = try Files.contents(
        of: folder + "/" + OfflineRequests.answersName, byteLimit: OfflineRequests.answersLimit)
    } catch { throw .file(error) }
    var lines: [Int: [UInt8]] = [:]
    for (place, line) in bytes.split(separator: UInt8(ascii: "\n")).enumerated() {
      let value: JSONValue
      do {
        value = try StrictJSON.parse(
          Array(line), sizeLimit: ConversationProtocol.lineLimit, depthLimit: ConversationProtocol.depthLimit)
      } catch { throw .line(place + 1, why: error.description) }
      guard let id = value.objectValue?["id"]?.integerValue else { throw .line(place + 1, why: "no id") }
      if lines.updateValue(Array(line), forKey: id) != nil { throw .repeated(id: id) }
    }
    guard let hello = lines[0] else { throw .noHello(why: "no reply with id 0") }
    do throws(ReplyError) {
      guard case .ok(let object) = try ReplyLine(hello, to: 0) else { throw .outcomes([]) }
      declaration = try Declaration(object)
    } catch { throw .noHello(why: error.description) }
    self.lines = lines
  }

  /// The candidate as named in a report on vectors of a part.
  package func candidate(_ part: Part) -> CandidateRecord { CandidateRecord(declaration, part: part, command: []) }

  /// The reply to a request.
  package func reply(to id: Int, outputLimit: Int) -> Reply {
    guard let line = lines[id] else { return .failed(.notRun, detail: "no answer to request \(id)") }
    do throws(ReplyError) {
      switch try ReplyLine(line, to: id) {
      case .reject(let code): return .rejection(code: code)
      case .unsupported(let why, let issue): return .unsupported(why: why, issue: issue)
      case .ok: return tensors("\(id).output.safetensors", limit: outputLimit)
      }
    } catch { return .failed(.protocolError, detail: error.description) }
  }

  private func tensors(_ name: String, limit: Int) -> Reply {
    do throws(OutputError) {
      let bytes = try scratch.contents(name, limit: limit)
      do { return .tensors(try ArrayFile(decoding: bytes).arrays) } catch {
        return .failed(.invalidOutput, detail: "\(error)")
      }
    } catch { return .failed(.invalidOutput, detail: error.description) }
  }
}
