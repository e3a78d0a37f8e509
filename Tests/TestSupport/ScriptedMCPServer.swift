internal import FoundationEssentials
internal import Glibc

/// An MCP server on standard input and output, in Python, that errs on demand: by the tool that is called.
///
/// It writes every line that it reads into a file, so that a test can look at what it was told.
public final class ScriptedMCPServer: Sendable {
    /// How it opens.
    public enum Era: String, Sendable, CaseIterable {
        case modern
        case legacy
        /// Legacy, and answers nothing before `initialize`.
        case silent
        /// Legacy, and ends at a request that it does not know.
        case fragile
        /// Takes the client for a modern one after an unanswered question.
        case slow
        /// Speaks revisions that do not exist yet.
        case future
        /// The same, by the handshake.
        case futureLegacy
    }

    /// What its list of tools is like.
    public enum Listing: String, Sendable {
        /// All of its tools on one page.
        case plain
        /// Three pages, with an empty text as the second cursor.
        case pages
        /// The second page leads to itself.
        case circle
        /// Every page leads to a new one.
        case endless
        /// The first cursor is refused once.
        case stale
        /// Tools that are none.
        case odd
    }

    private let file: String

    public init() {
        file = "/tmp/agentcorp-mcp-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
    }

    deinit { unlink(file) }

    /// The command that runs it.
    public func command(_ era: Era = .modern, _ listing: Listing = .plain) -> [String] {
        [Self.python, "-c", Self.program, era.rawValue, listing.rawValue, file]
    }

    /// The system's own first: others may look at an environment that the server does not get.
    private static let python = access("/usr/bin/python3", X_OK) == 0 ? "/usr/bin/python3" : "python3"

    /// All lines that it has read, over all of its lives.
    public var received: [String] {
        let bytes = FileManager.default.contents(atPath: file) ?? Data()
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    private static let program = #"""
        import json, os, signal, subprocess, sys, time

        era, listing, path = sys.argv[1:4]
        log = open(path, "a", buffering=1)
        held, state = [], {"stale": True, "version": 1, "locked": False}

        def raw(text):
            sys.stdout.write(text)
            sys.stdout.flush()

        def send(message):
            raw(json.dumps(message) + "\n")

        def result(id, value):
            send({"jsonrpc": "2.0", "id": id, "result": value})

        def error(id, code, message, data=None):
            send({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message, "data": data}})

        def text(id, value, **more):
            result(id, {"resultType": "complete", "content": [{"type": "text", "text": value}], **more})

        def read():
            line = sys.stdin.readline()
            if not line:
                sys.exit(0)
            log.write(line)
            return json.loads(line)

        def discover(id):
            if era == "modern" or era == "slow" and state["locked"]:
                result(id, {"resultType": "complete", "supportedVersions": ["2026-07-28"], "ttlMs": 0,
                            "capabilities": {"tools": {}}, "instructions": "be kind", "cacheScope": "private",
                            "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "scripted", "version": "1"}}})
            elif era == "future":
                error(id, -32022, "unsupported", {"supported": ["2030-01-01"]})
            elif era == "fragile":
                os._exit(3)
            elif era == "slow":
                state["locked"] = True
            elif era != "silent":
                error(id, -32601, "what?")

        def initialize(id):
            if era == "slow":
                return error(id, -32022, "too late", {"supported": ["2026-07-28"]})
            version = "2030-01-01" if era == "futureLegacy" else "2025-06-18"
            result(id, {"protocolVersion": version, "capabilities": {"tools": {"listChanged": True}},
                        "serverInfo": {"name": "scripted", "version": "1"}, "instructions": "be kind"})

        def tool(name, **more):
            return {"name": name, "description": "does " + name + " " + str(state["version"]),
                    "inputSchema": {"type": "object"}, **more}

        def tools(id, params):
            cursor = params.get("cursor")
            if listing == "plain":
                result(id, {"tools": [tool(name) for name in sorted(calls)], "ttlMs": 60000})
            elif listing == "pages":
                pages = {None: ("one", ""), "": ("two", "last"), "last": ("three", None)}
                name, following = pages[cursor]
                page = {"tools": [tool(name)]}
                if following is not None:
                    page["nextCursor"] = following
                result(id, page)
            elif listing == "circle":
                result(id, {"tools": [], "nextCursor": "again"})
            elif listing == "endless":
                result(id, {"tools": [], "nextCursor": str(int(cursor or 0) + 1)})
            elif listing == "stale":
                if cursor is None:
                    result(id, {"tools": [tool("one")], "nextCursor": "c"})
                elif state["stale"]:
                    state["stale"] = False
                    error(id, -32602, "unknown cursor")
                else:
                    result(id, {"tools": [tool("two")]})
            elif listing == "odd":
                deep = {}
                for _ in range(100):
                    deep = {"properties": {"a": deep}}
                result(id, {"tools": [
                    tool("good"), tool("good"), tool("has space"), tool(""), tool("x" * 129), {"name": "schemaless"},
                    tool("list", inputSchema={"type": "array"}), tool("deep", inputSchema={"type": "object", **deep}),
                    tool("large", inputSchema={"type": "object", "description": "x" * 300000}), "no tool",
                    tool("dotted.name")]})

        def echo(id, m):
            text(id, json.dumps(m["params"].get("arguments")))

        def meta(id, m):
            text(id, json.dumps(m["params"].get("_meta", {})))

        def failing(id, m):
            text(id, "no such city", isError=True)

        def refuse(id, m):
            error(id, -32602, "unknown tool")

        def strange(id, m):
            result(id, {"resultType": "hologram"})

        def contentless(id, m):
            result(id, {})

        def asking(id, m):
            if "inputResponses" in m["params"]:
                return text(id, json.dumps([m["params"]["inputResponses"], m["params"]["requestState"]]))
            result(id, {"resultType": "input_required", "requestState": "s1", "inputRequests": {
                "city": {"method": "elicitation/create", "params": {"message": "Which city?"}}}})

        def mixed(id, m):
            result(id, {"structuredContent": {"a": 1}, "content": [
                {"type": "text", "text": "one"}, {"type": "image", "data": "AAAA", "mimeType": "image/png"},
                {"type": "resource", "resource": {"uri": "file:///x", "text": "y"}},
                {"type": "resource", "resource": {"uri": "file:///z", "blob": "AAA="}},
                {"type": "resource_link", "uri": "file:///l", "name": "l"},
                {"type": "audio", "data": "AA==", "mimeType": "audio/wav"}, {"type": "smell", "of": "roses"}]})

        def garbage(id, m):
            raw("starting up...\n\n{\"jsonrpc\":\n[]\n42\nnull\n")
            os.write(1, b"\xff\xfe\n")
            result(999999, {"content": [{"type": "text", "text": "of another"}]})
            send({"jsonrpc": "2.0", "result": {"content": []}})
            error(None, -32700, "who knows")
            text(id, "right")
            text(id, "twice")

        def batch(id, m):
            send([{"jsonrpc": "2.0", "id": id, "result": {"content": [{"type": "text", "text": "in a batch"}]}}])

        def split(id, m):
            message = json.dumps({"jsonrpc": "2.0", "id": id, "result": {"content": [{"type": "text", "text": "\u00e9"}]}},
                                 ensure_ascii=False).encode() + b"\r\n"
            for byte in message:
                os.write(1, bytes([byte]))

        def silence(id, m):
            pass

        def hold(id, m):
            held.append(id)

        def release(id, m):
            for other in held:
                text(other, "late")
            text(id, "in time")

        def oversized(id, m):
            raw('{"jsonrpc": "2.0", "id": %d, "result": {"x": "%s"}}\n' % (id, "x" * 200000))

        def crash(id, m):
            sys.stderr.write("something is very wrong\nsecret-of-the-server\n")
            sys.stderr.flush()
            os._exit(7)

        def progress(id, m):
            token = m["params"]["_meta"]["progressToken"]
            for step in (1, 2):
                send({"jsonrpc": "2.0", "method": "notifications/progress",
                      "params": {"progressToken": token, "progress": step, "total": 2, "message": "step"}})
            send({"jsonrpc": "2.0", "method": "notifications/progress",
                  "params": {"progressToken": "of another", "progress": 1}})
            text(id, "done")

        def reverse(id, m):
            send({"jsonrpc": "2.0", "id": "p", "method": "ping"})
            send({"jsonrpc": "2.0", "id": "q", "method": "sampling/createMessage", "params": {}})
            text(id, json.dumps([read(), read()]) if era != "modern" else "asked")

        def change(id, m):
            state["version"] += 1
            send({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"})
            text(id, "changed")

        def environment(id, m):
            text(id, json.dumps({"variables": dict(os.environ), "leads": os.getsid(0) == os.getpid(), "pid": os.getpid(),
                                 "directory": os.getcwd()}))

        def deaf(id, m):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            child = subprocess.Popen(["sleep", "1000"])
            text(id, json.dumps([os.getpid(), child.pid]))
            while True:
                time.sleep(1000)

        def close(id, m):
            os.close(1)

        calls = {f.__name__: f for f in (
            echo, meta, failing, refuse, strange, contentless, asking, mixed, garbage, batch, split, silence, hold,
            release, oversized, crash, progress, reverse, change, environment, deaf, close)}

        while True:
            m = read()
            id, method, params = m.get("id"), m.get("method"), m.get("params") or {}
            if method is None or id is None:
                continue
            if method == "server/discover":
                discover(id)
            elif method == "initialize":
                initialize(id)
            elif method == "tools/list":
                tools(id, params)
            elif method == "tools/call":
                calls[params["name"]](id, m)
            else:
                error(id, -32601, "what?")
        """#
}
