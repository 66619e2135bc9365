// SPDX-License-Identifier: Apache-2.0

/// Use of a block, with its code of the national classification
/// (国土空间调查、规划、用途管制用地用海分类指南, 2023).
enum LandUse: Int, CaseIterable, Sendable {
    case housing, oldHousing, government, culture, school, hospital, commerce, business, industry, logistics, utility
    case park, square, village, green

    var code: String {
        switch self {
        case .housing, .oldHousing: "0701"
        case .government: "0801"
        case .culture: "0803"
        case .school: "0804"
        case .hospital: "0806"
        case .commerce: "0901"
        case .business: "0902"
        case .industry: "1001"
        case .logistics: "1101"
        case .utility: "1309"
        case .park: "1401"
        case .green: "1402"
        case .square: "1403"
        case .village: "0703"
        }
    }

    var title: String {
        switch self {
        case .housing, .oldHousing: "城镇住宅用地"
        case .government: "机关团体用地"
        case .culture: "文化用地"
        case .school: "教育用地"
        case .hospital: "医疗卫生用地"
        case .commerce: "商业用地"
        case .business: "商务金融用地"
        case .industry: "工业用地"
        case .logistics: "物流仓储用地"
        case .utility: "环卫与消防用地"
        case .park: "公园绿地"
        case .green: "防护绿地"
        case .square: "广场用地"
        case .village: "农村宅基地"
        }
    }

    /// 用途 of the buildings on it.
    var building: String {
        switch self {
        case .housing, .oldHousing: "住宅"
        case .government: "办公"
        case .culture: "文化"
        case .school: "教育"
        case .hospital: "医疗"
        case .commerce: "商业"
        case .business: "商务"
        case .industry: "工业"
        case .logistics: "仓储"
        case .utility: "市政"
        case .village: "农宅"
        case .park, .green, .square: "其他"
        }
    }

    var isOpen: Bool { self == .park || self == .green || self == .square }

    /// What blocks of a zone are used for, by weight.
    static func mix(_ zone: Zone) -> [(LandUse, Double)] {
        switch zone {
        case .oldTown:
            [
                (.oldHousing, 74), (.commerce, 12), (.culture, 3), (.school, 4), (.government, 3), (.square, 2),
                (.park, 2),
            ]
        case .center:
            [
                (.business, 32), (.commerce, 26), (.housing, 22), (.government, 6), (.hospital, 3), (.culture, 3),
                (.square, 4), (.park, 4),
            ]
        case .newTown:
            [
                (.housing, 58), (.business, 12), (.commerce, 10), (.school, 6), (.park, 8), (.hospital, 1.5),
                (.utility, 1.5), (.culture, 3),
            ]
        case .residential:
            [
                (.housing, 70), (.commerce, 9), (.school, 7), (.park, 5), (.hospital, 2), (.government, 3),
                (.utility, 2), (.green, 2),
            ]
        case .industrial: [(.industry, 76), (.logistics, 13), (.green, 5), (.utility, 3), (.business, 3)]
        case .campus: [(.school, 80), (.park, 12), (.culture, 8)]
        case .park: [(.park, 1)]
        default: [(.green, 1)]
        }
    }
}
