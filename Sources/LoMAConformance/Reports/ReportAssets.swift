// RUN-25: the style sheet, the script and the frame of report.html; all stand in the page, which loads nothing.

import LoMAVectors

/// What the page carries beside its sections.
enum ReportAssets {
  /// Light and dark, screen and paper; a word, a size or a ring says what a colour says.
  static let style = Markup(EmbeddedText(PackageResources.report_css))

  /// Draws units, groups and pictures when they are asked for, and filters them. What it shows comes from the page's data, and
  /// enters as text alone.
  static let script = Markup(EmbeddedText(PackageResources.report_js))

  /// Everything around the sections.
  static let page = EmbeddedText(PackageResources.report_html)
}
