"""One real server, started as the suite does and started cold: start, answer, stop.

Both run `python main.py` of a page on the same host, in turns, and the result is the ratio of the
medians.  A number of seconds would say more about the machine than about the project.  Both stop
as a proof stops a server, and then as Ctrl+C does, which Uvicorn looks at ten times a second.
"""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

from lab.network import PLANS
from lab.reach import check_reaches
from lab.runner import Network
from lab.terminal import Terminal

ROUNDS = 15
PROGRAM = """\
import uvicorn
from fastapi import FastAPI

app = FastAPI()


@app.get("/")
def read_root() -> dict[str, str]:
    return {"message": "Hello"}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=8000)
"""


def press_ctrl_c(server: Terminal) -> None:
    server.press("^C")
    server.wait_end()


def serve_once(network: Network, stop: Callable[[Terminal], None], *, cold: bool) -> float:
    """Return the seconds from the command to its end, with one answer between."""
    start = time.perf_counter()
    server = network.laptop.serve("python main.py", cold=cold)
    check_reaches(network.laptop, "http://127.0.0.1:8000/")
    stop(server)
    return time.perf_counter() - start


def main() -> None:
    with Network(PLANS["home"]) as network:
        folder = Path(network.laptop.folder)
        network.laptop.run(f"cat > {folder}/main.py <<'END'\n{PROGRAM}END")
        serve_once(network, Terminal.end, cold=False)
        for name, stop in (("as in a proof", Terminal.end), ("with Ctrl+C", press_ctrl_c)):
            pairs = [
                (serve_once(network, stop, cold=False), serve_once(network, stop, cold=True))
                for _ in range(ROUNDS)
            ]
            warm, cold = (statistics.median(times) for times in zip(*pairs, strict=True))
            ratio = f"suite {warm:.3f} s, cold {cold:.3f} s, ratio {warm / cold:.2f}"
            print(f"stopped {name}: {ratio} ({ROUNDS} rounds)")


if __name__ == "__main__":
    main()
