import GRDB
import Yams
import CGDAL
import CSpatiaLite
