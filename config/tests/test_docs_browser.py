"""The API's description in a real browser: the strict policy must not break it."""


def test_docs_open_without_a_complaint_and_ask_nobody_else(live_server, browser):
    complaints, foreign = [], []
    tab = browser.new_page()
    tab.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else 0)
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on(
        "request",
        lambda r: foreign.append(r.url) if not r.url.startswith((live_server.url, "data:")) else 0,
    )
    tab.goto(f"{live_server.url}/docs")
    tab.locator("#operations-tag-config").click()
    operation = tab.locator(".opblock", has_text="/api/v1/health/readiness").first
    operation.wait_for()
    operation.locator(".opblock-summary").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    operation.get_by_text('"components"').first.wait_for()
    assert complaints == []
    assert foreign == []
