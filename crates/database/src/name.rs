//! The names by which people call rows.

use std::fmt;

use crate::{DbError, StoreError};

/// What would change the meaning of a URL that holds the name.
const FORBIDDEN: &[char] = &['/', '?', ':', '#', '&', '%', '=', '+', ';'];
const LONGEST: usize = 100;

/// Which row a message is about: `cert record "admin/app-cert"`. Owner and name may be anything; they are escaped and shortened.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// What kind of row: `cert record`, `provider row`.
    pub what: &'static str,
    /// Whose it is.
    pub owner: &'a str,
    /// Its name.
    pub name: &'a str,
}

impl fmt::Display for Record<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |text: &str| text.chars().take(LONGEST).flat_map(char::escape_debug).collect::<String>();
        write!(formatter, "{} \"{}/{}\"", self.what, show(self.owner), show(self.name))
    }
}

impl Record<'_> {
    /// That there is no such row.
    pub fn not_found(&self) -> StoreError {
        StoreError::NotFound(self.to_string())
    }

    /// What a statement that names the row by owner and name answers: one row was changed, or there is none.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn found(&self, rows_affected: u64) -> Result<(), StoreError> {
        if rows_affected == 0 { Err(self.not_found()) } else { Ok(()) }
    }

    /// What a statement that names the row by id and version answers: it was replaced, or is another by now.
    ///
    /// # Errors
    /// [`StoreError::Changed`].
    pub fn unchanged(&self, rows_affected: u64) -> Result<(), StoreError> {
        if rows_affected == 0 { Err(StoreError::Changed(self.to_string())) } else { Ok(()) }
    }

    /// Why the row could not be inserted.
    pub fn not_inserted(&self, error: DbError) -> StoreError {
        match error {
            DbError::AlreadyThere => StoreError::AlreadyExists(self.to_string()),
            error => error.into(),
        }
    }
}

/// Judges an owner or a name, which become parts of URLs and of messages. `what` is the field: `owner`, `name`.
///
/// # Errors
/// [`StoreError::Refused`], saying what a name may be.
pub fn check_name(what: &str, name: &str) -> Result<(), StoreError> {
    let refuse = |said: &str| Err(StoreError::Refused(format!("the {what} {said}")));
    let length = name.chars().count();
    if !(1..=LONGEST).contains(&length) {
        return refuse(&format!("has {length} characters; 1 to {LONGEST} are allowed"));
    }
    if name.chars().any(char::is_control) {
        return refuse("has a control character in it, such as a line break; type it again");
    }
    if name.trim() != name {
        return refuse("begins or ends with a space; remove it");
    }
    if let Some(found) = name.chars().find(|letter| FORBIDDEN.contains(letter)) {
        return refuse(&format!(
            "has a '{found}' in it, which would not survive in an address; use letters, digits, '-', '_' or '.'"
        ));
    }
    if name == "." || name == ".." {
        return refuse("is only dots, which browsers take out of an address; use letters or digits");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_survive_in_an_address_are_taken() {
        for name in ["a", "app-cert", "支付宝", "Alipay 2", "a.b_c", &"x".repeat(100)] {
            check_name("name", name).unwrap();
        }
    }

    #[test]
    fn names_that_would_not_are_refused() {
        for name in ["", " a", "a ", "a\n", "a\0", "a/b", "a?b", "a%2f", "a+b", "a;b", ".", "..", &"x".repeat(101)] {
            assert!(check_name("name", name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_record_is_shown_without_its_control_characters() {
        let record = Record { what: "cert record", owner: "a\nb", name: "支" };
        assert_eq!(record.to_string(), "cert record \"a\\nb/支\"");
    }
}
