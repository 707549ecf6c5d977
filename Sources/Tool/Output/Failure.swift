import ArgumentParser
import Foundation
import Tacit

/// What a user did wrong, in one sentence.
struct UsageError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// Errors as users see them.
enum Failure {
  /// Prints the error and returns the exit code that belongs to it.
  static func report(_ error: any Error) -> Int32 {
    if let code = exitCode(of: error) {
      FileHandle.standardError.write(Data("tacit: \(sentence(error))\n".utf8))
      return code
    }
    // What is left comes from the argument parser: help, versions, and bad usage.
    let message = TacitCommand.fullMessage(for: error)
    if TacitCommand.exitCode(for: error) == .success {
      print(message)
      return 0
    }
    FileHandle.standardError.write(Data("\(message)\n".utf8))
    return error is ExitCode ? TacitCommand.exitCode(for: error).rawValue : 2
  }

  private static func exitCode(of error: any Error) -> Int32? {
    switch error {
    case is UsageError, is DatasetError, is ModelFileError, is IdentityError, is GraphError, is LearningError,
      is JobError, is AccountingError, is RangeError, is FixedPoint.EncodingError,
      is PageError, is MonitorError:
      2
    case let error as SharingError:
      switch error {
      case .unexpectedLength, .wrongCorrections, .stockEmpty, .notDealt: 3
      case .trafficDiffers, .countersExhausted, .stepUsed: 1
      case .cheating: 5
      default: 2
      }
    case let error as ServingError: Int32(error.exitCode)
    case let error as CoordinationError: Int32(error.exitCode)
    case let error as FlowerError: Int32(error.exitCode)
    case let error as LedgerError: Int32(error.exitCode)
    case let error as JobFailure: Int32(error.exitCode)
    case let error as FetchError: error.exitCode
    case is FederationError, is PaillierError, is AccountingError, is MechanismError: 2
    case is ChannelError, is LinkError, is SecureAggregationError, is ChildProcess.NotStarted: 3
    case is CancellationError: 1
    case is CocoaError, is POSIXError: 2
    default: nil
    }
  }

  private static func sentence(_ error: any Error) -> String {
    switch error {
    case let error as CocoaError:
      "\(error.filePath ?? "a file") cannot be used: \(error.localizedDescription)"
    default: "\(error)"
    }
  }
}
