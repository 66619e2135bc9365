// SPDX-License-Identifier: Apache-2.0
// Boost.Geometry's packed R*-tree, 16 to a node, as its documentation recommends for static data.
#include "workload.h"

#include <boost/geometry.hpp>
#include <boost/geometry/index/rtree.hpp>
#include <boost/iterator/function_output_iterator.hpp>

namespace bg = boost::geometry;
namespace bgi = boost::geometry::index;

struct BoostTree {
    using P = bg::model::point<double, 2, bg::cs::cartesian>;
    using Value = std::pair<P, uint32_t>;
    bgi::rtree<Value, bgi::rstar<16>> tree;

    void build(const std::vector<Point>& points) {
        std::vector<Value> values;
        values.reserve(points.size());
        for (size_t i = 0; i < points.size(); i++) values.emplace_back(P(points[i].x, points[i].y), uint32_t(i));
        tree = bgi::rtree<Value, bgi::rstar<16>>(values.begin(), values.end());
    }

    void radius(Point c, int64_t r, std::vector<uint32_t>& ids) {
        const bg::model::box<P> box(P(double(c.x) - double(r), double(c.y) - double(r)),
                                    P(double(c.x) + double(r), double(c.y) + double(r)));
        const double square = double(r) * double(r);
        tree.query(bgi::intersects(box), boost::make_function_output_iterator([&](const Value& value) {
                       const double x = bg::get<0>(value.first) - c.x, y = bg::get<1>(value.first) - c.y;
                       if (x * x + y * y <= square) ids.push_back(value.second);
                   }));
    }

    double nearest(Point c, unsigned k) {
        double worst = 0;
        tree.query(bgi::nearest(P(c.x, c.y), k), boost::make_function_output_iterator([&](const Value& value) {
                       const double x = bg::get<0>(value.first) - c.x, y = bg::get<1>(value.first) - c.y;
                       worst = std::max(worst, x * x + y * y);
                   }));
        return std::sqrt(worst);
    }
};

int main(int argc, char** argv) { return runAll<BoostTree>("Boost.Geometry packed R*-tree", argc, argv, 20000); }
