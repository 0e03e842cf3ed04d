// What is asked about one text: c, t, the decisions, a mistake, and the text.

import LoMA

struct Question {
  let parameters: Parameters
  let profile: Profile
  /// The number of the mistake that is made; −1 for none.
  let mistake: Int
  let tokens: [Int]

  /// Reads c, t, the place of the value of every axis among `Axis.values`, the mistake, and the text.
  init() throws(Fault) {
    var given = Given()
    let (c, t) = (given.next(), given.next())
    var profile = Profile.base
    for axis in Axis.allCases { profile = profile.choosing(axis, valueAt: given.next()) }
    self.parameters = try input { () throws(InputError) in try Parameters(c: c, t: t) }
    self.profile = profile.canonical
    self.mistake = given.next()
    self.tokens = given.others
  }
}

/// The axes in order: name, decision, values, and the sentences about the mask under each value.
@_expose(wasm, "axes")
@_cdecl("axes")
public func axes() -> Int32 {
  JSON.answer { json throws(Fault) in
    json.list("axes") { list in
      for axis in Axis.allCases {
        list.list { one in
          one.string(axis.rawValue)
          one.string(axis.decision)
          one.list { for value in axis.values { $0.string(value) } }
        }
      }
    }
  }
}
