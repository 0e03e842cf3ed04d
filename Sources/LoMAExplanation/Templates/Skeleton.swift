// RUN-29: where a port begins: a candidate in one file that answers `layout` in full and declines the rest. The files stand
// beside this one, and in the program as bytes.

import LoMAVectors

/// The language of a skeleton.
package enum Skeleton: String, CaseIterable, Sendable {
  /// Python 3, the standard library alone.
  case python
  /// Swift, Foundation alone.
  case swift
  /// C11, the C library alone.
  case c

  /// The name of its only file.
  package var fileName: String {
    switch self {
    case .python: "port.py"
    case .swift: "main.swift"
    case .c: "port.c"
    }
  }

  /// The file.
  package var text: String {
    switch self {
    case .python: EmbeddedText(PackageResources.port_py).text
    case .swift: EmbeddedText(PackageResources.main_swift).text
    case .c: EmbeddedText(PackageResources.port_c).text
    }
  }

  /// How it is built; nil if it needs no building.
  package var building: String? {
    switch self {
    case .python: nil
    case .swift: "swiftc -O main.swift -o port"
    case .c: "cc -std=c11 -O2 -o port port.c"
    }
  }

  /// The words behind `loma conform --` that start it.
  package var command: String {
    switch self {
    case .python: "python3 port.py"
    case .swift, .c: "./port"
    }
  }
}
