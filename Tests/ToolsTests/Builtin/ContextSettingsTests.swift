import JSON
import Sandbox
import Testing

@testable import Tools

@Suite("context_settings")
struct ContextSettingsTests {
    @Test(
        "settings written for the original framework load unchanged",
        arguments: [
            (#"{"allowed_base_path": ".", "security_level": "developer"}"#, ".", nil, .standard),
            (
                #"{"allowed_base_path": "./data", "max_operations": "50", "security_level": "analyst"}"#, "./data", 50,
                .standard
            ),
            (#"{"max_operations": "100", "security_level": "researcher"}"#, nil, 100, .standard),
            (
                #"{"workingdir": null, "security_level": "filesystem_restricted", "max_operations": 50}"#, nil, 50,
                .standard
            ),
            (#"{"workingdir": "/srv/x", "security_level": "restricted"}"#, "/srv/x", nil, .strict),
            ("{}", nil, nil, .standard),
        ] as [(String, String?, Int?, SecurityLevel)])
    func original(text: String, path: String?, operations: Int?, level: SecurityLevel) throws {
        let context = try ToolExecutionContext(settings: JSONValue(parsing: text))
        #expect(context.allowedBasePath == path)
        #expect(context.maximumOperations == operations)
        #expect(context.securityLevel == level)
    }

    @Test("a level sets what is not given, and nothing else")
    func levels() throws {
        let strict = try ToolExecutionContext(settings: ["security_level": "strict"])
        #expect(strict.commands.allowed == [] && !strict.commands.shell && !strict.network.commands)
        #expect(strict.isolation == IsolationPolicy(.namespaces, required: true))
        let standard = ToolExecutionContext()
        #expect(standard.commands.allowed == nil && !standard.commands.shell && !standard.network.commands)
        #expect(standard.isolation == IsolationPolicy(.landlock, required: true))
        let permissive = try ToolExecutionContext(settings: ["security_level": "permissive", "network": "none"])
        #expect(permissive.commands.shell && !permissive.network.commands && !permissive.network.web)
        #expect(!permissive.isolation.required)
        let mixed = try ToolExecutionContext(settings: ["security_level": "strict", "commands": ["ls", "git"]])
        #expect(mixed.commands.allowed == ["ls", "git"] && mixed.isolation.required)
    }

    @Test("every field is read, as itself or as a string")
    func fields() throws {
        let context = try ToolExecutionContext(
            settings: JSONValue(
                parsing: """
                    {"allowed_base_path": "/srv/x", "max_operations": "7", "isolation": {"level": "landlock", "required": "false"},
                     "network": {"web": "true", "allow_hosts": ["*.example.com"], "intranet": "10.0.0.0/8, wiki.corp",
                                 "ports": [443, 8443], "commands": true},
                     "commands": {"allow": ["ls"], "shell": "true", "read_paths": ["/opt/swift"], "environment": {"A": "b"},
                                  "timeout": "5", "max_timeout": 9, "cpu_seconds": 1, "memory_mb": "2", "file_mb": 3,
                                  "open_files": 4, "processes": 5}}
                    """))
        #expect(context.isolation == IsolationPolicy(.landlock, required: false))
        #expect(
            context.network
                == NetworkPolicy(
                    allowedHosts: ["*.example.com"], intranet: ["10.0.0.0/8", "wiki.corp"], ports: [443, 8443],
                    commands: true))
        #expect(
            context.commands
                == CommandPolicy(
                    allowed: ["ls"], shell: true, readablePaths: ["/opt/swift"], environment: ["A": "b"],
                    timeout: .seconds(5), maximumTimeout: .seconds(9),
                    limits: ResourceLimits(
                        cpuSeconds: 1, memoryMegabytes: 2, fileMegabytes: 3, openFiles: 4, processes: 5)))
    }

    @Test(
        "a mistake names the field, and what was probably meant",
        arguments: [
            (#"{"allowed_base_pth": "."}"#, "did you mean \"allowed_base_path\""),
            (#"{"security_level": "strickt"}"#, "did you mean \"strict\""),
            (#"{"security_level": "whatever"}"#, "strict, standard, permissive"),
            (#"{"max_operations": "many"}"#, "context_settings.max_operations"),
            (#"{"max_operations": 0}"#, "from 1"), (#"{"allowed_base_path": ""}"#, "path of a folder"),
            (#"{"allowed_base_path": 7}"#, "path of a folder"),
            (#"{"allowed_base_path": "//"}"#, "root of the file system"),
            (#"{"allowed_base_path": "a", "workingdir": "b"}"#, "both"),
            (#"{"isolation": "docker"}"#, "none, landlock or namespaces"),
            (#"{"isolation": {"requred": true}}"#, "did you mean \"required\""),
            (#"{"network": {"allowed_hosts": []}}"#, "did you mean \"allow_hosts\""),
            (#"{"network": "off"}"#, "none"), (#"{"network": {"ports": ["a"]}}"#, "1 to 65535"),
            (#"{"commands": {"shel": true}}"#, "did you mean \"shell\""),
            (#"{"commands": {"read_paths": ["opt"]}}"#, "absolute"), (#"{"commands": [1]}"#, "strings"),
            (#"{"commands": {"environment": {"A=B": "c"}}}"#, "A=B"), ("[]", "must be an object"),
        ])
    func mistakes(text: String, words: String) throws {
        let error = #expect(throws: ContextSettingsError.self) {
            try ToolExecutionContext(settings: JSONValue(parsing: text))
        }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }
}
