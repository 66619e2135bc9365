// SPDX-License-Identifier: Apache-2.0
// GEOS' STRtree through its C interface; the distance is taken by the callback from the points.
#include "workload.h"

#include <geos_c.h>

struct GeosTree {
    GEOSContextHandle_t context = GEOS_init_r();
    GEOSSTRtree* tree = nullptr;
    std::vector<GEOSGeometry*> items;
    const std::vector<Point>* points = nullptr;

    struct Query {
        const std::vector<Point>* points;
        Point centre;
        double square;
        std::vector<uint32_t>* ids;
    };

    void clear() {
        if (tree) GEOSSTRtree_destroy_r(context, tree);
        for (auto* item : items) GEOSGeom_destroy_r(context, item);
        items.clear();
        tree = nullptr;
    }

    ~GeosTree() {
        clear();
        GEOS_finish_r(context);
    }

    void build(const std::vector<Point>& input) {
        clear();
        points = &input;
        tree = GEOSSTRtree_create_r(context, 16);
        for (size_t i = 0; i < input.size(); i++) {
            auto* point = GEOSGeom_createPointFromXY_r(context, input[i].x, input[i].y);
            items.push_back(point);
            GEOSSTRtree_insert_r(context, tree, point, reinterpret_cast<void*>(i));
        }
        std::vector<uint32_t> ids;
        radius(input[0], 0, ids);  // the first query builds the tree
    }

    void radius(Point c, int64_t r, std::vector<uint32_t>& ids) {
        auto* box = GEOSGeom_createRectangle_r(context, double(c.x) - double(r), double(c.y) - double(r),
                                               double(c.x) + double(r), double(c.y) + double(r));
        Query query{points, c, double(r) * double(r), &ids};
        GEOSSTRtree_query_r(
            context, tree, box,
            [](void* item, void* data) {
                auto* query = static_cast<Query*>(data);
                const size_t i = reinterpret_cast<size_t>(item);
                const double x = double((*query->points)[i].x) - query->centre.x;
                const double y = double((*query->points)[i].y) - query->centre.y;
                if (x * x + y * y <= query->square) query->ids->push_back(uint32_t(i));
            },
            &query);
        GEOSGeom_destroy_r(context, box);
    }

    double nearest(Point, unsigned) { return -1; }  // its C interface finds one neighbour only
};

int main(int argc, char** argv) { return runAll<GeosTree>("GEOS STRtree", argc, argv, 5000); }
