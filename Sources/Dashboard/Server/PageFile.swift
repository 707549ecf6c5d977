/// The files of the page. They are part of the program, so that it works wherever it lies.
enum PageFile: String, CaseIterable, Sendable {
  case page = "index.html"
  case style = "style.css"
  case script = "script.js"
  case icon = "icon.svg"

  var bytes: [UInt8] {
    switch self {
    case .page: PackageResources.index_html
    case .style: PackageResources.style_css
    case .script: PackageResources.script_js
    case .icon: PackageResources.icon_svg
    }
  }

  var text: String { String(decoding: bytes, as: UTF8.self) }

  var contentType: String {
    switch self {
    case .page: "text/html; charset=utf-8"
    case .style: "text/css; charset=utf-8"
    case .script: "text/javascript; charset=utf-8"
    case .icon: "image/svg+xml"
    }
  }
}
