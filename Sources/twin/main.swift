import TileServer
import ArgumentParser
print("hi")
