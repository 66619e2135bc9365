// SPDX-License-Identifier: Apache-2.0
// Every word of the page in Chinese and English. Data brings its own titles ({zh, en}).

import { TOOL_WORDS } from "./words.js";

const WORDS = {
  product: ["基准一张图", "City base map"],
  view2d: ["2D 平面", "2D"], view25d: ["2.5D 倾斜", "2.5D"], view3d: ["3D 三维", "3D"], viewUnder: ["地下", "Underground"],
  viewLabel: ["视图", "View"], language: ["语言", "Language"], theme: ["明暗底图", "Light or dark base map"],
  search: ["名称、编码、地址或经度,纬度", "Name, code or lon,lat"], searchGo: ["定位", "Go"],
  searchNone: ["没有找到", "Nothing found"], outside: ["坐标不在城市范围内", "Outside the city's extent"],
  toggleLeft: ["图层面板", "Layer panel"], toggleRight: ["信息面板", "Information panel"],
  layers: ["图层", "Layers"], layersOn: ["{0}/{1} 显示", "{0} of {1} shown"], filterLayers: ["筛选图层或部门", "Filter layers or departments"],
  legend: ["图例", "Legend"],
  noLayer: ["没有匹配的图层", "No layer matches"], allOn: ["全部显示", "Show all"], allOff: ["全部隐藏", "Hide all"],
  zoomRange: ["{0} 级起显示", "Visible from zoom {0}"], flyLayer: ["缩放到图层", "Zoom to layer"], other: ["其他", "Other"],
  public: ["公开", "Public"], internal: ["内部", "Internal"], restricted: ["受限", "Restricted"], confidential: ["涉密", "Confidential"],
  tabFeature: ["属性", "Attributes"], tabRadius: ["周边查询", "Nearby"], tabLive: ["感知", "Sensors"], tabScenario: ["场景", "Scenarios"],
  noFeature: ["点击地图上的要素查看属性", "Click a feature on the map to see its attributes"],
  id: ["要素编号", "Feature id"], copy: ["复制编号", "Copy id"], copied: ["已复制", "Copied"], fly: ["定位", "Zoom to"],
  aroundHere: ["查询周边", "Query around"], layer: ["图层", "Layer"], department: ["主管部门", "Department"], position: ["位置", "Position"],
  model: ["模型", "Model"], partial: ["仅显示图块中的字段：{0}", "Only the tile's fields are shown: {0}"], close: ["关闭", "Close"],
  pinDrop: ["在地图上选点", "Pick a point"], pinHint: ["点击地图放置查询中心，Esc 取消", "Click the map to place the centre; Esc cancels"],
  center: ["中心", "Centre"], radius: ["半径", "Radius"], chosenLayers: ["图层", "Layers"], run: ["查询", "Run query"], clear: ["清除", "Clear"],
  chooseAll: ["全选", "All"], chooseNone: ["全不选", "None"], needLayer: ["请至少选择一个图层", "Choose at least one layer"],
  noPoint: ["尚未选点：点击“在地图上选点”，或输入经纬度", "No point yet: pick one on the map or type lon,lat"],
  total: ["共 {0} 个要素", "{0} features"], within: ["{0} 米内", "within {0} m"], elapsed: ["{0} 毫秒", "{0} ms"],
  shownOf: ["列出最近的 {0} 个，共 {1} 个", "Nearest {0} of {1} listed"], none: ["范围内没有要素", "Nothing within this radius"],
  querying: ["查询中…", "Querying…"], exportGeo: ["导出 GeoJSON", "GeoJSON"], exportCsv: ["导出 CSV", "CSV"], inside: ["内部", "inside"],
  badPoint: ["请输入“经度,纬度”", "Enter lon,lat"], sensors: ["感知终端", "Sensors"], kind: ["类型", "Kind"], allKinds: ["全部类型", "All kinds"],
  connected: ["实时连接", "Live"], connecting: ["连接中…", "Connecting…"], disconnected: ["连接中断，{0} 秒后重试", "Disconnected, retry in {0} s"],
  denied: ["需要授权", "Authorisation needed"],
  liveDenied: ["感知数据未对公众开放：请输入访问令牌。", "Sensor data is not public here: enter an access token."],
  token: ["访问令牌", "Access token"], tokenEnter: ["输入访问令牌", "Enter a token"], tokenTitle: ["访问授权", "Access"],
  tokenHint: ["令牌由系统管理员发放；只保存在本标签页，关闭即清除。", "The operator gives tokens out. It is kept in this tab only and forgotten when the tab closes."],
  tokenUse: ["使用令牌", "Use token"], tokenForget: ["退出授权", "Forget token"], cancel: ["取消", "Cancel"],
  tokenOn: ["已授权（点击更换或退出）", "Authorised (click to change or leave)"],
  lastUpdate: ["更新于 {0}", "Updated {0}"], showOnMap: ["在地图上显示", "Show on map"], terminals: ["{0} 个终端", "{0} terminals"], noSensor: ["暂无在线终端", "No sensor reports yet"],
  kind_air: ["空气", "Air"], kind_level: ["水位", "Water level"], kind_bus: ["公交", "Bus"], kind_traffic: ["交通", "Traffic"],
  kind_noise: ["噪声", "Noise"], kind_flow: ["流量", "Flow"], kind_pressure: ["压力", "Pressure"], kind_gas: ["燃气", "Gas"],
  kind_camera: ["摄像", "Camera"], kind_lamp: ["路灯", "Lamp"], kind_rain: ["雨量", "Rain"], kind_tide: ["潮位", "Tide"],
  kind_weather: ["气象", "Weather"], kind_water: ["水务", "Water"], kind_vehicle: ["车辆", "Vehicle"], kind_parking: ["停车", "Parking"],
  kind_flood: ["积水", "Flooding"], kind_manhole: ["井盖", "Manhole cover"], kind_smoke: ["烟感", "Smoke"], kind_video: ["视频", "Video"],
  reading_value: ["读数", "Reading"], reading_pm25: ["PM2.5", "PM2.5"], reading_gas_percent_lel: ["燃气 %LEL", "Gas %LEL"],
  reading_pressure_mpa: ["压力 MPa", "Pressure MPa"], reading_level_m: ["水位 m", "Level m"], reading_speed: ["速度", "Speed"],
  reading_speed_kmh: ["速度 km/h", "Speed km/h"], reading_flow_m3h: ["流量 m³/h", "Flow m³/h"], reading_noise_db: ["噪声 dB", "Noise dB"],
  reading_db: ["噪声 dB", "Noise dB"], reading_line: ["线路", "Line"], reading_heading: ["航向", "Heading"], reading_course: ["航向", "Course"],
  scenarioApply: ["进入场景", "Apply"], scenarioLeave: ["退出场景", "Leave"], noScenario: ["本城市尚未配置场景", "This city declares no scenario"],
  cursor: ["坐标", "Position"], zoom: ["级别", "Zoom"], height: ["视高", "Eye height"], version: ["数据版本", "Version"], crs: ["坐标系", "CRS"],
  vertical: ["高程", "Vertical"], features: ["{0} 个要素", "{0} features"], unknownDatum: ["未知", "unknown"],
  zoomIn: ["放大", "Zoom in"], zoomOut: ["缩小", "Zoom out"], northUp: ["正北", "North up"], home: ["全城", "Whole city"],
  loading3d: ["正在载入三维模型…", "Loading 3D models…"], no3d: ["无法启动三维：{0}", "3D could not start: {0}"],
  noModels: ["本城市没有三维模型", "This city has no 3D models"], underTitle: ["地下管线", "Underground pipes"],
  groundAlpha: ["地面透明度", "Ground opacity"], underNote: ["地面与建筑半透明；管径随视距加粗显示", "Ground is translucent; pipes are widened with distance"],
  noPipes: ["本城市没有可查看的管线模型", "No pipe model that you may see"], colourBy: ["着色方式", "Colour by"],
  byClass: ["按类别", "By class"], byDepth: ["按埋深", "By depth"],
  modelsTitle: ["三维模型", "3D models"], bootFailed: ["页面无法载入城市：{0}", "The city could not be loaded: {0}"],
  tokenNeeded: ["该图层需要授权", "This layer needs authorisation"], tiles: ["图块错误", "Tile error"], map: ["地图", "Map"], map3d: ["三维场景", "3D scene"],
  terrain: ["地形起伏", "Terrain"], thematic: ["专题图", "Thematic map"], thematicNone: ["不着色", "None"], field: ["字段", "Field"],
  method: ["分级", "Classes"], methodAuto: ["自动", "Automatic"], methodQuantile: ["分位数", "Quantiles"], methodEqual: ["等间距", "Equal steps"],
  methodJenks: ["自然断点", "Natural breaks"], classCount: ["级数", "Number of classes"], classAuto: ["默认", "Default"],
  otherValues: ["其他（{0} 种）", "Other ({0} values)"], noValue: ["无数据", "No value"], yes: ["是", "Yes"], no: ["否", "No"],
  above: ["地上", "above ground"], below: ["地下", "below ground"], metadata: ["模型属性", "Model attributes"],
};

Object.assign(WORDS, TOOL_WORDS);

let current = "zh";
const listeners = new Set();

/** Whether the dictionary has a word. */
export const has = (key) => Boolean(WORDS[key]);

/** The word in the current language, with {0}, {1}… replaced. A missing word is a bug, shown as its key. */
export function t(key, ...values) {
  const pair = WORDS[key];
  const text = pair ? pair[current === "zh" ? 0 : 1] : key;
  return text.replace(/\{(\d)\}/g, (_, i) => values[i]);
}

/** The title of something the server named: {zh, en} or text. */
export function title(value, fallback = "") {
  if (!value) return fallback;
  if (typeof value === "string") return value;
  return value[current] || value.zh || value.en || fallback;
}

/** The name of a sensor kind, or the kind itself when the dictionary does not know it. */
export function kindName(kind) {
  return WORDS["kind_" + kind] ? t("kind_" + kind) : String(kind ?? "");
}

/** The name of a measured value, or the name the terminal uses. */
export const reading = (name) => (WORDS["reading_" + name] ? t("reading_" + name) : name);

export const lang = () => current;

export function setLang(value) {
  current = value === "en" ? "en" : "zh";
  document.documentElement.lang = current;
  for (const listener of listeners) listener(current);
}

/** Calls `listener` now and whenever the language changes. */
export function onLang(listener) {
  listeners.add(listener);
  listener(current);
}

export const number = (value, digits = 0) =>
  new Intl.NumberFormat(current === "zh" ? "zh-CN" : "en-GB", { maximumFractionDigits: digits }).format(value);

/** A distance for people: metres below 1 km, else kilometres. */
export const metres = (value) => (value < 1000 ? `${number(value, value < 10 ? 1 : 0)} m` : `${number(value / 1000, 2)} km`);

export const clock = (value) => {
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? String(value ?? "") : date.toLocaleTimeString(current === "zh" ? "zh-CN" : "en-GB", { hour12: false });
};
