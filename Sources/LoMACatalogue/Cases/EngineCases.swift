// Suite 1.1: sizes and shapes at which engines fail: batches that begin with a short text, many chunks, long chunks,
// rows beyond the tiles of a kernel, positions beyond a table, sums too long for a narrow type.

import LoMA
import LoMAAnswers
import LoMAReference
import LoMAVectors

/// Cases of chapters 4, 6, 7 and 8 at more than toy sizes.
enum EngineCases {
  /// The cases with numbers and recorded answers.
  static var numeric: [Case] { batches + manyChunks + tiles + far + close + wide }
  static var all: [Case] { structure + numeric + properties }

  static func numbers(
    _ what: String, _ level: Level, hunts: String, clauses: [String], _ request: Request
  ) -> Case {
    .tensors(
      "\(level.rawValue).\(request.operation.rawValue).\(what)", level, since: Versions.second, hunts: hunts,
      clauses: clauses, request)
  }

  private static var structure: [Case] {
    func texts(_ operation: Operation, _ what: String, c: Int, t: Int, _ lengths: [Int], _ hunts: String) -> Case {
      .tensors(
        "structure.\(operation.rawValue).\(what)", .structure, since: Versions.second, hunts: hunts,
        clauses: operation == .mask ? (1...10).map { "MSK-\($0)" } : ["LAY-1", "LAY-2", "LAY-4", "POS-1", "POS-2"],
        Request(
          operation, axes: [:],
          parameters: CaseVocabulary.small.parameters.adding([
            "c": .integer(c), "t": .integer(t), "layout": .word("training"),
          ]), model: nil,
          input: CaseInputs.file(CaseInputs.batch(CaseInputs.texts(lengths, below: 11, seed: 190))), captures: []))
    }
    return [
      texts(.layout, "c16-t4-n200", c: 16, t: 4, [200], "chunks of 64 tokens cut at another length"),
      texts(.mask, "c16-t2-n66", c: 16, t: 2, [66], "a mask that is right in its first tile only"),
      texts(.layout, "c1-t1-n40", c: 1, t: 1, [40], "a chunk's number kept in too few bits, or counted anew"),
      texts(.mask, "c1-t1-n20", c: 1, t: 1, [20], "a mask wrong from the ninth chunk on"),
      .tensors(
        "structure.schedule.c1-t1-n40", .structure, since: Versions.second, hunts: "a compression forgotten among many",
        clauses: ["GEN-2", "GEN-3", "GEN-6"],
        Request(
          .schedule, axes: [:],
          parameters: [
            "c": .integer(1), "t": .integer(1), "prompt_length": .integer(40), "generate": .integer(0),
          ], model: nil, input: CaseInputs.file([]), captures: [])),
    ]
  }

  /// Captured if a wrong answer could hide in the logits of a narrow type: the rows after the first attention.
  private static let middle = ["layers.0.middle"]

  /// Batches that begin with a short text; those of suite 1.0 begin with their longest.
  private static var batches: [Case] {
    let (one, other) = ([1, 13, 4], [4, 13, 0])
    func texts(_ lengths: [Int]) -> [[Int]] { CaseInputs.texts(lengths, below: 11, seed: 191) }
    let hunts = "the first text's mask or positions taken for the whole batch"
    return [
      numbers(
        "gqa.short-first", .model, hunts: hunts, clauses: ["LAY-6", "MSK-11"],
        ModelCases.request(.forward, .gqa, c: 2, t: 2, texts(one), .base)),
      numbers(
        "mha.short-first-middle", .model, hunts: hunts, clauses: ["LAY-6", "MSK-11", "MOD-7"],
        ModelCases.request(.forward, .mha, c: 4, t: 2, texts([1, 9]), .base, captures: middle)),
      numbers(
        "gqa.short-first-middle", .model, hunts: hunts, clauses: ["LAY-6", "MSK-11", "MOD-7"],
        ModelCases.request(.forward, .gqa, c: 2, t: 1, texts([2, 16]), .base, captures: middle)),
      numbers(
        "mqa-tied.whole-chunks-only", .model, hunts: "the rows of a batch counted with its pads",
        clauses: ["LOS-4", "MSK-11"], ModelCases.request(.loss, .mqa, c: 2, t: 2, texts([3, 3, 3, 4]), .base)),
      numbers(
        "mqa-tied.short-first", .model, hunts: hunts, clauses: ["LAY-6", "MSK-11"],
        ModelCases.request(.forward, .mqa, c: 2, t: 2, texts(other), .base)),
      numbers(
        "gqa.short-first", .model, hunts: hunts, clauses: ["LOS-4", "MSK-11"],
        ModelCases.request(.loss, .gqa, c: 2, t: 2, texts(one), .base)),
      numbers(
        "gqa.short-first", .training, hunts: hunts, clauses: ["LOS-4", "MSK-11"],
        ModelCases.request(.gradients, .gqa, c: 2, t: 2, texts(one), .base)),
    ]
  }

  private static var properties: [Case] {
    [(CaseModel.mha, [4, 13, 0, 7]), (.mqa, [0, 7, 13, 4])].map { model, lengths in
      Case(
        id: "property.batch.\(model.name)-short-first", since: Versions.second, level: .property,
        hunts: "the first text's mask or positions taken for the whole batch", clauses: ["MSK-11"],
        request: ModelCases.request(
          .forward, model, c: 2, t: 2, CaseInputs.texts(lengths, below: 11, seed: 192), .base),
        expectation: .property(.batch), dtypes: NumberType.words)
    }
  }

  /// Chunks of one token: every token is followed by a compression.
  private static var manyChunks: [Case] {
    let text = CaseInputs.text(64, below: 11, seed: 193)
    return [
      numbers(
        "gqa.c1-t1-n64", .model, hunts: "a mask wrong from the ninth chunk on", clauses: ["MSK-2", "MSK-5", "MSK-8"],
        ModelCases.request(.forward, .gqa, c: 1, t: 1, [text], .base, captures: middle)),
      numbers(
        "gqa.c1-t1-prompt32", .generation, hunts: "positions or chunks counted anew after some compressions",
        clauses: ["GEN-3", "GEN-6", "GEN-7", "POS-4"],
        ModelCases.request(
          .generate, .gqa, c: 1, t: 1, [Array(text.prefix(32))], .base, parameters: ["generate": .integer(2)])),
      numbers(
        "gqa.empty", .generation, hunts: "a compression of nothing, or a crash without a row",
        clauses: ["GEN-5", "PAR-4"],
        ModelCases.request(.generate, .gqa, c: 2, t: 2, [[]], .base, parameters: ["generate": .integer(0)])),
      numbers(
        "gqa.forced-c2-t1", .generation,
        hunts: "a token that is chosen behind a compression and fed, whatever is forced",
        clauses: ["GEN-3", "GEN-4", "OPS-5"],
        ModelCases.request(
          .generate, .gqa, c: 2, t: 1, [Array(text.prefix(2))], .base,
          more: [CaseInputs.integers("forced", CaseInputs.text(9, below: 11, seed: 198))],
          parameters: ["generate": .integer(9)])),
      numbers(
        "gqa.before", .generation, hunts: "repetition rows that stay in the cache", clauses: ["REC-1"],
        ModelCases.request(
          .reconstruct, .gqa, c: 2, t: 2, [CaseInputs.text(13, below: 11, seed: 194)], .base,
          more: [CaseInputs.integers("before", [2, 0, 1])], parameters: ["chunk": .integer(1)])),
    ]
  }

  /// L = 64: rows 128 and 256 are repetition rows and begin tiles of 16 to 128 rows; in the last tile, the tail's rows
  /// see memory rows that the tile's first row does not.
  private static var tiles: [Case] {
    let text = CaseInputs.text(130, below: 11, seed: 195)
    return [
      numbers(
        "shallow.c16-t4-n130", .model, hunts: "a tile of keys skipped for what one row of the queries sees",
        clauses: ["MSK-1", "MSK-2", "MSK-4", "MSK-7", "MSK-8", "MSK-9"],
        ModelCases.request(.forward, .shallow, c: 16, t: 4, [text], .base, captures: middle)),
      numbers(
        "gqa.c16-t2-prompt70", .generation, hunts: "memory that sees the first tokens of its chunk only",
        clauses: ["GEN-3", "GEN-7", "MSK-4"],
        ModelCases.request(
          .generate, .gqa, c: 16, t: 2, [Array(text.prefix(70))], .base, parameters: ["generate": .integer(3)])),
    ]
  }

  /// Positions 2,048 to 2,111: in chunk 32 of 33, whose answer is small however long the text; and in a chunk that
  /// never fills, in which every row sees all rows before it and there are only two kinds of keys.
  private static var far: [Case] {
    let text = CaseInputs.text(2112, below: 11, seed: 197)
    return [
      numbers(
        "gqa.c16-t4-chunk32", .generation, hunts: "positions that end at 2,047, or a table of angles that does",
        clauses: ["REC-1", "REC-3", "POS-3", "POS-4"],
        ModelCases.request(.reconstruct, .gqa, c: 16, t: 4, [text], .base, parameters: ["chunk": .integer(32)])),
      numbers(
        "tiny.tail-n2112", .generation,
        hunts: "positions that end at 2,047 or are kept in a narrow type, as may be sums over two thousand like keys",
        clauses: ["GEN-1", "GEN-2", "GEN-7", "POS-1"],
        ModelCases.request(
          .generate, .tiny, c: 1024, t: 4, [CaseInputs.text(2112, below: 2, seed: 199)], .base,
          parameters: ["generate": .integer(0)])),
    ]
  }

  /// Choices that change if the scores are cast to F32.
  private static var close: [Case] {
    [
      numbers(
        "close.c2-t2", .generation, hunts: "a greedy choice on scores that were cast to F32", clauses: ["GEN-5"],
        ModelCases.request(
          .generate, .close, c: 2, t: 2, [CaseInputs.text(5, below: 11, seed: 189)], .base,
          parameters: ["generate": .integer(6)]))
    ].compactMap { $0.asked(in: ["f64"]) }
  }

  /// Sums of thousands of terms, of which only the last roundings may show (TOL-2).
  private static var wide: [Case] {
    func stage(_ operation: Operation, _ parameters: [String: RequestParameter], _ arrays: [NamedArray]) -> Request {
      Request(operation, axes: [:], parameters: parameters, model: nil, input: CaseInputs.file(arrays), captures: [])
    }
    // With equal terms a sum in a narrow type stops growing long before its end; with random terms this hardly shows.
    func alike(_ width: Int) -> Case {
      func same(_ name: String, _ shape: [Int], _ value: Double) -> NamedArray {
        CaseInputs.numbers(name, shape: shape, [Double](repeating: value, count: width))
      }
      return numbers(
        "alike-width\(width)", .stage, hunts: "a product summed in a narrow type", clauses: ["MOD-5"],
        stage(
          .feedForward, [:],
          [
            same("x", [1, width], 1), same("gate", [1, width], 0x1p-12),
            same("up", [1, width], 0x1p-12), same("down", [width, 1], 1),
          ]))
    }
    func crossEntropy(_ what: String, _ width: Int, deviation: Double, rows: Int, _ hunts: String) -> Case {
      numbers(
        what, .stage, hunts: hunts, clauses: ["LOS-5"],
        stage(
          .crossEntropy, [:],
          [
            CaseInputs.normal("logits", shape: [rows, width], deviation: deviation, mean: 0, seed: 1010),
            CaseInputs.integers("labels", CaseInputs.text(rows, below: width, seed: 1011)),
          ]))
    }
    return [
      numbers(
        "width4096", .stage, hunts: "a mean square summed in a narrow type", clauses: ["MOD-2"],
        stage(
          .rmsNorm, ["epsilon": .real(0x1p-14)],
          [
            CaseInputs.normal("x", shape: [1, 4096], deviation: 1, mean: 0, seed: 1000),
            CaseInputs.normal("gain", shape: [4096], deviation: 0.25, mean: 1, seed: 1001),
          ])),
      alike(2560),
      crossEntropy("flat-width8192", 8192, deviation: 0.25, rows: 1, "powers summed in a narrow type"),
      crossEntropy("beyond100", 16, deviation: 96, rows: 6, "powers of scores without their maximum subtracted"),
      crossEntropy("beyond709", 16, deviation: 640, rows: 6, "powers of scores without their maximum subtracted"),
      numbers(
        "beyond709", .stage, hunts: "powers of scores without their maximum subtracted", clauses: ["MOD-4", "NUM-1"],
        StageRequests.attention(
          heads: 1, keyValueHeads: 1, d: 4, c: 2, t: 1, n: 5, profile: .base, deviation: 40, seed: 1040)),
    ]
  }
}
