// SPDX-License-Identifier: Apache-2.0
import Spatial

enum PolygonCheck {
    enum Outcome {
        case valid
        case repaired(String)
        case unusable(String)
    }

    static func check(_ geometry: inout FlatCoordinates, repairs: Bool) throws(SpatialError) -> Outcome {
        .valid
    }
}
