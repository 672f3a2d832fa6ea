from fastapi.responses import HTMLResponse
from main import app

PAGE = """
<p id="answer">no answer yet</p>
<script>
  fetch("http://localhost:8000/")
    .then((response) => response.json())
    .then((body) => { document.getElementById("answer").textContent = body.message })
</script>
"""


@app.get("/page", response_class=HTMLResponse)
def read_page() -> str:
    return PAGE
