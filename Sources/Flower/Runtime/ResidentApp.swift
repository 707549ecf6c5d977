public import Logging

/// A ClientApp that stays beside a SuperNode which was started with `--isolation process`: takes its tasks and answers their messages.
///
/// The SuperNode is on the same machine; what passes between them is not encrypted.
public struct ResidentApp: Sendable {
  private let address: SuperLinkAddress
  private let logger: Logger
  private let answer: MessageAnswering

  private static let heartbeat = Duration.seconds(20)

  /// - Parameter address: HOST:PORT of the SuperNode's own API.
  public init(supernode address: String, logger: Logger, answer: @escaping MessageAnswering) throws(FlowerError) {
    self.address = try SuperLinkAddress(address)
    (self.logger, self.answer) = (logger, answer)
  }

  /// Serves until its task is cancelled, also while the SuperNode is away.
  public func run() async throws {
    let client = RuntimeClient(address)
    var pause = MessageDesk.pauses.shortest
    while !Task.isCancelled {
      do {
        if let task = try await client.acquire() {
          try await work(on: task)
          pause = MessageDesk.pauses.shortest
          continue
        }
      } catch let error as FlowerError {
        logger.warning("a task was not finished", metadata: ["reason": "\(error)"])
        pause = MessageDesk.pauses.longest
      }
      do { try await Task.sleep(for: pause) } catch { break }
      pause = min(pause * 2, MessageDesk.pauses.longest)
    }
    await client.close()
  }

  private func work(on task: RuntimeClient) async throws {
    let context = try await task.input()
    let desk = MessageDesk(TaskSession(client: task, node: context.nodeID), logger: logger, answer: answer)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        let own = task.apart()
        while !Task.isCancelled {
          do { try await Task.sleep(for: Self.heartbeat) } catch { break }
          try? await own.beat()
        }
        await own.close()
      }
      defer { group.cancelAll() }
      _ = try await desk.answerNext()
    }
    try await task.finish(context)
  }
}
