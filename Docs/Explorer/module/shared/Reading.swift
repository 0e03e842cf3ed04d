// A text read through the compressed cache while one watches, and every chunk recited from its memory (GEN, REC).

import LoMA
import LoMAReference
import NaiveLlama

/// What attention did, in the order of passes and layers: queries, keys and the weights [H, queries, keys].
struct AttentionRecord {
  nonisolated(unsafe) static var calls: [AttentionOutput] = []

  /// The same functions, which also note what they attend to.
  static func noting(_ functions: LayerFunctions) -> LayerFunctions {
    var noting = functions
    let attend = functions.attend
    noting.attend = { q, k, v, visible, heads, workers in
      let output = attend(q, k, v, visible, heads, workers)
      calls.append(output)
      return output
    }
    return noting
  }

  /// The calls noted since the last time.
  static func take() -> [AttentionOutput] {
    let taken = calls
    calls = []
    return taken
  }
}

/// Reads the text a chunk a pass and recites each of its chunks.
///
/// `rows`: zone, chunk, index, position and token of every row fed, in order. `steps`: what happened (0 read, 1 compress,
/// 2 drop), to which text token or chunk, and the rows cached afterwards. `calls`: queries, keys and the place of the
/// weights, for each pass and layer. `recitals`: of each chunk its tokens, their positions, the place of the logits, and
/// the calls. `next`: the token chosen after the text.
@_expose(wasm, "read")
@_cdecl("read")
public func read() -> Int32 {
  JSON.answer { json throws(Fault) in
    guard let loaded = LoadedModel.current else { throw .noModel }
    let question = try Question()
    let port = try Port(question, loaded)
    var generator = port.generator
    var rows: [Row] = []
    var events: [(kind: Int, argument: Int, cache: [Int])] = []
    AttentionRecord.calls = []
    try reference { () throws(ReferenceError) in
      try generator.feed(port.tokens, passLength: generator.parameters.chunkLength) { event in
        rows += event.fed
        let cache = event.cache.rows.map { cached in rows.lastIndex { $0.place == cached.place } ?? -1 }
        switch event.event {
        case .read(let last): events.append((0, last, cache))
        case .compress(let chunk): events.append((1, chunk, cache))
        case .drop(let chunk): events.append((2, chunk, cache))
        }
      }
    }
    json.list("rows") { list in for row in rows { list.integers(Place.fields(row) + [row.token]) } }
    json.list("steps") { list in
      for event in events {
        list.list { one in
          one.integer(event.kind)
          one.integer(event.argument)
          one.integers(event.cache)
        }
      }
    }
    json.list("calls") { $0.calls(AttentionRecord.take()) }
    json.integer("next", generator.lastLogits.map { generator.rules.choose(generator.vocabulary, $0) } ?? -1)
    try json.list("recitals") { list throws(Fault) in
      for chunk in 0..<generator.parameters.fullChunks(port.tokens.count) {
        let recited = try port.recite(chunk, generator)
        let calls = AttentionRecord.take().suffix(loaded.configuration.layers)
        let positions = recited.tokens.indices.map {
          generator.rules.position(.repetition(chunk: chunk, index: $0), generator.parameters, generator.profile)
        }
        list.list { one in
          one.integers(recited.tokens)
          one.integers(positions)
          one.numbers(recited.logits)
          one.list { $0.calls(Array(calls)) }
        }
      }
    }
  }
}

extension JSON {
  fileprivate mutating func calls(_ calls: [AttentionOutput]) {
    for call in calls {
      let shape = call.probabilities.shape
      list { one in
        one.integer(shape[1])
        one.integer(shape[2])
        one.numbers(call.probabilities.values)
      }
    }
  }
}
