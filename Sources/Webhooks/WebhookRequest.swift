internal import NIOCore
internal import NIOHTTP1

/// A request that has arrived whole.
struct WebhookRequest: Sendable {
    let name: String
    let headers: HTTPHeaders
    let body: [UInt8]

    /// The name of the webhook that a path is for: `/hooks/NAME`.
    static func name(in uri: String) -> String? {
        let path = uri.prefix { $0 != "?" }
        guard path.hasPrefix("/hooks/") else { return nil }
        let name = path.dropFirst("/hooks/".count)
        guard (1...100).contains(name.utf8.count),
            name.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || "_.-".utf8.contains($0) }
            )
        else { return nil }
        return String(name)
    }

    /// The value of a header that stands there once.
    func header(_ name: String) -> String? {
        let values = headers[name]
        return values.count == 1 ? values[0] : nil
    }

    var isJSON: Bool {
        let type = (headers.first(name: "content-type") ?? "").prefix { $0 != ";" }.lowercased()
        let name = type.drop { $0 == " " }.prefix { $0 != " " }
        return name == "application/json" || name.hasSuffix("+json")
    }
}
