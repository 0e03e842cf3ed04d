// Filters that select cases, and the ids nearest to a mistyped one.

import LoMA
import LoMACatalogue
import LoMAPeers
import LoMAPeersCatalogue
import LoMAVectors

/// Conditions on a case; all that are given must hold.
package struct CaseFilter: Sendable {
  /// The part that it belongs to.
  package let part: Part
  package var level: Level?
  package var operation: Operation?
  /// Axis values that it must have, whatever its other axes; `base` selects cases without any.
  package var profile: Profile?
  /// The same for a case of each method of part II, as the axes that differ from base; none for a method whose profile
  /// is not asked for.
  private var peerAxes: [PeerMethod: [String: String]]?
  /// The model's name, or its path below Vectors.
  package var model: String?
  /// A clause that it cites.
  package var clause: String?
  /// A pattern that its id matches: `*` matches any text, `?` one character.
  package var id: String?

  /// The filter that passes every case of a part.
  package init(_ part: Part = .loma) { self.part = part }

  /// Sets the profile from `base` or axis=value pairs joined by commas; throws `InputError`, or `PeerError` in part II,
  /// if it is malformed.
  package mutating func choose(profile name: String) throws {
    switch part {
    case .loma: profile = try Profile(name: name)
    case .peers:
      // A profile of any method is taken; what is none of them is refused in the words of the first.
      let context = Result { () throws(PeerError) in try ContextProfile(name: name).axes }
      let latent = Result { () throws(PeerError) in try LatentProfile(name: name).axes }
      let baseline = Result { () throws(PeerError) in try Baseline(name: name).axes }
      if case .failure(let error) = context, case .failure = latent, case .failure = baseline { throw error }
      peerAxes = [:]
      peerAxes?[.context] = try? context.get()
      peerAxes?[.latent] = try? latent.get()
      peerAxes?[.cache] = try? baseline.get()
    }
  }

  /// Sets the model from its name or path; false if the part has no such model.
  package mutating func choose(model name: String) -> Bool {
    model = name
    return Catalogue.modelNames(of: part).contains { name == $0 || name == "models/" + $0 }
  }

  /// The cases of the part that pass the filter, in the catalogue's order.
  package var cases: [Case] { Catalogue.cases(of: part).filter { passes($0) } }

  /// Whether a case meets every condition.
  package func passes(_ item: Case) -> Bool {
    if let level, item.level != level { return false }
    if let operation, item.request.operation != operation { return false }
    if let profile, !profile.isAskedFor(in: item.request.axes) { return false }
    if let peerAxes {
      let axes = item.request.axes
      guard let asked = item.request.operation.method.flatMap({ peerAxes[$0] }),
        asked.isEmpty ? axes.isEmpty : asked.allSatisfy({ axes[$0.key] == $0.value })
      else { return false }
    }
    if let model, item.request.model != model, item.request.model != "models/" + model { return false }
    if let clause, !item.shownClauses.contains(clause) { return false }
    if let id, !Glob(id).matches(item.id) { return false }
    return true
  }
}

extension Catalogue {
  /// The case with an id, from the catalogue of either part or a fresh one; nil if there is none.
  package static func item(_ id: String) -> Case? {
    cases.first { $0.id == id } ?? PeerCatalogue.item(id) ?? FreshCases.item(id)
  }

  /// Every recorded case of a part.
  package static func cases(of part: Part) -> [Case] {
    switch part {
    case .loma: cases
    case .peers: PeerCatalogue.cases
    }
  }

  /// The models of a part that answer, those drawn from seeds first.
  package static func modelNames(of part: Part) -> [String] {
    switch part {
    case .loma: CaseModel.all.map(\.name) + TrainedModel.all.map(\.name)
    case .peers: PeerCatalogue.modelNames
    }
  }

  /// The ids of either part that a mistyped one may have meant, likeliest first: those that contain it, then by edit
  /// distance.
  package static func ids(nearest text: String, count: Int) -> [String] {
    let wanted = Array(text.utf8.prefix(200))
    let pattern = Glob([UInt8(ascii: "*")] + wanted + [UInt8(ascii: "*")])
    let ranked = Part.allCases.flatMap { cases(of: $0).map(\.id) }.enumerated().map { place, id in
      let contains = !wanted.isEmpty && pattern.matches(id)
      return (id: id, contains ? 0 : 1, EditDistance.between(Array(id.utf8), wanted), place)
    }
    return ranked.sorted { ($0.1, $0.2, $0.3) < ($1.1, $1.2, $1.3) }.prefix(count).map(\.id)
  }
}
