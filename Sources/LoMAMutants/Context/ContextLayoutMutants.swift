// CCM-1, CCM-5: segments that are not those of the text.

import LoMAAnswers
import LoMAPeers
import LoMAPeersReference
import LoMAVectors

extension Mutant {
  static var contextLayouts: [Mutant] {
    [
      context(
        "C40", .layout, "I compressed the input of a text without contexts, as if it were one", on: onTexts,
        where: { _ in true }
      ) { answers, request in request.withInputsAsContexts.map { (answers, $0) } }
    ]
  }

  private static let onTexts: Set<PeerOperation> = Set<PeerOperation>.contextModels.union([
    .ccmLayout, .ccmMask, .ccmSchedule, .ccmCost,
  ])
}

extension Request {
  /// The request with every text of one segment cut in two, so that all of its input but the last token is a context;
  /// nil if no text is, or if its rows are given.
  fileprivate var withInputsAsContexts: Request? {
    guard let lengths = try? integers("lengths"), let segments = try? integers("segments"),
      input["embeddings"] == nil, segments.reduce(0, +) == lengths.count, segments.allSatisfy({ $0 > 0 })
    else { return nil }
    let outputs = (try? integers("output_lengths")) ?? segments.map { _ in 0 }
    guard outputs.count == segments.count else { return nil }
    var (newLengths, newSegments, rest): ([Int], [Int], ArraySlice<Int>) = ([], [], lengths[...])
    for (count, output) in zip(segments, outputs) {
      let own = rest.prefix(count)
      rest = rest.dropFirst(count)
      let context = count == 1 ? own[own.startIndex] - output - 1 : 0
      newLengths += context > 0 ? [context, output + 1] : Array(own)
      newSegments.append(context > 0 ? 2 : count)
    }
    guard newSegments != segments,
      let lengthArray = try? NamedArray("lengths", .i64, shape: [newLengths.count], integers: newLengths),
      let segmentArray = try? NamedArray("segments", .i64, shape: [newSegments.count], integers: newSegments)
    else { return nil }
    let arrays = input.arrays.map { array in
      switch array.name {
      case "lengths": lengthArray
      case "segments": segmentArray
      default: array
      }
    }
    guard let file = try? ArrayFile(arrays, metadata: [:]) else { return nil }
    return Request(operation, axes: axes, parameters: parameters, model: model, input: file, captures: captures)
  }
}
