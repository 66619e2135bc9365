// SPDX-License-Identifier: Apache-2.0
// The words of the 3D tools and the planner's panel: [Chinese, English].

export const TOOL_WORDS = {
  tools3d: ["三维工具", "3D tools"], tool_measure: ["量测", "Measure"], tool_colour: ["着色", "Colour"], tool_sun: ["日照", "Sunlight"], tool_cut: ["剖切", "Cut away"],
  measure_length: ["距离", "Length"], measure_area: ["面积", "Area"], measure_height: ["高度", "Height"],
  measureHint: ["点击场景加点，双击或回车结束，退格撤销一点", "Click to add points; double-click or Enter ends, Backspace takes one back"],
  measureHintTwo: ["点击起点（如地面），再点击终点（如屋顶）", "Click the start (the ground), then the end (a roof)"],
  measureFlat: ["水平距离", "Level distance"], measureSlope: ["空间距离", "Slope distance"], measureRise: ["高差", "Height difference"],
  measureArea: ["椭球面积", "Ellipsoidal area"], measureAround: ["周长", "Perimeter"], measureMiddle: ["在画面中心加点", "Point at the centre"],
  measureDone: ["结束", "Finish"], measureNote: ["水平距离与面积按 WGS 84 椭球面计算；高度自地面起算。", "Level distances and areas are ellipsoidal (WGS 84); heights are above the ground."],
  sunOn: ["显示日照与阴影", "Sunlight and shadows"], sunDate: ["日期", "Date"], sunTime: ["时刻", "Time"], sunZone: ["时区", "Time zone"],
  sunSpring: ["春分", "Equinox"], sunSummer: ["夏至", "Midsummer"], sunCold: ["大寒", "20 January"], sunWinter: ["冬至", "Midwinter"],
  sunAt: ["太阳高度角 {0}°，方位角 {1}°", "Sun {0}° high, azimuth {1}°"], sunDown: ["太阳在地平线以下", "The sun is below the horizon"],
  sunNote: ["阴影显示到视点外 {0} 米；未计大气折射。", "Shadows are drawn up to {0} m from the eye; no refraction."],
  sunUnder: ["地下视图不显示阴影。", "The underground view has no shadows."],
  cutNone: ["不剖切", "Off"], cutPit: ["开挖", "Pit"], cutKeep: ["只看盒内", "Only inside"], cut_wide: ["东西宽", "Width"], cut_long: ["南北长", "Length"],
  cut_deep: ["深度", "Depth"], cut_turn: ["旋转", "Turn"], cutHere: ["移到画面中心", "Move to the centre"], cutDepth: ["深 {0} m", "{0} m deep"],
  cutNote: ["开挖去掉盒内的地面与建筑，露出管线。", "A pit takes ground and buildings away and bares the pipes."],
  code: ["永久编码", "Code"],
  depthHere: ["埋深 {0} m", "{0} m below ground"], depthRow: ["此处埋深", "Depth here"],
};
