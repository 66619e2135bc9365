# SPDX-License-Identifier: Apache-2.0
"""Draws the polygons of an MBTiles archive by QGIS, red on white, into a PNG. For the system's Python, which has PyQGIS.

    /usr/bin/python3 qgis_render.py ARCHIVE.mbtiles WEST SOUTH EAST NORTH WIDTH HEIGHT OUT.png

The box is in metres of EPSG:3857. Prints QGIS's version and the layer's zooms.
"""

import os
import sys

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from qgis.core import (Qgis, QgsApplication, QgsCoordinateReferenceSystem, QgsFillSymbol, QgsMapRendererParallelJob,  # noqa: E402
                       QgsMapSettings, QgsRectangle, QgsVectorTileBasicRenderer, QgsVectorTileBasicRendererStyle,
                       QgsVectorTileLayer, QgsWkbTypes)
from qgis.PyQt.QtCore import QSize  # noqa: E402
from qgis.PyQt.QtGui import QColor  # noqa: E402


def main(archive, west, south, east, north, width, height, out):
    application = QgsApplication([], False)
    application.initQgis()
    layer = QgsVectorTileLayer(f"type=mbtiles&url={archive}", "archive")
    if not layer.isValid():
        sys.exit(f"QGIS does not take {archive}: {layer.error().summary()}")
    style = QgsVectorTileBasicRendererStyle("polygons", "", QgsWkbTypes.PolygonGeometry)
    style.setSymbol(QgsFillSymbol.createSimple({"color": "255,0,0", "outline_style": "no"}))
    renderer = QgsVectorTileBasicRenderer()
    renderer.setStyles([style])
    layer.setRenderer(renderer)
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    settings.setBackgroundColor(QColor(255, 255, 255))
    settings.setOutputSize(QSize(int(width), int(height)))
    settings.setExtent(QgsRectangle(float(west), float(south), float(east), float(north)))
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    if job.errors():
        sys.exit("; ".join(error.message for error in job.errors()))
    job.renderedImage().save(out)
    print(Qgis.QGIS_VERSION, layer.sourceMinZoom(), layer.sourceMaxZoom())
    del layer, job
    application.exitQgis()


if __name__ == "__main__":
    main(*sys.argv[1:])
