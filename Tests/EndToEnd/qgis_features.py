# SPDX-License-Identifier: Apache-2.0
"""Reads a collection by QGIS's OGC API - Features provider and prints what it saw as JSON. For the system's Python.

    /usr/bin/python3 qgis_features.py URL COLLECTION PAGE_SIZE WEST SOUTH EAST NORTH EXPRESSION
"""

import json
import os
import sys

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from qgis.core import Qgis, QgsApplication, QgsFeatureRequest, QgsRectangle, QgsVectorLayer, QgsWkbTypes  # noqa: E402


def main(url, collection, size, west, south, east, north, expression):
    application = QgsApplication([], False)
    application.initQgis()

    def opened(more=""):
        layer = QgsVectorLayer(f"pageSize='{size}' url='{url}' typename='{collection}'{more}", collection, "OAPIF")
        if not layer.isValid():
            sys.exit(f"QGIS does not take {url}: {layer.error().summary()}")
        return layer

    layer = opened()
    features = {feature["id"] if "id" in feature.fields().names() else feature.id(): feature for feature in layer.getFeatures()}
    names = layer.fields().names()
    box = QgsRectangle(*map(float, (west, south, east, north)))
    near = opened(" restrictToRequestBBOX='1'")
    print(json.dumps({
        "version": Qgis.QGIS_VERSION, "type": QgsWkbTypes.displayString(layer.wkbType()), "crs": layer.crs().authid(),
        "count": layer.featureCount(), "read": sum(1 for _ in opened().getFeatures()), "fields": names,
        "names": sorted(str(f["name"]) for f in features.values() if "name" in names and f["name"]),
        "in box": sum(1 for _ in near.getFeatures(QgsFeatureRequest(box))),
        "expression": sum(1 for _ in layer.getFeatures(QgsFeatureRequest().setFilterExpression(expression)))}))
    del layer, near, features
    application.exitQgis()


if __name__ == "__main__":
    main(*sys.argv[1:])
