internal import JSON

/// Where `web_search` looks, and how it asks there.
public struct WebSearch: Sendable {
    /// The shape of requests and answers; many servers speak one of them.
    public enum Shape: String, Sendable, Hashable, CaseIterable {
        /// Brave's: needs a key. https://api.search.brave.com/app/documentation/web-search
        case brave
        /// DuckDuckGo's instant answers: no key, and few results. https://duckduckgo.com/api
        case duckDuckGo = "duckduckgo"

        var baseURL: String {
            switch self {
            case .brave: "https://api.search.brave.com"
            case .duckDuckGo: "https://api.duckduckgo.com"
            }
        }
    }

    public let shape: Shape
    let base: WebURL
    /// Whether somebody has set another base than the shape's own: then it may also be in the intranet.
    let isOwnBase: Bool
    /// Asked for anew at every search, and sent to the base alone.
    let key: @Sendable () -> String?

    /// - Parameters:
    ///   - baseURL: Instead of the shape's own. Whoever runs the program sets it: it is trusted to be where it is.
    ///   - key: Gives the key of the service; it is kept nowhere and never printed.
    ///
    /// Throws `ToolError` when the base is no web address.
    public init(
        _ shape: Shape, baseURL: String? = nil, key: @escaping @Sendable () -> String? = { nil }
    ) throws {
        self.shape = shape
        self.key = key
        base = try WebURL(baseURL ?? shape.baseURL)
        isOwnBase = baseURL != nil
    }

    func request(_ query: String, count: Int) throws -> (url: WebURL, headers: [(String, String)]) {
        let target = base.target.hasSuffix("/") ? base.target.dropLast() : base.target[...]
        let query = Self.escaped(query)
        switch shape {
        case .brave:
            guard let key = key(), !key.isEmpty else {
                throw ToolError("the web cannot be searched: there is no key for it. Tell the user to set one")
            }
            return (
                try WebURL("\(base.origin)\(target)/res/v1/web/search?q=\(query)&count=\(count)"),
                [("X-Subscription-Token", key), ("Accept", "application/json")]
            )
        case .duckDuckGo:
            return (
                try WebURL("\(base.origin)\(target)/?q=\(query)&format=json&no_html=1&skip_disambig=1"),
                [("Accept", "application/json")]
            )
        }
    }

    /// Throws `ToolError` for an answer of another shape.
    func results(in answer: JSONValue, count: Int) throws -> [JSONValue] {
        var results: [JSONValue] = []
        switch shape {
        case .brave:
            guard case .object = answer else { throw ToolError("the search answered in a way that is not understood") }
            for result in answer["web"]?["results"]?.elements ?? [] {
                results.append(Self.result(result["title"], result["url"], result["description"]))
            }
        case .duckDuckGo:
            guard case .object = answer else { throw ToolError("the search answered in a way that is not understood") }
            if let text = answer["AbstractText"]?.string, !text.isEmpty {
                results.append(Self.result(answer["Heading"], answer["AbstractURL"], .string(text)))
            }
            if let text = answer["Answer"]?.string, !text.isEmpty {
                results.append(Self.result(answer["AnswerType"], nil, .string(text)))
            }
            let topics = (answer["Results"]?.elements ?? []) + (answer["RelatedTopics"]?.elements ?? [])
            // Topics are in groups, one level deep.
            for topic in topics.flatMap({ $0["Topics"]?.elements ?? [$0] }) where topic["FirstURL"] != nil {
                results.append(Self.result(nil, topic["FirstURL"], topic["Text"]))
            }
        }
        return Array(results.prefix(count))
    }

    private static func result(_ title: JSONValue?, _ url: JSONValue?, _ text: JSONValue?) -> JSONValue {
        var members: [String: JSONValue] = [:]
        for (name, value) in [("title", title), ("url", url), ("text", text)] {
            guard let value = value?.string, !value.isEmpty else { continue }
            // Snippets hold <strong> and entities.
            members[name] = .string(name == "url" ? value : plain(value))
        }
        return .object(members)
    }

    private static func plain(_ text: String) -> String {
        guard let base = try? WebURL("https://invalid") else { return text }
        var reader = HTMLReader(text, base: base)
        return String(reader.read().text.prefix(2000))
    }

    private static func escaped(_ text: String) -> String {
        text.utf8.reduce(into: "") { result, byte in
            let scalar = Unicode.Scalar(byte)
            if byte < 0x80, Character(scalar).isLetter || Character(scalar).isNumber || "-._~".utf8.contains(byte) {
                result.unicodeScalars.append(scalar)
            } else {
                result += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
    }
}
