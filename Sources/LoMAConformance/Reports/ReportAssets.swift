// RUN-25: the style sheet, the script and the frame of report.html; all are embedded, and the page loads nothing.

import LoMAVectors

/// The parts of the page besides its sections.
enum ReportAssets {
  /// For light and dark, screen and print; a word, a size or a ring repeats what each colour says.
  static let style = Markup(EmbeddedText(PackageResources.report_css))

  /// Draws units, groups and pictures on demand, and filters them. Everything shown comes from the page's data and is
  /// inserted as text only.
  static let script = Markup(EmbeddedText(PackageResources.report_js))

  /// The page around the sections.
  static let page = EmbeddedText(PackageResources.report_html)
}
