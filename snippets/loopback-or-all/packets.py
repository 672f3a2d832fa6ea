import urllib.request
from pathlib import Path


def packets() -> dict[str, int]:
    rows = Path("/proc/net/dev").read_text().splitlines()[2:]
    return {row.split(":")[0].strip(): int(row.split(":")[1].split()[9]) for row in rows}


before = packets()
urllib.request.urlopen("http://127.0.0.1:8000/").read()
for name, count in packets().items():
    print(name, "sent packets" if count > before[name] else "sent nothing")
