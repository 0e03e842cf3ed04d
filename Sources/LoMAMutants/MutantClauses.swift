// Which clause a mutant breaks: what a port that makes the mistake has misread, or computed otherwise.

extension Mutant {
  /// The clauses it breaks, in the order of the chapters; never empty.
  package var clauses: [String] { Self.broken.filter { $0.mutants.contains(id) }.map { $0.clause } }

  /// A clause, and the mutants that break it.
  ///
  /// A mistake in one line of a port breaks the clause which that line implements, and not those whose numbers change for
  /// it. Two clauses stand where either, read alone, forbids the mistake.
  struct Broken: Sendable {
    let clause: String
    let mutants: [String]

    // Called, not copied into every line of the tables: code for pages is small.
    @inline(never)
    init(_ clause: String, _ mutants: String) {
      self.clause = clause
      self.mutants = mutants.split(separator: " ").map { String($0) }
    }
  }

  private static let broken: [Broken] = rows + masks + computations + conversation + brokenOfPeers

  private static let rows = [
    Broken("PAR-1", "M008 M009 M010 M011 M252"),
    Broken("PAR-2", "M013 M253 M287"),
    Broken("PAR-3", "M292 M294 M295"),
    Broken("PAR-4", "M014 M151 M285"),
    Broken("LAY-1", "M001 M002 M003 M200"),
    Broken("LAY-2", "M004 M005 M006 M007"),
    Broken("LAY-3", "M012 M287"),
    Broken("LAY-4", "M014"),
    Broken("LAY-6", "M015"),
    Broken("POS-1", "M022 M023 M026 M029 M032 M033 M221 M240"),
    Broken("POS-2", "M020 M021 M022 M023 M025 M027 M033"),
    Broken("POS-3", "M007 M022 M024 M028 M282"),
    Broken("POS-4", "M030 M031 M201 M227 M228 M282"),
  ]

  private static let masks = [
    Broken("MSK-1", "M040 M041 M042 M043 M072 M209"),
    Broken("MSK-2", "M044 M045 M046 M222 M223"),
    Broken("MSK-3", "M047 M048 M049"),
    Broken("MSK-4", "M050 M051 M052 M224 M225 M226"),
    Broken("MSK-5", "M053 M054 M055 M056 M072 M209 M211 M222 M223"),
    Broken("MSK-6", "M057 M058 M059"),
    Broken("MSK-7", "M060 M061 M062 M072"),
    Broken("MSK-8", "M063 M064 M065 M072 M131 M283"),
    Broken("MSK-9", "M066 M067 M068 M069 M075 M209"),
    Broken("MSK-10", "M073"),
    Broken("MSK-11", "M070 M071 M202 M206 M207"),
    Broken("MSK-12", "M076 M077 M078 M079 M152 M208 M210 M212 M213 M214 M215 M216 M217 M218 M219 M220"),
  ]

  private static let computations = [
    Broken("LOS-1", "M110 M111 M112 M203"),
    Broken("LOS-2", "M113"),
    Broken("LOS-3", "M007 M114 M123"),
    Broken("LOS-4", "M115 M116 M117 M118 M120 M122 M124 M125 M130 M131 M139 M204 M205 M273"),
    Broken("LOS-5", "M119 M121 M243 M247"),
    Broken("LOS-6", "M138 M160 M161 M162 M163 M164 M165 M258 M259 M274 M275 M276 M277 M278 M279"),
    Broken("MOD-1", "M096 M106 M108 M132 M133 M238 M239 M250 M251 M254"),
    Broken("MOD-2", "M090 M091 M092 M093 M094 M136 M205 M246"),
    Broken("MOD-3", "M027 M028 M095 M097 M098 M099 M100 M137 M147 M230 M231 M236"),
    Broken("MOD-4", "M101 M102 M103 M134 M135 M234 M235 M241 M242 M245 M255 M256 M257 M271 M272"),
    Broken("MOD-5", "M104 M105"),
    Broken("MOD-6", "M107 M264 M270"),
    Broken("MOD-7", "M260 M261 M262 M263"),
    Broken("MOD-8", "M300 M301 M302 M303 M304 M305 M306 M327"),
    Broken("MOD-9", "M300 M302 M307 M308 M309 M310 M311 M312 M313 M314 M315"),
    Broken("MOD-10", "M320 M321 M322"),
    Broken("MOD-11", "M323 M324 M325 M326"),
    Broken("MOD-13", "M327"),
    Broken("COST-1", "M180"),
    Broken("COST-2", "M182 M183"),
    Broken("TOL-2", "M232 M233 M234 M235 M236 M237 M240 M244 M245 M246 M247"),
  ]

  private static let conversation = [
    Broken("GEN-1", "M147 M232 M233"),
    Broken("GEN-2", "M152 M154"),
    Broken("GEN-3", "M140 M141 M142 M144 M145 M146 M151 M153 M280 M281 M284 M285 M286 M293"),
    Broken("GEN-4", "M148"),
    Broken("GEN-5", "M143 M149 M150 M237"),
    Broken("GEN-6", "M181"),
    Broken("GEN-8", "M142 M280 M286 M293"),
    Broken("REC-1", "M283 M288 M289 M291"),
    Broken("REC-2", "M170 M171 M172 M173 M174"),
    Broken("OPS-1", "M252 M253 M258 M259"),
    Broken("OPS-5", "M290 M292"),
    Broken("OPS-6", "M292 M294 M295 M296"),
  ]
}
