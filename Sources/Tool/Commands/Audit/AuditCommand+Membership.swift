import ArgumentParser
import Foundation
import Tacit

extension AuditCommand {
  struct Membership: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Tell from a model which rows it was trained on: by loss, and by likelihood with shadow models.",
      discussion: """
        Trains the job's model on a random half of its training rows, and as many shadow models. Without a job, a network that learns \
        synthetic credit applications by heart. Where the job is private, the rates found bound its ε from below; a bound above the \
        claimed ε is a leak, and the exit code is then 5.

        Example: tacit audit membership job.yaml --shadows 16
        """)

    @Argument(help: "A job file, with mode: plain.") var job: String?
    @Option(help: "How many shadow models are trained: an even number.") var shadows = 16
    @Option(help: "The seed of who is a member, and of all models.") var seed: UInt64 = 1
    @OptionGroup var options: AuditOptions

    func run() async throws {
      let story = MembershipStory(
        job: try job.map(JobFile.text), shadows: shadows, confidence: options.confidence, seed: seed)
      try await options.show { try await story.tell(environment: ProcessInfo.processInfo.environment, progress: $0) }
    }
  }

  struct Shares: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Test whether what a coordinator recorded looks like chance.",
      discussion: """
        The record is a folder that tacit train or tacit coordinator wrote with --record, of a job with aggregation: masked. Updates in \
        the open fail, as they must. The exit code is 5 where a test fails.

        Example: tacit train job.yaml --record record && tacit audit shares record
        """)

    @Argument(help: "The folder of the record.") var record: String
    @OptionGroup var options: AuditOptions

    func run() async throws {
      let audit = ShareAudit(folder: record, confidence: options.confidence)
      try await options.show { _ in try audit.run() }
    }
  }
}
