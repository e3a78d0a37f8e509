import FoundationEssentials
import JSON
import Testing

@testable import Providers

@Suite("Prices")
struct PriceTests {
    @Test(
        "amounts are exact decimals",
        arguments: [
            ("0", 0, "0"), ("1", 1_000_000_000, "1"), ("0.000000001", 1, "0.000000001"),
            ("-2.50", -2_500_000_000, "-2.5"),
            ("3.1000000000000", 3_100_000_000, "3.1"), ("9223372036", 9_223_372_036_000_000_000, "9223372036"),
        ])
    func amounts(text: String, nanodollars: Int64, printed: String) throws {
        let amount = try #require(USD(text))
        #expect(amount.nanodollars == nanodollars)
        #expect("\(amount)" == printed)
        #expect(try Coding.decode(USD.self, Coding.encode(amount)) == amount)
    }

    @Test(
        "what is no amount is none",
        arguments: ["", ".5", "1.", "1e3", "--1", "0.0000000001", "99999999999", "1,5", " 1"])
    func noAmounts(text: String) {
        #expect(USD(text) == nil)
    }

    @Test("a million small sums are what they should be, and the largest sum stays the largest")
    func sums() {
        var sum = USD.zero
        for _ in 0..<1_000_000 { sum += USD(nanodollars: 1) }
        #expect(sum == USD("0.001"))
        #expect(USD(nanodollars: .max) + USD("1")! == USD(nanodollars: .max))
    }

    @Test("tokens are priced by where they come from, and rounded up once")
    func cost() throws {
        let price = ModelPrice(
            input: USD("3")!, output: USD("15")!, cacheRead: USD("0.3"), cacheWrite: USD("3.75"))
        let usage = TokenUsage(input: 1000, output: 100, cacheRead: 600, cacheWrite: 300, reasoning: 50)
        // 100 × 3 + 600 × 0.3 + 300 × 3.75 + 100 × 15 millionths of a dollar.
        #expect(price.cost(of: usage) == USD("0.003105"))
        #expect(
            ModelPrice(input: USD("0.05")!, output: USD("0.0001")!).cost(of: TokenUsage(output: 1))
                == USD("0.000000001"))
        #expect(price.cost(of: TokenUsage(input: .max, output: .max)).nanodollars == .max)
        // A server that counts nonsense is not paid for it.
        #expect(price.cost(of: TokenUsage(input: 10, output: -5, cacheRead: 20)) == USD("0.000006"))
    }

    @Test("a long request has its own price, all of it")
    func longContext() throws {
        let price = try #require(PriceTable.builtIn.price(provider: "openai", model: "gpt-5.4"))
        #expect(price.cost(of: TokenUsage(input: 272_000)) == USD("0.68"))
        #expect(price.cost(of: TokenUsage(input: 272_001)) == USD("1.360005"))
    }

    @Test(
        "a dated name is priced as its model, another model is not",
        arguments: [
            ("openai", "gpt-5", "1.25"), ("openai", "gpt-5-2026-01-01", "1.25"),
            ("openai", "gpt-5-mini-2025-08-07", "0.25"),
            ("openai", "gpt-5-ultra", nil), ("openai", "gpt-55", nil), ("openai", "gpt-5.4-latest", "2.5"),
            ("anthropic", "claude-sonnet-4-5-20250929", "3"), ("anthropic", "claude-sonnet-4-5@20250929", "3"),
            ("anthropic", "claude-opus-4-9", nil), ("xai", "grok-4.5", "2"), ("xai", "gpt-5", nil),
            ("ollama", "llama3", nil), ("offline", "whatever", "0"),
        ] as [(String, String, String?)])
    func names(provider: String, model: String, input: String?) {
        #expect(PriceTable.builtIn.price(provider: provider, model: model)?.input == input.flatMap { USD($0) })
    }

    @Test("a file goes over the built-in table; an unknown model has no cost, a reported cost counts")
    func file() throws {
        let path = "/tmp/agentcorp-prices-\(UUID().uuidString).json"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let text =
            #"{"providers": {"openai": {"gpt-5": {"input": "0.07", "output": 0.1}}, "ollama": {"*": {"input": 0, "output": 0}}}}"#
        try Data(text.utf8).write(to: URL(filePath: path))
        let table = try PriceTable(file: path)
        #expect(table.price(provider: "openai", model: "gpt-5")?.input == USD("0.07"))
        #expect(table.price(provider: "openai", model: "gpt-5-mini")?.input == USD("0.25"))
        let usage = TokenUsage(input: 1_000_000, output: 1)
        #expect(table.cost(of: usage, provider: "ollama", model: "llama3") == .zero)
        #expect(table.cost(of: usage, provider: "openai", model: "unheard-of") == nil)
        #expect(table.cost(of: TokenUsage(cost: USD("0.9")), provider: "x", model: "y") == USD("0.9"))

        for (bad, place) in [
            (#"{"providers": {"openai": {"m": {"input": 1}}}}"#, "openai m"),
            (#"{"providers": {"openai": {"m": {"input": -1, "output": 1}}}}"#, "input"),
            (#"{"providers": {"openai": {"m": {"input": 1, "output": 1, "cache_reed": 1}}}}"#, "cache_read"),
            (#"{"models": {}}"#, "models"), ("{", path),
        ] {
            try Data(bad.utf8).write(to: URL(filePath: path))
            let error = #expect(throws: ProviderConfigurationError.self) { try PriceTable(file: path) }
            #expect(error?.description.contains(place) == true, "\(bad): \(error?.description ?? "")")
        }
    }

    @Test("estimates are not below what texts take")
    func estimates() {
        var request = ChatRequest.hello
        request.system = String(repeating: "word ", count: 3000)
        request.tools = [RequestTests.read]
        request.maxOutputTokens = 500
        let estimate = TokenEstimate(request)
        // English has about four letters and a third of a token a word.
        #expect(estimate.input >= 4000)
        #expect(estimate.output == 500)
        var noise = ChatRequest.hello
        noise.system = String(repeating: "a1B2", count: 1000)
        #expect(TokenEstimate(noise).input >= 2600)
        let price = ModelPrice(input: USD("3")!, output: USD("15")!, cacheRead: USD("0.3"), cacheWrite: USD("3.75"))
        #expect(estimate.cost(price) >= price.cost(of: TokenUsage(input: estimate.input, output: 500)))
        #expect(TokenEstimate(.hello, price: ModelPrice(input: .zero, output: .zero, maxOutput: 77)).output == 77)
        #expect(TokenEstimate(.hello).output == TokenEstimate.defaultOutput)
    }
}
