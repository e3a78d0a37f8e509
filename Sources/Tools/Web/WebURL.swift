internal import FoundationEssentials
internal import Sandbox

/// An http or https URL, taken apart once and strictly, so that what is checked is what is connected to.
struct WebURL: Sendable, Hashable {
    let isSecure: Bool
    /// A name in lower-case ASCII, or an address without brackets.
    let host: String
    let port: Int
    /// From the path on, without the fragment.
    let target: String

    /// Throws `ToolError`.
    init(_ text: String) throws {
        let text = text.trimmed
        guard text.utf8.count <= 8192 else { throw ToolError("the URL is longer than 8192 bytes") }
        guard !text.unicodeScalars.contains(where: { $0.value <= 0x20 || $0.value == 0x7f }) else {
            throw ToolError("\(Self.shown(text)) has spaces or control characters within: write them as %20")
        }
        let scheme = text.prefix { $0 != ":" }.lowercased()
        guard text.dropFirst(scheme.count).hasPrefix("://"), scheme == "http" || scheme == "https" else {
            throw ToolError("\(Self.shown(text)) is no web address: it must begin with https:// or http://")
        }
        isSecure = scheme == "https"
        let rest = text.dropFirst(scheme.count + 3)
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        // Other programs take a backslash for a slash, and so another part for the host.
        guard !authority.contains("@"), !authority.contains("\\") else {
            throw ToolError("\(Self.shown(text)) has a user name or a backslash before its path: leave it out")
        }
        (host, port) = try Self.hostAndPort(authority, text, isSecure ? 443 : 80)
        let target = Self.escaped(rest.dropFirst(authority.count).prefix { $0 != "#" })
        self.target = target.hasPrefix("/") ? target : "/" + target
    }

    /// What stands for it in a request.
    var text: String { "\(origin)\(target)" }

    /// The scheme, host and port: where credentials may go that were meant for it.
    var origin: String {
        let name = IPAddress(host)?.isIPv6 == true ? "[\(host)]" : host
        return "http\(isSecure ? "s" : "")://\(name)\(port == (isSecure ? 443 : 80) ? "" : ":\(port)")"
    }

    /// Where a reference in a document of this URL leads; throws `ToolError` when that is no web address.
    func resolving(_ reference: String) throws -> WebURL {
        guard let base = URL(string: text), let url = URL(string: reference.trimmed, relativeTo: base) else {
            throw ToolError("\(Self.shown(reference)) is no web address")
        }
        return try WebURL(url.absoluteURL.absoluteString)
    }

    private static func hostAndPort(
        _ authority: Substring, _ text: String, _ usual: Int
    ) throws -> (host: String, port: Int) {
        var name = authority
        var port = usual
        let afterName = authority.lastIndex(of: "]").map { authority.index(after: $0) } ?? authority.startIndex
        if let colon = authority[afterName...].firstIndex(of: ":") {
            let digits = authority[authority.index(after: colon)...]
            guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), digits.utf8.count <= 5 else {
                throw ToolError("\(shown(text)) has no number as its port")
            }
            port = digits.isEmpty ? usual : Int(digits) ?? 0
            name = authority[..<colon]
        }
        guard (1...65_535).contains(port) else { throw ToolError("\(shown(text)) has a port out of 1 to 65535") }
        if name.hasPrefix("[") {
            guard name.hasSuffix("]"), let address = IPAddress(name.dropFirst().dropLast()), address.isIPv6 else {
                throw ToolError("\(shown(text)) has brackets around what is no IPv6 address")
            }
            return ("\(address)", port)
        }
        guard let host = HostName.ascii(name) else {
            throw ToolError("\(shown(text)) has no host that can be looked up: \"\(name.prefix(80))\"")
        }
        return (host, port)
    }

    private static let plain = Set("!$&'()*+,-./:;=?@_~%".utf8)

    /// With everything escaped that a request line must not hold.
    private static func escaped(_ text: Substring) -> String {
        var result = ""
        for byte in text.utf8 {
            let scalar = Unicode.Scalar(byte)
            if byte < 0x80, plain.contains(byte) || Character(scalar).isLetter || Character(scalar).isNumber {
                result.unicodeScalars.append(scalar)
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return result
    }

    private static func shown(_ text: String) -> String { "\"\(text.prefix(200))\"" }
}

extension String {
    /// Without the white space around it.
    var trimmed: String {
        let inner = drop(while: \.isWhitespace)
        return String(inner.dropLast(inner.reversed().prefix(while: \.isWhitespace).count))
    }
}
