"""What is asked of the hub, and what of its answers reaches the user."""

from __future__ import annotations

import time
from email.utils import formatdate
from pathlib import Path

import pytest

from tests.hub_server import LISTING, TOKEN, Answer, HubServer, git_sha1
from tui.library.hub import RemoteFile, Repository, is_id, list_repository, read_file
from tui.library.hub_errors import Lost, NotOnHub, PullFailed

NAME = "OpenVINO/tiny-int4-ov"
SECONDS = 5.0


def listed(name: str = NAME) -> Repository:
    return list_repository(name, SECONDS)


def file_of(repository: Repository, name: str) -> RemoteFile:
    return next(file for file in repository.files if file.name == name)


def read(repository: Repository, name: str, start: int = 0) -> tuple[int, bytes]:
    place, *pieces = read_file(repository, file_of(repository, name), start, SECONDS)
    assert isinstance(place, int)
    return place, b"".join(piece for piece in pieces if isinstance(piece, bytes))


def test_a_listing_has_commit_sizes_and_checksums(hub: HubServer) -> None:
    repo = hub.add(NAME)
    repository = listed()
    assert (repository.id, repository.commit) == (NAME, repo.commit)
    assert {file.name: file.size for file in repository.files} == {name: len(data) for name, data in repo.files.items()}
    assert file_of(repository, "config.json").digest == git_sha1(repo.files["config.json"])
    assert file_of(repository, "openvino_model.bin").digest == repo.digests["openvino_model.bin"]


def test_where_a_mirror_lists_names_only_each_file_is_asked_for(hub: HubServer) -> None:
    repo = hub.add(NAME)
    names = ", ".join(f'{{"rfilename": "{name}"}}' for name in repo.files)
    hub.next(LISTING, Answer(body=f'{{"id": "{NAME}", "sha": "{repo.commit}", "siblings": [{names}]}}'.encode()))
    repository = listed()
    assert file_of(repository, "config.json").digest == git_sha1(repo.files["config.json"])
    weights = file_of(repository, "openvino_model.bin")
    assert weights == RemoteFile(
        "openvino_model.bin", len(repo.files["openvino_model.bin"]), repo.digests["openvino_model.bin"]
    )


def test_a_file_is_read_from_any_place_from_wherever_the_hub_keeps_it(hub: HubServer) -> None:
    repo = hub.add(NAME)
    for name in ("config.json", "openvino_model.bin"):
        assert read(listed(), name) == (0, repo.files[name])
        assert read(listed(), name, 7) == (7, repo.files[name][7:])


def test_a_server_without_ranges_says_where_its_bytes_begin(hub: HubServer) -> None:
    repo = hub.add(NAME)
    hub.next("openvino_model.bin", Answer(no_ranges=True))
    assert read(listed(), "openvino_model.bin", 7) == (0, repo.files["openvino_model.bin"])


def test_the_token_goes_to_the_hub_and_nowhere_else(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.add(NAME, gated=True)
    read(listed(), "openvino_model.bin")
    assert [each.headers["authorization"] for each in hub.requests if each.server == "hub"] == [f"Bearer {TOKEN}"] * 2
    (sent_to,) = hub.asked("openvino_model.bin", "cdn")
    assert "authorization" not in sent_to.headers
    assert TOKEN not in str(sent_to.headers)


def test_nothing_about_this_machine_is_reported(hub: HubServer) -> None:
    hub.add(NAME)
    read(listed(), "openvino_model.bin")
    assert all(each.headers["user-agent"].startswith("ovchat/") for each in hub.requests)
    assert not [each for each in hub.requests if "torch" in each.headers["user-agent"]]


@pytest.mark.parametrize(
    "name",
    ["OpenVINO/Qwen3-8B-int4-ov", "openvino/x", "a/b.c", "A1/b_2"],
)
def test_names_of_the_hub(name: str) -> None:
    assert is_id(name)


@pytest.mark.parametrize(
    "name",
    [
        *("", "gpt2", "a/b/c", "/a", "a/", "../x", "a/..", "a/.", "./a", "a/.b", "-a/b", "a/b-", "a--b/c", "a/b..c"),
        *("a/b.git", "a b/c", "a/b\n", "a/b\0", "a\\b/c", "é/b", "a/ｂ", "~/b", "C:/b", "a/" + "b" * 97, "a/\ud800"),
    ],
)
def test_names_that_the_hub_cannot_have(name: str) -> None:
    assert not is_id(name)


@pytest.mark.parametrize("token", ["", TOKEN])
def test_a_repository_that_is_not_there(hub: HubServer, monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(NotOnHub, match=r"There is no OpenVINO/none on 127\.0\.0\.1") as raised:
        listed("OpenVINO/none")
    assert ("hf auth login" in raised.value.next_step) == (not token)


def test_a_private_repository_is_there_for_its_token(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.add(NAME, private=True)
    with pytest.raises(NotOnHub, match=r"If it is private, set HF_TOKEN .* or: hf auth login\."):
        listed()
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert listed().id == NAME


def test_a_gated_repository_says_where_to_ask(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.add(NAME, gated=True)
    with pytest.raises(PullFailed, match="gated") as raised:
        read(listed(), "config.json")
    assert raised.value.next_step == (
        f"Ask for access at {hub.endpoint}/{NAME}, then set HF_TOKEN to a token of yours "
        "(https://huggingface.co/settings/tokens), or: hf auth login."
    )
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.next("config.json", Answer(403, {"X-Error-Code": "GatedRepo"}))
    with pytest.raises(PullFailed, match="with the account of the token that is used"):
        read(listed(), "config.json")


@pytest.mark.parametrize("variable", ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", ""])
def test_a_token_that_is_none_any_more_is_told_with_its_place(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    file = tmp_path / "token"
    if variable:
        monkeypatch.setenv(variable, "hf_old")
    else:
        file.write_text("hf_old")
        monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(file))
    hub.add(NAME)
    with pytest.raises(PullFailed, match=f"refuses the token in {variable or file}") as raised:
        listed()
    assert raised.value.next_step.startswith("Set it anew, or unset it" if variable else "Log in again: hf auth login")
    assert "hf_old" not in str(raised.value)


def test_a_hub_that_wants_a_token_where_there_is_none(hub: HubServer) -> None:
    hub.add(NAME)
    hub.next("config.json", Answer(401, {"X-Error-Message": "Invalid credentials"}))
    with pytest.raises(PullFailed, match="wants a token") as raised:
        read(listed(), "config.json")
    assert raised.value.next_step.startswith("Set HF_TOKEN to a token of yours")


@pytest.mark.parametrize("token", ["ключ", "hf_\x01", "hf_\udcff", "hf_a\u2028b", "hf_a b"])
def test_a_token_that_cannot_be_sent(hub: HubServer, monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    monkeypatch.setenv("HF_TOKEN", token)
    hub.add(NAME)
    with pytest.raises(PullFailed, match="The token in HF_TOKEN is none") as raised:
        listed()
    assert "unset it" in raised.value.next_step
    assert token not in str(raised.value)
    assert hub.requests == []


@pytest.mark.parametrize("content", ["ключ".encode(), b"\xff\xfe"])
def test_a_token_file_that_has_none(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(file))
    with pytest.raises(PullFailed) as raised:
        listed()
    assert f"The token in {file} is none" in raised.value.sentence
    assert "hf auth login" in raised.value.next_step


def test_a_token_file_that_cannot_be_read(hub: HubServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path))
    with pytest.raises(PullFailed, match=f"The token in {tmp_path} cannot be read: Is a directory"):
        listed()


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_busy_hub_is_worth_another_try(hub: HubServer, status: int) -> None:
    hub.add(NAME)
    hub.next(LISTING, Answer(status, {"Retry-After": "7"}))
    with pytest.raises(Lost) as raised:
        listed()
    assert raised.value.wait_s == 7
    assert str(status) in raised.value.problem.sentence
    assert "in 7 s" in raised.value.problem.next_step


def test_a_hub_may_say_the_time_when_to_come_again(hub: HubServer) -> None:
    hub.add(NAME)
    hub.next(LISTING, Answer(429, {"Retry-After": formatdate(time.time() + 100, usegmt=True)}))
    with pytest.raises(Lost) as raised:
        listed()
    assert raised.value.wait_s == pytest.approx(100, abs=5)
    for status, headers, wait in (
        (429, {"Retry-After": "soon"}, None),
        (429, {"RateLimit": '"resolvers";r=0;t=55'}, 55),
        (503, {"RateLimit": '"resolvers";r=900;t=55'}, None),
    ):
        hub.next(LISTING, Answer(status, headers))
        with pytest.raises(Lost) as raised:
            listed()
        assert raised.value.wait_s == wait


@pytest.mark.parametrize("status", [400, 403, 404, 410, 451])
def test_other_refusals_are_final(hub: HubServer, status: int) -> None:
    repository = (hub.add(NAME), listed())[1]
    hub.next("config.json", Answer(status))
    with pytest.raises(PullFailed) as raised:
        read(repository, "config.json")
    assert raised.value.next_step


def test_a_commit_that_is_gone(hub: HubServer) -> None:
    hub.add(NAME)
    before = listed()
    hub.add(NAME, {"config.json": b"{}"})
    with pytest.raises(PullFailed, match="has changed on the hub meanwhile"):
        read(before, "config.json")


@pytest.mark.parametrize(
    "body", [b"<html>Log in</html>", b"[]", b"{}", b'{"id": "a/b", "sha": null, "siblings": []}', b"[" * 200_000]
)
def test_an_answer_that_is_no_hubs(hub: HubServer, body: bytes) -> None:
    hub.next(LISTING, Answer(body=body))
    with pytest.raises(PullFailed, match="answers, but not as a hub does"):
        listed()


@pytest.mark.parametrize(
    "entry",
    [
        '{"rfilename": "a", "size": 1, "blobId": "xyz"}',
        f'{{"rfilename": "a", "size": "1", "blobId": "{"a" * 40}"}}',
        f'{{"rfilename": "a", "size": -1, "blobId": "{"a" * 40}"}}',
    ],
)
def test_a_listing_with_odd_checksums_or_sizes(hub: HubServer, entry: str) -> None:
    hub.next(LISTING, Answer(body=f'{{"id": "{NAME}", "sha": "abc", "siblings": [{entry}]}}'.encode()))
    with pytest.raises(PullFailed, match="not as a hub does"):
        listed()


def test_a_repository_whose_name_leads_out_of_the_models_folder(hub: HubServer) -> None:
    hub.next(LISTING, Answer(body=b'{"id": "../../evil", "sha": "abc", "siblings": []}'))
    with pytest.raises(PullFailed, match="not as a hub does"):
        listed()


def test_a_circle_of_redirects_ends(hub: HubServer) -> None:
    repository = (hub.add(NAME), listed())[1]
    hub.always("config.json", Answer(redirect=f"/{NAME}/resolve/{repository.commit}/config.json"))
    with pytest.raises(PullFailed, match=r"cannot give config\.json"):
        read(repository, "config.json")


def test_nobody_there_is_worth_another_try(hub: HubServer) -> None:
    hub.__exit__(None, None, None)
    with pytest.raises(Lost) as raised:
        listed()
    assert raised.value.problem.sentence.startswith("127.0.0.1:")
    assert "cannot be reached" in raised.value.problem.sentence
    assert "HTTPS_PROXY" in raised.value.problem.next_step


def test_an_address_that_is_none_is_not_tried_again(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "hub.example")
    with pytest.raises(PullFailed, match="cannot be reached"):
        listed()


@pytest.mark.parametrize("endpoint", ["http://[::1", "hub.example", "file:///etc", "http://", "http://hub.example:x"])
def test_an_endpoint_that_is_no_address(hub: HubServer, monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    with pytest.raises(PullFailed, match=r"HF_ENDPOINT is not the address of a hub. Unset it"):
        listed()


def test_a_password_in_the_address_is_not_shown(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.endpoint.replace("//", "//me:secret@"))
    hub.next(LISTING, Answer(410), Answer(429))
    with pytest.raises(PullFailed, match=f"Look at {hub.endpoint}/{NAME}") as refused:
        listed()
    with pytest.raises(Lost) as lost:
        listed()
    assert "secret" not in f"{refused.value} {lost.value.problem}"


def test_a_broken_line_is_worth_another_try(hub: HubServer) -> None:
    repository = (hub.add(NAME), listed())[1]
    hub.next("openvino_model.bin", Answer(cut_after=10))
    with pytest.raises(Lost):
        read(repository, "openvino_model.bin")


def test_offline_on_purpose(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(PullFailed, match="HF_HUB_OFFLINE is set"):
        listed()
    assert hub.requests == []
