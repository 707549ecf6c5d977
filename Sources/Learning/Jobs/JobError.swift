/// Why a job file cannot be used: where, and what to write instead.
public enum JobError: Error, Hashable, Sendable, CustomStringConvertible {
  case tooLong(limit: Int)
  case tooDeep(limit: Int)
  case notYAML(String)
  /// Aliases repeat parts of a file; a job has none.
  case hasAlias
  /// A key nobody knows, with the nearest known one if it is near.
  case unknownKey(String, nearest: String?)
  case duplicateKey(String)
  case missingKey(String)
  case wrongType(String, expected: String)
  case outOfRange(String, allowed: String)
  /// Something that is not a word of the list.
  case unknownChoice(String, given: String, choices: [String], nearest: String?)
  /// Keys that exclude or need each other.
  case contradiction(String)
  /// A feature that this version lacks.
  case unsupported(String, feature: String)

  public var description: String {
    switch self {
    case .tooLong(let limit): "the job file is longer than \(limit) bytes; shorten it"
    case .tooDeep(let limit): "the job file is nested deeper than \(limit) levels; flatten it"
    case .notYAML(let reason): "the job file is no YAML: \(reason)"
    case .hasAlias: "the job file uses an alias (*name); write the part out"
    case .unknownKey(let path, let nearest):
      "\(path) is no key of a job" + (nearest.map { "; did you mean \($0)?" } ?? "; remove it")
    case .duplicateKey(let path): "\(path) is there twice; keep one"
    case .missingKey(let path): "\(path) is missing; add it"
    case .wrongType(let path, let expected): "\(path) must be \(expected)"
    case .outOfRange(let path, let allowed): "\(path) must be \(allowed)"
    case .unknownChoice(let path, let given, let choices, let nearest):
      "\(path) cannot be “\(given)”; "
        + (nearest.map { "did you mean \($0)?" } ?? "write \(choices.joined(separator: ", ")).")
    case .contradiction(let reason): reason
    case .unsupported(let path, let feature): "\(path) asks for \(feature), which this version does not have"
    }
  }
}
