// SPDX-License-Identifier: Apache-2.0
// Lengths and areas on the WGS 84 ellipsoid (CGCS2000's differs by 0.1 mm). Positions are [lon, lat] in degrees.
// Length: Vincenty's inverse formula (Survey Review 23, 1975). Area: the authalic (equal-area) latitude, edges followed as
// great ellipses; within 1e-7 of the geodesic polygon at the size of a city.

const A = 6378137;
const F = 1 / 298.257223563;
const B = A * (1 - F);
const E2 = F * (2 - F);
const E = Math.sqrt(E2);
const RAD = Math.PI / 180;

/** Metres of the geodesic between two positions. Nearly antipodal pairs, for which the formula does not converge, give NaN. */
export function distance([lon1, lat1], [lon2, lat2]) {
  const L = (lon2 - lon1) * RAD;
  const u1 = Math.atan((1 - F) * Math.tan(lat1 * RAD));
  const u2 = Math.atan((1 - F) * Math.tan(lat2 * RAD));
  const [s1, c1, s2, c2] = [Math.sin(u1), Math.cos(u1), Math.sin(u2), Math.cos(u2)];
  let lambda = L;
  for (let round = 0; round < 100; round += 1) {
    const [sl, cl] = [Math.sin(lambda), Math.cos(lambda)];
    const sinSigma = Math.hypot(c2 * sl, c1 * s2 - s1 * c2 * cl);
    if (sinSigma === 0) return 0;
    const cosSigma = s1 * s2 + c1 * c2 * cl;
    const sigma = Math.atan2(sinSigma, cosSigma);
    const sinAlpha = (c1 * c2 * sl) / sinSigma;
    const cos2 = 1 - sinAlpha * sinAlpha;
    const cosM = cos2 === 0 ? 0 : cosSigma - (2 * s1 * s2) / cos2;
    const c = (F / 16) * cos2 * (4 + F * (4 - 3 * cos2));
    const before = lambda;
    lambda = L + (1 - c) * F * sinAlpha * (sigma + c * sinSigma * (cosM + c * cosSigma * (2 * cosM * cosM - 1)));
    if (Math.abs(lambda - before) > 1e-12) continue;
    const uu = (cos2 * (A * A - B * B)) / (B * B);
    const big = 1 + (uu / 16384) * (4096 + uu * (-768 + uu * (320 - 175 * uu)));
    const small = (uu / 1024) * (256 + uu * (-128 + uu * (74 - 47 * uu)));
    const delta = small * sinSigma * (cosM + (small / 4) * (cosSigma * (2 * cosM * cosM - 1)
      - (small / 6) * cosM * (4 * sinSigma * sinSigma - 3) * (4 * cosM * cosM - 3)));
    return B * big * (sigma - delta);
  }
  return NaN;
}

/** Metres along a line. */
export const length = (line) => line.slice(1).reduce((sum, at, i) => sum + distance(line[i], at), 0);

const authalic = (sin) => (1 - E2) * (sin / (1 - E2 * sin * sin) - Math.log((1 - E * sin) / (1 + E * sin)) / (2 * E));

function cartesian([lon, lat]) {
  const n = A / Math.sqrt(1 - E2 * Math.sin(lat * RAD) ** 2);
  return [n * Math.cos(lat * RAD) * Math.cos(lon * RAD), n * Math.cos(lat * RAD) * Math.sin(lon * RAD), n * (1 - E2) * Math.sin(lat * RAD)];
}

/** Square metres inside a ring, which need not be closed; the same for both directions. */
export function area(ring) {
  const steps = 64;
  let sum = 0;
  for (let i = 0; i < ring.length; i += 1) {
    const [p, q] = [cartesian(ring[i]), cartesian(ring[(i + 1) % ring.length])];
    let last = null;
    for (let k = 0; k <= steps; k += 1) {
      const [x, y, z] = p.map((v, axis) => v + ((q[axis] - v) * k) / steps);
      const lat = Math.atan2(z, (1 - E2) * Math.hypot(x, y)); // scaling a point from the centre keeps this ratio
      const now = [Math.atan2(y, x), authalic(Math.sin(lat))];
      if (last) sum += (now[0] - last[0]) * (now[1] + last[1] - 2 * authalic(Math.sin(ring[0][1] * RAD)));
      last = now;
    }
  }
  return (Math.abs(sum) * A * A) / 4;
}

/** The nearest place on a line to a position, in the plane around it: {share of the length, 0 to 1, metres away}. */
export function project(line, at) {
  const k = Math.cos(at[1] * RAD) * 111320;
  const flat = line.map(([lon, lat]) => [(lon - at[0]) * k, (lat - at[1]) * 110946]);
  let [best, along, total] = [{ share: 0, away: Infinity }, 0, 0];
  const lengths = flat.slice(1).map((p, i) => Math.hypot(p[0] - flat[i][0], p[1] - flat[i][1]));
  total = lengths.reduce((a, b) => a + b, 0);
  lengths.forEach((size, i) => {
    const [p, q] = [flat[i], flat[i + 1]];
    const d = [q[0] - p[0], q[1] - p[1]];
    const t = size ? Math.min(1, Math.max(0, -(p[0] * d[0] + p[1] * d[1]) / (size * size))) : 0;
    const away = Math.hypot(p[0] + t * d[0], p[1] + t * d[1]);
    if (away < best.away) best = { share: total ? (along + t * size) / total : 0, away };
    along += size;
  });
  return best;
}
