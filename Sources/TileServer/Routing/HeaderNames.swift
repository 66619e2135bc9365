// SPDX-License-Identifier: Apache-2.0
import HTTPTypes

extension HTTPFields {
    /// `Content-Crs`: the coordinate system of a GeoJSON answer (OGC 17-069r4 §7.15.5).
    var contentCRS: String? {
        get { Self.contentCRSName.flatMap { self[$0] } }
        set { if let name = Self.contentCRSName { self[name] = newValue } }
    }

    /// `X-Forwarded-Proto`: the scheme that the client used, as a proxy in front of the server reports it.
    var forwardedScheme: String? {
        Self.forwardedName.flatMap { self[$0] }
    }

    /// `Accept-Patch` (RFC 5789 §3.1).
    static let acceptPatch = HTTPField.Name("Accept-Patch")

    private static let contentCRSName = HTTPField.Name("Content-Crs")
    private static let forwardedName = HTTPField.Name("X-Forwarded-Proto")

    /// `Prefer`: what a client would like (RFC 7240).
    var prefer: String? {
        Self.preferName.flatMap { self[$0] }
    }

    /// `Preference-Applied`: which of that was done.
    var preferenceApplied: String? {
        get { Self.preferenceAppliedName.flatMap { self[$0] } }
        set { if let name = Self.preferenceAppliedName { self[name] = newValue } }
    }

    private static let preferName = HTTPField.Name("Prefer")
    private static let preferenceAppliedName = HTTPField.Name("Preference-Applied")
}
