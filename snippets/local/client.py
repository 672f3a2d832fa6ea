import httpx

for name in ("127.0.0.1", "localhost"):
    response = httpx.get(f"http://{name}:8000/")
    print(name, response.status_code, response.json())
