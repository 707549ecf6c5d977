internal import Foundation
internal import SwiftProtobuf

/// The calls of Flower's Fleet API: protobuf in bodies of HTTP, each signed.
///
/// Source: flwr 1.42, `superlink/routers/fleet`.
struct FleetClient: Sendable {
  /// How long a node stays in the federation after its last heartbeat, in seconds.
  static let heartbeatInterval = 30.0

  let key: NodeKey
  private let caller: ProtobufCaller

  init(_ address: SuperLinkAddress, _ trust: SuperLinkTrust, _ key: NodeKey) {
    self.key = key
    caller = ProtobufCaller(address, trust, as: "SuperNode")
  }

  var address: SuperLinkAddress { caller.address }

  func close() async { await caller.close() }

  /// Makes the key known; one that is known already is no error.
  func register() async throws(FlowerError) {
    var request = Flwr_Proto_RegisterNodeFleetRequest()
    request.publicKey = Data(key.publicBytes)
    do {
      let _: Flwr_Proto_RegisterNodeFleetResponse = try await call("register-node", request)
    } catch {
      guard case .refused(_, status: 409, _) = error else {
        // As Flower says that registered nodes alone may come.
        if case .refused(_, status: 412, _) = error { throw .registrationClosed(address: address.text) }
        throw error
      }
    }
  }

  /// The node's number in the federation.
  func activate() async throws(FlowerError) -> UInt64 {
    var request = Flwr_Proto_ActivateNodeRequest()
    request.publicKey = Data(key.publicBytes)
    request.heartbeatInterval = Self.heartbeatInterval
    do {
      let response: Flwr_Proto_ActivateNodeResponse = try await call("activate-node", request)
      return response.nodeID
    } catch {
      // What Flower says of a key that it does not know.
      if case .refused(_, status: 412, _) = error { throw .unknownKey(address: address.text) }
      throw error
    }
  }

  func deactivate(_ node: UInt64) async throws(FlowerError) {
    var request = Flwr_Proto_DeactivateNodeRequest()
    request.nodeID = node
    let _: Flwr_Proto_DeactivateNodeResponse = try await call("deactivate-node", request, within: .seconds(5))
  }

  func unregister(_ node: UInt64) async throws(FlowerError) {
    var request = Flwr_Proto_UnregisterNodeFleetRequest()
    request.nodeID = node
    let _: Flwr_Proto_UnregisterNodeFleetResponse = try await call("unregister-node", request, within: .seconds(5))
  }

  /// Whether the SuperLink still counts on this node.
  func heartbeat(_ node: UInt64) async throws(FlowerError) -> Bool {
    var request = Flwr_Proto_SendNodeHeartbeatRequest()
    request.node.nodeID = node
    request.heartbeatInterval = Self.heartbeatInterval
    let response: Flwr_Proto_SendNodeHeartbeatResponse = try await call(
      "send-node-heartbeat", request, within: .seconds(5))
    return response.success
  }

  /// The next message for this node and its tree, if there is one.
  func pullMessage(_ node: UInt64) async throws(FlowerError) -> (FlowerMetadata, ObjectTree)? {
    var request = Flwr_Proto_PullMessagesRequest()
    request.node.nodeID = node
    let response: Flwr_Proto_PullMessagesResponse = try await call("pull-messages", request)
    guard let message = response.messagesList.first else { return nil }
    guard let tree = response.messageObjectTrees.first, response.messagesList.count == 1 else {
      throw .malformedMessage("it does not say which objects it consists of")
    }
    return (FlowerMetadata(message.metadata), try ObjectTree(tree))
  }

  /// An object's bytes; `nil` where they are still on their way to the SuperLink.
  func pullObject(_ id: ObjectID, run: UInt64, node: UInt64) async throws(FlowerError) -> [UInt8]? {
    var request = Flwr_Proto_PullObjectRequest()
    request.node.nodeID = node
    (request.runID, request.objectID) = (run, id.text)
    let response: Flwr_Proto_PullObjectResponse = try await call("pull-object", request)
    guard response.objectFound else { throw .lostObject(id.text) }
    return response.objectAvailable ? [UInt8](response.objectContent) : nil
  }

  func confirm(_ message: String, run: UInt64, node: UInt64) async throws(FlowerError) {
    var request = Flwr_Proto_ConfirmMessageReceivedRequest()
    request.node.nodeID = node
    (request.runID, request.messageObjectID) = (run, message)
    let _: Flwr_Proto_ConfirmMessageReceivedResponse = try await call("confirm-message-received", request)
  }

  /// Announces a message; gives the objects that the SuperLink lacks, and the session in which it takes them.
  func announce(
    _ message: PackedMessage, node: UInt64, seconds: Double
  ) async throws(FlowerError) -> (wanted: Set<String>, session: String) {
    var request = Flwr_Proto_PushMessagesRequest()
    request.node.nodeID = node
    request.messagesList = [message.announcement]
    request.messageObjectTrees = [message.tree.proto]
    request.clientappRuntimeList = [seconds]
    let response: Flwr_Proto_PushMessagesResponse = try await call("push-messages", request)
    return (Set(response.objectsToPush), response.sessionID)
  }

  func push(
    _ bytes: [UInt8], as id: ObjectID, run: UInt64, node: UInt64, session: String
  ) async throws(FlowerError) {
    var request = Flwr_Proto_PushObjectRequest()
    request.node.nodeID = node
    (request.runID, request.objectID, request.sessionID) = (run, id.text, session)
    request.objectContent = Data(bytes)
    let response: Flwr_Proto_PushObjectResponse = try await call("push-object", request)
    guard response.stored else {
      throw .refused(address: address.text, status: 200, reason: "it did not store an object of the answer")
    }
  }

  private func call<Response: SwiftProtobuf.Message>(
    _ method: String, _ request: some SwiftProtobuf.Message, within patience: Duration = .seconds(60)
  ) async throws(FlowerError) -> Response {
    do {
      return try await caller.call(
        "/v1/fleet/" + method, request, headers: try key.headers(at: Date()), within: patience)
    } catch {
      if case .refused(_, status: 401, _) = error { throw .unknownKey(address: address.text) }
      throw error
    }
  }
}
