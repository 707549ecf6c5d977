import Foundation

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// One request for a file, or for the rest of one, whose bytes go to disk as they come.
///
/// `@unchecked Sendable`: after `run()` has started the task, all that changes is touched by the session's delegate queue alone, which
/// calls one method at a time.
final class Download: NSObject, URLSessionDataDelegate, @unchecked Sendable {
  private let file: PublishedFile
  private let url: URL
  private let path: String
  private let patience: Duration
  private let progress: @Sendable (Int) -> Void
  private var handle: FileHandle?
  private var received = 0
  private var fault: FetchError?
  private var done: CheckedContinuation<Int, any Error>?

  init(
    file: PublishedFile, url: URL, path: String, patience: Duration, progress: @escaping @Sendable (Int) -> Void
  ) {
    self.file = file
    self.url = url
    self.path = path
    self.patience = patience
    self.progress = progress
  }

  /// Returns how many bytes of the file are on disk; fewer than all where the connection ended early.
  ///
  /// - Throws: ``FetchError`` where none came.
  func run() async throws(FetchError) -> Int {
    let configuration = URLSessionConfiguration.ephemeral
    configuration.timeoutIntervalForRequest = patience / .seconds(1)
    let session = URLSession(configuration: configuration, delegate: self, delegateQueue: nil)
    defer { session.finishTasksAndInvalidate() }
    received = sizeOnDisk()
    var request = URLRequest(url: url)
    // Bytes as they are on the server: lengths and places are of those.
    request.setValue("identity", forHTTPHeaderField: "Accept-Encoding")
    if received > 0 { request.setValue("bytes=\(received)-", forHTTPHeaderField: "Range") }
    do {
      return try await withCheckedThrowingContinuation { continuation in
        done = continuation
        session.dataTask(with: request).resume()
      }
    } catch let error as FetchError {
      throw error
    } catch {
      throw .unanswered(file: file.name, address: url.absoluteString, reason: error.localizedDescription)
    }
  }

  /// A part that is no beginning of the file is begun anew.
  private func sizeOnDisk() -> Int {
    let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? NSNumber
    let count = size?.intValue ?? 0
    return count < file.byteCount ? count : 0
  }

  func urlSession(
    _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
    completionHandler: @escaping (URLSession.ResponseDisposition) -> Void
  ) {
    let status = (response as? HTTPURLResponse)?.statusCode ?? 0
    switch status {
    case 200: received = 0
    case 206 where Self.start(of: response) == received: break
    default:
      fault = .unanswered(
        file: file.name, address: url.absoluteString, reason: "the server answers with status \(status)")
      // A part that the server cannot go on from is no help the next time either.
      if status == 206 || status == 416 { try? FileManager.default.removeItem(atPath: path) }
      return completionHandler(.cancel)
    }
    if !open() { return completionHandler(.cancel) }
    completionHandler(.allow)
  }

  private func open() -> Bool {
    if received == 0 { _ = FileManager.default.createFile(atPath: path, contents: nil) }
    handle = FileHandle(forWritingAtPath: path)
    guard let handle, (try? handle.seekToEnd()) != nil else {
      fault = .unwritable(path: path)
      return false
    }
    return true
  }

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    guard fault == nil else { return }
    guard received + data.count <= file.byteCount else {
      fault = .wrongFile(file: file.name, address: url.absoluteString)
      try? FileManager.default.removeItem(atPath: path)
      return dataTask.cancel()
    }
    do { try handle?.write(contentsOf: data) } catch {
      fault = .unwritable(path: path)
      return dataTask.cancel()
    }
    received += data.count
    progress(received)
  }

  func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
    try? handle?.close()
    if let fault {
      done?.resume(throwing: fault)
    } else if let error, handle == nil {
      done?.resume(throwing: error)
    } else {
      done?.resume(returning: received)
    }
    done = nil
  }

  /// Where a part of a file begins, as `Content-Range: bytes 100-199/200` says.
  private static func start(of response: URLResponse) -> Int? {
    let range = (response as? HTTPURLResponse)?.value(forHTTPHeaderField: "Content-Range") ?? ""
    return range.split(whereSeparator: { " -".contains($0) }).dropFirst().first.flatMap { Int($0) }
  }
}
