internal import Crypto
internal import NIOHTTP1
internal import Providers

/// What a sender has signed, in the forms that senders have.
///
/// - `X-AgentCorp-Signature: sha256=HEX` over `TIME.BODY`, TIME being `X-AgentCorp-Timestamp` in seconds since 1970
/// - `Stripe-Signature: t=TIME,v1=HEX` over `TIME.BODY`
/// - `X-Hub-Signature-256: sha256=HEX` (GitHub) and `X-PagerDuty-Signature: v1=HEX,v1=HEX` over the body
struct WebhookSignature: Sendable, Equatable {
    /// In seconds since 1970; nil where the form has none.
    var time: Int64?
    /// Any one of them may be right: while a secret is changed there are two.
    var codes: [[UInt8]]
    /// What stands before the body.
    private var prefix: String { time.map { "\($0)." } ?? "" }

    private static let mostCodes = 5

    /// The first form that the headers have; nil where they have none that can be read.
    init?(of request: WebhookRequest) {
        if request.headers.contains(name: "x-agentcorp-signature") {
            guard let time = request.header("x-agentcorp-timestamp").flatMap(Self.seconds),
                let code = request.header("x-agentcorp-signature").flatMap(Self.digest)
            else { return nil }
            self.init(time: time, codes: [code])
        } else if request.headers.contains(name: "stripe-signature") {
            guard let fields = request.header("stripe-signature").flatMap({ Self.fields($0) }),
                let time = fields.first(where: { $0.name == "t" }).flatMap({ Self.seconds($0.value) })
            else { return nil }
            self.init(time: time, codes: fields.filter { $0.name == "v1" }.compactMap { Self.bytes($0.value) })
        } else if request.headers.contains(name: "x-hub-signature-256") {
            guard let code = request.header("x-hub-signature-256").flatMap(Self.digest) else { return nil }
            self.init(time: nil, codes: [code])
        } else {
            guard let fields = request.header("x-pagerduty-signature").flatMap({ Self.fields($0) }) else { return nil }
            self.init(time: nil, codes: fields.filter { $0.name == "v1" }.compactMap { Self.bytes($0.value) })
        }
        guard (1...Self.mostCodes).contains(codes.count) else { return nil }
    }

    private init(time: Int64?, codes: [[UInt8]]) {
        self.time = time
        self.codes = codes
    }

    /// Takes the same time whatever the codes are.
    func isValid(for body: [UInt8], _ secret: Secret) -> Bool {
        let key = SymmetricKey(data: Array(secret.reveal().utf8))
        var code = HMAC<SHA256>(key: key)
        code.update(data: Array(prefix.utf8))
        code.update(data: body)
        let right = code.finalize()
        var isValid = false
        // Compared by the library, without leaving at the first byte that differs.
        for code in codes { isValid = (right == code) || isValid }
        return isValid
    }

    /// Whether it was made lately; true where the form has no time.
    func isRecent(at now: Int64, within tolerance: Duration) -> Bool {
        guard let time else { return true }
        let distance = now.subtractingReportingOverflow(time)
        return !distance.overflow && distance.partialValue.magnitude <= UInt64(max(0, tolerance.components.seconds))
    }

    /// Names what was signed, where that is signed once: a second request with it is a replay.
    func proof(for body: [UInt8]) -> String? {
        guard time != nil else { return nil }
        return SHA256.hash(data: Array(prefix.utf8) + body).hex
    }

    private static func seconds(_ text: String) -> Int64? {
        guard (1...15).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int64(text)
    }

    private static func digest(_ text: String) -> [UInt8]? {
        text.hasPrefix("sha256=") ? bytes(String(text.dropFirst("sha256=".count))) : nil
    }

    private static func fields(_ text: String) -> [(name: String, value: String)]? {
        let fields = text.split(separator: ",", maxSplits: 2 * mostCodes).map { $0.drop { $0 == " " } }
        guard fields.count <= 2 * mostCodes else { return nil }
        return fields.map { field in
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(parts[0]), parts.count == 2 ? String(parts[1]) : "")
        }
    }

    /// 32 bytes, as hexadecimal digits.
    private static func bytes(_ hex: String) -> [UInt8]? {
        let digits = hex.utf8.map { byte -> UInt8? in
            switch byte {
            case 0x30...0x39: byte - 0x30
            case 0x61...0x66: byte - 0x61 + 10
            case 0x41...0x46: byte - 0x41 + 10
            default: nil
            }
        }
        guard digits.count == 64, !digits.contains(nil) else { return nil }
        return stride(from: 0, to: 64, by: 2).map { (digits[$0] ?? 0) << 4 | (digits[$0 + 1] ?? 0) }
    }
}

extension Digest {
    var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
