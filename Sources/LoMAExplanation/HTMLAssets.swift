// The style sheet, the script and the frame of the page; all stand in the page, which loads nothing.

import LoMAVectors

/// What the page carries beside its sections.
enum HTMLAssets {
  /// Light and dark, screen and paper. The zones' colours stay apart for every kind of colour vision.
  static let style = Markup(EmbeddedText(PackageResources.mask_css))

  /// Chooses a cell by pointer, focus or key, and says its rule; the sentences come from Swift's one table.
  static let script = Markup(EmbeddedText(PackageResources.mask_js))

  /// Everything around the sections.
  static let page = EmbeddedText(PackageResources.mask_html)
}
