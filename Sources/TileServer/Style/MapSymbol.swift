// SPDX-License-Identifier: Apache-2.0
import Spatial
import TwinEngine

/// A small picture for points of a kind: street furniture (部件), valves, sensors, public services.
///
/// Drawn in a box of 24 x 24 units, y down, between 2 and 22.
struct MapSymbol: Sendable {
    enum Shape: Sendable {
        /// A stroke through `x, y` pairs.
        case line([Double])
        /// A closed stroke.
        case loop([Double])
        case ring(x: Double, y: Double, radius: Double)
        case disc(x: Double, y: Double, radius: Double)
        /// Part of a circle from one angle to another, degrees clockwise from east.
        case arc(x: Double, y: Double, radius: Double, from: Double, to: Double)
    }

    let name: String
    /// Words of a layer's id or English title that choose the symbol, singular.
    let words: [String]
    /// Parts of a Chinese title that choose it.
    let terms: [String]
    let shapes: [Shape]

    /// The symbol of a layer of points, by its id and titles; nil for other layers and unknown things.
    static func of(_ layer: LayerDefinition) -> MapSymbol? {
        guard layer.geometry == .point else { return nil }
        let words = Set("\(layer.id) \(layer.title.en)".lowercased().split { !$0.isLetter }.map(String.init))
        return all.first { symbol in
            symbol.words.contains { words.contains($0) || words.contains($0 + "s") || words.contains($0 + "es") }
                || symbol.terms.contains { layer.title.zh.contains($0) }
        }
    }

    /// All symbols; where several fit a layer, the first counts.
    static let all: [MapSymbol] = [
        MapSymbol(
            name: "hydrant", words: ["hydrant"], terms: ["消火栓", "消防栓"],
            shapes: [
                .line([8, 21, 16, 21]), .line([9.5, 21, 9.5, 9]), .line([14.5, 21, 14.5, 9]), .line([7, 9, 17, 9]),
                .arc(x: 12, y: 8.5, radius: 3, from: 180, to: 360), .line([5, 13, 9, 13]), .line([15, 13, 19, 13]),
                .line([12, 5, 12, 3]),
            ]),
        MapSymbol(
            name: "valve", words: ["valve"], terms: ["阀"],
            shapes: [
                .loop([3, 10, 3, 20, 21, 10, 21, 20]), .line([12, 15, 12, 6]), .line([8, 5, 16, 5]),
            ]),
        MapSymbol(
            name: "manhole", words: ["manhole", "cover", "well"], terms: ["井盖", "检查井", "井"],
            shapes: [
                .ring(x: 12, y: 12, radius: 9), .line([8, 9, 16, 9]), .line([7, 12, 17, 12]), .line([8, 15, 16, 15]),
            ]),
        MapSymbol(
            name: "camera", words: ["camera", "cctv", "video"], terms: ["摄像", "监控", "视频"],
            shapes: [.loop([3, 9, 15, 5, 17, 10, 5, 14]), .line([18, 8, 21, 7]), .line([8, 13.5, 8, 19, 3.5, 19])]),
        MapSymbol(
            name: "lamp", words: ["lamp", "light", "streetlight"], terms: ["路灯", "照明"],
            shapes: [
                .line([6, 21, 12, 21]), .line([9, 21, 9, 7]), .arc(x: 13, y: 7, radius: 4, from: 180, to: 330),
                .loop([13.5, 10, 20.5, 10, 18.5, 6.5, 15.5, 6.5]),
            ]),
        MapSymbol(
            name: "traffic-light", words: ["signal"], terms: ["信号灯", "红绿灯"],
            shapes: [
                .loop([7.5, 3, 16.5, 3, 16.5, 21, 7.5, 21]), .disc(x: 12, y: 7.3, radius: 1.8),
                .disc(x: 12, y: 12, radius: 1.8), .disc(x: 12, y: 16.7, radius: 1.8),
            ]),
        MapSymbol(
            name: "sensor", words: ["sensor", "station_iot", "terminal", "monitor"], terms: ["传感", "感知", "监测"],
            shapes: [
                .disc(x: 12, y: 12, radius: 2.6), .arc(x: 12, y: 12, radius: 5.6, from: -50, to: 50),
                .arc(x: 12, y: 12, radius: 5.6, from: 130, to: 230), .arc(x: 12, y: 12, radius: 9.3, from: -50, to: 50),
                .arc(x: 12, y: 12, radius: 9.3, from: 130, to: 230),
            ]),
        MapSymbol(
            name: "fire-station", words: ["fire", "firehouse"], terms: ["消防"],
            shapes: [
                .loop([12, 3, 16, 8, 18, 13, 17, 18, 12, 21, 7, 18, 6, 13, 9, 10]), .line([12, 20, 10.5, 17, 12, 13]),
            ]),
        MapSymbol(
            name: "hospital", words: ["hospital", "clinic"], terms: ["医院", "卫生", "诊所"],
            shapes: [
                .loop([
                    9.5, 3, 14.5, 3, 14.5, 9.5, 21, 9.5, 21, 14.5, 14.5, 14.5, 14.5, 21, 9.5, 21, 9.5, 14.5, 3, 14.5, 3,
                    9.5, 9.5, 9.5,
                ])
            ]),
        MapSymbol(
            name: "school", words: ["school", "kindergarten", "university", "college"],
            terms: ["学校", "小学", "中学", "幼儿园", "大学"],
            shapes: [
                .loop([2.5, 9, 12, 4.5, 21.5, 9, 12, 13.5]),
                .line([6.5, 11.5, 6.5, 17, 12, 19.5, 17.5, 17, 17.5, 11.5]),
                .line([21, 9.5, 21, 15]),
            ]),
        MapSymbol(
            name: "police", words: ["police"], terms: ["派出所", "公安", "警"],
            shapes: [
                .loop([12, 2.5, 20, 5.5, 20, 12, 17, 18, 12, 21.5, 7, 18, 4, 12, 4, 5.5]),
                .line([8.5, 11.5, 11, 14.5, 15.5, 8.5]),
            ]),
        MapSymbol(
            name: "shelter", words: ["shelter"], terms: ["避难", "避险"],
            shapes: [.loop([3, 20, 12, 4, 21, 20]), .line([12, 20, 12, 13])]),
        MapSymbol(
            name: "bus-stop", words: ["bus"], terms: ["公交"],
            shapes: [
                .loop([4.5, 3.5, 19.5, 3.5, 19.5, 17.5, 4.5, 17.5]), .line([4.5, 11.5, 19.5, 11.5]),
                .disc(x: 8, y: 14.5, radius: 1.3), .disc(x: 16, y: 14.5, radius: 1.3), .line([7.5, 18, 7.5, 21]),
                .line([16.5, 18, 16.5, 21]),
            ]),
        MapSymbol(
            name: "metro", words: ["metro", "subway"], terms: ["地铁", "轨道"],
            shapes: [.ring(x: 12, y: 12, radius: 9.3), .line([7.5, 17, 7.5, 8, 12, 14, 16.5, 8, 16.5, 17])]),
        MapSymbol(
            name: "parking", words: ["parking"], terms: ["停车"],
            shapes: [
                .line([8, 21, 8, 4, 13, 4]), .arc(x: 13, y: 8.5, radius: 4.5, from: -90, to: 90),
                .line([13, 13, 8, 13]),
            ]),
        MapSymbol(
            name: "tree", words: ["tree"], terms: ["树"],
            shapes: [.ring(x: 12, y: 9, radius: 6.2), .line([12, 21, 12, 9]), .line([12, 14, 14.5, 11.5])]),
        MapSymbol(
            name: "bin", words: ["bin", "litter", "garbage", "waste"], terms: ["垃圾", "废物"],
            shapes: [
                .line([4, 6.5, 20, 6.5]), .line([9.5, 6, 9.5, 3.5, 14.5, 3.5, 14.5, 6]),
                .loop([6, 7, 18, 7, 16.8, 21, 7.2, 21]), .line([10, 11, 10.4, 17]), .line([14, 11, 13.6, 17]),
            ]),
        MapSymbol(
            name: "cabinet", words: ["cabinet", "box", "substation", "transformer"], terms: ["交接箱", "配电", "箱", "变电"],
            shapes: [.loop([5, 3.5, 19, 3.5, 19, 20.5, 5, 20.5]), .line([13, 6.5, 9.5, 12.5, 14.5, 12, 11, 18])]),
        MapSymbol(
            name: "pole", words: ["pole", "post", "pylon"], terms: ["杆"],
            shapes: [
                .line([12, 21.5, 12, 3]), .line([5, 6.5, 19, 6.5]), .line([7, 11, 17, 11]), .line([5, 4.5, 5, 6.5]),
                .line([19, 4.5, 19, 6.5]),
            ]),
        MapSymbol(
            name: "pump", words: ["pump", "drain", "gully", "inlet"], terms: ["泵", "雨水", "排水"],
            shapes: [.loop([12, 2.5, 16, 8.5, 18.3, 13.5, 16.8, 18.5, 12, 21, 7.2, 18.5, 5.7, 13.5, 8, 8.5])]),
        MapSymbol(
            name: "gas", words: ["gas", "fuel", "petrol"], terms: ["燃气", "加油"],
            shapes: [
                .loop([5, 3.5, 13.5, 3.5, 13.5, 20.5, 5, 20.5]), .line([5, 10, 13.5, 10]),
                .line([3, 20.5, 15.5, 20.5]),
                .line([13.5, 12.5, 17, 12.5, 17, 17.5, 20, 17.5, 20, 8.5, 17, 5.5]),
            ]),
        MapSymbol(
            name: "toilet", words: ["toilet"], terms: ["公厕", "厕所"],
            shapes: [
                .disc(x: 7, y: 5, radius: 2), .loop([7, 9, 10, 16, 4, 16]), .line([7, 16, 7, 21]),
                .disc(x: 17, y: 5, radius: 2), .loop([14.8, 9, 19.2, 9, 19.2, 15, 14.8, 15]), .line([17, 15, 17, 21]),
            ]),
        MapSymbol(
            name: "market", words: ["shop", "market", "store"], terms: ["商店", "市场", "超市"],
            shapes: [
                .line([3, 9.5, 5.5, 4, 18.5, 4, 21, 9.5, 3, 9.5]), .line([5, 10, 5, 20.5, 19, 20.5, 19, 10]),
                .line([10, 20.5, 10, 14.5, 14, 14.5, 14, 20.5]),
            ]),
        MapSymbol(
            name: "component", words: ["component", "furniture"], terms: ["部件"],
            shapes: [
                .loop([12, 3, 19.8, 7.5, 19.8, 16.5, 12, 21, 4.2, 16.5, 4.2, 7.5]), .ring(x: 12, y: 12, radius: 3.2),
            ]),
    ]
}
