internal import CZlib

/// Unpacks gzip and zlib piece by piece, never more than is wanted of it: a small body may unpack to gigabytes.
final class Inflater {
    struct Broken: Error {}

    // zlib remembers the address of its stream.
    private let stream: UnsafeMutablePointer<z_stream>
    private var isAtEnd = false

    /// Nil when there is no memory for it.
    init?() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // The largest window, and 32 for either format.
        guard inflateInit2_(stream, 15 + 32, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            stream.deallocate()
            return nil
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Adds what a piece unpacks to, up to a limit of the whole. Throws `Broken` for what is not packed so.
    func inflate(_ piece: some Collection<UInt8>, into output: inout [UInt8], limit: Int) throws {
        guard !isAtEnd else { return }
        var piece = Array(piece)
        var room = [UInt8](repeating: 0, count: 64 << 10)
        try piece.withUnsafeMutableBufferPointer { piece in
            stream.pointee.next_in = piece.baseAddress
            stream.pointee.avail_in = UInt32(piece.count)
            repeat {
                let status = room.withUnsafeMutableBufferPointer { room in
                    stream.pointee.next_out = room.baseAddress
                    stream.pointee.avail_out = UInt32(room.count)
                    return CZlib.inflate(stream, Z_NO_FLUSH)
                }
                guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else { throw Broken() }
                isAtEnd = status == Z_STREAM_END
                output += room.prefix(min(room.count - Int(stream.pointee.avail_out), limit - output.count))
            } while !isAtEnd && output.count < limit && stream.pointee.avail_out == 0
            stream.pointee.next_in = nil
        }
    }
}
