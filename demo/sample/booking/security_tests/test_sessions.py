def sign_in(client):
    return client.post("/sign-in", data={"name": "quay", "password": "quay-demo"})


def test_wrong_password_is_refused(client, record_property):
    record_property("cwe", "CWE-287")
    assert client.post("/sign-in", data={"name": "quay", "password": "wrong"}).status_code == 401


def test_session_cookie_has_its_flags(client, record_property):
    record_property("cwe", "CWE-1004")
    cookie = sign_in(client).headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "Secure" in cookie and "SameSite" in cookie, cookie.split(";", 1)[1]


def test_sign_out_ends_the_session_on_the_server(client, record_property):
    record_property("cwe", "CWE-613")
    token = sign_in(client).headers["Set-Cookie"].split("=", 1)[1].split(";")[0]
    client.post("/sign-out")
    assert client.get("/desk", headers={"Cookie": f"session={token}"}).status_code == 401, "the kept token still opens the desk"


def test_desk_needs_a_session(client, record_property):
    record_property("cwe", "CWE-306")
    assert client.get("/desk").status_code == 401
