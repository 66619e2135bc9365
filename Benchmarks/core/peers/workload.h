// SPDX-License-Identifier: Apache-2.0
// The points, queries, clock and output of the index rows: the same as Sources/index-ours, bit for bit.
#pragma once
#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

struct SplitMix64 {
    uint64_t state;
    uint64_t next() {
        state += 0x9E3779B97F4A7C15ull;
        uint64_t mixed = state;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ull;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBull;
        return mixed ^ (mixed >> 31);
    }
    double unit() { return double(next() >> 11) * 0x1p-53; }
};

struct Point {
    int32_t x, y;  // millimetres from 120 E 36.3 N
};

inline Point project(double lon, double lat) {
    const double metresPerDegree = 6371008.8 * M_PI / 180, cosine = 0.8059282822485158;
    return {int32_t((lon - 120) * cosine * metresPerDegree * 1000), int32_t((lat - 36.3) * metresPerDegree * 1000)};
}

inline Point uniform(SplitMix64& random) {
    const double lon = 119.6 + 0.8 * random.unit();
    const double lat = 36.0 + 0.6 * random.unit();
    return project(lon, lat);
}

inline std::vector<Point> makePoints(size_t count, bool clustered, SplitMix64& random) {
    std::vector<Point> points, spots;
    points.reserve(count);
    if (clustered)
        for (int i = 0; i < 40; i++) spots.push_back(uniform(random));
    for (size_t i = 0; i < count; i++) {
        const Point any = uniform(random);
        if (!clustered || i % 10 >= 7) {
            points.push_back(any);
            continue;
        }
        const Point spot = spots[random.next() % 40];
        const double x = (random.unit() + random.unit() - 1) * 1750;
        const double y = (random.unit() + random.unit() - 1) * 1750;
        points.push_back({spot.x + int32_t(x * 1000), spot.y + int32_t(y * 1000)});
    }
    return points;
}

inline std::vector<Point> makeCentres(size_t count, const std::vector<Point>& points, bool clustered, SplitMix64& random) {
    std::vector<Point> centres;
    for (size_t i = 0; i < count; i++)
        centres.push_back(clustered ? points[random.next() % points.size()] : uniform(random));
    return centres;
}

inline double seconds() {
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return double(time.tv_sec) + double(time.tv_nsec) * 1e-9;
}

template <class Body>
double best(int rounds, Body body) {
    double least = 1e300;
    for (int i = 0; i < rounds; i++) {
        const double start = seconds();
        body();
        least = std::min(least, seconds() - start);
    }
    return least;
}

inline void report(const char* side, const std::string& row, double value, const char* unit, double check) {
    printf("{\"row\": \"%s\", \"side\": \"%s\", \"value\": %.6g, \"unit\": \"%s\", \"check\": %.9g}\n", row.c_str(), side,
           value, unit, check);
    fflush(stdout);
}

// Tree: build(points), radius(centre, millimetres, ids), nearest(centre, k) -> sum of distances or a negative number.
template <class Tree>
void runRows(const char* side, size_t count, bool clustered, int rounds, size_t queries) {
    SplitMix64 random{42};
    const auto points = makePoints(count, clustered, random);
    const auto centres = makeCentres(20000, points, clustered, random);
    queries = std::min(queries, centres.size());
    const std::string data =
        (count >= 1000000 ? std::to_string(count / 1000000) + "M" : std::to_string(count / 1000) + "k") +
        (clustered ? " clustered" : "");
    Tree tree;
    const double build = best(count > 1000000 ? 1 : std::min(rounds, 3), [&] { tree.build(points); });
    report(side, "build, " + data, build * 1000, "ms", double(count));
    std::vector<uint32_t> ids;
    for (const auto& [radius, name] : {std::pair<int64_t, const char*>{500000, "500 m"}, {100000, "100 m"}}) {
        size_t hits = 0;
        const double time = best(rounds, [&] {
            hits = 0;
            for (size_t i = 0; i < queries; i++) {
                ids.clear();
                tree.radius(centres[i], radius, ids);
                hits += ids.size();
            }
        });
        report(side, std::string("radius ") + name + ", " + data, double(queries) / time, "queries/s",
               double(hits) / double(queries));
    }
    double sum = 0;
    const double time = best(rounds, [&] {
        sum = 0;
        for (size_t i = 0; i < queries; i++) sum += tree.nearest(centres[i], 10);
    });
    if (sum >= 0)
        report(side, "nearest 10, " + data, double(queries) / time, "queries/s", sum / double(queries));
}

template <class Tree>
int runAll(const char* side, int argc, char** argv, size_t queries) {
    const int rounds = argc > 1 ? atoi(argv[1]) : 5;
    std::vector<size_t> sizes;
    for (int i = 2; i < argc; i++) sizes.push_back(size_t(atoll(argv[i])));
    if (sizes.empty()) sizes = {10000, 100000, 1000000, 10000000};
    for (size_t size : sizes) {
        runRows<Tree>(side, size, false, rounds, queries);
        if (size == 1000000) runRows<Tree>(side, size, true, rounds, queries);
    }
    return 0;
}
