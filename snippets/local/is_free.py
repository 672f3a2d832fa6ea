import os
import socket
import sys

port = int(sys.argv[1])
try:
    socket.create_server(("127.0.0.1", port)).close()
except OSError as error:
    sys.exit(f"{port}: {os.strerror(error.errno)}")
print(f"{port}: free")
