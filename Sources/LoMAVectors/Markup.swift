// RUN-20, RUN-29: escaping for HTML, SVG and XML.

/// The text escaped for HTML and XML, both as an element's text and as an attribute's value.
package func escape(_ text: String) -> String {
  // By scalar: a quotation mark followed by a combining accent is one Character, and still ends an attribute.
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
