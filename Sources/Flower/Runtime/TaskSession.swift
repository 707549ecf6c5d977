internal import Foundation

/// The message of a task at a SuperNode.
struct TaskSession: MessageCarrier {
  let client: RuntimeClient
  let node: UInt64

  func nextMessage() async throws(FlowerError) -> (FlowerMetadata, ObjectTree)? {
    let response: Flwr_Proto_PullAppMessagesResponse = try await client.call(
      "pull-messages", Flwr_Proto_PullAppMessagesRequest())
    guard let message = response.messagesList.first else { return nil }
    guard let tree = response.messageObjectTrees.first, response.messagesList.count == 1 else {
      throw .malformedMessage("it does not say which objects it consists of")
    }
    return (FlowerMetadata(message.metadata), try ObjectTree(tree))
  }

  func object(_ id: ObjectID, run: UInt64) async throws(FlowerError) -> [UInt8]? {
    var request = Flwr_Proto_PullObjectRequest()
    request.node.nodeID = node
    (request.runID, request.objectID) = (run, id.text)
    let response: Flwr_Proto_PullObjectResponse = try await client.call("pull-object", request)
    guard response.objectFound else { throw .lostObject(id.text) }
    return response.objectAvailable ? [UInt8](response.objectContent) : nil
  }

  func confirm(_ message: ObjectID, run: UInt64) async throws(FlowerError) {
    var request = Flwr_Proto_ConfirmMessageReceivedRequest()
    request.node.nodeID = node
    (request.runID, request.messageObjectID) = (run, message.text)
    let _: Flwr_Proto_ConfirmMessageReceivedResponse = try await client.call("confirm-message-received", request)
  }

  func announce(
    _ message: PackedMessage, seconds: Double
  ) async throws(FlowerError) -> (wanted: Set<String>, session: String) {
    var request = Flwr_Proto_PushAppMessagesRequest()
    request.messagesList = [message.announcement]
    request.messageObjectTrees = [message.tree.proto]
    let response: Flwr_Proto_PushAppMessagesResponse = try await client.call("push-messages", request)
    return (Set(response.objectsToPush), response.sessionID)
  }

  func push(_ bytes: [UInt8], as id: ObjectID, run: UInt64, session: String) async throws(FlowerError) {
    var request = Flwr_Proto_PushObjectRequest()
    request.node.nodeID = node
    (request.runID, request.objectID, request.sessionID) = (run, id.text, session)
    request.objectContent = Data(bytes)
    let response: Flwr_Proto_PushObjectResponse = try await client.call("push-object", request)
    guard response.stored else { throw .malformedMessage("the SuperNode did not store an object of the answer") }
  }
}
