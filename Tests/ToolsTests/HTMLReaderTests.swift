import TestSupport
import Testing

@testable import Tools

@Suite("reading HTML")
struct HTMLReaderTests {
    private static func read(_ html: String) throws -> (title: String?, text: String) {
        var reader = HTMLReader(html, base: try WebURL("https://a.example/dir/page"))
        return reader.read()
    }

    @Test(
        "what is shown is read in its order",
        arguments: [
            ("one   two\n three", "one two three"),
            ("<p>one</p><p>two</p>", "one\n\ntwo"),
            ("<h2>Title</h2>text", "## Title\n\ntext"),
            ("a<br>b<br/>c", "a\nb\nc"),
            ("<ul><li>one<li>two</ul>end", "- one\n- two\n\nend"),
            ("<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>", "a | b\n1 | 2"),
            (
                "x <a href='/y?z=1#f'>link</a>, <a href=other>o</a>",
                "x [link](https://a.example/y?z=1), [o](https://a.example/dir/other)"
            ),
            ("<a href='#top'>top</a> <a href='javascript:x()'>js</a> <a href='/e'></a>.", "top js ."),
            ("<pre>a  b\n  c</pre>after", "```\na  b\n  c\n```\n\nafter"),
            ("a &lt; b &amp;&amp; c &#233; &#xe9; &nbsp; &unknown; &", "a < b && c é é &unknown; &"),
            ("<script>var a = '<p>no</p>';</script><style>p{}</style>yes<!-- no -- > no -->!", "yes!"),
            ("<template>no<template>no</template>no</template>yes", "yes"),
            ("<svg><text>no</text></svg><noscript>no</noscript>yes", "yes"),
            ("1 < 2 and 3 <4> 5", "1 < 2 and 3 <4> 5"),
            ("<img alt='a cat' src=x> <img src=y>", "[image: a cat]"),
            ("<p title='a > b' data-x=\"<i>\">text</p>", "text"),
            ("<P CLASS=x>upper</P><DIV>case</DIV>", "upper\n\ncase"),
            ("a<b>b</b>c <i>d</i>e", "abc de"),
        ])
    func texts(_ html: String, _ text: String) throws {
        #expect(try Self.read(html).text == text)
    }

    @Test("a page with a main part is that part, without its navigation")
    func mainPart() throws {
        let words = String(repeating: "word ", count: 60)
        let html =
            "<title> A\n title </title><nav>menu</nav><main><nav>inner</nav><p>\(words)</p></main><footer>foot</footer>"
        let page = try Self.read(html)
        #expect(page.title == "A title")
        #expect(page.text == words.trimmed)
        // One that is nearly empty is not trusted to be all.
        #expect(try Self.read("<div>outer</div><main>inner</main>").text == "outer\n\ninner")
    }

    @Test(
        "what is never closed ends with the page",
        arguments: [
            "<p", "<p class='", "<script>x", "<!-- x", "<", "</", "<a href=\"x\">text", "<template>x", "<![CDATA[",
            "&#", "<title>x",
        ])
    func unclosed(_ html: String) throws {
        _ = try Self.read("before" + html)
        #expect(try Self.read("before" + html).text.hasPrefix("before"))
    }

    @Test(
        "hostile pages take time as their length, no more",
        arguments: [
            "<a ", "<a href='x", "<!--", "<script>", "&", "<div>", "</", "<p><a>", "<template>", "<a href=x>",
        ])
    func hostile(_ piece: String) throws {
        let html = String(repeating: piece, count: 50_000)
        let time = try ContinuousClock().measure { _ = try Self.read(html) }
        #expect(time < .seconds(200))
    }

    @Test("random pieces of markup never trap", arguments: 0..<10)
    func random(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let pieces = [
            "<", ">", "/", "a", "p", " ", "=", "\"", "'", "<a href=", "</a>", "<pre>", "</pre>", "&amp", ";", "<!--",
            "-->", "<script", "</script>", "<li>", "<td>", "é", "\n", "<main>", "</main>", "<nav>", "<title>", "text",
        ]
        for _ in 0..<200 {
            let html = (0..<60).map { _ in pieces.randomElement(using: &generator)! }.joined()
            _ = try Self.read(html)
        }
    }

    @Test(
        "names of hosts are what DNS knows",
        arguments: [
            ("Example.COM", "example.com"), ("example.com.", "example.com"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("BÜCHER.example", "xn--bcher-kva.example"), ("例え.テスト", "xn--r8jz45g.xn--zckzah"), ("a_b-c.x", "a_b-c.x"),
            ("президент.рф", "xn--d1abbgf6aiiy.xn--p1ai"),
        ])
    func hostNames(_ name: String, _ ascii: String) {
        #expect(HostName.ascii(name) == ascii)
    }
}
