// POS: rows with wrong positions.

import LoMA
import LoMAReference
import LoMAVectors
import NaiveLlama

extension Mutant {
  /// Other positions, in training and in generation; `right` is the position of the Spec.
  private static func moved(
    _ id: String, _ sentence: String, on operations: Set<Operation> = Set.texts.union(Set.caches),
    _ wrong: @escaping @Sendable (_ place: Place, _ parameters: Parameters, _ profile: Profile, _ right: Int) -> Int
  ) -> Mutant {
    .answers(id, .positions, sentence, on: operations) { answers, _ in
      let (rows, position) = (answers.rows, answers.rules.position)
      answers.rows = { (kind, text, vocabulary, parameters, profile) throws(InputError) in
        try rows(kind, text, vocabulary, parameters, profile).map {
          $0.with(position: wrong($0.place, parameters, profile, $0.position))
        }
      }
      answers.rules.position = { wrong($0, $1, $2, position($0, $1, $2)) }
    }
  }

  static var positions: [Mutant] { moves + angles + lengths }

  private static var moves: [Mutant] {
    [
      moved("M020", "I put memory rows at the start of their spans") { place, parameters, _, right in
        place.zone == .memory ? right - (parameters.c - 1) : right
      },
      moved("M021", "I put memory rows one behind the end of their spans") { place, _, _, right in
        place.zone == .memory ? right + 1 : right
      },
      moved("M022", "I numbered all rows one after the other") { place, parameters, profile, _ in
        var sequential = profile
        sequential.numbering = .sequential
        return Positions(parameters: parameters, profile: sequential)[place]
      },
      moved("M023", "I went on counting from the compressed length after each chunk") { place, parameters, _, right in
        let (t, length) = (parameters.t, parameters.chunkLength)
        switch place {
        case .reading(let chunk, let index): return chunk * t + index
        case .memory(let chunk, let index): return chunk * t + length + index
        case .repetition(let chunk, let index): return chunk * t + length + t + index
        case .pad: return right
        }
      },
      moved("M024", "I numbered repetition rows on behind their chunk") { place, parameters, _, right in
        place.zone == .repetition ? right + parameters.chunkLength : right
      },
      moved("M025", "I numbered memory rows backwards") { place, parameters, profile, right in
        guard case .memory(let chunk, let index) = place else { return right }
        let mirrored = Place.memory(chunk: chunk, index: parameters.t - 1 - index)
        return Positions(parameters: parameters, profile: profile)[mirrored]
      },
      moved("M026", "I started every chunk at position 0") { place, parameters, profile, right in
        let start = place.chunk.map { Place.reading(chunk: $0, index: 0) }
        return start.map { right - Positions(parameters: parameters, profile: profile)[$0] } ?? right
      },
      moved("M027", "I did not rotate memory rows", on: .models) { place, _, _, right in
        place.zone == .memory ? 0 : right
      },
      moved("M028", "I did not rotate repetition rows", on: .models) { place, _, _, right in
        place.zone == .repetition ? 0 : right
      },
    ]
  }

  private static var lengths: [Mutant] {
    [
      answers(
        "M031", .positions, "I took the length of the cache for the position of a generated token", on: [.generate]
      ) { answers, request in
        guard let prompt = (try? request.texts())?.first?.count else { return }
        let right = answers.rules.position
        answers.rules.position = { place, parameters, profile in
          guard case .reading(let chunk, let index) = place, chunk * parameters.chunkLength + index >= prompt else {
            return right(place, parameters, profile)
          }
          return chunk * parameters.t + index
        }
      },
      answers("M032", .positions, "I started the positions of the tail at 0", on: Set.texts.union(Set.caches)) {
        answers, request in
        let (rows, position) = (answers.rows, answers.rules.position)
        @Sendable func wrong(_ place: Place, _ right: Int, length: Int, _ parameters: Parameters, _ profile: Profile)
          -> Int
        {
          guard case .reading(let chunk, let index) = place, profile.numbering == .text else { return right }
          return chunk == parameters.fullChunks(length) ? index : right
        }
        answers.rows = { (kind, text, vocabulary, parameters, profile) throws(InputError) in
          try rows(kind, text, vocabulary, parameters, profile).map { row in
            row.with(position: wrong(row.place, row.position, length: text.count, parameters, profile))
          }
        }
        let generated = request.parameters["generate"].flatMap {
          if case .integer(let count) = $0 { count } else { nil }
        }
        let fed = ((try? request.texts())?.first?.count ?? 0) + max((generated ?? 0) - 1, 0)
        answers.rules.position = { wrong($0, position($0, $1, $2), length: fed, $1, $2) }
      },
      moved("M033", "I went on counting text from the compressed length, and special rows from the text's own") {
        place, parameters, profile, right in
        guard case .reading(let chunk, let index) = place, profile.numbering == .text else { return right }
        return chunk * parameters.t + index
      },
    ]
  }

  private static func turned(
    _ id: String, _ sentence: String, _ wrong: @escaping @Sendable ([Int], Rotation) -> RotaryAngles
  ) -> Mutant {
    .functions(id, .positions, sentence, on: Set.models.union([.rope, .decoderLayer])) { $0.angles = wrong }
  }

  private static var angles: [Mutant] {
    [
      turned("M029", "I started positions at 1, which attention itself cannot see") {
        RotaryAngles(positions: $0.map { $0 + 1 }, rotation: $1)
      },
      turned("M030", "I took the row's index in the pass for its position") {
        RotaryAngles(positions: Array($0.indices), rotation: $1)
      },
    ]
  }
}
