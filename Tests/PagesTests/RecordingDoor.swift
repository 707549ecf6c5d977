import Foundation
import Links
import NIOConcurrencyHelpers

/// A door that a page takes for a party's: it writes down what comes, and passes it on to the party.
final class RecordingDoor: Sendable {
  /// A question as it came.
  struct Question: Sendable {
    var id: String
    var key: [UInt8]
    var box: [UInt8]
  }

  var port: Int { door.port }
  private let door: BrowserDoor
  private let recorded: NIOLockedValueBox<[Question]>

  var questions: [Question] { recorded.withLockedValue { $0 } }

  init(before port: Int, web: (certificate: String, key: String), trust: String) async throws {
    let recorded = NIOLockedValueBox<[Question]>([])
    let certificate = try WebCertificate(certificate: web.certificate, key: web.key)
    self.recorded = recorded
    door = try await BrowserDoor.open(
      listen: "localhost:0", certificate: certificate, allows: { _ in true },
      talk: { page in
        let party = try await PageCaller(port: port, origin: page.origin, trust: trust)
        try await party.send(try await page.receive())
        guard let ready = await party.next() else { return await party.close() }
        try await page.send(ready)
        let message = try await page.receive()
        let (control, first) = PageFrame.parts(message)
        guard
          let object = try JSONSerialization.jsonObject(with: Data(control.utf8)) as? [String: [String: Any]],
          let query = object["query"], let id = query["id"] as? String, let byteCount = query["byteCount"] as? Int,
          let key = Data(base64Encoded: query["key"] as? String ?? "")
        else { return await party.close() }
        try await party.send(message)
        var box = first
        while box.count < byteCount {
          let piece = try await page.receive()
          try await party.send(piece)
          box += piece
        }
        recorded.withLockedValue { $0.append(Question(id: id, key: [UInt8](key), box: box)) }
        if let answer = await party.next() { try await page.send(answer) }
        await party.close()
      })
  }

  func stop() async { await door.close() }
}
