internal import SwiftProtobuf

/// The calls of a SuperNode's Runtime API that a ClientApp beside it needs.
///
/// Source: flwr 1.42, `supernode/routers/runtime`.
struct RuntimeClient: Sendable {
  private let caller: ProtobufCaller
  /// Of the task under way.
  private let token: String?

  init(_ address: SuperLinkAddress) {
    caller = ProtobufCaller(address, .insecure, as: "flwr-clientapp")
    token = nil
  }

  private init(_ caller: ProtobufCaller, token: String?) { (self.caller, self.token) = (caller, token) }

  /// The same on another connection.
  func apart() -> RuntimeClient {
    RuntimeClient(ProtobufCaller(caller.address, .insecure, as: "flwr-clientapp"), token: token)
  }

  func close() async { await caller.close() }

  /// The next task, as a client that works on it, if there is one.
  func acquire() async throws(FlowerError) -> RuntimeClient? {
    var request = Flwr_Proto_AcquireTaskRequest()
    request.supportedTaskTypes = ["flwr-clientapp"]
    let response: Flwr_Proto_AcquireTaskResponse = try await call("acquire-task", request)
    guard response.hasTask, !response.token.isEmpty else { return nil }
    return RuntimeClient(caller, token: response.token)
  }

  /// What the SuperNode keeps for the app; the app's own code, which comes with it, is not looked at.
  func input() async throws(FlowerError) -> Flwr_Proto_Context {
    let response: Flwr_Proto_PullTaskInputResponse = try await call(
      "pull-task-input", Flwr_Proto_PullTaskInputRequest())
    return response.context
  }

  func beat() async throws(FlowerError) {
    let _: Flwr_Proto_SendTaskHeartbeatResponse = try await call(
      "send-task-heartbeat", Flwr_Proto_SendTaskHeartbeatRequest())
  }

  func finish(_ context: Flwr_Proto_Context) async throws(FlowerError) {
    var request = Flwr_Proto_PushTaskOutputRequest()
    request.context = context
    request.subStatus = "completed"
    let _: Flwr_Proto_PushTaskOutputResponse = try await call("push-task-output", request)
  }

  func call<Response: SwiftProtobuf.Message>(
    _ method: String, _ request: some SwiftProtobuf.Message
  ) async throws(FlowerError) -> Response {
    try await caller.call(
      "/v1/runtime/" + method, request, headers: token.map { [("flwr-task-token", $0)] } ?? [])
  }
}
