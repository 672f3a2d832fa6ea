import typer
from click import Command
from fastapi_cli.cli import app
from uvicorn.main import main as uvicorn


def defaults(command: Command) -> str:
    found = {option.name: option.default for option in command.params}
    return f"`{found['host']}` | `{found['port']}`"


commands = typer.main.get_command(app).commands
print("| command | default host | default port |\n|---|---|---|")
print(f"| `uvicorn` | {defaults(uvicorn)} |")
for name in ("dev", "run"):
    print(f"| `fastapi {name}` | {defaults(commands[name])} |")
