//! The decision procedure of docacl: who may do what.
//!
//! This crate is given facts and answers; it never asks PostgreSQL anything, does no I/O, has no
//! `unsafe` and no path that panics (denied by lint). Policies, `acl_can`, the write trigger and the
//! reports all call the one procedure in [`verdict`].
//!
//! | module | answers |
//! |---|---|
//! | [`action`] | which actions there are, what a word means in a grant and in a check |
//! | [`kind`] | which kinds of resource there are, their gate, what may be granted on them |
//! | [`key`] | what one mask grants and permits |
//! | [`verdict`] | what a subject may do with one row, and which gate refused |
//! | [`digest`] | the same for one action and many rows, a byte a key |
//! | [`graph`] | closures and cycles of roles and of resource trees |
//! | [`parent`] | what a row has of the row of another table that decides it |
//! | [`name`] | which names are acceptable, and how paths are written |
//!
//! What is deliberately not here: loading facts, caching, snapshots, SQL.

pub mod action;
pub mod digest;
pub mod graph;
pub mod key;
pub mod kind;
pub mod name;
pub mod parent;
pub mod verdict;

pub use action::Actions;
pub use key::Key;
pub use verdict::{RowSide, Subject, SubjectKind, Tally};
