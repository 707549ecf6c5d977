/// A small standalone page: a title, sections with a picture each, a footer.
struct Page {
  struct Section {
    var title: String
    var text: String
    /// SVG.
    var picture: String
  }

  var title: String
  var lead: String
  var sections: [Section]
  var footer: String

  var html: String {
    let body = sections.map { section in
      "<section><h2>\(escape(section.title))</h2><p>\(escape(section.text))</p>\(section.picture)</section>"
    }.joined(separator: "\n")
    return """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(escape(title))</title>
      <style>
      :root { color-scheme: light dark; --ink: #1d2733; --soft: #5b6875; --paper: #fbfbf9; --bar: #2f6f8f; --line: #d5d9dc }
      @media (prefers-color-scheme: dark) { :root { --ink: #e8ecef; --soft: #9aa7b2; --paper: #15191d; --bar: #6fb3d2; --line: #39424a } }
      body { margin: 0 auto; padding: 3rem 1.25rem; max-width: 46rem; background: var(--paper); color: var(--ink);
        font: 1rem/1.55 system-ui, sans-serif }
      h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 1rem } h2 { font-size: 1.2rem; margin: 2.5rem 0 .3rem }
      p { margin: .3rem 0 1rem } footer { margin-top: 3rem; color: var(--soft); font-size: .85rem }
      svg { width: 100%; height: auto } svg text { fill: var(--ink); font: 13px system-ui, sans-serif }
      table { border-collapse: collapse; margin: .8rem 0; font-size: .9rem; font-variant-numeric: tabular-nums }
      th, td { padding: .2rem .7rem .2rem 0; text-align: right; border-bottom: 1px solid var(--line) }
      th:first-child, td:first-child, .text td { text-align: left } .text th { vertical-align: top }
      svg .soft { fill: var(--soft) } svg .bar { fill: var(--bar) } svg .line { stroke: var(--line) }
      </style>
      </head>
      <body>
      <h1>\(escape(title))</h1>
      <p>\(escape(lead))</p>
      \(body)
      <footer>\(escape(footer))</footer>
      </body>
      </html>

      """
  }
}

/// Text made safe for HTML and SVG.
func escape(_ text: String) -> String {
  var result = ""
  for character in text {
    switch character {
    case "&": result += "&amp;"
    case "<": result += "&lt;"
    case ">": result += "&gt;"
    case "\"": result += "&quot;"
    default: result.append(character)
    }
  }
  return result
}
