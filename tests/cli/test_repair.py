"""`slmdesk chat --save` over conversations that were damaged on the disk."""

from __future__ import annotations

from slmdesk.chat import ConversationStore
from slmdesk.storage import Database, Paths
from tests.cli.conftest import RunCli
from tests.long_conversations import store_long_conversation


def test_damaged_conversations_are_repaired_before_anything_is_added(run_cli: RunCli, paths: Paths) -> None:
    database = Database(paths.database_file)
    store_long_conversation(database, 40)
    database.close()
    paths.database_file.write_bytes(b"not a database at all" * 1000)
    done = run_cli("chat", "starter", "--prompt", "Say yes.", "--max-tokens", "4", "--save")
    assert done.returncode == 0, done.stderr
    assert "have been repaired" in done.stderr
    assert "The damaged file is kept:" in done.stderr
    database = Database(paths.database_file)
    newest = ConversationStore(database).latest()
    database.close()
    assert newest is not None
    assert newest.messages[0].text == "Say yes."
