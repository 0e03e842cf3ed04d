// LAT-16: what a request is judged by before its model is refused.

import LoMAPeers
import LoMAVectors

/// The vocabulary and the decisions of a config.json, whatever else it says; also of a model that is refused.
package struct LatentOutline: Sendable {
  /// `vocab_size`, V'.
  package let vocabularySize: Int
  /// The decisions, canonical.
  package let profile: LatentProfile

  /// Reads config.json in a directory.
  package init(directory: String) throws(LatentError) {
    try self.init(parsing: try reading(try ConfigurationFile.text(in: directory)))
  }

  /// Parses the text of a config.json.
  package init(parsing text: [UInt8]) throws(LatentError) {
    let object = try reading(try ConfigurationFile.object(text))
    let keys = ConfigurationKeys(object: object)
    vocabularySize = try modelling(try keys.integer("vocab_size"))
    profile = try LatentSection(object[LatentKeys.object]).profile
  }

  /// Whether a directory's config.json says that it is one of LAT-10 rather than of MOD-1.
  package static func isOne(_ directory: String) -> Bool {
    guard let text = try? ConfigurationFile.text(in: directory), let object = try? ConfigurationFile.object(text) else {
      return false
    }
    return object[LatentKeys.object] != nil || object["model_type"] == .string("deepseek_v3")
  }
}
