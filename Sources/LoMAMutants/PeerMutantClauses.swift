// Which clause of part II a mutant breaks.

extension Mutant {
  /// The clauses of chapters 16 to 19; apart, since a module of part I alone has none of them.
  static let brokenOfPeers: [Broken] = context + latent + baselines

  private static let context = [
    Broken("CCM-1", "C40"),
    Broken("CCM-2", "C37d"),
    Broken("CCM-3", "C02 C04 C20"),
    Broken("CCM-5", "C40"),
    Broken("CCM-7", "C13 C14 C15 C16 C17"),
    Broken("CCM-9", "C01 C07"),
    Broken("CCM-10", "C02 C03 C05 C06 C10"),
    Broken("CCM-11", "C04 C05 C06"),
    Broken("CCM-12", "C10"),
    Broken("CCM-13", "C02 C03 C09 C10"),
    Broken("CCM-15", "C08"),
    Broken("CCM-16", "C11 C12 C39a"),
    Broken("CCM-17", "C18 C19 C20 C21 C22 C23 C24 C25 C26 C27 C28 C38a"),
    Broken("CCM-18", "C28"),
    Broken("CCM-20", "C29 C30 C31 C32 C33 C34 C35 C36 C38b"),
    Broken("CCM-23", "C37a C37b C37c C37d C37e"),
    Broken("CCM-24", "C01 C06 C39a"),
    Broken("CCM-25", "C13 C14 C15 C16 C17"),
    Broken("CCM-28", "C39b"),
  ]

  private static let latent = [
    Broken("LAT-2", "L12 L13 L26 L37 L38"),
    Broken("LAT-3", "L04 L08 L09 L10"),
    Broken("LAT-4", "L01 L02 L03 L07 L10 L14 L15 L19 L22 L23 L24 L25 L33 L34 L35 L36"),
    Broken("LAT-5", "L11 L21 L35 L39"),
    Broken("LAT-6", "L05 L06"),
    Broken("LAT-8", "L45"),
    Broken("LAT-10", "L21"),
    Broken("LAT-11", "L40 L41 L44 L46"),
    Broken("LAT-15", "L47"),
    Broken("QNT-1", "L16 L17 L18 L20 L31"),
    Broken("QNT-2", "L16 L17 L20 L27 L31 L32"),
    Broken("QNT-3", "L28 L29 L30"),
    Broken("QNT-4", "L42 L43"),
  ]

  private static let baselines = [
    Broken("BAS-3", "B68"),
    Broken("BAS-5", "B27 B28 B33 B69"),
    Broken("BAS-6", "B70 B71 B72 B73"),
    Broken("BAS-10", "B01 B02 B03 B04 B05 B06 B07 B08 B72"),
    Broken("BAS-11", "B09 B10 B11 B12 B13 B14 B15 B16 B17 B18 B19 B20 B73"),
    Broken("BAS-12", "B21 B22 B23 B24 B25 B26 B29 B30"),
    Broken("BAS-13", "B31 B32 B34 B35 B36 B37 B38"),
    Broken("BAS-14", "B39 B40 B41 B42"),
    Broken("BAS-15", "B46 B47 B48 B49 B50 B51 B52 B53"),
    Broken("BAS-16", "B54 B55 B56 B57 B58"),
    Broken("BAS-17", "B59 B60 B61 B62 B63"),
    Broken("BAS-18", "B64 B65 B66 B67"),
  ]
}
