// The runs behind Docs/Losslessness.md: several ratios, every alternative of every axis, several seeds each.

import LoMA
import LoMAReference
import LoMAVectors

package struct SweepRun: Sendable {
  /// The name of the result's file, such as `c4-base-seed1`.
  package let name: String
  package let recipe: Recipe

  init(_ setting: SweepSetting, seed: Int, of base: Recipe) {
    var recipe = base
    recipe.parameters = setting.parameters
    recipe.profile = setting.profile
    recipe.seed = UInt64(seed)
    name = "\(setting.name)-seed\(seed)"
    // The digest tells the base recipe and the changes made to it.
    recipe.digest = SHA256.hexDigest(of: Array("\(base.digest) \(name)".utf8))
    self.recipe = recipe
  }
}

/// The properties that the runs of several seeds share.
struct SweepSetting: Hashable, Sendable {
  let parameters: Parameters
  let profile: Profile
  /// The number of seeds; they are 1...seeds.
  let seeds: Int

  /// The name without the seed, such as `c4-base` or `c4-numbering-sequential`.
  var name: String {
    let axes = profile.differences.map { "\($0.axis.rawValue)-\($0.value)" }.joined(separator: "-")
    return "c\(parameters.c)-" + (axes.isEmpty ? "base" : axes).map { $0 == "_" ? "-" : String($0) }.joined()
  }
}

/// The whole sweep: c ∈ {2, 4, 8, 16} at t = 2 with three seeds, and each single alternative at c = 4 with five.
package struct Sweep: Sendable {
  /// The recipe in which c, t, profile and seed are replaced.
  package let base: Recipe
  let settings: [SweepSetting]

  /// The sweep over a recipe, which must be one of random text.
  package init(_ base: Recipe) throws(TrainingError) {
    guard case .random = base.data else {
      throw .invalidValue(key: "data", value: "a file", requirement: "an alphabet: a sweep is over random text")
    }
    self.base = base
    do throws(InputError) {
      var settings: [SweepSetting] = []
      for profile in Profile.singleAlternatives {
        settings.append(SweepSetting(parameters: try Parameters(c: 4, t: 2), profile: profile, seeds: 5))
      }
      for c in [2, 8, 16] {
        settings.append(SweepSetting(parameters: try Parameters(c: c, t: 2), profile: .base, seeds: 3))
      }
      self.settings = settings
    } catch { throw .model(.rejected(error)) }
  }

  /// Every run, ordered by seed, so that an unfinished sweep is one with fewer seeds.
  package var runs: [SweepRun] {
    (1...5).flatMap { seed in
      settings.filter { $0.seeds >= seed }.map { SweepRun($0, seed: seed, of: base) }
    }
  }
}
