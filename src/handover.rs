//! What a parallel worker takes over from its leader: the ring of whoever is asking, with the keys found so far.
//!
//! A worker is a new process for every query. To compile the ring itself it reads every grant and every resource that
//! its rows refer to once more, in each worker; on 2 cores, for rings of more than a few thousand keys, that made the
//! parallel plan slower than the other (see below). So the leader, before it starts a plan that may use workers and
//! calls row_check, writes the ring into shared memory, and where it lies into `docacl.handover`, a setting, because
//! settings are sent to workers.
//!
//! A worker takes a ring over only if everything fits: the setting that its leader wrote (users cannot write it, nor can
//! superusers), the very segment that it names, made by this leader in this database, for the principal who is asking
//! here, and, by a hash of both, the transaction and the snapshot under which the leader had found the ring valid. In
//! all other cases it compiles the ring itself, as it would have without this file. It never learns here who is asking.
//!
//! Measured, count(*) of 500,000 rows by three processes on 2 cores, ring of 300 / 10,000 / 100,000 keys, all of which
//! the leader knows: 57 / 79 / 119 ms before, 57 / 59 / 66 after, on a busy machine.
//!
//! INVARIANT: a segment is never written to after its handle was given away, but for the word that withdraws it. It goes
//! with the transaction at the latest.

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, CString, c_char, c_void};
use std::rc::{Rc, Weak};
use std::sync::atomic::{AtomicU64, Ordering};

use docacl_core::SubjectKind;
use pgrx::guc::{GucContext, GucFlags, GucRegistry, GucSetting};
use pgrx::pg_sys;
use pgrx::prelude::*;

use crate::error::Result;
use crate::flat::{Reader, Writer};
use crate::ring::Ring;
use crate::scan::{self, Snap};
use crate::{freshness, identity};

static HANDOVER: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);

/// In the first word of a segment whose ring may be taken over. Another layout needs another value.
const OFFERED: u64 = u64::from_ne_bytes(*b"docacl 1");

/// A larger ring is not handed over: shared memory may be scarce, and is zeroed when it is made.
const MOST_BYTES: usize = 32 * 1024 * 1024;

/// What identifies a segment, beside its handle, which may be given again: random bytes, the leader and the database.
#[derive(Clone, Copy)]
pub struct Made {
    pub token: [u8; 16],
    pub leader: i32,
    pub database: pg_sys::Oid,
}

/// A ring in shared memory.
struct Offer {
    segment: *mut pg_sys::dsm_segment,
    handle: pg_sys::dsm_handle,
    made: Made,
    ring: Weak<Ring>,
    /// How many keys it had, what opened then, and of which state of our tables.
    keys: usize,
    opened: usize,
    existing: freshness::Existing,
}

thread_local! {
    static OFFER: RefCell<Option<Offer>> = const { RefCell::new(None) };
    /// The first word of its segment.
    static WORD: Cell<*const AtomicU64> = const { Cell::new(std::ptr::null()) };
    /// The function row_check, as it was planned last.
    static ROW_CHECK: Cell<pg_sys::Oid> = const { Cell::new(pg_sys::Oid::INVALID) };
    /// Shared memory could not be had: not tried again in this session.
    static REFUSED: Cell<bool> = const { Cell::new(false) };
    static WRITING: Cell<bool> = const { Cell::new(false) };
    static BEFORE: Cell<pg_sys::ExecutorStart_hook_type> = const { Cell::new(None) };
}

/// Registers the setting and the hook. Called once, when the library is loaded.
pub fn register() {
    // SAFETY: the check has the signature that PostgreSQL expects and touches no catalogue; a hook of this process, put
    // before the one that is there.
    unsafe {
        GucRegistry::define_string_guc_with_hooks(
            c"docacl.handover",
            c"Where parallel workers find what their leader knows.",
            c"Written by docacl itself.",
            &HANDOVER,
            GucContext::Suset,
            GucFlags::NO_SHOW_ALL | GucFlags::SUPERUSER_ONLY | GucFlags::DISALLOW_IN_FILE,
            Some(check),
            None,
            None,
        );
        BEFORE.set(pg_sys::ExecutorStart_hook);
        pg_sys::ExecutorStart_hook = Some(at_start);
    }
}

/// Nobody writes it but this file, and PostgreSQL when it sends it to a worker.
#[pg_guard]
unsafe extern "C-unwind" fn check(
    new: *mut *mut c_char,
    _extra: *mut *mut c_void,
    _source: pg_sys::GucSource::Type,
) -> bool {
    // SAFETY: a pointer to the proposed value, which may be null; a plain read of backend state.
    unsafe { (*new).is_null() || **new == 0 || WRITING.get() || pg_sys::InitializingParallelWorker }
}

// Without pgrx's guard, which would strip errors of what they say of the query: see src/login/cursors.rs.
unsafe extern "C-unwind" {
    #[link_name = "standard_ExecutorStart"]
    fn start_unguarded(query: *mut pg_sys::QueryDesc, flags: std::ffi::c_int);
}

unsafe extern "C-unwind" fn at_start(query: *mut pg_sys::QueryDesc, flags: std::ffi::c_int) {
    // SAFETY: PostgreSQL's call, looked at and handed on.
    unsafe {
        crate::login::workers::at_start();
        if (*(*query).plannedstmt).parallelModeNeeded && flags & pg_sys::EXEC_FLAG_EXPLAIN_ONLY as i32 == 0 {
            at_parallel_start(query);
        }
        BEFORE.get().unwrap_or(start_unguarded)(query, flags);
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn at_parallel_start(query: *mut pg_sys::QueryDesc) {
    // SAFETY: a query that is about to be started.
    if let Err(e) = unsafe { offer(&*query) } {
        crate::check::raise(e);
    }
}

/// The planner has met this function as row_check.
pub fn planned(row_check: pg_sys::Oid) {
    ROW_CHECK.set(row_check);
}

/// Whether a plan calls row_check: PostgreSQL notes which functions a plan would have to be made anew for.
unsafe fn asks(plan: &pg_sys::PlannedStmt) -> bool {
    let function = ROW_CHECK.get();
    if function == pg_sys::Oid::INVALID {
        return false;
    }
    let none = pg_sys::Datum::from(0usize);
    let cache = pg_sys::SysCacheIdentifier::PROCOID as i32;
    // SAFETY: a hash of an oid; the list of the plan.
    unsafe {
        let hash = pg_sys::GetSysCacheHashValue(cache, pg_sys::Datum::from(function), none, none, none);
        crate::planner::items(plan.invalItems).iter().any(|cell| {
            let item = &*cell.ptr_value.cast::<pg_sys::PlanInvalItem>();
            item.cacheId == cache && item.hashValue == hash
        })
    }
}

unsafe fn offer(query: &pg_sys::QueryDesc) -> Result<()> {
    // SAFETY: plain reads of backend state, and the query's plan and snapshot, which outlive the call. SERIALIZABLE has
    // to read what it depends on. In parallel mode no setting is written; the plan that went into it was begun here.
    unsafe {
        let serializable = pg_sys::XactIsoLevel == pg_sys::XACT_SERIALIZABLE as i32;
        let parallel = pg_sys::IsInParallelMode();
        if query.snapshot.is_null() || serializable || parallel || REFUSED.get() || !asks(&*query.plannedstmt) {
            return Ok(());
        }
        let snap = Snap::of(query.snapshot);
        let Some(id) = freshness::session_principal(&snap)? else { return Ok(()) };
        let ring = freshness::ring(id, &snap)?;
        if !matches!(ring.subject.kind, SubjectKind::User | SubjectKind::ApiKey) || ring.bytes() > MOST_BYTES {
            return Ok(());
        }
        let existing = freshness::existing(&snap);
        let known = OFFER.with_borrow(|offer| offer.as_ref().is_some_and(|offer| offer.serves(&ring, existing)));
        if !known {
            end();
            OFFER.set(Offer::make(&ring, existing));
        }
        let address = OFFER.with_borrow(|offer| {
            offer.as_ref().map(|o| format!("{} {} {}", o.handle, hex(&o.made.token), hex(&freshness::print(&snap))))
        });
        address.map_or(Ok(()), |address| {
            WRITING.set(true);
            let written = identity::write_text(c"docacl.handover", &address, true);
            WRITING.set(false);
            written
        })
    }
}

/// Bytes as text.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Offer {
    /// Whether it is as good as a new one: some more keys are found faster than all of them are copied.
    fn serves(&self, ring: &Rc<Ring>, existing: freshness::Existing) -> bool {
        let is_offered = WORD.get();
        // SAFETY: the first word of the segment, which is mapped as long as there is an offer.
        let offered = !is_offered.is_null() && unsafe { (*is_offered).load(Ordering::Relaxed) } == OFFERED;
        let opened = self.opened == ring.opened_among(existing) && (self.opened == 0 || self.existing == existing);
        let keys = self.keys..=self.keys + self.keys / 16;
        offered && std::ptr::eq(self.ring.as_ptr(), Rc::as_ptr(ring)) && opened && keys.contains(&ring.keys())
    }

    fn make(ring: &Rc<Ring>, existing: freshness::Existing) -> Option<Offer> {
        // SAFETY: plain reads of backend state.
        let (leader, database) = unsafe { (pg_sys::MyProcPid, pg_sys::MyDatabaseId) };
        let made = Made { token: crate::login::crypto::random()?, leader, database };
        let bytes = made.write(ring, existing);
        let segment = segment(bytes.len())?;
        // SAFETY: a segment of that many bytes, mapped here alone so far, until `end`.
        let handle = unsafe {
            let start = pg_sys::dsm_segment_address(segment).cast::<u8>();
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), start, bytes.len());
            WORD.set(start.cast());
            pg_sys::dsm_segment_handle(segment)
        };
        let (keys, opened) = (ring.keys(), ring.opened_among(existing));
        Some(Offer { segment, handle, made, ring: Rc::downgrade(ring), keys, opened, existing })
    }
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A new segment that stays mapped until it is let go. Where there is no room, none: a query that needs none of it must
/// not fail, so the error that PostgreSQL raises then ends here, with all that it held.
fn segment(bytes: usize) -> Option<*mut pg_sys::dsm_segment> {
    // SAFETY: what is made belongs to an owner of its own, which is released where that fails; nothing else has been
    // done meanwhile that a rollback would have to undo.
    unsafe {
        let before = pg_sys::CurrentResourceOwner;
        let owner = pg_sys::ResourceOwnerCreate(before, c"docacl handover".as_ptr());
        pg_sys::CurrentResourceOwner = owner;
        let made = PgTryBuilder::new(|| {
            let segment = pg_sys::dsm_create(bytes, pg_sys::DSM_CREATE_NULL_IF_MAXSEGMENTS as i32);
            if !segment.is_null() {
                pg_sys::dsm_pin_mapping(segment);
            }
            segment
        })
        .catch_others(|_| std::ptr::null_mut())
        .execute();
        pg_sys::CurrentResourceOwner = before;
        use pg_sys::ResourceReleasePhase as Phase;
        for phase in
            [Phase::RESOURCE_RELEASE_BEFORE_LOCKS, Phase::RESOURCE_RELEASE_LOCKS, Phase::RESOURCE_RELEASE_AFTER_LOCKS]
        {
            pg_sys::ResourceOwnerRelease(owner, phase, false, false);
        }
        pg_sys::ResourceOwnerDelete(owner);
        if made.is_null() {
            REFUSED.set(true);
            return None;
        }
        Some(made)
    }
}

/// Nobody takes the ring over any more. Raises nothing and calls nothing of PostgreSQL's.
pub fn withdraw() {
    // SAFETY: the first word of the segment, which is mapped as long as it is known here.
    if let Some(word) = unsafe { WORD.get().as_ref() } {
        word.store(0, Ordering::Relaxed);
    }
}

/// Lets go of the segment. Raises nothing.
pub fn end() {
    withdraw();
    WORD.set(std::ptr::null());
    if let Some(offer) = OFFER.take() {
        // SAFETY: mapped until now, and by this backend alone.
        unsafe { pg_sys::dsm_detach(offer.segment) };
    }
}

/// Whether this is a parallel worker.
pub fn in_worker() -> bool {
    // SAFETY: a plain read of backend state.
    unsafe { pg_sys::ParallelWorkerNumber >= 0 }
}

/// The ring of a principal, if this is a parallel worker and its leader has found that ring valid for this snapshot.
pub fn take(id: i64, snap: &Snap) -> Result<Option<Ring>> {
    if !in_worker() {
        return Ok(None);
    }
    let Some(address) = HANDOVER.get().filter(|address| !address.is_empty()) else { return Ok(None) };
    let Some((handle, token)) = told(&address, &freshness::print(snap)) else { return Ok(None) };
    // SAFETY: plain reads of backend state; a worker belongs to the lock group of its leader, which outlives it.
    let (leader, database) = unsafe { ((*pg_sys::MyProc).lockGroupLeader.as_ref(), pg_sys::MyDatabaseId) };
    let Some(leader) = leader.map(|leader| leader.pid) else { return Ok(None) };
    let made = Made { token, leader, database };
    // Whatever lets an invalidation in comes before what an invalidation would make void.
    let existing = freshness::existing(snap);
    let generation = scan::generation();
    // SAFETY: a segment that is mapped already is another part of PostgreSQL's; else it is mapped from here on to the
    // end of this block, and PostgreSQL lets go of it where an error comes in between.
    let ring = unsafe {
        if !pg_sys::dsm_find_mapping(handle).is_null() {
            return Ok(None);
        }
        let segment = pg_sys::dsm_attach(handle);
        if segment.is_null() {
            return Ok(None);
        }
        let start = pg_sys::dsm_segment_address(segment).cast::<u8>();
        let bytes = std::slice::from_raw_parts(start, pg_sys::dsm_segment_map_length(segment));
        let ring = made.read(bytes, existing);
        pg_sys::dsm_detach(segment);
        ring
    };
    Ok(ring.filter(|ring| ring.id == id && scan::generation() == generation))
}

/// The handle and the token of the setting, where it was written for this snapshot.
fn told(address: &CStr, print: &[u8]) -> Option<(pg_sys::dsm_handle, [u8; 16])> {
    let mut words = address.to_str().ok()?.split(' ');
    let (handle, token, seen) = (words.next()?.parse().ok()?, words.next()?, words.next()?);
    let token = u128::from_str_radix(token, 16).ok()?.to_be_bytes();
    (seen == hex(print)).then_some((handle, token))
}

impl Made {
    /// The content of a segment.
    pub fn write(&self, ring: &Ring, existing: freshness::Existing) -> Vec<u8> {
        let mut out = Writer::default();
        out.word(OFFERED);
        out.bytes(&self.token);
        out.bytes(VERSION.as_bytes());
        out.int(i64::from(self.leader));
        out.word(u64::from(u32::from(self.database)));
        ring.write(existing, &mut out);
        out.done()
    }

    /// The ring of a segment, if that is this one and its ring is still offered.
    pub fn read(&self, bytes: &[u8], existing: freshness::Existing) -> Option<Ring> {
        let from = &mut Reader::new(bytes);
        let fits = from.word()? == OFFERED
            && from.bytes()? == self.token
            && from.text()? == VERSION
            && from.int()? == i64::from(self.leader)
            && from.word()? == u64::from(u32::from(self.database));
        if fits { Ring::read(from, existing) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::{hex, told};
    use std::ffi::CString;

    #[test]
    fn an_address_is_for_one_snapshot() {
        let token = [0x0a, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255];
        let told = |address: &str, print: &[u8]| told(&CString::new(address).expect("no zero"), print);
        let address = format!("4294967295 {} {}", hex(&token), hex(&[7; 32]));
        assert_eq!(told(&address, &[7; 32]), Some((u32::MAX, token)));
        assert_eq!(told(&address, &[8; 32]), None);
        for malformed in ["", " ", "1", "1 2", "x 00 ", "-1 00 ", "1 g0 ", "1 00"] {
            assert_eq!(told(malformed, &[]), None, "{malformed}");
        }
    }
}
