"""What goes wrong between here and the hub, as sentences for the user.

huggingface_hub's majors stand on different HTTP libraries, so transport errors are known by their names. It is imported
when there is something to say.
"""

from __future__ import annotations

import email.utils
import logging
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from tui.engine.errors import OvchatError
from tui.library.proxies import Proxy, proxy_to

_PROXY_PASSWORD = 407
_TOO_MANY = 429
_BUSY = (408, _TOO_MANY, 500, 502, 503, 504)
_TOKEN_VARIABLES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")  # the first one counts
_LOG_IN = "set HF_TOKEN to a token of yours (https://huggingface.co/settings/tokens), or: hf auth login."
_HOPELESS = ("ProxyError", "UnsupportedProtocol", "InvalidURL")

logger = logging.getLogger(__name__)


class PullFailed(OvchatError):
    """A model cannot be got from the hub, or not now."""


class NotOnHub(PullFailed):
    """There is no such repository, or it is private."""


class Lost(Exception):
    """The connection failed, or the hub asks for patience: worth another try.

    Args:
        problem: What to say when there is no other try.
        wait_s: Seconds that the hub asks to wait.
    """

    def __init__(self, problem: PullFailed, wait_s: float | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.wait_s = wait_s


@contextmanager
def told(repository: str) -> Iterator[None]:
    """In the block, what huggingface_hub and its HTTP library raise becomes `PullFailed` or `Lost`."""
    try:
        yield
    except (PullFailed, Lost):
        raise
    except Exception as error:
        logger.debug("%s", repository, exc_info=error)
        problem = _problem(error, repository)
        if problem is None:
            raise
        raise problem from error


def hub_name() -> str:
    """The hub's host, as messages name it."""
    from huggingface_hub import constants

    return urlsplit(_endpoint()).netloc or constants.ENDPOINT


def other_size(repository: str, file: str, listed: int, found: str) -> PullFailed:
    """The error for a file that is not as long as the hub lists it: trying again does not help."""
    return PullFailed(
        f"{hub_name()} lists {file} of {repository} with {listed:,} bytes, and has {found}: one of the two is wrong.",
        "Try it without a mirror or a proxy (HF_ENDPOINT, HTTPS_PROXY), "
        f"or tell its owners: {_endpoint()}/{repository}/discussions",
    )


def require_token_that_can_be_sent() -> None:
    """See that the token, if there is one, has the letters that tokens have: others cannot be sent.

    Raises:
        PullFailed: It has not; says where it is from, and nothing of it.
    """
    from huggingface_hub import constants
    from huggingface_hub.utils import get_token_to_send

    try:
        token = get_token_to_send(None) or ""
    except (PermissionError, IsADirectoryError) as error:
        raise PullFailed(
            f"The token in {constants.HF_TOKEN_PATH} cannot be read: {error.strerror}.",
            "Allow it, or log in again: hf auth login.",
        ) from error
    except UnicodeDecodeError:
        token = "\0"
    if re.fullmatch(r"[!-~]*", token):
        return
    place, step = _token_place()
    raise PullFailed(f"The token in {place} is none: it has characters in it that no token has.", step)


def _token_place() -> tuple[str, str]:
    """Where the token that is used is from, and what to do where it is no good."""
    from huggingface_hub import constants

    named = [name for name in _TOKEN_VARIABLES if os.environ.get(name, "").strip()]
    step = "Set it anew, or unset it" if named else f"Log in again: hf auth login, or set {_TOKEN_VARIABLES[0]}"
    return named[0] if named else constants.HF_TOKEN_PATH, f"{step}. Tokens: https://huggingface.co/settings/tokens"


def _endpoint() -> str:
    """The hub's address as it may be shown: without a name and a password that may be in it."""
    from huggingface_hub import constants

    parts = urlsplit(constants.ENDPOINT)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _problem(error: Exception, repository: str) -> PullFailed | Lost | None:
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    names = {each.__name__ for each in type(error).__mro__}
    if isinstance(error, OfflineModeIsEnabled):
        return PullFailed(f"{repository} cannot be fetched: HF_HUB_OFFLINE is set.", "Unset it to pull models.")
    if isinstance(error, HfHubHTTPError):
        return _refusal(error, repository)
    if "HTTPError" in names or "InvalidURL" in names or isinstance(error, OSError):
        return _no_connection(error, names)
    if isinstance(error, ImportError):
        return _socks(_proxy_on_the_way(error))
    if "proxy URL" in str(error):  # of a scheme that proxies do not have
        return _no_proxy(_proxy_on_the_way(error))
    if isinstance(error, (ValueError, TypeError, KeyError, AttributeError, RecursionError)):
        return PullFailed(
            f"{hub_name()} answers, but not as a hub does.",
            "A network that asks to log in first does that: open a web page. Else look at HF_ENDPOINT and HTTPS_PROXY.",
        )
    return None


def _refusal(error: Any, repository: str) -> PullFailed | Lost:
    """An answer with a status from 400 on."""
    from huggingface_hub import errors
    from huggingface_hub.utils import get_token_to_send

    status = error.response.status_code
    page = f"{_endpoint()}/{repository}"
    token = bool(get_token_to_send(None))
    if status == _PROXY_PASSWORD:
        return _proxy_password(_proxy_on_the_way(error))
    if isinstance(error, errors.GatedRepoError):
        step = f"Ask for access at {page}"
        step += " with the account of the token that is used." if token else f", then {_LOG_IN}"
        return PullFailed(f"{repository} is gated: its owners decide who gets it.", step)
    if isinstance(error, errors.RepositoryNotFoundError):
        private = "" if token else f"If it is private, {_LOG_IN}"
        return NotOnHub(f"There is no {repository} on {hub_name()}.", private)
    if isinstance(error, (errors.RevisionNotFoundError, errors.RemoteEntryNotFoundError)):
        return PullFailed(f"{repository} has changed on the hub meanwhile.", "Run it again.")
    if isinstance(error, errors.DisabledRepoError):
        return PullFailed(f"{repository} has been disabled on the hub.", "Choose another model.")
    if status in _BUSY:
        return _busy(status, _wait_asked(status, error.response.headers), token)
    if status == 401:
        if not token:
            return PullFailed(f"{hub_name()} wants a token.", _LOG_IN[0].upper() + _LOG_IN[1:])
        place, step = _token_place()
        return PullFailed(f"{hub_name()} refuses the token in {place}.", step)
    return PullFailed(f"{hub_name()} does not give {repository} ({status}).", f"Look at {page}.")


def _busy(status: int, wait_s: float | None, token: bool) -> Lost:
    again = f"Try again in {wait_s:.0f} s" if wait_s else "Try again later"
    again += "; what is here already is kept."
    if status != _TOO_MANY:
        return Lost(PullFailed(f"{hub_name()} has a problem of its own ({status}).", again), wait_s)
    login = "" if token else f" To ask more often, {_LOG_IN}"
    return Lost(PullFailed(f"{hub_name()} takes no more requests for now (429).", again + login), wait_s)


def _wait_asked(status: int, headers: Mapping[str, str]) -> float | None:
    """Seconds that an answer asks to wait: by Retry-After, or by RateLimit, which the hub gives with every answer."""
    asked = headers.get("Retry-After", "").strip()
    if asked.isdecimal():
        return float(asked)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(asked).timestamp() - time.time())
    except (ValueError, TypeError):
        limit = re.search(r";\s*t\s*=\s*(\d+)", headers.get("RateLimit", "")) if status == _TOO_MANY else None
        return float(limit[1]) if limit else None


def _no_connection(error: Exception, names: set[str]) -> PullFailed | Lost:
    """No HTTP answer, or not the whole: no network, no such host, a broken line."""
    reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    proxy = _proxy_on_the_way(error)
    if "InvalidURL" in names and proxy is not None:
        return _no_proxy(proxy)
    if "ProxyError" in names and reason.startswith(str(_PROXY_PASSWORD)):
        return _proxy_password(proxy)
    certificate = "CERTIFICATE_VERIFY_FAILED" in reason
    if certificate:
        step = "A proxy with a certificate of its own? Name its file in SSL_CERT_FILE."
    elif proxy is not None:
        step = f"Look at {proxy.variable} (NO_PROXY names what needs none), then run it again; "
        step += "what is here already is kept."
    else:
        step = "Look at the network (and HTTPS_PROXY, HF_ENDPOINT), then run it again; what is here already is kept."
    through = f" through the proxy {proxy.place}" if proxy is not None else ""
    problem = PullFailed(f"{hub_name()} cannot be reached{through}: {reason}.", step)
    return problem if certificate or names.intersection(_HOPELESS) else Lost(problem)


def _proxy_on_the_way(error: Any) -> Proxy | None:
    """The proxy of the request that failed; where none was made yet, of one to the hub."""
    try:
        return proxy_to(str(error.request.url))
    except (RuntimeError, AttributeError):  # httpx has errors with and without a request
        return proxy_to(_endpoint())


def _proxy_password(proxy: Proxy | None) -> PullFailed:
    place, variable = (proxy.place, proxy.variable) if proxy is not None else ("on the way", "HTTPS_PROXY")
    wanted = "another name and password" if proxy is not None and proxy.has_password else "a name and a password"
    address = proxy.place if proxy is not None else "HOST:PORT"
    return PullFailed(
        f"The proxy {place} wants {wanted} ({_PROXY_PASSWORD}).",
        f"Give them in {variable}: http://NAME:PASSWORD@{address}",
    )


def _socks(proxy: Proxy | None) -> PullFailed:
    """It needs a package that does not come with the library."""
    variable, place = (proxy.variable, f" ({proxy.place})") if proxy is not None else ("ALL_PROXY", "")
    return PullFailed(
        f"{variable} names a SOCKS proxy{place}, which needs a package that is not here: socksio.",
        f"Give {variable} an HTTP proxy (http://HOST:PORT), or install socksio where ovchat is: pip install socksio",
    )


def _no_proxy(proxy: Proxy | None) -> PullFailed:
    variable = proxy.variable if proxy is not None else "HTTPS_PROXY"
    return PullFailed(f"{variable} is not the address of a proxy.", "Unset it, or give one like http://HOST:PORT.")
