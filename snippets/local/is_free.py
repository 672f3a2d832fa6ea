import os
import socket
import sys

address, port = sys.argv[1], int(sys.argv[2])
try:
    socket.create_server((address, port)).close()
except OSError as error:
    sys.exit(f"{address}:{port}: {os.strerror(error.errno)}")
print(f"{address}:{port}: free")
