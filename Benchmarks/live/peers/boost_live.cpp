// SPDX-License-Identifier: Apache-2.0
// Moves and reads of a dynamic Boost.Geometry R-tree, one thread. Same data as the Swift program beside it.
//     g++ -O3 -march=native -std=c++17 -o boost_live boost_live.cpp && ./boost_live [points] [moves]
#include <boost/geometry.hpp>
#include <boost/geometry/index/rtree.hpp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

namespace bg = boost::geometry;
namespace bgi = boost::geometry::index;
using Point = bg::model::point<float, 2, bg::cs::cartesian>;
using Box = bg::model::box<Point>;
using Value = std::pair<Point, uint32_t>;

struct SplitMix {
    uint64_t state;
    uint64_t next() {
        uint64_t z = (state += 0x9E3779B97F4A7C15ull);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
        return z ^ (z >> 31);
    }
    double unit() { return (next() >> 11) * 0x1p-53; }
};

static double cpu() {
    timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

constexpr double width = 71808, height = 66570;  // metres

template <typename Rule>
void run(const char* name, size_t count, size_t moves) {
    SplitMix random{42};
    std::vector<Value> now(count);
    for (uint32_t i = 0; i < count; ++i)
        now[i] = {Point((random.unit() - 0.5) * width, (random.unit() - 0.5) * height), i};
    double start = cpu();
    bgi::rtree<Value, Rule> tree(now.begin(), now.end());
    double loaded = cpu() - start;
    start = cpu();
    for (size_t k = 0; k < moves; ++k) {
        Value& value = now[random.next() % count];
        tree.remove(value);
        bg::set<0>(value.first, bg::get<0>(value.first) + float((random.unit() - 0.5) * 100));
        bg::set<1>(value.first, bg::get<1>(value.first) + float((random.unit() - 0.5) * 100));
        tree.insert(value);
    }
    double moved = cpu() - start;
    size_t hits = 0, queries = 20000;
    std::vector<uint32_t> found;
    start = cpu();
    for (size_t k = 0; k < queries; ++k) {
        float x = (random.unit() - 0.5) * width, y = (random.unit() - 0.5) * height, r = 500;
        found.clear();
        for (auto it = tree.qbegin(bgi::intersects(Box(Point(x - r, y - r), Point(x + r, y + r)))); it != tree.qend();
             ++it) {
            float dx = bg::get<0>(it->first) - x, dy = bg::get<1>(it->first) - y;
            if (dx * dx + dy * dy <= r * r) found.push_back(it->second);
        }
        hits += found.size();
    }
    double read = cpu() - start;
    std::printf(
        "{\"row\":\"local moves\",\"peer\":\"Boost 1.74 %s\",\"load_s\":%.3f,\"moves_per_cpu_s\":%.0f,"
        "\"reads_per_cpu_s\":%.0f,\"hits\":%.1f}\n",
        name, loaded, moves / moved, queries / read, double(hits) / queries);
}

int main(int argc, char** argv) {
    size_t count = argc > 1 ? std::atol(argv[1]) : 1000000, moves = argc > 2 ? std::atol(argv[2]) : 300000;
    run<bgi::rstar<16>>("rstar<16>", count, moves);
    run<bgi::quadratic<16>>("quadratic<16>", count, moves);
}
