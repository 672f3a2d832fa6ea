"""docs/start/containers.md

Not proven here, because no container engine runs in the lab: what Docker itself does.
"""

from lab.reach import cannot_reach, check_reaches

HELLO = '{"message":"Hello from the container"}'
INSIDE = "http://127.0.0.1:8000/"
CONTAINER = "http://172.17.0.2:8000/"
PUBLISHED = "http://192.168.1.100:8000/"


def publish(laptop) -> None:
    """Lead a port of the laptop to the container, as a published port does."""
    for rule in (
        "add table ip publish",
        "add chain ip publish in '{ type nat hook prerouting priority dstnat; }'",
        "add rule ip publish in iif wlan0 tcp dport 8000 dnat to 172.17.0.2",
    ):
        assert laptop.run(f"nft {rule}", root=True).status == 0


def test_the_containers_own_address(container):
    """Inside a container bind `0.0.0.0`: a published port leads to the container's own address, and does not reach `127.0.0.1` there.
    Containers
    """
    publish(container.laptop)
    container.container.serve("uvicorn main:app --host 127.0.0.1 --port 8001")
    container.container.serve("uvicorn main:app --host 0.0.0.0")
    assert check_reaches(container.phone, PUBLISHED) == HELLO
    own = (container.container, "http://127.0.0.1:8001/")
    cannot_reach(container.laptop, "http://172.17.0.2:8001/", control=own)


def test_the_container_is_a_host_behind_a_bridge(container):
    """No container engine runs here: the container is a host behind a bridge of the laptop, and one rule publishes its port.
    The laptop asks with curl for the address of a container behind a bridge of the laptop, and gets its answer
    laptop: curl
    172.17.0.2:8000: uvicorn --host 0.0.0.0
    laptop: 192.168.1.100
    """
    container.container.serve("uvicorn main:app --host 0.0.0.0")
    assert container.laptop.run(f"curl {CONTAINER}").output == HELLO
    cannot_reach(container.phone, PUBLISHED, control=(container.laptop, CONTAINER))
    publish(container.laptop)
    assert check_reaches(container.phone, PUBLISHED) == HELLO
    assert "172.17.0.1" in container.container.run("ip route").output


def test_bound_to_loopback_the_phone_is_refused(container):
    """Bound to `127.0.0.1`, the server answers inside the container, and a phone that asks the laptop is refused."""
    publish(container.laptop)
    container.container.serve("uvicorn main:app --host 127.0.0.1")
    cannot_reach(container.phone, PUBLISHED, control=(container.container, INSIDE))


def test_bound_to_all_the_phone_is_answered(play):
    """Bound to `0.0.0.0`, the same server answers the phone at `192.168.1.100`."""
    before, after = play("publish.console").all(f"phone$ curl {PUBLISHED}")
    assert before.status == 7
    assert after.output == HELLO
