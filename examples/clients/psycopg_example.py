"""psycopg 3: one transaction per request, and the user is its first statement.

The whole idiom is `asking`. The identity ends with the transaction, so the connection may come from any pool."""

import sys
from contextlib import contextmanager

import psycopg


@contextmanager
def asking(connection, user):
    """A transaction in which the database sees `user` asking."""
    with connection.transaction():
        connection.execute("SELECT acl_set_user(%s)", [user])
        yield connection


with psycopg.connect("user=web", autocommit=True) as connection:
    for user in sys.argv[1:]:
        with asking(connection, user):
            titles = connection.execute("SELECT title, reader FROM documents ORDER BY id").fetchall()
        print(user, len(titles), *sorted({reader for _, reader in titles if reader}))
    # Outside such a transaction nobody is asking.
    print("nobody", connection.execute("SELECT count(*) FROM documents").fetchone()[0])
