import Postgres
import Queue
import Testing
import Worker

@testable import Kinds

@Suite("arguments")
struct ArgumentTests {
    @Test(
        "a mistake in a command's arguments fails for good and names the field",
        arguments: [
            (#"[]"#, "must be a JSON object"),
            (#"{}"#, "\"argv\""),
            (#"{"argv": []}"#, "\"argv\""),
            (#"{"argv": "ls -l"}"#, "must be an array"),
            (#"{"argv": ["sleep", null]}"#, "element 1 is null"),
            (#"{"argv": ["ls"], "dir": "/"}"#, "no argument \"dir\""),
            (#"{"arvg": ["ls"]}"#, "did you mean \"argv\""),
            (#"{"argv": ["ls"], "Env": {}}"#, "did you mean \"env\""),
            (#"{"argv": ["ls"], "output": "jason"}"#, "did you mean \"json\""),
            (#"{"argv": ["ls"], "max_output": 67108865}"#, "from 1 to 67108864"),
            (#"{"argv": ["ls"], "max_output": 1.5}"#, "whole number"),
            (#"{"argv": ["ls"], "success_codes": [256]}"#, "0 to 255"),
            (#"{"argv": ["ls"], "env": {"A=B": ""}}"#, "A=B"),
            (#"{"argv": ["ls"], "env": {"A": [1]}}"#, "\"A\" is an array"),
            (#"{"argv": ["ls"], "cwd": 1}"#, "must be a string"),
        ])
    func command(arguments: String, words: String) async throws {
        let error = await failure { try CommandArguments(Array(arguments.utf8)) }
        let failure = try #require((error as? PermanentFailure)?.failure)
        #expect(failure.reason == "arguments")
        #expect(failure.message.contains(words))
    }

    @Test("numbers and truth values count as they are written, as a template of a plan may have made them")
    func values() throws {
        let arguments = try CommandArguments(Array(#"{"argv": ["sleep", 5, 0.5, true], "env": {"A": 1}}"#.utf8))
        #expect(arguments.argv == ["sleep", "5", "0.5", "true"])
        #expect(arguments.environment == ["A": "1"])
    }

    @Test("null is as good as nothing")
    func null() throws {
        let arguments = try CommandArguments(Array(#"{"argv": ["ls"], "env": null, "cwd": null}"#.utf8))
        #expect(arguments.directory == nil)
    }

    @Test("a sleep takes milliseconds or seconds, one of them, up to a day")
    func sleep() async throws {
        #expect(try SleepArguments(Array(#"{"ms": 20}"#.utf8)).duration == .milliseconds(20))
        #expect(try SleepArguments(Array(#"{"seconds": 0.5}"#.utf8)).duration == .milliseconds(500))
        for wrong in [#"{}"#, #"{"ms": 1, "seconds": 1}"#, #"{"ms": -1}"#, #"{"seconds": 86401}"#, #"{"msec": 1}"#] {
            let error = await failure { try SleepArguments(Array(wrong.utf8)).duration }
            #expect((error as? PermanentFailure)?.failure.reason == "arguments", "\(wrong)")
        }
    }

    @Test("the document on standard input holds the task, its arguments as they are, its children and its needs")
    func input() throws {
        let task = ClaimedTask(
            claimID: 1, id: 12, parentID: nil, rootID: 10, attempt: 2, priority: 5, shard: 0,
            kind: "command", args: Array(#"{"n": 12345678901234567890.123}"#.utf8), policy: nil)
        let needs = #"""
            [{"id": 1, "name": "a", "kind": "noop", "is_subtask": true, "state": "completed", "output": {"x": 1}},
             {"id": 2, "kind": "noop", "is_subtask": false, "state": "failed", "error": {"message": "no"}}]
            """#
        let document = try CommandInput(task, needs: JSONCoding.decode(Array(needs.utf8))).bytes
        #expect(String(decoding: document, as: UTF8.self).contains("12345678901234567890.123"))
        let json = try JSONCoding.decode(document, as: JSONValue.self)
        #expect(json["task"] == ["id": 12, "attempt": 2, "root_id": 10, "kind": "command"])
        #expect(
            json["children"] == [
                ["id": 1, "name": "a", "kind": "noop", "is_subtask": true, "state": "completed", "output": ["x": 1]]
            ])
        guard case .array(let others) = json["needs"] else { throw TaskFailure("no needs") }
        #expect(others.count == 1 && others[0]["error"]?["message"] == "no")
    }
}
