// The style sheet, the script and the frame of the page; all are embedded, and the page loads nothing.

import LoMAVectors

/// The parts of the page besides its sections.
enum HTMLAssets {
  /// For light and dark, screen and print. The colours of the zones stay distinct under every form of colour blindness.
  static let style = Markup(EmbeddedText(PackageResources.mask_css))

  /// Breaks the names of profiles, which are long words, where a narrow screen ends.
  static let breakingNames = Markup(EmbeddedText(PackageResources.names_css))

  /// Selects a cell by pointer, focus or key, and shows its rule; the sentences come from the one table in Swift.
  static let script = Markup(EmbeddedText(PackageResources.mask_js))

  /// The page around the sections.
  static let page = EmbeddedText(PackageResources.mask_html)
}
