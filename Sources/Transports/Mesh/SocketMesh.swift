/// Meshes whose parties have a listener for themselves.
public enum SocketMesh {
  /// Forms the mesh of `builder` from what arrives at `listener`, which must be this party's.
  ///
  /// Callers who are no parties of the session are closed. The listener stays open.
  public static func form(
    _ builder: MeshBuilder, listener: Listener, within patience: Duration
  ) async throws(ChannelError) -> SocketChannel {
    let result = await withTaskGroup(of: Result<SocketChannel, ChannelError>?.self) { group in
      group.addTask {
        await acceptParties(builder, listener, patience)
        return nil
      }
      group.addTask {
        do throws(ChannelError) {
          return .success(try await builder.form(within: patience))
        } catch {
          return .failure(error)
        }
      }
      while let outcome = await group.next() {
        guard let outcome else { continue }
        group.cancelAll()
        return outcome
      }
      return .failure(.closedHere)
    }
    return try result.get()
  }

  private static func acceptParties(_ builder: MeshBuilder, _ listener: Listener, _ patience: Duration) async {
    await withTaskGroup(of: Void.self) { group in
      while let connection = try? await listener.accept(within: patience) {
        group.addTask {
          do throws(ChannelError) {
            let first = try await connection.receive(within: patience)
            guard let hello = MeshHello(first) else { return await connection.close(within: .zero) }
            try await builder.offer(connection, hello)
          } catch {
            await connection.close(within: .zero)
          }
        }
      }
    }
  }
}
