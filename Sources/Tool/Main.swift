import ArgumentParser
import CKernels
import Foundation
import Tacit

/// The program: parses, runs, and turns every error into one sentence and an exit code.
@main
enum Main {
  static func main() async {
    // A peer that goes away must become an error, not a signal.
    signal(SIGPIPE, SIG_IGN)
    restartForProcessor()
    ck_keep_freed_memory()
    do {
      var command = try TacitCommand.parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch {
      exit(Failure.report(error))
    }
  }

  /// Begins anew, as the same process, where the matrix library would compute several times slower than this processor can.
  private static func restartForProcessor() {
    #if os(Linux)
      // Its threads, of which none is used, spin for a while from the start of a process on: of this one, and of those that it starts.
      setenv("OPENBLAS_NUM_THREADS", "1", 0)
      guard getenv("OPENBLAS_CORETYPE") == nil, let processor = PlainEngine.missedProcessor else { return }
      setenv("OPENBLAS_CORETYPE", processor, 1)
      execv("/proc/self/exe", CommandLine.unsafeArgv)
    #endif
  }
}

struct TacitCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tacit",
    abstract: "Deep learning on data that nobody is allowed to see.",
    discussion: """
      Start here: tacit demo credit

      Exit codes: 0 fine; 2 bad usage or input; 3 a peer or the network; 4 a refusal by policy; 5 cheating detected; \
      1 anything else. With --json, one JSON object is printed and messages go to standard error.
      """,
    version: TacitVersion.current,
    subcommands: [
      DemoCommand.self, TrainCommand.self, PredictCommand.self, PlanCommand.self, ConvertCommand.self, DataCommand.self,
      KeysCommand.self,
      PartyCommand.self, ShareCommand.self, ModelsCommand.self, WithdrawCommand.self, QueryCommand.self,
      DoctorCommand.self, TokenCommand.self, WebCommand.self,
      DealerCommand.self, WorkerCommand.self, KeyHolderCommand.self, CoordinatorCommand.self,
      PrivacyCommand.self, BenchCommand.self, AuditCommand.self,
    ])
}
