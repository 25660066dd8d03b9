"""SQLAlchemy: the session carries its user, and an event sets it at the start of every transaction.

Nothing else in the application changes: queries, relationships and flushes see what the user may see."""

import os
import sys

from sqlalchemy import create_engine, event, func, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

engine = create_engine(
    "postgresql+psycopg://", pool_size=2, max_overflow=0, connect_args={"user": "web", "host": os.environ["PGHOST"]}
)


class Base(DeclarativeBase):
    pass


class Document(Base):
    __tablename__ = "documents"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    room_id: Mapped[int]
    reader: Mapped[str | None]


@event.listens_for(Session, "after_begin")
def set_user(session, _transaction, connection):
    if user := session.info.get("user"):
        connection.execute(text("SELECT acl_set_user(:user)"), {"user": user})


for user in sys.argv[1:]:
    with Session(engine, info={"user": user}) as session:
        documents = session.scalars(select(Document).order_by(Document.id)).all()
        print(user, len(documents), *sorted({d.reader for d in documents if d.reader}))
        # A commit ends the transaction; the next one is the same user's again.
        session.commit()
        assert session.scalar(select(func.count()).select_from(Document)) == len(documents)
with Session(engine) as session:
    print("nobody", session.scalar(select(func.count()).select_from(Document)))
