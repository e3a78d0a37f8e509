/// Parameters in the form that libpq takes.
struct EncodedParameters {
    private(set) var types: [UInt32] = []
    private var buffer = PostgresBuffer()
    /// Where each value starts in `buffer`, or -1 for null.
    private var offsets: [Int] = []
    private var lengths: [Int32] = []

    init(_ parameters: [any PostgresEncodable]) throws(PostgresError) {
        guard parameters.count <= Int(UInt16.max) else {
            throw PostgresError(.invalidValue, "\(parameters.count) parameters; a statement takes at most 65535")
        }
        guard !parameters.isEmpty else { return }
        types.reserveCapacity(parameters.count)
        offsets.reserveCapacity(parameters.count)
        lengths.reserveCapacity(parameters.count)
        buffer.bytes.reserveCapacity(parameters.count * 16)
        for (index, parameter) in parameters.enumerated() {
            do {
                try append(parameter)
            } catch {
                throw PostgresError(error.code, "parameter $\(index + 1): \(error.message)")
            }
        }
        // An empty value needs an address too, because a null pointer means null.
        buffer.bytes.append(0)
    }

    private mutating func append<Value: PostgresEncodable>(_ value: Value) throws(PostgresError) {
        types.append(Value.postgresType.oid)
        guard !value.isPostgresNull else {
            offsets.append(-1)
            lengths.append(0)
            return
        }
        let start = buffer.bytes.count
        try value.encode(into: &buffer)
        offsets.append(start)
        lengths.append(Int32(buffer.bytes.count - start))
    }

    /// Lends the count, and per parameter the type, the value, its length and its format.
    func withPointers(
        _ body: (
            Int32, UnsafePointer<UInt32>?, UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?,
            UnsafePointer<Int32>?
        ) -> Int32
    ) -> Int32 {
        guard !types.isEmpty else { return body(0, nil, nil, nil, nil) }
        return buffer.bytes.withUnsafeBytes { bytes in
            withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: offsets.count) { values in
                withUnsafeTemporaryAllocation(of: Int32.self, capacity: offsets.count) { formats in
                    for (index, offset) in offsets.enumerated() {
                        let value = offset < 0 ? nil : (bytes.baseAddress! + offset).assumingMemoryBound(to: CChar.self)
                        values.initializeElement(at: index, to: value)
                        formats.initializeElement(at: index, to: 1)
                    }
                    return body(Int32(types.count), types, values.baseAddress, lengths, formats.baseAddress)
                }
            }
        }
    }
}
