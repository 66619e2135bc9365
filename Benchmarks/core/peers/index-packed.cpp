// SPDX-License-Identifier: Apache-2.0
// A plain packed Hilbert R-tree of 16 in C++: what a good programmer writes in an afternoon. Points in Hilbert order,
// Float32 boxes, a radix sort of (key, number), depth-first search with a stack, best-first nearest.
#include "workload.h"

#include <queue>

struct PackedTree {
    struct Box {
        float minX, minY, maxX, maxY;
    };
    struct Item {
        float x, y;
        uint32_t id;
    };
    static constexpr size_t N = 16;
    std::vector<Item> items;
    std::vector<std::vector<Box>> levels;

    static uint32_t hilbert(uint32_t x, uint32_t y) {
        uint32_t d = 0;
        for (uint32_t s = 1u << 15; s > 0; s >>= 1) {
            const uint32_t rx = (x & s) > 0, ry = (y & s) > 0;
            d += s * s * ((3 * rx) ^ ry);
            if (ry == 0) {
                if (rx == 1) x = 65535 - x, y = 65535 - y;
                std::swap(x, y);
            }
        }
        return d;
    }

    void build(const std::vector<Point>& points) {
        const size_t count = points.size();
        int32_t minX = INT32_MAX, minY = INT32_MAX, maxX = INT32_MIN, maxY = INT32_MIN;
        for (const auto& p : points) {
            minX = std::min(minX, p.x), maxX = std::max(maxX, p.x);
            minY = std::min(minY, p.y), maxY = std::max(maxY, p.y);
        }
        const float sx = 65535.0f / float(std::max(1, maxX - minX)), sy = 65535.0f / float(std::max(1, maxY - minY));
        std::vector<uint64_t> keys(count), other(count);
        for (size_t i = 0; i < count; i++)
            keys[i] = uint64_t(hilbert(uint32_t(float(points[i].x - minX) * sx), uint32_t(float(points[i].y - minY) * sy)))
                          << 32 | i;
        for (int shift : {32, 43, 54}) {
            std::vector<uint32_t> places(2049);
            for (uint64_t key : keys) places[(key >> shift & 2047) + 1]++;
            for (size_t i = 0; i < 2048; i++) places[i + 1] += places[i];
            for (uint64_t key : keys) other[places[key >> shift & 2047]++] = key;
            keys.swap(other);
        }
        items.resize(count);
        for (size_t i = 0; i < count; i++) {
            const uint32_t id = uint32_t(keys[i]);
            items[i] = {float(points[id].x), float(points[id].y), id};
        }
        levels.clear();
        levels.emplace_back((count + N - 1) / N, Box{INFINITY, INFINITY, -INFINITY, -INFINITY});
        for (size_t i = 0; i < count; i++) {
            Box& box = levels[0][i / N];
            box.minX = std::min(box.minX, items[i].x), box.maxX = std::max(box.maxX, items[i].x);
            box.minY = std::min(box.minY, items[i].y), box.maxY = std::max(box.maxY, items[i].y);
        }
        while (levels.back().size() > 1) {
            const auto& below = levels.back();
            std::vector<Box> level((below.size() + N - 1) / N, Box{INFINITY, INFINITY, -INFINITY, -INFINITY});
            for (size_t i = 0; i < below.size(); i++) {
                Box& box = level[i / N];
                box.minX = std::min(box.minX, below[i].minX), box.maxX = std::max(box.maxX, below[i].maxX);
                box.minY = std::min(box.minY, below[i].minY), box.maxY = std::max(box.maxY, below[i].maxY);
            }
            levels.push_back(std::move(level));
        }
    }

    void radius(Point c, int64_t r, std::vector<uint32_t>& ids) {
        const float x = float(c.x), y = float(c.y), reach = float(r), square = reach * reach;
        uint64_t stack[256];
        size_t depth = 0;
        stack[depth++] = uint64_t(levels.size() - 1) << 32;
        while (depth > 0) {
            const uint64_t entry = stack[--depth];
            const size_t level = entry >> 32, node = uint32_t(entry);
            if (level == 0) {
                const size_t end = std::min(items.size(), (node + 1) * N);
                for (size_t i = node * N; i < end; i++) {
                    const float dx = items[i].x - x, dy = items[i].y - y;
                    if (dx * dx + dy * dy <= square) ids.push_back(items[i].id);
                }
                continue;
            }
            const auto& below = levels[level - 1];
            const size_t end = std::min(below.size(), (node + 1) * N);
            for (size_t i = node * N; i < end; i++) {
                const Box& box = below[i];
                if (box.minX <= x + reach && box.maxX >= x - reach && box.minY <= y + reach && box.maxY >= y - reach)
                    stack[depth++] = uint64_t(level - 1) << 32 | i;
            }
        }
    }

    double nearest(Point c, unsigned k) {
        const float x = float(c.x), y = float(c.y);
        using Entry = std::pair<float, uint64_t>;
        static std::vector<Entry> memory;
        memory.clear();
        std::priority_queue<Entry, std::vector<Entry>, std::greater<Entry>> queue({}, std::move(memory));
        queue.push({0, uint64_t(levels.size()) << 32});
        double last = 0;
        while (!queue.empty()) {
            const auto [distance, entry] = queue.top();
            queue.pop();
            const size_t level = entry >> 32, node = uint32_t(entry);
            if (level == 0) {
                last = distance;
                if (--k == 0) break;
            } else if (level == 1) {
                const size_t end = std::min(items.size(), (node + 1) * N);
                for (size_t i = node * N; i < end; i++) {
                    const float dx = items[i].x - x, dy = items[i].y - y;
                    queue.push({dx * dx + dy * dy, i});
                }
            } else {
                const auto& below = levels[level - 2];
                const size_t end = std::min(below.size(), (node + 1) * N);
                for (size_t i = node * N; i < end; i++) {
                    const float dx = std::max({below[i].minX - x, x - below[i].maxX, 0.0f});
                    const float dy = std::max({below[i].minY - y, y - below[i].maxY, 0.0f});
                    queue.push({dx * dx + dy * dy, uint64_t(level - 1) << 32 | i});
                }
            }
        }
        return std::sqrt(last);
    }
};

int main(int argc, char** argv) { return runAll<PackedTree>("C++ packed Hilbert R-tree", argc, argv, 20000); }
