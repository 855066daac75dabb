//! Looking for bytes in bytes.

/// Whether `needle` stands in `haystack`.
///
/// # Panics
/// For an empty needle, which stands everywhere.
pub(crate) fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    let first = *needle.first().expect("a needle is not empty");
    let mut rest = haystack;
    while let Some(at) = rest.iter().position(|byte| *byte == first) {
        rest = &rest[at..];
        if rest.starts_with(needle) {
            return true;
        }
        rest = &rest[1..];
    }
    false
}

#[test]
fn bytes_are_found_wherever_they_stand() {
    for (haystack, needle, found) in [("abab", "ab", true), ("aab", "ab", true), ("a", "ab", false), ("xyb", "b", true)]
    {
        assert_eq!(holds(haystack.as_bytes(), needle.as_bytes()), found, "{needle} in {haystack}");
    }
}
