internal import Dispatch
internal import Glibc
internal import Synchronization

/// Finds the addresses of a host.
public struct HostResolver: Sendable {
    public let resolve: @Sendable (String) async throws -> [IPAddress]

    public init(_ resolve: @escaping @Sendable (String) async throws -> [IPAddress]) {
        self.resolve = resolve
    }

    /// The system's: the hosts file, then DNS. It also reads `127.1` and `0x7f000001` as addresses, as every
    /// program does that hands such a name on.
    public static let system = HostResolver { host in try await lookUp(host) }

    /// A lookup blocks for as long as the servers are silent, so it has a thread of its own, which a cancelled task
    /// leaves behind.
    private static func lookUp(_ host: String) async throws -> [IPAddress] {
        let answer = Answer()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                answer.expect(continuation)
                DispatchQueue.global().async {
                    answer.give(Result { try addresses(of: host) })
                }
            }
        } onCancel: {
            answer.give(.failure(CancellationError()))
        }
    }

    /// The first answer counts.
    private final class Answer: Sendable {
        private enum State {
            case open
            case expected(CheckedContinuation<[IPAddress], any Error>)
            case given(Result<[IPAddress], any Error>)
        }

        private let state = Mutex(State.open)

        func expect(_ continuation: CheckedContinuation<[IPAddress], any Error>) {
            let early = state.withLock { state -> Result<[IPAddress], any Error>? in
                if case .given(let result) = state { return result }
                state = .expected(continuation)
                return nil
            }
            if let early { continuation.resume(with: early) }
        }

        func give(_ result: Result<[IPAddress], any Error>) {
            let waiting = state.withLock { state -> CheckedContinuation<[IPAddress], any Error>? in
                switch state {
                case .open:
                    state = .given(result)
                    return nil
                case .expected(let continuation):
                    state = .given(result)
                    return continuation
                case .given:
                    return nil
                }
            }
            waiting?.resume(with: result)
        }
    }

    private static func addresses(of host: String) throws -> [IPAddress] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, nil, &hints, &list)
        guard status == 0 else {
            // The second is EAI_NODATA, which the header keeps to itself.
            let isUnknown = status == EAI_NONAME || status == -5
            throw SandboxError(
                isUnknown ? .notFound : .system,
                "the host \(host) cannot be found: \(String(cString: gai_strerror(status)))")
        }
        defer { freeaddrinfo(list) }
        var addresses: [IPAddress] = []
        for entry in sequence(first: list, next: { $0?.pointee.ai_next }) {
            guard let entry, let address = address(of: entry.pointee), !addresses.contains(address) else { continue }
            addresses.append(address)
        }
        return addresses
    }

    private static func address(of entry: addrinfo) -> IPAddress? {
        guard let socket = UnsafeRawPointer(entry.ai_addr) else { return nil }
        switch entry.ai_family {
        case AF_INET:
            let address = socket.loadUnaligned(as: sockaddr_in.self).sin_addr
            return withUnsafeBytes(of: address) { IPAddress(bytes: $0) }
        case AF_INET6:
            let address = socket.loadUnaligned(as: sockaddr_in6.self).sin6_addr
            return withUnsafeBytes(of: address) { IPAddress(bytes: $0) }
        default:
            return nil
        }
    }
}
