// The runner's protocol from a candidate's side: one line in, one line out, tensors in files of the working directory.

import LoMA
import LoMAModels
import LoMAReference
import LoMAVectors

/// A candidate's conversation with a runner.
package struct CandidateSession {
  /// The most bytes of an input file.
  static let inputLimit = 1 << 28

  private var candidate: ReferenceCandidate
  private let folder: String
  /// The part whose operations it declares; it answers those of every part.
  private let part: Part
  /// The last request and its result, kept because a case is asked in one type after the other.
  private var last: (request: Request, computed: Result<[ResultTensor], RequestError>)?

  /// A candidate whose relative paths begin at `folder`.
  package init(_ candidate: ReferenceCandidate, folder: String, declaring part: Part = .loma) {
    self.part = part
    self.candidate = candidate
    self.folder = folder
  }

  /// The reference; it reads a model when the first question names it.
  package init(folder: String, declaring part: Part = .loma) {
    self.init(ReferenceCandidate(models: [:]), folder: folder, declaring: part)
  }

  /// A port of the reference, with a deviation or without, that declares the given element types; nil if a word is not
  /// a type's or two are the same.
  package init?(folder: String, deviation: Deviation?, types words: [String], declaring part: Part = .loma) {
    let types = words.compactMap { word in
      [ElementType.f64, .f32, .bf16, .f16].first { $0.word == word }
    }
    guard types.count == words.count, Set(types).count == types.count else { return nil }
    self.init(ReferenceCandidate(port: deviation, types: types, models: [:]), folder: folder, declaring: part)
  }

  /// The reply to a line, without a line feed; nil for the command to stop.
  ///
  /// A line that cannot be read gets the reply `unsupported` with the reason, under id −1 if it has no readable id.
  package mutating func reply(to line: String) -> String? {
    let message: CandidateMessage
    do { message = try CandidateMessage(line: line) } catch {
      return Self.reply(error.id ?? -1, .unsupported(why: error.why))
    }
    switch message {
    case .hello(let id, let protocols):
      guard protocols.contains(1) else {
        return Self.reply(id, .unsupported(why: "the protocols \(protocols) do not hold 1"))
      }
      return hello(id)
    case .run(let id, let run):
      do { return Self.reply(id, try answer(run)) } catch {
        return Self.reply(id, .unsupported(why: error.why))
      }
    case .stop: return nil
    }
  }

  private func hello(_ id: Int) -> String {
    func list(_ words: [String]) -> String { "[" + words.map(Self.quoted).joined(separator: ",") + "]" }
    return #"{"loma":1,"id":\#(id),"ok":{"protocol":1,"name":\#(Self.quoted(candidate.name)),"#
      + #""version":\#(Self.quoted(Versions.suite(of: part))),"ops":\#(list(Operation.all(of: part).map { $0.rawValue })),"#
      + #""dtypes":\#(list(candidate.types.map { $0.word })),"profiles":"any","families":\#(list(part == .loma ? CaseFamily.words : [])),"captures":true}}"#
  }

  /// Answers a question and writes the answer's tensors.
  private mutating func answer(_ run: RunMessage) throws(FieldError) -> CandidateResponse {
    guard let type = candidate.type(run.dtype) else {
      throw FieldError(why: "no dtype of this candidate is called \(escaped(run.dtype))")
    }
    let input = try run.input.map { (path) throws(FieldError) in try arrays(path) } ?? []
    let request = try Request(
      op: run.op, profile: run.profile, parameters: run.parameters, model: run.model, input: input,
      captures: run.captures)
    if let model = run.model { try load(model, for: request.operation.method) }
    if candidate.computesByType || last?.request != request {
      last = (request, candidate.computed(request, in: type))
    }
    guard let computed = last?.computed else { throw FieldError(why: "nothing was computed") }
    let response = candidate.response(computed, in: type)
    if case .tensors(let arrays) = response { try write(arrays, to: run.output) }
    return response
  }

  private func arrays(_ path: String) throws(FieldError) -> [NamedArray] {
    do {
      return try ArrayFile(contentsOf: folder + "/" + path, byteLimit: Self.inputLimit).arrays
    } catch { throw FieldError(why: "input \(escaped(path)): \(error)") }
  }

  private func write(_ arrays: [NamedArray], to path: String) throws(FieldError) {
    do {
      try Files.createBriefly(folder + "/" + path, with: try ArrayFile(arrays, metadata: [:]).encoded())
    } catch { throw FieldError(why: "output \(escaped(path)): \(error)") }
  }

  /// Reads a model unless it is known, with what a method of part II has in its directory; if it is refused, keeps the
  /// reason, which is the answer to questions about it (MOD-1).
  private mutating func load(_ path: String, for method: PeerMethod?) throws(FieldError) {
    let parts = path.split(separator: "/")
    guard parts.count == 2, parts[0] == "models" else {
      throw FieldError(why: "model \(escaped(path)) is not models/NAME")
    }
    if method == .latent {
      do { return try candidate.answers.readLatent(path, below: folder) } catch {
        throw FieldError(why: "model \(escaped(path)): \(error)")
      }
    }
    do {
      if candidate.answers.models[path] == nil, candidate.answers.refusals[path] == nil {
        candidate.answers.models[path] = try Checkpoint(directory: folder + "/" + path).inMemory()
      }
    } catch {
      guard let refusal = error.refusal, refusal.rejectionCode != nil else {
        throw FieldError(why: "model \(escaped(path)): \(error)")
      }
      candidate.answers.refusals[path] = refusal
    }
    // Part II is defined on plain Llamas.
    if method != nil, let model = candidate.answers.models[path] {
      do { try model.configuration.checkPlain() } catch {
        candidate.answers.models[path] = nil
        candidate.answers.refusals[path] = .model(error)
      }
    }
    if method == .context { candidate.answers.readAdapter(of: path, below: folder) }
  }

  private static func reply(_ id: Int, _ response: CandidateResponse) -> String {
    let what =
      switch response {
      case .tensors: #""ok":{}"#
      case .rejection(let code): #""reject":{"code":\#(quoted(code))}"#
      case .unsupported(let why): #""unsupported":{"why":\#(quoted(why))}"#
      }
    return #"{"loma":1,"id":\#(id),\#(what)}"#
  }

  private static func quoted(_ text: String) -> String { JSONValue.string(text).text() }
}
