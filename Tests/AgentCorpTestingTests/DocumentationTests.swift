import FoundationEssentials
import Testing

@Suite
struct DocumentationTests {
    @Test("the examples of docs/testing.md are those that run here")
    func examples() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().path
        func text(_ path: String) throws -> String {
            String(decoding: try Data(contentsOf: URL(filePath: folder + path)), as: UTF8.self)
        }
        let suites = try text("/ShopTests.swift") + text("/ShopSuiteTests.swift")
        let blocks = try text("/../../docs/testing.md").split(separator: "```swift\n").dropFirst()
            .compactMap { $0.split(separator: "\n```").first }
        #expect(blocks.count >= 3)
        for block in blocks where !block.contains(".testTarget(") { #expect(suites.contains(block), "\(block)") }
    }
}
