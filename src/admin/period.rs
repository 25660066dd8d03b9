//! Periods of validity. A boundary that is left open is NULL in the tables and never now(): a transaction that began
//! earlier must see a new grant at its next statement.

use pgrx::prelude::*;

use crate::error::{self, Result};
use crate::facts::Moment;

/// From when until when; None is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Period {
    /// The first moment.
    pub from: Option<Moment>,
    /// The first moment after it.
    pub until: Option<Moment>,
}

impl Period {
    /// Always.
    pub const ALWAYS: Period = Period { from: None, until: None };

    /// From the arguments of a function. An infinity in its own direction is an open boundary.
    pub fn new(from: Option<TimestampWithTimeZone>, until: Option<TimestampWithTimeZone>) -> Result<Period> {
        let from = from.map(moment).filter(|m| *m != Moment::MIN);
        let until = until.map(moment).filter(|m| *m != Moment::MAX);
        let empty = match (from, until) {
            (Some(from), Some(until)) => from >= until,
            (Some(from), None) => from == Moment::MAX,
            (None, Some(until)) => until == Moment::MIN,
            (None, None) => false,
        };
        if empty {
            return Err(error::bad("the period of validity is empty", "valid_from must lie before valid_until."));
        }
        Ok(Period { from, until })
    }

    /// Whether all of `other` lies in it.
    pub fn covers(&self, other: &Period) -> bool {
        let from = match (self.from, other.from) {
            (None, _) => true,
            (Some(mine), Some(theirs)) => mine <= theirs,
            (Some(_), None) => false,
        };
        let until = match (self.until, other.until) {
            (None, _) => true,
            (Some(mine), Some(theirs)) => mine >= theirs,
            (Some(_), None) => false,
        };
        from && until
    }

    /// Whether it holds at this moment.
    pub fn holds_at(&self, now: Moment) -> bool {
        self.from.is_none_or(|from| from <= now) && !self.is_over(now)
    }

    /// Whether it lies in the past.
    pub fn is_over(&self, now: Moment) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

/// A timestamptz as microseconds.
pub fn moment(value: TimestampWithTimeZone) -> Moment {
    value.into()
}

/// Microseconds as a timestamptz, for a statement's argument.
pub fn timestamp(value: Option<Moment>) -> Result<Option<TimestampWithTimeZone>> {
    value.map(|m| TimestampWithTimeZone::try_from(m).map_err(|_| error::internal("a moment out of range"))).transpose()
}
