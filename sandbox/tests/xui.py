"""A person at a panel's API, in the words of its generation."""

import json
import uuid

import requests

GENERATIONS = ("g2", "g3a", "g3b")
DAY_MS = 86_400_000


def client(email="d1", **fields):
    """A client's fields as our site would send them."""
    return {
        "id": str(uuid.uuid4()),
        "email": email,
        "enable": True,
        "totalGB": 0,
        "expiryTime": 0,
        "limitIp": 0,
        "tgId": 0,
        "subId": f"sub-{email}",
        "flow": "",
        "reset": 0,
        **fields,
    }


class Desk:
    """A panel of its own in ``world`` with its clock stopped, and a session at it."""

    def __init__(self, world, generation, *, name=None, signed_in=True, **options):
        self.world, self.generation = world, generation
        self.name = name or f"panel-{generation}"
        made = world.control("xui/panels", name=self.name, generation=generation, **options)
        self.url, self.password, self.token = made["url"], made["password"], made.get("token")
        self.http = requests.Session()
        self.http.headers["Accept-Language"] = "en-US"
        self.act("clock", frozen=True)
        if signed_in:
            assert self.sign_in().json()["success"]

    @property
    def by_email(self):
        return self.generation == "g3b"

    def act(self, action, **body):
        """What the panel's side does, by the control API."""
        return self.world.control(f"xui/panels/{self.name}/{action}", **body)

    def look(self):
        return self.world.look(f"xui/panels/{self.name}")

    def now_ms(self):
        return self.look()["now_ms"]

    def take_csrf(self):
        if self.generation != "g2":
            answer = self.http.get(f"{self.url}csrf-token", timeout=10).json()
            self.http.headers["X-CSRF-Token"] = answer["obj"]

    def sign_in(self, **form):
        self.take_csrf()
        form = {"username": "admin", "password": self.password, **form}
        return self.http.post(f"{self.url}login", data=form, timeout=10)

    def get(self, path, **options):
        return self.http.get(f"{self.url}panel/api/{path}", timeout=10, **options)

    def post(self, path, **options):
        return self.http.post(f"{self.url}panel/api/{path}", timeout=10, **options)

    def inbounds(self):
        """The inbounds as the panel lists them, with what is a string before 3.1.0 parsed."""
        found = self.get("inbounds/list").json()["obj"]
        for inbound in found:
            for name in ("settings", "streamSettings", "sniffing"):
                if isinstance(inbound[name], str):
                    inbound[name] = json.loads(inbound[name])
        return found

    def inbound(self, protocol="vless"):
        return next(i for i in self.inbounds() if i["protocol"] == protocol)

    def find(self, email):
        """The client of this e-mail in the inbounds' settings, or ``None``."""
        clients = [c for i in self.inbounds() for c in i["settings"]["clients"]]
        return next((c for c in clients if c["email"] == email), None)

    def _blob(self, inbound_id, fields):
        return {"id": inbound_id, "settings": json.dumps({"clients": [fields]})}

    def add(self, fields, inbound_id=1):
        if self.by_email:
            return self.post("clients/add", json={"client": fields, "inboundIds": [inbound_id]})
        return self.post("inbounds/addClient", data=self._blob(inbound_id, fields))

    def update(self, fields, *, email=None, inbound_id=1):
        if self.by_email:
            return self.post(f"clients/update/{email or fields['email']}", json=fields)
        path = f"inbounds/updateClient/{fields['id']}"
        return self.post(path, json=self._blob(inbound_id, fields))

    def delete(self, fields, inbound_id=1):
        if self.by_email:
            return self.post(f"clients/del/{fields['email']}")
        return self.post(f"inbounds/{inbound_id}/delClient/{fields['id']}")

    def traffic(self, email="d1"):
        path = "clients/traffic" if self.by_email else "inbounds/getClientTraffics"
        return self.get(f"{path}/{email}").json()

    def reset(self, email="d1", inbound_id=1):
        path = f"inbounds/{inbound_id}/resetClientTraffic/{email}"
        return self.post(f"clients/resetTraffic/{email}" if self.by_email else path).json()

    def onlines(self):
        return self.post("clients/onlines" if self.by_email else "inbounds/onlines").json()["obj"]


def said(response):
    """``(success, msg)`` of an answer, which is 200 whatever it says."""
    assert response.status_code == 200, response.text
    body = response.json()
    assert set(body) == {"success", "msg", "obj"}
    return body["success"], body["msg"]


def inner(response):
    """The error in the brackets of a refusal."""
    success, message = said(response)
    assert not success
    return message.partition(" (")[2].removesuffix(")")
