// RUN-29: the starting point of a port: a candidate in one file that answers `layout` in full and declines everything
// else. The files lie in this folder and are embedded in the program.

import LoMAVectors

/// The languages of the skeleton.
package enum StarterPort: String, CaseIterable, Sendable {
  /// Python 3, standard library only.
  case python
  /// Swift, Foundation only.
  case swift
  /// C11, standard library only.
  case c

  /// The name of its only file.
  package var fileName: String {
    switch self {
    case .python: "port.py"
    case .swift: "main.swift"
    case .c: "port.c"
    }
  }

  /// The contents of the file.
  package var text: String {
    switch self {
    case .python: EmbeddedText(PackageResources.port_py).text
    case .swift: EmbeddedText(PackageResources.main_swift).text
    case .c: EmbeddedText(PackageResources.port_c).text
    }
  }

  /// The command that builds it; nil if it needs no building.
  package var building: String? {
    switch self {
    case .python: nil
    case .swift: "swiftc -O main.swift -o port"
    case .c: "cc -std=c11 -O2 -o port port.c"
    }
  }

  /// The words after `loma conform --` that start it.
  package var command: String {
    switch self {
    case .python: "python3 port.py"
    case .swift, .c: "./port"
    }
  }
}
