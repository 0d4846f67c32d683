"""`ovchat chats`: the stored conversations from the command line."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.cli import console, log
from tui.cli.options import debug_option, json_option
from tui.cli.question import agreed
from tui.cli.utf8 import require_utf8
from tui.store.conversations import Conversations
from tui.store.errors import StoreError
from tui.store.exchange import json_text, to_json, to_markdown
from tui.store.files import replace_text
from tui.store.records import Change, Conversation, Role

if TYPE_CHECKING:
    from tui.store.imports import Import

_JSON, _MARKDOWN = ".json", ".md"
_NAME_LENGTH = 40  # characters of a title in a file's name
_UNTITLED = "(untitled)"


@contextmanager
def _opened() -> Iterator[Conversations]:
    with closing(Conversations.open()) as store:
        try:
            yield store
        finally:
            for notice in store.notices:
                console.note(notice)


@click.group("chats")
def command() -> None:
    """Stored conversations: show, search, export, import, rename, delete.

    ID is the id of a conversation or the beginning of one, its title, or "last".
    """


@command.command("list")
@click.option("--all", "everything", is_flag=True, help="The archived ones, too.")
@json_option
@debug_option
def list_(everything: bool, as_json: bool, debug: bool) -> None:
    """The conversations, pinned ones first, then the newest."""
    log.begin(debug)
    with _opened() as store:
        conversations = store.listing(archived=everything)
    if as_json:
        console.write_json({"conversations": [_summary(each) for each in conversations]})
        return
    if not conversations:
        console.aside("There is no conversation yet. Begin one: ovchat chat")
    for each in conversations:
        marks = "".join(f" ({word})" for word, is_so in (("pinned", each.pinned), ("archived", each.archived)) if is_so)
        console.write(f"{each.id}  {_when(each.updated)}  {_title(each.title)}{marks}\n")


@command.command("show")
@click.argument("reference", metavar="ID")
@json_option
@debug_option
def show(reference: str, as_json: bool, debug: bool) -> None:
    """A conversation, as Markdown; the branch that was shown last."""
    log.begin(debug)
    with _opened() as store:
        conversation = store.find(reference)
        if as_json:
            console.write_json(to_json(conversation, store.messages(conversation.id)))
        else:
            console.write(to_markdown(conversation, store.branch(conversation.head)))


@command.command("search")
@click.argument("text")
@json_option
@debug_option
def search(text: str, as_json: bool, debug: bool) -> None:
    """The messages that have every word of TEXT in them, newest first; '"several words"' in quotes stay together."""
    log.begin(debug)
    text = require_utf8("TEXT", text)
    if not text.strip():
        raise click.UsageError('There is no TEXT: ovchat chats search "..."')
    found = False
    with _opened() as store:
        hits = store.search(text)
        if as_json:
            console.write_json({"hits": [asdict(hit) | {"message_id": str(hit.message_id)} for hit in hits]})
            return
        for hit in hits:
            found = True
            who = "you" if hit.role is Role.USER else "answer"
            console.write(f"{hit.conversation_id}  {_when(hit.created)}  {_title(hit.title)}\n    {who}: {hit.text}\n")
    if not found:
        console.aside("Nothing was found.")


@command.command("export")
@click.argument("arguments", nargs=-1, metavar="ID [FILE]")
@click.option("--all", "everything", is_flag=True, help="Every conversation, into a folder: --all FOLDER.")
@click.option("--json", "format_", flag_value=_JSON, help="All of it, to be imported again. The default.")
@click.option("--markdown", "format_", flag_value=_MARKDOWN, help="The shown branch, to be read.")
@debug_option
def export(arguments: tuple[str, ...], everything: bool, format_: str | None, debug: bool) -> None:
    """Write a conversation to FILE, or to standard output.

    A FILE that ends in .md is Markdown. A file that is there already is not replaced; in the FOLDER of --all, earlier
    exports of the same conversations are.
    """
    log.begin(debug)
    if everything:
        if len(arguments) != 1:
            raise click.UsageError("--all takes a folder: ovchat chats export --all FOLDER")
        _export_all(Path(arguments[0]), format_ or _JSON)
        return
    if not 1 <= len(arguments) <= 2:
        raise click.UsageError("Give a conversation, and a file or nothing: ovchat chats export ID [FILE]")
    target = Path(arguments[1]) if len(arguments) == 2 and arguments[1] != "-" else None
    if target and target.is_dir():
        raise click.UsageError(f"{target} is a folder; give the name of a file, or --all.")
    if target and target.exists():
        raise StoreError(f"{target} is there already.", "Give another name, or remove it.")
    with _opened() as store:
        conversation = store.find(arguments[0])
        suffix = format_ or (_MARKDOWN if target and target.suffix.lower() == _MARKDOWN else _JSON)
        text = _exported(store, conversation, suffix)
    if target:
        _write(target, text)
        console.aside(f"{_title(conversation.title)} is in {target}.")
    else:
        console.write(text)


@command.command("import")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@debug_option
def import_(files: tuple[str, ...], debug: bool) -> None:
    """Add conversations that ovchat, ChatGPT or Open WebUI has exported, with all their branches.

    FILE is JSON, or the .zip that ChatGPT's come in; - is standard input. A conversation of ovchat's gets a new ID. Of
    one of the others that was imported before, only what is new is added.
    """
    from tui.store.imports import add  # zipfile and more, which only this needs

    log.begin(debug)
    left_out = 0
    with _opened() as store:
        for name in files:
            there = 0
            with _conversations_in(name) as found:
                for each in (*found.mended, *found.left_out):
                    console.note(each)
                for conversation, messages in found:
                    new = add(store, (conversation, messages))
                    if new == 0:
                        there += 1
                        continue
                    more = f" ({new} new {'message' if new == 1 else 'messages'})" if new else ""
                    console.write(f"{conversation.id}  {_title(conversation.title)}{more}\n")
                left_out += len(found.left_out)
            if there:
                console.aside(f"{name}: {there:,} {'was' if there == 1 else 'were'} imported before.")
    if left_out:
        raise StoreError(f"Conversations that could not be imported: {left_out:,}.", "The others are here.")


@command.command("rename")
@click.argument("reference", metavar="ID")
@click.argument("title")
@debug_option
def rename(reference: str, title: str, debug: bool) -> None:
    """Give a conversation another title."""
    log.begin(debug)
    title = " ".join(require_utf8("TITLE", title).split())
    if not title:
        raise click.UsageError('There is no TITLE: ovchat chats rename ID "..."')
    with _opened() as store:
        store.save(Change(store.find(reference).id, {"title": title, "renamed": True}))


@command.command("delete")
@click.argument("reference", metavar="ID")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@debug_option
def delete(reference: str, yes: bool, debug: bool) -> None:
    """Delete a conversation."""
    log.begin(debug)
    with _opened() as store:
        conversation = store.find(reference)
        named = f'{conversation.id} "{_title(conversation.title)}"'
        if not agreed(f"Delete {named}?", yes, "deletes"):
            return
        store.delete(conversation.id)
        console.aside(f"Deleted: {named}.")


def _summary(conversation: Conversation) -> dict[str, Any]:
    names = ("id", "title", "created", "updated", "pinned", "archived", "model")
    return {name: getattr(conversation, name) for name in names}


def _exported(store: Conversations, conversation: Conversation, suffix: str) -> str:
    if suffix == _MARKDOWN:
        return to_markdown(conversation, store.branch(conversation.head))
    return json_text(to_json(conversation, store.messages(conversation.id)))


def _export_all(folder: Path, suffix: str) -> None:
    with _opened() as store:
        conversations = store.listing(archived=True)
        for each in conversations:
            words = re.sub(r"[^\w-]+", "-", each.title)[:_NAME_LENGTH].strip("-")
            _write(folder / f"{each.id}{'-' if words else ''}{words}{suffix}", _exported(store, each, suffix))
    console.aside(f"Conversations written to {folder}: {len(conversations)}.")


def _write(path: Path, text: str) -> None:
    try:
        replace_text(path, text)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}.") from error


@contextmanager
def _conversations_in(name: str) -> Iterator[Import]:
    from tui.store.imports import opened

    what = "Standard input" if name == "-" else name
    if name == "-" and sys.stdin is None:
        raise StoreError("Standard input is closed.", "Give the name of a file.")
    try:
        with nullcontext(sys.stdin.buffer) if name == "-" else open(name, "rb") as file, opened(what, file) as found:
            yield found
    except OSError as error:
        raise StoreError(f"{what} cannot be read: {error.strerror}.") from error


def _title(title: str) -> str:
    """In one line: a line break would look like another conversation."""
    return " ".join(title.split()) or _UNTITLED


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")
