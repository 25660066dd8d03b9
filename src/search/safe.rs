//! Which calls of a conditional function can raise nothing that depends on a row, and do not take a time that tells it.

use pgrx::pg_sys;
use pgrx::pg_sys::ffi::pg_guard_ffi_boundary;

use super::Conditional;
use crate::value::read_text;

/// PostgreSQL's `regex_t`, the same in 15 to 18; pgrx does not bind it.
#[repr(C)]
struct Regex {
    magic: i32,
    nsub: usize,
    info: std::ffi::c_long,
    csize: i32,
    endp: *mut std::ffi::c_char,
    collation: pg_sys::Oid,
    guts: *mut std::ffi::c_char,
    fns: *mut std::ffi::c_char,
}

/// REG_ADVANCED | REG_NOSUB, as `textregexeq` compiles.
const FLAGS: i32 = 0o23;
const REG_ICASE: i32 = 0o10;
/// REG_UBACKREF | REG_ULOOKAROUND.
const TRIES: std::ffi::c_long = 0o3;

// Not among pgrx's bindings: called through its guard all the same.
unsafe extern "C-unwind" {
    fn pg_regcomp(
        re: *mut Regex,
        string: *const pg_sys::pg_wchar,
        len: usize,
        flags: std::ffi::c_int,
        collation: pg_sys::Oid,
    ) -> std::ffi::c_int;
    fn pg_regfree(re: *mut Regex);
}

/// Whether a call of the function can raise nothing that depends on a row. False where that is not known.
///
/// # Safety
///
/// `arguments` are expressions as the parser or the planner made them.
pub unsafe fn is_safe(function: Conditional, arguments: &[*mut pg_sys::Node], collation: pg_sys::Oid) -> bool {
    let [left, right] = *arguments else { return false };
    // SAFETY: expressions; a node is what its tag says.
    unsafe {
        match function {
            Conditional::Like | Conditional::ILike => {
                is_known(collation) && constant(right).is_some_and(|pattern| ends_well(pattern.as_bytes()))
            }
            Conditional::Regex | Conditional::IRegex => {
                is_known(collation)
                    && constant(right).is_some_and(|p| never_tries(&p, function == Conditional::IRegex, collation))
            }
            Conditional::Overlap | Conditional::Contains | Conditional::Contained => {
                compares(pg_sys::exprType(left), collation) && compares(pg_sys::exprType(right), collation)
            }
        }
    }
}

/// "Could not determine which collation to use", and that one is not deterministic, are found out on the first row.
unsafe fn is_known(collation: pg_sys::Oid) -> bool {
    // SAFETY: a look-up in the catalogue's cache; a collation in a query exists.
    collation != pg_sys::Oid::INVALID && unsafe { pg_sys::get_collation_isdeterministic(collation) }
}

/// A text that is the same for every row.
unsafe fn constant(node: *mut pg_sys::Node) -> Option<String> {
    // SAFETY: an expression of type text; a constant's value lives as long as the expression.
    unsafe {
        if node.is_null() || (*node).type_ != pg_sys::NodeTag::T_Const {
            return None;
        }
        let constant = &*node.cast::<pg_sys::Const>();
        if constant.constisnull || !matches!(constant.consttype, pg_sys::TEXTOID | pg_sys::VARCHAROID) {
            return None;
        }
        read_text(constant.constvalue).ok()
    }
}

/// Whether a pattern of LIKE does not end in its escape character.
fn ends_well(pattern: &[u8]) -> bool {
    let mut bytes = pattern.iter();
    while let Some(byte) = bytes.next() {
        if *byte == b'\\' && bytes.next().is_none() {
            return false;
        }
    }
    true
}

/// Whether a pattern compiles and is matched in one pass over the text, by an automaton.
unsafe fn never_tries(pattern: &str, ignore_case: bool, collation: pg_sys::Oid) -> bool {
    let Ok(length) = i32::try_from(pattern.len()) else { return false };
    let mut wide: Vec<pg_sys::pg_wchar> = vec![0; pattern.len() + 1];
    let flags = if ignore_case { FLAGS | REG_ICASE } else { FLAGS };
    // SAFETY: the buffer has room for a character per byte and the zero; what is compiled is freed. An invalid pattern is
    // told by the result and leaves nothing behind.
    unsafe {
        let count = pg_sys::pg_mb2wchar_with_len(pattern.as_ptr().cast(), wide.as_mut_ptr(), length);
        let Ok(count) = usize::try_from(count) else { return false };
        let mut compiled: Regex = std::mem::zeroed();
        let answer = pg_guard_ffi_boundary(|| pg_regcomp(&mut compiled, wide.as_ptr(), count, flags, collation));
        if answer != 0 {
            return false;
        }
        let info = compiled.info;
        pg_guard_ffi_boundary(|| pg_regfree(&mut compiled));
        info & TRIES == 0
    }
}

/// Whether two elements of such arrays can be compared without an error: their `=` is leakproof, or one of the two that
/// are not marked and yet raise nothing: `numeric_eq` compares digits, `enum_eq` OIDs.
unsafe fn compares(array: pg_sys::Oid, collation: pg_sys::Oid) -> bool {
    // SAFETY: look-ups in the catalogue's caches; a type in a query exists, an entry lives as long as the backend.
    unsafe {
        let element = pg_sys::get_base_element_type(array);
        if element == pg_sys::Oid::INVALID {
            return false;
        }
        if pg_sys::type_is_collatable(element) && collation == pg_sys::Oid::INVALID {
            return false;
        }
        let entry = pg_sys::lookup_type_cache(element, pg_sys::TYPECACHE_EQ_OPR_FINFO as i32);
        let equal = (*entry).eq_opr_finfo.fn_oid;
        equal != pg_sys::Oid::INVALID
            && (pg_sys::get_func_leakproof(equal)
                || matches!(u32::from(equal), pg_sys::F_NUMERIC_EQ | pg_sys::F_ENUM_EQ))
    }
}
