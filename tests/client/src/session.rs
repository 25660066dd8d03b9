//! One session: statements, what they answer, what they refuse.

use std::collections::BTreeSet;

use postgres::fallible_iterator::FallibleIterator;
use postgres::types::ToSql;
use postgres::{Client, SimpleQueryMessage, Statement};

/// What a statement answered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// The rows, as text.
    pub rows: Vec<Vec<Option<String>>>,
    /// How many rows it returned or changed.
    pub count: u64,
}

/// What a statement was refused with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// SQLSTATE.
    pub code: String,
    /// The primary message.
    pub message: String,
    /// The detail, if any.
    pub detail: Option<String>,
    /// The hint, if any.
    pub hint: Option<String>,
}

/// A session.
pub struct Session {
    client: Client,
}

/// A text as an SQL literal.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The same, or NULL.
pub fn nullable(text: Option<&str>) -> String {
    text.map_or_else(|| "null".to_owned(), literal)
}

fn refusal(error: &postgres::Error, sql: &str) -> Refusal {
    let Some(db) = error.as_db_error() else { panic!("the connection failed: {error}\nin {sql}") };
    let own = |text: Option<&str>| text.map(str::to_owned);
    Refusal {
        code: db.code().code().to_owned(),
        message: db.message().to_owned(),
        detail: own(db.detail()),
        hint: own(db.hint()),
    }
}

impl Session {
    /// Over this connection.
    pub fn new(client: Client) -> Session {
        Session { client }
    }

    /// Runs a statement that may be refused. Of several statements, the answer of the last.
    pub fn attempt(&mut self, sql: &str) -> Result<Answer, Refusal> {
        let messages = self.client.simple_query(sql).map_err(|error| refusal(&error, sql))?;
        let mut answer = Answer::default();
        for message in messages {
            match message {
                SimpleQueryMessage::RowDescription(_) => answer.rows.clear(),
                SimpleQueryMessage::Row(row) => {
                    answer.rows.push((0..row.len()).map(|column| row.get(column).map(str::to_owned)).collect());
                }
                SimpleQueryMessage::CommandComplete(count) => answer.count = count,
                _ => {}
            }
        }
        Ok(answer)
    }

    /// Runs a statement that must not be refused.
    #[track_caller]
    pub fn run(&mut self, sql: &str) -> Answer {
        match self.attempt(sql) {
            Ok(answer) => answer,
            Err(refusal) => panic!("{refusal:?}\nin {sql}"),
        }
    }

    /// Tries a statement inside a transaction and takes it back, whatever it did.
    #[track_caller]
    pub fn try_and_undo(&mut self, sql: &str) -> Result<Answer, Refusal> {
        self.run("savepoint tried");
        let answer = self.attempt(sql);
        self.run("rollback to savepoint tried; release savepoint tried");
        answer
    }

    /// Runs a statement that must be refused with this SQLSTATE.
    #[track_caller]
    pub fn refused(&mut self, code: &str, sql: &str) -> Refusal {
        match self.attempt(sql) {
            Ok(answer) => panic!("not refused: {answer:?}\nin {sql}"),
            Err(refusal) => {
                assert_eq!(refusal.code, code, "{refusal:?}\nin {sql}");
                refusal
            }
        }
    }

    /// The only value that a statement returns.
    #[track_caller]
    pub fn value(&mut self, sql: &str) -> Option<String> {
        let answer = self.run(sql);
        match answer.rows.as_slice() {
            [row] if row.len() == 1 => row[0].clone(),
            rows => panic!("{} rows, not one value\nin {sql}", rows.len()),
        }
    }

    /// The only value, which is a number.
    #[track_caller]
    pub fn number(&mut self, sql: &str) -> i64 {
        let value = self.value(sql);
        let number = value.as_deref().and_then(|text| text.parse().ok());
        number.unwrap_or_else(|| panic!("{value:?} is no number\nin {sql}"))
    }

    /// The first column of every row.
    #[track_caller]
    pub fn column(&mut self, sql: &str) -> Vec<String> {
        self.run(sql).rows.into_iter().map(|row| row.into_iter().next().flatten().unwrap_or_default()).collect()
    }

    /// The first column of every row, as a set.
    #[track_caller]
    pub fn set(&mut self, sql: &str) -> BTreeSet<String> {
        self.column(sql).into_iter().collect()
    }

    /// Prepares a statement in the server.
    #[track_caller]
    pub fn prepare(&mut self, sql: &str) -> Statement {
        self.client.prepare(sql).unwrap_or_else(|error| panic!("{error}\nin {sql}"))
    }

    /// How many rows a prepared statement returns.
    #[track_caller]
    pub fn prepared_rows(&mut self, statement: &Statement, parameters: &[&(dyn ToSql + Sync)]) -> usize {
        self.client.query(statement, parameters).unwrap_or_else(|error| panic!("{error}")).len()
    }

    /// The first column, text, of every row of a prepared statement.
    #[track_caller]
    pub fn prepared_column(&mut self, statement: &Statement) -> BTreeSet<String> {
        let rows = self.client.query(statement, &[]).unwrap_or_else(|error| panic!("{error}"));
        rows.iter().map(|row| row.get::<_, String>(0)).collect()
    }

    /// What LISTEN heard: channels and payloads.
    #[track_caller]
    pub fn heard(&mut self) -> Vec<(String, String)> {
        // What was sent by now arrives with the answer to any statement.
        self.run("select");
        let mut notifications = self.client.notifications();
        let mut all = Vec::new();
        let mut next = notifications.iter();
        while let Some(one) = next.next().unwrap_or_else(|error| panic!("{error}")) {
            all.push((one.channel().to_owned(), one.payload().to_owned()));
        }
        all
    }

    /// Says who is asking, for this transaction.
    #[track_caller]
    pub fn become_user(&mut self, principal: &str) {
        self.run(&format!("select acl_set_user({})", literal(principal)));
    }
}
