"""What a browser and its page do: keep cookies, send the page's token with every write."""

from http.cookies import SimpleCookie

from wire import Wire

V1 = "/api/-/v1"


class Browser(Wire):
    """Not signed in until `sign_in`, `sign_up` or `set_up`."""

    def __init__(self, url):
        super().__init__(url)
        self.cookies, self.csrf = {}, None

    def __call__(self, method, target, body=None, *, json_body=None, headers=None, csrf=True):
        sent = dict(headers or {})
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if self.csrf and csrf:
            sent["X-CSRF-Token"] = self.csrf
        answer = super().__call__(method, target, body, json_body=json_body, headers=sent)
        for name, value in answer.headers:
            if name.lower() != "set-cookie":
                continue
            for key, morsel in SimpleCookie(value).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(key, None)
                else:
                    self.cookies[key] = morsel.value
        if answer.status < 300 and answer.body.startswith(b"{") and "csrfToken" in answer.json:
            self.csrf = answer.json["csrfToken"]
        return answer

    def v1(self, method, path, json_body=None, **more):
        return self(method, V1 + path, json_body=json_body, **more)

    def look(self):
        return self.v1("GET", "/session").ok().json

    def sign_in(self, name, password):
        return self.v1("POST", "/session", {"name": name, "password": password})

    def sign_up(self, name, password="correct horse", **more):
        return self.v1("POST", "/accounts", {"name": name, "password": password, **more})


def code_of(link):
    return link.split("#", 1)[1]


def setting(hub, *pairs):
    """Decides things about a hub, at its machine: setting(hub, "registration", "open")."""
    for key, value in zip(pairs[::2], pairs[1::2], strict=True):
        hub.run("admin", "setting", "set", key, value)


def browser_of(hub, name, password="correct horse"):
    """@return a browser in which that user of the hub is signed in."""
    hub.run("admin", "user", "password", name, stdin=password)
    browser = Browser(hub.url)
    browser.sign_in(name, password).ok()
    return browser
