"""Conversations made and opened: an empty one, a stored one, and at the start the one that somebody comes back to."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from textual.app import App

from tui.chat.sampling_values import user_sampling
from tui.chat.session import ChatSession
from tui.chat.stored import new_conversation, read_draft, unbegun_drafts
from tui.screens.dialogs import ConfirmDialog
from tui.store import personas
from tui.store.conversations import LAST, Conversations
from tui.store.errors import StoreError
from tui.store.personas import Persona
from tui.store.records import Conversation
from tui.store.saving import Whole

if TYPE_CHECKING:
    from tui.screens.chat_pane import ChatPane
    from tui.screens.services import Services


def new_session(services: Services, *, temporary: bool = False, begun: Whole | None = None) -> ChatSession:
    """A new conversation; nothing is stored of a temporary one.

    Args:
        services: What it works with.
        temporary: See above.
        begun: What it is and has already; else it is empty, and has the persona of new conversations.
    """
    conversation, messages = begun if begun is not None else (_as_persona(services), ())
    outbox = None if temporary else services.outbox
    if outbox is not None and begun is not None and messages:  # it is stored with its first message
        outbox.put(begun[0], *messages, whole=lambda: begun)
    return ChatSession(conversation, outbox, messages=messages, **_sampling(services))


def default_persona(services: Services) -> Persona | None:
    """The persona that new conversations have; None for none.

    Raises:
        StoreError: It is not there, or its file is not right.
    """
    name: str | None = services.settings["chat.persona"]
    return personas.persona(name) if name is not None else None


def _as_persona(services: Services) -> Conversation | None:
    with suppress(StoreError):  # it is said where it can be: `_say_trouble`
        if (persona := default_persona(services)) is not None:
            return new_conversation(
                system=persona.system, model=persona.model, sampling=dict(persona.sampling), persona=persona.name
            )
    return None


def _say_trouble(services: Services, pane: ChatPane) -> None:
    """Say why a new conversation has not the persona that it should have."""
    try:
        default_persona(services)
    except StoreError as error:
        pane.say_all([str(error)])


async def stored(services: Services) -> Conversations:
    """The stored conversations.

    Raises:
        StoreError: Why they cannot be opened.
    """
    return await asyncio.to_thread(services.outbox.opened)


async def may_leave(app: App[None], pane: ChatPane) -> bool:
    """Whether the conversation that is shown can be left. A temporary one ends with that; so the user is asked."""
    if not (pane.session.temporary and pane.begun):
        return True
    text = "Nothing of it is stored: what was said and typed in it is gone then."
    question = ConfirmDialog("Leave the temporary chat?", text, yes="Leave it", no="Stay")
    leaves: bool | None = await app.push_screen_wait(question)
    return leaves is True


async def open_new(services: Services, pane: ChatPane) -> None:
    """Show the new chat in which something was typed; else an empty one, with what was once typed in such a one.

    Raises:
        StoreError: The drafts cannot be read; the conversation is shown.
    """
    pane.save_draft()  # what is typed now may be that
    if (unbegun := pane.under_way.unbegun) is not None:
        pane.show(unbegun)
        return
    pane.show(new_session(services))
    _say_trouble(services, pane)
    _use_model(services, pane)
    await _take_unbegun_drafts(services, pane)


async def open_stored(
    services: Services,
    pane: ChatPane,
    id: str,
    focus: int | None = None,
    *,
    bring: bool = False,
    is_start: bool = False,
) -> None:
    """Show a stored conversation, at its end or at the message `focus`, and load its model.

    With `bring`, what is typed and what waits in the one that is shown is said in this one. Where it `is_start`, the
    warnings that are there already stay.

    Raises:
        StoreError: It cannot be read.
        OvchatError: `focus` is on another branch, and the answer under way keeps this one.
    """
    draft = await asyncio.to_thread(read_draft, services.outbox, id)
    session = pane.under_way.session(id)
    if session is None:
        read = await asyncio.to_thread(lambda: ChatSession.open(services.outbox, id, **_sampling(services)))
        session = pane.under_way.session(id) or read  # something may have been said meanwhile
    if focus is not None:
        session.show_branch_of(focus)
    if bring:
        pane.under_way.move_on(session)
    pane.show(session, draft, focus, is_start=is_start)
    if bring and draft:
        pane.prompt.give_back(draft)
    _use_model(services, pane)


def _use_model(services: Services, pane: ChatPane) -> None:
    """Load the model of the conversation that is shown."""
    wanted = services.active.present_name(pane.session.conversation.model)
    choice = services.active.status.choice
    if wanted and choice is not None and wanted != choice.name:
        services.active.use(wanted)


async def restore(services: Services, pane: ChatPane, *, go_on: bool) -> None:
    """Bring back the prompts of before; the last conversation if `go_on`, or if it was interrupted; else the draft.

    What somebody has begun meanwhile stays, or with `go_on` is said in the last conversation; the draft of a new chat
    comes before what is typed.

    Raises:
        StoreError: What was stored cannot be read.
    """
    store = await stored(services)
    pane.prompt.earlier.fill(await asyncio.to_thread(store.prompts))
    interrupted = await asyncio.to_thread(store.interrupted)
    before = interrupted or (await _last(store) if go_on else None)
    begun = pane.begun
    bring = begun and go_on and before is not None and not pane.session.messages
    if before is not None and (bring or not begun):
        await open_stored(services, pane, before.id, bring=bring, is_start=True)
    elif interrupted is not None:
        pane.say_all([f"The answer in “{interrupted.title}” was interrupted: Ctrl+O opens it."])
    pane.say_all(store.notices)
    if not pane.session.messages:
        _say_trouble(services, pane)
    if not (pane.session.messages or pane.session.temporary):
        await _take_unbegun_drafts(services, pane)


async def _take_unbegun_drafts(services: Services, pane: ChatPane) -> None:
    """Bring what was typed in new chats, by processes that are gone, into the new chat that is shown.

    Raises:
        StoreError: It cannot be read.
    """
    session = pane.session
    found = await asyncio.to_thread(unbegun_drafts, services.outbox, pane.under_way.known)
    drafts = {id: text for id, text in found.items() if id not in pane.under_way.known}
    if not drafts or session is not pane.session:
        return
    pane.under_way.taken.update(drafts)
    pane.prompt.give_back("\n\n".join(dict.fromkeys(drafts.values())))
    pane.save_draft()
    for id in drafts:
        services.outbox.draft(id, "")


async def _last(store: Conversations) -> Conversation | None:
    with suppress(StoreError):  # there is none yet
        return await asyncio.to_thread(store.find, LAST)
    return None


def _sampling(services: Services) -> dict[str, Any]:
    return {
        "app_sampling": services.settings.shipped_section("sampling"),
        "user_sampling": lambda: user_sampling(services.settings, services.active.status.title),
        "for_model": lambda: services.settings.for_model(services.active.status.title),
    }
