import Foundation
import Tacit

/// A job file that is named on the command line.
enum JobFile {
  static func load(_ path: String) throws -> Job { try Job.parse(try text(path)) }

  static func text(_ path: String) throws -> String {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw UsageError("the job file \(path) cannot be read: check its path")
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      throw UsageError("the job file \(path) is not UTF-8 text")
    }
    return text
  }
}
