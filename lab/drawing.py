"""A network as a picture, drawn from its plan."""

from lab.network import Host, Plan


def draw(plan: Plan) -> str:
    """Return the hosts of a plan and the links that join them, for a terminal.

                                 wifi
    ┌─────────────────────────┐  │
    │ laptop                  │  │
    │ wlan0  192.168.1.100    ├──┤
    │        2001:db8:1::100  │  │
    └─────────────────────────┘  │
    """
    width = max(len(row) for host in plan.hosts for row in _rows(host)) + 2
    columns = list(plan.links)
    lines = [f"{plan.name}: {plan.about}", " " * (width + 3) + "  ".join(columns)]
    for host in plan.hosts:
        lines.append(f"┌{'─' * width}┐ {_pass(columns)}".rstrip())
        for row in _rows(host):
            interface = next((i for i in host.interfaces if row.startswith(f"{i.name}  ")), None)
            joint = _join(columns, interface.link) if interface else " " + _pass(columns)
            edge = "├" if interface else "│"
            lines.append(f"│ {row:<{width - 2}} {edge}{joint}".rstrip())
        lines.append(f"└{'─' * width}┘ {_pass(columns)}".rstrip())
    return "\n".join(lines) + "\n"


def _rows(host: Host) -> list[str]:
    rows = [host.name]
    for interface in host.interfaces:
        first, *others = [address.partition("/")[0] for address in interface.addresses]
        rows.append(f"{interface.name}  {first}")
        rows += [f"{'':<{len(interface.name)}}  {address}" for address in others]
    return rows


def _pass(columns: list[str]) -> str:
    return " " + "  ".join(f"{'│':<{len(link)}}" for link in columns)


def _join(columns: list[str], link: str) -> str:
    text = "──"
    for column in columns:
        if column == link:
            rest = columns[columns.index(column) + 1 :]
            tail = "".join("  " + f"{'│':<{len(c)}}" for c in rest)
            return text + f"{'┤':<{len(column)}}" + tail
        text += "│" + "─" * (len(column) + 1)
    return text
