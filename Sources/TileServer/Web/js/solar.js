// SPDX-License-Identifier: Apache-2.0
// The sun's place in the sky after the low-precision formulas of the Astronomical Almanac: within 0.02 degrees, 1950 to 2050.

const RAD = Math.PI / 180;

/** Altitude and azimuth (from north, clockwise) of the sun in degrees at a moment (Date) and a position in degrees; no refraction. */
export function sunAt(moment, lon, lat) {
  const days = moment.getTime() / 86400000 - 10957.5; // since J2000.0, 2000-01-01T12:00Z
  const anomaly = (357.528 + 0.9856003 * days) * RAD;
  const ecliptic = (280.46 + 0.9856474 * days + 1.915 * Math.sin(anomaly) + 0.02 * Math.sin(2 * anomaly)) * RAD;
  const tilt = (23.439 - 4e-7 * days) * RAD;
  const ascension = Math.atan2(Math.cos(tilt) * Math.sin(ecliptic), Math.cos(ecliptic));
  const declination = Math.asin(Math.sin(tilt) * Math.sin(ecliptic));
  const hour = (280.46061837 + 360.98564736629 * days + lon) * RAD - ascension;
  const east = -Math.cos(declination) * Math.sin(hour);
  const north = Math.sin(declination) * Math.cos(lat * RAD) - Math.cos(declination) * Math.sin(lat * RAD) * Math.cos(hour);
  const up = Math.sin(declination) * Math.sin(lat * RAD) + Math.cos(declination) * Math.cos(lat * RAD) * Math.cos(hour);
  return { altitude: Math.asin(up) / RAD, azimuth: (Math.atan2(east, north) / RAD + 360) % 360 };
}
