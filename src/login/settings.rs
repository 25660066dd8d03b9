//! The settings of tokens. All are for superusers: they say what is believed.

use std::ffi::CString;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use pgrx::guc::{GucContext, GucFlags, GucRegistry, GucSetting};
use pgrx::prelude::*;
use std::ffi::{c_char, c_void};

static AUDIENCE: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);
static ISSUER: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);
static CLAIM: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c"sub"));
static ACCOUNT_CLAIM: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c"account"));
static CLOCK_SKEW: GucSetting<i32> = GucSetting::<i32>::new(0);
static TRUST_CLAIMS: GucSetting<bool> = GucSetting::<bool>::new(false);

/// Rises whenever one of the settings changes: what was verified under others is verified again.
static CHANGES: AtomicU64 = AtomicU64::new(0);
/// What docacl.trust_request_claims says, at hand without a look.
static CLAIMS_ARE_TRUSTED: AtomicBool = AtomicBool::new(false);

/// Registers the settings. Called once, when the library is loaded.
pub fn register() {
    let texts: [(&GucSetting<Option<CString>>, _, _, _); 4] = [
        (
            &AUDIENCE,
            c"docacl.token_audience",
            c"The audience (aud) that a token must name.",
            c"Empty: a token that names one is refused.",
        ),
        (&ISSUER, c"docacl.token_issuer", c"The issuer (iss) that a token must name.", c"Empty: whoever has the key."),
        (&CLAIM, c"docacl.token_claim", c"The claim of a token that names the principal, by name, e-mail or key.", c""),
        (
            &ACCOUNT_CLAIM,
            c"docacl.token_account_claim",
            c"The claim of a token that names the account in which the principal is looked up.",
            c"A token without it names a principal of account main, or one by its e-mail or key.",
        ),
    ];
    for (setting, name, short, long) in texts {
        // SAFETY: the hook has the signature that PostgreSQL expects and touches no catalogue.
        unsafe {
            GucRegistry::define_string_guc_with_hooks(
                name,
                short,
                long,
                as_static(setting),
                GucContext::Suset,
                GucFlags::default(),
                None,
                Some(changed_text),
                None,
            );
        }
    }
    GucRegistry::define_int_guc(
        c"docacl.token_clock_skew",
        c"How far the clock of whoever issues tokens may be off.",
        c"",
        &CLOCK_SKEW,
        0,
        3600,
        GucContext::Suset,
        GucFlags::UNIT_S,
    );
    // SAFETY: as above.
    unsafe {
        GucRegistry::define_bool_guc_with_hooks(
            c"docacl.trust_request_claims",
            c"Whether request.jwt.claims says who is asking, in sessions of trusted database roles.",
            c"Whoever can run SQL of his own in such a session can be anybody: only for servers that let nobody do so.",
            &TRUST_CLAIMS,
            GucContext::Suset,
            GucFlags::default(),
            None,
            Some(changed_trust),
            None,
        );
    }
}

const fn as_static(setting: &'static GucSetting<Option<CString>>) -> &'static GucSetting<Option<CString>> {
    setting
}

#[pg_guard]
unsafe extern "C-unwind" fn changed_text(_new: *const c_char, _extra: *mut c_void) {
    CHANGES.fetch_add(1, Relaxed);
}

#[pg_guard]
unsafe extern "C-unwind" fn changed_trust(new: bool, _extra: *mut c_void) {
    CLAIMS_ARE_TRUSTED.store(new, Relaxed);
    crate::identity::changed();
}

/// Rises whenever a setting that a verified token depends on changes; clock skew is asked anew.
pub fn changes() -> u64 {
    CHANGES.load(Relaxed)
}

fn text(setting: &GucSetting<Option<CString>>) -> Option<String> {
    setting.get().and_then(|c| c.into_string().ok()).filter(|s| !s.is_empty())
}

/// The audience that a token must name.
pub fn audience() -> Option<String> {
    text(&AUDIENCE)
}

/// The issuer that a token must name.
pub fn issuer() -> Option<String> {
    text(&ISSUER)
}

/// The claim that names the principal.
pub fn claim() -> String {
    text(&CLAIM).unwrap_or_else(|| "sub".to_owned())
}

/// The claim that names the account.
pub fn account_claim() -> String {
    text(&ACCOUNT_CLAIM).unwrap_or_else(|| "account".to_owned())
}

/// How many seconds clocks may differ.
pub fn clock_skew() -> i64 {
    i64::from(CLOCK_SKEW.get())
}

/// Whether request.jwt.claims is believed.
pub fn claims_are_trusted() -> bool {
    CLAIMS_ARE_TRUSTED.load(Relaxed)
}
