//! A key: what one subject holds for one resource, after roles and inheritance.

use crate::action::Actions;

/// One mask. Bits 0–62 are the actions held; bit 63, which is never an action, says that the resource is
/// **home**: of the subject's own account and, for the scope gate of an API key, inside its environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Key(u64);

const HOME: u64 = 1 << 63;

impl Key {
    /// No resource, or one of another account: grants and permits nothing, closes the row.
    pub const NONE: Key = Key(0);

    /// A key of these actions on a resource of the subject's own account.
    #[inline]
    pub const fn home(actions: Actions) -> Key {
        Key(actions.bits() & !HOME | HOME)
    }

    /// A key of these actions without the home mark.
    #[inline]
    pub const fn away(actions: Actions) -> Key {
        Key(actions.bits() & !HOME)
    }

    /// The word in which a cache keeps a key.
    #[inline]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// The key that [`Key::bits`] gave.
    #[inline]
    pub const fn from_bits(bits: u64) -> Key {
        Key(bits)
    }

    /// Whether the resource is of the subject's own account.
    #[inline]
    pub const fn is_home(self) -> bool {
        self.0 & HOME != 0
    }

    /// The actions held.
    #[inline]
    pub const fn mask(self) -> Actions {
        Actions::from_bits_retain(self.0 & !HOME)
    }

    /// What this gate gives: everything held but ENTER, which gives no action by itself.
    #[inline]
    pub const fn grants(self) -> Actions {
        Actions::from_bits_retain(self.0 & !HOME & !Actions::ENTER.bits())
    }

    /// What this gate lets through: everything with ENTER; else what it gives and, where it gives write,
    /// the advanced actions.
    #[inline]
    pub const fn permits(self) -> Actions {
        let mask = self.0 & !HOME;
        if mask & Actions::ENTER.bits() != 0 {
            Actions::EVERYTHING
        } else if mask & Actions::WRITE.bits() != 0 {
            Actions::from_bits_retain(mask | Actions::ADVANCED.bits())
        } else {
            Actions::from_bits_retain(mask)
        }
    }

    /// Both keys together: what a share adds to a location. Home if both are.
    #[inline]
    pub const fn with(self, more: Actions) -> Key {
        Key(self.0 | more.bits() & !HOME)
    }
}
