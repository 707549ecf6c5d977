import Crypto
import Foundation

/// The page as one file, with a run's data in it: what a report is.
public enum RunPage {
  private struct Contents: Encodable {
    let job: JobView
    let rounds: [RoundView]
    let workers: [WorkerView]
  }

  /// A page that shows a run without a server or any other file, with the same pictures as the live one.
  ///
  /// Its content security policy names the digests of its own style and script, so that nothing else in it can run.
  public static func report(job: JobView, rounds: [RoundView], workers: [WorkerView]) throws -> String {
    // Within a script element, "</script" and "<!--" would end the data.
    let data = try ViewCoding.json(Contents(job: job, rounds: rounds, workers: workers))
      .replacingOccurrences(of: "<", with: "\\u003c")
    let (style, script) = (PageFile.style.text, PageFile.script.text)
    let policy =
      "default-src 'none'; style-src '\(digest(style))'; script-src '\(digest(script))'; base-uri 'none'; form-action 'none'"
    return PageFile.page.text
      .replacingOccurrences(of: iconLink + "\n", with: "")
      .replacingOccurrences(
        of: styleLink,
        with: "<meta http-equiv=\"Content-Security-Policy\" content=\"\(policy)\">\n<style>\(style)</style>"
      )
      .replacingOccurrences(
        of: scriptLink,
        with:
          "<script type=\"application/json\" id=\"data\">\(data)</script>\n<script type=\"module\">\(script)</script>")
  }

  /// Lines of the page that a file alone cannot have.
  static let iconLink = "<link rel=\"icon\" href=\"icon.svg\">"
  static let styleLink = "<link rel=\"stylesheet\" href=\"style.css\">"
  static let scriptLink = "<script type=\"module\" src=\"script.js\"></script>"

  private static func digest(_ text: String) -> String {
    "sha256-" + Data(SHA256.hash(data: Data(text.utf8))).base64EncodedString()
  }
}
