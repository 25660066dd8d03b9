//! Administration: the functions of SQL that set docacl up and grant.
//!
//! | module | says |
//! |---|---|
//! | [`asker`] | who is asking, and in which account |
//! | [`authority`] | who may administer what |
//! | [`address`] | which principal or resource a person means |
//! | [`names`], [`words`], [`period`] | what people write: names, actions, periods of validity |
//! | [`account`], [`kind`], [`resource`] | accounts, own kinds and actions, resources |
//! | [`principal`], [`membership`], [`roles`] | users and roles, members, how roles hang together |
//! | [`grant`], [`grants`], [`remains`] | granting and revoking, the rows of grants, what a revoke leaves |
//! | [`carry`], [`reassign`] | grants carried to another resource or all the way down, what a user has handed over |
//! | [`row`] | a row's own list: sharing one document |
//! | [`limit`] | the most that anybody may do under a resource |
//! | [`setting`], [`option`], [`usage`] | settings that an application keeps here, options that docacl follows, how much an account uses |
//! | [`db_role`] | which principal a database role is, and which are trusted |
//! | [`write`] | writing docacl's tables as the extension's owner |
//!
//! Every function checks in this order: nulls, that somebody asks who may administer at all, authority, and only
//! then names; whoever may not do something learns nothing from how it is refused.

pub mod account;
pub mod address;
pub mod asker;
pub mod authority;
pub mod carry;
pub mod db_role;
pub mod grant;
pub mod grants;
pub mod kind;
pub mod limit;
pub mod membership;
pub mod names;
pub mod option;
pub mod period;
pub mod principal;
pub mod reassign;
pub mod remains;
pub mod resource;
pub mod roles;
pub mod row;
pub mod setting;
pub mod usage;
pub mod words;
pub mod write;
