import Testing

@testable import Sandbox

@Suite("addresses")
struct AddressTests {
    @Test(
        "addresses of the public internet are global",
        arguments: [
            "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
            "128.0.0.0", "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255",
            "198.17.255.255",
            "198.20.0.0", "223.255.255.255", "2606:4700:4700::1111", "2001:4860:4860::8888", "2a00::1",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8", "2002:808:808::1", "2001:200::1",
        ])
    func global(_ text: String) throws {
        #expect(try #require(IPAddress(text)).isGlobal)
    }

    @Test(
        "all others are not, whatever they are wrapped in",
        arguments: [
            "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "100.100.100.200", "127.0.0.1",
            "127.255.255.254",
            "169.254.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.0.192", "192.0.2.1",
            "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1",
            "239.255.255.255", "240.0.0.1", "255.255.255.255", "168.63.129.16",
            "::", "::1", "::2", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "64:ff9b:1::8.8.8.8",
            "100::1", "100:0:0:1::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:10::1", "2001:1ff::1",
            "2001:db8::1", "2002:7f00:1::", "2002:a00:1::1", "2002:a9fe:a9fe::1", "3fff::1", "3fff:fff::1", "4000::1",
            "5f00::1", "fc00::1", "fd00:ec2::254", "fdff::1", "fe80::1", "febf::1", "fec0::1", "ff02::1", "ff0e::1",
        ])
    func notGlobal(_ text: String) throws {
        #expect(try !#require(IPAddress(text)).isGlobal)
    }

    @Test(
        "what is no address in full is none",
        arguments: [
            "", "127.1", "0x7f.0.0.1", "0177.0.0.1", "2130706433", "127.0.0.1 ", "1.2.3.4.5", "256.0.0.1", "fe80::1%lo",
            "[::1]", ":::",
            "localhost", "١.1.1.1",
        ])
    func noAddresses(_ text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test("addresses are written in one way")
    func text() {
        #expect(IPAddress("2001:DB8:0:0:0:0:0:1")?.description == "2001:db8::1")
        #expect(IPAddress("192.0.2.1")?.description == "192.0.2.1")
    }

    @Test(
        "a block holds what begins as it does",
        arguments: [
            ("10.1.0.0/16", "10.1.255.255", true), ("10.1.0.0/16", "10.2.0.0", false), ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3", "10.1.2.4", false), ("0.0.0.0/0", "8.8.8.8", true), ("0.0.0.0/0", "::1", false),
            ("172.16.0.0/12", "172.31.0.1", true), ("172.16.0.0/12", "172.32.0.1", false),
            ("fd00::/8", "fdff::1", true),
            ("fd00::/8", "fc00::1", false), ("::1", "::1", true), ("2001:db8::/33", "2001:db8:8000::", false),
        ])
    func blocks(_ block: String, _ address: String, _ isIn: Bool) throws {
        #expect(try #require(AddressBlock(block)).contains(#require(IPAddress(address))) == isIn)
    }

    @Test(
        "what is no block is none",
        arguments: ["10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "/8", "10.0.0.0/8/8", "::/129", "corp"])
    func noBlocks(_ text: String) {
        #expect(AddressBlock(text) == nil)
    }
}

@Suite("which hosts may be connected to")
struct AddressPolicyTests {
    private static func policy(_ intranet: [String] = [], _ addresses: String...) -> AddressPolicy {
        AddressPolicy(intranet: intranet, resolver: HostResolver { _ in addresses.compactMap { IPAddress($0) } })
    }

    @Test("a host whose addresses are all public is allowed, with all of them in their order")
    func allowed() async throws {
        let addresses = try await Self.policy([], "2606:4700::1", "8.8.8.8").addresses(of: "example.com")
        #expect(addresses.map(\.description) == ["2606:4700::1", "8.8.8.8"])
    }

    @Test(
        "a single address that is not public is one too many",
        arguments: ["127.0.0.1", "::1", "169.254.169.254", "::ffff:10.0.0.1"])
    func mixed(_ address: String) async throws {
        let error = await #expect(throws: SandboxError.self) {
            try await Self.policy([], "8.8.8.8", address).addresses(of: "example.com")
        }
        #expect(error?.code == .notAllowed)
        #expect(error?.description.contains("intranet") == true)
    }

    @Test("a host without addresses is not found")
    func none() async throws {
        let error = await #expect(throws: SandboxError.self) { try await Self.policy().addresses(of: "example.com") }
        #expect(error?.code == .notFound)
    }

    @Test(
        "the intranet is allowed by name, by address and by block",
        arguments: [
            ("wiki.corp", "10.9.9.9", ["wiki.corp"], true), ("WIKI.corp", "10.9.9.9", ["Wiki.Corp"], true),
            ("a.b.corp", "10.9.9.9", ["*.corp"], true), ("corp", "10.9.9.9", ["*.corp"], false),
            ("evilcorp", "10.9.9.9", ["*.corp"], false), ("any.example", "10.1.2.3", ["10.1.0.0/16"], true),
            ("any.example", "10.2.2.3", ["10.1.0.0/16"], false), ("127.0.0.1", "", ["127.0.0.1"], true),
            ("127.0.0.1", "", ["wiki.corp"], false),
        ])
    func intranet(_ host: String, _ address: String, _ allowed: [String], _ isAllowed: Bool) async throws {
        let policy = Self.policy(allowed, address)
        if isAllowed {
            #expect(try await !policy.addresses(of: host).isEmpty)
        } else {
            await #expect(throws: SandboxError.self) { try await policy.addresses(of: host) }
        }
    }

    @Test(
        "the system's resolver sees through odd forms of loopback",
        arguments: ["localhost", "127.1", "0x7f.1", "2130706433", "0177.0.0.1", "0"])
    func systemResolver(_ host: String) async throws {
        let error = await #expect(throws: SandboxError.self) { try await AddressPolicy().addresses(of: host) }
        #expect(error?.code == .notAllowed)
    }

    @Test("a lookup is left behind when its task is cancelled")
    func cancellation() async throws {
        let lookup = Task { try await HostResolver.system.resolve("unknown.invalid") }
        lookup.cancel()
        await #expect(throws: (any Error).self) { try await lookup.value }
    }
}
