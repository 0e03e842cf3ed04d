// Where the project lies, for tests of what it ships.

import Foundation

/// The folder that holds Package.swift.
let projectRoot = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().path
