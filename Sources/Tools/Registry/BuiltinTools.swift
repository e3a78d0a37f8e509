/// The tools that come with the engine and need no database.
enum BuiltinTools {
    static let all = FilesystemTools.all + TerminalTools.all + GitTools.all + web

    /// The search has no key here; whoever has one replaces the tool.
    private static var web: [Tool] {
        let search = try? WebSearch(.duckDuckGo)
        return [.webFetch()] + (search.map { [.webSearch($0)] } ?? [])
    }
}
