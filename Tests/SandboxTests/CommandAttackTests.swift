import FoundationEssentials
import Glibc
import TestSupport
import Testing

@testable import Sandbox

@Suite("A command cannot reach what is outside of its folder", .serialized)
struct CommandAttackTests {
    @Test("nothing of this process's environment goes through", arguments: [Isolation.none] + levels)
    func environment(level: Isolation) async throws {
        setenv("AGENTCORP_TEST_API_KEY", "sk-canary", 1)
        let scratch = try JailScratch()
        let ending = try await scratch.run("env; cat /proc/$PPID/environ", level: level)
        #expect(!ending.output.text.contains("sk-canary"))
        let names = Set(ending.output.text.split(separator: "\n").compactMap { $0.split(separator: "=").first })
        #expect(names.isSubset(of: ["PATH", "LANG", "HOME", "TMPDIR", "PWD", "_", "SHLVL", "OLDPWD"]), "\(names)")
    }

    @Test("the environment and the memory of this process cannot be read", arguments: levels)
    func worker(level: Isolation) async throws {
        setenv("AGENTCORP_TEST_API_KEY", "sk-canary", 1)
        let scratch = try JailScratch()
        let ending = try await scratch.run(
            "for f in environ mem maps fd/0 cwd/ root/etc/shadow; do cat /proc/\(getpid())/$f && echo LEAK; done",
            level: level)
        #expect(!ending.output.text.contains("LEAK"), "\(ending.output.text.prefix(300))")
    }

    @Test("it has no open files but its own three", arguments: levels)
    func descriptors(level: Isolation) async throws {
        let scratch = try JailScratch()
        let ending = try await scratch.perl(
            "for my $n (3..1000) { if (open(my $f, '<&=', $n)) { print qq($n ) } } print 'end'", level: level)
        #expect(ending.output.text == "end")
    }

    @Test("files outside are neither read nor written, made or removed", arguments: levels)
    func files(level: Isolation) async throws {
        let scratch = try JailScratch()
        scratch.link("link", to: "../outside/secret")
        let outside = "\(scratch.path)/outside"
        let ending = try await scratch.run(
            """
            cat ../outside/secret && echo LEAK
            cat link && echo LEAK
            ls \(outside) && echo LEAK
            echo x > \(outside)/secret && echo LEAK
            echo x >> link && echo LEAK
            : > \(outside)/new && echo LEAK
            rm -f \(outside)/secret && echo LEAK
            mv \(outside)/secret . && echo LEAK
            ln \(outside)/secret hard && echo LEAK
            perl -e 'truncate("\(outside)/secret", 0) and print "LEAK"'
            chmod 777 /etc/hostname && echo LEAK
            cat /etc/shadow && echo LEAK
            ls /root && echo LEAK
            ls /home && echo LEAK
            ls /tmp && echo LEAK
            ls /var/lib && echo LEAK
            ls / && echo LEAK
            echo x > /etc/made && echo LEAK
            echo x > /usr/made && echo LEAK
            echo x > /dev/shm/made && echo LEAK
            mknod null c 1 3 && echo LEAK
            cp /bin/sh sub/sh && ./sub/sh -c 'cat ../outside/secret' && echo LEAK
            """, level: level)
        // Not by root either: its powers are gone. Only chmod of one's own files is no matter of Landlock.
        #expect(
            !ending.output.text.replacing("LEAK /etc/hostname", with: "").contains("LEAK"),
            "\(ending.output.text) \(ending.errors.text)")
        #expect(scratch.secretIsWhole)
    }

    @Test("no socket of any kind connects", arguments: levels)
    func network(level: Isolation) async throws {
        let scratch = try JailScratch()
        let server = try TestListener(beside: scratch)
        let ending = try await scratch.perl(
            """
            use Socket; use Errno;
            sub attempt { my ($name, $ok) = @_; print $ok ? "LEAK $name\\n" : "refused $name\\n" }
            attempt('tcp', socket($t, AF_INET, SOCK_STREAM, 0)
                && connect($t, sockaddr_in(\(server.port), inet_aton('127.0.0.1'))));
            attempt('udp', socket($u, AF_INET, SOCK_DGRAM, 0)
                && send($u, 'x', 0, sockaddr_in(53, inet_aton('127.0.0.1'))));
            attempt('tcp6', socket($s, AF_INET6, SOCK_STREAM, 0));
            attempt('raw', socket($r, AF_INET, SOCK_RAW, 1));
            attempt('unix', socket($x, AF_UNIX, SOCK_STREAM, 0) && connect($x, sockaddr_un('\(server.path)')));
            attempt('abstract', socket($a, AF_UNIX, SOCK_DGRAM, 0));
            attempt('netlink', socket($n, 16, SOCK_RAW, 0));
            attempt('packet', socket($p, 17, SOCK_RAW, 0));
            attempt('vsock', socket($v, 40, SOCK_STREAM, 0));
            attempt('bind', socket($b, AF_INET, SOCK_STREAM, 0) && bind($b, sockaddr_in(0, INADDR_ANY)));
            print "pair\\n" if socketpair($l, $m, AF_UNIX, SOCK_STREAM, 0);
            """, level: level)
        #expect(!ending.output.text.contains("LEAK"), "\(ending.output.text)")
        #expect(ending.output.text.contains("refused tcp\n"), "\(ending.errors.text)")
        #expect(ending.output.text.contains("pair\n"))
        withExtendedLifetime(server) {}
    }

    @Test("a command that may use the network does, and still reaches no socket of the file system", arguments: levels)
    func allowedNetwork(level: Isolation) async throws {
        let scratch = try JailScratch()
        let server = try TestListener(beside: scratch)
        var command = SandboxedCommand([
            "perl", "-e",
            """
            use Socket;
            socket($t, AF_INET, SOCK_STREAM, 0) && connect($t, sockaddr_in(\(server.port), inet_aton('127.0.0.1')))
                ? print "connected\\n" : print STDERR "refused: $!\\n";
            socket($x, AF_UNIX, SOCK_STREAM, 0) and print "LEAK\\n";
            """,
        ])
        command.isolation = IsolationPolicy(level, required: true)
        command.network = true
        let ending = try await command.run(in: scratch.jail)
        #expect(ending.output.text == "connected\n", "\(ending.errors.text)")
        withExtendedLifetime(server) {}
    }

    @Test("doors into the kernel are shut", arguments: levels)
    func systemCalls(level: Isolation) async throws {
        let scratch = try JailScratch()
        let ending = try await scratch.run(
            """
            unshare -U true && echo LEAK userns
            unshare -m true && echo LEAK mountns
            mount -t tmpfs none sub && echo LEAK mount
            chroot / true && echo LEAK chroot
            nsenter -t 1 -n true && echo LEAK nsenter
            kill -0 \(getpid()) && echo LEAK signal
            kill -0 $PPID && echo LEAK helper
            renice -n -5 $$ && echo LEAK nice
            grep -q 'NoNewPrivs:.1' /proc/self/status || echo LEAK privileges
            grep -q 'CapEff:.0000000000000000' /proc/self/status || echo LEAK powers
            grep -q 'CapBnd:.0000000000000000' /proc/self/status || [ $(id -u) != 0 ] || echo LEAK bound
            """, level: level)
        #expect(!ending.output.text.contains("LEAK"), "\(ending.output.text)")
    }

    @Test("in namespaces it sees no process but its own, and no network device")
    func namespaces() async throws {
        let scratch = try JailScratch()
        let ending = try await scratch.run("ls /proc | grep -c '^[0-9]'; cat /proc/net/dev | wc -l", level: .namespaces)
        let numbers = ending.output.text.split(separator: "\n").compactMap { Int($0) }
        // The helper inside, the shell, ls and grep; two lines of heading and the loopback.
        #expect(numbers.count == 2 && numbers[0] <= 5 && numbers[1] <= 3, "\(ending.output.text)")
    }
}

/// Sockets beside a jail that a command may try to reach.
final class TestListener: Sendable {
    let path: String
    var port: UInt16 { server.port }
    private let server: SilentServer
    private let descriptor: Int32

    init(beside scratch: JailScratch) throws {
        server = try SilentServer()
        // In the jail itself: Landlock would let it be reached.
        let path = "\(scratch.root)/listener"
        self.path = path
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
        withUnsafeBytes(of: &name) { bytes in
            _ = bind(
                descriptor, bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self),
                socklen_t(MemoryLayout<sockaddr_un>.size))
        }
        listen(descriptor, 8)
    }

    deinit {
        close(descriptor)
    }
}
