"""The page: its addresses, and what answers them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Collection
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from analyzer.report.text import visible
from analyzer.report.units import byte_size
from analyzer.serve.guard import DRAINED, Guard, Secrets
from analyzer.serve.jobs import Job, Jobs, Kind
from analyzer.serve.upload import NOT_OURS, Upload, UploadedFile, UploadError, too_much
from analyzer.version import VERSION

HERE = Path(__file__).parent
# A report is shown with an origin of its own: what might run in it could not speak for this page.
SHOWN = "sandbox allow-scripts allow-downloads allow-modals; frame-ancestors 'none'"
BUSY = "Too many scans are under way; wait until some are done."
REPORT = "report.json"
# Bytes beside the files in a form.
ROOM = 1 << 20
LONGEST_STEM = 60  # characters of a capture's name in that of a download


class Page:
    """The answers of one run."""

    def __init__(self, jobs: Jobs, keys: Secrets) -> None:
        self._jobs, self._keys = jobs, keys
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=select_autoescape(default=True, default_for_string=True),
            undefined=StrictUndefined,
        )
        self._templates.filters |= {"visible": visible, "byte_size": byte_size}

    def routes(self) -> list[Route | Mount]:
        return [
            Route("/", self.home),
            Route("/captures", self.upload, methods=["POST"]),
            Route("/compare", self.compare, methods=["POST"]),
            Route("/jobs/{job}", self.job),
            Route("/jobs/{job}/state", self.state),
            Route("/jobs/{job}/remove", self.remove, methods=["POST"]),
            Route("/jobs/{job}/{document}", self.document),
            Mount("/static", StaticFiles(directory=HERE / "static")),
        ]

    async def home(self, _: Request) -> Response:
        return self._page("home.html")

    async def job(self, request: Request) -> Response:
        job = self._job(request)
        if job is None:
            return self._missing()
        written = [kind for kind in self._jobs.every_kind if self._jobs.document(job, kind.name)]
        return self._page("job.html", job=job, written=written)

    async def state(self, request: Request) -> Response:
        job = self._job(request)
        return JSONResponse({"error": "gone"}, 404) if job is None else JSONResponse(job.view())

    async def document(self, request: Request) -> Response:
        job = self._job(request)
        found = job and self._jobs.document(job, request.path_params["document"])
        if job is None or not found:
            return self._missing()
        kind, path = found
        is_shown = kind.media == "text/html" and "download" not in request.query_params
        response = FileResponse(
            path,
            media_type=kind.media,
            filename=_download_name(job, kind),
            content_disposition_type="inline" if is_shown else "attachment",
        )
        if kind.media == "text/html":
            response.headers["Content-Security-Policy"] = SHOWN
        return response

    async def upload(self, request: Request) -> Response:
        try:
            self._expect(request)
            job = self._jobs.new()
            files = await self._taken(request, job)
        except (UploadError, ClientDisconnect) as error:
            return await self._refused(request, error)
        self._jobs.start(job, files)
        return RedirectResponse(f"/jobs/{job.id}", 303)

    async def _taken(self, request: Request, job: Job) -> list[UploadedFile]:
        """What was uploaded for a job; the job is gone where that fails, whatever the reason."""
        is_taken = False
        try:
            form = request.headers.get("content-type", "")
            upload = Upload(form, job.folder, self._jobs.limits.upload, self._keys.is_form)
            await upload.take(request.stream())
            if not upload.files:
                raise UploadError(400, "No capture was chosen.")
            is_taken = True
        finally:
            if not is_taken:
                self._jobs.remove(job)
        return upload.files

    def _expect(self, request: Request) -> None:
        """UploadError where what is announced won't be taken."""
        if not self._jobs.has_room():
            raise UploadError(429, BUSY)
        length, most = request.headers.get("content-length", ""), self._jobs.limits.upload
        if length.isdigit() and int(length) > most + ROOM:
            raise UploadError(413, too_much(most))

    async def remove(self, request: Request) -> Response:
        try:
            await self._form(request)
        except UploadError as error:
            return await self._refused(request, error)
        job = self._job(request)
        if job is not None and job.is_over:
            self._jobs.remove(job)
        return RedirectResponse("/", 303)

    async def compare(self, request: Request) -> Response:
        try:
            form = await self._form(request)
            chosen = [self._jobs.get(form.get(name, "")) for name in ("first", "second")]
            first, second = (job for job in chosen if job is not None and self._jobs.document(job, REPORT))
        except UploadError as error:
            return await self._refused(request, error)
        except ValueError:
            return await self._refused(request, UploadError(400, "Choose two scans that are done."))
        if not self._jobs.has_room():
            return await self._refused(request, UploadError(429, BUSY))
        return RedirectResponse(f"/jobs/{self._jobs.compare(first, second).id}", 303)

    async def _form(self, request: Request) -> dict[str, str]:
        """The fields of a short form; UploadError where it isn't ours."""
        length = request.headers.get("content-length", "")
        if not length.isdigit() or int(length) > ROOM:
            raise UploadError(413, "The form is too long.")
        async with request.form(max_files=0, max_fields=8, max_part_size=4096) as form:
            fields = {name: value for name, value in form.items() if isinstance(value, str)}
        if not self._keys.is_form(fields.get("key", "")):
            raise UploadError(403, NOT_OURS)
        return fields

    def _job(self, request: Request) -> Job | None:
        return self._jobs.get(request.path_params["job"])

    def _missing(self) -> Response:
        return self._page("error.html", 404, sentence="There is nothing at this address (any more).")

    async def _refused(self, request: Request, error: UploadError | ClientDisconnect) -> Response:
        status = error.status if isinstance(error, UploadError) else 400
        if status != 408:  # whoever sends nothing is not waited for again
            await _read_on(request)
        response = self._page("error.html", status, sentence=str(error))
        response.headers["Connection"] = "close"  # the rest of the form is not read
        return response

    def _page(self, template: str, status: int = 200, **known: Any) -> HTMLResponse:
        text = self._templates.get_template(template).render(
            version=VERSION, key=self._keys.form, jobs=list(self._jobs)[::-1],
            limits=self._jobs.limits, regions=self._jobs.regions, **known,
        )  # fmt: skip
        return HTMLResponse(text, status)


def _download_name(job: Job, kind: Kind) -> str:
    """The name of a document with that of its capture; one with pseudonyms is to name nothing of its own."""
    stem = "" if kind.redacted or job.title else Path(job.label).stem
    words = "".join(c if c.isalnum() else "-" for c in stem).strip("-")[:LONGEST_STEM]
    return f"{words}-{kind.name}" if words else kind.name


async def _read_on(request: Request) -> None:
    """Some of what is left of a form: where it isn't read, the answer is lost with the connection."""
    with contextlib.suppress(ClientDisconnect, RuntimeError):  # it may be gone, or read to its end
        left = DRAINED
        async for piece in request.stream():
            left -= len(piece) + 1
            if left < 0:
                break


def application(jobs: Jobs, keys: Secrets, hosts: Collection[str], port: int) -> Guard:
    """The page behind its guard; what it holds goes when it is shut down."""

    @contextlib.asynccontextmanager
    async def life(_: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await jobs.close()

    return Guard(Starlette(routes=Page(jobs, keys).routes(), lifespan=life), keys, hosts, port)
