// One thing done otherwise than the Spec says, as a change of the reference's answers or of the request.

import LoMA
import LoMAReference
import LoMAVectors

/// A single mistake that some case must notice.
public struct Change: Sendable {
  /// What it is about.
  public enum Subject: String, CaseIterable, Sendable {
    /// A number or word of the model's or the method's configuration.
    case hyperparameter = "Hyperparameters"
    /// An alternative on an axis of the profile.
    case axis = "Profile axes"
    /// One kind of cell of the mask.
    case mask = "Kinds of mask cells"
  }

  /// A short name.
  public let id: String
  /// What it is about.
  public let subject: Subject
  /// What is done wrong.
  public let sentence: String
  /// The answers and the request of someone who makes the mistake; none where a request leaves no room for it.
  public let apply: @Sendable (ReferenceAnswers, Request) -> (ReferenceAnswers, Request)?

  /// Other layer functions.
  static func functions(
    _ id: String, _ subject: Subject, _ sentence: String, _ change: @escaping @Sendable (inout LayerFunctions) -> Void
  ) -> Change {
    Change(id: id, subject: subject, sentence: sentence) { answers, request in
      var answers = answers
      change(&answers.functions)
      return (answers, request)
    }
  }

  /// Other parameters of the request.
  static func parameters(
    _ id: String, _ sentence: String,
    _ change: @escaping @Sendable ([String: RequestParameter]) -> [String: RequestParameter]?
  ) -> Change {
    Change(id: id, subject: .hyperparameter, sentence: sentence) { answers, request in
      change(request.parameters).map { changed in
        (
          answers,
          Request(
            request.operation, axes: request.axes, parameters: changed, model: request.model, input: request.input,
            captures: request.captures)
        )
      }
    }
  }
}

extension Change {
  /// Every change of the table.
  public static var all: [Change] { hyperparameters + axes + maskCells }

  /// Base requests answered under each alternative.
  static var axes: [Change] {
    Profile.singleAlternatives.filter { $0 != .base }.map { profile in
      Change(id: profile.name, subject: .axis, sentence: "`base` is read as `\(profile.name)`") { answers, request in
        guard request.axes.isEmpty, request.parameters["c"] != nil else { return nil }
        return (
          answers,
          Request(
            request.operation, axes: profile.axes, parameters: request.parameters, model: request.model,
            input: request.input, captures: request.captures)
        )
      }
    }
  }
}
