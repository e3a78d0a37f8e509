import Postgres
import Testing

@Suite("a configuration", .timeLimit(.minutes(30))) struct ConfigurationTests {
    @Test(
        "it never shows a password",
        arguments: [
            "host=db user=me password=s3cret dbname=x sslpassword=s3cret",
            "postgresql://me:s3cret@db:5433/x?sslmode=require",
            "postgres://me@db/x?password=s3cret",
            "host=db password='it''s s3cret",
            "postgresql://me:s3cret@with@signs:99999999/x",
            "password=s3cret hots=db",
        ])
    func redaction(dsn: String) async throws {
        let configuration = PostgresConfiguration(dsn: dsn)
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in [
            "\(configuration)", String(reflecting: configuration), String(describing: configuration), dumped,
        ] {
            #expect(!text.contains("s3cret"))
        }
    }

    @Test(
        "a connection string that cannot be read is refused without being quoted",
        arguments: [
            "host=db password='s3cret", "postgresql://me:s3/cret@db/x", "postgresql://me:12/s3cret@db/x",
            "pass=s3cret word",
        ])
    func unreadable(dsn: String) async throws {
        let error = try await postgresError {
            _ = try await PostgresConnection.connect(PostgresConfiguration(dsn: dsn))
        }
        #expect(error.code == .connectionFailed)
        #expect(!"\(error)".contains("s3"))
    }

    @Test("what is not secret is shown")
    func shown() {
        let configuration = PostgresConfiguration(dsn: "postgresql://me:s3cret@db:5433/x?sslmode=require")
        #expect("\(configuration)" == "dbname=x host=db port=5433 sslmode=require user=me")
        #expect("\(PostgresConfiguration(dsn: ""))" == "the PG* environment")
    }
}
