from __future__ import annotations

import io
import json
import tracemalloc
import zipfile
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from tests.store.foreign import chatgpt, lakes, message, node, open_webui, rivers
from tui.store import imports, json_items
from tui.store.conversations import Conversations
from tui.store.errors import StoreError
from tui.store.records import Conversation, Ended, Message, Role


def read(*exported: Any) -> list[tuple[Conversation, list[Message]]]:
    """What a file of these has."""
    with imports.opened("in.json", io.BytesIO(json.dumps(list(exported)).encode())) as found:
        assert not found.left_out
        return list(found)


def branch(whole: tuple[Conversation, list[Message]]) -> list[Message]:
    """The branch that is shown."""
    conversation, messages = whole
    by_id = {each.id: each for each in messages}
    found, at = [], conversation.head
    while at is not None:
        found.append(by_id[at])
        at = by_id[at].parent
    return found[::-1]


def only(exported: Any) -> list[Message]:
    (whole,) = read(exported)
    return branch(whole)


class TestChatGPT:
    def test_what_it_is_called_and_when_it_was(self) -> None:
        exported = rivers() | {"is_archived": True, "is_starred": True, "title": " a\nb "}
        ((conversation, messages),) = read(exported)
        assert (conversation.title, conversation.archived, conversation.pinned) == ("a b", True, True)
        assert (conversation.created, conversation.updated) == (1700000000.5, 1700000900.25)
        assert (conversation.model, conversation.system) == ("", "")
        assert all(each.conversation == conversation.id for each in messages)

    def test_every_branch_is_there_and_the_last_one_is_shown(self) -> None:
        ((conversation, messages),) = read(rivers())
        question, rhine, danube, how_long, last = sorted(messages, key=lambda each: each.id)
        assert [each.text for each in (question, rhine, danube)] == ["Which rivers?", "The Rhine.", "The Danube."]
        assert rhine.parent == danube.parent == question.id
        assert branch((conversation, messages)) == [question, danube, how_long, last]
        assert (rhine.role, rhine.model, rhine.created, rhine.ended) == (
            Role.ASSISTANT,
            "gpt-4o",
            1700000002.0,
            Ended.STOP,
        )

    def test_thinking_tools_and_the_answer_are_one_answer(self) -> None:
        last = only(rivers())[-1]
        assert last.reasoning == "Length\n\nI need a sum."
        assert last.text == "[to python]\n\n```python\nprint(2850)\n```\n\n[from python]\n\n```\n2850\n```\n\n2,850 km."
        assert (last.model, last.created) == ("gpt-4o-mini", 1700000005.0)

    def test_an_answer_that_was_made_anew_after_its_tool_is_another_answer(self) -> None:
        exported = rivers()
        exported["mapping"]["a4"] = node("a4", "result", "assistant", "About 2,850 km.")
        exported["mapping"]["u3"] = node("u3", "a4", "user", "Thanks.")
        exported["current_node"] = "u3"
        ((conversation, messages),) = read(exported)
        *_, how_long, last, thanks = branch((conversation, messages))
        assert thanks.text == "Thanks."
        assert last.text.endswith("About 2,850 km.")
        other = next(each for each in messages if each.text.endswith("\n2,850 km."))
        assert other.parent == last.parent == how_long.id

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            ({"content_type": "multimodal_text", "parts": ["Look", {"content_type": "image_asset_pointer",
              "asset_pointer": "file-service://file-abc", "size_bytes": 9, "width": 640, "height": 480,
              "metadata": {"dalle": {"prompt": "a cat"}}}]}, "Look\n\n[image: file-abc, 640×480, a cat]"),
            ({"content_type": "multimodal_text", "parts": [{"content_type": "audio_transcription", "text": "Hello"},
              {"content_type": "audio_asset_pointer", "asset_pointer": "sediment://file_1"}]},
             "Hello\n\n[sound: file_1]"),
            ({"content_type": "multimodal_text", "parts": [{"content_type": "new_thing", "asset_pointer": "a://b"}]},
             "[new_thing: b]"),
            ({"content_type": "tether_quote", "title": "T", "url": "u", "text": "q"}, "[quote: T u]\n\n```\nq\n```"),
            ({"content_type": "tether_browsing_display", "result": "r"}, "```\nr\n```"),
            ({"content_type": "system_error", "name": "E", "text": "x"}, "[error: E]\n\n```\nx\n```"),
            ({"content_type": "code", "language": "unknown", "text": "a ``` b"}, "````\na ``` b\n````"),
            ({"content_type": "brand_new", "text": "words"}, "words"),
            ({"content_type": "brand_new"}, "[brand_new]"),
            ({"content_type": "text", "parts": ["a", "", "b"]}, "a\n\nb"),
        ],
    )  # fmt: skip
    def test_what_is_no_plain_text_is_named(self, content: dict[str, Any], said: str) -> None:
        assert only(chatgpt(node("u", None, "user", content=content)))[0].text == said

    def test_attached_files_are_named(self) -> None:
        metadata = {"attachments": [{"id": "f", "name": "plan.pdf", "size": 3}, None]}
        assert only(chatgpt(node("u", None, "user", "See", metadata=metadata)))[0].text == "See\n\n[file: plan.pdf]"

    def test_what_the_user_has_set_for_all_conversations_is_the_system_prompt(self) -> None:
        content = {"content_type": "user_editable_context", "user_profile": "I row.", "user_instructions": "Be brief."}
        hidden = {"is_visually_hidden_from_conversation": True, "is_user_system_message": True}
        exported = chatgpt(
            node("root", None),
            node("s", "root", "user", content=content, metadata=hidden),
            node(
                "m", "s", "assistant", content={"content_type": "model_editable_context", "model_set_context": "Oars."}
            ),
            node("e", "m", "assistant", content={"content_type": "model_editable_context", "model_set_context": ""}),
            node("u", "e", "user", "Hi"),
        )
        ((conversation, messages),) = read(exported)
        assert conversation.system == "I row.\n\nBe brief.\n\nOars."
        assert [(each.text, each.parent) for each in messages] == [("Hi", None)]

    def test_nodes_without_times_come_after_the_ones_before_them(self) -> None:
        talk = only(chatgpt(*(node(str(n), str(n - 1), "user" if n % 2 else "assistant", f"{n}") for n in range(1, 9))))
        assert [each.text for each in talk] == [str(n) for n in range(1, 9)]
        assert [each.id for each in talk] == sorted(each.id for each in talk)

    def test_a_very_long_conversation(self) -> None:
        nodes = [node(str(n), str(n - 1), "user" if n % 2 else "assistant", "x") for n in range(1, 5001)]
        assert len(only(chatgpt(*nodes))) == 5000

    @pytest.mark.parametrize(
        "odd",
        [
            {"current_node": None},
            {"current_node": "nowhere"},
            {"create_time": None, "update_time": None},
            {"create_time": "yesterday"},
            {"create_time": 1e300, "update_time": float("nan")},
            {"title": None},
            {"conversation_id": None, "id": None},
        ],
    )
    def test_odd_fields_do_not_matter(self, odd: dict[str, Any]) -> None:
        assert [each.text for each in only(rivers() | odd)][-1].endswith("2,850 km.")


class TestOpenWebUI:
    def test_every_branch_is_there_and_the_current_one_is_shown(self) -> None:
        ((conversation, messages),) = read(lakes() | {"pinned": True})
        assert (conversation.title, conversation.created, conversation.pinned) == ("Lakes", 1700000000.0, True)
        question, constance, deep, last = branch((conversation, messages))
        assert [each.text for each in (question, constance, deep)] == ["Which lakes?", "Lake Constance.", "How deep?"]
        (geneva,) = [each for each in messages if each.text == "Lake Geneva."]
        assert (geneva.parent, geneva.model) == (question.id, "qwen3:4b")
        assert constance.id < geneva.id or constance.created == geneva.created
        assert (last.text, last.reasoning, last.facts.reasoning_s) == ("251 m.", 'It is "deep".\nVery.', 4.0)

    def test_an_older_chat_has_a_list(self) -> None:
        older = {"title": "Old", "models": ["llama2"], "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "Hello."},
            {"role": "user", "content": "Bye"},
        ], "timestamp": 1690000000000}  # fmt: skip
        for exported in (older, {"id": "x", "chat": older, "created_at": 1690000000}):
            ((conversation, messages),) = read(exported)
            assert [each.text for each in branch((conversation, messages))] == ["Hi", "Hello.", "Bye"]
            assert (conversation.title, conversation.system, conversation.created) == ("Old", "Be brief.", 1.69e9)

    def test_the_system_prompt_of_a_chat(self) -> None:
        exported = lakes()
        exported["chat"]["params"] = {"system": "Be brief.", "temperature": 0.5}
        assert read(exported)[0][0].system == "Be brief."

    @pytest.mark.parametrize(
        ("content", "fields", "said"),
        [
            ([{"type": "text", "text": "Look"}, {"type": "image_url", "image_url": {"url": "data:..."}}], {},
             "Look\n\n[image]"),
            ("See", {"files": [{"type": "file", "name": "plan.pdf"}, {"type": "image", "url": "data:..."}]},
             "See\n\n[file: plan.pdf]\n\n[image]"),
            ('<details type="tool_calls" done="true" id="c" name="sum" arguments="&quot;{&gt;}&quot;" '
             'result="&quot;3&quot;" files="">\n<summary>Tool Executed</summary>\n</details>\nIt is 3.', {},
             '[to sum]\n\n```\n"{>}"\n```\n\n[from sum]\n\n```\n"3"\n```\n\nIt is 3.'),
            ('<details type="code_interpreter" done="true" output="3">\n<summary>Analyzed</summary>\n'
             "```python\nprint(3)\n```\n</details>\nSo.", {},
             "[to code_interpreter]\n\n```python\nprint(3)\n```\n\n[from code_interpreter]\n\n```\n3\n```\n\nSo."),
            ("<details><summary>More</summary>text</details>", {}, "<details><summary>More</summary>text</details>"),
        ],
    )  # fmt: skip
    def test_what_is_no_plain_text_is_named(self, content: Any, fields: dict[str, Any], said: str) -> None:
        assert only(open_webui(message("a", None, "assistant", content, **fields)))[0].text == said

    def test_an_answer_that_failed(self) -> None:
        (answer,) = only(open_webui(message("a", None, "assistant", "", error={"content": "No such model."})))
        assert (answer.ended, answer.facts.error, answer.text) == (Ended.ERROR, "No such model.", "")

    def test_who_is_neither_user_nor_assistant_is_named(self) -> None:
        assert only(open_webui(message("t", None, "tool", "3", name="sum")))[0].text == "[from sum]\n\n```\n3\n```"


class TestFiles:
    def test_both_and_our_own_are_told_by_their_content(self) -> None:
        own = {"format": "ovchat/1", "title": "Own", "messages": []}
        titles = [conversation.title for conversation, _ in read(rivers(), lakes(), own)]
        assert titles == ["Rivers", "Lakes", "Own"]

    def test_the_zip_that_chatgpts_come_in(self, tmp_path: Path) -> None:
        path = tmp_path / "export.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("chat.html", "<html>")
            packed.writestr("user.json", "{}")
            packed.writestr("a/conversations-001.json", json.dumps([rivers() | {"title": "Second"}]))
            packed.writestr("a/conversations-000.json", json.dumps([rivers()]))
        with open(path, "rb") as file, imports.opened("export.zip", file) as found:
            for _ in range(2):
                assert [conversation.title for conversation, _ in found] == ["Rivers", "Second"]

    def test_a_zip_with_nothing_in_it_or_that_is_broken(self, tmp_path: Path) -> None:
        path = tmp_path / "other.zip"
        with zipfile.ZipFile(path, "w") as packed:
            packed.writestr("user.json", "{}")
        with pytest.raises(StoreError, match=r"no conversations\.json in other\.zip"):
            self.open(path.read_bytes(), "other.zip")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("conversations.json", json.dumps([rivers()]))
        whole = path.read_bytes()
        for broken in (whole[:100], whole[:60] + b"xxxx" + whole[64:]):
            with pytest.raises(StoreError, match=r"other\.zip.* cannot be unpacked"):
                self.open(broken, "other.zip")

    def test_what_can_be_read_once_is(self) -> None:
        class Pipe(io.BytesIO):
            def seekable(self) -> bool:
                return False

        with imports.opened("-", Pipe(json.dumps([rivers()]).encode())) as found:
            assert len(list(found)) == len(list(found)) == 1

    def test_bad_ones_are_named_and_left_out(self) -> None:
        bad = [None, chatgpt(node("root", None), title="Round"), rivers() | {"mapping": 3}, {"mapping": {"a": 1}}, {}]
        data = json.dumps([rivers(), *bad, lakes()]).encode()
        with imports.opened("in.json", io.BytesIO(data)) as found:
            assert [conversation.title for conversation, _ in found] == ["Rivers", "Lakes"]
            said = found.left_out
        assert len(said) == len(bad)
        assert said[1].startswith("in.json: number 3, “Round”, is left out: There is no message in it")

    @pytest.mark.timeout(20)
    def test_messages_in_a_circle_are_cut_at_the_first_and_that_is_told(self) -> None:
        circle = chatgpt(
            node("b", "a", "assistant", "y", time=1700000002.0),
            node("c", "b", "user", "z", time=1700000003.0),
            node("a", "c", "user", "x", time=1700000001.0),
            node("d", "c", "assistant", "end", time=1700000004.0),
            node("silent", "silent"),
            title="Round",
            current_node="silent",
        )
        with imports.opened("in.json", io.BytesIO(json.dumps([rivers(), circle]).encode())) as found:
            (_, (conversation, messages)) = found
            assert found.left_out == []
            (said,) = found.mended
        assert [each.text for each in branch((conversation, messages))] == ["x", "y", "z", "end"]
        assert said.startswith("in.json: number 2, “Round”: 2 messages follow themselves; ")

    def test_a_message_that_is_its_own_parent_follows_the_one_that_has_it_as_a_child(self) -> None:
        exported = lakes()
        by_id = exported["chat"]["history"]["messages"]
        by_id["u2"]["parentId"] = "u2"
        with imports.opened("in.json", io.BytesIO(json.dumps([exported]).encode())) as found:
            ((_, messages),) = found
            assert found.mended == []
        ((_, right),) = read(lakes())
        assert messages == right
        by_id["a1"]["childrenIds"] = []
        ((_, messages),) = read(exported)
        assert sorted(each.text for each in messages) == sorted(each.text for each in right)
        assert [each.text for each in messages if each.parent is None] == ["Which lakes?", "How deep?"]

    def test_a_long_circle_and_many_short_ones(self) -> None:
        count = 3_000
        ring = [node(str(n), str((n + 1) % count), "user", "x") for n in range(count)]
        alone = [node(f"s{n}", f"s{n}", "user", "x") for n in range(count)]
        ((_, messages),) = read(chatgpt(*ring, *alone))
        assert len(messages) == 2 * count

    @pytest.mark.parametrize(
        ("data", "said"),
        [
            (b"[" + b"1," * 10, "in.json is not JSON: expecting value in line 1, character 22 of all"),
            (b'[{"mapping":\n\n{}} {}]', "in.json is not JSON: expecting ']' in line 3, character 19"),
            (b"{} {}", "expecting the end in line 1, character 4"),
            (b"", "expecting value in line 1, character 1 of all"),
            (b"[" * 100_000, "not JSON"),
            (b'["\xff"]', "not UTF-8 text: byte 2"),
            (b'{"title": "x"}', "and the exports of ChatGPT and of Open WebUI"),
            (b"[1, 2]", "The file is 1"),
        ],
    )
    def test_a_file_that_has_none_is_refused(self, data: bytes, said: str) -> None:
        with pytest.raises(StoreError) as caught:
            self.open(data)
        assert said in str(caught.value)

    def test_nothing_is_taken_of_a_file_that_ends_in_the_middle(self) -> None:
        with pytest.raises(StoreError, match="not JSON"):
            self.open(json.dumps([rivers(), lakes()]).encode()[:-5])

    def test_one_of_ours_that_is_bad_is_not_passed_over(self) -> None:
        with pytest.raises(StoreError, match=r"in\.json: Message 1 has no 'id'"):
            self.open(json.dumps([rivers(), {"format": "ovchat/1", "messages": [{}]}]).encode())

    def test_a_zip_that_unpacks_to_far_more_than_it_is_ends_soon(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(json_items, "_LARGEST", 1 << 20)
        for filler, said in ((b"a", "one value has more than"), (b" ", "line 1, character 100,000,002")):
            file = io.BytesIO()
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
                packed.writestr("conversations.json", b"[" + b'"' * (filler == b"a") + filler * 100_000_000)
            began = perf_counter()
            with pytest.raises(StoreError, match=said):
                self.open(file.getvalue())
            assert perf_counter() - began < 10

    def test_a_large_file_is_not_in_memory(self) -> None:
        # Characters of three bytes, which Python keeps in two; each item is longer than what is read at once.
        big = json.dumps([rivers() | {"filler": "河" * 700_000, "title": str(n)} for n in range(8)], ensure_ascii=False)
        file = io.BytesIO(big.encode())
        del big
        tracemalloc.start()
        try:
            with imports.opened("in.json", file) as found:
                assert [conversation.title for conversation, _ in found] == [str(n) for n in range(8)]
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert len(file.getvalue()) > 16_000_000
        assert peak < 16_000_000

    @staticmethod
    def open(data: bytes, name: str = "in.json") -> None:
        with imports.opened(name, io.BytesIO(data)):
            pass


class TestStoring:
    def test_what_is_read_is_stored_as_it_is(self, store: Conversations) -> None:
        for whole in (*read(rivers()), *read(lakes())):
            assert imports.add(store, whole) is None
            conversation, messages = whole
            assert store.conversation(conversation.id) == conversation
            assert store.messages(conversation.id) == sorted(messages, key=lambda each: each.id)
        assert [hit.text for hit in store.search("Geneva")] == ["Lake Geneva."]

    def test_the_same_file_twice_is_there_once(self, store: Conversations) -> None:
        for expected in (None, 0, 0):
            assert [imports.add(store, whole) for whole in read(rivers())] == [expected]
        assert len(store.listing()) == 1

    def test_what_was_said_since_is_added(self, store: Conversations) -> None:
        (whole,) = read(rivers())
        imports.add(store, whole)
        later = rivers()
        later["mapping"]["u3"] = node("u3", "a3", "user", "And the Rhine?", time=1700001000.0)
        later["mapping"]["a5"] = node("a5", "u3", "assistant", "1,233 km.", time=1700001001.0)
        (again,) = read(later)
        assert imports.add(store, again) == 2
        assert [each.text for each in store.messages(whole[0].id)][-2:] == ["And the Rhine?", "1,233 km."]
        assert imports.add(store, again) == 0

    def test_one_that_was_deleted_is_back(self, store: Conversations) -> None:
        (whole,) = read(rivers())
        imports.add(store, whole)
        store.delete(whole[0].id)
        assert imports.add(store, whole) == 0
        assert store.conversation(whole[0].id) is not None

    def test_texts_that_cannot_be_stored_are_replaced(self, store: Conversations) -> None:
        exported = chatgpt(node("u", None, "user", "a\ud800b\x00"), title="\udfff")
        (whole,) = read(exported)
        imports.add(store, whole)
        assert store.messages(whole[0].id)[0].text == "a\ufffdb\x00"
