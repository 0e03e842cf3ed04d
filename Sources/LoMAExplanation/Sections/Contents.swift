// The sections that are LoMA's own, by name.

import LoMA

extension Explanation {
  /// A section besides rows, mask and rules.
  package func content(
    of section: ExplanationSection, limits: ExplanationLimits
  ) throws(InputError) -> SectionContent? {
    switch section {
    case .parameters: parametersContent()
    case .schedule: try scheduleContent(limits: limits)
    case .reconstruction: try reconstructionContent(limits: limits)
    case .cost: try costContent()
    case .metrics: metricsContent()
    case .choice: choiceContent()
    case .profiles: Explanation.profilesContent()
    case .rows, .positions, .mask, .rules, .weights, .layers: nil
    }
  }
}
