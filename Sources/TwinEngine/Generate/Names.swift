// SPDX-License-Identifier: Apache-2.0

/// Words that streets, estates and institutions are named with.
enum Names {
    static let rows = [
        "滨海大道", "海尔大道", "杭州路", "福州路", "广州路", "兰州路", "郑州路", "北京路", "扬州路", "苏州路", "泉州路", "温州路",
        "徐州路", "常州路", "湖州路", "赣州路", "柳州路", "惠州路", "沧州路", "德州路", "青州路", "登州路", "莱州路", "宁波路", "厦门路",
        "长沙路", "西安路", "成都路", "昆明路", "贵阳路", "南宁路", "海口路", "太原路", "银川路", "西宁路", "拉萨路",
    ]
    static let columns = [
        "胶州路", "常熟街", "阜安街", "三里河街", "云溪大道", "澳门路", "香港路", "新城大道", "沽河街", "洋河街", "站前大道", "朝阳路",
        "和平路", "建设街", "文化街", "工农街", "友谊路", "光明街", "前进路", "振兴街", "胜利路", "团结街", "长江路", "黄河路", "珠江路",
        "淮河路", "海河路", "辽河路", "钱塘江路", "松花江路", "渭河路", "漓江路", "赤水河路", "嘉陵江路", "富春江路",
    ]
    static let locals = [
        "书院", "东关", "西关", "南门", "北坛", "学府", "栖霞", "梧桐", "桂花", "银杏", "紫薇", "海棠", "丁香", "玉兰", "榆林", "柳泉",
        "石桥", "龙泉", "凤鸣", "松涛", "望海", "听潮", "渔港", "盐滩", "麦香", "织布", "铸锅", "油坊", "钟楼", "鼓楼", "城隍", "孔庙",
    ]
    static let estates = [
        "阳光", "锦绣", "滨河", "海韵", "翡翠", "金色", "御景", "紫荆", "碧水", "世纪", "东方", "江南", "龙湖", "天泰", "福临", "华府",
        "桃源", "书香", "盛世", "和谐", "幸福", "丽景", "海岸", "云溪",
    ]
    static let estateEnds = ["花园", "小区", "家园", "名苑", "新城", "公馆", "雅居", "里"]
    static let villages = [
        "李家", "王家", "张家", "刘家", "赵家", "孙家", "周家", "于家", "姜家", "宋家", "匡家", "冷家", "高家", "法家", "纪家", "管家",
        "大沽河", "小麻湾", "前店口", "后屯", "东庵", "西祝", "南三里", "北辛置", "沙岭", "河头", "桥西", "塔埠",
    ]
    static let villageEnds = ["村", "庄", "屯", "疃", "埠"]
    static let industries = [
        "海丰机械", "胶东锻造", "宏达纺织", "鲁海食品", "云溪电子", "三利辣椒制品", "东方铁塔", "青特车桥", "恒昌化工", "海联物流",
        "蓝湾装备", "顺达包装", "金胶橡胶", "博信新材", "特锐电气", "华瑞制药",
    ]
    static let offices = ["国际", "金融", "海洋", "创新", "智慧", "中央", "滨海", "汇丰", "财富", "科创"]
    static let townships = [
        "阜安街道", "中云街道", "三里河街道", "云溪街道", "营海街道", "胶东街道", "胶北街道", "胶莱街道", "九龙街道", "铺集镇", "李哥庄镇",
        "里岔镇", "洋河镇", "马店镇", "张应镇", "杜村镇",
    ]

    /// Name of the street on lattice row `row`; the river parts east from west.
    static func row(_ row: Int, east: Bool) -> String {
        let name = rows[(row - 1 + rows.count) % rows.count]
        let series = (row - 1) / rows.count
        let number = series > 0 ? ["", "一", "二", "三", "四", "五"][min(series, 5)] : ""
        return name.hasSuffix("大道") ? name : name.dropLast() + number + (east ? "东路" : "西路")
    }

    static func column(_ column: Int) -> String {
        if column == 0 { return "滨河西路" }
        if column == 1 { return "滨河东路" }
        let index = column > 1 ? (column - 2) * 2 : -column * 2 - 1
        let series = index / columns.count
        let name = columns[index % columns.count]
        return series > 0 ? "\(["", "东", "西", "南", "北", "中"][min(series, 5)])\(name)" : name
    }

    static func local(_ random: inout PlanRandom, lane: Bool) -> String {
        random.pick(locals) + (lane ? random.pick(["巷", "胡同", "里"]) : random.pick(["街", "支路", "路"]))
    }

    static func estate(_ random: inout PlanRandom) -> String { random.pick(estates) + random.pick(estateEnds) }
    static func village(_ random: inout PlanRandom) -> String { random.pick(villages) + random.pick(villageEnds) }
}
