import httpx

print(httpx.get("http://localhost:8000/").json())
