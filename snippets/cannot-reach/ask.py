import socket
import sys

address, port = sys.argv[1], int(sys.argv[2])
try:
    socket.create_connection((address, port), timeout=4).close()
except OSError as error:
    sys.exit(f"{address}:{port}: {error.strerror or error}")
print(f"{address}:{port}: accepts")
