"""Serves simcord's preview with Patchbay's own page around it."""

# ruff: noqa: SLF001 - simcord's pages have no public names

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

from aiohttp import web
from simcord.backend.errors import BackendError, SetupError
from simcord.preview import _server
from simcord.preview._pages import _Page
from simcord.preview._server import PreviewServer

from bot.demo.controls import DemoControls
from bot.demo.live_preview import LivePreview
from bot.demo.page_texts import ENGLISH, TEXTS

CONTENT_TYPES: Final = {
    "patchbay.js": "text/javascript",
    "patchbay-dom.js": "text/javascript",
    "patchbay-follow.js": "text/javascript",
    "patchbay-language.js": "text/javascript",
    "patchbay-presses.js": "text/javascript",
    "patchbay.css": "text/css",
    "patchbay.png": "image/png",
}
OWN_FILES: Final = {name: (files("bot.demo") / "static" / name).read_bytes() for name in CONTENT_TYPES}
HEAD: Final = (
    '<link rel="icon" href="/patchbay.png"><link rel="stylesheet" href="/patchbay.css">'
    '<script type="module" src="/patchbay.js"></script></head>'
)
BODY_LIMIT: Final = 4096
"""Bytes of what a button sends."""
_Said = tuple[str, Mapping[str, str]]


class PageServer(PreviewServer):
    """simcord's server, whose page has our script and style, which talk to ``/api/demo``.

    As with simcord's own routes, whoever asks must have the secret of the address, which only the page knows,
    and no other site's page is answered: Host and Origin are checked, and no header allows other origins.
    """

    preview: LivePreview

    def __init__(self, preview: LivePreview, port: int, controls: DemoControls) -> None:
        super().__init__(preview, port)
        self._controls = controls

    async def start(self) -> None:
        """Listen on the port. Raises SetupError if it is taken."""
        vars(_server)["web"] = web  # simcord's own ``start`` does that
        app = web.Application(handler_args={"handler_cancellation": False})
        routes = app.router
        routes.add_get("/", self._index)
        for path in self._STATIC_FILES.keys() - {"/"}:
            routes.add_get(path, self._static)
        for name in CONTENT_TYPES:
            routes.add_get(f"/{name}", self._own_file)
        routes.add_post("/api/pages", self._pages)
        routes.add_delete("/api/pages/{context_id}", self._delete_page)
        routes.add_get("/api/state", self._state)
        routes.add_get("/api/commands", self._commands)
        routes.add_get("/api/action-result", self._action_result)
        routes.add_post("/api/action", self._action)
        routes.add_get("/api/assets/{asset_id}", self._asset)
        routes.add_get("/api/demo", self._show)
        routes.add_post("/api/demo", self._do)
        self.runner = web.AppRunner(app, access_log=None)
        await self.runner.setup()
        try:
            self.site = web.TCPSite(self.runner, "127.0.0.1", self._requested_port)
            await self.site.start()
        except OSError as error:
            raise SetupError(f"port {self._requested_port} is taken") from error
        self.port = int(self.runner.addresses[0][1])

    async def _index(self, request: web.Request) -> web.Response:
        response: web.Response = await super()._index(request)
        texts = TEXTS.get(self._controls.locale, ENGLISH)
        page = re.sub(r"<title>.*?</title>", f"<title>{texts['title']}</title>", response.text or "")
        page = page.replace('<html lang="en">', f'<html lang="{self._controls.locale}">')
        response.text = page.replace("</head>", HEAD)
        return response

    async def _own_file(self, request: web.Request) -> web.Response:
        if request.host not in self._allowed_hosts():
            raise web.HTTPForbidden
        name = request.path.removeprefix("/")
        return web.Response(
            body=OWN_FILES[name], content_type=CONTENT_TYPES[name], headers=self._SECURITY_HEADERS
        )

    async def _show(self, request: web.Request) -> web.Response:
        return self._answer(self._page_of(request))

    async def _do(self, request: web.Request) -> web.Response:
        page = self._page_of(request)
        if request.content_type != "application/json" or (request.content_length or 0) > BODY_LIMIT:
            raise web.HTTPBadRequest
        try:
            body = await request.json()
            await self.preview.free()
            said = self._press(page, str(body["do"]), body)
        except (SetupError, BackendError, LookupError, ValueError, TypeError):
            raise web.HTTPBadRequest from None
        return self._answer(page, said)

    def _press(self, page: _Page, what: str, body: Mapping[str, Any]) -> _Said | None:
        """Do what a button is for; return what the page says about it."""
        controls, said = self._controls, None
        match what:
            case "channel":
                self.preview.show_channel(page, int(body["id"]))
            case "dismiss":
                self.preview.drop_form(page)
            case "locale":
                controls.speak(str(body["locale"]))
                self.preview.locale = controls.locale
                self.preview.republish()
            case "bot":
                said = "", {"bot": controls.bot_name(int(body["id"]))}
            case "join":
                said = controls.join(int(body["id"]), int(body["permissions"]))
            case "break":
                said = controls.break_agent(str(body["agent"]))
            case "break_all":
                said = controls.break_all()
            case "heal":
                said = controls.heal()
            case "down":
                said = controls.take_down(str(body["agent"]))
            case _:
                raise LookupError(what)
        return said

    def _page_of(self, request: web.Request) -> _Page:
        context = request.headers.get("X-Simcord-Context")
        if not self._authorized(request, context=context):
            raise web.HTTPUnauthorized
        try:
            return self.preview._get_page(context)
        except SetupError:
            raise web.HTTPGone from None

    def _answer(self, page: _Page, said: _Said | None = None) -> web.Response:
        state = self._controls.state(page.viewer, page.channel_id)
        if said is not None:
            state |= {"said": said[0], "values": {**said[1], "seconds": str(self._controls.seconds())}}
        return web.json_response(state, headers=self._SECURITY_HEADERS)
