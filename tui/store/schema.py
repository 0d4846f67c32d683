"""The tables of conversations.db, as the steps that lead to them: step N makes a database of format N.

A step that was released is never changed; what is new becomes another one, in one transaction. A database of every
format is kept in tests/store/databases and opened by a test.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

# No reference from a conversation to its head: either may be written first.
# `writer` and `touched` stand with answers that are being written, and say who writes them and when that was last seen.
_FIRST = """
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL);

CREATE TABLE conversations (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    renamed INTEGER NOT NULL,
    created REAL NOT NULL,
    updated REAL NOT NULL,
    pinned INTEGER NOT NULL,
    archived INTEGER NOT NULL,
    model TEXT NOT NULL,
    system TEXT NOT NULL,
    sampling TEXT NOT NULL,
    head INTEGER,
    context_start INTEGER,
    deleted REAL
);
CREATE INDEX conversations_listing ON conversations (pinned, updated) WHERE deleted IS NULL;

CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    parent INTEGER REFERENCES messages (id),
    role TEXT NOT NULL,
    ended TEXT NOT NULL,
    created REAL NOT NULL,
    text TEXT NOT NULL,
    reasoning TEXT NOT NULL,
    model TEXT NOT NULL,
    token_ids BLOB NOT NULL,
    facts TEXT NOT NULL,
    writer TEXT,
    touched REAL
);
CREATE INDEX messages_tree ON messages (conversation, id, parent);
CREATE INDEX messages_parent ON messages (parent);
CREATE INDEX messages_writer ON messages (writer) WHERE writer IS NOT NULL;

CREATE TABLE drafts (conversation TEXT PRIMARY KEY, text TEXT NOT NULL);

-- An answer that is being written is not in the index: it is written again several times a second.
CREATE VIEW finished AS SELECT id, text FROM messages WHERE ended <> '';
CREATE VIRTUAL TABLE words USING fts5 (text, content = 'finished', content_rowid = 'id', tokenize = 'trigram');

CREATE TRIGGER words_insert AFTER INSERT ON messages WHEN new.ended <> '' BEGIN
    INSERT INTO words (rowid, text) VALUES (new.id, new.text);
END;
CREATE TRIGGER words_delete AFTER DELETE ON messages WHEN old.ended <> '' BEGIN
    INSERT INTO words (words, rowid, text) VALUES ('delete', old.id, old.text);
END;
CREATE TRIGGER words_update AFTER UPDATE OF text, ended ON messages
    WHEN old.text <> new.text OR (old.ended = '') <> (new.ended = '') BEGIN
    INSERT INTO words (words, rowid, text) SELECT 'delete', old.id, old.text WHERE old.ended <> '';
    INSERT INTO words (rowid, text) SELECT new.id, new.text WHERE new.ended <> '';
END;
"""

# The index knows which groups of three characters a message has, not where: a tenth of the size, and what is found is
# read anyhow. Two sentinels behind each text make every character begin a group: `trigrams` finds shorter texts, too.
# `numbers` stands for the messages' ids, which are times and take six bytes where these take one.
# Messages up to `unindexed` are not in the index yet: making it takes 20 s for 100,000, see indexing.
_SMALL_INDEX = """
DROP TRIGGER words_insert;
DROP TRIGGER words_delete;
DROP TRIGGER words_update;
DROP TABLE words;
DROP VIEW finished;

CREATE TABLE numbers (number INTEGER PRIMARY KEY, message INTEGER NOT NULL UNIQUE);
CREATE TABLE unindexed (newest INTEGER NOT NULL);
INSERT INTO unindexed SELECT coalesce(max(id), -9223372036854775808) FROM messages;

CREATE VIEW indexed AS SELECT number, message, text || char(1, 1) AS text FROM numbers JOIN messages ON id = message;
CREATE VIRTUAL TABLE words USING fts5 (
    text, content = 'indexed', content_rowid = 'number', tokenize = 'trigram', detail = none, columnsize = 0
);
CREATE VIRTUAL TABLE trigrams USING fts5vocab ('words', 'instance');

CREATE TRIGGER words_insert AFTER INSERT ON messages
    WHEN new.ended <> '' AND new.id > (SELECT newest FROM unindexed) BEGIN
    INSERT INTO numbers (message) VALUES (new.id);
    INSERT INTO words (rowid, text) SELECT number, text FROM indexed WHERE message = new.id;
END;
CREATE TRIGGER words_delete AFTER DELETE ON messages BEGIN
    INSERT INTO words (words, rowid, text)
        SELECT 'delete', number, old.text || char(1, 1) FROM numbers WHERE message = old.id;
    DELETE FROM numbers WHERE message = old.id;
END;
CREATE TRIGGER words_update AFTER UPDATE OF text, ended ON messages
    WHEN new.id > (SELECT newest FROM unindexed) AND (old.ended <> '' OR new.ended <> '')
        AND (old.text <> new.text OR old.ended = '' OR new.ended = '') BEGIN
    INSERT INTO words (words, rowid, text)
        SELECT 'delete', number, old.text || char(1, 1) FROM numbers WHERE message = old.id;
    DELETE FROM numbers WHERE message = old.id;
    INSERT INTO numbers (message) SELECT new.id WHERE new.ended <> '';
    INSERT INTO words (rowid, text) SELECT number, text FROM indexed WHERE message = new.id;
END;
"""

# Two that are open at once do not overwrite each other's. What was typed in a new chat stands with that one's id, of
# which there is no conversation yet.
_DRAFT_OF_EACH = """
ALTER TABLE drafts RENAME TO old_drafts;
CREATE TABLE drafts (
    conversation TEXT NOT NULL, writer TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (conversation, writer)
);
INSERT INTO drafts SELECT conversation, '', text FROM old_drafts;
DROP TABLE old_drafts;
"""

# Two personas may have one system prompt: whose a conversation has cannot be found from its text.
_PERSONA = "ALTER TABLE conversations ADD COLUMN persona TEXT NOT NULL DEFAULT '';\n"


def _script(text: str) -> Callable[[sqlite3.Connection], None]:
    def run(connection: sqlite3.Connection) -> None:
        # Not executescript, which commits what is open before it begins.
        statement = ""
        for line in text.splitlines(keepends=True):
            statement += line
            if sqlite3.complete_statement(statement):
                connection.execute(statement)
                statement = ""

    return run


_add_persona = _script(_PERSONA)
STEPS: tuple[Callable[[sqlite3.Connection], None], ...] = (
    *map(_script, (_FIRST, _SMALL_INDEX, _DRAFT_OF_EACH)),
    _add_persona,
)
FORMAT = len(STEPS)


def migrate(connection: sqlite3.Connection, version: str) -> None:
    """Bring a database to `FORMAT`; `version` is the ovchat that does it, for the sentence of an older one later."""
    while True:
        connection.execute("BEGIN IMMEDIATE")
        try:
            found = format_of(connection)
            if found < FORMAT:
                STEPS[found](connection)
                connection.execute("INSERT OR REPLACE INTO about VALUES ('version', ?)", (version,))
                connection.execute(f"PRAGMA user_version = {found + 1}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        if found >= FORMAT:
            return


def let_be_read(connection: sqlite3.Connection) -> None:
    """Let a database of an earlier format that cannot be migrated be read as one of `FORMAT`, for this connection."""
    if format_of(connection) <= STEPS.index(_add_persona):
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("CREATE TEMP VIEW conversations AS SELECT *, '' AS persona FROM main.conversations")


def format_of(connection: sqlite3.Connection) -> int:
    """The format of a database; 0 for a new one."""
    found: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return found
