//! A naive evaluator of who may do what.
//!
//! Written from the rules, one function per rule and the rule quoted beside it, without a look at the engine
//! and without any of its tricks: no cache, no early exit, no order that matters. Tests build the same world
//! here and there and compare the answers; where they differ, one of the two has misread a sentence.
//!
//! | module | holds |
//! |---|---|
//! | [`actions`] | bits, words, what applies to which kind |
//! | [`world`] | accounts, principals, memberships, kinds, resources, grants, rows |
//! | [`may`] | what a principal holds for a resource and may do with a row |
//! | [`statement`] | what INSERT, UPDATE and DELETE ask, and how the answer shows |
//! | [`random`] | a small seedable source of random numbers |
//! | [`generate`] | random worlds and rows |
//! | [`change`] | random changes of a world |
//!
//! What is deliberately not here: who may administer, SQL, speed.

pub mod actions;
pub mod change;
pub mod generate;
pub mod may;
pub mod random;
pub mod statement;
pub mod world;

pub use may::Verdict;
pub use random::Random;
pub use world::{
    Account, AccountId, Family, Gate, Grant, Kind, KindId, Membership, Period, Principal, PrincipalId, PrincipalKind,
    Reference, Resource, ResourceId, Row, World,
};
