//! Freshness: a check sees exactly the grants that its statement's snapshot sees.
//!
//! A ring carries the stamps it was read under. Once per statement the same stamps are read with the
//! statement's snapshot; a ring is used again only if every one is the same, which means that nothing it was
//! made from differs. Invalidation messages and shared counters cannot promise that: they come late, and know
//! nothing of old snapshots. When the snapshot sees the same as the last one did, nothing is read at all; when nobody
//! has changed anything between the two (src/change.rs), no stamp is.
//!
//! INVARIANT: a ring made in a (sub)transaction that rolled back is never used again; stamps of uncommitted
//! changes are visible to their own transaction only.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use pgrx::pg_sys;
use pgrx::prelude::*;

use crate::error::Result;
use crate::facts::Principal;
use crate::flat::Writer;
use crate::ring::{self, Ring, StampOf};
use crate::scan::{self, Snap};
use crate::{change, facts, handover, identity, nodes};

/// What decides which rows a snapshot sees, in full.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Sight {
    xmin: u32,
    xmax: u32,
    xip: Vec<u32>,
    subxip: Vec<u32>,
    suboverflowed: bool,
    taken_during_recovery: bool,
    curcid: u32,
    snapshot_type: u32,
    /// Rises with every rollback of a (sub)transaction: the same numbers may then see something else.
    rollbacks: u64,
    /// Rises when one of our tables was rewritten or dropped.
    generation: u64,
    /// The transaction, where it is SERIALIZABLE: what another one has read of the same snapshot this one must read
    /// itself, or PostgreSQL would not know that it depends on it.
    serializable: i64,
}

/// A hash of the snapshot and the transaction: what a parallel worker sees has the same as its leader's.
pub fn print(snap: &Snap) -> [u8; 32] {
    // SAFETY: a snapshot that is active while `snap` lives.
    let snapshot = unsafe { &*snap.pointer() };
    // Workers are not sent the list of subtransactions where it has overflowed.
    let lists = !snapshot.suboverflowed || snapshot.takenDuringRecovery;
    let subxip = if lists { xids(snapshot.subxip, snapshot.subxcnt.max(0) as usize) } else { &[] };
    let mut out = Writer::default();
    out.int(ring::now());
    for word in [xid(snapshot.xmin), xid(snapshot.xmax), snapshot.curcid, snapshot.snapshot_type] {
        out.word(u64::from(word));
    }
    out.word(u64::from(snapshot.suboverflowed) | u64::from(snapshot.takenDuringRecovery) << 1);
    for list in [xids(snapshot.xip, snapshot.xcnt as usize), subxip] {
        out.list(list.iter(), |out, id| out.word(u64::from(*id)));
    }
    crate::login::crypto::hash(&out.done())
}

impl Sight {
    /// Compares without allocating; `same` is the common case of a quiet system.
    fn is_of(&self, snapshot: &pg_sys::SnapshotData) -> bool {
        self.xmax == xid(snapshot.xmax)
            && self.curcid == snapshot.curcid
            && self.xmin == xid(snapshot.xmin)
            && self.rollbacks == ROLLBACKS.get()
            && self.generation == scan::generation()
            && self.serializable == serializable()
            && self.suboverflowed == snapshot.suboverflowed
            && self.taken_during_recovery == snapshot.takenDuringRecovery
            && self.snapshot_type == snapshot.snapshot_type
            && self.xip.as_slice() == xids(snapshot.xip, snapshot.xcnt as usize)
            && self.subxip.as_slice() == xids(snapshot.subxip, snapshot.subxcnt.max(0) as usize)
    }

    fn of(snapshot: &pg_sys::SnapshotData) -> Sight {
        Sight {
            xmin: xid(snapshot.xmin),
            xmax: xid(snapshot.xmax),
            xip: xids(snapshot.xip, snapshot.xcnt as usize).to_vec(),
            subxip: xids(snapshot.subxip, snapshot.subxcnt.max(0) as usize).to_vec(),
            suboverflowed: snapshot.suboverflowed,
            taken_during_recovery: snapshot.takenDuringRecovery,
            curcid: snapshot.curcid,
            snapshot_type: snapshot.snapshot_type,
            rollbacks: ROLLBACKS.get(),
            generation: scan::generation(),
            serializable: serializable(),
        }
    }
}

/// Which SERIALIZABLE transaction this is; 0 at other levels.
fn serializable() -> i64 {
    // SAFETY: plain reads of backend state.
    unsafe {
        if pg_sys::XactIsoLevel == pg_sys::XACT_SERIALIZABLE as i32 {
            pg_sys::GetCurrentTransactionStartTimestamp()
        } else {
            0
        }
    }
}

fn xid(id: pg_sys::TransactionId) -> u32 {
    id.into()
}

fn xids<'a>(list: *const pg_sys::TransactionId, len: usize) -> &'a [u32] {
    const { assert!(size_of::<pg_sys::TransactionId>() == size_of::<u32>()) };
    if list.is_null() || len == 0 {
        return &[];
    }
    // SAFETY: PostgreSQL's array of that length, read while the snapshot lives; a TransactionId is a u32.
    unsafe { std::slice::from_raw_parts(list.cast(), len) }
}

struct Entry {
    ring: Rc<Ring>,
    used: u64,
}

#[derive(Default)]
struct Cache {
    /// The sight under which `valid`, `stamps`, `session`, `trusted` and `named` hold.
    sight: Sight,
    /// What [`change::settled`] said of it: as long as it says the same, all of these go on holding.
    settled: Option<i64>,
    /// The number of that sight; none is given twice.
    sights: u64,
    valid: HashMap<i64, Rc<Ring>>,
    stamps: HashMap<StampOf, Option<[u8; 16]>>,
    /// Who is asking, where the setting does not say.
    session: Option<(identity::Seen, Option<i64>)>,
    /// Whether a database role may say who is asking.
    trusted: Option<(pg_sys::Oid, bool)>,
    /// Whom it named, by what it wrote.
    named: HashMap<Named, Rc<Principal>>,
    /// Every ring kept, several versions of a principal's among them (an old snapshot's beside a new one's).
    rings: HashMap<i64, Vec<Entry>>,
    tick: u64,
}

thread_local! {
    static CACHE: RefCell<Cache> = RefCell::new(Cache::default());
    static ROLLBACKS: Cell<u64> = const { Cell::new(1) };
    static SIGHTS: Cell<u64> = const { Cell::new(1) };
    static WATCHING: Cell<bool> = const { Cell::new(false) };
    static LATEST: RefCell<Option<(Instant, Rc<Ring>)>> = const { RefCell::new(None) };
}

#[pg_guard]
unsafe extern "C-unwind" fn at_end(event: pg_sys::XactEvent::Type, _arg: *mut std::ffi::c_void) {
    match event {
        pg_sys::XactEvent::XACT_EVENT_ABORT | pg_sys::XactEvent::XACT_EVENT_PARALLEL_ABORT => rolled_back(),
        // A prepared transaction may still be rolled back.
        pg_sys::XactEvent::XACT_EVENT_PREPARE => rolled_back(),
        _ => {}
    }
    handover::end();
}

#[pg_guard]
unsafe extern "C-unwind" fn at_sub_end(
    event: pg_sys::SubXactEvent::Type,
    _me: pg_sys::SubTransactionId,
    _parent: pg_sys::SubTransactionId,
    _arg: *mut std::ffi::c_void,
) {
    if event == pg_sys::SubXactEvent::SUBXACT_EVENT_ABORT_SUB {
        rolled_back();
    }
}

/// Forgets everything: keys found while the transaction saw its own changes lie in rings made long before it. A
/// transaction that wrote nothing saw nothing of its own, and rollbacks of such ones are common.
fn rolled_back() {
    handover::withdraw();
    ROLLBACKS.set(ROLLBACKS.get().wrapping_add(1));
    // SAFETY: a plain read of backend state, allowed while a transaction ends.
    let wrote = unsafe { pg_sys::GetTopTransactionIdIfAny() } != pg_sys::InvalidTransactionId;
    if wrote {
        nodes::forget();
        crate::protect::target::unbind();
        // Rings in use by an open cursor live on there; nobody else finds them.
        CACHE.with_borrow_mut(|cache| *cache = Cache::default());
        LATEST.set(None);
    }
}

fn watch() {
    if !WATCHING.replace(true) {
        // SAFETY: registered once per backend; the callbacks touch only thread-locals and raise nothing.
        unsafe {
            pg_sys::RegisterXactCallback(Some(at_end), std::ptr::null_mut());
            pg_sys::RegisterSubXactCallback(Some(at_sub_end), std::ptr::null_mut());
        }
    }
}

/// Makes the cache speak of this snapshot, and does something with it.
fn looking<T>(snap: &Snap, then: impl FnOnce(&mut Cache) -> T) -> T {
    // SAFETY: a snapshot that is active while `snap` lives.
    let snapshot = unsafe { &*snap.pointer() };
    if !CACHE.with_borrow(|cache| cache.sight.is_of(snapshot)) {
        // Outside of any borrow: it may let an invalidation in, or raise an error. A parallel worker lives for one
        // snapshot, so it need not know of others.
        let settled = if handover::in_worker() { None } else { change::settled(snapshot) };
        CACHE.with_borrow_mut(|cache| {
            let sight = Sight::of(snapshot);
            let same = settled.is_some() && settled == cache.settled && sight.generation == cache.sight.generation;
            cache.sight = sight;
            cache.settled = settled;
            cache.sights = SIGHTS.replace(SIGHTS.get() + 1);
            if !same {
                cache.valid.clear();
                cache.stamps.clear();
                cache.session = None;
                cache.trusted = None;
                cache.named.clear();
            }
        });
    }
    CACHE.with_borrow_mut(then)
}

/// A moment: as long as it is the same, every snapshot saw the same rows, and no time passed that a period could end in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    sight: u64,
    now: facts::Moment,
}

/// What is known of the resources that there are: as long as it is the same, every snapshot saw the same ones, rows' own
/// lists aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Existing {
    /// The snapshot, or what [`change::settled`] said of it.
    seen: std::result::Result<i64, u64>,
    generation: u64,
}

/// Which resources a snapshot sees.
pub fn existing(snap: &Snap) -> Existing {
    watch();
    let seen = looking(snap, |cache| cache.settled.ok_or(cache.sights));
    Existing { seen, generation: scan::generation() }
}

/// The moment of a snapshot.
pub fn moment(snap: &Snap) -> Moment {
    watch();
    let sight = looking(snap, |cache| cache.sights);
    Moment { sight, now: ring::now() }
}

/// Who is asking, as the snapshot sees it.
pub fn session_principal(snap: &Snap) -> Result<Option<i64>> {
    if let Some(said) = identity::said() {
        return Ok(said);
    }
    watch();
    let seen = identity::Seen::now();
    let known = looking(snap, |cache| cache.session.filter(|(s, _)| *s == seen));
    if let Some((_, principal)) = known {
        return Ok(principal);
    }
    let principal = identity::session_principal(snap)?;
    looking(snap, |cache| cache.session = Some((seen, principal)));
    Ok(principal)
}

/// Whether the database role may say who is asking, as the snapshot sees it.
pub fn is_trusted(snap: &Snap) -> Result<bool> {
    watch();
    let role = identity::outer_role();
    if let Some((_, trusted)) = looking(snap, |cache| cache.trusted.filter(|(known, _)| *known == role)) {
        return Ok(trusted);
    }
    let trusted = identity::is_trusted(snap)?;
    looking(snap, |cache| cache.trusted = Some((role, trusted)));
    Ok(trusted)
}

/// What names a principal: the account given, that of the setting, and the text.
pub type Named = (Option<String>, Option<String>, String);

/// The principal that `find` finds by this name, as the snapshot sees it. A pool makes its session the same users again
/// and again: acl_set_user took 19 µs of CPU where it read the role, the account and the principal each time, and takes 6.
/// Whatever could change whom a name means, an account's name or any principal, is among what [`change`] notes.
pub fn named(
    name: Named,
    snap: &Snap,
    find: impl FnOnce(&Named) -> Result<Option<Principal>>,
) -> Result<Option<Rc<Principal>>> {
    const MOST: usize = 1000;
    watch();
    if let Some(known) = looking(snap, |cache| cache.named.get(&name).cloned()) {
        return Ok(Some(known));
    }
    let Some(found) = find(&name)?.map(Rc::new) else { return Ok(None) };
    looking(snap, |cache| {
        if cache.named.len() >= MOST {
            cache.named.clear();
        }
        cache.named.insert(name, found.clone());
    });
    Ok(Some(found))
}

/// The ring of a principal, as the snapshot sees it.
pub fn ring(id: i64, snap: &Snap) -> Result<Rc<Ring>> {
    watch();
    let now = ring::now();
    let (valid, candidates) = looking(snap, |cache| {
        let valid = cache.valid.get(&id).filter(|r| r.is_of_its_time(now)).cloned();
        let candidates: Vec<Rc<Ring>> = match (&valid, cache.rings.get(&id)) {
            (None, Some(entries)) => entries.iter().map(|e| e.ring.clone()).collect(),
            _ => vec![],
        };
        (valid, candidates)
    });
    if let Some(ring) = valid {
        return Ok(ring);
    }
    for ring in candidates {
        if ring.is_of_its_time(now) && stamps_match(&ring, snap)? {
            keep(&ring, snap, false);
            return Ok(ring);
        }
    }
    let ring = match handover::take(id, snap)?.filter(|ring| ring.is_of_its_time(now)) {
        Some(ring) => Rc::new(ring),
        None => Rc::new(Ring::compile(id, snap)?),
    };
    keep(&ring, snap, true);
    Ok(ring)
}

/// What decides whether [`ring_now`] may give the same ring again: no other transaction has completed, and this one has
/// done nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Instant {
    id: i64,
    completed: u64,
    command: u32,
    transaction: facts::Moment,
    rollbacks: u64,
    generation: u64,
}

/// The ring of a principal as of now, later than the statement's snapshot: the policy and the trigger of one row ask one
/// after the other. `completed` was read before the call.
pub fn ring_now(id: i64, completed: u64) -> Result<Rc<Ring>> {
    // SAFETY: plain reads of backend state; false: assigns no command id.
    let command = unsafe { pg_sys::GetCurrentCommandId(false) };
    let (transaction, rollbacks, generation) = (ring::now(), ROLLBACKS.get(), scan::generation());
    let instant = Instant { id, completed, command, transaction, rollbacks, generation };
    if let Some(known) = LATEST.with_borrow(|l| l.as_ref().filter(|(i, _)| *i == instant).map(|(_, r)| r.clone())) {
        return Ok(known);
    }
    let ring = ring(id, &Snap::latest())?;
    LATEST.set(Some((instant, ring.clone())));
    Ok(ring)
}

fn stamps_match(ring: &Ring, snap: &Snap) -> Result<bool> {
    for (of, value) in &ring.stamps {
        let known = CACHE.with_borrow(|cache| cache.stamps.get(of).copied());
        let seen = match known {
            Some(seen) => seen,
            None => {
                let seen = of.read(snap)?;
                // Reading may have let an invalidation in: what was known is then of another sight.
                looking(snap, |cache| cache.stamps.insert(*of, seen));
                seen
            }
        };
        if seen != *value {
            return Ok(false);
        }
    }
    Ok(true)
}

fn keep(ring: &Rc<Ring>, snap: &Snap, new: bool) {
    /// Versions of one principal's ring: an old snapshot's and a new one's alternate in cursors.
    const VERSIONS: usize = 3;
    looking(snap, |cache| {
        cache.tick += 1;
        let tick = cache.tick;
        cache.valid.insert(ring.id, ring.clone());
        let versions = cache.rings.entry(ring.id).or_default();
        if new {
            if versions.len() >= VERSIONS
                && let Some(oldest) = (0..versions.len()).min_by_key(|i| versions[*i].used)
            {
                versions.swap_remove(oldest);
            }
            versions.push(Entry { ring: ring.clone(), used: tick });
        } else if let Some(entry) = versions.iter_mut().find(|e| Rc::ptr_eq(&e.ring, ring)) {
            entry.used = tick;
        }
        shrink(cache, ring);
    });
}

/// Keeps the cache within docacl.cache_size: what was used longest ago goes first, the ring in hand last.
fn shrink(cache: &mut Cache, in_hand: &Rc<Ring>) {
    let most = identity::cache_bytes();
    let mut total: usize = cache.rings.values().flatten().map(|e| e.ring.bytes()).sum();
    if total <= most {
        return;
    }
    let mut all: Vec<(u64, i64, *const Ring, usize)> = cache
        .rings
        .iter()
        .flat_map(|(id, entries)| entries.iter().map(|e| (e.used, *id, Rc::as_ptr(&e.ring), e.ring.bytes())))
        .filter(|(_, _, ring, _)| !std::ptr::eq(*ring, Rc::as_ptr(in_hand)))
        .collect();
    all.sort_unstable();
    for (_, id, ring, bytes) in all {
        // Down to three quarters, so that the next ring does not begin the same again.
        if total <= most / 4 * 3 {
            break;
        }
        if let Some(entries) = cache.rings.get_mut(&id) {
            entries.retain(|e| !std::ptr::eq(Rc::as_ptr(&e.ring), ring));
            if entries.is_empty() {
                cache.rings.remove(&id);
            }
        }
        cache.valid.remove(&id);
        total -= bytes.min(total);
    }
}

/// `docacl.cache()`: what this backend has cached: rings, the keys that they hold, and bytes.
#[pg_extern(sql = false)]
fn docacl_cache() -> TableIterator<'static, (name!(rings, i64), name!(keys, i64), name!(bytes, i64))> {
    let row = CACHE.with_borrow(|cache| {
        cache.rings.values().flatten().fold((0, 0, 0), |(rings, keys, bytes), e| {
            (rings + 1, keys + e.ring.keys() as i64, bytes + e.ring.bytes() as i64)
        })
    });
    TableIterator::once(row)
}
