//! docacl seen by real clients: what the tests of this crate share.
//!
//! | module | holds |
//! |---|---|
//! | [`server`] | the server that the environment names, a fresh database per test, its sessions |
//! | [`session`] | one session: statements, what they answer, what they refuse |
//! | [`office`] | a small company that the tests written by hand start from |
//! | [`mirror`] | a world of the reference evaluator, made through the SQL functions |
//! | [`table`] | a protected table of random shape and its rows |
//! | [`compare`] | reading: the server's answers and the reference's |
//! | [`tries`] | writing: statements that are tried and taken back |
//! | [`world`] | a database that docacl knows a lot about, for tests that carry it elsewhere |
//!
//! Without a server the tests fail: run them inside `.ci/cluster`.

pub mod compare;
pub mod mirror;
pub mod office;
pub mod server;
pub mod session;
pub mod table;
pub mod tries;
pub mod world;

pub use office::Office;
pub use server::Database;
pub use session::{Answer, Refusal, Session};
