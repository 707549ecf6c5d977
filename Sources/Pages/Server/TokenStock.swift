import Foundation
import NIOConcurrencyHelpers

/// The owner's tokens that a page's server gives away, each once, over restarts too: what was given is noted in a file
/// beside theirs before it is.
public final class TokenStock: Sendable {
  private struct State {
    var left: ArraySlice<String>
    let given: FileHandle
  }

  private let state: NIOLockedValueBox<State>
  private static let largest = 64 << 20

  /// Reads a file of tokens, one a line, as `tacit token` writes it.
  ///
  /// - Throws: ``PageError/tokens(_:reason:)``.
  public init(path: String) throws(PageError) {
    let notes = path + ".given"
    guard let data = FileManager.default.contents(atPath: path), data.count <= Self.largest else {
      throw .tokens(path, reason: "the file is not there, or is far too long")
    }
    if !FileManager.default.fileExists(atPath: notes) {
      _ = FileManager.default.createFile(atPath: notes, contents: nil, attributes: [.posixPermissions: 0o600])
    }
    guard let file = FileHandle(forUpdatingAtPath: notes), let known = try? file.readToEnd() ?? Data() else {
      throw .tokens(path, reason: "what was given away is noted in \(notes), which cannot be written to")
    }
    let given = Set(Self.lines(of: known))
    let left = Self.lines(of: data).filter { !given.contains($0) }
    state = NIOLockedValueBox(State(left: left[...], given: file))
  }

  /// How many are left.
  public var count: Int { state.withLockedValue { $0.left.count } }

  /// The next token; `nil` where none is left, or where it cannot be noted.
  func take() -> String? {
    state.withLockedValue { state in
      guard let token = state.left.first, (try? state.given.write(contentsOf: Data("\(token)\n".utf8))) != nil else {
        return nil
      }
      state.left.removeFirst()
      return token
    }
  }

  private static func lines(of data: Data) -> [String] {
    String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline)
      .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
  }
}
