// The content of each section, by name.

import LoMA

extension Explanation {
  /// The content of sections, in the order of `ExplanationSection`; a layout within the limits is built at most once.
  package func contents(
    of sections: [ExplanationSection], limits: ExplanationLimits
  ) throws(InputError) -> [SectionContent] {
    let longest = max(limits.lines, limits.maskRows)
    let needsRows = [.rows, .mask, .rules].contains(where: sections.contains)
    let batch = needsRows && rowCount <= longest ? try batch() : nil
    var contents: [SectionContent] = []
    for section in ExplanationSection.allCases where sections.contains(section) {
      switch section {
      case .parameters: contents.append(parametersContent())
      case .rows: contents.append(rowsContent(batch, limits: limits))
      case .mask: contents.append(maskContent(batch, limits: limits))
      case .rules: contents.append(rulesContent(batch))
      case .schedule: contents.append(try scheduleContent(limits: limits))
      case .reconstruction: contents.append(try reconstructionContent(limits: limits))
      case .cost: contents.append(try costContent())
      case .metrics: contents.append(metricsContent())
      case .choice: contents.append(choiceContent())
      case .profiles: contents.append(Explanation.profilesContent())
      }
    }
    return contents
  }
}
