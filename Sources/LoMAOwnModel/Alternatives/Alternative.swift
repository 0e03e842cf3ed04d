// OWN-4: what a wrong port might compute: another value of an axis, a mutant of the catalogue, or one of this room's mistakes.

import LoMA
import LoMAAnswers
import LoMAModels
import LoMAMutants
import LoMAReference
import LoMAVectors
import NaiveLlama

/// A named way to other numbers in a forward pass.
package struct OwnAlternative: Sendable {
  /// axis=value, the id of a mutant, or OM and two digits.
  package let id: String
  /// What the author of such a port would say.
  package let sentence: String
  /// The element types in which it is a mistake; in the others right ports do the same.
  let types: Set<ElementType>
  /// Changes the pass; false if it leaves this text's pass as it is, or cannot be computed row by row.
  let change: @Sendable (inout PassForm, OwnPlan, OwnText) -> Bool

  static let allTypes: Set<ElementType> = [.f32, .bf16, .f16]
}

extension OwnAlternative: Equatable {
  package static func == (left: OwnAlternative, right: OwnAlternative) -> Bool { left.id == right.id }
}

/// What a pass through the model computes with: rows, what they see, and the layer functions.
struct PassForm: Sendable {
  var rows: [Row]
  var profile: Profile
  var rules = LoMARules.spec
  var functions: LayerFunctions
  /// A change of the functions in the layer of a number, of so many.
  var inLayer: @Sendable (LayerFunctions, Int, Int) -> LayerFunctions = { functions, _, _ in functions }

  /// What each row sees; the layer functions may change it from layer to layer.
  var visible: VisibleKeys { rules.visible(rows, profile) }
}

extension PassForm {
  /// The right pass of a text.
  init(_ plan: OwnPlan, _ text: OwnText, workers: Workers) throws(OwnError) {
    do {
      rows = try Layout.training(
        text: text.tokens, vocabulary: plan.model.vocabulary, parameters: text.parameters, profile: plan.model.profile
      ).rows
    } catch { throw .checkpoint(.reference(.rejected(error))) }
    profile = plan.model.profile
    functions = .llama(workers: workers)
  }
}

extension OwnAlternative {
  /// The alternatives of a judgement, in a fixed order: axes first, then what the model's own parts ask for.
  static func all(_ naming: OwnNaming, profile: Profile) -> [OwnAlternative] {
    let usual = axes(beside: profile) + mutants(ofTheModel)
    return switch naming {
    case .none: []
    case .axes: usual
    case .all: usual + mutants(ofRows) + mutants(ofCells, changingCells: true) + mutants(["M230"], types: [.f32]) + own
    }
  }

  /// The asked profile with another value on one axis, wherever that changes a forward pass.
  private static func axes(beside profile: Profile) -> [OwnAlternative] {
    Axis.allCases.filter { $0 != .repetitionLabels }.flatMap { axis in
      axis.values.indices.compactMap { index -> OwnAlternative? in
        let other = profile.choosing(axis, valueAt: index).canonical
        guard other != profile.canonical else { return nil }
        let value = axis.values[index]
        return OwnAlternative(
          id: "\(axis.rawValue)=\(value)", sentence: "I took \(value) for \(axis.rawValue)", types: allTypes
        ) { form, plan, text in
          guard
            let layout = try? Layout.training(
              text: text.tokens, vocabulary: plan.model.vocabulary, parameters: text.parameters, profile: other)
          else { return false }
          (form.rows, form.profile) = (layout.rows, other)
          return true
        }
      }
    }
  }

  /// Mutants of the catalogue that change a forward pass and leave its rows in place.
  private static func mutants(
    _ ids: [String], types: Set<ElementType> = allTypes, changingCells: Bool = false
  ) -> [OwnAlternative] {
    ids.compactMap { id in Mutant.named(id).map { mutant($0, types: types, changingCells: changingCells) } }
  }

  /// What this very model asks for: its ids, base, head map, scaling of the rotation, biases and norms of heads. What it has
  /// not changes nothing and is left out.
  private static let ofTheModel = [
    "M012", "M096", "M103", "M300", "M301", "M302", "M303", "M304", "M305", "M306", "M307", "M310", "M314", "M315",
    "M320", "M321", "M322", "M323", "M324", "M325", "M326",
  ]

  private static let ofRows = [
    "M021", "M024", "M025", "M026", "M027", "M028", "M032", "M072", "M078", "M079", "M091", "M098", "M099", "M105",
    "M210", "M216", "M219", "M223",
  ]

  /// Cells of the mask between two zones, but those that are a value of an axis (M054, M055, M064, M066, M067).
  private static let ofCells = [
    "M040", "M041", "M042", "M043", "M044", "M045", "M046", "M047", "M048", "M049", "M050", "M051", "M052", "M053",
    "M056", "M057", "M058", "M059", "M060", "M061", "M062", "M063", "M065", "M068", "M069", "M075",
  ]

  /// Whether a model can show it at all, before any pass: mutants that do what the model asks for change nothing.
  func concerns(_ configuration: Configuration) -> Bool {
    let heads = configuration.heads
    switch id {
    case "M096": return configuration.rotation.theta != 10_000
    case "M103": return (0..<heads.query).contains { heads.keyValueHead(ofQuery: $0) != $0 % heads.keyValue }
    default: return true
    }
  }

  /// A mutant as the change that it makes to the answers to a forward request.
  private static func mutant(_ mutant: Mutant, types: Set<ElementType>, changingCells: Bool) -> OwnAlternative {
    OwnAlternative(id: mutant.id, sentence: mutant.sentence, types: types) { form, plan, text in
      let ids = plan.model.vocabulary
      guard let tokens = try? NamedArray("tokens", .i64, shape: [text.tokens.count], integers: text.tokens),
        let lengths = try? NamedArray("lengths", .i64, shape: [1], integers: [text.tokens.count]),
        let input = try? ArrayFile([tokens, lengths], metadata: [:])
      else { return false }
      let path = "own"
      let request = Request(
        .forward, axes: Dictionary(uniqueKeysWithValues: form.profile.differences.map { ($0.axis.rawValue, $0.value) }),
        parameters: [
          "c": .integer(text.parameters.c), "t": .integer(text.parameters.t), "text_vocabulary": .integer(ids.textSize),
          "memory_token": .integer(ids.memoryToken), "repetition_token": .integer(ids.repetitionToken),
          "model_vocabulary": .integer(ids.modelSize),
        ], model: path, input: input, captures: [])
      // No parameter is needed: a mutant that changes parameters is not in the list.
      var answers = ReferenceAnswers(
        models: [path: Model(configuration: plan.model.checkpoint.configuration, parameters: ParameterSet([:]))],
        workers: form.functions.workers)
      answers.functions = form.functions
      answers.type = types == allTypes ? .f64 : .f32
      guard let (changed, asked) = mutant.deviation.apply(answers, request),
        let profile = try? asked.profile(), let rows = try? asked.batch(.training, rows: changed.rows).texts.first,
        rows.count == form.rows.count
      else { return false }
      let before = form.visible
      (form.rows, form.profile, form.rules, form.functions) = (rows, profile, changed.rules, changed.functions)
      return !changingCells || form.visible != before
    }
  }
}
