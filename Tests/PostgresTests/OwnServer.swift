import FoundationEssentials
import Glibc
import Synchronization
import TestSupport

/// A server on TCP, with or without TLS, that a test may stop, freeze and kill.
final class OwnServer: Sendable {
    let port: UInt16
    let certificate: String
    private let directory: String
    private let usesTLS: Bool
    private let process = Mutex<TestProcess?>(nil)

    /// Runs a test with a server that is gone afterwards.
    static func use(tls: Bool = false, _ body: (OwnServer) async throws -> Void) async throws {
        let server = try OwnServer(tls: tls)
        defer { server.remove() }
        try await server.initialize()
        try await server.start()
        try await body(server)
    }

    private init(tls: Bool) throws {
        directory = "/tmp/agentcorp-own-\(getpid())-\(UInt32.random(in: 0..<1_000_000))"
        certificate = directory + "/server.crt"
        usesTLS = tls
        port = try SilentServer().port
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        // PostgreSQL refuses to run as root, so its own account must be able to write here.
        if getuid() == 0, let account = getpwnam("postgres") {
            chown(directory, account.pointee.pw_uid, account.pointee.pw_gid)
        }
    }

    var dsn: String { "host=127.0.0.1 port=\(port) user=postgres dbname=postgres" }

    private func initialize() async throws {
        let result = try await TestProcess.run(
            "setpriv",
            arguments(
                """
                set -e
                cd \(directory)
                bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
                $bin/initdb -N -A trust -U postgres --encoding=UTF8 --locale=C.UTF-8 -D data
                openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
                    -addext subjectAltName=IP:127.0.0.1 -keyout server.key -out server.crt
                chmod 600 server.key
                """))
        guard result.status == 0 else { throw TestSupportError("own server: \(result.errors)") }
    }

    func start() async throws {
        let tls = usesTLS ? "-c ssl=on -c ssl_cert_file=../server.crt -c ssl_key_file=../server.key" : ""
        let script = """
            cd \(directory)
            exec $(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)/postgres -D data -c fsync=off \
                -c listen_addresses=127.0.0.1 -c port=\(port) -c unix_socket_directories= \(tls)
            """
        let database = TestDatabase(name: "postgres", dsn: dsn)
        // After a crash the server refuses to start while the old one's children are still there.
        try await waitUntil("the server to start") {
            if process.withLock({ $0?.isRunning ?? false }) == false {
                let started = try TestProcess.start("setpriv", arguments(script))
                process.withLock { $0 = started }
            }
            return (try? await database.psql("select 1")) != nil
        }
    }

    /// Ends the server without a shutdown, as a crash would.
    func crash() async throws {
        guard let running = process.withLock({ $0 }) else { return }
        running.kill()
        _ = try await running.waitForExit()
    }

    private func remove() {
        process.withLock { $0?.signal(SIGQUIT) }
        process.withLock { $0 = nil }
        try? FileManager.default.removeItem(atPath: directory)
    }

    private func arguments(_ script: String) -> [String] {
        let account = getuid() == 0 ? ["--reuid=postgres", "--regid=postgres", "--init-groups", "--reset-env"] : []
        return account + ["--pdeathsig", "QUIT", "sh", "-c", script]
    }
}
