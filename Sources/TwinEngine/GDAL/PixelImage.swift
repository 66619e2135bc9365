// SPDX-License-Identifier: Apache-2.0
import CGDAL
import Foundation

/// An image of 8 bits a channel, in memory, decoded by GDAL.
struct PixelImage {
    /// Most pixels of one image.
    private static let pixelLimit = 64_000_000

    let width: Int
    let height: Int
    let channels: Int
    /// Row by row from the top, the channels of a pixel beside each other.
    let bytes: [UInt8]

    /// Decodes a PNG, JPEG or WebP.
    ///
    /// - Returns: nil if GDAL cannot read it, it has a palette or other than 8 bits a channel, or more than 64 million
    ///   pixels.
    init?(_ encoded: [UInt8]) {
        _ = GDALLibrary.ready
        var encoded = encoded
        let name = "/vsimem/\(UUID().uuidString)"
        let messages = GDALMessages()
        var loaded: PixelImage?
        messages.collecting {
            unsafe encoded.withUnsafeMutableBufferPointer { buffer in
                // Safe: the file in memory is closed and unlinked before the buffer's scope ends; GDAL does not own it.
                guard let base = buffer.baseAddress,
                    let file = unsafe VSIFileFromMemBuffer(name, base, UInt64(buffer.count), 0)
                else { return }
                _ = unsafe VSIFCloseL(file)
                // Safe: a path without an owner of its own.
                defer { _ = unsafe VSIUnlink(name) }
                // Safe: the handle is used and closed here only.
                guard let dataset = unsafe GDALOpen(name, GA_ReadOnly) else { return }
                defer { _ = unsafe GDALClose(dataset) }
                loaded = unsafe PixelImage(dataset)
            }
        }
        guard let loaded else { return nil }
        self = loaded
    }

    private init?(_ dataset: GDALDatasetH) {
        // Safe: the caller's handle is open.
        let (width, height, channels) = unsafe (
            Int(GDALGetRasterXSize(dataset)), Int(GDALGetRasterYSize(dataset)), Int(GDALGetRasterCount(dataset))
        )
        guard width > 0, height > 0, (1...4).contains(channels), width * height <= Self.pixelLimit else { return nil }
        for number in 1...channels {
            // Safe: bands of an open dataset, numbered from 1.
            guard let band = unsafe GDALGetRasterBand(dataset, Int32(number)),
                unsafe GDALGetRasterDataType(band) == GDT_Byte, unsafe GDALGetRasterColorTable(band) == nil
            else { return nil }
        }
        var status = CE_None
        // Safe: GDAL writes exactly width x height x channels bytes into the buffer of that capacity.
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: width * height * channels) { buffer, count in
            unsafe status = GDALDatasetRasterIO(
                dataset, GF_Read, 0, 0, Int32(width), Int32(height), buffer.baseAddress, Int32(width), Int32(height),
                GDT_Byte, Int32(channels), nil, Int32(channels), Int32(channels * width), 1)
            count = status == CE_None ? width * height * channels : 0
        }
        guard status == CE_None else { return nil }
        (self.width, self.height, self.channels, self.bytes) = (width, height, channels, bytes)
    }

    /// The different values of one to four channels, the first in the lowest byte; nil for a channel that is not there.
    ///
    /// Grey images answer for red, green and blue. O(pixels).
    func values(_ wanted: [Int]) -> Set<UInt32>? {
        let places = wanted.map { channel in
            channels > 2 ? channel : channel < 3 ? 0 : 1
        }
        guard !places.isEmpty, places.count <= 4, places.allSatisfy({ $0 < channels }) else { return nil }
        var found: Set<UInt32> = []
        var last: UInt32?
        for pixel in 0..<(width * height) {
            var value: UInt32 = 0
            for (index, place) in places.enumerated() {
                value |= UInt32(bytes[pixel * channels + place]) << UInt32(8 * index)
            }
            if value != last { found.insert(value) }
            last = value
        }
        return found
    }
}
