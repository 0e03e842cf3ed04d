// RUN-20, RUN-29: text in HTML, SVG and XML.

/// Text as it may stand in HTML and XML, in elements and in attributes.
package func escape(_ text: String) -> String {
  // Scalar by scalar: a quotation mark with an accent behind it is one character, and still ends an attribute.
  text.unicodeScalars.map { scalar in
    switch scalar {
    case "&": "&amp;"
    case "<": "&lt;"
    case ">": "&gt;"
    case "\"": "&quot;"
    default: String(scalar)
    }
  }.joined()
}
