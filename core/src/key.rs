//! A key: what one subject holds for one resource, after roles and inheritance, and the most that may be done to rows
//! under it.

use crate::action::Actions;

/// One mask. Bits 0–62 are the actions held; bit 63, which is never an action, says that the resource is
/// **home**: of the subject's own account and, for the scope gate of an API key, inside its environment.
///
/// Beside it the **limit** of the resource: everything, unless one was set on it, on an ancestor of it or on the `*` of
/// a kind of theirs. A limit gives nothing; it is no part of what is held, so a question about the resource itself does
/// not see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    bits: u64,
    limit: u64,
}

const HOME: u64 = 1 << 63;

impl Key {
    /// No resource, or one of another account: grants and permits nothing, closes the row.
    pub const NONE: Key = Key::from_bits(0);

    /// A key of these actions on a resource of the subject's own account.
    #[inline]
    pub const fn home(actions: Actions) -> Key {
        Key::from_bits(actions.bits() & !HOME | HOME)
    }

    /// A key of these actions without the home mark.
    #[inline]
    pub const fn away(actions: Actions) -> Key {
        Key::from_bits(actions.bits() & !HOME)
    }

    /// The word in which a cache keeps a key that is not limited.
    #[inline]
    pub const fn bits(self) -> u64 {
        self.bits
    }

    /// The key that [`Key::bits`] gave, without a limit.
    #[inline]
    pub const fn from_bits(bits: u64) -> Key {
        Key { bits, limit: u64::MAX }
    }

    /// The same key on a resource under which at most these actions are possible. Limits of a key add up: what one of
    /// them leaves out is out.
    #[inline]
    pub const fn limited(self, most: Actions) -> Key {
        Key { bits: self.bits, limit: self.limit & (most.bits() | !Actions::EVERYTHING.bits()) }
    }

    /// The most that may be done to a row under the resource.
    #[inline]
    pub const fn limit(self) -> Actions {
        Actions::from_bits_retain(self.limit & Actions::EVERYTHING.bits())
    }

    /// [`Key::limit`] with every bit set that is no action.
    #[inline]
    pub(crate) const fn limit_bits(self) -> u64 {
        self.limit
    }

    /// Whether there is a limit.
    #[inline]
    pub const fn is_limited(self) -> bool {
        self.limit != u64::MAX
    }

    /// Whether the resource is of the subject's own account.
    #[inline]
    pub const fn is_home(self) -> bool {
        self.bits & HOME != 0
    }

    /// The actions held.
    #[inline]
    pub const fn mask(self) -> Actions {
        Actions::from_bits_retain(self.bits & !HOME)
    }

    /// What this gate gives: everything held but ENTER, which gives no action by itself.
    #[inline]
    pub const fn grants(self) -> Actions {
        Actions::from_bits_retain(self.bits & !HOME & !Actions::ENTER.bits())
    }

    /// What this gate lets through: everything with ENTER; else what it gives and, where it gives write, the advanced
    /// actions; of all that, what the limit leaves.
    #[inline]
    pub const fn permits(self) -> Actions {
        let mask = self.bits & !HOME;
        let permits = if mask & Actions::ENTER.bits() != 0 {
            Actions::EVERYTHING.bits()
        } else if mask & Actions::WRITE.bits() != 0 {
            mask | Actions::ADVANCED.bits()
        } else {
            mask
        };
        Actions::from_bits_retain(permits & self.limit)
    }

    /// Both keys together: what a share adds to a location, within the location's limit. Home if both are.
    #[inline]
    pub const fn with(self, more: Actions) -> Key {
        Key { bits: self.bits | more.bits() & !HOME, limit: self.limit }
    }

    /// These actions in the place of those held: what a list that stands instead of the location holds, which is home
    /// where the location is, and limited as the location is.
    #[inline]
    pub const fn instead(self, actions: Actions) -> Key {
        Key { bits: actions.bits() & !HOME | self.bits & HOME, limit: self.limit }
    }
}

impl Default for Key {
    fn default() -> Key {
        Key::NONE
    }
}
